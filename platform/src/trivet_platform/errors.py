"""What can go wrong with a platform, as types."""

from __future__ import annotations

from collections.abc import Sequence


class PlatformError(Exception):
    """Base of everything that the platform raises on purpose."""


class PartDied(PlatformError):
    """A part's process ended although nobody asked it to."""


class PlatformClosed(PlatformError):
    """The platform is being stopped and starts nothing any more."""


class StartFailed(PlatformError):
    """A part did not become ready. ``log_lines`` are the last that it wrote, at most 20."""

    def __init__(self, part: str, reason: str, log: str, log_lines: Sequence[str]) -> None:
        """Name the part and the reason, and end with the log's last lines."""
        self.part = part
        self.reason = reason
        self.log_lines = list(log_lines)
        tail = "".join(f"\n  | {line}" for line in self.log_lines)
        shown = f"the last lines of {log}:{tail}" if tail else f"{log} is empty"
        super().__init__(f"{part} did not start: {reason}; {shown}")

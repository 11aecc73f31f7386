"""What every sampler is: a thread that writes samples beside a crowd until its block ends."""

from __future__ import annotations

import abc
import threading
from types import TracebackType
from typing import Self


class Sampling(abc.ABC):
    """Runs ``sample`` on a thread of its own until a block ends; then ``over`` is set and the thread waited for."""

    def __init__(self, name: str) -> None:
        """Prepare a thread of this name; it starts with the block."""
        self.over = threading.Event()
        self._thread = threading.Thread(target=self.sample, name=name, daemon=True)

    @abc.abstractmethod
    def sample(self) -> None:
        """Write samples until ``over`` is set."""

    def __enter__(self) -> Self:
        """Start."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say that it is over, and wait for the last sample."""
        self.over.set()
        self._thread.join()

"""Whether a process stands still, as the kernel's table says."""

from __future__ import annotations

import psutil


def is_stopped(pid: int) -> bool:
    """Whether a process does nothing: it is stopped, or has ended meanwhile."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED
    except psutil.NoSuchProcess:
        return True  # it ended meanwhile, so it does nothing either

"""The clock that leases are counted on."""

import time

_CLOCK_ID = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now_ns() -> int:
    """Nanoseconds on a clock that never steps and, on Linux, also counts the time a machine was suspended.

    A wall clock steps when it is corrected, and CLOCK_MONOTONIC stands still while a laptop sleeps or a virtual machine
    is suspended: in both cases the nodes' TTL would run out while the holder still believes in its lease.
    """
    return time.clock_gettime_ns(_CLOCK_ID)

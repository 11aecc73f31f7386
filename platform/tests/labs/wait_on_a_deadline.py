"""Waits on a condition variable of the monotonic clock, as Python's GIL does, and is told in time; exits 0 if so."""

from __future__ import annotations

import ctypes
import sys
import threading
import time

CLOCK_MONOTONIC = 1
PATIENCE_S = 60


class Timespec(ctypes.Structure):
    """A moment of a clock, as C has it."""

    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


c = ctypes.CDLL(None)
attributes, condition, mutex = (ctypes.create_string_buffer(128) for _ in range(3))
c.pthread_condattr_init(attributes)
c.pthread_condattr_setclock(attributes, CLOCK_MONOTONIC)
c.pthread_cond_init(condition, attributes)
c.pthread_mutex_init(mutex, None)


def tell() -> None:
    """Get the mutex, which is free only while the other thread waits, and tell it."""
    c.pthread_mutex_lock(mutex)
    c.pthread_cond_signal(condition)
    c.pthread_mutex_unlock(mutex)


c.pthread_mutex_lock(mutex)
teller = threading.Thread(target=tell)
teller.start()
deadline = Timespec(int(time.monotonic()) + PATIENCE_S, 0)
answer = c.pthread_cond_timedwait(condition, mutex, ctypes.byref(deadline))
c.pthread_mutex_unlock(mutex)
teller.join()
sys.exit(answer)

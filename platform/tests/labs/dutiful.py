"""A server that drains: it serves on after the first signal, and ends at the second."""

import signal
import sys

heard = {signal.SIGINT, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, heard)
sys.stdout.write("listening\n")
sys.stdout.flush()
for _ in range(2):
    sys.stdout.write(f"{signal.Signals(signal.sigwait(heard)).name}\n")
    sys.stdout.flush()

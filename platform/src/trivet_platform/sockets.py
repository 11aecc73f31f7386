"""Free ports, and who really listens on one."""

from __future__ import annotations

import errno
import os
import random
import socket
import struct
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

_LOWEST_PORT = 15_000
_LISTENING = "0A"
_TRIES = 200
_CLAIMS_MAX = 256
_given: set[int] = set()
_claims: deque[socket.socket] = deque()


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket() as probe:
        # As servers do it: connections that only wait out their last minutes do not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
        return True


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that was free a moment ago and that nobody was given here before.

    It lies below the range from which the kernel takes ports for outgoing connections: under load those would
    occupy it between choosing and binding.

    Race: two platforms on one machine, two lanes of tests for instance, choose at once, and a server that is started
    on a port finds it taken seconds later. So who is given a port claims it: the UDP port of its number is bound, which
    nobody here listens on, for the last 256 that this process was given and no longer than it lives. Whoever asks
    elsewhere may still take it.
    """
    words = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    highest = max(int(words[0]), _LOWEST_PORT + 1000)
    for _ in range(_TRIES):
        port = random.randrange(_LOWEST_PORT, highest)  # noqa: S311  - spreads checkouts apart, protects nothing
        if port not in _given and (claim := _claim(port, host)) is not None:
            if is_free(port, host):
                _keep(claim)
                _given.add(port)
                return port
            claim.close()
    raise OSError(errno.EADDRINUSE, f"no free port on {host} after {_TRIES} tries")


def _claim(port: int, host: str) -> socket.socket | None:
    """Return what claims a port; None if it is claimed already."""
    claim = socket.socket(type=socket.SOCK_DGRAM)
    try:
        claim.bind((host, port))
    except OSError as error:
        claim.close()
        if error.errno in {errno.EADDRINUSE, errno.EACCES}:
            return None
        raise
    return claim


def _keep(claim: socket.socket) -> None:
    _claims.append(claim)
    if len(_claims) > _CLAIMS_MAX:
        _claims.popleft().close()


def split_address(address: str) -> tuple[str, int]:
    """Return host and port of ``host:port``."""
    host, _, port = address.rpartition(":")
    return host, int(port)


def listens(find_pids: Callable[[], Iterable[int]], host: str, port: int) -> bool:
    """Whether one of the processes that ``find_pids`` returns itself listens on an IPv4 address.

    A probe that only connects could be answered by a stranger who took the port first, another checkout's
    server for instance, while ours is still about to fail. The processes are asked for only once somebody listens:
    to find them takes a walk through the process table.
    """
    address = f"{struct.unpack('=I', socket.inet_aton(host))[0]:08X}:{port:04X}"
    everywhere = f"00000000:{port:04X}"
    inodes = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1] in {address, everywhere} and fields[3] == _LISTENING:
            inodes.add(f"socket:[{fields[9]}]")
    if not inodes:
        return False
    for pid in find_pids():
        with suppress(OSError):  # it has just ended, and so listens no more
            for entry in os.scandir(f"/proc/{pid}/fd"):
                with suppress(OSError):
                    if os.readlink(entry.path) in inodes:  # noqa: PTH115  - a DirEntry, and hundreds of them
                        return True
    return False

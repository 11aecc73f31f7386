"""The process of a fork server: it imports a command once, and forks whoever is to run it.

Run by its path, on the standard library and what the command needs: what it imports, all its children have. A client
connects, sends one message, and reads two: the child's pid, and how the child ended. The connection is that child's,
so no two clients can take each other's answers.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import entry_points
from pathlib import Path
from typing import NamedTuple, NoReturn

MESSAGE_BYTES_MAX = 128 * 1024
_PATIENCE_S = 5


class Request(NamedTuple):
    """What a child is to be."""

    argv: Sequence[str]
    environment: dict[str, str]
    directory: str
    output: int
    errors: int


def main(address: str, command: str, *preload: str) -> NoReturn:
    """Serve on the socket at ``address`` until a signal ends it; in each child, run ``command`` as its script would.

    The garbage collector sees nothing of what is imported, here and in every child: its rounds would write into each
    object's head, and a page that nobody writes to is shared by all (gc.freeze, *Garbage Collector interface*, Python's
    library reference).
    """
    gc.disable()
    (found,) = entry_points(group="console_scripts", name=command)
    entry = found.load()
    for module in preload:
        importlib.import_module(module)
    # A fork takes one thread along, and whatever the others had locked stays so for ever.
    if (threads := len(list(Path("/proc/self/task").iterdir()))) > 1:
        sys.exit(f"{command} has {threads} threads after its import, and cannot be forked")
    gc.freeze()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(address)
        listener.listen(socket.SOMAXCONN)
        request = _serve(listener)
    _become(request)
    gc.enable()
    sys.exit(entry())


def _serve(listener: socket.socket) -> Request:
    """Fork for every client; return in the child alone, which has nothing of this server open any more."""
    children: dict[int, socket.socket] = {}
    woken, waker = os.pipe2(os.O_NONBLOCK)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # Python writes to the pipe for a signal that has a handler
    while True:
        ready, _, _ = select.select([listener.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _reap(children)
        if listener.fileno() in ready:
            client, _ = listener.accept()
            request = _receive(client)
            if request is None:
                client.close()
                continue
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for each in (woken, waker):
                    os.close(each)
                for connection in (client, *children.values()):
                    connection.close()
                return request
            os.close(request.output)
            os.close(request.errors)
            children[pid] = client
            _tell(client, pid)


def _receive(client: socket.socket) -> Request | None:
    """Return what a client asks for; None if it asks for nothing, as one that only looks whether somebody listens."""
    client.settimeout(_PATIENCE_S)
    with suppress(OSError):
        message, handles, _, _ = socket.recv_fds(client, MESSAGE_BYTES_MAX, 2)
        if message:
            return Request(**json.loads(message), output=handles[0], errors=handles[1])
    return None


def _reap(children: dict[int, socket.socket]) -> None:
    """Tell the client of each child that has ended how it did."""
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0] != 0:
            pid, status = ended
            with children.pop(pid) as client:
                _tell(client, os.waitstatus_to_exitcode(status))


def _tell(client: socket.socket, number: int) -> None:
    with suppress(OSError):  # a client that has gone does not want to know
        client.send(str(number).encode())


def _become(request: Request) -> None:
    """Be what ``subprocess.Popen`` with a new session would have started."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for handle, number in ((nothing, 0), (request.output, 1), (request.errors, 2)):
        os.dup2(handle, number)
    for handle in {nothing, request.output, request.errors} - {0, 1, 2}:
        os.close(handle)
    os.chdir(request.directory)
    os.environ.clear()
    os.environ.update(request.environment)
    sys.argv[:] = request.argv


if __name__ == "__main__":
    main(*sys.argv[1:])

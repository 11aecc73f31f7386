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
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
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
        with short(Path(address)) as name:
            listener.bind(name)
        listener.listen(socket.SOMAXCONN)
        request = _serve(listener)
    _become(request)
    gc.enable()
    sys.exit(entry())


@contextmanager
def short(address: Path) -> Iterator[str]:
    """Yield another name of a socket's file: of a path a hundred characters are read, and a TMPDIR may have more."""
    folder = os.open(address.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{address.name}"
    finally:
        os.close(folder)


def _serve(listener: socket.socket) -> Request:
    """Fork for every client; return in the child alone, which has nothing of this server open any more.

    What goes wrong for one client, as when there are no more processes, ends its connection and nobody else's.
    """
    children: dict[int, socket.socket] = {}
    woken, waker = os.pipe2(os.O_NONBLOCK)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # Python writes to the pipe for a signal that has a handler
    waiting = select.poll()
    for each in (listener.fileno(), woken):
        waiting.register(each, select.POLLIN)
    while True:
        ready = {handle for handle, _ in waiting.poll()}
        if woken in ready:
            os.read(woken, 4096)
            _reap(children)
        if listener.fileno() not in ready:
            continue
        request = None
        with suppress(OSError, ValueError, TypeError):
            request = _admit(listener.accept()[0], children)
        if request is not None:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for handle in (woken, waker):
                os.close(handle)
            for connection in children.values():
                connection.close()
            return request


def _admit(client: socket.socket, children: dict[int, socket.socket]) -> Request | None:
    """Fork for a client; return its request in the child, and None in the server.

    Race: a client that has waited for too long hangs up, and its message stays. A child that nobody knows of would run
    for as long as it likes, so there is none for a client that is gone before the fork, and none stays whose pid could
    not be told.
    """
    with ExitStack() as undo:
        undo.callback(client.close)
        client.settimeout(_PATIENCE_S)
        message, handles, _, _ = socket.recv_fds(client, MESSAGE_BYTES_MAX, 2)
        for handle in handles:
            undo.callback(os.close, handle)
        if not message:
            return None  # it only looked whether somebody listens
        output, errors = handles
        request = Request(**json.loads(message), output=output, errors=errors)
        client.settimeout(0)
        if _has_hung_up(client):
            return None
        pid = os.fork()
        undo.pop_all()
        if pid == 0:
            client.close()
            return request
        children[pid] = client
        for handle in handles:
            os.close(handle)
        if not _tell(client, pid):
            os.kill(pid, signal.SIGKILL)
    return None


def _has_hung_up(client: socket.socket) -> bool:
    try:
        return client.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False


def _reap(children: dict[int, socket.socket]) -> None:
    """Tell the client of each child that has ended how it did."""
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0] != 0:
            pid, status = ended
            if (client := children.pop(pid, None)) is not None:  # an import may have had a child of its own
                _tell(client, os.waitstatus_to_exitcode(status))
                client.close()


def _tell(client: socket.socket, number: int) -> bool:
    """Send a number; whether somebody was there to read it."""
    try:
        client.send(str(number).encode())
    except OSError:
        return False
    return True


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

"""One PostgreSQL 18 cluster, durable as in production (fsync, synchronous_commit), small in memory."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from trivet_platform.binaries import copy_postgres, postgres_home
from trivet_platform.bounded_disk import BoundedDisk
from trivet_platform.errors import PlatformError
from trivet_platform.part import Site
from trivet_platform.process import Process
from trivet_platform.server import HOST, ServerPart
from trivet_platform.starter import Account

READER = "trivet_reader"
_OWNER = "postgres"
_UNPRIVILEGED = "nobody"
_CONNECT_TIMEOUT_S = 2
_DEFAULTS = {
    "listen_addresses": HOST,
    # Nobody needs a socket file, and so its path can never be too long for one.
    "unix_socket_directories": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_connections": "200",
    "shared_buffers": "64MB",
    # Segments lie in the data directory and vanish with it, also after SIGKILL.
    "dynamic_shared_memory_type": "mmap",
    "timezone": "UTC",
    "log_line_prefix": "%m [%p] %d ",
    "jit": "off",
}


class NoUnprivilegedUser(PlatformError):
    """PostgreSQL refuses to run as root, and this machine has no user ``nobody`` to run it as."""


class Postgres(ServerPart):
    """A cluster of its own, initialised at the first start and kept over restarts until the platform ends.

    Roles: ``postgres`` owns everything; ``trivet_reader`` reads everything and writes nothing. Their passwords are
    random, since a superuser without one is a way for anybody on the machine to run programs as this user.

    As root it runs as ``nobody``. That user can read neither root's home nor a closed checkout, so the data and a
    copy of the binaries lie in a scratch directory, to which a link in the part's own directory leads.

    Under conditions with a bounded disk it is another, empty cluster, which lies on that disk.
    """

    stop_signal = signal.SIGINT  # a fast shutdown: sessions are cut, nothing committed is lost

    def __init__(self, name: str = "postgres", settings: Mapping[str, str] | None = None) -> None:
        super().__init__(name)
        self._settings = _DEFAULTS | dict(settings or {})
        self._passwords = {_OWNER: secrets.token_hex(16), READER: secrets.token_hex(16)}
        self._account: Account | None = None
        self._initialised: set[Path] = set()
        self._disk: BoundedDisk | None = None
        self._home = Path()
        self._base = Path()

    def url(self, database: str = "postgres") -> str:
        """Return the owner's address of a database."""
        return self._url(_OWNER, database)

    def reader_url(self, database: str) -> str:
        """Return the address of a database for the role that only reads."""
        return self._url(READER, database)

    def create_database(self, name: str, template: str = "template1") -> str:
        """Create a database and return its owner's address: an empty one, or a copy of ``template``.

        Nobody may be connected to the template meanwhile: PostgreSQL refuses to copy what may be changing.
        """
        names = sql.Identifier(name), sql.Identifier(template)
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, cutting whoever is connected to it."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @property
    def endpoints(self) -> dict[str, str]:
        """The owner's address of database ``postgres``."""
        return {"url": self.url()}

    @property
    def disk(self) -> BoundedDisk | None:
        """The small filesystem that its data lies on, None if that is the machine's."""
        return self._disk if self.conditions.disk_bytes is not None else None

    def prepare(self, site: Site) -> Process | None:
        """Begin initdb, unless the data directory is there from an earlier start.

        Raises:
            NoBoundedDisk: it is to have a small disk, and this machine has none to give.
        """
        self._settle(site)
        if self.conditions.disk_bytes is not None and self._disk is None:
            self._disk = self._make_disk(site, self.conditions.disk_bytes)
        if self._data in self._initialised:
            return None
        halfway = (self.disk.outside if self.disk else self._base) / self._data.name
        shutil.rmtree(halfway, ignore_errors=True)  # an initdb that was killed halfway refuses to go on
        password = self._password_file
        password.touch(mode=0o600)
        password.write_text(self._passwords[_OWNER])
        if self._account:
            os.chown(password, self._account.uid, self._account.gid)
        words: list[str | Path] = ["-D", self._data, "-U", _OWNER, "-A", "scram-sha-256", f"--pwfile={password}"]
        words += ["-E", "UTF8", "--locale=C", "--no-instructions"]
        words += ["--no-sync"]  # an empty cluster can be made again; what is committed later is flushed as ever
        return self._run(site, [self._home / "bin" / "initdb", *words])

    def spawn(self, site: Site) -> Process:
        """Spawn the postmaster on ``self.port``; initdb has read the owner's password by then."""
        self._password_file.unlink(missing_ok=True)
        self._initialised.add(self._data)
        settings = self._settings | {"port": str(self.port)}
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        argv: list[str | Path] = [self._home / "bin" / "postgres", "-D", self._data, *words]
        return self._run(site, argv, self.environment(self._base))

    def probe(self) -> str | None:
        """Return None when a session answers and the reading role exists; makes that role the first time."""
        try:
            self._create_reader()
        except psycopg.OperationalError as error:
            return f"opens no session: {' '.join(str(error).split())}"
        return None

    @property
    def _data(self) -> Path:
        return (self.disk.directory if self.disk else self._base) / "data"

    @property
    def _password_file(self) -> Path:
        return self._base / "password"

    def _run(self, site: Site, argv: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> Process:
        """Spawn one of its programs as its user, where its disk is seen."""
        if self.disk is None:
            return site.spawn(argv, environment, directory=self._base, account=self._account)
        # The server alone is to see its variables: who still has to enter is another user.
        words = ["/usr/bin/env", *(f"{name}={value}" for name, value in (environment or {}).items()), *argv]
        return site.spawn(self.disk.entering(words, *self._owner(), self._base), directory=self._base)

    def _owner(self) -> tuple[int, int]:
        return (self._account.uid, self._account.gid) if self._account else (os.getuid(), os.getgid())

    def _make_disk(self, site: Site, size_bytes: int) -> BoundedDisk:
        """Make its small disk. The keeper is none of the server's processes: it ends with the platform alone."""
        directory = self._base / "disk"
        directory.mkdir(exist_ok=True)  # from a start whose keeper mounted nothing
        keeper = site.spawn(BoundedDisk.keep(directory, size_bytes, *self._owner()), directory=self._base)
        disk = BoundedDisk(directory, keeper.pid)
        disk.await_mount()
        return disk

    def _settle(self, site: Site) -> None:
        """Decide as whom and where to run."""
        if os.geteuid() != 0:
            self._home, self._base = postgres_home(), site.directory
            return
        try:
            entry = pwd.getpwnam(_UNPRIVILEGED)
        except KeyError:
            raise NoUnprivilegedUser(f"run as a user, or add a user named {_UNPRIVILEGED}") from None
        self._account = Account(entry.pw_uid, entry.pw_gid)
        self._base = site.scratch(self.name)
        os.chown(self._base, self._account.uid, self._account.gid)
        if not self._initialised:
            programs = self._base / "programs"
            shutil.rmtree(programs, ignore_errors=True)
            self._home = copy_postgres(programs)
        link = site.directory / "postgres"
        if not link.is_symlink():
            link.symlink_to(self._base)

    def _url(self, role: str, database: str) -> str:
        return f"postgresql://{role}:{self._passwords[role]}@{HOST}:{self.port}/{database}"

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url(), autocommit=True, connect_timeout=_CONNECT_TIMEOUT_S) as connection:
            connection.execute(statement)

    def _create_reader(self) -> None:
        """Make the role that reads everything, or find it made: a restart keeps it."""
        with psycopg.connect(self.url(), autocommit=True, connect_timeout=_CONNECT_TIMEOUT_S) as connection:
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [READER]).fetchone():
                return
            role = sql.Identifier(READER)
            password = sql.Literal(self._passwords[READER])
            with connection.transaction():
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, password))
                connection.execute(sql.SQL("GRANT pg_read_all_data TO {}").format(role))
                connection.execute(sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(role))

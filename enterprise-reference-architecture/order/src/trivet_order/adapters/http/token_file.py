"""The access token, which somebody else renews: a file that is read again when it changes."""

from __future__ import annotations

import re
from pathlib import Path

_TOKEN = re.compile(r"[\x21-\x7e]+")


class TokenMissing(Exception):
    """There is no token to show."""


class TokenFile:
    """A file with one access token and nothing else.

    Which race: the file is being replaced while it is read, and is empty, cut or away for a moment. Why this guard: a
    token that was good is kept until another one can be read, and the file is looked at again each time. If it were
    lost, a renewal would cost a batch.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int, int] | None = None
        self._token: str | None = None

    def token(self) -> str:
        """Return the newest token.

        Raises:
            TokenMissing: there has never been one.
        """
        try:
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
            if seen != self._seen:
                self._read()
                self._seen = seen
        except (OSError, UnicodeDecodeError) as error:
            if self._token is None:
                raise TokenMissing(f"{self._path}: {error}") from error
        if self._token is None:
            raise TokenMissing(f"{self._path} holds no token")
        return self._token

    def _read(self) -> None:
        text = self._path.read_text().strip()
        if _TOKEN.fullmatch(text):
            self._token = text

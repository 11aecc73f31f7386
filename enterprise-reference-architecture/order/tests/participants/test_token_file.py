"""The access token is read again when its file changes, and kept while there is no better one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from trivet_order.adapters.http import TokenFile, TokenMissing


def write(path: Path, text: str, moment_ns: int) -> None:
    path.write_text(text)
    os.utime(path, ns=(moment_ns, moment_ns))


def test_it_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "token"
    file = TokenFile(path)
    for moment_ns, token in enumerate(["one", "two", "three.four-5"], 1):
        write(path, f"{token}\n", moment_ns)
        assert file.token() == token


def test_it_is_read_again_when_it_is_replaced_in_the_same_moment(tmp_path: Path) -> None:
    path, other = tmp_path / "token", tmp_path / "other"
    write(path, "one", 1)
    file = TokenFile(path)
    assert file.token() == "one"
    write(other, "two", 1)
    other.replace(path)
    assert file.token() == "two"


def test_it_is_not_read_again_while_it_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "token"
    write(path, "one", 1)
    file = TokenFile(path)
    file.token()
    monkeypatch.setattr(Path, "read_text", lambda _: pytest.fail("read again"))
    assert file.token() == "one"


@pytest.mark.parametrize("spoilt", ["", "\n", "two words", "line\nbreak", "caf\u00e9"])
def test_what_is_no_token_leaves_the_one_that_was(tmp_path: Path, spoilt: str) -> None:
    path = tmp_path / "token"
    write(path, "one", 1)
    file = TokenFile(path)
    file.token()
    write(path, spoilt, 2)
    assert file.token() == "one"
    write(path, "two", 3)
    assert file.token() == "two"


def test_a_file_that_is_away_leaves_the_one_that_was(tmp_path: Path) -> None:
    path = tmp_path / "token"
    write(path, "one", 1)
    file = TokenFile(path)
    file.token()
    path.unlink()
    assert file.token() == "one"
    write(path, "two", 1)
    assert file.token() == "two"


def test_without_any_nobody_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "token"
    for text in (None, "", "two words"):
        if text is not None:
            write(path, text, 1)
        with pytest.raises(TokenMissing):
            TokenFile(path).token()

import platform
from pathlib import Path

import pytest

from trivet_lab.cli import doctor
from trivet_platform import Shelf


@pytest.mark.parametrize(
    ("libc", "expected"),
    [(("glibc", "2.31"), "fit"), (("glibc", "3.0"), "fit"), (("glibc", "2.28"), "unfit"), (("", ""), "unfit")],
)
def test_a_libc_older_than_the_wheels_is_unfit(
    libc: tuple[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(platform, "libc_ver", lambda: libc)
    assert doctor._system().ok is (expected == "fit")


def test_what_kafka_starts_from_is_told_or_how_to_get_it(tmp_path: Path) -> None:
    kept, missing = doctor._kafka("4.4.0", Shelf()), doctor._kafka("4.4.0", Shelf(tmp_path))
    assert (kept.ok, kept.needed, missing.ok) == (True, True, False)
    assert kept.seen.startswith("4.4.0, with 45 jars and a start cache in /")
    assert missing.seen == f"4.4.0, and in {tmp_path} are not all of its 45 jars as they should be"
    assert "kafka_setup" in missing.cure


def test_go_and_its_compiler_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    go, compiler = doctor._go()
    assert (go.name, go.ok) == ("go", True)
    assert go.seen.split(" at ")[0].count(".") == 2
    assert compiler.needed is False
    monkeypatch.setenv("CC", "/nowhere/cc -m64")
    assert doctor._go()[1][1:3] == (False, "/nowhere/cc -m64 is not on PATH")


def test_without_go_it_is_told_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trivet_lab.members.commands.sys.executable", "/nowhere/python")
    monkeypatch.setenv("PATH", "/nowhere")
    [go] = doctor._go()
    assert (go.ok, go.seen) == (False, "there is none here")
    assert "./trivet" in go.cure
    other = tmp_path / "go"
    other.write_text("#!/bin/sh\necho a game\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert doctor._go() == [go]

import platform
from pathlib import Path

import pytest

from trivet_lab.cli import doctor


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

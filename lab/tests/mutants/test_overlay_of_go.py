"""A mutant of a Go member is built from its copy, and the binary that is started is that one."""

from pathlib import Path

import pytest
from till import FILES, write_till

from trivet_lab.members import CommandError, executable, run_command
from trivet_lab.mutants import Arrangement, Edit, Mutant, MutantError, golang, lay_over

WHERE = Arrangement("till", "flash-sale", "setnx", "", {}, {})
LUA = Edit("internal/script/take.lua", "if free then take() end", "take()")
MAIN = Edit("cmd/trivet-till/main.go", "fmt.Print(script.Take)", 'fmt.Print("edited ", script.Take)')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_till(tmp_path)


def mutant(folder: Path, *edits: Edit) -> Mutant:
    return Mutant("m", "w", Path("m.toml"), folder, edits, WHERE, ("no_oversell",))


def test_who_is_started_with_it_is_built_of_the_copy_and_the_checkout_stays_as_it_was(
    folder: Path, tmp_path: Path
) -> None:
    overlay = lay_over(mutant(folder, LUA, MAIN), tmp_path / "copy")
    assert run_command(["trivet-till", "migrate"], overlay.environment, 30).stdout == "edited take()\n"
    assert executable("trivet-till", overlay.environment) == str(tmp_path / "copy" / "bin" / "trivet-till")
    assert "-if free then take() end\n+take()\n" in overlay.diff
    assert overlay.took_s > 0
    files = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert files == FILES, "nothing is written to the checkout, and no binary left in it"
    with pytest.raises(CommandError, match="not installed"):
        executable("trivet-till")


def test_what_two_mutants_begin_with_is_built_once(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[str] = []
    real = golang._build
    monkeypatch.setattr(golang, "_build", lambda module, name: (built.append(name), real(module, name))[1])
    monkeypatch.setattr(golang.Golang, "_built", {})
    lay_over(mutant(folder, LUA), tmp_path / "one")
    lay_over(mutant(folder, MAIN), tmp_path / "two")
    assert built == ["plain", "bin", "bin"]
    with pytest.raises(MutantError, match="its edits change nothing of what is built"):
        lay_over(mutant(folder, Edit("internal/script/script.go", "// Take is", "// Take was")), tmp_path / "three")
    (folder / LUA.file).write_text("if free then take(2) end\n")
    lay_over(mutant(folder, MAIN), tmp_path / "four")
    assert built == ["plain", "bin", "bin", "bin", "plain", "bin"], "another source is another binary"


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (
            Edit("internal/script/script.go", "// Take is", "// Take was"),
            "m: its edits change nothing of what is built",
        ),
        (Edit("internal/script/script_windows.go", "guarded()", "open()"), "m: its edits change nothing of what is bu"),
        (Edit(MAIN.file, "(script.Take)", "(script.Took)"), "m: it does not build: .*undefined: script.Took"),
        (Edit(MAIN.file, "fmt.Print(script", "fmt.Print(scrypt"), "m: it does not build: .*undefined: scrypt"),
        (Edit(MAIN.file, "fmt.", "log."), "m: 'fmt.' stands 3 times"),
    ],
    ids=["a comment", "another system's file", "an unknown name", "an unknown package", "no single place"],
)
def test_what_would_run_unchanged_or_not_at_all_is_refused(
    folder: Path, tmp_path: Path, edit: Edit, sentence: str
) -> None:
    with pytest.raises(MutantError, match=f"(?s){sentence}"):
        lay_over(mutant(folder, edit), tmp_path / "copy")


def test_a_binary_that_nobody_would_start_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = executable
    monkeypatch.setattr("trivet_lab.mutants.golang.executable", lambda name, _={}: real("go") if name == "go" else "/x")
    with pytest.raises(MutantError, match="trivet-till would be started from /x, not from its copy"):
        lay_over(mutant(folder, LUA), tmp_path / "copy")


def test_without_go_it_is_told(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trivet_lab.members.commands.sys.executable", "/nowhere/python")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MutantError, match="m: the command go is not installed"):
        lay_over(mutant(folder, LUA), tmp_path / "copy")

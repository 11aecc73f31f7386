"""Every link of a document leads somewhere, and every member says what it is and how to run it alone."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from trivet_lab.members import find_members

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
MEMBERS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]["members"]
GO_MEMBERS = [str(member.folder.relative_to(ROOT)) for member in find_members(ROOT).values() if member.language == "go"]


def documents() -> list[str]:
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", "*.md"]
    listed = subprocess.run(words, cwd=ROOT, text=True, capture_output=True, check=True).stdout
    return sorted(name for name in set(listed.splitlines()) if (ROOT / name).is_file())


def prose(text: str) -> str:
    """Return a document without its code, in which brackets mean something else."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))


def anchors(file: Path) -> set[str]:
    """Return the names that the headings of a document get on a forge: lower case, no marks, hyphens for spaces."""
    text = re.sub(r"^```.*?^```", "", file.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+\s+(.+?)\s*$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(file: Path) -> list[str]:
    found = []
    for target in LINK.findall(prose(file.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (file.parent / path).resolve() if path else file
        is_lost = not there.exists() or (file.is_relative_to(ROOT) and not there.is_relative_to(ROOT))
        if is_lost or (anchor and there.suffix == ".md" and anchor not in anchors(there)):
            found.append(target)
    return found


@pytest.mark.parametrize("name", documents())
def test_every_link_leads_somewhere(name: str) -> None:
    assert broken_links(ROOT / name) == []


def test_a_link_to_nowhere_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One\n[a](gone.md) [b](#one) [c](#two) [d](page.md#one) [e](https://example.org/) `[f](code.md)`\n"
    )
    assert broken_links(page) == ["gone.md", "#two"]


def test_every_decision_is_listed() -> None:
    listed = (ROOT / "docs" / "adr" / "README.md").read_text()
    for file in sorted((ROOT / "docs" / "adr").glob("[0-9]*.md")):
        text = file.read_text()
        assert f"({file.name})" in listed
        assert re.match(rf"# {int(file.name[:4])}\. .+\n\nDate: \d{{4}}-\d\d-\d\d · Status: \w+\n", text), file.name
        assert [f"## {part}" in text for part in ("Context", "Decision", "Consequences")] == [True] * 3
        assert text.count("\n") <= 60


@pytest.mark.parametrize("member", [*MEMBERS, *GO_MEMBERS])
def test_every_member_tells_how_to_run_it_alone(member: str) -> None:
    assert re.search(r"^#+ Run it alone$", (ROOT / member / "README.md").read_text(), re.MULTILINE | re.IGNORECASE)


@pytest.mark.parametrize("member", MEMBERS)
def test_every_python_member_can_be_read_alone(member: str) -> None:
    folder = ROOT / member
    assert (folder / "pyproject.toml").is_file()
    assert list((folder / "tests").rglob("test_*.py"))
    assert list((folder / "src").glob(f"trivet_{folder.name}/py.typed"))


@pytest.mark.parametrize("member", GO_MEMBERS)
def test_every_go_member_can_be_read_alone(member: str) -> None:
    folder = ROOT / member
    assert (folder / "go.mod").is_file()
    assert (folder / "cmd" / f"trivet-{folder.name}" / "main.go").is_file()
    assert list((folder / "internal").rglob("*_test.go"))

"""Every command that a document shows is run as it stands there.

A block marked ``sh`` is a reader's shell: the blocks of one document run in their order, in one bash, at the
checkout's root, and the first command that fails fails the document. ``./trivet up`` goes to the background until
it has printed its curl line, as a reader would give it a terminal of its own. It is ended by SIGTERM: a shell without
job control lets what runs in the background ignore Ctrl-C. Every answer to ``curl`` is looked at as well: curl does not
mind being told that its token is missing.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from trivet_lab.cli import application

ROOT = Path(__file__).resolve().parents[2]

# Lines that no test can run inside itself, and who runs them.
RUN_ELSEWHERE = {
    "make test": "CI's own step; pytest inside pytest would not end",
    "make check": "CI's own step",
    "make run": "CI's own step, and the fresh-clone test",
    "make clean": "would remove the environment that runs this test",
    "make lock": "a maintainer's job, which resolves every pin anew",
    "bash .ci/run": "it is what runs this test",
}

# Requests that a document shows being refused for their token, in order. Every other one is let in.
REFUSED = {
    Path("docs/guide/05-somebody-elses-token.md"): ["401", "401", "403"],
    Path("race-condition-mitigation/wallet/README.md"): ["403"],
}

PRELUDE = """
set -euo pipefail
export PATH="$PWD/.venv/bin:$PATH"
scratch=$(mktemp -d)
up_pid=
finish() {
  code=$?
  [ -z "$up_pid" ] || { kill -TERM "$up_pid" 2>/dev/null && wait "$up_pid" || true; }
  jobs -p | xargs -r kill 2>/dev/null || true
  [ "$code" = 0 ] || cat "$scratch"/up.log 2>/dev/null || true
  rm -rf "$scratch"
  exit "$code"
}
trap finish EXIT
curl() { command curl -w '%{stderr}answered %{http_code}\\n' "$@"; }
up() {
  "$@" >"$scratch/up.log" 2>&1 &
  up_pid=$!
  until grep -q '^curl ' "$scratch/up.log"; do kill -0 "$up_pid"; sleep 0.1; done
}
set -x
"""


def documents() -> list[Path]:
    """Return every committed document that shows a shell command."""
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, text=True, capture_output=True, check=True).stdout
    return [path for path in map(Path, listed.split()) if blocks(path)]


def blocks(path: Path) -> list[str]:
    """Return the shell blocks of a document."""
    return re.findall(r"^```sh\n(.*?)^```", (ROOT / path).read_text(), re.MULTILINE | re.DOTALL)


def commands(path: Path) -> list[str]:
    """Return the command lines of a document, continued lines joined, comments left out."""
    lines = "\n".join(blocks(path)).replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def script(path: Path) -> str:
    """Return the bash script that a document amounts to."""
    lines = []
    for line in "\n".join(blocks(path)).splitlines():
        bare = re.sub(r"\s+#.*$", "", line).strip()
        if bare in RUN_ELSEWHERE:
            continue
        lines.append(f"up {line}" if bare.startswith("./trivet up") else line)
    return PRELUDE + "\n".join(lines) + "\n"


def test_there_are_documents_to_run() -> None:
    assert Path("README.md") in documents()


@pytest.mark.parametrize("path", documents(), ids=str)
def test_every_job_and_command_named_exists(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    for line in commands(path):
        if job := re.match(r"make ([a-z]+)", line):
            assert re.search(rf"^{job[1]}:", makefile, re.MULTILINE), f"{path}: no such job: {line}"
    named = {words[1] for line in commands(path) if (words := line.split())[0] == "./trivet" and len(words) > 1}
    assert named <= set(application()), f"{path}: the command line has {sorted(application())}"


@pytest.mark.long
@pytest.mark.parametrize("path", documents(), ids=str)
def test_every_command_of_a_document_runs(path: Path) -> None:
    done = subprocess.run(["bash", "-c", script(path)], cwd=ROOT, text=True, capture_output=True, check=False)
    assert done.returncode == 0, f"{path}\n{done.stdout[-3000:]}\n{done.stderr[-5000:]}"
    refused = re.findall(r"^answered (40[13])$", done.stderr, re.MULTILINE)
    assert refused == REFUSED.get(path, []), f"{path}: a token is missing, or grants too little\n{done.stderr[-5000:]}"

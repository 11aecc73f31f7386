"""What a stranger meets: a clone, two commands, and nothing else on the machine but Python and make."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KEPT = ("PIP_", "SSL_", "UV_INDEX", "REQUESTS_", "GOPROXY", "GOSUMDB", "GONOSUMDB", "TRIVET_PLATFORM_")
"""Where a machine gets packages from, which a stranger's may say as well."""


def stranger(home: Path) -> dict[str, str]:
    """Return the environment of somebody who never ran anything here: an empty home, empty caches, a bare PATH."""
    bin_ = home / "bin"
    bin_.mkdir(parents=True)
    for name in ("sh", "bash", "make", "git", "grep", "sed", "expand", "dirname", "readlink", "env"):
        found = shutil.which(name)
        assert found is not None
        (bin_ / name).symlink_to(found)
    python = shutil.which("python3", path="/usr/local/bin:/usr/bin:/bin") or shutil.which("python3")
    (bin_ / "python3").write_text(f'#!/bin/sh\nexec "{python}" "$@"\n')
    (bin_ / "python3").chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if name.startswith(KEPT)}
    return kept | {"HOME": str(home), "PATH": str(bin_), "CI": "1", "LANG": "C.UTF-8"}


@pytest.mark.long
def test_two_commands_are_enough_and_the_second_run_needs_no_network(tmp_path: Path) -> None:
    environment = stranger(tmp_path / "home")
    checkout = tmp_path / "checkout"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(checkout)], check=True)

    first = subprocess.run(["make", "run"], cwd=checkout, env=environment, text=True, capture_output=True, check=False)
    assert first.returncode == 0, first.stdout[-3000:] + first.stderr[-3000:]
    assert "✓ invalid, as it must be" in first.stdout
    assert re.search(r"^  go +1\.\d+\.\d+ from a wheel, \d+ MB installed", first.stderr, re.MULTILINE), first.stderr
    kafka = r"^  kafka +45 jars fetched, \d+ MB; start cache trained, \d+ MB, \d+\.\d s$"
    assert re.search(kafka, first.stderr, re.MULTILINE), first.stderr
    assert len(first.stdout.splitlines()) <= 30

    offline = environment | dict.fromkeys(("http_proxy", "https_proxy", "ALL_PROXY"), "http://127.0.0.1:9")
    second = subprocess.run(["make", "run"], cwd=checkout, env=offline, text=True, capture_output=True, check=False)
    assert second.returncode == 0, second.stdout[-3000:] + second.stderr[-3000:]

    status = subprocess.run(["git", "status", "--porcelain"], cwd=checkout, text=True, capture_output=True, check=True)
    assert status.stdout == "", "a run leaves nothing that git would see"
    again = subprocess.run(
        ["./trivet", "check", "latest", "--json"],
        cwd=checkout,
        env=offline,
        text=True,
        capture_output=True,
        check=False,
    )
    assert again.returncode == 0, again.stderr
    reports = re.findall(r"^report\s+(\S+)$", second.stdout, re.MULTILINE)
    assert reports
    stored = json.loads((Path(reports[-1]).parent / "results.json").read_text())  # the last chapter is the latest run
    judged = json.loads(again.stdout)
    assert [(v["name"], v["verdict"]) for v in judged["variants"]] == [
        (v["name"], v["verdict"]) for v in stored["variants"]
    ]

"""The set-up of Go (tools/golang.py), in small checkouts of their own: one toolchain, and nothing is built twice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import golang
import pytest

ROOT = Path(__file__).resolve().parents[2]
MAIN = 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("till") }\n'
MEMBER = {
    "shop/till/member.toml": 'name = "till"\nlanguage = "go"\n',
    "shop/till/go.mod": "module trivet/till\n\ngo 1.26.0\n",
    "shop/till/cmd/trivet-till/main.go": MAIN,
    "shop/till/cmd/trivet-till/main_test.go": "package main\n",
    "shop/till/bench/go.mod": "module trivet/till/bench\n\ngo 1.26.0\n",
    "shop/till/bench/main.go": MAIN,
}
TOOL = {
    "tools/abacus/go.mod": "module trivet/tools/abacus\n\ngo 1.26.0\n",
    "tools/abacus/abacus.go": MAIN.replace("till", "abacus"),
}


class Checkout:
    """A checkout that has little but the set-up's own files."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root = root
        self.bin = root / ".venv" / "bin"
        self.bin.mkdir(parents=True)
        (root / "tools").mkdir()
        (root / ".trivet").mkdir()
        for name in ("tools/steps.py", "tools/golang.py", golang.LOCK.name):
            shutil.copy(ROOT / name, root / name)
        caches = json.loads(self.own_go("env", "-json", "GOCACHE", "GOMODCACHE").stdout)
        self.environment = os.environ | caches | {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}

    def own_go(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the Go of the checkout that is tested."""
        return subprocess.run([golang.GO, *words], text=True, capture_output=True, check=True)

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text)

    def set_up(self, **env: str) -> subprocess.CompletedProcess[str]:
        """Do the steps of Go, and return how that went."""
        code = "import golang; golang.prepare(); golang.build_members(); golang.build_tools()"
        argv = [sys.executable, "-c", code]
        environment = self.environment | env
        return subprocess.run(
            argv, cwd=self.root / "tools", env=environment, text=True, capture_output=True, check=False
        )

    def built(self, **env: str) -> list[str]:
        """Do the steps of Go, which must succeed, and return what was done."""
        done = self.set_up(**env)
        assert done.returncode == 0, done.stderr
        return [line.split()[0] for line in done.stderr.splitlines()]

    def say(self, command: str) -> str:
        return subprocess.run([self.bin / command], text=True, capture_output=True, check=True).stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    (tmp_path / "home").mkdir()
    return Checkout(tmp_path / "checkout", tmp_path / "home")


def test_a_member_is_built_where_commands_are_and_again_only_if_its_sources_change(checkout: Checkout) -> None:
    checkout.write(MEMBER)
    assert checkout.built() == ["go", "till"]
    assert checkout.say("trivet-till") == "till\n"
    assert checkout.built() == []
    checkout.write(
        {"shop/till/cmd/trivet-till/main_test.go": "package main // once more\n", "shop/till/bench/x.go": ""}
    )
    assert checkout.built() == [], "neither its tests nor the module of its benches are in it"
    checkout.write({"shop/till/cmd/trivet-till/main.go": MAIN.replace("till", "drawer")})
    assert checkout.built() == ["till"]
    assert checkout.say("trivet-till") == "drawer\n"
    (checkout.bin / "trivet-till").unlink()
    assert checkout.built() == ["till"]


def test_without_any_go_nothing_is_looked_for(checkout: Checkout) -> None:
    assert checkout.built() == []
    assert list(checkout.bin.iterdir()) == []


def test_a_module_that_go_sum_does_not_know_is_not_built(checkout: Checkout) -> None:
    use = 'package main\n\nimport _ "github.com/cespare/xxhash/v2"\n\nfunc main() {}\n'
    needs = "\nrequire github.com/cespare/xxhash/v2 v2.3.0\n"
    checkout.write(MEMBER | {"shop/till/cmd/trivet-till/main.go": use})
    checkout.write({"shop/till/go.mod": MEMBER["shop/till/go.mod"] + needs})
    done = checkout.set_up()
    assert done.returncode == 254
    assert "missing go.sum entry" in done.stderr


def test_a_member_without_a_command_is_told(checkout: Checkout) -> None:
    checkout.write({name: text for name, text in MEMBER.items() if "/cmd/" not in name})
    done = checkout.set_up()
    assert done.returncode == 254
    assert "has no cmd/<name>/main.go" in done.stderr


def test_a_tool_is_built_once_for_all_checkouts(checkout: Checkout, tmp_path: Path) -> None:
    checkout.write(TOOL)
    assert checkout.built() == ["go", "abacus"]
    assert checkout.say("abacus") == "abacus\n"
    assert checkout.built() == []
    other = Checkout(tmp_path / "other", tmp_path / "home")
    other.write(TOOL)
    done = other.set_up()
    assert "abacus     kept from before, " in done.stderr
    assert (other.bin / "abacus").resolve() == (checkout.bin / "abacus").resolve()
    assert checkout.root not in (other.bin / "abacus").resolve().parents


def test_a_go_that_is_too_old_or_none_is_passed_over(tmp_path: Path) -> None:
    for name, text in (("old", "echo go version go1.20.3 linux/amd64"), ("none", "exit 1")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
        assert golang._root_of(str(tmp_path / name)) is None
    home = golang._root_of(str(golang.GO))
    assert home is not None
    assert (home / "bin" / "go").is_file()
    assert golang.BIN not in home.parents or "site-packages" in home.parts


def test_what_is_too_old_is_replaced_by_the_wheel(checkout: Checkout, tmp_path: Path) -> None:
    """The installer is played: it puts a toolchain where the wheel's lies."""
    checkout.write(MEMBER)
    old = tmp_path / "old" / "go"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho go version go1.20.3 linux/amd64\n")
    old.chmod(0o755)
    real = Path(checkout.own_go("env", "GOROOT").stdout.strip())
    site = checkout.root / ".venv" / "lib" / "python3.11" / "site-packages"
    installer = f'#!/bin/sh\necho "$@" >{tmp_path}/asked\nmkdir -p {site}/go\nln -s {real}/* {site}/go/\n'
    checkout.write({".venv/bin/uv": installer})
    (checkout.bin / "uv").chmod(0o755)
    site.mkdir(parents=True)
    done = checkout.set_up(PATH=f"{old.parent}:/usr/bin:/bin")
    assert done.returncode == 0, done.stderr
    assert "from a wheel, " in done.stderr
    assert "PATH has no go >= 1.26.0" in done.stderr
    asked = (tmp_path / "asked").read_text().split()
    assert asked[-3:] == ["--require-hashes", "-r", str(checkout.root / golang.LOCK.name)]
    assert f"exec {site}/go/bin/go" in (checkout.bin / "go").read_text()
    assert checkout.say("trivet-till") == "till\n"


def test_without_a_home_caches_lie_in_the_checkout_and_can_be_removed(checkout: Checkout) -> None:
    checkout.write(MEMBER | TOOL)
    del checkout.environment["GOCACHE"], checkout.environment["GOMODCACHE"]
    assert checkout.built(HOME="", XDG_CACHE_HOME="") == ["go", "till", "abacus"]
    own = checkout.root / ".trivet"
    assert (own / "go" / "build").is_dir()
    assert (checkout.bin / "abacus").resolve().is_relative_to(own / "tools")
    assert "-modcacherw" in (checkout.bin / "go").read_text()


def test_nothing_of_a_shell_changes_what_is_built() -> None:
    shell = {"GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "go1.99.0", "GOWORK": "/nowhere/go.work", "GOROOT": "/nowhere"}
    words = [golang.GO, "env", "GOFLAGS", "GOTOOLCHAIN", "GOWORK", "CGO_ENABLED"]
    environment = {name: value for name, value in os.environ.items() if name != "CGO_ENABLED"} | shell
    done = subprocess.run(words, env=environment, text=True, capture_output=True, check=True)
    assert done.stdout.splitlines() == ["-mod=readonly -buildvcs=false", "local", "off", "0"]


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("go 1.26.0", (1, 26, 0)),
        ("go 1.26", (1, 26, 0)),
        ("go version go1.27.3 linux/amd64", (1, 27, 3)),
        ("go version go1.27rc1 linux/amd64", (1, 27, 0)),
        ("nothing", ()),
    ],
)
def test_versions_are_read(text: str, version: tuple[int, ...]) -> None:
    assert golang.version_in(text) == version


def test_every_module_of_this_checkout_is_checked() -> None:
    checked = {folder for _, commands in golang.checks() for _, folder in commands}
    assert checked == {folder for folder in golang.modules() if golang.has_code(folder)}
    assert ROOT / "race-condition-mitigation" / "reservation" in checked
    assert [name for name, _ in golang.checks()] == ["gofmt", "vet", "staticcheck"]

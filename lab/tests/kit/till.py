"""A Go service in a folder of a test: it embeds a script, and answers with it and with what it was told to use."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from trivet_lab.members import Member, Process

MAIN = """// Command trivet-till is a service of a test.
package main

import (
	"fmt"
	"net/http"
	"os"

	"trivet/till/internal/script"
)

func main() {
	fmt.Print(script.Take)
	if len(os.Args) < 2 || os.Args[1] != "api" {
		return
	}
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, script.Take, os.Getenv("TRIVET_TILL_VALKEY_URLS"))
	})
	fmt.Println(http.ListenAndServe(os.Getenv("TRIVET_TILL_LISTEN"), nil))
}
"""
FILES = {
    "go.mod": "module trivet/till\n\ngo 1.26.0\n",
    "README.md": "no code\n",
    "cmd/trivet-till/main.go": MAIN,
    "internal/script/script.go": (
        'package script\n\nimport _ "embed"\n\n// Take is embedded.\n//\n//go:embed take.lua\nvar Take string\n'
    ),
    "internal/script/take.lua": "if free then take() end\n",
    "internal/script/script_test.go": "package script\n\nfunc guarded() {}\n",
    "internal/script/script_windows.go": "package script\n\nfunc guarded() {}\n",
    "bench/go.mod": "module trivet/till/bench\n\ngo 1.26.0\n",
}


def write_till(root: Path) -> Path:
    """Write the service's module and return its folder."""
    for name, text in FILES.items():
        (root / "till" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "till" / name).write_text(text)
    return root / "till"


def till(folder: Path) -> Member:
    """Return the member that this service would be: it needs a Valkey of its own."""
    return Member(
        name="till",
        folder=folder,
        language="go",
        needs=MappingProxyType({"postgres": 1, "valkey": 1}),
        edge=["/till"],
        internal=["/till/batch"],
        migrate=["trivet-till", "migrate"],
        audit=None,
        topics=[],
        processes=[Process("api", ["trivet-till", "api"], replicas=2, http=True, at_writer_only=False)],
        variants=MappingProxyType({}),
    )

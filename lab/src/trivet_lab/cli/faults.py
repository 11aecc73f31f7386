"""``trivet faults``: what can be broken on purpose, and what a run under it proves."""

from __future__ import annotations

from trivet_lab.console import Console, columns
from trivet_lab.faults import Fault, find_faults
from trivet_lab.settings import lab_settings

GRAMMAR = """
in words   fault[=argument]:target@at[+for], joined by commas: pause:inventory-api-1@2s+3s,kill:valkey/2@4s+2s
in a file  --faults file.toml, one [[fault]] each with fault, target, at, and if need be for and argument
by chance  --faults nemesis mixes them; the seed repeats the mix
targets    a part's name, or one, minority, majority, primary, all, also of one family: valkey/majority, valkey/2"""


def faults(*, json: bool = False) -> int:
    """List what can be broken on purpose, and what a run under it proves.

    Args:
        json: print the faults as one JSON object.
    """
    console = Console(plain=lab_settings().plain)
    known = find_faults()
    if json:
        told = [
            {
                "name": name,
                "proves": kind.PROVES,
                "hits": sorted(kind.KINDS or ()) or "every part",
                "unavailable": kind.blocker(),
            }
            for name, kind in known.items()
        ]
        console.result_json({"faults": told})
        return 0
    rows = [["fault", "hits", "what it proves"]]
    rows += [[name, ", ".join(sorted(kind.KINDS or ())) or "any", _worth(kind)] for name, kind in known.items()]
    for line in columns(rows):
        console.result(line)
    console.result(GRAMMAR)
    return 0


def _worth(kind: type[Fault]) -> str:
    """Return what a run under it proves, and why there can be none here if so."""
    reason = kind.blocker()
    return kind.PROVES if reason is None else f"{kind.PROVES} Not on this machine: {reason}"

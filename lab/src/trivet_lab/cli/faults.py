"""``trivet faults``: what can be broken on purpose and what that proves; and breaking the shop that is up by hand."""

from __future__ import annotations

from urllib.parse import urlsplit

from cyclopts import App

from trivet_lab.console import Console, columns
from trivet_lab.control import ControlClient, Fault, PartChanged, PartStatus, Wanted, find_running
from trivet_lab.faults import Fault as Kind
from trivet_lab.faults import FaultError, find_faults, read_fault
from trivet_lab.settings import lab_settings
from trivet_lab.verdict import EXIT_BROKE

GRAMMAR = """
in words   fault[=argument]:target@at[+for], joined by commas: pause:inventory-api-1@2s+3s,kill:valkey/2@4s+2s
in a file  --faults file.toml, one [[fault]] each with fault, target, at, and if need be for and argument
by chance  --faults nemesis mixes them; the seed repeats the mix
by hand    ./trivet faults inject fault[=argument]:target[+for] breaks the shop that is up: pause:valkey/2+3s
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


def _worth(kind: type[Kind]) -> str:
    """Return what a run under it proves, and why there can be none here if so."""
    reason = kind.blocker()
    return kind.PROVES if reason is None else f"{kind.PROVES} Not on this machine: {reason}"


def inject(fault: str, *, seed: int | None = None, json: bool = False) -> int:
    """Break the shop that is up, and say what a probe saw.

    Args:
        fault: fault[=argument]:target[+for], as pause:valkey/2 or kill:one+3s; without a time until it is healed.
        seed: the same seed chooses the same parts.
        json: print what came of it as one JSON object.
    """
    console, client = _connect()
    asked = read_fault(fault)
    broken = client.inject(Wanted(asked.fault, asked.target, asked.argument, asked.for_s, seed))
    if json:
        console.result_json(broken)
    else:
        for line in told(broken):
            console.result(line)
    failed = any(part.state in {"without effect", "not well"} for part in broken.parts)
    return EXIT_BROKE if failed else 0


def heal(number: str = "all", *, json: bool = False) -> int:
    """Heal a fault of the shop that is up, and return when its parts are well.

    Args:
        number: the fault's number, or "all".
        json: print what was healed as one JSON object.
    """
    console, client = _connect()
    if number != "all" and not number.isdecimal():
        raise FaultError(f"{number!r} is no fault's number: ./trivet faults status lists them")
    if number == "all":
        healed, already = client.heal_all(), False
    else:
        answer = client.heal(int(number))
        healed, already = [answer.fault], answer.already
    if json:
        console.result_json({"already": already, "faults": healed})
        return 0
    if already:
        console.say(f"fault {number} was over already")
    if not healed:
        console.say("nothing is broken")
    for line in (line for fault in healed for line in told(fault)):
        console.result(line)
    return 0


def status(*, json: bool = False) -> int:
    """List what was broken by hand in the shop that is up, and what became of it.

    Args:
        json: print the faults as one JSON object.
    """
    console, client = _connect()
    asked = client.faults().faults
    if json:
        console.result_json({"faults": asked})
        return 0
    if not asked:
        console.say("nothing was broken yet: ./trivet faults inject pause:valkey/2")
    for line in (line for fault in asked for line in told(fault)):
        console.result(line)
    return 0


def parts(*, json: bool = False) -> int:
    """List the parts of the shop that is up: what can be broken, stopped and started.

    Args:
        json: print the parts as one JSON object, with all addresses.
    """
    console, client = _connect()
    found = client.parts()
    if json:
        console.result_json({"parts": found})
        return 0
    for line in columns([["part", "kind", "state", "fault", "processes", "address"], *map(_row, found)]):
        console.result(line)
    return 0


def start(part: str, *, json: bool = False) -> int:
    """Start a part of the shop that is up, and return when it is ready.

    Args:
        part: its name, as ./trivet faults parts has it.
        json: print what it is like then as one JSON object.
    """
    console, client = _connect()
    return _changed(console, client.start(part), "started", json=json)


def stop(part: str, *, json: bool = False) -> int:
    """Ask a part of the shop that is up to end, as an operator would; a fault kills it.

    Args:
        part: its name, as ./trivet faults parts has it.
        json: print what it is like then as one JSON object.
    """
    console, client = _connect()
    return _changed(console, client.stop(part), "stopped", json=json)


def faults_application() -> App:
    """Return ``trivet faults``: the list, and a sub-command for each thing that can be done to a shop that is up."""
    app = App(name="faults", help_epilogue="")
    app.default(faults)
    for command in (inject, heal, status, parts, start, stop):
        app.command(command, help_epilogue="")
    return app


def told(fault: Fault) -> list[str]:
    """Return a line for each part of a fault."""
    return [
        f"fault {fault.id}  {fault.fault} of {part.part}  {part.state}: {part.evidence or '…'}" for part in fault.parts
    ]


def _connect() -> tuple[Console, ControlClient]:
    settings = lab_settings()
    return Console(plain=settings.plain), ControlClient(find_running(settings.runs))


def _row(part: PartStatus) -> list[str]:
    address = part.endpoints.get("url") or part.endpoints.get("tcp") or ""
    shown = urlsplit(address).netloc.rpartition("@")[2] or address  # without a database's password
    fault = "–" if part.fault is None else str(part.fault)
    return [part.name, part.kind, part.state, fault, f"{len(part.pids)}", shown]


def _changed(console: Console, changed: PartChanged, done: str, *, json: bool) -> int:
    if json:
        console.result_json(changed)
    else:
        console.result(f"{changed.part.name} was {done}{' already' if changed.already else ''}: {changed.part.state}")
    return 0

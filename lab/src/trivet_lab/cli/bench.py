"""``trivet bench``: measures beside peers and bounds, and writes the page of it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from cyclopts import Parameter

from trivet_lab.bench import BenchError, Result, Script, Shelf, find_scripts, line_of, named_scripts, run_script
from trivet_lab.console import Console
from trivet_lab.settings import LabSettings, lab_settings
from trivet_lab.verdict import EXIT_BROKE


def bench(
    *names: str,
    quick: bool = False,
    list_: Annotated[bool, Parameter(name="--list")] = False,
    page: bool = False,
    json: bool = False,
) -> int:
    """Measure, one script after the other, and write docs/benchmarks/ and the page made of it.

    A bar that is missed is shown and told, never an error. Exit codes: 0 each was measured, 254 one could not be.

    Args:
        names: benches by the name of their script, or those of a member; all if none is named.
        quick: few and short samples, which show that it works and mean nothing: they go to .trivet/bench/.
        list_: name the scripts, and measure nothing.
        page: write docs/benchmarks.md from the results that are there, and measure nothing.
        json: print the results as one JSON object.
    """
    settings = lab_settings()
    console = Console(plain=settings.plain)
    scripts = named_scripts(find_scripts(settings.root), names)
    if list_:
        for script in scripts:
            console.result(f"{script.name}  {script.file}")
        return 0
    shelf = _quick_shelf(settings) if quick else Shelf.of(settings.root)
    results: list[Result] = []
    failed: list[str] = []
    try:
        for script in [] if page else scripts:
            try:
                found = _measure(script, shelf, console, quick=quick)
            except BenchError as error:
                console.say(f"✗ {error}")
                failed.append(script.name)
                continue
            results += found
            for result in found:
                (console.say if json else console.result)(line_of(result))
    finally:
        shelf.write_page()  # also after Ctrl-C: what was measured is kept, and the page is of what is kept
    if json:
        told = {"results": msgspec.to_builtins(results), "failed": failed}
        console.result_json(told)
    console.say(f"page       {shelf.page}")
    return EXIT_BROKE if failed else 0


def _quick_shelf(settings: LabSettings) -> Shelf:
    folder = settings.root / ".trivet" / "bench"
    return Shelf(folder, folder / "benchmarks.md")


def _measure(script: Script, shelf: Shelf, console: Console, *, quick: bool) -> list[Result]:
    """Run one script and keep its results."""
    console.say(f"  {script.name}: {script.file}")
    found = run_script(script, quick=quick)
    shelf.put(script.file.as_posix(), found)
    return found

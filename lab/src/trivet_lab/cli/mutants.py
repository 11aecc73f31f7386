"""``trivet mutants``: plants defects in copies of members and looks who catches them."""

from __future__ import annotations

import itertools
import json as text
import time
from typing import Annotated

import msgspec
from cyclopts import Parameter

from trivet_lab.cli.opened import opened
from trivet_lab.console import Console, columns
from trivet_lab.evidence import create_directory
from trivet_lab.members import find_members
from trivet_lab.mutants import Mutant, MutantError, find_mutants
from trivet_lab.runner import fresh_seed
from trivet_lab.scenarios import find_scenarios
from trivet_lab.settings import LabSettings, lab_settings
from trivet_lab.trials import Trials, Tried, all_trials, draw_matrix, draw_sample, exit_code, named


def chosen(settings: LabSettings, member: str | None, only: tuple[str, ...], seed: int, *, quick: bool) -> list[Mutant]:
    """Return the mutants that a person asked for.

    Raises:
        MutantError: there is no such member or mutant, or a table is wrong.
    """
    known = find_mutants(settings.root)
    if member is not None:
        known = {name: mutant for name, mutant in known.items() if mutant.table.stem == member}
        if not known:
            raise MutantError(f"{member} has no mutants: there is no tests/mutants/{member}.toml")
    if strangers := [name for name in only if name not in known]:
        raise MutantError(f"there is no mutant {strangers[0]}: there are {', '.join(known)}")
    if only:
        return named(known, only)
    return draw_sample(known, seed) if quick else list(known.values())


def mutants(
    *,
    member: str | None = None,
    only: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    quick: bool = False,
    list_: Annotated[bool, Parameter(name="--list")] = False,
    seed: int | None = None,
    json: bool = False,
) -> int:
    """Plant defects in copies of the services, sell from them, and look whether the checkers catch each.

    Beside them the unchanged service is judged in the same runs: a rule that it breaks too would catch nothing.
    Exit codes: 0 each was caught, or harmless as its table says; 1 one survived; 2 of one nothing is known.

    Args:
        member: those of one member alone, as inventory or locks.
        only: a mutant by name; may be given again.
        quick: a sample, chosen by the seed, of at most four minutes.
        list_: name them and what each changes, and start nothing.
        seed: the same seed sends the same crowds and draws the same sample.
        json: print the outcomes as one JSON object.
    """
    settings = lab_settings()
    console = Console(plain=settings.plain)
    seed = fresh_seed() if seed is None else seed
    wanted = chosen(settings, member, only, seed, quick=quick)
    if list_:
        for line in columns([["mutant", "caught by", "what"], *map(_listed, wanted)]):
            console.result(line)
        return 0
    began = time.monotonic()
    tried = _try_all(settings, console, wanted, seed)
    if json:
        console.result_json({"seed": seed, "mutants": [_plain(one) for one in tried]})
    else:
        for line in draw_matrix(tried):
            console.result(line)
        minutes = (time.monotonic() - began) / 60
        console.result(f"\n{len(wanted)} mutants in {len(tried)} runs, seed {seed}, {minutes:.1f} minutes")
    return exit_code([one.conclusion for one in tried])


def _try_all(settings: LabSettings, console: Console, wanted: list[Mutant], seed: int) -> list[Tried]:
    """Open one shop, try these on it, and keep what came out beside the runs."""
    known = find_members(settings.root)
    scenarios = find_scenarios()
    asked = dict.fromkeys(mutant.arrangement.scenario for mutant in wanted)
    needed = [scenarios[name].members for name in asked if name in scenarios]  # a trial tells what there is not
    members = {name: known[name] for name in dict.fromkeys(itertools.chain.from_iterable(needed))}
    directory = create_directory(settings.runs, "mutants", seed)
    tried = []
    with opened(directory, members, settings, console) as shop:
        trials = Trials(settings, shop, list(members.values()), seed, console)
        for trial in all_trials(wanted):
            one = trials.attempt(trial)
            console.say(f"  {trial.name}: {one.conclusion.value}")
            tried.append(one)
    (directory.path / "matrix.json").write_text(text.dumps([_plain(one) for one in tried], indent=2) + "\n")
    directory.results.write_bytes(msgspec.json.encode({"runs": [one.run for one in tried]}) + b"\n")
    return tried


def _listed(mutant: Mutant) -> list[str]:
    return [mutant.name, ", ".join(mutant.caught_by) or "nobody: harmless", mutant.what]


def _plain(one: Tried) -> dict[str, object]:
    return {
        "mutant": one.trial.mutant.name if one.trial.mutant else None,
        "arrangement": str(one.trial.arrangement),
        "conclusion": one.conclusion.name.lower(),
        "caught": list(one.caught),
        "run": one.run,
        "reason": one.reason,
    }

"""The matrix that trials end with: mutants down, the checkers that caught one across."""

from __future__ import annotations

from collections.abc import Sequence

from trivet_lab.console import columns
from trivet_lab.trials.conclusion import Conclusion
from trivet_lab.trials.trying import Tried


def draw_matrix(tried: Sequence[Tried]) -> list[str]:
    """Return the matrix as lines: a number a checker, what each number stands for below, and who survived."""
    checkers = list(dict.fromkeys(name for one in tried for name in one.caught))
    rows = [["mutant", "in", *[f"{number}" for number in range(1, len(checkers) + 1)], "result"]]
    for one in tried:
        cells = ["✗" if name in one.caught else "·" for name in checkers]
        where = one.trial.arrangement
        rows.append([one.trial.name, f"{where.scenario} · {where.variant}", *cells, _told(one)])
    lines = columns(rows)
    head = [lines[0], "─" * max(len(line) for line in lines), *lines[1:]]
    legend = [f"  {number}  {name}" for number, name in enumerate(checkers, 1)]
    return [*head, "", *legend]


def _told(one: Tried) -> str:
    word = one.conclusion.value
    mutant = one.trial.mutant
    if mutant is None or one.conclusion is Conclusion.BROKE:
        return word + (f": {one.reason}" if one.reason else "")
    if one.conclusion is Conclusion.CAUGHT:
        return f"{word} by {', '.join(mutant.caught_by)}"
    if one.conclusion is Conclusion.HARMLESS:
        return f"{word}: {mutant.harmless}"
    missing = [name for name in mutant.caught_by if name not in one.caught]
    return word + (f" {', '.join(missing)}" if missing else "") + (f": {one.reason}" if one.reason else "")

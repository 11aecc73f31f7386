"""Which mutants are tried, in which order: all of them, or a sample by seed that keeps its promises together."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterable, Mapping, Sequence

from trivet_lab.mutants import Arrangement, Mutant

QUICK_TRIALS_MAX = 14


@dataclasses.dataclass(frozen=True)
class Trial:
    """One run: of a mutant, or of the unchanged member (``mutant`` is None) in the same arrangement.

    ``needed`` names the rules that catch the mutants of a control's arrangement.
    """

    arrangement: Arrangement
    mutant: Mutant | None = None
    needed: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The mutant's, or what is told of a control."""
        return self.mutant.name if self.mutant else "(unchanged)"


def all_trials(mutants: Iterable[Mutant]) -> list[Trial]:
    """Return the trials of these mutants: for each arrangement the unchanged member first, then its mutants."""
    arranged: dict[tuple[object, ...], list[Mutant]] = {}
    for mutant in mutants:
        arranged.setdefault(mutant.arrangement.key, []).append(mutant)
    trials = []
    for group in arranged.values():
        needed = frozenset(name for mutant in group for name in mutant.caught_by)
        trials.append(Trial(group[0].arrangement, needed=needed))
        trials += [Trial(mutant.arrangement, mutant) for mutant in group]
    return trials


def draw_sample(mutants: Mapping[str, Mutant], seed: int, trials_max: int = QUICK_TRIALS_MAX) -> list[Mutant]:
    """Return mutants, chosen by the seed, whose trials are at most so many; their own order is kept.

    A harmless one brings the mutant along in which its guard is gone too: alone it would show nothing.
    """
    chance = random.Random(f"mutants {seed}")  # noqa: S311  - a sample, not a secret
    drawn: dict[str, Mutant] = {}
    for name in chance.sample(sorted(mutants), len(mutants)):
        more = drawn | {each: mutants[each] for each in (name, mutants[name].both) if each}
        if len(all_trials(more.values())) <= trials_max:
            drawn = more
    return _in_order(mutants.values(), drawn)


def _in_order(mutants: Iterable[Mutant], drawn: Mapping[str, Mutant]) -> list[Mutant]:
    return [mutant for mutant in mutants if mutant.name in drawn]


def named(mutants: Mapping[str, Mutant], names: Sequence[str]) -> list[Mutant]:
    """Return the mutants of these names, each with what it has to be shown beside; ``KeyError`` for a stranger."""
    wanted = {each: mutants[each] for name in names for each in (name, mutants[name].both) if each}
    return _in_order(mutants.values(), wanted)

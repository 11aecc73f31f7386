"""What a mutant's run comes to: a pure function of what the checkers said of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import Enum

from trivet_lab.evidence import Finding, Verdict
from trivet_lab.mutants import Mutant
from trivet_lab.verdict import EXIT_AS_EXPECTED, EXIT_BROKE, EXIT_DIFFERS, EXIT_UNKNOWN


class Conclusion(Enum):
    """How a trial ended; the value is how it is told."""

    CAUGHT = "✓ caught"
    HARMLESS = "✓ harmless"
    SOUND = "✓ valid without it"
    SURVIVED = "✗ survived"
    HARMFUL = "✗ not harmless"
    UNSOUND = "✗ caught without it"
    INCONCLUSIVE = "? unknown"
    BROKE = "✗ the lab broke"


MOMENT = ("faults_effective", "leases_overlapped", "history_whole")
"""Where one of these is unknown the moment that a mutant needs did not come, or the evidence of it was lost."""
_WRONG = frozenset({Conclusion.SURVIVED, Conclusion.HARMFUL, Conclusion.UNSOUND})


def conclude(mutant: Mutant, findings: Sequence[Finding]) -> Conclusion:
    """Return what the findings say of a mutant.

    It is caught if *every* checker that has to find it did: one that has gone blind is then noticed although another
    one still sees. A harmless one must be valid by every rule, since a rule that is unknown was not shown to hold.
    """
    verdicts = {finding.name: finding.verdict for finding in findings}
    if mutant.harmless:
        if "invalid" in verdicts.values():
            return Conclusion.HARMFUL
        return Conclusion.INCONCLUSIVE if "unknown" in verdicts.values() else Conclusion.HARMLESS
    said = {verdicts.get(name, "unknown") for name in mutant.caught_by}
    if said == {"invalid"}:
        return Conclusion.CAUGHT
    came = all(verdicts.get(name) != "unknown" for name in MOMENT)
    return Conclusion.SURVIVED if "valid" in said and came else Conclusion.INCONCLUSIVE


def conclude_control(needed: Collection[str], findings: Sequence[Finding]) -> Conclusion:
    """Return what the findings say of the member without any mutant, in the same run.

    A rule that the right member breaks too catches nothing. Of the ``needed`` rules, those by which mutants are caught
    there, each has to be valid; what else is unknown, on a busy machine, takes nothing away from them.
    """
    verdicts: dict[str, Verdict] = {finding.name: finding.verdict for finding in findings}
    if "invalid" in verdicts.values():
        return Conclusion.UNSOUND
    shown = all(verdicts.get(name) == "valid" for name in needed)
    return Conclusion.SOUND if shown else Conclusion.INCONCLUSIVE


def exit_code(conclusions: Collection[Conclusion]) -> int:
    """Return the exit code: a mutant that nobody caught counts more than one of which nothing is known."""
    if _WRONG & set(conclusions):
        return EXIT_DIFFERS
    if Conclusion.BROKE in conclusions:
        return EXIT_BROKE
    known = conclusions and Conclusion.INCONCLUSIVE not in conclusions
    return EXIT_AS_EXPECTED if known else EXIT_UNKNOWN

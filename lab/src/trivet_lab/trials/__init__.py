"""Tries mutants: starts each for real, sends the crowd that should show it, and says who caught it."""

from trivet_lab.trials.conclusion import Conclusion, conclude, conclude_control, exit_code
from trivet_lab.trials.matrix import draw_matrix
from trivet_lab.trials.sample import QUICK_TRIALS_MAX, Trial, all_trials, draw_sample, named
from trivet_lab.trials.trying import Trials, Tried

__all__ = [
    "QUICK_TRIALS_MAX",
    "Conclusion",
    "Trial",
    "Trials",
    "Tried",
    "all_trials",
    "conclude",
    "conclude_control",
    "draw_matrix",
    "draw_sample",
    "exit_code",
    "named",
]

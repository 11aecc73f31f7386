"""Defects planted on purpose: what they change, who must catch them, and a copy of a member that has one."""

from trivet_lab.mutants.mutant import Arrangement, Edit, Mutant, MutantError
from trivet_lab.mutants.overlay import Overlay, lay_over
from trivet_lab.mutants.tables import find_mutants

__all__ = ["Arrangement", "Edit", "Mutant", "MutantError", "Overlay", "find_mutants", "lay_over"]

"""Says whether every table of mutants still fits the code; ``make check`` runs ``python -m trivet_lab.mutants``."""

from __future__ import annotations

import sys

from trivet_lab.mutants import MutantError, find_mutants
from trivet_lab.settings import lab_settings


def main() -> int:
    """Return 0 if every edit of every mutant would apply, else 1 with a sentence for each that would not."""
    try:
        found = find_mutants(lab_settings().root)
    except MutantError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())

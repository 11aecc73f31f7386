"""How a module of this package runs as a process of its own on the standard library alone."""

from __future__ import annotations

import sys
from pathlib import Path

# The package's own __init__ imports database drivers: a tenth of a second, and more that could fail.
_BOOT = """
import importlib, sys, types
package = types.ModuleType("trivet_platform")
package.__path__ = [sys.argv[1]]
sys.modules["trivet_platform"] = package
getattr(importlib.import_module("trivet_platform." + sys.argv[2]), sys.argv[3])(*sys.argv[4:])
"""


def standalone(module: str, function: str, *words: str) -> list[str]:
    """Return the command that calls a function of one of this package's modules with these words, as text.

    Neither the module nor what it imports may need more than the standard library: installed packages are not on
    the process's path, and neither is anything that the environment names.
    """
    return [sys.executable, "-I", "-S", "-c", _BOOT, str(Path(__file__).parent), module, function, *words]

"""Finds the faults: each public module of this folder holds one."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from trivet_lab.faults._fault import Fault, FaultError


@functools.cache
def find_faults() -> Mapping[str, type[Fault]]:
    """Return every fault by name."""
    found: dict[str, type[Fault]] = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name.startswith("_"):
            continue
        loaded = importlib.import_module(f"{__package__}.{module.name}")
        own = [kind for kind in vars(loaded).values() if getattr(kind, "__module__", "") == loaded.__name__]
        kinds = [kind for kind in own if isinstance(kind, type) and issubclass(kind, Fault)]
        if [kind.NAME for kind in kinds] != [module.name]:
            raise ImportError(f"{loaded.__name__} must hold exactly one fault, named {module.name}")
        found[module.name] = kinds[0]
    return MappingProxyType(found)


def fault_named(name: str) -> type[Fault]:
    """Return one fault.

    Raises:
        FaultError: there is none of that name; the sentence lists those there are.
    """
    known = find_faults()
    if name not in known:
        raise FaultError(f"there is no fault called {name!r}: there are {', '.join(known)}")
    return known[name]

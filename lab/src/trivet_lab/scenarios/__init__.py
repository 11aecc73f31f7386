"""The scenarios: each file of this folder that holds a ``SCENARIO`` is one. Adding a scenario adds a file."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from trivet_lab.scenarios.scenario import Chapter, Scenario, Variant

__all__ = ["Chapter", "Scenario", "Variant", "find_scenarios"]


def find_scenarios() -> dict[str, Scenario[Any]]:
    """Return every scenario by name."""
    found: dict[str, Scenario[Any]] = {}
    for module in pkgutil.iter_modules(__path__):
        scenario = getattr(importlib.import_module(f"{__name__}.{module.name}"), "SCENARIO", None)
        if isinstance(scenario, Scenario):
            found[scenario.name] = scenario
    return found

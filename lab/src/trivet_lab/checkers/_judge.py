"""Finds the checkers and runs them over one variant, in one pass over its history."""

from __future__ import annotations

import contextlib
import gc
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch, EvidenceError
from trivet_lab.evidence import Finding, VariantDirectory

T = TypeVar("T")


def all_checkers() -> dict[str, type[Checker]]:
    """Return every checker by name: each public module of this folder holds one class with a ``NAME``."""
    found: dict[str, type[Checker]] = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name.startswith("_"):
            continue
        loaded = importlib.import_module(f"{__package__}.{module.name}")
        own = [kind for kind in vars(loaded).values() if getattr(kind, "__module__", "") == loaded.__name__]
        kinds: list[type[Checker]] = [kind for kind in own if isinstance(kind, type) and hasattr(kind, "NAME")]
        if [kind.NAME for kind in kinds] != [module.name]:
            raise ImportError(f"{loaded.__name__} must hold exactly one checker, named {module.name}")
        found[module.name] = kinds[0]
    return found


class _Hearing:
    """One checker at work. What it raises becomes its ruling, so that a broken checker never passes for a green one."""

    def __init__(self, kind: type[Checker], evidence: Evidence) -> None:
        self._kind = kind
        self._ruling: Ruling | None = None
        self._checker = self._try(lambda: kind(evidence))

    def read(self, batch: Batch) -> None:
        if self._checker and not self._ruling:
            checker = self._checker
            self._try(lambda: checker.read(batch))

    def finish(self) -> Finding:
        ruling = self._try(self._checker.finish) if self._checker and not self._ruling else None
        return self.close(self._ruling or ruling or Ruling("unknown", "the checker came to no ruling"))

    def close(self, ruling: Ruling) -> Finding:
        return Finding(self._kind.NAME, self._kind.RULE, ruling.observed, ruling.verdict, ruling.witness)

    def _try(self, step: Callable[[], T]) -> T | None:
        try:
            return step()
        except EvidenceError as error:
            self._ruling = Ruling("unknown", str(error))
        except Exception as error:  # noqa: BLE001  - whatever it is, the rule was not shown to hold
            self._ruling = Ruling("unknown", f"the checker failed: {type(error).__name__}: {error}")
        return None


@contextlib.contextmanager
def _no_collector() -> Iterator[None]:
    """Pause Python's search for cycles: evidence has none, and each search would walk the indexes of the whole run."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def check_variant(directory: VariantDirectory, names: Sequence[str] | None = None) -> list[Finding]:
    """Run checkers over a variant's directory and return what each found, in the order of ``names``.

    Args:
        directory: what the variant left; any of it may be missing.
        names: the checkers to run, all if None.

    Raises:
        LookupError: a name is no checker's.
    """
    known = all_checkers()
    if strangers := sorted(set(names or ()) - set(known)):
        raise LookupError(f"no such checker: {', '.join(strangers)}; there are {', '.join(known)}")
    with _no_collector():
        return _hear(Evidence(directory), [known[name] for name in (known if names is None else names)])


def _hear(evidence: Evidence, kinds: Sequence[type[Checker]]) -> list[Finding]:
    hearings = [_Hearing(kind, evidence) for kind in kinds]
    try:
        for batch in evidence.history.batches():
            for hearing in hearings:
                hearing.read(batch)
    except (EvidenceError, OSError) as error:
        return [hearing.close(Ruling("unknown", str(error))) for hearing in hearings]
    return [hearing.finish() for hearing in hearings]

"""Counts what operations did."""

from __future__ import annotations

from .service import Scene
from .subject import Operation


def counted(operation: Operation, scene: Scene) -> int | None:
    """Return the figure that the operation's effect changes, or None if it has none."""
    if operation.effect is None:
        return None
    return int(scene.api.call("GET", scene.fill(operation.effect.path)).json()[operation.effect.field])


def assert_effects(operation: Operation, scene: Scene, before: int | None, times: int) -> None:
    """Check that the effect is there so often since the figure was counted."""
    if operation.effect is not None and before is not None:
        assert counted(operation, scene) == before + times * operation.effect.change

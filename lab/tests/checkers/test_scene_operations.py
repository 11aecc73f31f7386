"""What a scenario asks itself stands in the history, and no load generator counts it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from trivet_lab.checkers import check_variant
from trivet_lab.evidence import SCENE, Attempt, Operation, VariantDirectory, encode_operation


def whole(path: Path, clients: list[int]) -> str:
    """Return how a history of these clients' operations is judged of which the generator counted two."""
    directory = VariantDirectory(path).create()
    lines = [
        Operation(number, client, "seat_map", {}, None, "ok", {}, [Attempt(0, 1, 200)])
        for number, client in enumerate(clients)
    ]
    directory.history.write_bytes(b"".join(map(encode_operation, lines)))
    directory.load.write_bytes(msgspec.json.encode({"ended": {"ok": 2}}))
    [finding] = check_variant(directory, ["history_whole"])
    return finding.verdict


def test_only_the_crowds_are_counted(tmp_path: Path) -> None:
    assert whole(tmp_path, [SCENE, 1, 2, SCENE]) == "valid"
    assert whole(tmp_path, [3, 1, 2, SCENE]) == "unknown"
    assert whole(tmp_path, [SCENE, 1]) == "unknown"

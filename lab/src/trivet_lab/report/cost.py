"""What every part cost, from the census of a run: memory over time, and a row a part. Pure: no file is opened here."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from trivet_lab.report import series, words

MIB = 1024 * 1024
PARTS_MAX = 5
MEMORY, OTHERS = "memory_bytes", ("descriptors", "processes")

Census = Mapping[str, Mapping[str, series.Track]]
"""By series, then by part, what was counted when; memory in MiB."""


def census_of(samples: Iterable[tuple[int, str, str, float]]) -> dict[str, dict[str, series.Track]]:
    """Return the census among samples of all kinds: (at_ns, series, label, value)."""
    found: dict[str, list[tuple[int, str, int]]] = {}
    for at_ns, name, label, value in samples:
        if name == MEMORY or name in OTHERS:
            counted = round(value / MIB) if name == MEMORY else round(value)
            found.setdefault(name, []).append((at_ns, label, counted))
    return {name: series.tracks_from_samples(lines) for name, lines in found.items()}


def cost_chart(census: Census, end_ns: int) -> dict[str, Any] | None:
    """Return the memory of the parts that take most of it, None without a census."""
    tracks = census.get(MEMORY, {})
    most = sorted(tracks, key=lambda part: (-max(value for _, value in tracks[part]), part))[:PARTS_MAX]
    return dataclasses.asdict(series.stock_chart(tracks, most, end_ns)) if most else None


def cost_rows(census: Census, variant: str) -> list[dict[str, Any]]:
    """Return for each part what it had first, at most and last, of each series."""
    parts = sorted({part for tracks in census.values() for part in tracks})
    return [
        {
            "part": part,
            "variant": variant,
            "cells": [_cell(census.get(name, {}).get(part, [])) for name in (MEMORY, *OTHERS)],
        }
        for part in parts
    ]


def _cell(track: series.Track) -> dict[str, str]:
    if not track:
        return dict.fromkeys(("first", "most", "last"), "–")
    values = [value for _, value in track]
    told = {"first": values[0], "most": max(values), "last": values[-1]}
    return {name: words.number(value) for name, value in told.items()}

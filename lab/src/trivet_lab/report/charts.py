"""The data of the page's charts: every variant on the same instants and the same scales, so that they compare."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from trivet_lab.evidence import FaultRecord
from trivet_lab.report import series, words
from trivet_lab.report.cost import cost_chart
from trivet_lab.report.hall import SHAPES, STATES
from trivet_lab.report.leases import overlap_bands
from trivet_lab.report.source import RunRecord

ITEMS_MAX = 5


def chart_data(record: RunRecord) -> dict[str, Any]:
    """Return the series of all charts; plain values only, as the script reads them."""
    end_ns = max((_end_ns(variant.tally, variant.tracks) for variant in record.variants), default=0)
    items = series.choose_items((variant.tracks for variant in record.variants), ITEMS_MAX)
    width_s = series.bucket_width_s(end_ns)
    variants = []
    for variant in record.variants:
        chart = series.stock_chart(variant.tracks, items, end_ns)
        whole = variant.latency[1]
        variants.append(
            {
                "name": variant.name,
                "booked": variant.booked,
                "stock": dataclasses.asdict(chart) if chart.lines else None,
                "throughput": _throughput(variant.tally, width_s, end_ns) if variant.tally.operations else None,
                "latency": {"count": whole.count, "curve": whole.curve} if whole else None,
                "cost": cost_chart(variant.census, end_ns),
                "faults": fault_bands(variant.faults, end_ns),
                "hall": variant.hall,
                "overlaps": overlap_bands(variant.meetings),
                "restocks_s": sorted({round(at / series.NS_PER_S, 2) for at in variant.tally.restocks_ns})[:50],
            }
        )
    drawn = {"end_s": round(end_ns / series.NS_PER_S, 3), "items": items, "variants": variants}
    return drawn | {"states": STATES, "shapes": SHAPES}


def _throughput(tally: series.HistoryTally, width_s: float, end_ns: int) -> dict[str, Any]:
    return dataclasses.asdict(tally.throughput(width_s, end_ns))


def _end_ns(tally: series.HistoryTally, tracks: dict[str, series.Track]) -> int:
    """Return the last instant that this variant knows of, in a history or in a sample."""
    return max([tally.end_ns, *(track[-1][0] for track in tracks.values() if track)])


def fault_bands(faults: Sequence[FaultRecord], end_ns: int) -> list[dict[str, Any]]:
    """Return when each fault was in effect, in seconds; faults of one kind at one time are one band.

    One that was never healed lasts until the end; one that never took effect has no band, only its row in the table.
    """
    bands: list[dict[str, Any]] = []
    for fault in sorted(faults, key=lambda fault: fault.effective_ns or 0):
        if fault.effective_ns is None:
            continue
        begin_s = round(fault.effective_ns / series.NS_PER_S, 3)
        end_s = round((end_ns if fault.healed_ns is None else fault.healed_ns) / series.NS_PER_S, 3)
        before = bands[-1] if bands else None
        if before and before["fault"] == fault.fault and begin_s <= before["to_s"]:
            before["targets"].append(fault.target)
            before["to_s"] = max(before["to_s"], end_s)
        else:
            bands.append({"fault": fault.fault, "targets": [fault.target], "from_s": begin_s, "to_s": end_s})
    return [
        {"label": f"{band['fault']} {words.listed(band['targets'])}", "from_s": band["from_s"], "to_s": band["to_s"]}
        for band in bands
    ]


def stock_note(variant: dict[str, Any]) -> dict[str, str] | None:
    """Return in words how low the stock went in one variant, None if nothing is known of it."""
    if not variant["stock"]:
        return None
    lowest = min(line["lowest"] for line in variant["stock"]["lines"])
    if lowest < 0:
        return {"mark": "✗", "tone": words.TONES["✗"], "words": f"fell to {words.number(lowest)}"}
    if not variant["booked"]:
        return {"mark": "?", "tone": words.TONES["?"], "words": "no sample below zero"}
    return {"mark": "✓", "tone": words.TONES["✓"], "words": "never below zero"}


def stock_rows(drawn: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the stock charts say in figures: each drawn item's lowest and last stock in each variant."""
    rows = []
    for item in drawn["items"]:
        cells = []
        for variant in drawn["variants"]:
            lines = variant["stock"]["lines"] if variant["stock"] else []
            line = next((line for line in lines if line["label"] == item), None)
            cells.append(
                {
                    "variant": variant["name"],
                    "lowest": words.number(line["lowest"]) if line else "–",
                    "last": words.number(line["last"]) if line else "–",
                    "below": bool(line and line["lowest"] < 0),
                }
            )
        rows.append({"item": item, "cells": cells})
    return rows

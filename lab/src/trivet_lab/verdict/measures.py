"""The figures of a variant, from its own files: outcomes, acknowledged purchases a second, latency, the load's cost."""

from __future__ import annotations

from collections import Counter

import msgspec

from trivet_lab.evidence import Latency, Load, VariantDirectory, read_history
from trivet_lab.latency import merge_hlog
from trivet_lab.load import read_summary


class Measures(msgspec.Struct, frozen=True):
    """What a variant's crowd met."""

    outcomes: dict[str, int]
    per_s: float
    latency_ms: Latency
    load: Load


def measure(directory: VariantDirectory) -> Measures:
    """Return a variant's figures; every one is 0 where its file is missing, since a checker says so already."""
    outcomes: Counter[str] = Counter()
    acknowledged = 0
    first_ns, last_ns = 0, 0
    if directory.history.exists():
        for operation in read_history(directory.history):
            outcomes[str(operation.status)] += 1
            if operation.f != "buy":
                continue
            first_ns = min(first_ns or operation.call_ns, operation.call_ns)
            last_ns = max(last_ns, operation.return_ns)
            acknowledged += operation.outcome == "ok"
    seconds = (last_ns - first_ns) / 1e9
    return Measures(
        outcomes=dict(sorted(outcomes.items())),
        per_s=round(acknowledged / seconds, 1) if seconds > 0 else 0.0,
        latency_ms=_latency(directory),
        load=_load(directory),
    )


def _latency(directory: VariantDirectory) -> Latency:
    log = directory.latency / "buy.hlog"
    if not log.exists():
        return Latency(p50=0.0, p99=0.0, max=0.0)
    whole = merge_hlog(log)
    return Latency(p50=whole.percentile(50) / 1e3, p99=whole.percentile(99) / 1e3, max=whole.max / 1e3)


def _load(directory: VariantDirectory) -> Load:
    if not directory.load.exists():
        return Load(lateness_ms_p99=0.0, cpu_share=0.0)
    summary = read_summary(directory.load)
    return Load(lateness_ms_p99=summary.lateness_ms.p99, cpu_share=summary.cpu_share)

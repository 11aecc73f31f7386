"""The figures of a variant, from its own files: outcomes, what was acknowledged a second, latency, the load's cost."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

import msgspec

from trivet_lab.evidence import Latency, Load, Operation, VariantDirectory
from trivet_lab.latency import HlogError, merge_hlogs
from trivet_lab.load import main_operations, names_of_operations, read_summary


class Measures(msgspec.Struct, frozen=True):
    """What a variant's crowd met."""

    outcomes: dict[str, int]
    per_s: float
    latency_ms: Latency
    load: Load


def measure(directory: VariantDirectory) -> Measures:
    """Return a variant's figures; what a file does not tell, being missing or damaged, is 0.

    No figure is a verdict: that evidence is damaged is for the checkers to say, and must not keep them from saying it.
    """
    main = main_operations(directory.plan)
    outcomes: Counter[str] = Counter()
    named_by = names_of_operations(directory.plan)
    acknowledged: set[object] = set()  # by key or name: who asks again gets nothing more
    first_ns, last_ns = 0, 0
    for operation in _readable(directory):
        outcomes[str(operation.status)] += 1
        if main is not None and operation.f not in main:
            continue
        first_ns = min(first_ns or operation.call_ns, operation.call_ns)
        last_ns = max(last_ns, operation.return_ns)
        if operation.outcome == "ok":
            acknowledged.add(_identity(operation, named_by.get(operation.f, ())))
    seconds = (last_ns - first_ns) / 1e9
    return Measures(
        outcomes=dict(sorted(outcomes.items())),
        per_s=round(len(acknowledged) / seconds, 1) if seconds > 0 else 0.0,
        latency_ms=_latency(directory, main),
        load=_load(directory),
    )


def _identity(operation: Operation, named_by: Sequence[str]) -> object:
    """Return what two operations share if they asked for the same."""
    if operation.key is not None:
        return operation.key
    return (operation.f, *(operation.args.get(name) for name in named_by)) if named_by else operation.op


def _readable(directory: VariantDirectory) -> Iterator[Operation]:
    if not directory.history.exists():
        return
    decode = msgspec.json.Decoder(Operation).decode
    with directory.history.open("rb") as lines:
        for line in lines:
            with contextlib.suppress(msgspec.DecodeError):
                operation = decode(line)
                if operation.attempts:
                    yield operation


def _latency(directory: VariantDirectory, main: Collection[str] | None) -> Latency:
    try:
        whole = merge_hlogs(directory.latency, main)
    except (HlogError, UnicodeDecodeError):
        return Latency(p50=0.0, p99=0.0, max=0.0)
    return Latency(p50=whole.percentile(50) / 1e3, p99=whole.percentile(99) / 1e3, max=whole.max / 1e3)


def _load(directory: VariantDirectory) -> Load:
    try:
        summary = read_summary(directory.load)
    except (FileNotFoundError, msgspec.DecodeError):
        return Load(lateness_ms_p99=0.0, cpu_share=0.0)
    return Load(lateness_ms_p99=summary.lateness_ms.p99, cpu_share=summary.cpu_share)

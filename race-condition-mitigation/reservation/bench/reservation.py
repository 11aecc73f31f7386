"""What holding a seat costs: a hold and its release beside lock libraries and bare commands, and a hold through HTTP.

    ./trivet bench reservation [--quick]

At library level both sides are one Go process on one Valkey, which is emptied before each turn. Ours runs the scripts
that the service runs, by the client that the service has: beside the lock, a hold leaves a record that answers repeats
for an hour, a place in the index of what expires, and an entry in the feed of changes. A peer takes a lock and gives it
back. Through HTTP one replica holds seats beside a process with the same middleware whose `POST` does nothing.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from _ground import SEATS, Ground, Programs, Replica, Side

from trivet_lab.bench import Ceiling, Measured, against_bound, alternate, bench_main, median_ratio
from trivet_platform import Supervisor

CALLERS = 64
PEERS = {
    "raw": "`SET NX PX` and a script that compares and deletes, by the same client",
    "redislock": "bsm/redislock on go-redis",
    "redsync": "go-redsync with one node on go-redis",
}
BARS = {(1, "redislock"): 0.9, (1, "raw"): 0.9, (CALLERS, "raw"): 0.6}
HTTP_BAR = 0.6
P99_FACTOR_MAX = 4.0
SHARE_OF_PEAK = 0.7
UNPROMISED = "no bar was promised: the peer's guarantees are fewer."
WHY_CYCLES = (
    "Valkey's main thread is what a cycle waits for. A hold runs five commands in its script and a release six, "
    "where the peer's need one and two. What they write besides the lock (the record 6 µs, the index 5 to 7, the "
    "feed 6 to 9, of about 40 a cycle, by leaving each out) is slow on a server that has just woken up, and costs"
    " half on a busy one. Scripts that do nothing, with the same keys and arguments, reach 0.93. An index that is"
    " written later, from the feed, would give 0.06 with 64 callers, and nothing that could be told from chance "
    "with one."
)
WHY_HTTP = (
    "Of the service's own processor time a hold's handler takes a fifth (8 % tells the audit log, 8 % is the "
    "desk, 2 % the longer answer) and the writes to Valkey an eighth. Valkey's main thread, which the route that "
    "does nothing does not need, has the same two processors."
)
WHY_P99 = "The generator, the replica and Valkey share two processors: what waits for one of them waits for its turn."


class Plan:
    """How long and how often, by whether only a glance is wanted."""

    def __init__(self, *, quick: bool) -> None:
        self.pairs = 2 if quick else 12
        self.seconds = 0.1 if quick else 0.5
        self.http_pairs = 1 if quick else 8
        self.http_seconds = 0.5 if quick else 2
        self.connections = (32,) if quick else (8, 32, 64)


def unless_met(pairs: list[tuple[float, float]], bar: float, why: str, *, bound: bool = False) -> str:
    """Return why a bar is missed, nothing if it is not."""
    return "" if median_ratio(pairs, bound=bound) >= bar else why


def middle(sides: list[Side], figure: str) -> float:
    """Return the median of a figure over a side's turns."""
    return statistics.median(getattr(side, figure) for side in sides)


def cycles(programs: Programs, ground: Ground, plan: Plan, callers: int, seats: int, peer: str) -> Measured:
    """Measure hold and release beside a peer."""
    words: dict[str, object] = {"callers": callers, "seats": seats, "pairs": plan.pairs, "seconds": plan.seconds}
    pairs = programs.cycles(ground.valkey, peer, words)
    ours, theirs = [mine for mine, _ in pairs], [other for _, other in pairs]
    rates = [(mine.per_s, other.per_s) for mine, other in pairs]
    bar = BARS.get((callers, peer))
    where = "one seat" if seats == 1 else f"{seats:,} seats"
    who = "one caller with one connection" if callers == 1 else f"{callers} callers at once"
    figures = {
        "99th percentile of a cycle, µs": f"ours {middle(ours, 'p99_us'):.0f}, peer {middle(theirs, 'p99_us'):.0f}",
        "processor time of Valkey's main thread a cycle, µs": (
            f"ours {middle(ours, 'server_us'):.0f}, peer {middle(theirs, 'server_us'):.0f}"
        ),
    }
    if callers > 1 and seats == 1:
        figures["refused a second"] = (
            f"ours {middle(ours, 'refused_per_s'):,.0f}, peer {middle(theirs, 'refused_per_s'):,.0f}"
        )
    return Measured(
        bench=f"reservation-{'one' if seats == 1 else 'many'}-{callers}-{peer}",
        unit="cycles/s",
        compares=f"Hold and release of {where} by {who}: ours by the service's scripts; peer {PEERS[peer]}.",
        pairs=rates,
        bar=bar,
        why=UNPROMISED if bar is None else unless_met(rates, bar, WHY_CYCLES),
        figures=figures,
    )


def over_http(programs: Programs, serving: Replica, idling: Replica, plan: Plan) -> list[Measured]:
    """Measure holds through HTTP beside a POST that does nothing: as many as go, and how long they take below that."""
    tried = {number: serving.send(number, plan.http_seconds).per_s for number in plan.connections}
    best = max(tried, key=lambda number: tried[number])
    pairs = alternate(
        lambda: serving.send(best, plan.http_seconds).per_s,
        lambda: idling.send(best, plan.http_seconds).per_s,
        plan.http_pairs,
    )
    peak = statistics.median(mine for mine, _ in pairs)
    ceiling = programs.ceiling_per_s(connections=best, seconds=plan.http_seconds)
    rate = SHARE_OF_PEAK * peak
    waits: list[tuple[float, float]] = []

    def factor() -> float:
        sides = [serving, idling]
        if len(waits) % 2:
            sides.reverse()
        p99s = {replica: replica.send(CALLERS, plan.http_seconds, rate).p99_ms for replica in sides}
        waits.append((p99s[serving], p99s[idling]))
        return waits[-1][0] / waits[-1][1]

    factors = against_bound(factor, P99_FACTOR_MAX, plan.http_pairs)
    shown = ", ".join(f"{number}: {per_s:,.0f}" for number, per_s in tried.items())
    ours_ms, theirs_ms = (statistics.median(wait[side] for wait in waits[1:]) for side in (0, 1))
    return [
        Measured(
            bench="reservation-http",
            unit="requests/s",
            compares=(
                f"`POST /seat-holds` by {best} connections with tokens, each a seat of {SEATS:,} for a second: ours by "
                "one replica; peer a process with the same middleware and body whose route does nothing."
            ),
            pairs=pairs,
            bar=HTTP_BAR,
            why=unless_met(pairs, HTTP_BAR, WHY_HTTP),
            ceiling=Ceiling(per_s=ceiling, figure_per_s=max(theirs for _, theirs in pairs)),
            figures={"ours a second, by connections": shown},
        ),
        Measured(
            bench="reservation-p99",
            unit="times",
            compares=(
                "How many times the 99th percentile of a `POST` that does nothing that of a hold is, one after the "
                f"other, in open loop at {rate:,.0f}/s, {SHARE_OF_PEAK:.0%} of the peak of holds."
            ),
            pairs=factors,
            bound=True,
            why=unless_met(factors, 1.0, WHY_P99, bound=True),
            ceiling=Ceiling(per_s=ceiling, figure_per_s=rate),
            figures={"99th percentile, ms": f"hold {ours_ms:.2f}, nothing {theirs_ms:.2f}"},
        ),
    ]


def measure(*, quick: bool) -> list[Measured]:
    """Start the servers, and measure one thing after the other."""
    plan = Plan(quick=quick)
    with tempfile.TemporaryDirectory() as folder, Supervisor(Path(folder)) as supervisor:
        (built := Path(folder) / "programs").mkdir()
        programs = Programs(built)
        ground = Ground(supervisor, programs, Path(folder), CALLERS)
        found = [
            cycles(programs, ground, plan, callers, seats, peer)
            for callers in (1, CALLERS)
            for seats in (1, SEATS)
            for peer in PEERS
        ]
        return found + over_http(programs, ground.serving(), ground.idling(), plan)


if __name__ == "__main__":
    bench_main(__file__, measure)

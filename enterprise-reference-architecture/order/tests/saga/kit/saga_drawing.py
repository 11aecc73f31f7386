"""The saga's table drawn: as edges between the statuses that everybody sees, and as the diagram in the README.

    .venv/bin/python enterprise-reference-architecture/order/tests/saga/kit/saga_drawing.py

writes the diagram into the README anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from trivet_order.application.saga import ENDS, TABLE, SagaState
from trivet_order.domain import TRANSITIONS, OrderStatus, Step

README = Path(__file__).resolve().parents[3] / "README.md"
OPENING, CLOSING = "<!-- drawn from transitions.py -->\n", "<!-- until here -->\n"


class Edge(NamedTuple):
    """From one status of an order to another, and what people call it."""

    start: str
    end: str
    label: str


def edges() -> set[Edge]:
    """Return every way from one status to another that a saga can take its order.

    An order is cancelled when everything was released; what that is called is what began the releasing.
    """
    found: set[Edge] = set()
    begin = (SagaState.CREATED, OrderStatus.ORDER_CREATED, "")
    queue, seen = [begin], {begin}
    while queue:
        state, status, because = queue.pop()
        for row in TABLE:
            if row.state is not state or row.next is state:
                continue
            reached = status
            for step, label in row.moves:
                before, reached = reached, TRANSITIONS[reached, step]
                name = label if step is not Step.CANCEL else because if state is SagaState.RELEASING else row.label
                found.add(Edge(before.value, reached.value, name))
            following = (row.next, reached, row.label if row.next is SagaState.RELEASING else "")
            if following not in seen:
                seen.add(following)
                queue.append(following)
    return found


def diagram() -> str:
    """Return the saga's states and what leads from one to another, without what leads back to the same one."""
    lines = ["stateDiagram-v2", f"    [*] --> {SagaState.CREATED}"]
    for state in SagaState:
        for end in SagaState:
            labels = [row.label for row in TABLE if (row.state, row.next) == (state, end) and state is not end]
            lines += [f"    {state} --> {end}: {label}" for label in labels]
    lines += [f"    {state} --> [*]" for state in SagaState if state in ENDS]
    return "\n".join(lines) + "\n"


def block() -> str:
    """Return what stands in the README between the two marks."""
    return f"{OPENING}\n```mermaid\n{diagram()}```\n\n{CLOSING}"


def write() -> None:
    """Draw it into the README."""
    text = README.read_text()
    before, _, rest = text.partition(OPENING)
    after = rest.partition(CLOSING)[2]
    README.write_text(before + block() + after)


if __name__ == "__main__":
    write()

"""A right order service in memory: its database, the topic that its relay fills, and the timeline that is made of it.

Requests are two steps with anything between them, as transactions are: the first reads, the second commits. Subclasses
break one thing each, where the method's name says it.
"""

import itertools
import json
from typing import Any

Row = dict[str, Any]
Answer = tuple[int, Row]
PARTITIONS, SHARDS = 3, 2
CREATED, CANCELLED = "Order Created", "Order Cancelled"


def problem(status: int, code: str) -> Answer:
    return status, {"type": f"urn:trivet:problem:{code}", "code": code, "status": status}


def number_of(text: str) -> int:
    return sum(map(ord, text))


class Orders:
    """Executes requests. ``outbox`` is in the order of positions, which are drawn before their transaction commits."""

    def __init__(self) -> None:
        self.orders: dict[str, Row] = {}
        self.keys: list[Row] = []
        self.outbox: list[Row] = []
        self.topic: list[list[Row]] = [[] for _ in range(PARTITIONS)]
        self.timeline: list[Row] = []
        self.parked: list[Row] = []
        self.inbox: set[str] = set()
        self.read_up_to = [0] * PARTITIONS
        self.numbers = itertools.count(1)
        self.positions = itertools.count(1)
        self.created: dict[str, Row] = {}

    # what the API does

    def begin(self, f: str, args: Row, key: str | None) -> Row:
        """Read what is there, and draw what a transaction draws before it commits."""
        if f in ("order", "another"):
            return {"id": f"0190-{next(self.numbers):06d}", "position": next(self.positions), "key": key, "f": f}
        order = self.orders.get(args.get("order_id", ""))
        return {"f": f, "read": dict(order) if order else None, "position": next(self.positions)}

    def finish(self, begun: Row, args: Row) -> Answer:
        """Decide, and commit."""
        if begun["f"] in ("order", "another"):
            return self.create(begun, args)
        if begun["f"] == "list":
            return self.page(args)
        order = self.orders.get(args["order_id"])
        if order is None or not self.may(args, order):
            return problem(404, "not-found")
        what = args.get("what", begun["f"])
        if what == "cancel":
            return self.cancel(begun, order)
        return {"look": self.look, "follow": self.follow, "timeline": self.read}[what](order, args.get("after", 0))

    def look(self, order: Row, _: int) -> Answer:
        return 200, self.view(order)

    def follow(self, order: Row, after: int) -> Answer:
        entries = self.entries(order["id"], after)
        events = [{"id": str(entry["version"]), "event": "entry", "data": entry} for entry in entries]
        return 200, {"events": events, "ended": "left"}

    def read(self, order: Row, _: int) -> Answer:
        entries = self.entries(order["id"], 0)
        return 200, {"entries": entries, "version": entries[-1]["version"] if entries else 0}

    def may(self, args: Row, order: Row) -> bool:
        return bool(args["customer_id"] == order["customer_id"])

    def known(self, args: Row, key: str | None) -> Row | None:
        return next((row for row in self.keys if (row["customer_id"], row["key"]) == (args["customer_id"], key)), None)

    def create(self, begun: Row, args: Row) -> Answer:
        payload = [args["account_id"], args["lines"]]
        if known := self.known(args, begun["key"]):
            return (202, self.replay(known)) if known["payload"] == payload else problem(422, "idempotency-key-reuse")
        if not self.accepts(args):
            return problem(400, "invalid-request")
        order = {"id": begun["id"], "customer_id": args["customer_id"], "account_id": args["account_id"]}
        order |= {"status": CREATED, "version": 1, "lines": args["lines"], "cancellation_requested": False}
        self.keys.append(
            {"customer_id": args["customer_id"], "key": begun["key"], "order_id": order["id"], "payload": payload}
        )
        data = {"customer_id": args["customer_id"], "account_id": args["account_id"], "lines": self.told_lines(args)}
        self.write(order, "OrderCreated", data, begun["position"])
        self.created[order["id"]] = dict(order)
        return 202, self.view(order)

    def accepts(self, args: Row) -> bool:
        del args
        return True

    def told_lines(self, args: Row) -> list[Row]:
        return [{"quantity": 1, **line} for line in args["lines"]]

    def replay(self, known: Row) -> Row:
        return self.view(self.created[known["order_id"]])

    def write(self, order: Row, kind: str, data: Row, position: int) -> None:
        """Store an order with its event."""
        self.orders[order["id"]] = order
        event = {"event_id": f"e-{order['id']}-{order['version']}", "order_id": order["id"], "type": kind}
        event |= {"order_version": order["version"], "data": data, "position": position, "published": False}
        self.outbox.append(event)
        self.outbox.sort(key=lambda each: each["position"])

    def cancel(self, begun: Row, order: Row) -> Answer:
        order = self.compared(begun, order)
        if order["status"] == CANCELLED:
            return 202, self.view(order)
        changed = order | {"status": CANCELLED, "version": order["version"] + 1}
        self.write(changed, "OrderCancelled", {"reason": "the customer cancelled it"}, begun["position"])
        return 202, self.view(changed)

    def compared(self, begun: Row, order: Row) -> Row:
        """Return what the change is made to: whoever finds another version than he read reads again."""
        del begun
        return order

    def view(self, order: Row) -> Row:
        return json.loads(json.dumps(order | {"total": None, "cancel_reason": None}))

    def page(self, args: Row) -> Answer:
        own = sorted(self.listed(args), key=lambda order: order["id"], reverse=True)
        below = [order for order in own if order["id"] < args.get("order_id", "~")]
        shown = below[: args["limit"]]
        more = len(below) > len(shown)
        return 200, {"orders": [self.view(order) for order in shown], "next": shown[-1]["id"] if more else None}

    def listed(self, args: Row) -> list[Row]:
        return [order for order in self.orders.values() if order["customer_id"] == args["customer_id"]]

    def entries(self, order_id: str, after: int) -> list[Row]:
        """Return the timeline of an order, as far as nothing is missing in between."""
        rows = {row["order_version"]: row for row in self.timeline if row["order_id"] == order_id}
        found = []
        while (row := rows.get(after + 1)) is not None:
            after += 1
            found.append({"version": after, "event_id": row["event_id"], "type": row["type"], "data": {}})
        return found

    # what the relay does

    def claim(self, shard: int) -> list[Row]:
        """Return what is to be sent, in order."""
        waiting = [row for row in self.outbox if not row["published"] and number_of(row["order_id"]) % SHARDS == shard]
        return waiting[:4]

    def relay(self, shard: int, dies: str) -> None:
        """Send a batch of one shard and mark it, unless it dies before."""
        batch = self.claim(shard)
        if dies == "before_send":
            return
        for row in batch:
            self.send(row)
        if dies != "before_mark":
            for row in batch:
                row["published"] = True

    def send(self, row: Row) -> None:
        body = {"type": row["type"], "version": 1, "event_id": row["event_id"], "aggregate_id": row["order_id"]}
        body |= {"aggregate_version": row["order_version"], "occurred_on": "now", "traceparent": None}
        body["data"] = row["data"]
        log = self.topic[self.partition(row)]
        headers = [["event-id", row["event_id"]], ["type", row["type"]]]
        record = {"partition": self.partition(row), "offset": len(log), "at_ms": 0, "key": row["order_id"]}
        log.append(record | {"value": json.dumps(body), "headers": headers, "encoding": "utf-8"})

    def partition(self, row: Row) -> int:
        return number_of(row["order_id"]) % PARTITIONS

    # what the projector does

    def project(self, partition: int, dies: str) -> None:
        """Take a batch of one partition into the timeline, unless it dies before."""
        begin = self.read_up_to[partition]
        batch = self.topic[partition][begin : begin + 4]
        if dies == "before_commit":
            return
        for record in batch:
            self.take(record)
        if dies != "before_offsets":
            self.read_up_to[partition] = begin + len(batch)

    def take(self, record: Row) -> None:
        told = json.loads(record["value"])
        if self.is_new(told["event_id"]):
            self.inbox.add(told["event_id"])
            row = {"event_id": told["event_id"], "order_id": told["aggregate_id"], "type": told["type"]}
            self.timeline.append(row | {"order_version": told["aggregate_version"]})

    def is_new(self, event_id: str) -> bool:
        return event_id not in self.inbox

    def is_at_rest(self) -> bool:
        read = all(len(log) == up_to for log, up_to in zip(self.topic, self.read_up_to, strict=True))
        return read and not any(self.claim(shard) for shard in range(SHARDS))

    def ledgers(self) -> dict[str, list[Row]]:
        orders = [
            {"order_id": row["id"], **{name: row[name] for name in ("customer_id", "status", "version")}}
            for row in self.orders.values()
        ]
        columns = ("event_id", "order_id", "order_version", "type", "published")
        outbox = [{name: row[name] for name in columns} for row in self.outbox]
        keys = [{name: row[name] for name in ("customer_id", "key", "order_id")} for row in self.keys]
        found = {"orders": orders, "outbox": outbox, "timeline": self.timeline, "parked": self.parked, "keys": keys}
        return json.loads(json.dumps(found))

"""Order services that each lack one guard."""

import itertools
import runpy
from pathlib import Path
from typing import Any

MODEL = runpy.run_path(str(Path(__file__).with_name("orders_model.py")))
Orders, problem, number_of, SHARDS = (MODEL[name] for name in ("Orders", "problem", "number_of", "SHARDS"))


class PublishesFirst(Orders):
    """Sends an order's event before it commits."""

    def begin(self, f: str, args: Any, key: str | None) -> Any:
        begun = super().begin(f, args, key)
        if f == "order" and self.known(args, key) is None:
            data = {"customer_id": args["customer_id"], "account_id": args["account_id"]}
            event = {"event_id": f"e-{begun['id']}-1", "order_id": begun["id"], "type": "OrderCreated"}
            self.send(event | {"order_version": 1, "data": data | {"lines": self.told_lines(args)}})
        return begun


class MarksFirst(Orders):
    """Marks a batch before it is acknowledged."""

    def relay(self, shard: int, dies: str) -> None:
        batch = self.claim(shard)
        for row in batch:
            row["published"] = True
        if dies != "before_send":
            for row in batch:
                self.send(row)


class NoInbox(Orders):
    """Takes whatever comes, as often as it comes."""

    def is_new(self, event_id: str) -> bool:
        del event_id
        return True


class OffsetsFirst(Orders):
    """Says that a batch was read before its effects last."""

    def project(self, partition: int, dies: str) -> None:
        batch = self.topic[partition][self.read_up_to[partition] :][:4]
        self.read_up_to[partition] += len(batch)
        if dies != "before_commit":
            for record in batch:
                self.take(record)


class NoVersionCheck(Orders):
    """Writes what it made of an order, whatever somebody else made of it meanwhile."""

    def compared(self, begun: Any, order: Any) -> Any:
        return begun["read"] or order


class ByRow(Orders):
    """Lets relays take rows from each other's orders, so that the later event may be sent first."""

    def relay(self, shard: int, dies: str) -> None:
        waiting = [row for row in self.outbox if not row["published"]]
        for row in waiting[shard::SHARDS]:
            if dies != "before_send":
                self.send(row)
            row["published"] = dies not in ("before_send", "before_mark")


class ByCursor(Orders):
    """Reads on from the last position, and never sees what was committed behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.last = [0] * SHARDS

    def claim(self, shard: int) -> Any:
        return [row for row in super().claim(shard) if row["position"] > self.last[shard]]

    def relay(self, shard: int, dies: str) -> None:
        batch = self.claim(shard)
        super().relay(shard, dies)
        if batch and not dies:
            self.last[shard] = batch[-1]["position"]


class NoKeys(Orders):
    """Does not look whether a key is known."""

    def known(self, args: Any, key: str | None) -> None:
        del args, key


class AnyPayload(Orders):
    """Answers whoever uses a key again, whatever is asked for."""

    def create(self, begun: Any, args: Any) -> Any:
        known = self.known(args, begun["key"])
        return (202, self.replay(known)) if known else super().create(begun, args)


class ReplaysNow(Orders):
    """Tells a repeat how the order stands now."""

    def replay(self, known: Any) -> Any:
        return self.view(self.orders[known["order_id"]])


class Unowned(Orders):
    """Never asks whose order it is."""

    def may(self, args: Any, order: Any) -> bool:
        del args, order
        return True


class Forbids(Orders):
    """Says of another's order that it is another's."""

    def finish(self, begun: Any, args: Any) -> Any:
        answer = super().finish(begun, args)
        known = args.get("order_id") in self.orders
        return problem(403, "forbidden") if known and answer[0] == 404 else answer


class Scatters(Orders):
    """Sends each event to the partition of its own id."""

    def partition(self, row: Any) -> int:
        return int(number_of(row["event_id"]) % len(self.topic))


class Leaping(Orders):
    """Shows of a timeline what is there, whatever is missing before it."""

    def take(self, record: Any) -> None:
        if record["offset"] % 3:
            super().take(record)

    def entries(self, order_id: str, after: int) -> Any:
        rows = [row for row in self.timeline if row["order_id"] == order_id and row["order_version"] > after]
        return [{"version": row["order_version"], "event_id": row["event_id"], "type": row["type"]} for row in rows]


class Stale(Orders):
    """Answers every other look from what it read before."""

    def __init__(self) -> None:
        super().__init__()
        self.cache: dict[str, Any] = {}
        self.looks = itertools.count()

    def finish(self, begun: Any, args: Any) -> Any:
        answer = super().finish(begun, args)
        if begun["f"] == "look" and answer[0] == 200 and next(self.looks) % 2:
            return 200, self.created[args["order_id"]] | {"total": None, "cancel_reason": None}
        return answer


class Shrugging(Orders):
    """Accepts every third cancellation and does nothing about it."""

    def cancel(self, begun: Any, order: Any) -> Any:
        if begun["position"] % 3:
            return super().cancel(begun, order)
        return 202, self.view(order)


class Acknowledging(Orders):
    """Tells every third customer of an order that it never wrote."""

    def write(self, order: Any, kind: str, data: Any, position: int) -> None:
        if position % 3 or kind != "OrderCreated":
            super().write(order, kind, data, position)


class Refusing(Orders):
    """Writes every fifth order and refuses it."""

    def create(self, begun: Any, args: Any) -> Any:
        answer = super().create(begun, args)
        return problem(400, "invalid-request") if begun["position"] % 5 == 0 else answer


class Forgetful(Orders):
    """Lists every order but the newest."""

    def listed(self, args: Any) -> Any:
        return sorted(super().listed(args), key=lambda order: order["id"])[:-1]


class Parking(Orders):
    """Parks every seventh record."""

    def take(self, record: Any) -> None:
        if record["offset"] % 7 == 6:
            where = {"topic": "order.events", "partition": record["partition"], "record_offset": record["offset"]}
            self.parked.append(where | {"reason": "no reason", "replayed": False})
        else:
            super().take(record)


class Retelling(Orders):
    """Tells of one unit, whatever was ordered."""

    def told_lines(self, args: Any) -> Any:
        return [{**line, "quantity": 1} for line in super().told_lines(args)]

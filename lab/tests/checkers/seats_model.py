"""A right reservation in memory, as its design has it: a Valkey that forgets, and a PostgreSQL that does not.

Requests come one at a time, each at an instant of the server's clock; a pin is two steps with anything between them.
Subclasses break one thing each, where the method's name says it.
"""

import itertools
import json
from typing import Any

Row = dict[str, Any]
Answer = tuple[int, Row]
MS = 1_000_000
TTL_MAX_MS, LIFETIME_MAX_MS, KEPT_MS, GRACE_MS = 4_000, 9_000, 60_000, 400
CURRENCY = "EUR"
PLACE = ("show_id", "subject", "id")


def problem(status: int, code: str, **members: Any) -> Answer:
    return status, {"type": f"urn:trivet:problem:{code}", "code": code, "status": status, **members}


class Reservation:
    """Executes requests. ``claims`` and ``keys`` are Valkey's, ``taken`` and ``settlements`` PostgreSQL's."""

    def __init__(self, shows: dict[str, dict[str, int]]) -> None:
        self.shows = shows
        self.claims: dict[Any, Row] = {}
        self.keys: dict[tuple[str, str], Row] = {}
        self.answers: dict[Any, tuple[int, Any, Answer]] = {}
        self.by_seat: dict[tuple[str, str], list[Row]] = {}
        self.by_owner: dict[tuple[str, ...], list[Row]] = {}
        self.settlements: dict[Any, Row] = {}
        self.numbers = itertools.count(1)
        self.fences = itertools.count(1)
        self.asked: dict[Any, list[str]] = {}
        self.epoch = 1

    @property
    def taken(self) -> list[Row]:
        return [row for rows in self.by_seat.values() for row in rows]

    # what Valkey does

    def wipe(self) -> None:
        self.claims, self.keys, self.answers = {}, {}, {}
        self.epoch += 1
        self.reload()

    def reload(self) -> None:
        for row in self.taken:
            name = (row["show_id"], row["subject"], row["hold_id"])
            mine = [other["seat_id"] for other in self.taken if other["order_id"] == row["order_id"]]
            self.claims[name] = {"state": row["state"], "token": "", "seats": mine, "until": 0}
            self.set_keys(name, self.claims[name])

    def standing(self, show_id: str, seat: str, at: int) -> Row | None:
        """Return who has a seat's key now."""
        key = self.keys.get((show_id, seat))
        return key if key and (key["until"] is None or key["until"] > at) else None

    def claim(self, payload: Row, at: int) -> Row | None:
        """Return the record of a hold, its state as it is now."""
        claim = self.claims.get(tuple(payload[name] for name in PLACE))
        if claim and claim["state"] == "held" and claim["until"] <= at:
            claim["state"] = "expired"
        return claim

    def fits(self, claim: Row, payload: Row) -> bool:
        return bool(claim["token"] == payload["token"])

    def keep_answer(self, f: str) -> bool:
        return f == "hold"

    def hold(self, payload: Row, at: int) -> Answer:
        name = tuple(payload[field] for field in PLACE)
        known = self.answers.get(name)
        if known and (known[2][0] == 201 or at < known[0] + KEPT_MS * MS):
            return known[2] if known[1] == payload["seats"] else problem(422, "idempotency-key-reuse")
        if self.has_tombstone(payload):
            return problem(409, "hold-released")
        taken = self.try_seats(payload, at)
        answer = problem(409, "already-held", seats=taken) if taken else self.grant(payload, at)
        if self.keep_answer("hold"):
            self.answers[name] = at, payload["seats"], answer
        return answer

    def has_tombstone(self, payload: Row) -> bool:
        claim = self.claims.get(tuple(payload[name] for name in PLACE))
        return claim is not None and claim["state"] == "released"

    def try_seats(self, payload: Row, at: int) -> list[str]:
        """Return the seats that are taken; with none of them nothing is set yet."""
        return [seat for seat in payload["seats"] if self.standing(payload["show_id"], seat, at)]

    def grant(self, payload: Row, at: int) -> Answer:
        name = tuple(payload[field] for field in PLACE)
        ttl_ms = min(payload["ttl_ms"], TTL_MAX_MS)
        claim = {"token": f"t{next(self.numbers)}", "state": "held", "seats": payload["seats"], "granted": at}
        claim["until"] = self.ends(at, ttl_ms, payload)
        self.claims[name] = claim
        self.asked[name] = payload["seats"]
        self.set_keys(name, claim)
        body = {"id": payload["id"], "show_id": payload["show_id"], "state": "held", "token": claim["token"]}
        body |= {"expires_in_ms": ttl_ms, "expires_at": f"{at + ttl_ms * MS}Z"}
        return 201, body | self.bill(payload["show_id"], payload["seats"])

    def ends(self, at: int, ttl_ms: int, payload: Row) -> int:
        del payload
        return at + ttl_ms * MS

    def set_keys(self, name: Any, claim: Row) -> None:
        for seat in claim["seats"]:
            until = claim["until"] if claim["state"] == "held" else None
            key = {"hold": name, "until": until, "state": claim["state"], "token": claim["token"]}
            self.keys[name[0], seat] = key

    def free_keys(self, name: Any, seats: list[str]) -> None:
        """Delete a hold's keys, each if it still is that hold's."""
        for seat in seats:
            if self.keys.get((name[0], seat), {}).get("hold") == name:
                del self.keys[name[0], seat]

    def bill(self, show_id: str, seats: list[str]) -> Row:
        lines = [{"seat": seat, "unit_price_minor": self.shows[show_id][seat]} for seat in seats]
        total = sum(line["unit_price_minor"] for line in lines)
        return {"seats": list(seats), "lines": lines, "total_minor": total, "currency": CURRENCY}

    def extend(self, payload: Row, at: int) -> Answer:
        claim = self.claim(payload, at)
        if claim is None:
            return problem(404, "not-found")
        if claim["state"] != "held":
            return problem(409, self.ended(claim["state"]))
        if not self.fits(claim, payload):
            return problem(403, "forbidden")
        last = claim["granted"] + LIFETIME_MAX_MS * MS
        claim["until"] = min(at + min(payload["ttl_ms"], TTL_MAX_MS) * MS, last)
        self.set_keys(tuple(payload[name] for name in PLACE), claim)
        body = {"id": payload["id"], "show_id": payload["show_id"], "state": "held", "seats": claim["seats"]}
        return 200, body | {"expires_in_ms": (claim["until"] - at) // MS, "expires_at": f"{claim['until']}Z"}

    def ended(self, state: str) -> str:
        return {"released": "hold-released", "expired": "hold-expired"}.get(state, "too-late")

    def release(self, payload: Row, at: int) -> Answer:
        if payload.get("order_id") is not None:
            return self.release_by_order(payload)
        name = tuple(payload[field] for field in PLACE)
        claim = self.claim(payload, at)
        if claim and claim["state"] in ("pinning", "pinned", "sold"):
            return problem(409, "too-late")
        self.free_keys(name, claim["seats"] if claim else [])
        self.bury(name, claim)
        return 200, {"id": payload["id"], "show_id": payload["show_id"], "state": "released"}

    def bury(self, name: Any, claim: Row | None) -> None:
        self.claims[name] = (claim or {"token": "", "seats": [], "until": 0}) | {"state": "released"}

    # what a pin does, in two steps

    def begin(self, payload: Row, at: int) -> Answer | int:
        """Compare the token and mark the hold; return the answer if it is decided, else the epoch."""
        settled = self.settled(payload)
        if settled is not None:
            return settled
        claim = self.claim(payload, at)
        if claim is None:
            return problem(404, "not-found")
        if claim["state"] not in ("held", "pinning") and not self.revive(claim):
            return problem(409, "already-held" if claim["state"] in ("pinned", "sold") else self.ended(claim["state"]))
        if not self.fits(claim, payload):
            return problem(403, "forbidden")
        if claim["state"] == "pinning" and claim["order"] != payload["order_id"]:
            return problem(409, "already-held")
        claim |= {"state": "pinning", "since": at, "order": payload["order_id"]}
        self.set_keys(tuple(payload[name] for name in PLACE), claim)
        return self.epoch

    def revive(self, claim: Row) -> bool:
        del claim
        return False

    def settled(self, payload: Row) -> Answer | None:
        """Return what PostgreSQL alone decides."""
        row = self.settlements.get((*(payload[name] for name in PLACE), payload["order_id"]))
        if row is None:
            return None
        if row["state"] == "released":
            return problem(409, "hold-released")
        return self.commit(payload, row) if payload["f"] == "confirm" else (200, row["answer"] | {"state": "pinned"})

    def is_loaded(self, epoch: int) -> bool:
        return epoch == self.epoch

    def finish(self, payload: Row, epoch: int, at: int, *, marks: bool = True) -> Answer:
        """Commit, if memory is still that of the first step, and mark; without ``marks`` it dies after the commit."""
        name = tuple(payload[field] for field in PLACE)
        if not self.is_loaded(epoch):
            decided = self.begin(payload, at)
            if not isinstance(decided, int):
                return decided
        if (settled := self.settled(payload)) is not None:
            return settled
        claim = self.claims.get(name)
        seats = claim["seats"] if claim else self.asked[name]
        if self.is_unique() and any(self.by_seat.get((name[0], seat)) for seat in seats):
            return problem(409, "already-held", seats=seats)
        row = self.write(payload, seats)
        if marks and claim:
            claim["state"] = "pinned"
            self.set_keys(name, claim)
        return self.commit(payload, row) if payload["f"] == "confirm" else (200, row["answer"])

    def is_unique(self) -> bool:
        return True

    def fence(self) -> int:
        return next(self.fences)

    def write(self, payload: Row, seats: list[str]) -> Row:
        bill = self.bill(payload["show_id"], seats)
        row = {"show_id": payload["show_id"], "subject": payload["subject"], "hold_id": payload["id"]}
        row |= {"order_id": payload["order_id"], "state": "pinned", "fence": self.fence()}
        body = {name: payload[name] for name in ("id", "show_id", "subject", "order_id")}
        answer = body | {"state": "pinned", "fence": row["fence"]} | bill
        settlement = row | {"seats": json.dumps(seats), "total_minor": bill["total_minor"], "answer": answer}
        self.settlements[(*(payload[name] for name in PLACE), payload["order_id"])] = settlement
        for line in bill["lines"]:
            price = line["unit_price_minor"]
            taken = row | {"seat_id": line["seat"], "unit_price_minor": price, "pinned_at": "now"}
            self.by_seat.setdefault((payload["show_id"], line["seat"]), []).append(taken)
            self.by_owner.setdefault(self.owner(payload), []).append(taken)
        return settlement

    def owner(self, payload: Row) -> tuple[str, ...]:
        return (*(payload[name] for name in PLACE), payload["order_id"])

    def mine(self, payload: Row) -> list[Row]:
        return self.by_owner.get(self.owner(payload), [])

    def give_back(self, payload: Row) -> None:
        for row in self.by_owner.pop(self.owner(payload), []):
            self.by_seat[row["show_id"], row["seat_id"]].remove(row)

    def commit(self, payload: Row, settlement: Row) -> Answer:
        """Sell what is pinned."""
        for row in (settlement, *self.mine(payload)):
            row["state"] = "sold"
        name = tuple(payload[field] for field in PLACE)
        if name in self.claims:
            self.claims[name]["state"] = "sold"
            self.set_keys(name, self.claims[name])
        return 200, settlement["answer"] | {"state": "sold"}

    def release_by_order(self, payload: Row) -> Answer:
        key = (*(payload[name] for name in PLACE), payload["order_id"])
        row = self.settlements.get(key)
        if row and row["state"] == "sold":
            return problem(409, "too-late")
        if row and row["state"] == "pinned":
            self.give_back(payload)
            self.free_keys(key[:3], json.loads(row["seats"]))
            if key[:3] in self.claims:
                self.claims[key[:3]]["state"] = "released"
        self.bury_order(key, row)
        return 200, {"id": payload["id"], "show_id": payload["show_id"], "state": "released"}

    def bury_order(self, key: Any, row: Row | None) -> None:
        names = dict(zip(("show_id", "subject", "hold_id", "order_id"), key, strict=True))
        empty = names | {"fence": None, "seats": "[]", "total_minor": None}
        self.settlements[key] = (row or empty) | {"state": "released"}

    def sweep(self, at: int) -> None:
        """Settle from PostgreSQL what has been *pinning* for longer than the grace."""
        for name, claim in self.claims.items():
            if claim["state"] == "pinning" and claim["since"] + GRACE_MS * MS < at:
                mine = [row for row in self.taken if (row["show_id"], row["subject"], row["hold_id"]) == name]
                claim["state"] = mine[0]["state"] if mine else "expired"
                if mine:
                    self.set_keys(name, claim)
                else:
                    self.epoch += 1  # whoever still means to commit begins again
                    self.free_keys(name, claim["seats"])

    def seat_map(self, show_id: str, at: int) -> Row:
        def state(seat: str) -> str:
            key = self.standing(show_id, seat, at)
            return "held" if key and key["state"] == "pinning" else key["state"] if key else "free"

        prices = self.shows[show_id]
        blocks = [
            {"name": f"at-{price}", "unit_price_minor": price, "currency": CURRENCY}
            | {"seats": [{"id": seat, "state": state(seat)} for seat in prices if prices[seat] == price]}
            for price in sorted(set(prices.values()))
        ]
        return {"show_id": show_id, "version": str(at), "blocks": blocks}

    def ledgers(self) -> dict[str, list[Row]]:
        shows = [
            {"show_id": name, "name": name, "currency": CURRENCY, "seats": len(seats), "created_at": "now"}
            for name, seats in self.shows.items()
        ]
        columns = ("show_id", "subject", "hold_id", "order_id", "state", "fence", "seats", "total_minor")
        settled = [{name: row[name] for name in columns} for row in self.settlements.values()]
        return {"shows": shows, "taken": self.taken, "settlements": settled}

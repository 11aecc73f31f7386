"""Reservations that each lack one guard."""

import runpy
from pathlib import Path
from typing import Any

MODEL = runpy.run_path(str(Path(__file__).with_name("seats_model.py")))
Reservation, problem, MS, PLACE = (MODEL[name] for name in ("Reservation", "problem", "MS", "PLACE"))


class PlainDelete(Reservation):
    """Deletes a seat's key at a release whoever has it by now."""

    def free_keys(self, name: Any, seats: list[str]) -> None:
        for seat in seats:
            self.keys.pop((name[0], seat), None)


class NoTokenAtPin(Reservation):
    """Pins an expired hold as if it stood, whoever has the seat by now."""

    def revive(self, claim: Any) -> bool:
        return bool(claim["state"] == "expired")


class Naive(NoTokenAtPin):
    """And its database has no unique constraint."""

    def is_unique(self) -> bool:
        return False


class NotReloaded(Reservation):
    """Begins with an empty memory after it was lost."""

    def reload(self) -> None:
        pass


class ClientsClock(Reservation):
    """Ends a hold by the clock of whoever asked, which is half a second ahead for two in three."""

    def ends(self, at: int, ttl_ms: int, payload: Any) -> int:
        ahead_ms = 500 if len(self.claims) % 3 else 0
        return int(super().ends(at, ttl_ms, payload)) - ahead_ms * MS


class OneByOne(Reservation):
    """Sets the keys of several seats one by one, and leaves those it has when it meets one that is taken."""

    def try_seats(self, payload: Any, at: int) -> list[str]:
        taken: list[str] = super().try_seats(payload, at)
        if taken:
            free = [seat for seat in payload["seats"] if seat not in taken]
            name = tuple(payload[field] for field in PLACE)
            self.set_keys(name, {"seats": free, "state": "held", "until": at + 4_000 * MS, "token": ""})
        return taken


class ConfirmsExpired(Reservation):
    """Guesses at a confirmation that an expired hold is still good."""

    def begin(self, payload: Any, at: int) -> Any:
        self.confirming = payload["f"] == "confirm"
        return super().begin(payload, at)

    def revive(self, claim: Any) -> bool:
        return bool(self.confirming and claim["state"] == "expired")


class NoTombstone(Reservation):
    """Forgets a release of what never arrived."""

    def bury(self, name: Any, claim: Any) -> None:
        if claim is not None:
            super().bury(name, claim)


class NoOrderTombstone(Reservation):
    """Forgets that an order released what it had not pinned yet."""

    def bury_order(self, key: Any, row: Any) -> None:
        if row is not None:
            super().bury_order(key, row)


class StaleFence(Reservation):
    """Draws the fence from the number of seats that are taken, which also falls."""

    def fence(self) -> int:
        return 1 + len(self.taken)


class Acknowledging(Reservation):
    """Tells every third order of a pin that it never wrote."""

    def write(self, payload: Any, seats: list[str]) -> Any:
        row = super().write(payload, seats)
        if row["fence"] % 3 == 0:
            self.give_back(payload)
        return row


class Anew(Reservation):
    """Keeps no answer: whoever repeats a hold meets their own."""

    def keep_answer(self, f: str) -> bool:
        del f
        return False


class Stingy(Reservation):
    """Refuses every fourth hold, and the seats are free."""

    tries = 0

    def try_seats(self, payload: Any, at: int) -> list[str]:
        taken: list[str] = super().try_seats(payload, at)
        self.tries += not taken
        if not taken and self.tries % 4 == 0:
            return list(payload["seats"])
        return taken


class Unloaded(Reservation):
    """Commits a pin that began before the memory was lost, without looking whether it still is the same."""

    def is_loaded(self, epoch: int) -> bool:
        del epoch
        return True


class NeverSwept(Reservation):
    """Leaves what a crash left *pinning*."""

    def sweep(self, at: int) -> None:
        del at


class Overcharging(Reservation):
    """Adds up wrongly what several seats cost."""

    def bill(self, show_id: str, seats: list[str]) -> Any:
        bill = super().bill(show_id, seats)
        return bill | {"total_minor": bill["total_minor"] + (len(seats) > 2)}

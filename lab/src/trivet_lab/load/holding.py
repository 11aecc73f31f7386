"""What can be asked about one hold of seats, by the person whose it is and by the service that settles orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from trivet_lab.load.draft import Request

READING: Final = frozenset({"read_hold", "seat_map"})
"""The operations that change nothing."""
_encode = msgspec.json.encode


class Hold(msgspec.Struct, frozen=True):
    """A hold by its name: its id is unique for a show and a subject, and says which one is meant to whoever asks again.

    The history's ``args`` hold no token, and neither does any body until it is sent.
    """

    show_id: str
    subject: str
    id: str

    @property
    def name(self) -> str:
        """What waits for it to be held names this."""
        return f"{self.show_id}/{self.subject}/{self.id}"

    def pinned(self, order_id: str) -> str:
        """Return what is named by whatever waits for an order to have pinned it."""
        return f"{self.name}/{order_id}"

    def hold(self, seats: Sequence[str], ttl_ms: int) -> Request:
        """Ask for the seats, all or none."""
        asked = {"seats": list(seats), "ttl_ms": ttl_ms}
        body = {"id": self.id, "show_id": self.show_id, **asked}
        return Request("hold", "/seat-holds", _encode(body), self._args(**asked), gives=self.name)

    def extend(self, ttl_ms: int) -> Request:
        """Ask for more time."""
        body = {"show_id": self.show_id, "ttl_ms": ttl_ms}
        return Request("extend", self._path(), _encode(body), self._args(ttl_ms=ttl_ms), "PUT", needs=self.name)

    def release(self) -> Request:
        """Give the seats back, held or not yet."""
        return Request("release", f"{self._path()}?show_id={self.show_id}", None, self._args(), "DELETE")

    def read(self) -> Request:
        """Ask how it stands."""
        return Request("read_hold", f"{self._path()}?show_id={self.show_id}", None, self._args(), "GET")

    def pin(self, order_id: str, needs: str = "") -> Request:
        """Make it an order's, which has its token; ``needs`` names another hold, whose token is shown by mistake."""
        pinned = self._settle("pin", order_id, needs=needs or self.name, gives=self.pinned(order_id))
        if not needs:
            return pinned
        return msgspec.structs.replace(pinned, args=pinned.args | {"token_of": needs})

    def confirm(self, order_id: str, *, needs: str = "", follows: str = "") -> Request:
        """Sell it to the order; who has not pinned it shows its token."""
        return self._settle("confirm", order_id, needs=needs, follows=follows)

    def release_by(self, order_id: str) -> Request:
        """End what the order pinned, or is about to."""
        return together([self._entry("release", {"order_id": order_id})])

    def held_for(self, seats: Sequence[str], ttl_ms: int) -> Request:
        """Ask for seats in the person's name, as one of several entries."""
        return self._entry("hold", {"seats": list(seats), "ttl_ms": ttl_ms}, gives=self.name)

    def pinned_for(self, order_id: str) -> Request:
        """Make it an order's, as one of several entries."""
        return self._entry("pin", {"order_id": order_id}, needs=self.name, gives=self.pinned(order_id))

    def confirmed_for(self, order_id: str) -> Request:
        """Sell it to the order that pinned it, as one of several entries."""
        return self._entry("confirm", {"order_id": order_id}, follows=self.pinned(order_id))

    def _settle(self, verb: str, order_id: str, **waiting: str) -> Request:
        body = {"show_id": self.show_id, "subject": self.subject, "order_id": order_id}
        path, args = f"{self._path()}/{verb}", self._args(order_id=order_id)
        return msgspec.structs.replace(Request(verb, path, _encode(body), args, inside=True), **waiting)

    def _entry(self, verb: str, asked: dict[str, Any], **waiting: str) -> Request:
        body = {"op": verb, "subject": self.subject, "id": self.id, "show_id": self.show_id, **asked}
        return msgspec.structs.replace(Request(verb, "", _encode(body), self._args(**asked), inside=True), **waiting)

    def _path(self) -> str:
        return f"/seat-holds/{self.id}"

    def _args(self, **more: Any) -> dict[str, Any]:
        return {"show_id": self.show_id, "id": self.id, "subject": self.subject, **more}


def together(entries: Sequence[Request]) -> Request:
    """Ask for all of these in one request."""
    return Request("together", "/seat-holds/batch", None, {}, inside=True, entries=tuple(entries))


def look_at(show_id: str, block: str) -> Request:
    """Ask which seats of a block are free."""
    path = f"/shows/{show_id}/seats?block={block}"
    return Request("seat_map", path, None, {"show_id": show_id, "block": block}, "GET")

"""What impostors want beside a crowd that spends: money that is not theirs, by every token but the right one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from trivet_lab.load.attendance import Attendance, is_share
from trivet_lab.load.draft import Draft, Request, new_key, source
from trivet_lab.load.forging import FORGERIES, STOLEN
from trivet_lab.load.spending import TILL, Account, Spending, in_order

ATTACK = "attack"
MALLORY = "mallory"
"""Who has a token of their own, and an account with nothing in it, of the same name."""
CUSTOMER_SCOPES = "accounts.open accounts.read charges.read charges.write transfers.write"
_MS = 1_000_000
_FOLLOWS_MS = 1, 400


class Siege(Spending, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="siege"):
    """Everybody spends, and impostors follow them.

    Attributes, beside those of all who spend:
        attacked: share of movements that an impostor saw and does something about.
        impostors: their accounts, which nobody but they would pay.
    """

    impostors: list[Account]
    attacked: float = 0.5

    def subjects(self, crowd: Attendance) -> Mapping[str, Sequence[str]]:
        """Return in whose names tokens are asked for; the forged ones are made of these."""
        return {**super().subjects(crowd), CUSTOMER_SCOPES: [MALLORY]}

    def drafts(self, crowd: Attendance) -> Iterator[Iterator[Draft]]:
        """Yield the crowd's own streams, and the impostors'."""
        yield from super().drafts(crowd)
        yield self._attacks(crowd)

    def faults(self, duration_s: float) -> Iterator[str]:
        """Yield a sentence for everything that cannot be sent."""
        yield from super().faults(duration_s)
        if not is_share(self.attacked):
            yield f"attacked is 0 to 1, not {self.attacked}"

    def _attacks(self, crowd: Attendance) -> Iterator[Draft]:
        impostor = _Impostor(self, crowd)
        waiting: list[Draft] = []
        for seen in in_order(self, crowd):
            waiting.extend(impostor.after(seen))
            waiting.sort(key=lambda draft: draft.due_ns)
            while waiting and waiting[0].due_ns <= seen.due_ns:
                yield waiting.pop(0)
        yield from waiting


class _Impostor:
    """Sees what others send, and tries to have of it what is not theirs.

    Each attack is sent once: one that is turned away leaves nothing in the books that a repeat could be told of, so
    after a lost attempt it would be repeated for as long as the crowd is there, and its outcome stay unknown.
    """

    OWN: ClassVar[Sequence[str]] = ("replayed", "imitated", "charged", "pocketed", "read", "batched")
    KINDS: ClassVar[Sequence[str]] = (*OWN, *FORGERIES, *STOLEN)

    def __init__(self, siege: Siege, crowd: Attendance) -> None:
        self._siege = siege
        self._clients = crowd.clients
        self._customers = siege.customers()
        self._chance = source(crowd, "attacks")
        self._keys = source(crowd, "attackers' keys")
        self._next = 0
        self._makers: Mapping[str, Callable[[Draft, str], Draft]] = {
            "replayed": self._replayed,
            "imitated": self._imitated,
            "charged": self._charged,
            "pocketed": self._pocketed,
            "read": self._read,
            "batched": self._batched,
        }

    def after(self, seen: Draft) -> Iterator[Draft]:
        """Yield what is made of a movement; the kinds take turns, so that each comes in a short crowd too."""
        if seen.request.f not in Spending.MAIN or self._chance.random() >= self._siege.attacked:
            return
        kind = self.KINDS[self._next % len(self.KINDS)]
        self._next += 1
        yield self._makers.get(kind, self._forged)(seen, kind)

    def _replayed(self, seen: Draft, kind: str) -> Draft:
        """The same request under the same key, in Mallory's name: to be told what another was."""
        return self._draft(seen, kind, seen.request.path, dict(seen.request.args), MALLORY, seen.key)

    def _imitated(self, seen: Draft, kind: str) -> Draft:
        """Money from another's account to Mallory's."""
        body = {"from_account_id": self._victim(), "to_account_id": MALLORY, "amount_minor": 1}
        return self._draft(seen, kind, "/transfers", body, MALLORY)

    def _charged(self, seen: Draft, kind: str) -> Draft:
        """Something that another is to pay."""
        shop = self._siege.merchants()[0]
        body = {"customer_account_id": self._victim(), "merchant_account_id": shop, "amount_minor": 1}
        return self._draft(seen, kind, "/charges", body, MALLORY)

    def _pocketed(self, seen: Draft, kind: str) -> Draft:
        """Money from nowhere."""
        return self._draft(seen, kind, "/deposits", {"account_id": MALLORY, "amount_minor": 1}, MALLORY)

    def _read(self, seen: Draft, kind: str) -> Draft:
        """Another's balance."""
        request = Request(ATTACK, f"/accounts/{self._victim()}", None, {"attack": kind}, "GET", once=True)
        return Draft(self._due_ns(seen), self._client(), None, request, MALLORY)

    def _batched(self, seen: Draft, kind: str) -> Draft:
        """What the edge routes nobody to, with a token that would be good for it."""
        body = {"entries": [{"op": "void", "key": new_key(self._keys), "charge_key": seen.key}]}
        return self._draft(seen, kind, "/charges/batch", body, TILL)

    def _forged(self, seen: Draft, kind: str) -> Draft:
        """Money from another's account to Mallory's, with a token that says it is the other's."""
        body = {"from_account_id": self._customers[0], "to_account_id": MALLORY, "amount_minor": 1}
        return self._draft(seen, kind, "/transfers", body, kind)

    def _draft(
        self, seen: Draft, kind: str, path: str, body: dict[str, Any], who: str, key: str | None = None
    ) -> Draft:
        request = Request(ATTACK, path, msgspec.json.encode(body), {"attack": kind, **body}, once=True)
        return Draft(self._due_ns(seen), self._client(), key or new_key(self._keys), request, who)

    def _due_ns(self, seen: Draft) -> int:
        return seen.due_ns + self._chance.randrange(*_FOLLOWS_MS) * _MS

    def _victim(self) -> str:
        return self._chance.choice(self._customers)

    def _client(self) -> int:
        return self._chance.randrange(self._clients)

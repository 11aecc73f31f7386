"""One process of callers of the wallet's services layer: says "ready", waits for a line, then counts for some seconds.

    python _worker.py URL STRATEGY ERRAND CALLERS BATCH SECONDS ACCOUNTS SEED

``transfer`` goes through the combiner, as a replica's requests do; ``transfer-alone`` gives each its own transaction;
``charge-row`` charges into a merchant whose row every charge locks; ``charge-batch`` settles BATCH charges into a hot
merchant at a time; ``naive-orm`` reads, computes and saves two of Django's objects, as a first try would.
"""

from __future__ import annotations

import asyncio
import random
import sys
import threading
import time
import uuid
from collections.abc import Callable
from functools import partial

import uvloop

from trivet_wallet import bootstrap
from trivet_wallet.bootstrap import Wallet
from trivet_wallet.combiner import Combiner
from trivet_wallet.services.charges import MakeCharge
from trivet_wallet.services.transfers import Transfer
from trivet_wallet.settings import Settings
from trivet_wallet.teller import Call

SUBJECT = "bench"


def transfer_of(chance: random.Random, accounts: int) -> Transfer:
    """Return a transfer between two accounts by chance."""
    payer, payee = chance.sample(range(accounts), 2)
    return Transfer(SUBJECT, uuid.uuid4().hex, f"c-{payer}", f"c-{payee}", 5)


def charge_of(chance: random.Random, accounts: int, merchant: str) -> MakeCharge:
    """Return a charge of an account by chance."""
    return MakeCharge(SUBJECT, uuid.uuid4().hex, f"c-{chance.randrange(accounts)}", merchant, 5)


def combined(wallet: Wallet, callers: int, seconds: float, accounts: int, seed: int) -> int:
    """Return how many transfers callers made who each wait for one before the next, all through one combiner."""

    async def caller(combiner: Combiner, number: int, ends_s: float) -> int:
        chance, done = random.Random(f"{seed}:{number}"), 0  # noqa: S311  - a bench must be repeatable, not secret
        while time.monotonic() < ends_s:
            await asyncio.wrap_future(combiner.submit(transfer_of(chance, accounts)))
            done += 1
        return done

    async def all_of_them() -> int:
        combiner = wallet.combine(asyncio.get_running_loop().call_soon)
        ends_s = time.monotonic() + seconds
        try:
            return sum(await asyncio.gather(*(caller(combiner, number, ends_s) for number in range(callers))))
        finally:
            combiner.close()

    return uvloop.run(all_of_them())


def threaded(once: Callable[[random.Random], int], callers: int, seconds: float, seed: int) -> int:
    """Return how much threads got done that each do one thing after the other."""
    counts = [0] * callers

    def run(number: int) -> None:
        chance = random.Random(f"{seed}:{number}")  # noqa: S311  - the same
        ends_s = time.monotonic() + seconds
        while time.monotonic() < ends_s:
            counts[number] += once(chance)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)


def one_transfer(wallet: Wallet, accounts: int, chance: random.Random) -> int:
    """Settle a transfer in a transaction of its own."""
    wallet.teller.settle(transfer_of(chance, accounts))
    return 1


def one_charge(wallet: Wallet, accounts: int, merchant: str, chance: random.Random) -> int:
    """Settle a charge in a transaction of its own."""
    wallet.teller.settle(charge_of(chance, accounts, merchant))
    return 1


def many_charges(wallet: Wallet, accounts: int, batch: int, chance: random.Random) -> int:
    """Settle a batch of charges in one transaction."""
    outcomes = wallet.teller.settle_all([Call(charge_of(chance, accounts, "hot")) for _ in range(batch)])
    return sum(getattr(outcome, "status", 0) == 201 for outcome in outcomes)


def naive_orm(accounts: int, chance: random.Random) -> int:
    """Read two accounts, compute, save: what spends money twice, and what it costs."""
    from django.db import connection, transaction  # noqa: PLC0415  - Django is configured by now, and was not before

    from trivet_wallet.ledger.models import Account, Posting, Transaction  # noqa: PLC0415  - the same

    payer_id, payee_id = (f"c-{number}" for number in chance.sample(range(accounts), 2))
    with transaction.atomic():
        payer, payee = Account.objects.get(pk=payer_id), Account.objects.get(pk=payee_id)
        if payer.row_minor >= 5:
            payer.row_minor -= 5
            payee.row_minor += 5
            payer.save()
            payee.save()
            made = Transaction.objects.create(kind="transfer")
            posting = partial(Posting, transaction=made, currency="EUR", account_version=uuid.uuid4().int >> 65)
            Posting.objects.bulk_create(
                [posting(account=payer, amount_minor=-5), posting(account=payee, amount_minor=5)]
            )
    connection.close()
    return 1


def main(arguments: list[str]) -> None:
    """Run one errand and print what was done a second."""
    url, strategy, errand = arguments[:3]
    callers, batch, seconds, accounts, seed = (int(word) for word in arguments[3:])
    settings = Settings(
        database_url=url,
        strategy=strategy,
        pool_connections_max=max(4, callers + 2),
        pool_wait_ms=30_000,
        statement_timeout_ms=30_000,
        lock_wait_ms=30_000,
        attempts_max=100,
        lab="bench",
    )
    wallet = bootstrap.build(settings)
    errands: dict[str, Callable[[], int]] = {
        "transfer": lambda: combined(wallet, callers, seconds, accounts, seed),
        "transfer-alone": lambda: threaded(partial(one_transfer, wallet, accounts), callers, seconds, seed),
        "charge-row": lambda: threaded(partial(one_charge, wallet, accounts, "row"), callers, seconds, seed),
        "charge-batch": lambda: threaded(partial(many_charges, wallet, accounts, batch), callers, seconds, seed),
        "naive-orm": lambda: threaded(partial(naive_orm, accounts), callers, seconds, seed),
    }
    wallet.confirm()
    print("ready", flush=True)
    sys.stdin.readline()
    began_s = time.monotonic()
    done = errands[errand]()
    print(done / (time.monotonic() - began_s), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

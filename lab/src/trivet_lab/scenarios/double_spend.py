"""A double spend: a crowd moves, charges and takes back the money of a few accounts, soon too little for all."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Mapping, Sequence
from typing import Annotated, cast

from trivet_lab.load import TILL, TILL_SCOPES, Account, Again, Plan, Spending
from trivet_lab.scenarios.rush import rush
from trivet_lab.scenarios.scenario import ONE_MACHINE, Chapter, Scenario, Variant, asked
from trivet_lab.scene import Cue, EdgeError, request_json, send_crowd
from trivet_lab.verdict import count_money

DRAIN_S = 10
ATTEMPTS_MAX = 5
SETTLED_S = 15  # what is asked before the crowd comes is asked again for so long
RETRY_S = 0.2
UNSETTLED = frozenset({0, 409, 502, 503, 504})
"""Nothing came back, somebody has the key, or nobody was there: whoever asks again is told what became of it."""
AT_ONCE = 3  # so many ask under one key together, beside the one who asked first
AGAIN_AFTER_S = 1.5  # when an answer is old, and the money is somewhere else
RACES = frozenset(
    {
        "audit_proven",
        "audits_consistent",
        "balances_equal_postings",
        "declines_legal",
        "money_conserved",
        "never_overdrawn",
        "refunds_within_captures",
        "voided_never_captured",
    }
)
"""What a wallet breaks that reads a balance and writes it back: which of them is for chance to say."""
RULES = (
    "history_whole",
    "no_defects",
    "answers_complete",
    "generator_on_time",
    "money_contended",
    "money_conserved",
    "balances_equal_postings",
    "never_overdrawn",
    "no_lost_payment",
    "no_phantom_payment",
    "one_effect_a_key",
    "refunds_within_captures",
    "voided_never_captured",
    "declines_legal",
    "audits_consistent",
    "audit_proven",
)
REAL = (
    "PostgreSQL 18 with fsync and synchronous_commit on",
    "Envoy as the load balancer, two replicas of the service behind it",
    "every request over TCP, every verdict from the service's own ledger",
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parameters:
    """The size of the crowd and of what it spends."""

    clients: Annotated[int, asked("clients that spend", least=1, most=10_000)] = 200
    rate: Annotated[float, asked("outings a second, on average; one is about two requests", least=1, most=20_000)] = 30
    duration: Annotated[float, asked("seconds of load", least=1, most=86_400)] = 10
    customers: Annotated[int, asked("accounts that the crowd spends from", least=2, most=400)] = 6
    merchants: Annotated[int, asked("accounts that are paid", least=1, most=90)] = 2
    opening: Annotated[int, asked("minor units in each customer's account", least=0, most=1_000_000_000)] = 2_000
    amount: Annotated[int, asked("minor units of one payment at most", least=1, most=1_000_000_000)] = 800
    again: Annotated[float, asked("share of requests sent again under their key", least=0, most=1)] = 0.03


def plan_of(cue: Cue, parameters: Parameters) -> Plan:
    """Return the crowd: a few come early, a rush, and a steady crowd after it, who find little left.

    The rush is what makes payments meet in one account: at a low, even rate two transactions on one rarely overlap,
    and a wallet without any guard would look right. On average it is the rate that was asked for.
    """
    return Plan(
        seed=cue.seed,
        url=cue.stage.url,
        epoch_ns=cue.stage.epoch_ns,
        clients=parameters.clients,
        phases=rush(parameters.rate, parameters.duration, times=8),
        errand=Spending(accounts=accounts_of(cue.seed, parameters), amount_max_minor=parameters.amount),
        again=[Again(0.0, parameters.again, AT_ONCE), Again(AGAIN_AFTER_S, parameters.again)],
        directory=str(cue.directory.path),
        attempts_max=ATTEMPTS_MAX,
        drain_ms=math.ceil((DRAIN_S + cue.outage_s) * 1000),
    )


def accounts_of(seed: int, parameters: Parameters) -> list[Account]:
    """Return every account; the key under which each is opened and filled is in the plan, so that it is known after."""
    customers = [f"customer-{number}" for number in range(1, parameters.customers + 1)]
    merchants = [f"shop-{number}" for number in range(1, parameters.merchants + 1)]
    return [
        *(Account(name, "customer", parameters.opening, f"{seed}-{name}") for name in customers),
        *(Account(name, "merchant", 0, f"{seed}-{name}") for name in merchants),
    ]


def play(cue: Cue, parameters: Parameters) -> None:
    """Open the accounts, pay in what each begins with, and send the crowd."""
    plan = plan_of(cue, parameters)
    spending = cast("Spending", plan.errand)
    open_accounts(cue, spending.accounts, spending.currency)
    send_crowd(plan, cue)


def open_accounts(cue: Cue, accounts: Sequence[Account], currency: str) -> None:
    """Open the accounts and pay in what each begins with."""
    token = cue.stage.tokens([TILL], TILL_SCOPES).get(TILL)
    for account in accounts:
        body = {"id": account.id, "owner": account.id, "kind": account.kind, "currency": currency}
        settle(cue, "/accounts", body, account.key, token)
        if account.opening_minor:
            deposit = {"account_id": account.id, "amount_minor": account.opening_minor}
            settle(cue, "/deposits", deposit, account.key, token)


def settle(cue: Cue, path: str, body: Mapping[str, object], key: str, token: str | None) -> None:
    """Ask until it is answered, for a while: under one key nothing is done twice.

    A failpoint counts from a replica's first movement of money, so it may strike one that is asked here.
    """
    until = time.monotonic() + SETTLED_S
    while True:
        try:
            request_json("POST", f"{cue.stage.url}{path}", body, key=key, token=token)
        except EdgeError as error:
            if error.status not in UNSETTLED or time.monotonic() > until:
                raise
            time.sleep(RETRY_S)
        else:
            return


def _strategy(name: str) -> dict[str, dict[str, str]]:
    return {"wallet": {"TRIVET_WALLET_STRATEGY": name}}


SCENARIO = Scenario(
    name="double-spend",
    claim="no money is spent twice, and none is lost",
    members=("wallet",),
    variants=(
        Variant("naive", expected="invalid", settings=_strategy("naive"), breaks=RACES, lab=True),
        Variant("select_for_update", expected="valid", settings=_strategy("select_for_update")),
        Variant("optimistic", expected="valid", settings=_strategy("optimistic")),
    ),
    checkers=RULES,
    parameters=Parameters,
    play=play,
    figures=count_money,
    load_s=lambda parameters: parameters.duration,
    real=REAL,
    simulated=ONE_MACHINE,
    chapter=Chapter(place=3, parameters=Parameters(rate=30, duration=4, opening=1_200)),
)

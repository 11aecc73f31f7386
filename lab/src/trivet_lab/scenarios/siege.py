"""Impostors among a crowd that spends: with stolen and forged tokens, used keys and routes that are not theirs."""

from __future__ import annotations

import dataclasses
from typing import Annotated, cast

import msgspec

from trivet_lab.load import CUSTOMER_SCOPES, FORGERIES, MALLORY, STOLEN, Account, Plan, Siege, Spending
from trivet_lab.scenarios import double_spend
from trivet_lab.scenarios.scenario import ONE_MACHINE, Chapter, Scenario, Variant, asked
from trivet_lab.scene import Cue, send_crowd
from trivet_lab.verdict import count_money

STRATEGY = {"wallet": {"TRIVET_WALLET_STRATEGY": "select_for_update"}}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parameters(double_spend.Parameters):
    """The size of the crowd, of what it spends, and of what is tried."""

    attacked: Annotated[float, asked("share of movements that an impostor follows", least=0.01, most=1)] = 0.5


def plan_of(cue: Cue, parameters: Parameters) -> Plan:
    """Return the crowd of a double spend, with impostors behind it."""
    plan = double_spend.plan_of(cue, parameters)
    spending = cast("Spending", plan.errand)
    errand = Siege(
        accounts=spending.accounts,
        amount_max_minor=spending.amount_max_minor,
        impostors=[Account(MALLORY, "customer", 0, f"{cue.seed}-{MALLORY}")],
        attacked=parameters.attacked,
    )
    return msgspec.structs.replace(plan, errand=errand)


def play(cue: Cue, parameters: Parameters) -> None:
    """Open everybody's accounts and the impostor's, and send the crowd with tokens that are good for nothing."""
    plan = plan_of(cue, parameters)
    siege = cast("Siege", plan.errand)
    double_spend.open_accounts(cue, [*siege.accounts, *siege.impostors], siege.currency)
    send_crowd(plan, cue, _useless(cue, siege.customers()[0]))


def _useless(cue: Cue, victim: str) -> dict[str, str]:
    """Return every token that is not to be taken, by its kind."""
    own = cue.stage.tokens([MALLORY], CUSTOMER_SCOPES).get(MALLORY, "")
    forged = {kind: forge(own, victim) for kind, forge in FORGERIES.items()} if own else {}
    stolen = {kind: cue.stage.tokens([victim], CUSTOMER_SCOPES, **how).get(victim, "") for kind, how in STOLEN.items()}
    return forged | stolen


SCENARIO = Scenario(
    name="siege",
    claim="no token but the right one moves money, or shows it",
    members=("wallet",),
    variants=(
        Variant(
            "unowned",
            expected="invalid",
            settings=STRATEGY,
            breaks=frozenset({"impostors_get_nothing", "no_phantom_payment", "one_effect_a_key"}),
            lab=True,
            mutant="ownership_skipped",
        ),
        Variant("select_for_update", expected="valid", settings=STRATEGY),
    ),
    checkers=("impostors_get_nothing", *double_spend.RULES),
    parameters=Parameters,
    play=play,
    figures=count_money,
    load_s=lambda parameters: parameters.duration,
    real=double_spend.REAL,
    simulated=ONE_MACHINE,
    chapter=Chapter(place=4, parameters=Parameters(rate=30, duration=4, opening=1_200)),
)

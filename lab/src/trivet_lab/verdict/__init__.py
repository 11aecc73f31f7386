"""Turns what a run left into a verdict, its figures and an exit code. Starts nothing."""

from trivet_lab.verdict.checkouts import count_checkouts
from trivet_lab.verdict.combination import (
    EXIT_AS_EXPECTED,
    EXIT_BROKE,
    EXIT_DIFFERS,
    EXIT_UNKNOWN,
    Judgement,
    combine,
    judge,
)
from trivet_lab.verdict.judgement import is_as_expected, judge_variant, summarise
from trivet_lab.verdict.measures import Measures, measure
from trivet_lab.verdict.money import count_money
from trivet_lab.verdict.orders import count_orders
from trivet_lab.verdict.overlaps import count_overlaps
from trivet_lab.verdict.seats import count_seats
from trivet_lab.verdict.stock import count_stock

__all__ = [
    "EXIT_AS_EXPECTED",
    "EXIT_BROKE",
    "EXIT_DIFFERS",
    "EXIT_UNKNOWN",
    "Judgement",
    "Measures",
    "combine",
    "count_checkouts",
    "count_money",
    "count_orders",
    "count_overlaps",
    "count_seats",
    "count_stock",
    "is_as_expected",
    "judge",
    "judge_variant",
    "measure",
    "summarise",
]

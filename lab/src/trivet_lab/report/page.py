"""Writes ``report.html``: gathers what each part of the page shows and puts it into one file."""

from __future__ import annotations

import dataclasses
import functools
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2

from trivet_lab.evidence import RunDirectory, VariantResult, Verdict
from trivet_lab.report import charts, embed, words
from trivet_lab.report.cost import cost_rows
from trivet_lab.report.hall import legend, picture
from trivet_lab.report.sagas import named_orders
from trivet_lab.report.source import RunRecord, VariantRecord, read_run
from trivet_lab.report.tables import (
    check_rows,
    crowd_facts,
    fault_rows,
    load_rows,
    machine_facts,
    outcome_rows,
    percentile_rows,
)
from trivet_lab.report.trade import trade_of
from trivet_lab.report.witness import Witness, lay_out

UPLOT = "vendor/uplot-1.6.32"


def render(run: RunDirectory) -> Path:
    """Write the page of a run, finished or not, and return its path.

    The page is one file that needs nothing else: no request leaves it, now or in ten years. It is written whole
    or not at all (a rename), so a reader never meets half of it.
    """
    draft = run.report.with_suffix(".draft")
    draft.write_text(page(read_run(run)), encoding="utf-8")
    return draft.replace(run.report)


_LINES = {"+": "added", "-": "removed", "@": "quiet"}
"""How a line of a diff is shown, by its first character."""


def page(record: RunRecord) -> str:
    """Return the page of a run as HTML."""
    hall = any(variant.hall for variant in record.variants)
    sheets = ["style", "parts", *(["hall"] if hall else [])]
    styles = [_file(f"{UPLOT}/uPlot.min.css"), *(_file(f"templates/{name}.css") for name in sheets)]
    uplot = (
        f"/*\n{_file(f'{UPLOT}/LICENSE')}*/\n{_file(f'{UPLOT}/uPlot.iife.min.js')}"  # its licence goes with every copy
    )
    scripts = [uplot, _file("templates/charts.js"), *([_file("templates/hall.js")] if hall else [])]
    drawn = charts.chart_data(record)
    return (
        _templates()
        .get_template("page.html.j2")
        .render(
            policy=embed.policy(scripts, styles),
            styles=[embed.trusted(text) for text in styles],
            scripts=[embed.trusted(text) for text in scripts],
            data=embed.script_json(drawn),
            **_view(record, drawn),
        )
    )


def _view(record: RunRecord, drawn: dict[str, Any]) -> dict[str, Any]:
    """Return everything that the template names."""
    results, facts = record.results, record.facts
    trade = trade_of(facts.scenario or (results.scenario if results else ""))
    mark, agreement = words.run_words(results) if results else ("?", _left(record))
    seal, scope = words.seal_words(results) if results else ("unfinished", "")
    return {
        "run": record.name,
        "facts": facts,
        "scenario": facts.scenario or (results.scenario if results else record.name),
        "mark": mark,
        "tone": words.TONES[mark],
        "verdict": seal,
        "scope": scope,
        "agreement": agreement,
        "headline": words.headline(results, trade) if results else "This run is unfinished: there is no verdict.",
        "cards": [{"index": index, **_card(variant, record)} for index, variant in enumerate(record.variants)],
        "drawn": drawn,
        "checks": check_rows(record),
        "faults": fault_rows(record),
        "changed": [
            {"name": variant.name, "lines": [(_LINES.get(line[:1], ""), line) for line in variant.diff.splitlines()]}
            for variant in record.variants
            if variant.diff
        ],
        "costs": [row for variant in record.variants for row in cost_rows(variant.census, variant.name)],
        "percentiles": percentile_rows(record),
        "outcomes": outcome_rows(record, trade),
        "crowd": crowd_facts(record),
        "machine": machine_facts(record),
        "load": load_rows(record),
        "has_stock": trade.has_stock,
        "stock": charts.stock_rows(drawn),
        "halls": [_hall(index, variant) for index, variant in enumerate(record.variants) if variant.hall],
        "notes": [charts.stock_note(variant) for variant in drawn["variants"]],
    }


def _hall(index: int, variant: VariantRecord) -> dict[str, Any]:
    """Return one variant's hall as it was in the end, and what its shapes mean."""
    chart = variant.hall or {}
    return {
        "index": index,
        "name": variant.name,
        "show": chart["show"],
        "left_out": chart["left_out"],
        "picture": picture(chart),
        "legend": legend(chart),
        "twice": chart["twice"],
    }


def _left(record: RunRecord) -> str:
    operations = sum(variant.tally.operations for variant in record.variants)
    if not record.variants:
        return "Nothing was written down but that it began."
    names = words.listed(variant.name for variant in record.variants)
    return f"It left {words.counted(operations, 'operation')} of {names}. What there is, is shown; nothing was judged."


def _card(variant: VariantRecord, record: RunRecord) -> dict[str, Any]:
    """Return one variant's ticket."""
    result, tally = variant.result, variant.tally
    expected = _expected(variant, record)
    mark, verdict = (
        words.verdict_words(result.verdict, result.expected, as_expected=result.as_expected)
        if result
        else ("?", "unfinished")
    )
    marks = variant.latency[1].marks if variant.latency[1] else {}
    p99 = result.latency_ms.p99 if result else marks.get("99")
    return {
        "name": variant.name,
        "mark": mark,
        "tone": words.TONES[mark],
        "verdict": verdict,
        "got": result.verdict if result else "unfinished",
        "expected": expected or "not said",
        "sold": result.figures.get("sold") if result else None,
        "oversold": result.figures.get("oversold") if result else None,
        "figures": _other_figures(result),
        "per_s": words.number(result.per_s) if result else None,
        "p99": words.duration_ms(p99) if p99 is not None else None,
        "operations": tally.operations,
        "torn": variant.torn,
        "sold_share": _sold_share(result, record),
        "witnesses": _witnesses(variant),
    }


def _expected(variant: VariantRecord, record: RunRecord) -> Verdict | None:
    if variant.result:
        return variant.result.expected
    return next((planned.expected for planned in record.facts.variants if planned.name == variant.name), None)


def _other_figures(result: VariantResult | None) -> list[tuple[str, str]]:
    figures = result.figures if result else {}
    return [
        (words.label(name), words.number(value)) for name, value in figures.items() if name not in {"sold", "oversold"}
    ]


def _sold_share(result: VariantResult | None, record: RunRecord) -> tuple[float, float] | None:
    """Return what existed and what did not among the units sold, in percent of the most that any variant sold."""
    most = (
        max((judged.figures.get("sold", 0) for judged in record.results.variants), default=0) if record.results else 0
    )
    if result is None or not most:
        return None
    oversold = result.figures.get("oversold", 0)
    real = result.figures.get("sold", 0) - oversold
    return round(100 * real / most, 2), round(100 * oversold / most, 2)


def _witnesses(variant: VariantRecord) -> list[Witness]:
    """Return every broken rule with its timelines, those that have any first."""
    broken = [check for check in (variant.result.checks if variant.result else []) if check.verdict == "invalid"]
    laid = [
        dataclasses.replace(
            lay_out(check, variant.tally.found, variant.before),
            picture=variant.pictures.get(check.name, ""),
            sagas=[variant.sagas[name] for name in named_orders(check.witness) if name in variant.sagas],
        )
        for check in broken
    ]
    return sorted(laid, key=lambda witness: not witness.timelines)


@functools.cache
def _file(name: str) -> str:
    return (resources.files("trivet_lab.report") / name).read_text(encoding="utf-8").replace("\r\n", "\n")


@functools.cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("trivet_lab.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = words.number
    environment.filters["ms"] = words.duration_ms
    return environment

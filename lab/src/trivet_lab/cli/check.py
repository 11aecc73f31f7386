"""``trivet check``: judges a finished run once more, from its directory alone."""

from __future__ import annotations

from trivet_lab.cli.table import explain, table
from trivet_lab.cli.which import which_run
from trivet_lab.console import Console
from trivet_lab.evidence import read_record
from trivet_lab.scenarios import find_scenarios
from trivet_lab.settings import lab_settings
from trivet_lab.verdict import judge, judge_variant, summarise


def check(run: str = "latest", *, json: bool = False) -> int:
    """Judge a finished run once more.

    Nothing is started: history and ledgers are read from the run's directory, and every checker speaks again.

    Args:
        run: a run's directory, its id, or "latest".
        json: print the results as one JSON object.
    """
    settings = lab_settings()
    directory = which_run(settings, run)
    record = read_record(directory.run)
    scenario = find_scenarios().get(record.scenario)
    results = summarise(
        record.run,
        record.scenario,
        [
            judge_variant(
                directory.variant(planned.name),
                planned,
                record.checkers,
                scenario.figures(directory.variant(planned.name)) if scenario else {},
            )
            for planned in record.variants
        ],
    )
    console = Console(plain=settings.plain)
    if json:
        console.result_json(results)
    else:
        for line in (*table([(record.claim, results)]), *explain(results)):
            console.result(line)
    return judge(results.variants).exit_code

"""A variant that ran with changed code says which lines, and says it of that variant alone."""

from __future__ import annotations

from typing import Any

from trivet_lab.evidence import RunDirectory
from trivet_lab.report import render

DIFF = "--- a/sell.py\n+++ b/sell.py\n@@ -1 +1 @@\n-if stock < 1:\n+if '<script>alert(1)</script>':\n same\n"


def test_the_changed_lines_stand_in_the_page_and_are_only_text(make_run: Any) -> None:
    run: RunDirectory = make_run(strategies=("naive", "redlock"))
    run.variant("redlock").mutant.write_text(DIFF)
    page = render(run).read_text()
    section = page[page.index('<section id="changed">') :].partition("</section>")[0]
    assert "What ran as <bdi>redlock</bdi>" in section
    assert "naive" not in section
    assert '<span class="removed">-if stock &lt; 1:</span>' in section
    assert '<span class="added">+if &#39;&lt;script&gt;alert(1)&lt;/script&gt;&#39;:</span>' in section
    assert '<a href="#changed">' in page


def test_a_run_of_what_is_shipped_has_no_word_of_changes(make_run: Any) -> None:
    page = render(make_run(strategies=("redlock",))).read_text()
    assert 'id="changed"' not in page
    assert "#changed" not in page

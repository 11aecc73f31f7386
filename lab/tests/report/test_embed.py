from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet_lab.report import embed

HOSTILE = ["</script><script>alert(1)</script>", "<!--<script>", "a&b", "\u2028\u2029", "\u202etxt.exe", "]]>", "'\""]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_data(text: str) -> None:
    told = embed.script_json({"name": text})
    assert json.loads(told) == {"name": text}
    assert not set("<>&\u2028\u2029") & set(told)


@given(st.text())
def test_any_text_comes_back_as_it_was(text: str) -> None:
    told = embed.script_json([text])
    assert json.loads(told) == [text]
    assert "<" not in told


@pytest.mark.parametrize("text", ["x = '</script>'", "x = '</SCRIPT '", "a{}</style>"])
def test_a_file_that_would_end_its_element_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="end the element"):
        embed.trusted(text)


def test_the_policy_allows_nothing_but_what_is_in_the_page() -> None:
    # The example of the Content Security Policy, level 3: alert('Hello, world.');
    policy = embed.policy(["alert('Hello, world.');"], [])
    assert "default-src 'none'" in policy
    assert "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='" in policy
    assert "unsafe" not in policy

"""The page as people meet it: in Chromium, offline, in both colour schemes, on a telephone and on a large screen."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from trivet_lab.evidence import FaultRecord, LeaseHeld, LeaseOver, RunDirectory, VariantDirectory, write_faults
from trivet_lab.report import render

pytestmark = pytest.mark.browser
MakeRun = Callable[..., RunDirectory]
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
HOSTILE = ["</script><script>window.owned=1</script>", '"><img src=x onerror="window.owned=1">', "\u202egro.elpmaxe"]
INKS = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const inks = new Set();
  for (let i = 0; i < data.length && inks.size < 9; i += 4)
    if (data[i + 3] > 200) inks.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
  return inks.size;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not on PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(make_run: MakeRun) -> Path:
    return render(make_run())


@pytest.fixture(scope="module")
def reports(make_run: MakeRun, report: Path) -> dict[str, Path]:
    hostile = make_run(items=HOSTILE, strategies=("naive",), seconds=3)
    unfinished = make_run(finished=False, strategies=("naive",), seconds=3)
    broken = make_run(strategies=("redlock",), seconds=3)
    break_and_lose_a_lock(broken.variant("redlock"))
    runs = {"hostile": hostile, "unfinished": unfinished, "broken": broken}
    return {"finished": report} | {name: render(run) for name, run in runs.items()}


def break_and_lose_a_lock(directory: VariantDirectory) -> None:
    """Write what a run leaves whose holder stood still."""
    told = '{"event":"failpoint","action":"pause:3000","hit":1,"pid":30402}; then it answered again'
    times = 1_490_146_776, 1_490_548_251, 2_525_503_730
    write_faults(directory.faults, [FaultRecord("failpoint", "inventory-api-1", *times, told)])
    late, next_ = ("inventory-api-1", "ticket-1", 1), ("inventory-api-2", "ticket-1", 2)
    events = [
        LeaseHeld(*late, 600_000_000, 1_500_000_000),
        LeaseHeld(*next_, 1_600_000_000, 2_500_000_000),
        LeaseOver(*next_, 1_602_000_000),
        LeaseOver(*late, 2_500_000_000),
    ]
    directory.events.write_bytes(msgspec.json.Encoder().encode_lines(events))


class Reader:
    """A page that was opened, with everything that it complained of or asked the network for."""

    def __init__(self, browser: Browser, path: Path, *, width: int = 1600, scheme: str = "light") -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]  # one of the two that exist
            offline=True,
        )
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.address = path.as_uri()
        self.page.goto(self.address)

    def fits(self) -> bool:
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))

    def until(self, condition: str) -> None:
        """Wait for a condition, frame by frame: the page's policy forbids what Playwright's own waiting needs."""
        look = f"const look = () => ({condition}) ? done() : requestAnimationFrame(look); look();"
        self.page.evaluate(f"() => new Promise(done => {{ {look} }})")


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Reader]]:
    readers: list[Reader] = []

    def open_page(path: Path, **how: object) -> Reader:
        readers.append(Reader(browser, path, **how))  # type: ignore[arg-type]  # width and scheme
        return readers[-1]

    yield open_page
    for reader in readers:
        reader.context.close()


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [
        ("finished", 380, "light"),
        ("finished", 380, "dark"),
        ("finished", 1600, "light"),
        ("finished", 1600, "dark"),
        ("hostile", 380, "light"),
        ("hostile", 1600, "dark"),
        ("broken", 380, "dark"),
        ("broken", 1600, "light"),
        ("unfinished", 380, "dark"),
        ("unfinished", 1600, "light"),
    ],
)
def test_the_page_stands_on_its_own(
    opened: Callable[..., Reader], reports: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    reader = opened(reports[name], width=width, scheme=scheme)
    assert reader.fits()
    canvases = reader.page.query_selector_all(".chart canvas")
    assert len(canvases) == (7 if name == "finished" else 3)
    for canvas in canvases:
        assert canvas.evaluate(INKS) > 5
    told = "unfinished" if name == "unfinished" else "valid"
    assert told in reader.page.inner_text("#verdict").lower()
    assert reader.page.evaluate("window.owned") is None
    reader.page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
    assert reader.fits()
    assert reader.complaints == []
    assert reader.requests == [reader.address]


@pytest.mark.parametrize("width", [380, 1600])
def test_when_a_fault_was_in_effect_reads_in_one_line(
    opened: Callable[..., Reader], reports: dict[str, Path], width: int
) -> None:
    page = opened(reports["broken"], width=width).page
    # The cell of a wide table is as high as its row, so it is the text's own lines that are counted.
    lines = """all => all.map(it => {
        const text = document.createRange()
        text.selectNodeContents(it)
        return new Set([...text.getClientRects()].map(line => Math.round(line.top))).size
    })"""
    assert page.eval_on_selector_all(".faults td.figure", lines) == [1] * 3
    heights = "all => all.map(it => it.offsetHeight / parseFloat(getComputedStyle(it).fontSize))"
    assert width > 600 or max(page.eval_on_selector_all(".faults td.figure", heights)) < 3


def test_charts_follow_the_window_and_the_colour_scheme(opened: Callable[..., Reader], report: Path) -> None:
    reader = opened(report, width=1600)
    page = reader.page
    axis = "getComputedStyle(document.documentElement).getPropertyValue('--ink')"
    light = page.evaluate(axis)
    before = page.query_selector(".chart canvas")
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(axis) != light
    assert page.query_selector(".chart canvas") != before
    page.set_viewport_size({"width": 380, "height": 900})
    reader.until("[...document.querySelectorAll('.chart')].every(it => it.clientWidth === it.firstChild.clientWidth)")
    assert reader.fits()
    assert reader.complaints == []


def test_a_chart_is_read_and_a_line_is_switched_without_a_mouse(opened: Callable[..., Reader], report: Path) -> None:
    page = opened(report).page
    chart = page.locator("[data-chart=latency]")
    chart.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    values = chart.locator(".u-value").all_inner_texts()
    assert "%" in values[0]
    assert all(value.endswith(("ms", "s")) for value in values[1:])
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert chart.locator(".u-series.u-off").count() == 1


def test_the_command_is_copied(opened: Callable[..., Reader], report: Path) -> None:
    reader = opened(report)
    reader.context.grant_permissions(["clipboard-read", "clipboard-write"])
    reader.page.click("[data-copy=command]")
    reader.until("document.querySelector('[data-copy]').textContent === 'Copied'")
    assert reader.page.evaluate("navigator.clipboard.readText()") == "./trivet run flash-sale --seed 7"


def test_the_first_tab_leads_past_the_navigation(opened: Callable[..., Reader], report: Path) -> None:
    page = opened(report).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#verdict"


def test_paper_is_light_whatever_the_screen_was(opened: Callable[..., Reader], report: Path) -> None:
    reader = opened(report, scheme="dark")
    page = reader.page
    page.evaluate(
        "window.printed = []; addEventListener('beforeprint', () => printed.push("
        "document.querySelector('.chart').firstChild.clientWidth,"
        "getComputedStyle(document.documentElement).getPropertyValue('--ink').trim()))"
    )
    paper = page.pdf()
    width, ink = page.evaluate("window.printed")
    assert paper.startswith(b"%PDF")
    assert width <= 660
    assert ink == "#1d1b16"
    assert reader.complaints == []


def test_it_reads_without_scripts(browser: Browser, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    assert "The charts need JavaScript" in page.inner_text("body")
    assert "did not exist" in page.inner_text("h1")
    context.close()

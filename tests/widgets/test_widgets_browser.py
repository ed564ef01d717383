"""In JupyterLab, in a real browser: the slider moved by keyboard, both themes, a block copied by a click."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from cells import WIDGETS, notebook
from playwright.sync_api import Locator, Page, expect, sync_playwright

SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
PATIENCE_MS = 90_000
expect.set_options(timeout=PATIENCE_MS)
TICKING = """\
from itertools import count
seconds = count()
widgets.dashboard(clients, ['orders'], region='us-east-1', every_s=2, now=lambda: begin + next(seconds))"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: the browser tests need one"),
]


@pytest.fixture(scope="module", params=["light", "dark"])
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The notebook open in JupyterLab, all its cells run."""
    folder = tmp_path_factory.mktemp(request.param)
    address = _prepared(folder, request.param)
    with _jupyterlab(folder, address), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        opened = browser.new_page(viewport={"width": 1150, "height": 7000})
        opened.goto(f"{address}/lab/tree/widgets.ipynb?reset", timeout=PATIENCE_MS)
        opened.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=PATIENCE_MS)
        opened.get_by_role("menuitem", name="Run", exact=True).click()
        opened.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        opened.locator(".labkit-functions").nth(1).wait_for(timeout=PATIENCE_MS)
        _keep(opened, request.param)
        yield opened
        browser.close()


def _prepared(folder: Path, theme: str) -> str:
    """A notebook and JupyterLab's settings; returns an address that is free."""
    made = notebook()
    made.cells.append(nbformat.v4.new_code_cell(TICKING))
    nbformat.write(made, folder / "widgets.ipynb")
    settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    name = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}[theme]
    (settings / "themes.jupyterlab-settings").write_text(json.dumps({"theme": name}))
    news = {"fetchNews": "false", "checkForUpdates": False}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(news))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


class _jupyterlab:  # noqa: N801 (a context manager that reads like a function)
    """JupyterLab on 127.0.0.1, for as long as the block runs."""

    def __init__(self, folder: Path, address: str) -> None:
        self._address = address
        port = address.rpartition(":")[2]
        options = [
            f"--ServerApp.root_dir={folder}",
            f"--port={port}",
            "--ServerApp.port_retries=0",
            "--no-browser",
        ]
        options += ["--ServerApp.ip=127.0.0.1", "--IdentityProvider.token=", "--allow-root"]
        environment = os.environ | {
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        }
        self._log = (folder / "lab.log").open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            env=environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def __enter__(self) -> None:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{self._address}/api", timeout=5).close()
                return
            except OSError:
                try:
                    self._process.wait(0.2)
                except subprocess.TimeoutExpired:
                    continue
                break
        raise RuntimeError(f"JupyterLab did not start: see {self._log.name}")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._log.close()


def _keep(page: Page, theme: str) -> None:
    """A screenshot of each widget, to be looked at by people."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for name in WIDGETS:
        box(page, name).screenshot(path=SCREENSHOTS / f"{name}-{theme}.png")


def box(page: Page, name: str) -> Locator:
    """The widget of that name."""
    cell = page.locator(".jp-CodeCell").nth(1 + list(WIDGETS).index(name))
    return cell.locator(".jp-OutputArea-output").first


def text_of(page: Page, name: str) -> Locator:
    """Its twin."""
    cell = page.locator(".jp-CodeCell").nth(1 + list(WIDGETS).index(name))
    return cell.locator(".jp-RenderedText pre")


def test_the_slider_moves_by_keyboard(page: Page) -> None:
    """Two steps to the right: sums, picture and twin follow."""
    meter, twin = box(page, "cost_meter"), text_of(page, "cost_meter")
    handle = meter.locator(".noUi-handle")
    handle.focus()
    for name, number in (("2 million", "2,000,000"), ("5 million", "5,000,000")):
        handle.press("ArrowRight")
        expect(meter.locator(".labkit-sums")).to_contain_text(f"a month of {name} requests")
        picture = meter.locator("svg[aria-label^='Cost of a month']")
        expect(picture).to_have_attribute("aria-label", re.compile(f"At {number} requests"))
        expect(twin).to_contain_text(f"a month of {name} requests")


def test_every_control_of_the_break_even_works_by_keyboard(page: Page) -> None:
    """Table, picture and twin follow each of them; what the twin says is what the widget says."""
    widget, twin = box(page, "break_even"), text_of(page, "break_even")
    handles = widget.locator(".noUi-handle")
    for place, key, said in (
        (0, "ArrowRight", "A month of 2 million requests"),
        (1, "ArrowRight", "A request: 200 ms at 512 MB"),
        (2, "ArrowLeft", "A request: 200 ms at 256 MB"),
    ):
        before = widget.locator("svg[role=img]").inner_html()
        handles.nth(place).press(key)
        expect(widget).to_contain_text(said)
        expect(twin).to_contain_text(said)
        assert widget.locator("svg[role=img]").inner_html() != before
    for menu, value, said in (
        ("Architecture", "arm64", "256 MB on arm64"),
        ("Handler computes", "half of the time", "computing half of the time"),
        ("Region", "eu-west-1", "not known for this Region"),
    ):
        widget.get_by_label(menu).select_option(value)
        expect(widget).to_contain_text(said)
        expect(twin).to_contain_text(said)
    box_ = widget.get_by_role("checkbox")
    box_.press("Space")
    expect(twin).to_contain_text("Lambda, with the free tier")


def test_the_tunings_slider_weighs_cost_against_speed(page: Page) -> None:
    """From only cost to only speed: another size is marked."""
    widget, twin = box(page, "tuning"), text_of(page, "tuning")
    expect(widget).to_contain_text("Best for only cost: 256 MB")
    widget.locator(".noUi-handle").press("Home")
    expect(widget).to_contain_text("Best for only speed: 1,024 MB")
    expect(widget.locator("svg[role=img]")).to_have_attribute("aria-label", re.compile("1,024 MB"))
    expect(twin).to_contain_text("Best for only speed: 1,024 MB")


def test_the_dashboard_follows_menu_and_button(page: Page) -> None:
    """By keyboard too; the picture is of the function that is chosen."""
    widget = box(page, "dashboard")
    menu = widget.get_by_label("Function")
    menu.select_option("payments")
    expect(widget).to_contain_text("CloudWatch has no point of payments")
    widget.get_by_role("button", name="Refresh").press("Enter")
    expect(menu).to_have_value("payments")
    menu.select_option("orders")
    expect(widget.locator("svg[role=img]")).to_have_attribute("aria-label", re.compile("minutes of orders"))
    expect(widget.get_by_role("checkbox")).to_be_checked()


def test_a_dashboard_refreshes_by_itself_until_it_is_told_not_to(page: Page) -> None:
    """Between cells, in the kernel's own loop; widget and twin go on together."""
    cell = page.locator(".jp-CodeCell").last
    widget, twin = cell.locator(".jp-OutputArea-output").first, cell.locator(".jp-RenderedText pre")
    first = widget.locator(".head").first.text_content() or ""
    expect(widget.locator(".head").first).not_to_have_text(first)
    widget.get_by_role("checkbox").press("Space")
    expect(twin).to_contain_text(widget.locator(".head").first.text_content() or "?")


@pytest.mark.parametrize("name", ["latency", "timeline", "trace", "event_path", "dashboard", "break_even"])
def test_no_text_of_a_picture_is_cut_off(page: Page, name: str) -> None:
    """Every word lies within its picture, whatever font the page has."""
    outside = (
        box(page, name)
        .locator("svg[role=img]")
        .evaluate(
            """svg => { const frame = svg.getBoundingClientRect();
            return [...svg.querySelectorAll('text')].filter(text => {
                const box = text.getBoundingClientRect();
                return box.left < frame.left - 1 || box.right > frame.right + 1
                    || box.bottom > frame.bottom + 1;
            }).map(text => text.textContent) }"""
        )
    )
    assert outside == []


def test_ink_stands_out_from_the_page(page: Page) -> None:
    """Text in pictures has the colour of the theme's text, in light and in dark."""
    ink = page.locator(".labkit svg text").first.evaluate("one => getComputedStyle(one).fill")
    text = page.locator(".labkit .head").first.evaluate("one => getComputedStyle(one).color")
    assert ink == text


def test_a_click_selects_a_command_whole(page: Page) -> None:
    """And only that one."""
    box(page, "cli_commands").locator(".labkit-cli pre").first.click()
    assert page.evaluate("getSelection().toString()").strip() == "aws lambda list-functions"


def test_a_twin_in_the_same_words_is_left_to_screen_readers(page: Page) -> None:
    """The latency's table stands in sight; what would only repeat its widget takes no room."""
    table = text_of(page, "latency").bounding_box()
    repeated = page.locator(".jp-OutputArea-child", has_text="# AWS CLI: 2 commands").last.bounding_box()
    assert table is not None and table["height"] > 80
    assert repeated is not None and repeated["height"] <= 1


def test_no_cell_failed(page: Page) -> None:
    """No error output anywhere."""
    expect(
        page.locator("[data-mime-type='application/vnd.jupyter.stderr'], .jp-RenderedText .ansi-red-fg")
    ).to_have_count(0)

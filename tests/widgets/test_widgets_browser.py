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
from playwright.sync_api import Page, expect, sync_playwright

HERE = Path(__file__).parent
SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
PATIENCE_MS = 90_000
CELLS = [
    f"import sys\nsys.path.insert(0, {str(HERE)!r})",
    "from made_up import Result, run\nfrom labkit import widgets",
    "widgets.latency(run(60, cold=6))",
    "widgets.cost_meter(run(60, cold=6))",
    "widgets.checkpoints([Result('02.1', 'It exists', True, 'orders, Active'),\n"
    "    Result('02.2', 'It runs', False, 'an error', 'an answer', 'Read its log')])",
    "from labkit.awscli import Command\n"
    "widgets.cli_commands([Command((('aws', 'lambda', 'list-functions'),)), Command((('aws', 'x', 'y'),))])",
]
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
        opened = browser.new_page(viewport={"width": 1150, "height": 2400})
        opened.goto(f"{address}/lab/tree/widgets.ipynb?reset", timeout=PATIENCE_MS)
        opened.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=PATIENCE_MS)
        opened.get_by_role("menuitem", name="Run", exact=True).click()
        opened.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        opened.locator(".labkit-cli").first.wait_for(timeout=PATIENCE_MS)
        _keep(opened, f"widgets-{request.param}")
        yield opened
        browser.close()


def _prepared(folder: Path, theme: str) -> str:
    """A notebook and JupyterLab's settings; returns an address that is free."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "widgets.ipynb")
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


def _keep(page: Page, name: str) -> None:
    """A screenshot, to be looked at by people."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def twin(page: Page, begins: str) -> str:
    texts = page.locator(".jp-RenderedText pre").all_text_contents()
    return next(text for text in texts if text.startswith(begins))


def test_the_slider_moves_by_keyboard(page: Page) -> None:
    """Two steps to the right: sums, picture and twin follow."""
    handle = page.locator(".noUi-handle")
    handle.focus()
    for name, number in (("2 million", "2,000,000"), ("5 million", "5,000,000")):
        handle.press("ArrowRight")
        expect(page.locator(".labkit-sums")).to_contain_text(f"a month of {name} requests")
        picture = page.locator("svg[aria-label^='Cost of a month']")
        expect(picture).to_have_attribute("aria-label", re.compile(f"At {number} requests"))
        expect(page.locator(".jp-RenderedText pre", has_text=f"a month of {name} requests")).to_have_count(1)
    assert twin(page, "Cost on AWS").splitlines()[2].startswith("a month of 5 million requests")


def test_ink_stands_out_from_the_page(page: Page) -> None:
    """Text in pictures has the colour of the theme's text, in light and in dark."""
    ink = page.locator(".labkit svg text").first.evaluate("one => getComputedStyle(one).fill")
    text = page.locator(".labkit .head").first.evaluate("one => getComputedStyle(one).color")
    assert ink == text


def test_a_click_selects_a_command_whole(page: Page) -> None:
    """And only that one."""
    page.locator(".labkit-cli pre").first.click()
    assert page.evaluate("getSelection().toString()").strip() == "aws lambda list-functions"


def test_a_twin_in_the_same_words_is_left_to_screen_readers(page: Page) -> None:
    """The latency's table stands in sight; what would only repeat its widget takes no room."""
    table = page.locator(".jp-OutputArea-child", has_text="orders: 60 calls").last.bounding_box()
    repeated = page.locator(".jp-OutputArea-child", has_text="# AWS CLI: 2 commands").last.bounding_box()
    assert table is not None and table["height"] > 80
    assert repeated is not None and repeated["height"] <= 1


def test_no_cell_failed(page: Page) -> None:
    """No error output anywhere."""
    expect(
        page.locator("[data-mime-type='application/vnd.jupyter.stderr'], .jp-RenderedText .ansi-red-fg")
    ).to_have_count(0)

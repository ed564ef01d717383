"""What README, CONTRIBUTING, docs/ and the Makefile claim is so: links, commands, paths, phases."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from labkit import widgets
from labkit.cli import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/widgets.md", "docs/instructor.md"]
TARGETS = {"start", "setup", "test", "run", "lint", "bench", "notebooks", "clean"}


def make(*arguments: str) -> str:
    return subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def commands_in(document: str) -> str:
    """Shell blocks and inline code; the other blocks are pictures."""
    text = re.sub(r"```\n.*?```", "", (ROOT / document).read_text(), flags=re.S)
    return "\n".join(re.findall(r"```sh.*?```|`[^`\n]+`", text, re.S))


def test_make_alone_lists_the_targets():
    rows = dict(re.findall(r"^  make (\w+) +(\S.*)$", make(), re.M))
    assert rows.keys() >= TARGETS


def test_make_clean_leaves_the_learners_work_alone():
    assert "workspace" not in make("-n", "clean")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document):
    links = re.findall(r"\]\(([^)#\s]+)", (ROOT / document).read_text())
    local = [link for link in links if "://" not in link]
    assert not [link for link in local if not ((ROOT / document).parent / link).exists()]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_exist(document):
    code = commands_in(document)
    assert set(re.findall(r"\bmake ([a-z]+)", code)) <= TARGETS | {"unit"}
    assert set(re.findall(r"\blabkit ([a-z]+)", code)) <= COMMANDS.keys()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_paths_exist(document):
    folders = "labkit|tests|benchmarks|tools|solutions|notebooks|docs"
    named = re.findall(rf"`((?:{folders})/[\w./-]*)`", (ROOT / document).read_text())
    assert not [path for path in named if not (ROOT / path).exists()]


def test_readme_calls_a_phase_ready_exactly_if_its_notebook_is_there():
    row = r"^\| `([0-9]{2}-[a-z-]+)` \|.*\| (ready|to come) \|$"
    phases = dict(re.findall(row, (ROOT / "README.md").read_text(), re.M))
    assert len(phases) == 7
    there = {file.stem for file in (ROOT / "solutions").glob("[0-9]*.ipynb")}
    assert {name for name, state in phases.items() if state == "ready"} == there


def test_every_widget_is_shown():
    """A heading's worth of words, a line of code and a screenshot for each."""
    names = {name for name in widgets.__all__ if name.islower()} - {"show"}
    document = (ROOT / "docs" / "widgets.md").read_text()
    assert set(re.findall(r"\(widgets/(\w+)\.png\)", document)) == names
    for name in names - {"cli_commands"}:
        assert re.search(rf"\b(labkit\.widgets|lab)\.{name}\(", document), name

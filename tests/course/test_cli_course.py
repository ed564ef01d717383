"""The course from a terminal."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from labkit.checks import Journal
from labkit.cli import labkit
from labkit.course.workspace import prepare
from labkit.session.record import RECORD, DesignRecord
from tests.course.conftest import NAME, solve


def invoke(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(labkit, list(arguments), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def test_build_and_its_check(course, text):
    assert invoke("build", "--check") == ""
    solve(course, text.replace("A tiny", "A very tiny"))
    said = invoke("build", "--check", code=1)
    assert said == f"different: notebooks/{NAME}.ipynb\n`labkit build` writes them.\n"
    assert invoke("build") == f"written: notebooks/{NAME}.ipynb\n"
    assert invoke("build", "--check") == ""


def test_build_of_a_solution_that_is_none(course, text):
    solve(course, text.replace('lab.check("00.1")', ""))
    assert "Error: 00-tiny.ipynb: check 00.1 is never asked for" in invoke("build", code=1)


def test_hint(course):
    assert "It takes `memory_mb`." in invoke("hint", "00.2", "--level", "2")
    assert "Error: There are no hints for '00.7'" in invoke("hint", "00.7", code=1)


def test_progress(workspace):
    Journal(workspace).note("00.1", "done")
    said = invoke("progress", "--workspace", str(workspace))
    assert "✓ 00.1" in said
    assert "Next: 00.2" in said


def test_reset_keeps_the_copy_and_forgets_the_progress(course, workspace):
    prepare(workspace)
    Journal(workspace).note("00.1", "done")
    Journal(workspace).note("02.1", "done")
    said = invoke("reset", "00", "--workspace", str(workspace))
    assert "Your copy is kept as 00-tiny (kept" in said
    assert f"{NAME}.ipynb is copied" in said
    assert list(Journal(workspace).marks()) == ["02.1"]


def test_reset_forgets_what_the_lab_has_decided(course, workspace):
    record = DesignRecord(workspace / ".labkit" / RECORD)
    prepare(workspace)
    record.save("runtime", "python3.13", by=NAME)
    record.save("memory_mb", 512, by="01-design")
    record.save("_costs", {})
    invoke("reset", "00", "--workspace", str(workspace))
    assert (record.load("runtime", None), record.load("memory_mb"), record.load("_costs")) == (None, 512, {})


@pytest.mark.slow
def test_reset_deletes_what_the_lab_has_made(course, workspace):
    import labkit as package

    prepare(workspace)
    lab = package.open(NAME, workspace=workspace)
    other = package.open("02-create", workspace=workspace)
    for one in (lab, other):
        package.deploy.role(one, "some-role")
    invoke("reset", "00", "--workspace", str(workspace))
    assert (len(lab.ledger.live()), len(other.ledger.live()) > 0) == (0, True)


def test_commands_outside_a_course_say_where_to_go(tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_COURSE", str(tmp_path))
    assert "Run this inside a clone of the workbook" in invoke("build", code=1)


@pytest.mark.slow
@pytest.mark.usefixtures("kernels_without_fakes")
def test_run_shows_a_table_and_writes_a_report(course, tmp_path):
    report = tmp_path / "report"
    said = invoke("run", "-p", "region", "eu-west-1", "--report", str(report))
    assert "2 of 2" in said
    assert "passed" in said
    assert "1 notebook (solutions): all went as they should. It took" in said
    assert "times the floor of" in said
    assert f"Report: {report / 'index.html'}" in said
    kept = json.loads((report / f"{NAME}.ipynb").read_text())
    assert any("injected-parameters" in cell["metadata"].get("tags", []) for cell in kept["cells"])


@pytest.mark.slow
@pytest.mark.usefixtures("kernels_without_fakes")
def test_run_of_a_failing_notebook_shows_the_cell_and_ends_with_1(course, text):
    solve(course, text.replace("lab.cost()", "1 / 0"))
    said = invoke("run", "00", code=1)
    assert "    1 / 0\n" in said
    assert "ZeroDivisionError" in said
    assert "00-tiny failed" in said


def test_run_in_an_account_asks_first(course):
    result = CliRunner().invoke(labkit, ["run", "--target", "aws"], input="n\n")
    assert result.exit_code == 1
    assert "Run in the AWS account" in result.output
    assert "Aborted" in result.output


@pytest.mark.parametrize(("given", "value"), [("512", 512), ("true", True), ("aws", "aws"), ("1.5", 1.5)])
def test_values_of_parameters(given, value):
    from labkit.cli.course import _value

    assert _value(given) == value

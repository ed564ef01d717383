"""Recordings that change only where something has changed, and reports that need nothing from anywhere."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from nbval.plugin import get_sanitize_patterns

from labkit.course import notebook as files
from labkit.course import report
from labkit.course.kernel import Failure
from labkit.course.record import keep_equal, plain, read_rules, record, sanitized
from labkit.course.run import Outcome
from labkit.course.text import to_notebook
from labkit.errors import CourseError
from tests.course.conftest import NAME, SANITIZER, solve
from tests.notebooks.strict import compare

TIMES = report.Times(whole_s=12.0, cells_s=9.0, kernels_s=1.0)
RULES = read_rules(SANITIZER)
VIEW = "application/vnd.jupyter.widget-view+json"


def test_every_rule_of_the_sanitise_file_is_one_to_nbval():
    """It passes over one whose replacement is empty, and says nothing."""
    written = re.findall(r"^regex", SANITIZER.read_text(), re.M)
    assert len(RULES) == len(written) > 0
    assert read_rules(SANITIZER) == get_sanitize_patterns(SANITIZER.read_text())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("REPORT RequestId: 8a6f0c5e-7b0e-4d9b-a8a4-1f2d3c4b5a69\tDuration: 1.23 ms", None),
        (
            "Billed Duration: 2 ms\tMax Memory Used: 38 MB\t",
            "Billed Duration: 102 ms\tMax Memory Used: 7 MB\t",
        ),
        ("lab02-k3f9x-photos", "lab02-abcde-photos"),
        ("http://127.0.0.1:4566/x", "http://127.0.0.1:80/x"),
        ("2026-11-25T03:45:58.901+00:00", "2027-01-01T00:00:00Z"),
        ("2026/11/25/[$LATEST]0123456789abcdef0123456789abcdef", "2027/01/02/[$LATEST]" + "f" * 32),
        ("median      12.3 ms   1,234 ms", "median     0.82 ms      12 ms"),
        ("Cost 0.0000029438 USD", "Cost 0.00001 USD"),
        ("Overwriting functions/a.py", "Writing functions/a.py"),
        ("/tmp/labkit-run-abc/x", "/var/folders/xy/labkit-run-def_1/x"),
        ("'LastModified': datetime.datetime(2026, 1, 2, tzinfo=tzlocal())", "'LastModified': TIME"),
    ],
)
def test_what_is_measured_or_random_is_the_same_in_two_recordings(one, other):
    other = one.replace("8a6f", "ffff").replace("1.23", "20.5") if other is None else other
    assert sanitized(one, RULES) == sanitized(other, RULES)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Memory Size: 128 MB", "Memory Size: 256 MB"),
        ("python3.12", "python3.13"),
        ("Timeout: 3 s", "Timeout: 5 s"),
        ("✓ 02.1", "✗ 02.1"),
        ("statusCode 200", "statusCode 404"),
        ("lab02-k3f9x-photos", "lab02-k3f9x-orders"),
        ("1 cold, 2 warm", "2 cold, 1 warm"),
    ],
)
def test_what_a_lesson_is_about_is_compared(one, other):
    assert sanitized(one, RULES) != sanitized(other, RULES)


def recorded(*outputs):
    notebook = to_notebook("%% code a\nx\n")
    notebook.cells[0].outputs = [files.node(output) for output in outputs]
    notebook.cells[0].execution_count = 1
    return notebook


def stream(text: str):
    return {"output_type": "stream", "name": "stdout", "text": text}


def test_outputs_that_say_the_same_are_kept():
    before, after = recorded(stream("took 1 ms")), recorded(stream("took 22 ms"))
    assert keep_equal(after, before, RULES) == 0
    assert after == before
    other = recorded(stream("took 1 ms, twice"))
    assert keep_equal(other, before, RULES) == 1
    assert other.cells[0].outputs[0].text == "took 1 ms, twice"


def test_a_recording_is_plain():
    """One piece a stream, no widget view, no times, no version of a kernel."""
    view = {VIEW: {"model_id": "1"}, "text/plain": "HTML()"}
    run = recorded(stream("a"), stream("b"), {"output_type": "display_data", "metadata": {}, "data": view})
    run.metadata = files.node({"widgets": {}, "papermill": {}, "language_info": {"version": "3.11.2"}})
    run.cells[0].metadata = files.node({"papermill": {}, "tags": [], "execution": {}})
    made = plain(run)
    assert made.cells[0].metadata == {}
    assert "3.11.2" not in files.text(made)
    assert [one.get("text") or one.data for one in made.cells[0].outputs] == ["ab", {"text/plain": "HTML()"}]


@pytest.mark.slow
@pytest.mark.usefixtures("kernels_without_fakes")
def test_recording_twice_gives_the_same_bytes(course, text):
    """Also where only an id differs; made afresh, a recording is of one run in all its cells."""
    solve(course, text.replace("lab.cost()", "import uuid; uuid.uuid4()"))
    path = course.solutions / f"{NAME}.ipynb"
    [first] = record(course)
    once = path.read_bytes()
    [second] = record(course, ("00",))
    assert first.changed > 0
    assert (second.changed, path.read_bytes()) == (0, once)
    counts = [cell.execution_count for cell in files.code_cells(files.read(path))]
    assert counts == list(range(1, first.cells + 1))
    [third] = record(course, afresh=True)
    assert third.changed == 0 and path.read_bytes() != once


@pytest.mark.slow
@pytest.mark.usefixtures("kernels_without_fakes")
def test_nbval_agrees_with_a_recording_and_finds_what_changed(course):
    record(course)
    agreed = compare(course, NAME)
    assert agreed.agrees, agreed.said
    assert agreed.left == []
    assert agreed.cells_s > 0
    path = course.solutions / f"{NAME}.ipynb"
    path.write_text(path.read_text().replace("runs with 256 MB", "runs with 257 MB"))
    differs = compare(course, NAME)
    assert not differs.agrees
    assert "257 MB" in differs.said


@pytest.mark.slow
@pytest.mark.usefixtures("kernels_without_fakes")
@pytest.mark.parametrize(
    ("before", "after", "says"),
    [("lab.cost()", "1 / 0", "ZeroDivisionError"), ("lab.teardown()", "pass", "leaves .*lambda.function")],
)
def test_what_fails_or_leaves_something_is_not_recorded(course, text, before, after, says):
    path = solve(course, text.replace(before, after))
    untouched = path.read_bytes()
    with pytest.raises(CourseError, match=f"(?s)was not recorded.*{says}"):
        record(course)
    assert path.read_bytes() == untouched


def outcome(**changes) -> Outcome:
    fields = {
        "name": NAME,
        "learner": False,
        "notebook": to_notebook("%% markdown a\n# Title\n%% code b\n1 + 1\n"),
        "duration_s": 1.25,
        "cells_s": 1.0,
        "asked": ("00.1",),
        "marks": {},
        "invocations": 1234,
        "cost_usd": Decimal("0.000002"),
        "failure": None,
        "problems": (),
    }
    return Outcome(**{**fields, **changes})


def test_the_report_has_a_page_for_each_notebook_and_a_table(tmp_path):
    failure = Failure(3, "x < 1", "NameError: x", "")
    bad = outcome(name="02-create", failure=failure, problems=(str(failure),), cost_usd=None)
    first = report.write_report(tmp_path, [outcome(), bad], "us-east-1", TIMES)
    page = first.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["index.html", *(f"{name}.{kind}" for name in (NAME, "02-create") for kind in ("html", "ipynb"))]
    )
    assert f'<a href="{NAME}.html">' in page
    assert "1,234" in page
    assert "12 s, 1.20 times the floor of 10 s (bare kernels 1 s, cells 9 s)" in page
    assert "0.000002 USD" in page
    assert "unknown" in page
    assert "x &lt; 1" in page
    assert "02-create failed" in page
    assert "<td>together</td><td>0 of 2</td>" in page
    assert "2,468" in page
    assert "<td>1 of 2</td>" in page
    assert "# Title" not in (tmp_path / f"{NAME}.html").read_text()


def test_a_failure_leads_to_its_cell(tmp_path):
    """One without a cell, such as a kernel that died, leads nowhere."""
    ran = to_notebook("%% code a\n1 + 1\n%% code fails\nx\n%% code c\ny\n")
    ran.cells[0].execution_count, ran.cells[1].execution_count = 1, 2
    failure = Failure(2, "x", "NameError: x", "")
    bad = outcome(notebook=ran, failure=failure, problems=(str(failure),))
    page = report.write_report(tmp_path, [bad], "us-east-1", TIMES).read_text()
    assert f'<a href="{NAME}.html#cell-id=fails">' in page
    assert 'id="cell-id=fails"' in (tmp_path / f"{NAME}.html").read_text()
    died = outcome(notebook=ran, failure=Failure(None, "", "DeadKernelError", ""), problems=("died",))
    assert "#cell-id" not in report.write_report(tmp_path, [died], "us-east-1", TIMES).read_text()


def test_pages_need_nothing_from_anywhere(tmp_path):
    first = report.write_report(tmp_path, [outcome()], "us-east-1", TIMES)
    for page in (first, tmp_path / f"{NAME}.html"):
        assert not re.findall(
            r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"(?:https?:)?//", page.read_text()
        )
        assert "@import url(http" not in page.read_text()


def test_widgets_are_shown_as_they_stood(tmp_path):
    state = {
        "1": {
            "model_name": "VBoxModel",
            "state": {"children": ["IPY_MODEL_2", "IPY_MODEL_3", "IPY_MODEL_4"]},
        },
        "2": {"model_name": "HTMLModel", "state": {"value": "<svg id='curve'></svg>"}},
        "3": {"model_name": "IntSliderModel", "state": {"description": "memory <MB>", "value": 512}},
        "4": {
            "model_name": "ImageModel",
            "state": {"format": "png"},
            "buffers": [{"path": ["value"], "data": "aWNvbg=="}],
        },
    }
    shown = recorded({"output_type": "display_data", "metadata": {}, "data": {VIEW: {"model_id": "1"}}})
    kinds = {"application/vnd.jupyter.widget-state+json": {"state": state}}
    shown.metadata = files.node({"widgets": kinds})
    page = report.notebook_page(shown, NAME)
    assert "<svg id='curve'>" in page.replace('"', "'")
    assert "memory &lt;MB&gt; <b>512</b>" in page
    assert "data:image/png;base64,aWNvbg==" in page


@pytest.mark.parametrize(("learner", "words"), [(False, "0 of 1"), (True, "0 of 1 undone")])
def test_a_row_says_how_many_checks_are_as_they_should_be(learner, words):
    row = report.row(outcome(learner=learner))
    assert row == (NAME, words, "1.2 s", "1,234", "0.000002 USD", "passed")

"""Trace: the waterfall, its parts in their places, errors in words, and sentences where there is no trace."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from made_up_logs import BEGIN_MS, XRay, documents

from labkit.measure.traces import from_documents
from labkit.widgets import trace

ONE, OTHER = "1-6ab13d80-0123456789abcdef01234567", "1-6ab13d81-0123456789abcdef01234567"


def clients(*known: str) -> Any:
    xray = XRay({one: documents(one) for one in known})
    return lambda service: xray


def view_of(*known: str, what: str | None = None) -> Any:
    return trace(clients(*known), what, now=lambda: BEGIN_MS / 1000 + 5)


def test_a_segment_stands_below_the_span_that_it_is_part_of() -> None:
    """Whatever the order of the documents, and in the order in which they began."""
    found = from_documents(ONE, documents())
    assert [(span.depth, span.name, span.kind, span.state) for span in found.spans] == [
        (0, "orders", "AWS::Lambda", "ok"),
        (1, "orders", "AWS::Lambda::Function", "fault"),
        (2, "Initialization", "", "ok"),
        (2, "Invocation", "", "fault"),
        (3, "dynamodb", "GetItem", "throttle"),
    ]


def test_a_document_that_is_its_own_parent_ends() -> None:
    """Anyone with the permission may send documents."""
    circle = {"id": "a", "name": "x", "start_time": 1.0, "subsegments": [{"id": "a", "start_time": 1.0}]}
    other = {"id": "b", "name": "y", "parent_id": "a", "start_time": 1.0}
    assert from_documents(ONE, [circle, other]).spans


def test_times_and_errors_as_text() -> None:
    """From the beginning of the trace; what failed says why."""
    lines = view_of(ONE).text().splitlines()
    assert lines[0] == f"Trace {ONE}: 410 ms, 5 parts, 3 with a problem"
    assert lines[1].split() == ["from", "14:13:20.000", "UTC", "begins", "lasts"]
    assert lines[4].split() == ["Initialization", "10", "ms", "290", "ms"]
    assert lines[5].endswith("300 ms     100 ms  ✕ fault: ValueError: no such <order>")


def test_the_picture_tells_the_same() -> None:
    """In its label, and in words below it; what the exception says cannot become markup."""
    value = view_of(ONE)._page.value
    picture = ET.fromstring(value[value.index("<svg") : value.index("</svg>") + 6])
    assert "The longest part is orders, 390 ms" in picture.attrib["aria-label"]
    assert "no such &lt;order&gt;" in value and "<order>" not in value


def test_the_menu_chooses_among_the_latest(cell: list[Any]) -> None:
    """Newest first; picture and twin follow, in place."""
    view = view_of(ONE, OTHER)
    view.show()
    assert view.trace.id == OTHER
    view.menu.value = ONE
    assert cell[1].shown["text/plain"].startswith(f"Trace {ONE}")
    assert len(cell) == 2


def test_a_name_or_an_id_says_which() -> None:
    """The traces in which a service took part, or just the one."""
    assert view_of(ONE, what="orders").trace.id == ONE
    assert view_of(ONE, OTHER, what=ONE).trace.id == ONE


@pytest.mark.parametrize("what", [None, "payments", "1-6ab13d80-ffffffffffffffffffffffff"])
def test_no_trace_is_said_in_a_sentence(what: str | None) -> None:
    """With what to do about it."""
    view = view_of(*([ONE] if what == "payments" else []), what=what)
    assert view.text().startswith("There is no trace")
    assert "<svg" not in view._page.value


def test_a_span_that_goes_on() -> None:
    """It has no end yet, and is drawn up to now."""
    going_on = [one for one in documents() if one["id"] == "0"]
    del going_on[0]["end_time"]
    xray = XRay({ONE: going_on})
    assert "in progress" in trace(lambda service: xray, ONE).text()


def test_look_again_finds_what_is_new() -> None:
    """X-Ray shows a trace some seconds late."""
    xray = XRay({})
    view = trace(lambda service: xray)
    xray.traces[ONE] = documents()
    view.again.click()
    assert view.trace is not None

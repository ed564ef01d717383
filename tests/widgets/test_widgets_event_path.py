"""Event path: times as they are found in records, and what each attempt adds."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from typing import Any

import pytest
from made_up_logs import BEGIN_MS, Lambda, Logs, run_events

from labkit.errors import LabError
from labkit.widgets import event_path
from labkit.widgets.event_path import at_of

AT = BEGIN_MS / 1000


def path(events: list[dict[str, Any]], **options: Any) -> Any:
    made = {"logs": Logs(events), "lambda": Lambda()}
    return event_path(made.__getitem__, "orders", timeout_s=0, now=lambda: AT, **options)


@pytest.mark.parametrize(
    "when",
    [
        AT,
        BEGIN_MS,
        str(BEGIN_MS),
        datetime.fromtimestamp(AT, UTC),
        datetime.fromtimestamp(AT, UTC).isoformat(),
        "2026-09-21T14:13:20.000Z",
    ],
)
def test_times_as_records_have_them(when: Any) -> None:
    """SQS has milliseconds as text, S3 has ISO text, a client has datetimes."""
    assert at_of(when) == AT


@pytest.mark.parametrize("when", ["soon", None, "", {}])
def test_what_is_no_time_is_refused(when: Any) -> None:
    """Before anything is asked for."""
    with pytest.raises(LabError, match="is no time"):
        at_of(when)


def test_the_waits_between_event_handler_and_effect() -> None:
    """The first invocation after the event, init of its environment included."""
    events = [
        *run_events("a", -5_000, "earlier", 10.0),
        *run_events("a", 500, "r1", 40.0, 120.0),
        *run_events("b", 900, "later", 40.0),
    ]
    view = path(events, sent_at=AT, moments={"row in the table": AT + 0.6, "in the queue": AT + 0.1})
    assert view.text() == (
        """\
orders: 600 ms from “event sent” to “row in the table”
14:13:20.000  ● event sent
              │ 100 ms wait
14:13:20.100  ● in the queue
              │ 280 ms wait
14:13:20.380  ● new environment
              │ 120 ms init
14:13:20.500  ● handler called
              │ 40 ms in the handler
14:13:20.540  ● handler ended
              │ 60 ms wait
14:13:20.600  ● row in the table"""
    )


def test_an_attempt_that_was_followed_by_another_failed() -> None:
    """Lambda makes an asynchronous attempt again only then; both have one request id."""
    events = [*run_events("a", 10, "r1", 5.0), *run_events("a", 60_020, "r1", 5.0)]
    view = path(events, request_id="r1")
    assert [(one.name, one.failed) for one in view.moments] == [
        ("handler called, attempt 1", False),
        ("handler failed, attempt 1", True),
        ("handler called, attempt 2", False),
        ("handler ended, attempt 2", False),
    ]


def test_without_a_time_or_an_id_it_is_the_latest_invocation() -> None:
    """Nothing to say when it was sent, so the path begins with the handler."""
    events = [*run_events("a", -9_000, "r1", 5.0), *run_events("a", -1_000, "r2", 7.0)]
    view = path(events, moments={"row in the table": AT})
    assert [one.at for one in view.moments] == [AT - 1, AT - 1 + 0.007, AT]


def test_the_picture_tells_the_waits() -> None:
    """In its label; its texts keep the milliseconds of their times."""
    value = path(run_events("a", 123, "r1", 40.0), sent_at=AT)._page.value
    picture = ET.fromstring(value[value.index("<svg") : value.index("</svg>") + 6])
    assert "123 ms wait after “event sent”, 40 ms in the handler" in picture.attrib["aria-label"]
    assert ">14:13:20.123<" in value


@pytest.mark.parametrize("options", [{}, {"sent_at": AT}])
def test_a_handler_that_has_not_run(options: dict[str, Any]) -> None:
    """What is known is shown, and what may be the matter."""
    view = path(run_events("a", -60_000, "earlier", 5.0) if options else [], **options)
    assert "No invocation of orders that belongs to it is in the logs yet" in view.text()
    assert ("event sent" in view.text()) == bool(options)

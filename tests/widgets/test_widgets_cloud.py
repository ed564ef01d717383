"""The views that ask a cloud, on a running one: timeline, event path, traces, dashboard of a lab."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

import labkit
from labkit import deploy, measure
from labkit.cloud import stop

HANDLER = """\
import time

def handler(event, context):
    time.sleep(event.get("sleep_s", 0))
    if event.get("fail"):
        raise ValueError("no such order")
    return event
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A lab with a function that is traced, and may run three times at once."""
    workspace = tmp_path_factory.mktemp("widgets")
    opened = labkit.open("03-run", workspace=workspace)
    role = deploy.role(opened, "orders", "AWSLambdaBasicExecutionRole", WRITE_TRACES)
    deploy.function(opened, "orders", HANDLER, role=role, timeout_s=10, TracingConfig={"Mode": "Active"})
    limit = {"ReservedConcurrentExecutions": 3}
    opened.client("lambda").put_function_concurrency(FunctionName=opened.name("orders"), **limit)
    yield opened
    stop(workspace)


WRITE_TRACES = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"


@pytest.fixture(scope="module")
def measured(lab: Any) -> measure.Measurements:
    """Three calls one by one, the second of which failed; then six at once, with room for three."""
    client, name = lab.client("lambda"), lab.name("orders")
    one_by_one = measure.invoke(client, name, payloads=[{}, {"fail": True}, {}], times=3)
    return one_by_one + measure.invoke(client, name, {"sleep_s": 0.3}, times=12, clients=6)


def test_before_anything_ran(lab: Any) -> None:
    """Sentences, not pictures: no log group yet, no trace, no point of a metric."""
    name = lab.name("orders")
    assert lab.timeline(name).text().startswith(f"There is no log group /aws/lambda/{name}")
    assert lab.trace(name).text().startswith(f"There is no trace of {name}")
    assert "CloudWatch has no point" in lab.dashboard()._page.value
    path = lab.event_path(name, sent_at=lab.clock.now(), timeout_s=0)
    assert path.text().splitlines()[-1].startswith("There is no log group")


def test_the_timeline_has_what_was_measured(lab: Any, measured: measure.Measurements) -> None:
    """Environments, invocations, failures and throttled requests, each counted once."""
    throttled = sum(row.status is measure.Status.THROTTLED for row in measured)
    failed = sum(row.status is measure.Status.ERROR for row in measured)
    ran = len(measured) - throttled
    assert throttled and failed == 1
    view = lab.timeline(measured)
    found = view.seen.environments
    assert len(found.environments) == 3 and len(found.invocations) == ran
    assert found.most_at_once == 3
    assert view.text().splitlines()[0].endswith(f"{failed} failed, {throttled} throttled")
    assert all(len(one.inits) == 1 and one.inits[0].ms for one in found.environments)


def test_the_timeline_finds_failures_in_the_log_alone(lab: Any, measured: measure.Measurements) -> None:
    """What the handler raised stands there, though REPORT does not say so."""
    failed = sum(row.status is measure.Status.ERROR for row in measured)
    assert f" {failed} failed" in lab.timeline(lab.name("orders")).text().splitlines()[0]


def test_the_dashboard_counts_the_same(lab: Any, measured: measure.Measurements) -> None:
    """Metrics for counts, REPORT lines for durations and cost: as the caller and lab.cost() have them."""
    (row,) = lab.dashboard().rows
    by_status = [row.status for row in measured]
    assert row.metrics.throttles.total == by_status.count(measure.Status.THROTTLED)
    assert row.metrics.errors.total == by_status.count(measure.Status.ERROR)
    assert row.metrics.invocations.total == len(measured.values("duration_ms"))
    assert row.metrics.concurrency.highest <= 3
    assert row.cost is not None and row.cost.cost_usd == lab.cost().cost_usd == measured.cost().cost_usd


def test_the_latest_trace_of_a_function(lab: Any, measured: measure.Measurements) -> None:
    """Found by its name."""
    view = lab.trace(lab.name("orders"))
    view.menu.value = view.menu.options[-1][1]  # the first call: later ones were throttled
    assert [span.kind for span in view.trace.spans][:2] == ["AWS::Lambda", "AWS::Lambda::Function"]
    assert view.text() == lab.trace(view.trace.id).text()


def test_the_path_of_an_event_with_its_retries(lab: Any, measured: measure.Measurements) -> None:
    """Attempts that fail are made again after one minute and two more, by the lesson clock."""
    sent_at = lab.clock.now()
    lab.client("lambda").invoke(
        FunctionName=lab.name("orders"), InvocationType="Event", Payload=json.dumps({"fail": True})
    )
    path = lab.event_path(lab.name("orders"), sent_at=sent_at)
    assert [one.name for one in path.moments] == ["event sent", "handler called", "handler failed"]
    lab.clock.advance(minutes=4)
    path.again.click()
    calls = [one.at for one in path.moments if one.name.startswith("handler called, attempt")]
    assert [round((later - calls[0]) / 60) for later in calls] == [0, 1, 3]
    assert [one.failed for one in path.moments[2::2]] == [True] * 3


def test_the_gate_of_a_phase(lab: Any) -> None:
    """What is reached now, without writing it down."""
    view = lab.checkpoints("02")
    assert view.text().startswith("Ready for triggers: 0 of ")
    view.again.click()
    assert {one.id[:3] for one in view.results} == {"02."}


def test_a_function_that_is_not_there(lab: Any) -> None:
    """A sentence that says what to do, in each view."""
    for view in (lab.timeline("nix"), lab.event_path("nix", timeout_s=0)):
        assert "There is no function nix in us-east-1. Create it first" in view.text()

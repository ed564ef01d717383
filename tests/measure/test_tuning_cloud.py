"""Power tuning against a running cloud: what it finds, and that it leaves the function as it was."""

from __future__ import annotations

import io
import json
import signal
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labkit import measure
from labkit.errors import FactUnknown
from labkit.measure import MeasureError

HANDLER = """\
def handler(event, context):
    if event.get("fail_below_mb", 0) > int(context.memory_limit_in_mb):
        raise MemoryError("too small for it")
    total = 0
    for n in range(event.get("steps", 0)):
        total += n * n
    return total
"""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
NAME = "tuned"
VOLATILE = {"RevisionId", "LastModified", "ResponseMetadata"}


def package() -> bytes:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", HANDLER)
    return code.getvalue()


@pytest.fixture(scope="module")
def client(cloud: Any) -> Iterator[Any]:
    """A Lambda client of a cloud that has the function, with a version and an alias of its own."""
    iam, lambda_ = cloud.client("iam"), cloud.client("lambda")
    role = iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    for attempt in range(60):  # a new role cannot be assumed for some seconds
        try:
            lambda_.create_function(
                FunctionName=NAME,
                Runtime="python3.13",
                Role=role,
                Handler="app.handler",
                Code={"ZipFile": package()},
                MemorySize=256,
                Timeout=20,
                Description="counts",
                Environment={"Variables": {"TABLE": "orders"}},
            )
            break
        except ClientError as error:
            if "cannot be assumed" not in str(error) or attempt == 59:
                raise
    lambda_.get_waiter("function_active_v2").wait(FunctionName=NAME, WaiterConfig={"Delay": 0.1})
    version = lambda_.publish_version(FunctionName=NAME)["Version"]
    lambda_.create_alias(FunctionName=NAME, Name="live", FunctionVersion=version)
    yield lambda_
    lambda_.delete_function(FunctionName=NAME)
    iam.delete_role(RoleName=NAME)


def everything(client: Any) -> dict[str, Any]:
    """All that a tuning could leave changed."""
    latest = client.get_function_configuration(FunctionName=NAME)
    versions = client.list_versions_by_function(FunctionName=NAME)["Versions"]
    aliases = client.list_aliases(FunctionName=NAME)["Aliases"]
    return {
        "latest": {key: value for key, value in latest.items() if key not in VOLATILE},
        "versions": [(one["Version"], one["MemorySize"], one["Description"]) for one in versions],
        "aliases": [(one["Name"], one["FunctionVersion"]) for one in aliases],
    }


@pytest.fixture
def unchanged(client: Any) -> Iterator[None]:
    """After the test the function is what it was before."""
    before = everything(client)
    yield
    assert everything(client) == before


@pytest.mark.usefixtures("unchanged")
def test_each_size_is_measured_warm(client: Any) -> None:
    """One cold call left out, the others counted; more memory, more CPU, less time, about the same cost."""
    tuning = measure.tune(client, NAME, {"steps": 300_000}, memory_mb=[512, 128], runs=4)
    small, large = tuning.steps
    assert (small.memory_mb, large.memory_mb) == (128, 512)
    assert (small.architecture, small.runs, small.problem) == ("x86_64", 3, None)
    assert small.init_ms and small.max_memory_mb
    assert small.duration_ms and large.duration_ms and small.duration_ms > 2 * large.duration_ms
    assert tuning.best("speed") == large
    assert {row.version for row in small.measurements or ()} != {"$LATEST"}
    assert "best by cost" in tuning.text()


@pytest.mark.usefixtures("unchanged")
def test_both_architectures_are_priced_as_such(client: Any) -> None:
    """The code is sent again for the other architecture, and again for the function's own."""
    tuning = measure.tune(
        client, NAME, {"steps": 10}, memory_mb=[256], architectures=["x86_64", "arm64"], runs=2
    )
    assert [step.architecture for step in tuning.steps] == ["x86_64", "arm64"]
    assert all(step.runs == 1 for step in tuning.steps)


@pytest.mark.usefixtures("unchanged")
def test_a_size_at_which_it_fails_is_told_and_the_others_count(client: Any) -> None:
    """Three failures say enough; the error names what the handler raised."""
    tuning = measure.tune(client, NAME, {"fail_below_mb": 512}, memory_mb=[128, 512], runs=5)
    failed, fine = tuning.steps
    assert failed.duration_ms is None and failed.problem
    assert "3 of 3 calls: error: MemoryError: too small for it" in failed.problem
    assert fine.runs == 4
    assert tuning.best() == fine


@pytest.mark.usefixtures("unchanged")
def test_a_throttled_function_is_told_and_kept(client: Any) -> None:
    """Reserved concurrency of 0: nothing runs; the error says so and has the calls."""
    client.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=0)
    try:
        with pytest.raises(MeasureError, match="reserved concurrency") as caught:
            measure.tune(client, NAME, memory_mb=[128, 256], runs=4)
    finally:
        client.delete_function_concurrency(FunctionName=NAME)
    assert caught.value.tuning
    assert [len(step.measurements or ()) for step in caught.value.tuning.steps] == [3, 3]


@pytest.mark.usefixtures("unchanged")
def test_ctrl_c_keeps_what_was_measured_and_restores_the_function(client: Any) -> None:
    """Also when it is pressed again while the function is being restored."""

    class Impatient:
        def start(self) -> None:
            pass

        def update(self, tuning: measure.Tuning) -> None:
            if len(tuning.steps) == 2:
                signal.raise_signal(signal.SIGINT)

        def finish(self, tuning: measure.Tuning) -> None:
            pass

    client.meta.events.register(
        "before-call.lambda.DeleteAlias", lambda **_: signal.raise_signal(signal.SIGINT), "again"
    )
    try:
        tuning = measure.tune(
            client, NAME, {"steps": 300_000}, memory_mb=[512, 513, 514], runs=30, watch=Impatient()
        )
    finally:
        client.meta.events.unregister("before-call.lambda.DeleteAlias", unique_id="again")
    assert tuning.interrupted
    assert len(tuning.steps) == 2
    assert tuning.steps[0].runs == 29


@pytest.mark.usefixtures("unchanged")
def test_a_ceiling_is_kept_before_it_starts(client: Any) -> None:
    """One call tells what all would cost; nothing is published."""
    sent: list[str] = []
    client.meta.events.register("before-call.lambda", lambda model, **_: sent.append(model.name), "sent")
    try:
        with pytest.raises(MeasureError, match="was not started"):
            measure.tune(
                client, NAME, {"steps": 200_000}, memory_mb=[128, 10240], runs=500, max_cost_usd=0.0001
            )
    finally:
        client.meta.events.unregister("before-call.lambda", unique_id="sent")
    assert sent == ["GetFunctionConfiguration", "Invoke"]


@pytest.mark.usefixtures("unchanged")
def test_a_ceiling_that_the_timeout_alone_keeps_costs_no_call(client: Any) -> None:
    """Twenty seconds at these sizes cannot cost a dollar."""
    tuning = measure.tune(client, NAME, memory_mb=[128], runs=2, max_cost_usd=1)
    assert any("until its timeout" in note for note in tuning.notes)


@pytest.mark.usefixtures("unchanged")
def test_a_ceiling_is_kept_while_it_goes_on(client: Any) -> None:
    """The first event is quick and the others are not: it stops when the next call might be too much."""
    for _ in range(2):
        client.invoke(FunctionName=NAME)["Payload"].read()
    events = [{"steps": 1}, *({"steps": 4_000_000} for _ in range(39))]
    tuning = measure.tune(client, NAME, payloads=events, memory_mb=[10240], runs=40, max_cost_usd=0.0001)
    assert tuning.interrupted
    assert 0 < len(tuning.steps[0].measurements or ()) < 40
    assert any("Stopped before it cost more than 0.0001 USD" in note for note in tuning.notes)


def test_a_tuning_that_was_killed_is_made_good_by_the_next(client: Any) -> None:
    """Its mark in the description says what the function was."""
    before = everything(client)["latest"]
    mark = "labkit tune 0123abcd: 128 MB, was 256 MB on x86_64; counts"
    client.update_function_configuration(FunctionName=NAME, MemorySize=128, Description=mark)
    measure.tune(client, NAME, memory_mb=[512], runs=2)
    assert everything(client)["latest"] == before


def test_a_refused_size_is_told(client: Any) -> None:
    """Before anything is changed where we know it, with the cloud's own words where only it knows."""
    with pytest.raises(MeasureError, match="128 to 10,240 MB"):
        measure.tune(client, NAME, memory_mb=[64])


@pytest.mark.parametrize("name", [f"{NAME}:live", f"123456789012:function:{NAME}:1"])
def test_a_version_cannot_be_tuned(client: Any, name: str) -> None:
    """It has its memory for good; $LATEST is what a tuning publishes."""
    with pytest.raises(MeasureError, match="Leave out the last part"):
        measure.tune(client, name)


def test_no_such_function(client: Any) -> None:
    """Named, with its Region."""
    with pytest.raises(MeasureError, match="There is no function nobody in us-east-1"):
        measure.tune(client, "nobody")


def test_a_region_without_a_price_has_durations(cloud: Any, client: Any) -> None:
    """No price is guessed; comparing by speed still works."""
    elsewhere, role = cloud.client("lambda", region="me-central-1"), everything(client)["latest"]["Role"]
    elsewhere.create_function(
        FunctionName=NAME,
        Runtime="python3.13",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": package()},
    )
    elsewhere.get_waiter("function_active_v2").wait(FunctionName=NAME, WaiterConfig={"Delay": 0.1})
    try:
        tuning = measure.tune(elsewhere, NAME, {"steps": 10}, memory_mb=[128, 256], runs=3)
        with pytest.raises(FactUnknown):
            tuning.best("cost")
        assert tuning.best("speed").cost_usd is None
        assert "me-central-1" in tuning.text()
        with pytest.raises(FactUnknown, match="me-central-1"):
            measure.tune(elsewhere, NAME, memory_mb=[128], max_cost_usd=1)
    finally:
        elsewhere.delete_function(FunctionName=NAME)

"""What a lab's calls cost when its functions change: each call on the architecture that it ran on."""

from __future__ import annotations

import base64
import os
import sys
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

import labkit
from labkit import deploy, reports
from labkit.session import Lab
from labkit.session.architectures import Change, History

RUNTIME = f"python3.{sys.version_info[1]}"
CODE = "def handler(event, context):\n    return 1\n"
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture
def lab(cloud: Any) -> Lab:
    """With one function, ``one``, of 512 MB, on x86_64."""
    lab = labkit.open("02-create", workspace=cloud.workspace, prefix=f"t{os.urandom(4).hex()}")
    deploy.function(lab, "one", CODE, runtime=RUNTIME, memory_mb=512)
    yield lab  # type: ignore[misc]
    lab.teardown()


def build(lab: Lab, client: Any, architecture: str) -> None:
    client.update_function_code(
        FunctionName=lab.name("one"), Architectures=[architecture], ZipFile=deploy.package(CODE)
    )
    lab.wait("lambda", "function_updated_v2", FunctionName=lab.name("one"))


def billed_ms(lab: Lab, qualifier: str = "$LATEST") -> int:
    """Calls the function once."""
    got = lab.client("lambda").invoke(FunctionName=lab.name("one"), Qualifier=qualifier, LogType="Tail")
    report = reports.parse(base64.b64decode(got["LogResult"]))
    assert report is not None
    return report.billed_ms


def seconds(lab: Lab, calls: int) -> dict[str, Decimal]:
    """Architecture -> billed seconds at 512 MB, once the logs have all calls."""
    lab.until(lambda: lab.cost().lines[0].quantity == calls)
    durations = [line for line in lab.cost().lines if line.what.startswith("Duration")]
    return {line.what.rpartition(" ")[2]: line.quantity * 2 for line in durations}


def test_each_call_is_priced_on_the_architecture_that_it_ran_on(lab: Lab) -> None:
    """Also those of a version that is gone: its environments keep what they began with."""
    lambda_, expected = lab.client("lambda"), defaultdict(int)
    expected["x86_64"] += billed_ms(lab)
    build(lab, lambda_, "arm64")
    expected["arm64"] += billed_ms(lab)
    version = lambda_.publish_version(FunctionName=lab.name("one"))["Version"]
    build(lab, lambda_, "x86_64")
    expected["x86_64"] += billed_ms(lab)
    expected["arm64"] += billed_ms(lab, version)
    lambda_.delete_function(FunctionName=lab.name("one"), Qualifier=version)
    assert seconds(lab, 4) == {one: Decimal(ms) / 1000 for one, ms in expected.items()}
    assert not lab.cost().notes


def test_what_is_assumed_is_said(lab: Lab, cloud: Any) -> None:
    """A change made elsewhere counts from when the lab can have seen it; its note survives a teardown."""
    stranger = cloud.client("lambda")
    billed_ms(lab)
    build(lab, stranger, "arm64")
    billed_ms(lab)
    stranger.update_function_configuration(FunctionName=lab.name("one"), Description="changed again")
    lab.wait("lambda", "function_updated_v2", FunctionName=lab.name("one"))
    lab.until(lambda: lab.cost().lines[0].quantity == 2)
    bill = lab.cost()
    assert bill.notes
    lab.teardown()
    assert lab.cost() == bill


def test_provisioned_environments_are_said_to_be_left_out(lab: Lab) -> None:
    """They are paid for by time, called or not; logs do not tell how long they were there."""
    lambda_, name = lab.client("lambda"), lab.name("one")
    version = lambda_.publish_version(FunctionName=name)["Version"]
    lambda_.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier=version, ProvisionedConcurrentExecutions=1
    )
    assert [note for note in lab.cost().notes if f"{name}:{version}" in note]


X86, ARM = "x86_64", "arm64"
HISTORIES = [
    # changes of $LATEST as (minutes after noon, architecture, made here); minute of the call; what is said
    ([(0, X86, True)], 1, (X86, True)),
    ([(0, X86, True), (5, ARM, True)], 4, (X86, True)),
    ([(0, X86, True), (5, ARM, True)], 5, (ARM, True)),
    ([(0, X86, True), (5, ARM, False)], 4, (X86, False)),
    ([(0, X86, True), (5, ARM, False)], 6, (ARM, True)),
    ([(5, ARM, False)], 4, (ARM, False)),
    ([(5, ARM, True)], 4, (ARM, True)),  # the first call may be dated before its function: clocks differ
    ([], 4, (X86, False)),
]


@pytest.mark.parametrize(("changes", "minute", "expected"), HISTORIES)
def test_the_architecture_of_a_moment(changes: list, minute: int, expected: tuple[str, bool]) -> None:
    """Certain, unless it was changed where nobody listened."""
    made = [Change(NOON + timedelta(minutes=at), one, here) for at, one, here in changes]
    history = History({"$LATEST": made})
    assert history.of("2026/11/28/[$LATEST]0123", NOON + timedelta(minutes=minute)) == expected


@pytest.mark.parametrize("stream", ["2026/11/28/[3]01ab", "2026/11/28/one[3]01ab"])
def test_a_version_keeps_its_architecture(stream: str) -> None:
    """Streams name it, in a group of the function's own and in a chosen one; else $LATEST's is taken."""
    known = History({"$LATEST": [Change(NOON, X86, True)], "3": [Change(NOON, ARM, True)]})
    assert known.of(stream, NOON) == (ARM, True)
    assert known.of(stream.replace("[3]", "[4]"), NOON) == (X86, True)

"""The parts of tracing by themselves: header, sampling, who may write, how documents become traces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from labkit.localcloud.tracing import header, sampling, traces
from labkit.localcloud.tracing.sampling import Sampler
from labkit.localcloud.tracing.tracer import Tracer
from labkit.runtime.spec import FunctionSpec, Invocation

TRACE = "1-5f84c7a1-0123456789abcdef01234567"
SPEC = FunctionSpec(
    arn="arn:aws:lambda:us-east-1:123456789012:function:f", name="f", version="$LATEST", revision="r",
    runtime="python3.13", handler="app.handler", role_arn="arn:aws:iam::123456789012:role/r",
    region="us-east-1", account_id="123456789012", code_dir=Path("/nowhere"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1", (TRACE, "53995c3f42cd8ad8", True)),
        (f"Root={TRACE};Sampled=0", (TRACE, None, False)),
        (f"Sampled=?;Root={TRACE}", (TRACE, None, None)),
        (f" Root={TRACE} ; nonsense", (TRACE, None, None)),
    ],
)
def test_a_header_is_read_in_any_order(text: str, expected: Any) -> None:
    found = header.parse(text)
    assert (found.root, found.parent, found.sampled) == expected


def test_the_first_request_of_a_second_is_sampled_and_then_one_in_twenty() -> None:
    """For each function by itself."""
    now, chance = [100.0], [0.5]
    sampler = Sampler(lambda: now[0], lambda: chance[0])
    assert [sampler("a"), sampler("a"), sampler("b")] == [True, False, True]
    chance[0] = 0.049
    assert sampler("a")
    chance[0], now[0] = 0.5, 101.0
    assert [sampler("a"), sampler("a")] == [True, False]


def test_targets_of_rules_that_do_not_exist_are_unprocessed() -> None:
    answer = sampling.targets([{"RuleName": "Default"}, {"RuleName": "mine"}], 1000.0)
    assert [document["RuleName"] for document in answer["SamplingTargetDocuments"]] == ["Default"]
    assert [document["RuleName"] for document in answer["UnprocessedStatistics"]] == ["mine"]


def part(segment_id: str, parent: str | None = None, **more: Any) -> dict[str, Any]:
    made = {"id": segment_id, "name": segment_id, "trace_id": TRACE, "start_time": 1.0, "end_time": 2.0}
    return made | ({"parent_id": parent, "type": "subsegment"} if parent else {}) | more


def test_subsegments_are_compiled_into_their_parents_whatever_the_order() -> None:
    """Streamed ones below streamed ones too; what has no parent here stays a segment."""
    (root, orphan) = traces.compiled(
        [part("c", "b"), part("b", "a"), part("a"), part("x", "gone", start_time=5.0)]
    )
    assert root["subsegments"][0]["subsegments"][0]["id"] == "c" and orphan["id"] == "x"


def test_a_finished_document_replaces_the_one_in_progress() -> None:
    begun = {key: value for key, value in part("a", in_progress=True).items() if key != "end_time"}
    for documents in ([begun, part("a")], [part("a"), begun]):
        (found,) = traces.compiled(documents)
        assert found["end_time"] == 2.0


@pytest.mark.parametrize(
    ("allowed", "trace_id", "kept"), [(True, TRACE, 1), (False, TRACE, 0), (True, TRACE[:-1] + "0", 0)]
)
def test_only_traced_invocations_of_allowed_roles_may_write(allowed: bool, trace_id: str, kept: int) -> None:
    stored: list[Any] = []
    tracer = Tracer(lambda *_: allowed, lambda account, region, segment: stored.append(segment))
    invocation = Invocation("r", b"{}", SPEC.arn, None, f"Root={TRACE};Sampled=1")
    follow = tracer.begin(SPEC, invocation)
    inside = header.parse(follow.invocation.trace_header)
    tracer.accept(json.dumps(part("s", inside.parent, trace_id=trace_id)).encode())
    assert len(stored) == kept


def test_what_is_stored_is_dated_by_the_lesson_clock() -> None:
    """Handlers time their parts by the machine's clock; logs and metrics stand on the lesson's."""
    stored: list[Any] = []
    tracer = Tracer(lambda *_: True, lambda account, region, segment: stored.append(segment), lambda: 180.0)
    invocation = Invocation("r", b"{}", SPEC.arn, None, f"Root={TRACE};Sampled=1")
    inside = header.parse(tracer.begin(SPEC, invocation).invocation.trace_header)
    within = part("t", subsegments=[part("u")])
    tracer.accept(json.dumps(part("s", inside.parent, trace_id=TRACE, subsegments=[within])).encode())
    assert {each["start_time"] - part("a")["start_time"] for each in traces.parts(stored[0])} == {180.0}
    assert {each["end_time"] - part("a")["end_time"] for each in traces.parts(stored[0])} == {180.0}


def test_subsegments_that_are_each_others_parents_are_not_lost() -> None:
    """A handler may send anything; reading a trace always ends."""
    found = traces.compiled([part("a", "b"), part("b", "a"), part("c", "c")])
    assert {each["id"] for segment in found for each in traces.parts(segment)} == {"a", "b", "c"}


WRONG = [
    {"id": ["a"]}, {"trace_id": {}}, {"start_time": "soon"}, {"start_time": float("nan")},
    {"end_time": 1e300}, {"end_time": None}, {"annotations": 3}, {"http": "x"}, {"http": {"response": 3}},
    {"parent_id": 1},
    {"subsegments": {"a": 1}}, {"subsegments": [1]}, {"subsegments": [{"name": "no start"}]},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_documents_that_could_not_be_read_back_are_not_taken(wrong: dict[str, Any]) -> None:
    assert traces.problem(part("a")) is None
    assert traces.problem(part("a") | wrong)


@pytest.mark.parametrize(
    "document", [b"", b"{", b"[]", b"3", b'{"id": "a"}', b"\xff", b"[" * 60_000], ids=lambda each: each[:9]
)
def test_what_is_no_document_is_dropped(document: bytes) -> None:
    stored: list[Any] = []
    Tracer(lambda *_: True, lambda *segment: stored.append(segment)).accept(document)
    assert stored == []

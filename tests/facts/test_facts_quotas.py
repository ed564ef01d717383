"""Limits of AWS, by name."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from datetime import date
from pathlib import Path

import pytest

from labkit import facts
from labkit.errors import FactUnknown
from labkit.facts import loader
from labkit.facts.files import entries

KB, MB = 1024, 1024 * 1024


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeout_default_s", 3),
        ("timeout_max_s", 900),
        ("memory_min_mb", 128),
        ("memory_max_mb", 10_240),
        ("memory_per_vcpu_mb", 1_769),
        ("zip_direct_max_bytes", 52_428_800),
        ("unzipped_max_bytes", 262_144_000),
        ("environment_max_bytes", 4 * KB),
        ("tmp_min_mb", 512),
        ("tmp_max_mb", 10_240),
        ("layers_max", 5),
        ("function_name_max_chars", 64),
        ("description_max_chars", 256),
        ("handler_max_chars", 128),
        ("tag_key_max_chars", 128),
        ("tag_value_max_chars", 256),
        ("payload_sync_request_max_bytes", 6 * MB),
        ("payload_sync_response_max_bytes", 6 * MB),
        ("payload_async_max_bytes", MB),
        ("concurrency_account_default", 1_000),
        ("concurrency_unreserved_min", 100),
        ("async_retries_max", 2),
        ("async_retry_first_wait_s", 60),
        ("async_retry_second_wait_s", 120),
        ("async_event_age_min_s", 60),
        ("async_event_age_max_s", 21_600),
        ("esm_batch_size_max", 10_000),
        ("esm_batch_size_sqs_fifo_max", 10),
        ("esm_batching_window_max_s", 300),
        ("esm_record_age_max_s", 604_800),
        ("init_max_s", 10),
        ("log_tail_max_bytes", 4 * KB),
        ("recursion_invocations_max", 16),
        ("free_requests_per_month", 1_000_000),
        ("free_gb_seconds_per_month", 400_000),
    ],
)
def test_a_quota_has_the_value_of_aws(name: str, value: int) -> None:
    assert facts.quota(name).value == value


@pytest.mark.parametrize("quota", facts.quotas(), ids=lambda quota: quota.name)
def test_each_quota_says_unit_source_and_date(quota: facts.Quota) -> None:
    assert quota.unit
    assert quota.source
    assert date(2025, 1, 1) <= quota.as_of <= date(2026, 11, 28)


@pytest.mark.parametrize(
    ("ending", "unit"),
    [("_s", "s"), ("_ms", "ms"), ("_mb", "MB"), ("_bytes", "B"), ("_chars", "characters"), ("_gb", "GB")],
)
def test_the_unit_in_a_name_is_the_unit(ending: str, unit: str) -> None:
    rates = ("_per_s", "_per_10_s")
    named = [q for q in facts.quotas() if q.name.endswith(ending) and not q.name.endswith(rates)]
    assert named
    assert {q.unit for q in named} == {unit}


def test_an_unknown_name_leads_to_a_known_one() -> None:
    with pytest.raises(FactUnknown, match=r"Did you mean .*timeout_max_s"):
        facts.quota("timeout_s")


def test_an_unconfirmed_quota_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """No entry is unconfirmed today; one that were would not be handed out."""
    noted = entries("quotas.json")
    monkeypatch.setitem(noted, "hearsay_max", {**noted["layers_max"], "confidence": "low"})
    loader._quotas.cache_clear()
    try:
        with pytest.raises(FactUnknown, match="hearsay_max is not known"):
            facts.quota("hearsay_max")
        assert "hearsay_max" not in {quota.name for quota in facts.quotas()}
    finally:
        loader._quotas.cache_clear()


def test_a_fact_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        facts.quota("timeout_max_s").value = 901  # type: ignore[misc]


@pytest.mark.parametrize("name", ["quotas.json", "runtimes.json", "instances.json", "measurements.json"])
def test_every_entry_of_every_file_has_date_source_and_confidence(name: str) -> None:
    document = json.loads(Path(facts.__file__).with_name(name).read_text(encoding="utf-8"))
    for entry in document["entries"].values():
        assert date.fromisoformat(entry["as_of"])
        assert entry["source"]
        assert entry["confidence"] in ("high", "medium", "low")

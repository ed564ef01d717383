"""The ledger's file: what is written is on disk, and whatever happened to the writer it can be read."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path

import pytest

from labkit.errors import LedgerError
from labkit.ledger import Ledger, read

HOME = "aws:123456789012"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger" / "02-create.jsonl", "02-create", HOME)


def test_an_entry_goes_from_intended_to_deleted(ledger: Ledger) -> None:
    """The file has one line for each step; reading it gives the latest state."""
    entry = ledger.add("intended", "sqs.queue", {"QueueName": "orders"}, "us-east-1")
    ledger.update(entry, "created", ids={"QueueName": "orders", "QueueUrl": "http://q/orders"})
    [now] = ledger.live()
    assert now.state == "created" and now.ids["QueueUrl"] == "http://q/orders"
    ledger.update(now, "deleted")
    assert ledger.live() == () and [one.state for one in ledger] == ["deleted"]
    assert len(ledger.path.read_text().splitlines()) == 3


def test_a_half_written_line_is_skipped_and_the_next_begins_afresh(ledger: Ledger) -> None:
    """A kernel killed in the middle of a write had not sent its call; nothing after it is lost."""
    ledger.add("intended", "sqs.queue", {"QueueName": "a"}, "us-east-1")
    with open(ledger.path, "a") as file:
        file.write('{"id":"torn","at":"2026-')
    ledger.add("intended", "sqs.queue", {"QueueName": "b"}, "us-east-1")
    assert [entry.ids["QueueName"] for entry in ledger] == ["a", "b"]


@pytest.mark.parametrize(
    "junk", [b"", b"\n\n", b"null\n", b"[]\n", b'{"id":"x"}\n', b"\xff\xfe\n", b'{"a":1}']
)
def test_junk_in_the_file_never_stops_it(ledger: Ledger, junk: bytes) -> None:
    """A line that makes no sense is passed over."""
    ledger.path.parent.mkdir(parents=True)
    ledger.path.write_bytes(junk)
    ledger.add("intended", "sqs.queue", {"QueueName": "a"}, "us-east-1")
    assert [entry.kind for entry in ledger] == ["sqs.queue"]


def test_threads_and_kernels_write_into_one_file(ledger: Ledger) -> None:
    """Four writers with ledgers of their own: every line is whole."""
    books = [Ledger(ledger.path, ledger.lab, HOME) for _ in range(4)]

    def write(book: Ledger, writer: int) -> None:
        for number in range(10):
            book.add("intended", "sqs.queue", {"QueueName": f"{writer}-{number}"}, "us-east-1")

    threads = [threading.Thread(target=write, args=(book, n)) for n, book in enumerate(books)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len({entry.ids["QueueName"] for entry in ledger}) == 40
    assert all(json.loads(line) for line in ledger.path.read_text().splitlines())


def test_it_is_readable_by_its_owner_only(ledger: Ledger) -> None:
    """Names of resources are nobody else's business."""
    ledger.add("intended", "sqs.queue", {"QueueName": "a"}, "us-east-1")
    assert stat.S_IMODE(ledger.path.stat().st_mode) == 0o600


def test_a_ledger_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """A file in the place of the folder: nothing may be created then."""
    (tmp_path / "ledger").write_text("in the way")
    ledger = Ledger(tmp_path / "ledger" / "02-create.jsonl", "02-create", HOME)
    with pytest.raises(LedgerError, match="cannot be written"):
        ledger.add("intended", "sqs.queue", {"QueueName": "a"}, "us-east-1")


def test_a_missing_ledger_is_empty_and_an_unreadable_one_an_error(tmp_path: Path) -> None:
    """Nothing was made is one thing; not knowing is another."""
    assert read(tmp_path / "none.jsonl") == ()
    with pytest.raises(LedgerError, match="cannot be read"):
        read(tmp_path)


def test_what_lived_in_an_earlier_local_cloud_is_gone(tmp_path: Path) -> None:
    """Its state was in memory; entries of AWS and of the present cloud stay."""
    path = tmp_path / "lab.jsonl"
    for home in ("local:yesterday:1", "local:today:2", HOME):
        Ledger(path, "lab", home).add("created", "sqs.queue", {"QueueName": home}, "us-east-1")
    assert Ledger(path, "lab", "local:today:2").forget_other_clouds() == 1
    assert [entry.home for entry in read(path) if entry.live] == ["local:today:2", HOME]


def test_a_ledger_shows_what_it_holds(ledger: Ledger) -> None:
    """The repr tells how much is live."""
    entry = ledger.add("created", "sqs.queue", {"QueueName": "a"}, "us-east-1")
    ledger.add("implied", "logs.group", {"logGroupName": "/aws/lambda/a"}, "us-east-1")
    ledger.update(entry, "deleted")
    assert repr(ledger) == "<Ledger 02-create live=1 deleted=1>"
    assert os.fspath(ledger.path) not in repr(ledger)

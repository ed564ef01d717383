"""The photo library: what a phase begins with is made once, and kept."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

import labkit
from labkit import library
from labkit.errors import LabError
from labkit.session import Lab
from tests.conftest import RunningCloud

SOLUTIONS = Path(__file__).resolve().parents[2] / "solutions" / "functions"


@pytest.fixture
def lab(cloud: RunningCloud) -> Iterator[Lab]:
    opened = labkit.open("03-triggers", workspace=cloud.workspace, prefix="library")
    yield opened
    opened.teardown()


def test_phase_03_begins_with_what_02_leaves(lab: Lab) -> None:
    """A table with photos and a function that answers for them, also when asked through an HTTP API."""
    assert all(piece.made for piece in lab.begin().pieces)
    assert not any(piece.made for piece in lab.begin().pieces), "the second time everything is there"
    for event in ({"photo_id": "harbour"}, {"pathParameters": {"photo_id": "harbour"}}):
        answer = lab.client("lambda").invoke(
            FunctionName=lab.name("get-photo"), Qualifier="live", Payload=json.dumps(event)
        )
        payload = json.load(answer["Payload"])
        assert payload["statusCode"] == 200 and json.loads(payload["body"])["width"] == 6000


def test_the_finished_code_is_the_courses() -> None:
    """What 02 lets people write and what later phases begin with must not drift apart."""
    ours, theirs = library.folder("get_photo") / "photo_json.py", SOLUTIONS / "get-photo" / "photo_json.py"
    assert ours.read_text() == theirs.read_text()


def test_the_picture_is_a_small_png() -> None:
    """240 × 160 samples of 8 bits, not interlaced: what the thumbnail function can read."""
    data = library.picture()
    assert struct.unpack(">IIBB", data[16:26])[:3] == (240, 160, 8)


def test_what_is_not_there_is_named() -> None:
    """A wrong name says which names there are."""
    with pytest.raises(LabError, match="lighthouse"):
        library.picture("lighthaus")
    with pytest.raises(LabError, match="get_photo"):
        library.folder("get-photo")

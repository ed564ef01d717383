"""How much a stream carries and how fast: the arithmetic of AWS's limits with small numbers."""

from __future__ import annotations

import asyncio
import time

import pytest

from labkit.runtime.spec import Outcome
from labkit.runtime.streaming import Pace, ResponseBuffer, ResponseStream, TooLarge

DONE = Outcome(b'"whole"', None, b"", 1.0, 1, 1, "stream")


async def _pieces(stream: ResponseStream) -> list[bytes]:
    return [piece async for piece in stream]


def test_awss_limits_are_200_mb_six_at_once_then_two_a_second() -> None:
    """The figures come from the quotas."""
    assert Pace.of_aws() == Pace(max_bytes=200 << 20, burst_bytes=6 << 20, bytes_per_s=2 << 20)


def test_what_goes_beyond_the_limit_is_cut_and_refused() -> None:
    """The caller gets exactly as much as a stream may carry."""

    async def stream() -> list[bytes]:
        response = ResponseStream(Pace(10, 100, 100))
        await response.put(b"12345678")
        with pytest.raises(TooLarge):
            await response.put(b"12345678")
        response.finish(None)
        return await _pieces(response)

    assert asyncio.run(stream()) == [b"12345678", b"12"]


def test_beyond_the_burst_pieces_wait_for_their_turn() -> None:
    """100 bytes at once, 50 more at 500 bytes a second take a tenth of a second at least."""

    async def stream() -> float:
        response = ResponseStream(Pace(1000, 100, 500))
        begin = time.monotonic()
        await response.put(b"x" * 100)
        await response.put(b"x" * 50)
        return time.monotonic() - begin

    assert asyncio.run(stream()) >= 0.099


def test_a_writer_waits_for_a_slow_reader_and_not_for_one_who_left() -> None:
    """At most a megabyte waits between them; after ``abandon`` nothing does."""

    async def stream() -> None:
        response = ResponseStream(Pace(1 << 30, 1 << 30, 1))
        writer = asyncio.create_task(response.put(b"x" * (2 << 20)))
        await asyncio.sleep(0)
        assert not writer.done()
        assert len(await anext(response)) == 2 << 20
        await writer
        blocked = asyncio.create_task(response.put(b"x" * (2 << 20)))
        await asyncio.sleep(0)
        response.abandon()
        await blocked

    asyncio.run(stream())


def test_an_answer_in_one_piece_is_the_only_piece_of_its_stream() -> None:
    """Unless the function streamed, even nothing."""

    async def stream(streams: bool) -> list[bytes]:
        response = ResponseStream()
        if streams:
            response.begin("text/plain")
        response.finish(DONE)
        return await _pieces(response)

    assert asyncio.run(stream(False)) == [b'"whole"']
    assert asyncio.run(stream(True)) == []


def test_a_collected_answer_has_the_limit_of_plain_ones() -> None:
    """Function.ResponseSizeTooLarge is decided while it arrives."""

    async def collect() -> bytes:
        buffer = ResponseBuffer(4)
        await buffer.put(b"1234")
        with pytest.raises(TooLarge):
            await buffer.put(b"5")
        return bytes(buffer.body)

    assert asyncio.run(collect()) == b"12345"

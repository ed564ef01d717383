"""The lineage of tracing headers: AWS's form, and loops found wherever they begin."""

from __future__ import annotations

from itertools import cycle, islice

import pytest

from labkit import facts
from labkit.localcloud.tracing.lineage import onward, too_often

MOST = int(facts.quota("recursion_invocations_max").value)


def invocations_until_stopped(*functions: str, before: tuple[str, ...] = (), limit: int = 200) -> int:
    """How often the first function of a loop runs until it is stopped."""
    lineage, count = None, 0
    for arn in (*before, *islice(cycle(functions), limit)):
        lineage = onward(lineage, arn)
        if too_often(lineage, arn):
            return count
        count += arn == functions[0]
    raise AssertionError("never stopped")


def test_the_form_is_that_of_aws() -> None:
    """Requests, eight hexadecimal digits, loops."""
    first = onward(None, "arn:a")
    requests, function, loops = first.split(":")
    assert (requests, len(function), loops) == ("1", 8, "0")
    assert onward(first, "arn:a") == f"2:{function}:1"
    assert onward("no lineage", "arn:a") == first


def test_a_function_that_calls_itself_runs_sixteen_times() -> None:
    """The next one is stopped."""
    assert invocations_until_stopped("a") == MOST == 16


@pytest.mark.parametrize(
    ("loop", "before"), [("ab", ""), ("abc", ""), ("a", "x"), ("ab", "xyz"), ("abcde", "vwxyz")]
)
def test_longer_loops_and_ways_into_loops_end_soon_too(loop: str, before: str) -> None:
    """About sixteen times round, whatever stood before."""
    assert MOST - 1 <= invocations_until_stopped(*loop, before=tuple(before)) <= MOST + 4


def test_a_long_chain_without_a_loop_is_let_go() -> None:
    """Forty different functions."""
    lineage = None
    for number in range(40):
        lineage = onward(lineage, f"f{number}")
        assert not too_often(lineage, f"f{number}")


def test_the_counts_stay_in_their_form() -> None:
    """255 requests and 32767 loops are the largest that fit; a loop that is allowed goes on."""
    lineage = onward("255:00000000:0", "a")
    assert lineage.startswith("255:")
    own = onward(None, "a").split(":")[1]
    assert onward(f"255:{own}:32767", "a") == f"255:{own}:32767"

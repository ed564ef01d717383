"""The table of behaviours is true: every test that it names exists."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.localcloud.behaviours.table import TABLE

TESTS = Path(__file__).parents[2]


@cache
def functions(file: Path) -> frozenset[str]:
    """Names of the test functions in a file."""
    tree = ast.parse(file.read_text())
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


@pytest.mark.parametrize("row", TABLE, ids=[f"{row[0]}: {row[1][:50]}" for row in TABLE])
def test_each_behaviour_is_held_by_tests_that_exist(row: tuple[str, str, tuple[str, ...]]) -> None:
    """File and function, and at least one for each row."""
    _, behaviour, tests = row
    assert tests, behaviour
    for test in tests:
        file, _, name = test.partition("::")
        assert name in functions(TESTS / file), f"{test} is gone: which test holds {behaviour!r} now?"


def test_no_behaviour_is_listed_twice() -> None:
    """One row for each."""
    names = [row[:2] for row in TABLE]
    assert len(set(names)) == len(names)


def test_every_test_of_this_folder_is_in_the_table() -> None:
    """A behaviour that is tested here and not listed could not be found."""
    listed = {test for row in TABLE for test in row[2]}
    here = Path(__file__).parent
    written = {
        f"{file.relative_to(TESTS)}::{name}"
        for file in here.glob("test_*.py")
        if file.name != Path(__file__).name
        for name in functions(file)
        if name.startswith("test_")
    }
    assert written <= listed, written - listed

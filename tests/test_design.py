"""What phase 01 decided is looked at again where it is used."""

from __future__ import annotations

import pytest

from labkit import design
from labkit.errors import LabError


def test_a_runtime_for_python_is_taken_as_it_was_decided() -> None:
    """Which of them is wise, the check of phase 01 says."""
    assert design.for_python("python3.12") == "python3.12"


@pytest.mark.parametrize(
    ("runtime", "says"),
    [
        ("nodejs24.x", "'nodejs24.x' is not one of Python's"),
        ("Python 3.13", "is no runtime of Lambda"),
        (3.13, "3.13 is no runtime"),
    ],
)
def test_what_runs_no_python_is_refused_with_what_to_save(runtime: object, says: str) -> None:
    """Before a function is made that cannot start."""
    with pytest.raises(LabError, match=says) as refused:
        design.for_python(runtime)
    assert "lab.save('runtime', 'python3.13')" in str(refused.value)

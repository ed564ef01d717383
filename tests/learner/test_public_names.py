"""What `import labkit` gives, and what it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import labkit

NAMES = [
    "CheckFailed",
    "Lab",
    "LabError",
    "TargetError",
    "TeardownError",
    "deploy",
    "design",
    "expected",
    "hint",
    "measure",
    "open",
    "pricing",
    "reports",
    "widgets",
]


def test_the_public_names_are_these() -> None:
    """A name more or less is a decision, not an accident."""
    assert labkit.__all__ == NAMES
    assert set(NAMES) <= set(dir(labkit))


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_there(name: str) -> None:
    """Each is imported when it is first asked for."""
    assert getattr(labkit, name) is getattr(labkit, name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As for any module."""
    with pytest.raises(AttributeError, match="no attribute 'lambda_'"):
        labkit.lambda_  # noqa: B018


def test_import_labkit_imports_nothing_heavy() -> None:
    """Not even boto3: that comes with the first lab."""
    heavy = (
        "{'boto3', 'botocore', 'pandas', 'matplotlib', 'ipywidgets', 'aiohttp', 'moto', 'psutil', 'click'}"
    )
    script = f"import sys, labkit; loaded = {heavy} & set(sys.modules); sys.exit(', '.join(loaded) or 0)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_opening_a_lab_imports_neither_pandas_nor_widgets() -> None:
    """They are for those who measure and look."""
    script = (
        "import sys, labkit; labkit.open, labkit.expected, labkit.deploy;"
        "loaded = {'pandas', 'matplotlib', 'ipywidgets', 'moto', 'aiohttp'} & set(sys.modules);"
        "sys.exit(', '.join(loaded) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr

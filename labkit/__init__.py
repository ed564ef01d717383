"""A workbook for AWS Lambda whose handlers really run.

Everything here is imported when it is first used, so that ``import labkit`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labkit import deploy, design, measure, pricing, reports, widgets
    from labkit.course.hints import hint
    from labkit.errors import CheckFailed, LabError, TargetError, TeardownError
    from labkit.session import Lab, expected, open

__all__ = [
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
__version__ = "0.1.0"

_HOME = {
    "CheckFailed": "labkit.errors",
    "Lab": "labkit.session",
    "LabError": "labkit.errors",
    "TargetError": "labkit.errors",
    "TeardownError": "labkit.errors",
    "expected": "labkit.session",
    "hint": "labkit.course.hints",
    "open": "labkit.session",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'labkit' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name) if name in _HOME else import_module(f"labkit.{name}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])

"""Errors of the permission checks."""

from __future__ import annotations

from labkit.errors import LabError


class PolicyUnsupported(LabError):
    """A policy says something that the local cloud cannot decide; nothing is allowed on a guess."""


class RequestUnclear(LabError):
    """A request cannot be read as an AWS API call, or can be read as two different ones."""

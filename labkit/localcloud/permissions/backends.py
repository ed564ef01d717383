"""The one door to moto's state: a service's backend in an account and a Region."""

from __future__ import annotations

from typing import Any, cast

from moto.backends import get_backend


def backend(service: str, account_id: str, region: str) -> Any:
    """moto's backend; ``aws`` is the Region of services that have none.

    Raises:
        KeyError: there is no such Region.
    """
    return cast(Any, get_backend)(service)[account_id][region]

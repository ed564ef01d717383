"""JSONata in state machines: evaluated in Python, where moto wants Java, with the functions that AWS adds.

Source: AWS, "Transforming data with JSONata in Step Functions".
"""

from __future__ import annotations

import hashlib
import json
import random
import uuid
from collections.abc import Callable
from typing import Any

from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.utils import Utils

HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


def evaluate(expression: str) -> Any:
    """The value of an expression, as JSON has it.

    Raises:
        JSONataException: moto's, which fails the state with States.QueryEvaluationError.
    """
    from moto.stepfunctions.parser.asl.jsonata.jsonata import JSONataException

    try:
        parsed = Jsonata(expression)
        for name, function in FUNCTIONS.items():
            parsed.register_lambda(name, function)
        return _plain(parsed.evaluate(None))
    except (JException, ValueError, TypeError, ArithmeticError, LookupError, RecursionError) as error:
        raise JSONataException("UNKNOWN", str(error)) from error


def declarations(bindings: dict[str, Any]) -> str:
    """Variables as the beginning of an expression; a JSON text is a JSONata text."""
    return "".join(f"{name}:={json.dumps(value, default=str)};" for name, value in bindings.items())


def _plain(value: Any) -> Any:
    if value is Utils.NULL_VALUE:
        return None
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _partition(values: list[Any], size: int) -> list[list[Any]]:
    return [list(values[start : start + int(size)]) for start in range(0, len(values), int(size))]


def _range(first: int, last: int, step: int) -> list[int]:
    return list(range(int(first), int(last) + (1 if step > 0 else -1), int(step)))


def _hash(text: str, algorithm: str) -> str:
    return hashlib.new(HASHES[algorithm], str(text).encode()).hexdigest()


def _random(seed: int | None = None) -> float:
    return random.Random(seed).random()


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "partition": _partition,
    "range": _range,
    "hash": _hash,
    "random": _random,
    "uuid": lambda: str(uuid.uuid4()),
    "parse": json.loads,
}

"""Metric math: arithmetic on time series, the part that lessons need. Pure.

Source: AWS, "Using math expressions with CloudWatch metrics". What is not known here is refused by name.
"""

from __future__ import annotations

import ast
import operator
import statistics
from collections.abc import Callable, Mapping

Series = dict[int, float]  # start of the period in seconds -> value
Value = Series | float | list[Series]

_OPERATORS: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_FUNCTIONS: dict[str, Callable[[list[float]], float]] = {
    "SUM": sum,
    "AVG": statistics.fmean,
    "MIN": min,
    "MAX": max,
}


class CannotCompute(Exception):
    """An expression is wrong, or uses what the local cloud does not know."""


def compute(expression: str, known: Mapping[str, Series]) -> Series:
    """The time series that an expression makes of other queries' results.

    Raises:
        CannotCompute: see above.
    """
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        raise CannotCompute(_unsupported(expression)) from None
    value = _value(tree, known)
    if not isinstance(value, dict):
        raise CannotCompute("an expression has to give a time series, not a number or a list")
    return value


def _value(node: ast.AST, known: Mapping[str, Series]) -> Value:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    if isinstance(node, ast.Name):
        if node.id not in known:
            raise CannotCompute(f"there is no query with the id {node.id} before it")
        return known[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _join(operator.mul, -1.0, _value(node.operand, known))
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _join(_OPERATORS[type(node.op)], _value(node.left, known), _value(node.right, known))
    if isinstance(node, ast.List):
        return [_series(_value(part, known)) for part in node.elts]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return _call(node.func.id.upper(), [_value(part, known) for part in node.args])
    raise CannotCompute(_unsupported(ast.unparse(node)))


def _call(name: str, arguments: list[Value]) -> Value:
    function = _FUNCTIONS.get(name)
    if function is None or len(arguments) != 1:
        raise CannotCompute(_unsupported(f"{name}(…)"))
    (argument,) = arguments
    if isinstance(argument, list):
        moments = sorted({at for series in argument for at in series})
        return {at: function([series[at] for series in argument if at in series]) for at in moments}
    series = _series(argument)
    return float(function(list(series.values()))) if series else 0.0


def _join(apply: Callable[[float, float], float], left: Value, right: Value) -> Value:
    """Series meet where both have data; a division by zero gives no data point."""
    if isinstance(left, list) or isinstance(right, list):
        raise CannotCompute("arithmetic with a list of time series is not supported by the local cloud")
    moments = [set(side) for side in (left, right) if isinstance(side, dict)]
    if not moments:
        return _divided(apply, float(left), float(right)) or 0.0  # type: ignore[arg-type]
    found: Series = {}
    for at in sorted(set.intersection(*moments)):
        a = left[at] if isinstance(left, dict) else left
        b = right[at] if isinstance(right, dict) else right
        if (value := _divided(apply, a, b)) is not None:
            found[at] = value
    return found


def _divided(apply: Callable[[float, float], float], left: float, right: float) -> float | None:
    try:
        value = apply(left, right)
    except (ZeroDivisionError, OverflowError):
        return None
    return value if isinstance(value, float | int) else None


def _series(value: Value) -> Series:
    if not isinstance(value, dict):
        raise CannotCompute("a function of metric math wants time series")
    return value


def _unsupported(what: str) -> str:
    return (
        f"{what} is not supported by the local cloud. It knows + - * /, parentheses, "
        "and SUM, AVG, MIN, MAX of one series or of [m1, m2]."
    )

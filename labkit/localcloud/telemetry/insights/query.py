"""A query: commands between bars, each makes records of records."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from labkit.localcloud.telemetry.insights.expressions import Expression, Reader, compiled, truth
from labkit.localcloud.telemetry.insights.records import Record, number, shown, stamp
from labkit.localcloud.telemetry.insights.tokens import MalformedQuery, tokens

LIMIT = 10_000
_STANDARD = ("@timestamp", "@message")
Step = Callable[[list[Record]], list[Record]]
Named = tuple[str, Expression]


@dataclass
class Query:
    """A query that was understood. ``shown_fields`` are None until a command names some."""

    steps: list[Step] = field(default_factory=list)
    shown_fields: list[str] | None = None
    times: set[str] = field(default_factory=set)  # fields that hold points in time
    aggregated: bool = False
    sorted: bool = False
    limit: int = LIMIT
    matched: int = 0

    def run(self, records: Iterable[Record], limit: int | None = None) -> list[list[dict[str, str]]]:
        """The rows as GetQueryResults gives them; newest first unless the query sorts."""
        rows = sorted(records, key=lambda each: (each["@timestamp"], int(each["@ptr"])), reverse=True)
        for step in self.steps:
            rows = step(rows)
        self.matched = len(rows)
        return [self._row(row) for row in rows[: min(self.limit, limit or LIMIT)]]

    def _row(self, row: Record) -> list[dict[str, str]]:
        names = self.shown_fields if self.shown_fields is not None else list(_STANDARD)
        cells = [
            {"field": name, "value": self._value(name, row[name])}
            for name in names
            if row.get(name) is not None
        ]
        return cells if self.aggregated else [*cells, {"field": "@ptr", "value": str(row["@ptr"])}]

    def _value(self, name: str, value: Any) -> str:
        return stamp(value) if name in self.times and number(value) is not None else shown(name, value)


def parse(text: str, now_ms: int) -> Query:
    """Reads a query.

    Raises:
        MalformedQuery: it breaks the syntax, or needs a command that is not supported here.
    """
    query, reader = Query(), Reader(tokens(text), now_ms)
    if not reader.words:
        raise MalformedQuery("the query is empty")
    while True:
        word = reader.next("name")
        read = _COMMANDS.get(word.value.lower())
        if read is None:
            raise MalformedQuery(
                f"unexpected symbol found {word.value} at position {word.position}; commands here are "
                f"{', '.join(_COMMANDS)}"
            )
        read(query, reader)
        if reader.at == len(reader.words):
            return query
        reader.need("|")


def _named(query: Query, reader: Reader) -> list[Named]:
    """``expression [as name], ...``; an expression without a name is called as it is written."""
    found: list[Named] = []
    while True:
        begin = reader.at
        value = reader.expression()
        words = reader.words[begin : reader.at]
        name = reader.next("name").value if reader.take("as") else _written(words)
        if words[0].value.lower() in ("bin", "datefloor", "dateceil", "frommillis"):
            query.times.add(name)
        found.append((name, value))
        if not reader.take(","):
            return found


def _written(words: list[Any]) -> str:
    if len(words) == 1:
        return str(words[0].value)
    text = "".join(f'"{word.value}"' if word.kind == "text" else str(word.value) for word in words)
    return re.sub(r",(?=\S)", ", ", re.sub(r"(?<=[\w)])([-+/%^=])(?=[\w@(])", r" \1 ", text))


def _fields(query: Query, reader: Reader) -> None:
    named = _named(query, reader)
    query.shown_fields = [*(query.shown_fields or []), *(name for name, _ in named)]
    query.steps.append(_adding(named))


def _display(query: Query, reader: Reader) -> None:
    named = _named(query, reader)
    query.shown_fields = [name for name, _ in named]
    query.steps.append(_adding(named))


def _adding(named: list[Named]) -> Step:
    return lambda rows: [{**row, **{name: value([row]) for name, value in named}} for row in rows]


def _filter(query: Query, reader: Reader) -> None:
    wanted = reader.expression()
    query.steps.append(lambda rows: [row for row in rows if truth(wanted([row]))])


def _stats(query: Query, reader: Reader) -> None:
    reader.aggregates = False
    results = _named(query, reader)
    if not reader.aggregates:
        raise MalformedQuery("stats needs a function of many records, such as count(*)")
    keys = _named(query, reader) if reader.take("by") else []
    query.shown_fields = [*(name for name, _ in keys), *(name for name, _ in results)]
    query.aggregated = True

    def aggregate(rows: list[Record]) -> list[Record]:
        groups: dict[tuple[Any, ...], list[Record]] = {} if keys else {(): rows}
        for row in rows if keys else ():
            groups.setdefault(tuple(value([row]) for _, value in keys), []).append(row)
        return [
            {**dict(zip((name for name, _ in keys), group, strict=True)),
             **{name: value(held) for name, value in results}}
            for group, held in groups.items()
        ]  # fmt: skip

    query.steps.append(aggregate)


def _sort(query: Query, reader: Reader) -> None:
    orders: list[tuple[Expression, bool]] = []
    while True:
        value = reader.expression()
        orders.append((value, reader.take("desc") or not reader.take("asc")))
        if not reader.take(","):
            break

    def order(rows: list[Record]) -> list[Record]:
        for value, falling in reversed(orders):
            rows = sorted(rows, key=lambda row: _sortable(value([row])), reverse=falling)
        return rows

    query.steps.append(order)


def _sortable(value: Any) -> tuple[int, float, str]:
    """Numbers before texts; what is not there comes before both."""
    found = number(value)
    if found is not None:
        return 1, found, ""
    return (0, 0, "") if value is None else (2, 0, str(value))


def _limit(query: Query, reader: Reader) -> None:
    count = int(float(reader.next("number").value))
    if not 1 <= count <= LIMIT:
        raise MalformedQuery(f"limit must be between 1 and {LIMIT}")
    query.steps.append(lambda rows: rows[:count])


def _dedup(query: Query, reader: Reader) -> None:
    keys = reader.listed()

    def first(rows: list[Record]) -> list[Record]:
        kept: dict[tuple[str, ...], Record] = {}
        for row in rows:
            kept.setdefault(tuple(str(key([row])) for key in keys), row)
        return list(kept.values())

    query.steps.append(first)


def _parse(query: Query, reader: Reader) -> None:
    source: Expression = lambda rows: rows[0].get("@message")  # noqa: E731
    if reader.at < len(reader.words) and reader.words[reader.at].kind == "name":
        source = reader.expression()
    word = reader.next("text", "regex")
    if word.kind == "regex":
        pattern = compiled(word.value)
        names = list(pattern.groupindex)
        if not names:
            raise MalformedQuery("parse with a regular expression needs named groups, such as (?<name>...)")
    else:
        ends = "$" if word.value.endswith("*") else ""
        pattern = re.compile("(.*?)".join(map(re.escape, word.value.split("*"))) + ends, re.DOTALL)
        if not reader.take("as"):
            raise reader.unexpected()
        names = [reader.next("name").value]
        while reader.take(","):
            names.append(reader.next("name").value)
        if len(names) != pattern.groups:
            raise MalformedQuery(f"parse has {pattern.groups} places * and {len(names)} names")

    def extract(row: Record) -> Record:
        value = source([row])
        match = None if value is None else pattern.search(str(value))
        if match is None:
            return row
        parts = match.groupdict() if pattern.groupindex else dict(zip(names, match.groups(), strict=True))
        return {**row, **parts}

    query.steps.append(lambda rows: [extract(row) for row in rows])


_COMMANDS: dict[str, Callable[[Query, Reader], None]] = {
    "fields": _fields,
    "display": _display,
    "filter": _filter,
    "stats": _stats,
    "sort": _sort,
    "limit": _limit,
    "parse": _parse,
    "dedup": _dedup,
}

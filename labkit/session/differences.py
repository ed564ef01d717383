"""Where the local cloud differs from AWS on this machine, as it says itself: the honest limits."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass

from labkit.cloud import Cloud

HEADINGS = {"code": "How your code runs", "services": "The services around it"}


@dataclass(frozen=True)
class Difference:
    """One row of the table. ``about`` is ``code`` or ``services``."""

    about: str
    topic: str
    local: str
    aws: str


@dataclass(frozen=True, repr=False)
class Differences:
    """The table: in a notebook a short one, with the services folded below it; else text. Empty on AWS."""

    rows: tuple[Difference, ...]

    def of(self, about: str) -> tuple[Difference, ...]:
        """The rows about ``code`` or ``services``."""
        return tuple(row for row in self.rows if row.about == about)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        if not self.rows:
            return f"<p>{self}</p>"
        services = self.of("services")
        return (
            f"{_table(self.of('code'))}<details><summary>{HEADINGS['services']}: {len(services)} more rows"
            f"</summary>{_table(services)}</details>"
        )

    def _lines(self) -> Iterator[str]:
        if not self.rows:
            yield "This is AWS itself."
        for about, heading in HEADINGS.items():
            for number, row in enumerate(self.of(about)):
                if number == 0:
                    yield f"{heading}:"
                yield f"  {row.topic}"
                yield f"    here  {row.local}"
                yield f"    AWS   {row.aws}"


def differences(cloud: Cloud | None) -> Differences:
    """What a cloud says of itself.

    Args:
        cloud: the local one; None for AWS.

    Raises:
        CloudError: it does not answer.
    """
    if cloud is None:
        return Differences(())
    rows = cloud.call("GET", "/_labkit/fidelity")["rows"]
    return Differences(
        tuple(Difference(row["about"], row["topic"], row["local"], row["aws"]) for row in rows)
    )


def _table(rows: tuple[Difference, ...]) -> str:
    cell = '<td style="text-align: left; vertical-align: top">{}</td>'
    body = "".join(
        f"<tr>{''.join(cell.format(html.escape(text)) for text in (row.topic, row.local, row.aws))}</tr>"
        for row in rows
    )
    head = "".join(f'<th style="text-align: left">{name}</th>' for name in ("", "here", "on AWS"))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

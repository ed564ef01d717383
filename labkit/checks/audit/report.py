"""What an audit found, as text, as HTML and as JSON. Asks no cloud."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from labkit.checks.result import card

if TYPE_CHECKING:
    from labkit.checks.audit.subject import Hidden, Subject

MARKS = {"found": "!", "clear": "✓", "unknown": "?"}
CARDS = {"found": "undone", "clear": "done", "unknown": "skipped"}


@dataclass(frozen=True)
class Finding:
    """One thing that is not well.

    Attributes:
        seen: what is there.
        risk: what it costs, or what can happen.
        step: what to do about it.
    """

    seen: str
    risk: str
    step: str


@dataclass(frozen=True)
class Judgement:
    """What one look at a subject gave.

    Attributes:
        looked: what was looked at, in words; said when nothing was found.
        enough: whether it was enough to say that all is well.
    """

    looked: str
    findings: tuple[Finding, ...] = ()
    enough: bool = True


@dataclass(frozen=True)
class Pitfall:
    """A mistake that many people make.

    Attributes:
        key: for programs: ``cold-starts``.
        needs: the readings without which nothing can be said to be well.
        look: judges a subject.
    """

    key: str
    title: str
    needs: tuple[str, ...]
    look: Callable[[Subject], Judgement]


@dataclass(frozen=True)
class Verdict:
    """One pitfall, and what was found of it."""

    pitfall: Pitfall
    judgement: Judgement
    missing: tuple[str, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is not well."""
        return self.judgement.findings

    @property
    def state(self) -> str:
        """``found``, ``clear``, or ``unknown`` when not enough could be seen."""
        if self.findings:
            return "found"
        return "clear" if self.judgement.enough and not self.missing else "unknown"

    @property
    def looked(self) -> str:
        """What was looked at, and what could not be."""
        unseen = f"; not seen: {', '.join(self.missing)}" if self.missing else ""
        return f"{self.judgement.looked}{unseen}"


@dataclass(frozen=True, repr=False)
class Audit:
    """A function, looked at for each pitfall.

    Attributes:
        hidden: what could not be read, and why.
    """

    function: str
    region: str
    verdicts: tuple[Verdict, ...]
    hidden: tuple[Hidden, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, in the order of the pitfalls."""
        return tuple(finding for verdict in self.verdicts for finding in verdict.findings)

    @property
    def pitfalls(self) -> tuple[str, ...]:
        """The keys of the pitfalls that something was found of."""
        return tuple(verdict.pitfall.key for verdict in self.verdicts if verdict.findings)

    @property
    def text(self) -> str:
        """For terminals, logs and screen readers."""
        lines = [self._headline()]
        for verdict in self.verdicts:
            lines.append(f"{MARKS[verdict.state]} {verdict.pitfall.title}")
            if verdict.state != "found":
                lines.append(f"    {verdict.looked}")
            for finding in verdict.findings:
                lines += [f"    seen:  {finding.seen}", f"    risk:  {finding.risk}"]
                lines.append(f"    to do: {finding.step}")
        lines += [f"? {hidden}" for hidden in self.hidden]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The same, as data for `json.dumps`."""
        return {
            "function": self.function,
            "region": self.region,
            "pitfalls": [
                {
                    "pitfall": verdict.pitfall.key,
                    "state": verdict.state,
                    "looked": verdict.looked,
                    "findings": [vars(finding) for finding in verdict.findings],
                }
                for verdict in self.verdicts
            ],
            "hidden": [vars(hidden) for hidden in self.hidden],
        }

    def _headline(self) -> str:
        count = len(self.findings)
        found = f"{count} finding{'s' * (count != 1)}" if count else "nothing found"
        return f"Audit of {self.function}: {found}"

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        """For notebooks: the same words."""
        cards = [f"<b>{_html(self._headline())}</b>"]
        for verdict in self.verdicts:
            rows = [f"<b>{MARKS[verdict.state]} {_html(verdict.pitfall.title)}</b>"]
            if verdict.state != "found":
                rows.append(f"<div>{_html(verdict.looked)}</div>")
            for finding in verdict.findings:
                rows += [
                    f"<div style='margin-top:0.3em'><b>Seen:</b> {_html(finding.seen)}</div>",
                    f"<div><b>Risk:</b> {_html(finding.risk)}</div>",
                    f"<div><b>To do:</b> {_html(finding.step)}</div>",
                ]
            cards.append(card(CARDS[verdict.state], "".join(rows)))
        cards += [f"<div>? {_html(str(hidden))}</div>" for hidden in self.hidden]
        return "".join(cards)


def _html(words: str) -> str:
    """Words for a page; what stands in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(words))

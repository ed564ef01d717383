"""What a check found: the evidence, what was expected, the next step. As text and as HTML; asks no cloud."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

MARKS = {"done": "✓", "undone": "✗", "skipped": "–"}
# JupyterLab's own colours, so that it fits a dark theme; what follows the comma is for other pages.
COLOURS = {
    "done": "var(--jp-success-color1, #388e3c)",
    "undone": "var(--jp-error-color1, #d32f2f)",
    "skipped": "var(--jp-warn-color1, #f57c00)",
}
_CARD = "border-left:4px solid {colour}; padding:0.3em 0.9em; margin:0.2em 0"


@dataclass(frozen=True)
class Result:
    """One look at one checkpoint.

    Attributes:
        evidence: what was seen in the cloud.
        expected: what was looked for; empty when it was found.
        next_step: what to do now; empty when there is nothing left to do.
        skipped: it cannot be done here, and counts as passed.
    """

    id: str
    title: str
    passed: bool
    evidence: str
    expected: str = ""
    next_step: str = ""
    skipped: bool = False

    @property
    def state(self) -> str:
        """``done``, ``undone`` or ``skipped``."""
        return "skipped" if self.skipped else "done" if self.passed else "undone"

    @property
    def text(self) -> str:
        """For terminals, logs and screen readers."""
        lines = [f"{MARKS[self.state]} {self.id} {self.title}"]
        lines += [f"  {f'{label}:':<10} {_indented(words)}" for label, words in self._rows()]
        return "\n".join(lines)

    @property
    def html(self) -> str:
        """For notebooks: the same words."""
        rows = "".join(
            f'<div style="white-space:pre-line"><b>{label}:</b> {escape(words)}</div>'
            for label, words in self._rows()
        )
        head = f"<b>{MARKS[self.state]} {escape(self.id)} {escape(self.title)}</b>"
        return card(self.state, head + rows)

    def _rows(self) -> list[tuple[str, str]]:
        rows = [("Seen", self.evidence), ("Expected", self.expected), ("Next step", self.next_step)]
        return [(label, words) for label, words in rows if words]

    def _ipython_display_(self) -> None:
        """Nothing: whoever ran the check has shown the result already."""


@dataclass(frozen=True)
class GateResult:
    """What a phase asks for, box by box, and the results behind each box."""

    id: str
    title: str
    boxes: tuple[tuple[str, tuple[Result, ...]], ...]

    @property
    def results(self) -> tuple[Result, ...]:
        """All results behind the boxes."""
        return tuple(result for _, results in self.boxes for result in results)

    @property
    def passed(self) -> bool:
        """Whether every box is ticked."""
        return not self.undone

    @property
    def undone(self) -> tuple[Result, ...]:
        """The checks that keep the gate shut."""
        return tuple(result for result in self.results if not result.passed)

    @property
    def state(self) -> str:
        """``done`` or ``undone``."""
        return "done" if self.passed else "undone"

    @property
    def text(self) -> str:
        """For terminals, logs and screen readers."""
        lines = [f"{MARKS[self.state]} {self.id} {self.title}"]
        for name, results in self.boxes:
            lines.append(f"  {_tick(results)} {name}")
            lines += [f"      {one.id} {_shortly(one)}" for one in results]
        lines.append(f"  {self._words()}")
        return "\n".join(lines)

    @property
    def html(self) -> str:
        """For notebooks: the same words."""
        rows = "".join(
            f"<div>{_tick(results)} <b>{escape(name)}</b><br>"
            + "<br>".join(f"{escape(one.id)} {escape(_shortly(one))}" for one in results)
            + "</div>"
            for name, results in self.boxes
        )
        head = f"<b>{MARKS[self.state]} {escape(self.id)} {escape(self.title)}</b>"
        return card(self.state, f"{head}{rows}<div>{escape(self._words())}</div>")

    def _words(self) -> str:
        if self.passed:
            return "Every box is ticked: on to the next phase."
        first = self.undone[0]
        return f"Next step: {first.id} {first.title}. {first.next_step}".rstrip()

    def _ipython_display_(self) -> None:
        """Nothing: whoever ran the gate has shown the result already."""


def card(state: str, content: str) -> str:
    """HTML with a coloured edge."""
    return f'<div style="{_CARD.format(colour=COLOURS[state])}">{content}</div>'


def _indented(words: str) -> str:
    return words.replace("\n", "\n" + " " * 13)


def _tick(results: Sequence[Result]) -> str:
    return "☑" if all(result.passed for result in results) else "☐"


def _shortly(result: Result) -> str:
    """One line about a result: its title, and what is wrong if something is."""
    return f"{MARKS[result.state]} {result.title}" + ("" if result.passed else f": {result.evidence}")

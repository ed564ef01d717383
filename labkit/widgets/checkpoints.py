"""Checkpoints: the gate of a phase. What is reached, what was seen, and what to do about the rest."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from labkit.widgets.base import GREEN, VERMILLION, View, escape, page

_WRAP = 96


class Checkpoint(Protocol):
    """The result of a check, as `labkit.checks` gives it; if ``skipped``, it could not be looked at."""

    @property
    def id(self) -> str:
        """Such as ``02.3``."""

    @property
    def title(self) -> str:
        """What was to be reached, in words."""

    @property
    def passed(self) -> bool:
        """Whether it is reached."""

    @property
    def evidence(self) -> str:
        """What the check saw in the cloud."""

    @property
    def expected(self) -> str:
        """What it expected; shown when it is not reached."""

    @property
    def next_step(self) -> str:
        """What to do next; shown when it is not reached."""


def checkpoints(
    results: Iterable[Checkpoint] | Callable[[], Iterable[Checkpoint]], *, title: str = "Checkpoints"
) -> CheckpointsView:
    """Show which checkpoints are reached.

    Args:
        results: of checks; or what looks for them: then a button looks again.
        title: the heading, such as the name of the phase.
    """
    if callable(results):
        return CheckpointsView(results(), title, results)
    return CheckpointsView(results, title)


class CheckpointsView(View):
    """A list with a mark, evidence and next step for each checkpoint.

    Attributes:
        results: what is shown.
        title: the heading, such as the name of the phase.
        again: the button that looks again; None when there is nothing to look with.
    """

    def __init__(
        self,
        results: Iterable[Checkpoint],
        title: str,
        look: Callable[[], Iterable[Checkpoint]] | None = None,
    ) -> None:
        super().__init__()
        import ipywidgets

        self.results: Sequence[Checkpoint] = tuple(results)
        self.title = title
        self._page = ipywidgets.HTML(self._html())
        self.widget: Any = self._page
        self.again = None
        if look is not None:
            self.again = ipywidgets.Button(description="Look again", layout={"width": "130px"})
            self.again.on_click(lambda _: self.update(look()))
            self.widget = ipywidgets.VBox([self._page, self.again])

    def update(self, results: Iterable[Checkpoint]) -> None:
        """Show these results instead."""
        self.results = tuple(results)
        self._page.value = self._html()
        self.show_again()

    def text(self) -> str:
        """A line for each checkpoint, with what was expected and what to do where it is not reached."""
        lines = [f"{self.title}: {self._count()}"]
        for result in self.results:
            lines.append(f"{_look(result).mark} {result.id} {result.title}")
            lines += _indented("seen", result.evidence)
            if not result.passed:
                lines += _indented("expected", result.expected) + _indented("next", result.next_step)
        return "\n".join(lines)

    def _count(self) -> str:
        reached = sum(result.passed for result in self.results)
        if not self.results:
            return "nothing to check"
        if reached == len(self.results):
            return f"all {reached} reached"
        return f"{reached} of {len(self.results)} reached"

    def _html(self) -> str:
        items = "".join(_item(result) for result in self.results)
        head = f'<div><span class="head">{escape(self.title)}</span> · {self._count()}</div>'
        return page(
            f"{_STYLE}{head}{_bar(self.results)}<ol class='labkit-checks'>{items}</ol>", same_twin=True
        )


class _Look(NamedTuple):
    """How a state looks, and the word for it."""

    mark: str
    colour: str
    word: str


_REACHED = _Look("✓", GREEN, "reached")
_NOT_REACHED = _Look("✗", VERMILLION, "not reached")
_SKIPPED = _Look("–", "currentColor", "skipped")


def _look(result: Checkpoint) -> _Look:
    if getattr(result, "skipped", False):
        return _SKIPPED
    return _REACHED if result.passed else _NOT_REACHED


_STYLE = """<style>
.labkit ol.labkit-checks { list-style: none; margin: 6px 0 0; padding: 0; }
.labkit ol.labkit-checks > li { display: grid; grid-template-columns: 1.7em 1fr; padding: 5px 0;
  border-top: 1px solid color-mix(in srgb, currentColor 18%, transparent); }
.labkit .labkit-mark { font-weight: 700; font-size: 1.15em; line-height: 1.25; }
.labkit .labkit-bar { display: flex; gap: 3px; margin: 5px 0; }
.labkit .labkit-bar span { height: 6px; flex: 1; border-radius: 3px; border: 1px solid;
  box-sizing: border-box; }
.labkit .labkit-next { border-left: 3px solid; padding-left: 8px; margin-top: 3px; }
</style>"""


def _bar(results: Sequence[Checkpoint]) -> str:
    """One piece for each checkpoint: full when it is reached, empty when it is not."""
    pieces = [
        f'<span style="border-color: {look.colour}{full}"></span>'
        for look in map(_look, results)
        for full in [f"; background: {look.colour}" if look is _REACHED else ""]
    ]
    return f'<div class="labkit-bar" aria-hidden="true">{"".join(pieces)}</div>'


def _item(result: Checkpoint) -> str:
    mark, colour, word = _look(result)
    name = f'<span class="quiet">{escape(result.id)}</span>'
    parts = [f'<div><span class="head">{escape(result.title)}</span> {name}</div>']
    if result.evidence:
        seen = "" if result.passed else "Seen: "
        parts.append(f'<div class="quiet">{seen}{_lines(result.evidence)}</div>')
    if not result.passed:
        parts += [f"<div>Expected: {_lines(result.expected)}</div>"] if result.expected else []
        if result.next_step:
            next_step = f"<b>Next:</b> {_lines(result.next_step)}"
            parts.append(f'<div class="labkit-next" style="border-color: {colour}">{next_step}</div>')
    sign = f'<span class="labkit-mark" style="color: {colour}" role="img" aria-label="{word}">{mark}</span>'
    return f"<li>{sign}<div>{''.join(parts)}</div></li>"


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _indented(word: str, text: str) -> list[str]:
    if not text:
        return []
    wrapped = [
        line
        for paragraph in f"{word}: {text}".splitlines()
        for line in textwrap.wrap(paragraph, _WRAP) or [""]
    ]
    return [f"    {line}" if number else f"  {line}" for number, line in enumerate(wrapped)]

"""Questionnaire: a few questions about a workload, and whether Lambda fits it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from labkit.design import Case, Verdict, judge
from labkit.widgets.base import View, escape, page

NO_LIMIT = 0.0  # a menu cannot stand on None
# Each question: the field of `Case` that it fills, its words, the answers to choose from.
QUESTIONS: tuple[tuple[str, str, tuple[tuple[str, Any], ...]], ...] = (
    (
        "longest_s",
        "One piece of work computes for at most",
        (
            ("a tenth of a second", 0.1),
            ("a second", 1),
            ("10 seconds", 10),
            ("a minute", 60),
            ("10 minutes", 600),
            ("an hour", 3600),
            ("a day", 86400),
        ),
    ),
    (
        "memory_mb",
        "It needs at most",
        (
            ("128 MB", 128),
            ("512 MB", 512),
            ("2 GB", 2048),
            ("8 GB", 8192),
            ("16 GB", 16384),
            ("64 GB", 65536),
        ),
    ),
    (
        "busy_share",
        "Something is under way",
        (
            ("minutes a day", 0.005),
            ("about an hour a day", 0.05),
            ("office hours", 0.25),
            ("half of the time", 0.5),
            ("day and night", 1.0),
        ),
    ),
    (
        "within_ms",
        "Every answer, the first one too, must come within",
        (
            ("(one may be late)", NO_LIMIT),
            ("a second", 1000),
            ("300 ms", 300),
            ("50 ms", 50),
            ("10 ms", 10),
        ),
    ),
    (
        "waits_s",
        "Between steps it waits for people or machines",
        (
            ("not at all", 0),
            ("a minute", 60),
            ("hours", 4 * 3600),
            ("days", 3 * 86400),
        ),
    ),
)


def questionnaire(case: Case | None = None) -> QuestionnaireView:
    """Ask what has to be known of a workload; the judgement follows each answer.

    Args:
        case: what the answers begin at; by default a small, occasional one.
    """
    return QuestionnaireView(case or Case())


class QuestionnaireView(View):
    """Questions with answers to choose from, and the judgement below.

    Attributes:
        case: what the answers amount to.
        questions: the control of each field of `Case`.
    """

    def __init__(self, case: Case) -> None:
        super().__init__()
        import ipywidgets

        self.case = case
        self._page = ipywidgets.HTML(self._html())
        self.questions = {field: _menu(words, options, case, field) for field, words, options in QUESTIONS}
        for control in self.questions.values():
            control.observe(self._changed, "value")
        self.widget = ipywidgets.VBox([*self.questions.values(), self._page])

    @property
    def verdict(self) -> Verdict:
        """The judgement of the answers."""
        return judge(self.case)

    @property
    def answers(self) -> dict[str, float | None]:
        """The answers, as ``lab.save`` keeps them."""
        return self.case.answers()

    def text(self) -> str:
        """The answers that are chosen, and the judgement."""
        chosen = [
            f"{words}: {_in_words(options, _value(self.case, field))}" for field, words, options in QUESTIONS
        ]
        return "\n".join([*chosen, self.verdict.text()])

    def _changed(self, _: Any) -> None:
        chosen = {field: one.value for field, one in self.questions.items()}
        self.case = replace(self.case, **{**chosen, "within_ms": chosen["within_ms"] or None})
        self._page.value = self._html()
        self.show_again()

    def _html(self) -> str:
        first, *rest = self.verdict.text().splitlines()
        mark = "✓" if self.verdict.fits else "✗"
        lines = "".join(f"<div>{escape(line.strip())}</div>" for line in rest)
        return page(f'<div class="head">{mark} {escape(first)}</div>{lines}', same_twin=True)


def _menu(words: str, options: tuple[tuple[str, Any], ...], case: Case, field: str) -> Any:
    import ipywidgets

    value = _value(case, field)
    known = options if value in [one for _, one in options] else ((f"{value:g}", value), *options)
    return ipywidgets.Dropdown(
        options=known,
        value=value,
        description=words,
        style={"description_width": "330px"},
        layout={"width": "560px"},
    )


def _value(case: Case, field: str) -> Any:
    """What a menu stands on."""
    value = getattr(case, field)
    return NO_LIMIT if value is None else value


def _in_words(options: tuple[tuple[str, Any], ...], value: Any) -> str:
    return next((words for words, one in options if one == value), str(value))

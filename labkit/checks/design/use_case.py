"""01.2: the learner's own workload went through the questionnaire, and Lambda fits it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from labkit.checks.look import Look, NotYet
from labkit.checks.registry import check
from labkit.design import Case, judge

KEY = "use_case"
NAMES = tuple(field.name for field in fields(Case))


@check("01.2", title="Your use case fits Lambda")
def use_case(look: Look) -> str:
    """The record ``use_case`` has the answers; judged again here, they speak for Lambda."""
    kept = look.decided(KEY)
    if kept is None:
        raise NotYet(
            "the design record has no 'use_case'",
            "the answers of the questionnaire for your workload",
            "Answer it, then lab.save('use_case', answers).",
        )
    verdict = judge(_case(kept))
    if not verdict.fits:
        first = verdict.findings[0]
        raise NotYet(
            f"the use case is {', '.join(verdict.codes)}: {first.reason}",
            "a workload, or a part of one, that fits",
            f"What does it better: {first.instead}. For the workbook, choose a part that fits, such as "
            "thumbnails of uploaded photos.",
        )
    return verdict.text()


def _case(kept: Any) -> Case:
    if not isinstance(kept, Mapping):
        raise NotYet(
            f"'use_case' is {kept!r}, which nobody can judge",
            f"the numbers of the questionnaire: {', '.join(NAMES)}",
            "Keep the answers, not the verdict: lab.save('use_case', answers).",
        )
    answers = {str(name): value for name, value in kept.items()}
    if unknown := [name for name in answers if name not in NAMES]:
        raise NotYet(
            f"'use_case' has {', '.join(unknown)}, which the questionnaire does not ask for",
            f"some of: {', '.join(NAMES)}",
            "Use its names; what you leave out has the questionnaire's own value.",
        )
    if missing := [name for name in ("longest_s", "memory_mb", "busy_share") if name not in answers]:
        raise NotYet(
            f"'use_case' does not say {', '.join(missing)}",
            "at least the time, the memory and how busy it is",
            "Answer the questions that are open, and save the answers again.",
        )
    for name, value in answers.items():
        if not _sensible(name, value):
            raise NotYet(
                f"{name} is {value!r}",
                "a number that is not negative; busy_share lies between 0 and 1",
                "Give seconds, MB and a share: 0.05 means that something runs one hour in twenty.",
            )
    return Case(**answers)


def _sensible(name: str, value: Any) -> bool:
    if value is None:
        return name == "within_ms"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= 1 if name == "busy_share" else value >= 0

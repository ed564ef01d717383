"""01.1: six workloads are judged as the rubric judges them, and each judgement is explained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from labkit.checks.look import Look, NotYet
from labkit.checks.registry import check
from labkit.design import ANSWERS, Case, judge

KEY = "workloads"


@dataclass(frozen=True)
class Given:
    """A workload of the task.

    Attributes:
        case: its numbers; the rubric is what `labkit.design.judge` says of them.
        look_at: points to the number that decides, without the answer.
    """

    case: Case
    look_at: str

    @property
    def answer(self) -> str:
        """One of ``labkit.design.ANSWERS``."""
        return judge(self.case).codes[0]


# The numbers are those of the notebook's table.
SIX: Mapping[str, Given] = {
    "thumbnails": Given(
        Case(longest_s=2, memory_mb=512, busy_share=0.03),
        "It takes two seconds and hardly any memory, and most of the day nothing is uploaded.",
    ),
    "film": Given(
        Case(longest_s=2400, memory_mb=4096, busy_share=0.1),
        "How long may one invocation take? labkit.facts.quota('timeout_max_s')",
    ),
    "sale": Given(
        Case(longest_s=0.2, memory_mb=256, busy_share=0.01),
        "Ten thousand orders in a minute need many environments, and then none. Is it busy all month?",
    ),
    "search": Given(
        Case(longest_s=0.05, memory_mb=1024, busy_share=1),
        "Each request is small, but there is always one under way. Who is paid by the hour, and who by use?",
    ),
    "panorama": Given(
        Case(longest_s=300, memory_mb=40 * 1024, busy_share=0.02),
        "How much memory can a function have? labkit.facts.quota('memory_max_mb')",
    ),
    "bids": Given(
        Case(longest_s=0.002, memory_mb=256, busy_share=0.2, within_ms=10),
        "Every answer counts, the first one of an environment too. How long does a cold start take?",
    ),
}


@check("01.1", title="Six workloads are judged")
def workloads(look: Look) -> str:
    """The record ``workloads`` has the rubric's judgement of each."""
    judged = look.decided(KEY)
    if judged is None:
        raise NotYet(
            "the design record has no 'workloads'",
            "a judgement of each of the six",
            "Fill in the dictionary and keep it: lab.save('workloads', {'thumbnails': 'fits', …}).",
        )
    if not isinstance(judged, Mapping):
        raise NotYet(
            f"'workloads' is {judged!r}",
            "a dictionary: the workload's name and your judgement",
            "Keep it like this: lab.save('workloads', {'thumbnails': 'fits', …}).",
        )
    said = {str(name).strip().lower(): str(word).strip().lower() for name, word in judged.items()}
    _all_there(said)
    wrong = [name for name, given in SIX.items() if said[name] != given.answer]
    if wrong:
        name = wrong[0]
        right = len(SIX) - len(wrong)
        raise NotYet(
            f"{right} of {len(SIX)} agree with the rubric; {name!r} is not {said[name]!r}",
            f"another judgement of {', '.join(repr(one) for one in wrong)}",
            SIX[name].look_at,
        )
    return "all six agree with the rubric\n" + "\n".join(_explained(name) for name in SIX)


def _all_there(said: Mapping[str, str]) -> None:
    if missing := [name for name in SIX if name not in said]:
        raise NotYet(
            f"there is no judgement of {', '.join(missing)}",
            f"one of each: {', '.join(SIX)}",
            "Add it to the dictionary, with the name that the table gives it, and save it again.",
        )
    for name in SIX:
        if said[name] not in ANSWERS:
            raise NotYet(
                f"{name!r} is judged {said[name]!r}" if said[name] != "?" else f"{name!r} is still open",
                f"one of: {', '.join(ANSWERS)}",
                "Write 'fits', or the one reason that speaks against Lambda, in these words.",
            )


def _explained(name: str) -> str:
    verdict = judge(SIX[name].case)
    if verdict.fits:
        return f"{name}: fits"
    first = verdict.findings[0]
    return f"{name}: {first.code}, since {first.reason}; better: {first.instead}"

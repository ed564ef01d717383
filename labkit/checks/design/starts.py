"""01.4: the smallest function in Python and as a shell script, both started cold and compared."""

from __future__ import annotations

import shutil
from statistics import fmean
from uuid import uuid4

from labkit.checks.functions import Function, find, of_lab
from labkit.checks.look import Look, NotYet, Skip
from labkit.checks.registry import check

PYTHON, SHELL = "echo-python", "echo-shell"
OS_ONLY = "provided.al2023"
COLD_STARTS = 3


@check("01.4", title="The smallest function runs in two runtimes")
def starts(look: Look) -> str:
    """Both give back the event, and the log of each has several cold starts."""
    functions = [_of_runtime(look, PYTHON, "python3."), _of_runtime(look, SHELL, OS_ONLY)]
    for function in functions:
        _gives_back(function)
    means = [_mean_init_ms(look, function) for function in functions]
    return "; ".join(
        f"{function.name} ({function.runtime}) starts in {mean:.0f} ms on average"
        for function, mean in zip(functions, means, strict=True)
    )


def _of_runtime(look: Look, base: str, runtime: str) -> Function:
    """The function with that name, or any of the lab with such a runtime."""
    fitting = [one for one in of_lab(look) if one.runtime.startswith(runtime)]
    named = [one for one in fitting if one.name == look.name(base)]
    if named or fitting:
        return (named or fitting)[0]
    found = find(look, base)
    raise NotYet(
        f"{found.name} has the runtime {found.runtime}",
        f"a runtime that begins with {runtime}",
        f"Deploy it with runtime='{runtime if runtime == OS_ONLY else 'python3.13'}'.",
    )


def _gives_back(function: Function) -> None:
    event = {"token": uuid4().hex[:8]}
    got = function.invoke(event)
    if got.error is not None:
        raise _failed(function, got.error_text)
    if got.payload != event:
        raise NotYet(
            f"{function.name} was sent {event} and answered {got.payload!r}",
            "the event itself as the answer",
            "Return what came in: the handler's first argument, or the body of the answer from …/next.",
        )


def _failed(function: Function, error: str) -> NotYet:
    shell = function.runtime == OS_ONLY
    if shell and function.look.local and not shutil.which("curl"):
        raise Skip("this machine has no curl, which the script speaks with; on AWS it is there")
    step = "Read its log: the last lines say what happened. Mend it and deploy it again."
    if shell and "bootstrap" in error and "permission denied" in error:
        step = "The file bootstrap must be executable (chmod +x) and begin with #!/bin/sh."
    elif shell and "bootstrap" in error:
        step = "The package needs a file that is called bootstrap, at its top."
    elif shell and "exit" in error.lower():
        step = "The script ended. It has to ask for the next event in a loop that never ends: while true."
    return NotYet(f"{function.name} failed with {error}", "an answer", step)


def _mean_init_ms(look: Look, function: Function) -> float:
    def cold() -> list[float]:
        return [one.init_ms for _, _, one in function.reports() if one.cold and one.init_ms is not None]

    if not look.eventually(lambda: len(cold()) >= COLD_STARTS):
        raise NotYet(
            f"{function.name} was started cold {len(cold())} times",
            f"at least {COLD_STARTS} cold starts of each, for one is an anecdote",
            f"labkit.measure.cold_starts(lambda_, '{function.name}', 5) makes some.",
        )
    return fmean(cold())

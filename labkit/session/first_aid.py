"""What a kernel says beside errors that tell beginners too little: what to do next.

`labkit start` has IPython load it in every kernel, before any cell has run.
"""

from __future__ import annotations

from typing import Any

RUN_ABOVE = (
    "If {name!r} comes from a cell above: a kernel that was restarted knows nothing of what ran before. "
    "Choose Run > Run All Above Selected Cell, then run this cell again. Cells may be run twice; your files, "
    "your progress and what you built in the cloud are still there."
)
NOT_THERE = (
    "It is not there: not made yet, deleted, or gone with a cloud that was stopped. Run the cells above that "
    "make it (they may be run again), then this one."
)
ABSENT = ("NotFound", "NoSuch", "DoesNotExist", "NonExistent")


def next_step(error: BaseException) -> str | None:
    """What to do about an error that ended a cell; None if it says enough itself."""
    if isinstance(error, NameError) and error.name:
        return RUN_ABOVE.format(name=error.name)
    response = getattr(error, "response", None)  # botocore's ClientError, without importing botocore
    said = response.get("Error", {}) if isinstance(response, dict) else {}
    return NOT_THERE if any(word in str(said.get("Code", "")) for word in ABSENT) else None


def load_ipython_extension(shell: Any) -> None:
    """Adds the next step to errors that end cells. They are shown as before otherwise."""

    def show(shell: Any, kind: Any, error: BaseException, trace: Any, tb_offset: int | None = None) -> None:
        if step := next_step(error):
            error.add_note(step)
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset, running_compiled_code=True)

    shell.set_custom_exc((Exception,), show)

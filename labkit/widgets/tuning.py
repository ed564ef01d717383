"""Power tuning: time and cost against memory, and which size is best for how much cost counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.errors import LabError
from labkit.measure.rows import Status
from labkit.measure.texts import ms
from labkit.pricing import usd
from labkit.widgets.base import LiveView, escape, page, room

if TYPE_CHECKING:
    from labkit.measure import Step, Tuning

WEIGHTS = (
    ("only speed", 0.0),
    *((f"cost {share} %, speed {100 - share} %", share / 100) for share in range(10, 100, 10)),
    ("only cost", 1.0),
)
_WIDTH, _HEIGHT = 720, 290
_NOTHING = "nothing tuned yet"


def tuning(result: Tuning | None = None) -> TuningView:
    """Show a power tuning, with a slider that weighs cost against speed.

    Args:
        result: what `labkit.measure.tune` gave; None shows an empty picture that a tuning fills when it is
            given as its ``watch``: ``labkit.measure.tune(client, name, watch=labkit.widgets.tuning())``.
    """
    return TuningView(result)


class TuningView(LiveView):
    """Durations and costs against memory; the slider chooses, and the picture marks what it chose.

    Attributes:
        tuning: what is shown.
        weight: the slider: how much cost counts, 0 (only speed) to 1 (only cost).
    """

    def __init__(self, result: Tuning | None = None) -> None:
        super().__init__()
        import ipywidgets

        self.tuning = result
        self.weight = ipywidgets.SelectionSlider(
            options=WEIGHTS,
            value=_begin(result),
            description="What counts",
            continuous_update=False,
            style={"description_width": "100px"},
            layout={"width": "560px"},
        )
        self._page = ipywidgets.HTML()
        self._draw()
        self.weight.observe(lambda _: self._changed(), "value")
        self.widget = ipywidgets.VBox([self._page, self.weight])

    @property
    def chosen(self) -> Step | None:
        """The best step at the slider's weight; None while nothing is measured."""
        if self.tuning is None or not self.tuning.measured:
            return None
        if not self.tuning.priced or self.weight.value == 0:
            return self.tuning.best("speed")
        if self.weight.value == 1:
            return self.tuning.best("cost")
        return self.tuning.best("balanced", self.weight.value)

    def update(self, result: Tuning) -> None:
        """Draw again, with these steps; the slider stays where it is."""
        first = self.tuning is None
        self.tuning = result
        if first:  # the tuning knows from its beginning what it is to go by
            self.weight.value = _begin(result)
        self._changed()

    def text(self) -> str:
        """The table of the tuning, and what the slider chose."""
        if self.tuning is None:
            return _NOTHING
        return "\n".join(line for line in (self.tuning.text(), self._choice()) if line)

    def _changed(self) -> None:
        self._draw()
        self.show_again()

    def _draw(self) -> None:
        self.weight.disabled = self.tuning is not None and not self.tuning.priced
        self._page.value = self._html()

    def _choice(self) -> str:
        step = self.chosen
        if step is None or self.tuning is None:
            return ""
        if not self.tuning.priced:
            return f"The fastest is {step}. Cost cannot be weighed: no price is known for this Region."
        name = next(name for name, value in WEIGHTS if value == self.weight.value)
        per_million = usd(round((step.cost_usd or 0.0) * 1_000_000, 2))
        best = f"Best for {name}: {step}, with {ms(step.duration_ms)} and {per_million} USD per million."
        return f"{best} {_without_success(self.tuning)}".rstrip()

    def _html(self) -> str:
        result, chosen = self.tuning, self.chosen
        if result is None or chosen is None:
            return page(_empty("Nothing tuned yet" if result is None else _why_nothing(result)))
        from labkit.widgets.tuning_picture import picture

        planned = f" of {result.planned}" if result.planned and result.planned > len(result.steps) else ""
        head = (
            f'<div><span class="head">{escape(result.function.name)}</span> · {len(result.steps)}{planned} '
            f"settings</div><div>{escape(self._choice())}</div>"
        )
        label = f"Duration and cost of {result.function.name} against memory. {self._choice()}"
        return page(head + picture(result, chosen, _WIDTH, _HEIGHT, label))


def _begin(result: Tuning | None) -> float:
    """Where the slider stands at first: what the tuning itself goes by."""
    if result is None or result.strategy == "cost":
        return 1.0
    if result.strategy == "speed":
        return 0.0
    return min((value for _, value in WEIGHTS), key=lambda value: abs(value - result.weight))


def _without_success(result: Tuning) -> str:
    """Names the steps that have no point in the picture because every call failed."""
    failed = [
        str(step)
        for step in result.steps
        if step.measurements and all(row.status is not Status.OK for row in step.measurements)
    ]
    return f"No call succeeded with {' or with '.join(failed)}." if failed else ""


def _why_nothing(result: Tuning) -> str:
    try:
        result.best("speed")
    except LabError as problem:
        return str(problem)
    return ""


def _empty(text: str) -> str:
    return f'<div class="quiet" role="status">{escape(text)}</div>{room(_WIDTH, _HEIGHT)}'

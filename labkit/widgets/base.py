"""How a view is shown: the widget, then its text twin. Knows no view in particular, and draws nothing.

Colours are few and never alone: every colour comes with a shape or a word. Text takes the colour of the page,
so it can be read in light and dark themes.
"""

from __future__ import annotations

import html
from typing import Any

# From the Okabe-Ito palette, which colour-blind people tell apart; blue lighter and green darker than there,
# so that each has a contrast of at least 3.8:1 on white and on JupyterLab's dark grey.
BLUE = "#1B84CC"
VERMILLION = "#D55E00"
GREEN = "#00916B"

# The first 110 characters of a widget's value stand in its fallback text, which recorded outputs are compared
# by: a style sheet that is always the same comes first, so that no measured number gets there.
STYLE = """<style>
.labkit { font: var(--jp-ui-font-size1, 13px)/1.45 var(--jp-ui-font-family, system-ui, sans-serif);
  color: var(--jp-content-font-color1, inherit); max-width: 760px; }
.widget-html > .widget-html-content:has(> .labkit) { min-width: 0; }
.labkit .quiet { opacity: .75; }
.labkit .head { font-weight: 600; }
.labkit svg { width: 100%; height: auto; display: block; }
.labkit-same-twin { display: none; }
.jp-OutputArea-child:has(.labkit-same-twin) + .jp-OutputArea-child:has(pre) { position: absolute; top: 0;
  width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.jp-OutputArea-child:has(.labkit-same-twin) + .jp-OutputArea-child .jp-OutputArea-output { min-width: 40em; }
</style>
"""


class View:
    """A widget with its text twin. As the last expression of a cell it shows itself.

    Attributes:
        widget: the ipywidgets widget.
    """

    widget: Any

    def __init__(self) -> None:
        self._twins: list[Any] = []

    def text(self) -> str:
        """The twin: what the view shows, as plain text."""
        raise NotImplementedError

    def show(self) -> None:
        """Show the widget and its twin as outputs of the cell that runs."""
        self._twins.append(show(self.widget, self.text()))

    def show_widget(self) -> None:
        """Show the widget now; its twin comes later, when there is something to say."""
        _display(self.widget)

    def show_twin(self) -> None:
        """Show the twin of a widget that stands there already."""
        self._twins.append(_display(_plain(self.text()), raw=True, display_id=True))

    def show_again(self) -> None:
        """After a change, bring the twins that stand in the notebook up to date."""
        for twin in self._twins:
            twin.update(_plain(self.text()), raw=True)

    def _ipython_display_(self) -> None:
        self.show()

    def __repr__(self) -> str:
        return self.text()


class LiveView(View):
    """A view that can be the ``watch`` of a run: shown as it begins, updated in place, then the twin."""

    def start(self) -> None:
        """A run begins: show the widget, which grows."""
        from labkit.widgets.svg import prepare

        self.show_widget()
        prepare()

    def update(self, so_far: Any, /) -> None:
        """Show what was measured so far."""
        raise NotImplementedError

    def finish(self, everything: Any, /) -> None:
        """A run is over: the last picture, and the twin."""
        self.update(everything)
        self.show_twin()


def show(widget: Any, twin_text: str) -> Any:
    """Display a widget, and its text twin as an output of its own.

    In a bundle of several kinds the page chooses one, and exports drop the text: so there are two outputs.

    Returns:
        The display handle of the twin; ``update`` on it replaces the text.
    """
    _display(widget)
    return _display(_plain(twin_text), raw=True, display_id=True)


def page(body: str, *, same_twin: bool = False) -> str:
    """The value of an HTML widget: the style sheet and the body.

    Args:
        same_twin: the twin says the same in the same words. Where the widget is rendered, its twin is then
            left to screen readers; where the widget is not rendered, the twin stays in sight.
    """
    mark = '<span class="labkit-same-twin"></span>' if same_twin else ""
    return f'{STYLE}<div class="labkit">{mark}{body}</div>'


def room(width: int, height: int) -> str:
    """The room that a picture will take, so that the page does not jump when it comes."""
    return f'<svg viewBox="0 0 {width} {height}" style="max-width: {width}px" aria-hidden="true"></svg>'


def escape(text: object) -> str:
    """Text that may stand in HTML."""
    return html.escape(str(text), quote=True)


def _plain(text: str) -> dict[str, str]:
    return {"text/plain": text}


def _display(what: Any, **options: Any) -> Any:
    from IPython.display import display

    return display(what, **options)  # type: ignore[no-untyped-call]

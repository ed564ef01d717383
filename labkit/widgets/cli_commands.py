"""AWS CLI: the commands that do what API calls did, each in a block that copies whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from labkit.awscli import Command, script
from labkit.widgets.base import View, escape, page

_STYLE = """<style>
.labkit .labkit-cli { margin: 6px 0; border: 1px solid color-mix(in srgb, currentColor 22%, transparent);
  border-radius: 4px; }
.labkit .labkit-cli pre { margin: 0; font: 12px/1.5 var(--jp-code-font-family, monospace);
  padding: 7px 10px; overflow-x: auto; white-space: pre; color: inherit;
  background: color-mix(in srgb, currentColor 5%, transparent); user-select: all; -webkit-user-select: all; }
.labkit .labkit-cli pre:focus-visible { outline: 2px solid #0072B2; outline-offset: -2px; }
.labkit .labkit-cli .c { opacity: .75; font-style: italic; }
</style>"""


def cli_commands(commands: Iterable[Command], *, title: str = "AWS CLI") -> CliCommandsView:
    """Show AWS CLI commands, such as those of ``Recorder.commands``."""
    return CliCommandsView(commands, title)


class CliCommandsView(View):
    """A block for each command; a click into it selects all of it.

    Attributes:
        commands: what is shown.
        title: the heading.
    """

    def __init__(self, commands: Iterable[Command], title: str) -> None:
        super().__init__()
        from ipywidgets import HTML

        self.commands: Sequence[Command] = tuple(commands)
        self.title = title
        self.widget = HTML(self._html())

    def update(self, commands: Iterable[Command]) -> None:
        """Show these commands instead."""
        self.commands = tuple(commands)
        self.widget.value = self._html()
        self.show_again()

    def text(self) -> str:
        """The commands as a script for a POSIX shell."""
        return f"# {self._heading()}\n{script(self.commands)}".rstrip()

    def _heading(self) -> str:
        count = len(self.commands)
        return f"{self.title}: {count} command{'' if count == 1 else 's'}"

    def _html(self) -> str:
        head = f'<div><span class="head">{escape(self._heading())}</span>'
        note = (
            ' <span class="quiet">· a click selects a block, Ctrl+C copies it</span>' if self.commands else ""
        )
        blocks = "".join(f'<div class="labkit-cli">{_block(command)}</div>' for command in self.commands)
        return page(f"{_STYLE}{head}{note}</div>{blocks}", same_twin=True)


def _block(command: Command) -> str:
    """The command's text; focusable, so that it can be scrolled and copied without a mouse."""
    lines = [
        f'<span class="c">{escape(line)}</span>' if line.startswith("#") else escape(line)
        for line in command.text().split("\n")
    ]
    return f'<pre tabindex="0">{chr(10).join(lines)}</pre>'

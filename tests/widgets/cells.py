"""A notebook with every widget, on made-up data: for papermill, for nbval, for a browser."""

from __future__ import annotations

from pathlib import Path

import nbformat

# What a run measures comes from the clock: each run has other times, as a measured one has.
SETUP = f"""\
import sys, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
from made_up import TUNED, Result, run
from made_up_logs import BEGIN_MS, busy_log, cloud, measured
from labkit import widgets
from labkit.awscli import Command
m = run(60, cold=6, seed=time.time_ns())
clients = cloud(busy_log(5, 40)).__getitem__
begin = BEGIN_MS / 1000"""
WIDGETS = {
    "latency": "widgets.latency(m)",
    "live": "live = widgets.latency()\nlive.start()\nlive.update(m[:10])\nlive.finish(m)",
    "cost_meter": "widgets.cost_meter(m, lab=m.cost())",
    "checkpoints": "widgets.checkpoints([Result('02.1', 'It exists', True, 'orders, Active'),\n"
    "    Result('02.2', 'It runs', False, 'an error', 'an answer', 'Read its log')])",
    "cli_commands": "widgets.cli_commands([Command((('aws', 'lambda', 'list-functions'),)),\n"
    "    Command((('aws', 'x', 'y'),))])",
    "break_even": "widgets.break_even()",
    "questionnaire": "widgets.questionnaire()",
    "tuning": "widgets.tuning(TUNED)",
    "timeline": "ids = [f'r{n}' for n in range(40)]\n"
    "widgets.timeline(clients, measured(ids, throttled=9, failed=('r7',)))",
    "trace": "widgets.trace(clients)",
    "event_path": "widgets.event_path(clients, 'orders', sent_at=begin, request_id='r1',\n"
    "    moments={'row in the table': begin + 0.4})",
    "dashboard": "widgets.dashboard(clients, ['orders', 'payments'], region='us-east-1', every_s=30,\n"
    "    now=lambda: begin + 240)",
}


def notebook() -> nbformat.NotebookNode:
    """A cell for the set-up, and one for each widget."""
    cells = [nbformat.v4.new_code_cell(source) for source in (SETUP, *WIDGETS.values())]
    made = nbformat.v4.new_notebook(cells=cells)
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return made

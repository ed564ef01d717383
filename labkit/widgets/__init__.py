"""What was measured, checked and done, shown: ipywidgets with pictures, each with a text twin.

    labkit.widgets.latency(m)                                            # as the last line of a cell
    m = labkit.measure.invoke(client, "orders", times=50, watch=labkit.widgets.latency())   # live

A view shows itself as an output of its own and its twin, plain text, as the next one: for screen readers,
for comparing recorded notebooks, and for wherever widgets do not reach.
"""

from labkit.widgets.base import View, show
from labkit.widgets.break_even import BreakEvenView, break_even
from labkit.widgets.checkpoints import CheckpointsView, checkpoints
from labkit.widgets.cli_commands import CliCommandsView, cli_commands
from labkit.widgets.cost_meter import CostMeterView, cost_meter
from labkit.widgets.dashboard import DashboardView, dashboard
from labkit.widgets.event_path import EventPathView, event_path
from labkit.widgets.latency import LatencyView, latency
from labkit.widgets.questionnaire import QuestionnaireView, questionnaire
from labkit.widgets.timeline import TimelineView, timeline
from labkit.widgets.trace import TraceView, trace
from labkit.widgets.tuning import TuningView, tuning

__all__ = [
    "BreakEvenView",
    "CheckpointsView",
    "CliCommandsView",
    "CostMeterView",
    "DashboardView",
    "EventPathView",
    "LatencyView",
    "QuestionnaireView",
    "TimelineView",
    "TraceView",
    "TuningView",
    "View",
    "break_even",
    "checkpoints",
    "cli_commands",
    "cost_meter",
    "dashboard",
    "event_path",
    "latency",
    "questionnaire",
    "show",
    "timeline",
    "trace",
    "tuning",
]

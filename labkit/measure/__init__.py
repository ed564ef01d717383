"""Invokes a function and measures: how long, how much memory, what it costs. Through boto3 only.

    m = labkit.measure.invoke(client, "orders", {"id": 1}, times=50)
    m                     # the figures as text
    m.frame()             # a row for each call
    labkit.measure.tune(client, "orders", {"id": 1})    # the same at several memory sizes: a power tuning

Every call becomes a row, also one that is throttled, fails or gets no answer. Ctrl-C keeps what was measured.
"""

from labkit.measure.closed import invoke
from labkit.measure.cold import cold_starts
from labkit.measure.environments import Environments, environments
from labkit.measure.execution import execute
from labkit.measure.log_lines import log_lines
from labkit.measure.opened import invoke_at
from labkit.measure.progress import progress
from labkit.measure.rows import Measurement, Measurements, Status
from labkit.measure.run import Watch
from labkit.measure.streams import with_environments
from labkit.measure.target import MeasureError
from labkit.measure.tuned import Step, Tuning
from labkit.measure.tuning import TuningWatch, tune

__all__ = [
    "Environments",
    "MeasureError",
    "Measurement",
    "Measurements",
    "Status",
    "Step",
    "Tuning",
    "TuningWatch",
    "Watch",
    "cold_starts",
    "environments",
    "execute",
    "invoke",
    "invoke_at",
    "log_lines",
    "progress",
    "tune",
    "with_environments",
]

"""``Lab``: the one object that a learner holds. Clients, names, waiting, checks, costs, teardown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from labkit import ledger as ledgers
from labkit.errors import LabError
from labkit.session import names, waiting
from labkit.session.cells import CellCommands
from labkit.session.clock import LessonClock
from labkit.session.costs import cost_so_far, keep_cost, start_meter
from labkit.session.differences import Differences, differences
from labkit.session.record import DesignRecord

if TYPE_CHECKING:
    from labkit.ledger import Ledger, Teardown
    from labkit.pricing import Cost
    from labkit.session.target import Target

Found = TypeVar("Found")
ARRIVAL_S = {"local": 30.0, "aws": 180.0}
PATIENCE_S = {"local": 10.0, "aws": 60.0}
# AWS delivers the last lines of a function's log some seconds after the function is gone.
SETTLE_S = 6.0


class Lab:
    """One learner's run of one notebook. Made by `labkit.open`.

    As a context manager it tears itself down at the end.

    Attributes:
        notebook: the lab's name, such as ``02-create``.
        target: ``local`` or ``aws``.
        prefix: what the names of the lab's resources begin with.
        ledger: what the lab has made.
        clock: the lesson clock.
    """

    def __init__(
        self,
        notebook: str,
        target: Target,
        workspace: Path,
        prefix: str,
        ledger: Ledger,
        record: DesignRecord,
    ) -> None:
        self.notebook = notebook
        self.workspace = workspace
        self.prefix = prefix
        self.ledger = ledger
        self.clock = LessonClock(target.cloud)
        self._target = target
        self._record = record
        self._meter = start_meter(ledger, target.client, target.region, record)
        self._cells = CellCommands()
        self._cells.attach(target.session)

    def __repr__(self) -> str:
        live = sum(entry.live for entry in self.ledger.live())
        where = f"target={self.target}" + (f" account={self.account_id}" if self.target == "aws" else "")
        return f"<Lab {self.notebook} {where} region={self.region} prefix={self.prefix} resources={live}>"

    @property
    def target(self) -> str:
        """``local`` or ``aws``."""
        return self._target.kind

    @property
    def region(self) -> str:
        """The Region that clients use."""
        return self._target.region

    @property
    def account_id(self) -> str:
        """The twelve digits of the account."""
        return self._target.account_id

    @property
    def endpoint_url(self) -> str | None:
        """Where calls go; None for AWS itself."""
        return self._target.endpoint_url

    def rest_url(self, api_id: str, stage: str) -> str:
        """Where a stage of a REST API answers. (An HTTP API says it itself, as ``ApiEndpoint``.)"""
        if self.endpoint_url:
            return f"{self.endpoint_url}/_aws/execute-api/{api_id}/{stage}"
        return f"https://{api_id}.execute-api.{self.region}.amazonaws.com/{stage}"

    @property
    def session(self) -> Any:
        """The boto3 session behind the clients."""
        return self._target.session

    def client(self, service: str, region: str | None = None) -> Any:
        """A plain boto3 client of a service; what it creates is written into the ledger.

        Raises:
            TargetError: boto3 knows no such service.
        """
        return self._target.client(service, region)

    def name(self, base: str) -> str:
        """The name of a resource: the lab's prefix, a hyphen and ``base``, legal for every service.

        The same base gives the same name, also after the kernel was restarted. Names that have the prefix
        already stay as they are.

        Raises:
            LabError: nothing is left of the base.
        """
        return names.resource_name(self.prefix, base)

    def wait(self, service: str, waiter: str, *, timeout_s: float = 120.0, **params: Any) -> None:
        """Waits for a state by one of boto3's waiters, such as ``lambda``, ``function_active_v2``.

        Raises:
            WaitTimeout: it was not reached; says why, if the cloud does.
        """
        local = self.target == "local"
        waiting.wait_for(self.client(service), waiter, params, timeout_s=timeout_s, local=local)

    def eventually(
        self,
        call: Callable[..., Any],
        *,
        like: str = waiting.NOT_YET,
        timeout_s: float | None = None,
        **arguments: Any,
    ) -> Any:
        """Makes an API call that IAM may refuse for some seconds yet, again until it is accepted.

        Args:
            call: a client's method, such as ``lambda_.create_function``; gets ``arguments``.
            like: a regular expression that the passing error's text matches.
            timeout_s: how long to try; by default 10 s locally and 60 s on AWS.

        Raises:
            WaitTimeout: it is still refused: waiting does not mend it.
        """
        patience_s = PATIENCE_S[self.target] if timeout_s is None else timeout_s
        return waiting.eventually(call, arguments, like=like, timeout_s=patience_s)

    def until(self, look: Callable[[], Found], *, timeout_s: float | None = None) -> Found:
        """Looks again until something is there, and returns it: for what boto3 has no waiter for.

        Args:
            look: asks the cloud; what counts as nothing is false, such as ``None`` or an empty list.
            timeout_s: how long to look; by default 30 s locally and 180 s on AWS.

        Raises:
            WaitTimeout: it did not come.
        """
        patience_s = ARRIVAL_S[self.target] if timeout_s is None else timeout_s
        slowest_s = waiting.SLOWEST_LOOK_S[self.target]
        return waiting.until(look, timeout_s=patience_s, slowest_s=slowest_s)

    def save(self, key: str, value: Any) -> None:
        """Keeps a decision in the workspace's design record, for later phases.

        Raises:
            RecordError: it is not JSON, or cannot be written.
        """
        self._record.save(key, value, by=self.notebook)

    def load(self, key: str, *default: Any) -> Any:
        """What `save` kept under a key, in this phase or an earlier one; else the default if one is given.

        Raises:
            RecordError: nothing was kept, and there is no default.
        """
        return self._record.load(key, *default)

    def begin(self) -> Any:
        """Makes what the phases before this one would have left, as far as it is missing; says what."""
        return _above("labkit.library", "begin")(self)

    def check(self, checkpoint: str) -> Any:
        """Looks whether a checkpoint, such as ``02.3``, is reached; shows evidence and the next step."""
        return _above("labkit.checks", "run")(self, checkpoint)

    def gate(self, phase: str | None = None) -> Any:
        """Looks at all that a phase asks for before the next one; by default this lab's own phase."""
        return _above("labkit.checks", "gate")(self, phase or self.notebook[:2])

    def checkpoints(self, phase: str | None = None) -> Any:
        """Shows what a phase asks for and what is reached, with a button that looks again."""
        of = phase or self.notebook[:2]
        gate, survey = _above("labkit.checks", "find_gate")(of), _above("labkit.checks", "survey")
        view = _above("labkit.widgets", "checkpoints")
        return view(lambda: survey(self, of).results, title=gate.title)

    def audit(self, function: str) -> Any:
        """Looks for six common pitfalls in any function; only reads.

        Args:
            function: its name. If there is none of that name, the lab's own one: ``get-photo``.

        Raises:
            LabError: there is no such function.
        """
        look = _above("labkit.checks.audit", "audit")
        try:
            return look(self.client, function)
        except LabError:
            if (own := self.name(function)) == function:
                raise
            return look(self.client, own)

    def export(self, folder: str | Path) -> Any:
        """Writes what this lab has built as a SAM template, with the code of its functions beside it.

        Args:
            folder: gets ``template.yaml``, ``src/`` and ``layers/``.

        Raises:
            LabError: there is nothing to export, or the folder holds something else.
        """
        return _above("labkit.export", "sam")(self, folder)

    def differences(self) -> Differences:
        """Where this lab's cloud differs from AWS, as it says itself."""
        return differences(self.clock.cloud)

    def hint(self, checkpoint: str, level: int = 1) -> Any:
        """A hint for a checkpoint: level 1 points, level 3 is nearly the answer."""
        return _above("labkit.course.hints", "hint")(checkpoint, level)

    def cost(self) -> Cost:
        """What this lab's invocations have cost on AWS, or would have: from the REPORT lines in its logs.

        Counts from the beginning, or from the last teardown that left nothing; it is still known after one.

        Raises:
            FactUnknown: the price is not known for this Region.
        """
        return cost_so_far(self._meter)

    def cli(self, *, endpoint: bool = False) -> Any:
        """The AWS CLI commands that do what this cell's API calls did, or the last cell's that made any.

        Args:
            endpoint: name the endpoint in each command, for terminals without `labkit cloud env`.
        """
        found = self._cells.commands(self.endpoint_url if endpoint else None)
        return _above("labkit.widgets", "cli_commands")(found)

    def timeline(self, what: Any, *, minutes: float = 15) -> Any:
        """The execution environments of a function over time, from its logs.

        Args:
            what: a function's name, or measurements of it: then throttled requests are shown as well.
            minutes: how far to look back, when it is a name.
        """
        return self._show("timeline", what, minutes=minutes)

    def trace(self, what: str | None = None, *, minutes: float = 15) -> Any:
        """The latest traces in X-Ray as waterfalls.

        Args:
            what: a trace id, or the name of a function or service that took part; None: all.
            minutes: how far to look back.
        """
        return self._show("trace", what, minutes=minutes)

    def event_path(
        self,
        function: str,
        *,
        sent_at: Any = None,
        request_id: str | None = None,
        moments: Mapping[str, Any] | None = None,
        timeout_s: float = 15.0,
    ) -> Any:
        """The way of one event through a function, from its logs: waits, init, handler, every attempt.

        Args:
            sent_at: when the event was sent (``lab.clock.now()``); the first invocation after it is taken.
            request_id: of the invocation, if it is known.
            moments: what else happened when, by name: ``{"row in the table": written_at}``.
            timeout_s: how long to wait for the invocation to end and its log lines to be seen.
        """
        known = {"sent_at": sent_at, "request_id": request_id, "moments": moments}
        return self._show("event_path", function, timeout_s=timeout_s, **known)

    def dashboard(self, *, minutes: float = 15, every_s: float | None = None) -> Any:
        """Latency, errors, throttles, concurrency and cost of the functions of this lab.

        Args:
            minutes: how far to look back.
            every_s: refresh by itself as well, every so many seconds.
        """
        return self._show("dashboard", self._functions, region=self.region, minutes=minutes, every_s=every_s)

    def _functions(self) -> list[str]:
        live = [entry for entry in self.ledger.live() if entry.kind == "lambda.function"]
        return list(dict.fromkeys(entry.ids["FunctionName"] for entry in live if entry.region == self.region))

    def _show(self, name: str, *what: Any, **options: Any) -> Any:
        """A view of this lab, on its clients and its clock."""
        view = _above("labkit.widgets", name)
        return view(self.client, *what, now=lambda: self.clock.now().timestamp(), **options)

    def teardown(
        self, *, timeout_s: float = 120.0, progress: Callable[[str], None] | None = None
    ) -> Teardown:
        """Deletes everything that this lab made, newest first, and verifies that it is gone.

        Raises:
            TeardownError: something is left; ``survivors`` lists it. Run it again: it goes on from there.
        """
        keep_cost(self._meter)
        settle_s = SETTLE_S if self.endpoint_url is None else 0.0
        return ledgers.teardown(
            self.ledger, self.client, timeout_s=timeout_s, settle_s=settle_s, progress=progress
        )

    def __enter__(self) -> Lab:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.teardown()
        except LabError as left:
            if error is None:
                raise
            error.add_note(str(left))  # what went wrong first is what must be seen first


def _above(module: str, name: str) -> Any:
    """A function of a part that stands above this one and imports it; known here by name only."""
    try:
        return getattr(import_module(module), name)
    except ImportError as error:
        raise LabError(
            f"{module} is not part of this installation ({error}). Install labkit again."
        ) from error

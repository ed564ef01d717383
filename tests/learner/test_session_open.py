"""`labkit.open` on an account: whose, where, with whose consent; and what it says when it cannot."""

from __future__ import annotations

import builtins
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from learner_resources import QUEUE, RECIPES, TOPIC, make

import labkit
from labkit.errors import LabError, RecordError, TargetError, TeardownError, WaitTimeout
from labkit.session import Lab
from labkit.session import guard as guards

Opener = Callable[..., Lab]


def test_it_shows_whose_account_it_is_before_anything_else(
    open_lab: Opener, capsys: pytest.CaptureFixture[str]
) -> None:
    """Account, identity, Region, endpoint, estimate."""
    lab = open_lab()
    said = capsys.readouterr().out
    assert "Account 123456789012 as arn:aws:sts::123456789012" in said
    assert "Region us-east-1" in said and f"Endpoint {lab.endpoint_url}" in said and "Estimate: " in said


def test_a_lab_tells_what_it_is(lab: Lab) -> None:
    """In one line."""
    make(lab, QUEUE, "")
    assert repr(lab) == (
        f"<Lab 02-create target=aws account=123456789012 region=us-east-1 prefix={lab.prefix} resources=1>"
    )


class TestConsent:
    """Nothing is changed, and nothing even written down, before the learner has agreed once."""

    def ask(self, monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
        questions, given = list[str](), iter(answers)

        def answer(question: str = "") -> str:
            questions.append(question)
            return next(given)

        monkeypatch.setattr(builtins, "input", answer)
        return questions

    def test_reading_needs_none(self, open_lab: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
        """Looking around is free."""
        asked = self.ask(monkeypatch)
        lab = open_lab(confirm=None)
        lab.client("sqs").list_queues()
        lab.client("dynamodb").list_tables()
        assert asked == []

    def test_it_is_asked_once_before_the_first_change(
        self, open_lab: Opener, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The second change goes through without."""
        asked = self.ask(monkeypatch, "yes")
        lab = open_lab(confirm=None)
        make(lab, QUEUE, "")
        make(lab, TOPIC, "")
        assert len(asked) == 1 and len(lab.ledger.live()) == 2

    @pytest.mark.parametrize("answer", ["", "n", "no", "later"])
    def test_without_a_yes_nothing_is_sent(
        self, answer: str, open_lab: Opener, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And the ledger stays empty; asked again only by opening again."""
        asked = self.ask(monkeypatch, answer)
        lab = open_lab(confirm=None)
        for _ in range(2):
            with pytest.raises(TargetError, match="CreateQueue was not sent"):
                make(lab, QUEUE, "")
        assert len(asked) == 1 and lab.ledger.entries() == ()
        assert "QueueUrls" not in lab.client("sqs").list_queues(QueueNamePrefix=lab.prefix)

    def test_invoking_costs_money_and_needs_it_too(
        self, open_lab: Opener, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Not only what creates something."""
        self.ask(monkeypatch, "n")
        with pytest.raises(TargetError, match="lambda:Invoke was not sent"):
            open_lab(confirm=None).client("lambda").invoke(FunctionName="f")

    def test_where_nobody_can_be_asked_it_is_refused(
        self, open_lab: Opener, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Standard input closed, as under papermill."""
        monkeypatch.setattr("sys.stdin", io.StringIO())
        with pytest.raises(TargetError, match="LABKIT_CONFIRM=yes"):
            make(open_lab(confirm=None), QUEUE, "")

    @pytest.mark.parametrize(("said", "agreed"), [("yes", True), ("1", True), ("no", False)])
    def test_automation_answers_by_a_variable(
        self, said: str, agreed: bool, open_lab: Opener, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """LABKIT_CONFIRM, without a question."""
        asked = self.ask(monkeypatch)
        monkeypatch.setenv("LABKIT_CONFIRM", said)
        lab = open_lab(confirm=None)
        if agreed:
            make(lab, QUEUE, "")
        else:
            with pytest.raises(TargetError):
                make(lab, QUEUE, "")
        assert asked == []

    def test_the_parameter_answers_beforehand(self, open_lab: Opener) -> None:
        """confirm=False is a promise not to change anything."""
        with pytest.raises(TargetError):
            make(open_lab(confirm=False), QUEUE, "")

    @pytest.mark.parametrize(
        "operation",
        ["Invoke", "CreateFunction", "PutItem", "DeleteTable", "StartQuery", "UpdateItem", "TagRole"],
    )
    def test_what_is_not_known_to_read_counts_as_a_change(self, operation: str) -> None:
        """The list names what reads; all else asks."""
        assert not guards.READING.match(operation)


class TestUnusable:
    """Each way in which a target cannot be used has a message with a way out."""

    def test_no_credentials(self, endpoint: str, workspace: Path) -> None:
        """A machine on which nobody signed in."""
        with pytest.raises(TargetError, match=r"No usable AWS credentials.*target='local'"):
            labkit.open("02-create", target="aws", workspace=workspace, endpoint_url=endpoint)

    def test_a_profile_that_does_not_exist(
        self, endpoint: str, workspace: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A typing error in AWS_PROFILE."""
        monkeypatch.setenv("AWS_PROFILE", "nobody")
        with pytest.raises(TargetError, match="AWS_PROFILE names a profile"):
            labkit.open("02-create", target="aws", workspace=workspace, endpoint_url=endpoint)

    @pytest.mark.parametrize(
        ("code", "advice"),
        [
            ("ExpiredToken", "have expired"),
            ("InvalidClientTokenId", "does not accept these credentials"),
            ("ServiceUnavailable", "did not say who is calling"),
        ],
    )
    def test_credentials_that_are_refused(
        self, code: str, advice: str, credentials: None, workspace: Path, refusing: Callable[[str], str]
    ) -> None:
        """What STS says becomes what to do."""
        with pytest.raises(TargetError, match=advice):
            labkit.open("02-create", target="aws", workspace=workspace, endpoint_url=refusing(code))

    def test_nobody_answers(self, credentials: None, workspace: Path) -> None:
        """No network, wrong address."""
        with pytest.raises(TargetError, match="cannot be reached"):
            labkit.open("02-create", target="aws", workspace=workspace, endpoint_url="http://127.0.0.1:9")

    def test_no_region(self, open_lab: Opener) -> None:
        """None asks the SDK's configuration, which has none here."""
        with pytest.raises(TargetError, match="No Region is set"):
            open_lab(region=None)

    def test_a_region_from_the_configuration(self, open_lab: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
        """None takes it from there."""
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        assert open_lab(region=None).region == "eu-west-1"

    def test_another_region_than_configured_is_pointed_out(
        self, open_lab: Opener, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The parameter wins, and one is told."""
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        assert open_lab().region == "us-east-1"
        assert "your environment says eu-west-1" in capsys.readouterr().out

    @pytest.mark.parametrize("region", ["us-esat-1", "Tokyo", ""])
    def test_an_unknown_region(self, region: str, open_lab: Opener) -> None:
        """With what may have been meant."""
        with pytest.raises(TargetError, match="Region"):
            open_lab(region=region)

    def test_an_unknown_target(self, workspace: Path) -> None:
        """There are two."""
        with pytest.raises(TargetError, match="no target 'azure'"):
            labkit.open("02-create", target="azure", workspace=workspace)  # type: ignore[arg-type]

    def test_an_endpoint_for_local(self, workspace: Path) -> None:
        """Local has its own."""
        with pytest.raises(TargetError, match="endpoint_url goes with"):
            labkit.open("02-create", workspace=workspace, endpoint_url="http://127.0.0.1:9")

    def test_a_service_that_does_not_exist(self, lab: Lab) -> None:
        """With the nearest name."""
        with pytest.raises(TargetError, match="Did you mean 'lambda'"):
            lab.client("lamda")

    def test_a_workspace_that_cannot_be_written(self, open_lab: Opener, tmp_path: Path) -> None:
        """A file where the folder should be; nothing is asked of AWS then."""
        (tmp_path / "file").write_text("")
        with pytest.raises(LabError, match="cannot be written to"):
            open_lab(workspace=tmp_path / "file")


def test_the_environments_endpoint_is_used(
    credentials: None, endpoint: str, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS_ENDPOINT_URL leads target="aws" to any AWS-compatible endpoint."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    lab = labkit.open("02-create", target="aws", workspace=workspace, confirm=True)
    assert lab.endpoint_url == endpoint and lab.client("s3").meta.endpoint_url == endpoint


def test_clients_are_plain_and_shared(lab: Lab) -> None:
    """The same object for the same service and Region."""
    assert lab.client("sqs") is lab.client("sqs")
    assert lab.client("sqs", "eu-west-1") is not lab.client("sqs")
    assert type(lab.client("sqs")).__name__ == "SQS"


def test_a_long_invocation_is_not_sent_twice(lab: Lab) -> None:
    """botocore's 60 s would cut a 15-minute function off and call it again."""
    assert lab.client("lambda").meta.config.read_timeout > 900


def test_as_a_context_manager_it_tears_itself_down(open_lab: Opener) -> None:
    """At the end of the block."""
    with open_lab() as lab:
        make(lab, QUEUE, "")
    assert lab.ledger.live() == ()


def test_an_error_in_the_block_is_not_hidden_by_teardown(open_lab: Opener) -> None:
    """The first error is the one to see; what is left is added to it."""
    with pytest.raises(ZeroDivisionError) as caught, open_lab() as lab:
        lab.ledger.add("created", "quantum.computer", {"Name": "q"}, "us-east-1")
        raise ZeroDivisionError
    assert "quantum.computer" in "".join(caught.value.__notes__)


def test_survivors_are_raised_at_the_end_of_the_block(open_lab: Opener) -> None:
    """If nothing else went wrong."""
    with pytest.raises(TeardownError), open_lab() as lab:
        lab.ledger.add("created", "quantum.computer", {"Name": "q"}, "us-east-1")


class TestRecord:
    """What one phase decides, another finds."""

    def test_saved_values_are_there_for_the_next_notebook(self, open_lab: Opener) -> None:
        """All labs of a workspace share the record."""
        open_lab("01-design").save("memory_mb", 256)
        assert open_lab("02-create").load("memory_mb") == 256

    def test_nothing_saved_is_an_error_unless_there_is_a_default(self, lab: Lab) -> None:
        """The message names what is there."""
        lab.save("runtime", "python3.13")
        assert lab.load("memory_mb", 128) == 128 and lab.load("memory_mb", None) is None
        with pytest.raises(RecordError, match=r"no 'memory_mb' \(it has: runtime\)"):
            lab.load("memory_mb")

    @pytest.mark.parametrize("value", [object(), float("nan"), {1, 2}])
    def test_what_is_not_json_is_refused(self, value: object, lab: Lab) -> None:
        """And what was there before stays."""
        lab.save("x", 1)
        with pytest.raises(RecordError, match="cannot be kept"):
            lab.save("x", value)
        assert lab.load("x") == 1

    def test_a_broken_record_says_what_to_do(self, lab: Lab, workspace: Path) -> None:
        """It is never overwritten silently."""
        (workspace / ".labkit" / "lab.json").write_text("{")
        for action in (lambda: lab.load("x"), lambda: lab.save("x", 1)):
            with pytest.raises(RecordError, match="cannot be read"):
                action()


class TestWaiting:
    """Waiters, and calls that work a moment later."""

    def test_a_waiter_by_its_name(self, lab: Lab) -> None:
        """boto3's own."""
        make(lab, RECIPES["dynamodb.table"][1], "")
        lab.wait("dynamodb", "table_exists", TableName=lab.name("orders"))

    def test_an_unknown_waiter(self, lab: Lab) -> None:
        """Names those there are."""
        with pytest.raises(WaitTimeout, match="table_exists"):
            lab.wait("dynamodb", "table_ready", TableName="t")

    def test_what_never_comes(self, lab: Lab) -> None:
        """Says what was waited for."""
        with pytest.raises(WaitTimeout, match=r"table_exists \(TableName=never\)"):
            lab.wait("dynamodb", "table_exists", TableName="never", timeout_s=1)

    def test_a_role_becomes_usable_after_a_while(self, lab: Lab, role_arn: str) -> None:
        """The error that everybody meets: the role cannot be assumed yet."""
        params = {**RECIPES["lambda.function"][1].params, "FunctionName": lab.name("fn"), "Role": role_arn}
        lambda_, early = lab.client("lambda"), iter(range(2))

        def not_yet(**_: Any) -> None:
            if next(early, None) is not None:
                raise lambda_.exceptions.InvalidParameterValueException(
                    {
                        "Error": {
                            "Code": "InvalidParameterValueException",
                            "Message": "The role defined for the function cannot be assumed by Lambda.",
                        }
                    },
                    "CreateFunction",
                )

        lambda_.meta.events.register("before-send.lambda.CreateFunction", not_yet)
        made = lab.eventually(lambda_.create_function, **params)
        assert made["FunctionName"] == lab.name("fn")

    def test_other_errors_come_at_once(self, lab: Lab) -> None:
        """Waiting mends no wrong name."""
        with labkit.expected("ResourceNotFoundException"):
            lab.eventually(lab.client("lambda").get_function, FunctionName="nobody")

    def test_an_error_that_stays_says_that_waiting_does_not_help(self, lab: Lab) -> None:
        """With AWS's own words."""
        role = "arn:aws:iam::123456789012:role/nobody"
        params = {**RECIPES["lambda.function"][1].params, "FunctionName": lab.name("fn"), "Role": role}
        with pytest.raises(WaitTimeout, match=r"cannot be assumed by Lambda.*trust policy"):
            lab.eventually(lab.client("lambda").create_function, timeout_s=0.2, **params)


def test_a_budget_stops_invocations(lab: Lab) -> None:
    """Asked before the call is sent; the price is looked at again only after a while."""
    spent = iter([0.1, 0.3])
    budget = guards.Budget(0.2, lambda: next(spent))
    lambda_ = lab.session.client("lambda", endpoint_url=lab.endpoint_url)
    budget.attach(lambda_.meta.events)
    for _ in range(2):  # within the limit, and not asked again
        with labkit.expected("ResourceNotFoundException"):
            lambda_.invoke(FunctionName="nobody")
    budget._last_look = float("-inf")
    with pytest.raises(TargetError, match=r"budget is \$0\.2"):
        lambda_.invoke(FunctionName="nobody")


def test_on_aws_the_clock_is_the_real_one(lab: Lab) -> None:
    """It cannot be advanced; long waits are refused."""
    assert "AWS" in repr(lab.clock)
    before = lab.clock.now()
    assert lab.clock.advance(seconds=0.2) > before
    for impossible in ({"hours": 1}, {"minutes": 1, "wait": False}):
        with pytest.raises(TargetError, match="cannot be moved"):
            lab.clock.advance(**impossible)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="forward"):
        lab.clock.advance(minutes=-1)


def test_what_a_lab_has_cost_starts_at_nothing(lab: Lab) -> None:
    """No invocations, no cost; not an error."""
    assert float(lab.cost()) == 0


@pytest.fixture
def refusing() -> Any:
    """An endpoint that answers every call with an error."""
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    servers: list[ThreadingHTTPServer] = []

    def refuse(code: str) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = (
                    f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
                )
                self.send_response(403)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: Any) -> None:
                pass

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield refuse
    for server in servers:
        server.shutdown()


def test_nothing_of_the_hosts_is_needed() -> None:
    """These tests run without any AWS setting of the machine."""
    assert not [name for name in os.environ if name.startswith("AWS_PROFILE")]

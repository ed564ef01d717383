"""What every test stands on: no way to AWS or anywhere beyond this machine, a workspace, a running cloud."""

from __future__ import annotations

import functools
import ipaddress
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest

from labkit import cloud as clouds

CLOCK_DRIFT_S = 5.0
NOWHERE = "http://127.0.0.1:9"  # the discard port: what forgets its endpoint fails at once
HERE = Path(__file__).parent
# Files and folders that start processes by the dozen: more than five seconds each.
SLOW = (
    "awscli/test_awscli_recorder.py",
    "awscli/test_awscli_roundtrip.py",
    "awscli/test_source_document.py",
    "awscli/test_awscli_services.py",
    "browser/",
    "grading/",
    "learner/test_cli_learner.py",
    "checks/test_audit.py",
    "learner/test_cloud.py",
    "learner/test_deploy.py",
    "learner/test_export.py",
    "learner/test_first_aid.py",
    "learner/test_ledger_kinds.py",
    "learner/test_ledger_teardown.py",
    "learner/test_ledger_watch.py",
    "learner/test_library.py",
    "learner/test_session_costs.py",
    "learner/test_session_local.py",
    "learner/test_session_open.py",
    "localcloud/test_at_once.py",
    "localcloud/test_dynamodb_requests.py",
    "localcloud/test_moto_host.py",
    "localcloud/test_s3_browsers.py",
    "localcloud/test_settings_stores.py",
    "localcloud/test_unserved.py",
    "localcloud/test_lambda_behaviours.py",
    "localcloud/test_new_roles.py",
    "localcloud/stacks/test_stack_templates.py",
    "localcloud/behaviours/",
    "localcloud/permissions/test_permissions_end_to_end.py",
    "localcloud/functions/test_lambda_code.py",
    "localcloud/test_extensions.py",
    "localcloud/sources/test_steps.py",
    "localcloud/sources/test_steps_api.py",
    "localcloud/sources/test_steps_events.py",
    "localcloud/stacks/test_sam.py",
    "localcloud/stacks/test_stacks.py",
    "localcloud/test_streaming.py",
    "localcloud/test_node_sdk.py",
    "localcloud/sources/test_mappings_api.py",
    "localcloud/sources/test_mappings_loss.py",
    "localcloud/sources/test_mappings_queue.py",
    "localcloud/sources/test_mappings_stream.py",
    "localcloud/sources/test_log_subscriptions.py",
    "localcloud/sources/test_recursion.py",
    "localcloud/sources/test_buckets.py",
    "localcloud/sources/test_s3.py",
    "localcloud/sources/test_function_urls.py",
    "localcloud/sources/test_http_apis.py",
    "localcloud/sources/test_rest_apis.py",
    "localcloud/sources/test_eventbridge_rules.py",
    "localcloud/sources/test_eventbridge_schedules.py",
    "localcloud/sources/test_requests_refused.py",
    "localcloud/sources/test_sns.py",
    "localcloud/sources/test_sqs.py",
    "localcloud/sources/test_scheduler.py",
    "localcloud/test_telemetry_api.py",
    "localcloud/sources/test_alarms.py",
    "localcloud/sources/test_scaling.py",
    "localcloud/telemetry/",
    "localcloud/tracing/",
    "measure/test_measure_cli.py",
    "measure/test_measure_cloud.py",
    "measure/test_tuning_cloud.py",
    "notebooks/",
    "runtime/",
    "widgets/test_widgets_cloud.py",
    "wrong_answers/",
)
INTERNET = (socket.AF_INET, socket.AF_INET6)
FAKE = {
    "AWS_ACCESS_KEY_ID": "AKIAFAKEFAKEFAKEFAKE",
    "AWS_SECRET_ACCESS_KEY": "fake",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ENDPOINT_URL": NOWHERE,
    "AWS_PAGER": "",
    "LABKIT_ROLE_DELAY_S": "0",
    "MPLBACKEND": "agg",
    # For child processes, which the guard below does not reach.
    **dict.fromkeys(["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"], NOWHERE),
    **dict.fromkeys(["NO_PROXY", "no_proxy"], "127.0.0.1,localhost,::1"),
}


class NetworkForbidden(RuntimeError):
    """A test wanted to leave this machine."""


def pytest_configure() -> None:
    """Before anything is collected: the environment of these tests, for this process and its children."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "LABKIT_")):
            del os.environ[name]
    os.environ.update(FAKE)
    _read_models_once()
    # Started in the background of a script, Ctrl-C is ignored here and in every child; tests send it to them.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.addaudithook(_stay_on_this_machine)


def _read_models_once() -> None:
    """Sessions share what reads AWS's models: parsing them anew takes a tenth of a second for each client."""
    botocore.session.create_loader = functools.cache(botocore.session.create_loader)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks whole files as slow, so that `make unit` stays under a minute."""
    for item in items:
        if str(item.path.relative_to(HERE)).startswith(SLOW):
            item.add_marker(pytest.mark.slow)


def _stay_on_this_machine(event: str, arguments: tuple[Any, ...]) -> None:
    """Python asks audit hooks before it resolves a name or connects; nothing here goes around them."""
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto") and arguments[0].family in INTERNET:
        host = arguments[1][0]
    else:
        return
    if not _is_here(host):
        raise NetworkForbidden(f"{event} to {host!r}: tests talk to this machine only")


def _is_here(host: str | bytes | None) -> bool:
    name = host.decode() if isinstance(host, bytes) else host or "localhost"
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


@dataclass(frozen=True)
class RunningCloud:
    """A local cloud for tests, as its administrator sees it."""

    state: clouds.Cloud

    @property
    def endpoint(self) -> str:
        return self.state.endpoint

    @property
    def workspace(self) -> Path:
        return self.state.workspace

    @property
    def region(self) -> str:
        return self.state.region

    @property
    def account_id(self) -> str:
        return self.state.account_id

    def now_s(self) -> float:
        """The lesson clock, in seconds since the epoch."""
        return datetime.fromisoformat(self.state.call("GET", "/_labkit/clock")["now"]).timestamp()

    def session(self, region: str | None = None) -> boto3.session.Session:
        return boto3.session.Session(
            self.state.access_key_id, self.state.secret_access_key, region_name=region or self.region
        )

    def client(self, service: str, region: str | None = None, **options: Any) -> Any:
        """A plain boto3 client with the workspace's own key."""
        return self.session(region).client(service, endpoint_url=self.endpoint, **options)  # type: ignore[call-overload]

    def environment(self) -> dict[str, str]:
        """This process's environment, pointed at this cloud: for the AWS CLI and other children."""
        return os.environ | self.state.environment()


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Path]:
    """An empty workspace; a cloud that a test starts in it is stopped afterwards."""
    place = tmp_path / "workspace"
    place.mkdir()
    yield place
    clouds.stop(place)


class SharedCloud:
    """The cloud of a run. No clock can be turned back: after a module that moved it, a new one starts."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        self._factory = factory
        self._running: RunningCloud | None = None

    def get(self) -> RunningCloud:
        if self._running is not None and abs(self._running.now_s() - time.time()) > CLOCK_DRIFT_S:
            self.stop()
        if self._running is None:
            self._running = RunningCloud(clouds.start(self._factory.mktemp("cloud")))
        return self._running

    def stop(self) -> None:
        if self._running is not None:
            clouds.stop(self._running.workspace)
            self._running = None


@pytest.fixture(scope="session")
def shared_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedCloud]:
    shared = SharedCloud(tmp_path_factory)
    yield shared
    shared.stop()


@pytest.fixture(scope="module")
def cloud(shared_cloud: SharedCloud) -> RunningCloud:
    """One local cloud for many modules: tests give their resources names of their own."""
    return shared_cloud.get()

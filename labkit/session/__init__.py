"""``labkit.open`` and the ``Lab`` it gives: the only place that knows local from AWS."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from labkit.cloud import DEFAULT_REGION, state_dir, workspace_dir
from labkit.errors import TargetError
from labkit.ledger import Ledger, Watcher
from labkit.ledger.sweep import TAG_LAB, TAG_WORKSPACE
from labkit.session import names
from labkit.session.architectures import Architectures
from labkit.session.estimate import estimate
from labkit.session.expecting import expected
from labkit.session.guard import Budget, Consent
from labkit.session.lab import Lab
from labkit.session.record import RECORD, DesignRecord
from labkit.session.say import say
from labkit.session.target import Target, connect_aws, connect_local

__all__ = ["Lab", "connect_aws", "connect_local", "expected", "open"]


def open(
    notebook: str | Path,
    *,
    target: Literal["local", "aws"] = "local",
    region: str | None = DEFAULT_REGION,
    prefix: str | None = None,
    workspace: str | Path | None = None,
    confirm: bool | None = None,
    endpoint_url: str | None = None,
    budget_usd: float | None = None,
) -> Lab:
    """Opens a lab: starts or finds the local cloud, or connects to an AWS account.

    Args:
        notebook: file name of the notebook, such as ``02-create``.
        target: ``local`` for the workspace's own cloud on this machine; ``aws`` for the account that boto3's
            credential chain leads to. The first change there is asked about once.
        region: on ``aws``, None takes the Region that the SDK is configured with.
        prefix: begins the names of all resources; by default made of the phase and the workspace's id.
        workspace: default $LABKIT_WORKSPACE, else the current folder.
        confirm: True agrees to changes on ``aws`` beforehand, False refuses them; $LABKIT_CONFIRM=yes is for
            automation.
        endpoint_url: with ``aws``: another AWS-compatible endpoint; default $AWS_ENDPOINT_URL.
        budget_usd: no more invocations once the lab has cost this much.

    Raises:
        TargetError: the target cannot be used; says what to do.
        CloudError: the local cloud cannot be started, or the workspace is not writable.
        LabError: the notebook's name or the prefix cannot be used.
    """
    lab = names.lab_name(notebook)
    place = workspace_dir(workspace)
    folder = state_dir(place)
    chosen = names.checked_prefix(prefix) if prefix else names.default_prefix(lab, place)
    where = _connect(target, place, region, endpoint_url)
    ledger = Ledger(folder / "ledger" / f"{lab}.jsonl", lab, where.home)
    if where.kind == "local":
        ledger.forget_other_clouds()
    opened = Lab(lab, where, place, chosen, ledger, DesignRecord(folder / RECORD))
    _watch(opened, where, budget_usd, confirm)
    Architectures.beside(ledger.path).attach(where.session.events)
    return opened


def _connect(target: str, place: Path, region: str | None, endpoint_url: str | None) -> Target:
    if target == "aws":
        return connect_aws(region, endpoint_url)
    if target != "local":
        raise TargetError(
            f"There is no target {target!r}. Use 'local' for this machine or 'aws' for an account."
        )
    if endpoint_url:
        raise TargetError("endpoint_url goes with target='aws': target='local' has an endpoint of its own.")
    return connect_local(place, region or DEFAULT_REGION)


def _watch(lab: Lab, where: Target, budget_usd: float | None, confirm: bool | None) -> None:
    """Hangs the hooks into the session, before any client is made of it."""
    events = where.session.events
    tags: dict[str, str] = {}
    if where.kind == "aws":
        tags = {TAG_LAB: lab.notebook, TAG_WORKSPACE: names.workspace_id(lab.workspace)}
        say(_introduce(lab, where))
        Consent(
            f"{lab.notebook} is about to make its first change in account {where.account_id}.", confirm
        ).attach(events)
    partition = where.session.get_partition_for_region(where.region)
    Watcher(lab.ledger, where.client, where.region, where.account_id, lab.prefix, partition, tags).attach(
        events
    )
    if budget_usd is not None:
        Budget(budget_usd, lambda: float(lab.cost())).attach(events)


def _introduce(lab: Lab, where: Target) -> str:
    """Who and where the lab is, before it does anything."""
    lines = [f"Account {where.account_id} as {where.arn}", f"Region {where.region}"]
    configured = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if configured and configured != where.region:
        lines[1] += f" (your environment says {configured}; the lab's parameter `region` wins)"
    if where.endpoint_url:
        lines.append(f"Endpoint {where.endpoint_url} instead of AWS")
    lines.append(estimate(lab.notebook, where.region))
    if live := lab.ledger.live():
        lines.append(
            f"{len(live)} resources of an earlier run are in the ledger; lab.teardown() deletes them."
        )
    return "\n".join(lines)

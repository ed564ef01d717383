"""A new role is not assumable for a moment, as on AWS: the error that everyone meets, and who waits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

import labkit
from labkit import cloud as clouds
from labkit import deploy
from tests.conftest import RunningCloud
from tests.localcloud.conftest import TRUST, zipped

HANDLER = "def handler(event, context):\n    return 1\n"


def create(cloud: RunningCloud, name: str, role_arn: str) -> Any:
    return cloud.client("lambda").create_function(
        FunctionName=name,
        Role=role_arn,
        Runtime="python3.13",
        Handler="app.handler",
        Code={"ZipFile": zipped({"app.py": HANDLER})},
    )


def test_a_new_role_is_refused_until_it_has_settled(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With AWS's sentence; the lesson clock can pass the time, and a role of yesterday works at once."""
    monkeypatch.setenv("LABKIT_ROLE_DELAY_S", "600")
    cloud = RunningCloud(clouds.start(workspace))
    trust = json.dumps(TRUST)
    role_arn = cloud.client("iam").create_role(RoleName="new", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    with pytest.raises(ClientError, match="The role defined for the function cannot be assumed by Lambda"):
        create(cloud, "f", role_arn)
    cloud.state.call("POST", "/_labkit/clock", {"advance_s": 600})
    assert create(cloud, "f", role_arn)["FunctionName"] == "f"


def test_labkit_waits_for_a_new_role(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By default too, where nobody switched the moment off."""
    monkeypatch.delenv("LABKIT_ROLE_DELAY_S")
    lab = labkit.open("02-create", workspace=workspace)
    made = deploy.function(lab, "f", HANDLER)
    assert made["State"] == "Active"


def test_a_delay_that_is_no_number_is_an_error(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a silent default."""
    monkeypatch.setenv("LABKIT_ROLE_DELAY_S", "soon")
    with pytest.raises(labkit.LabError, match="LABKIT_ROLE_DELAY_S is 'soon'"):
        clouds.start(workspace)

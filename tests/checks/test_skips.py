"""What cannot be done on this machine is skipped, and says why."""

from __future__ import annotations

import pytest
from botocore.awsrequest import AWSResponse

import labkit
from labkit import checks
from tests.wrong_answers.world import NODE, World, package

REASON = "nodejs24.x needs Node.js, and this machine has none."


def no_node(model, **_):
    """The local cloud's answer on a machine without Node.js."""
    if model.name != "Invoke":
        return None
    error = {"Code": "InvalidRuntimeException", "Message": REASON}
    return AWSResponse("", 502, {}, None), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 502}}


@pytest.fixture
def world(cloud):
    lab = labkit.open("02-create", workspace=cloud.workspace, prefix="skips")
    yield World(lab)
    lab.teardown()


@pytest.mark.slow
@pytest.mark.parametrize("deployed", [True, False], ids=["twin deployed", "no twin"])
def test_without_node_the_twin_is_skipped(world, deployed):
    name = world.get_photo()
    lambda_ = world.client("lambda")
    if deployed:
        role = lambda_.get_function_configuration(FunctionName=name)["Role"]
        settings = {"Runtime": "nodejs24.x", "Handler": "index.handler"}
        world.function("get-photo-node", package({"index.mjs": NODE}), role, {"TABLE_NAME": "x"}, **settings)
    python_works = name.encode()

    def nodes_only(model, params, **more):
        return None if python_works + b"/" in params["url_path"].encode() else no_node(model, **more)

    lambda_.meta.events.register("before-call.lambda.Invoke", nodes_only)
    try:
        result = checks.run(world.lab, "02.8")
    finally:
        lambda_.meta.events.unregister("before-call.lambda.Invoke", nodes_only)
    assert result.skipped, result.text
    assert result.text.endswith(f"skipped: no Node.js here. {REASON}")
    names = [one["FunctionName"] for one in lambda_.list_functions()["Functions"]]
    assert not [one for one in names if "check-copy" in one], "what the check made is gone"

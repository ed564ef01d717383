"""Functions from creation to deletion, as boto3 sees them."""

from __future__ import annotations

import base64
import hashlib
import re
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from lambda_world import ACCOUNT, FUNCTION_ARN, REGION, ROLE, Cloud, make_zip, refused, settled

ARN = f"{FUNCTION_ARN}:orders"


def test_creation_answers_pending_with_201_and_every_default(create: Any) -> None:
    package = make_zip()
    answer = create(wait=False, Code={"ZipFile": package})
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201
    del answer["ResponseMetadata"]
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.pop("RevisionId"))
    assert answer.pop("RuntimeVersionConfig")["RuntimeVersionArn"].startswith(
        "arn:aws:lambda:us-east-1::runtime:"
    )
    assert answer == {
        "FunctionName": "orders",
        "FunctionArn": ARN,
        "Runtime": "python3.13",
        "Role": ROLE,
        "Handler": "app.handler",
        "CodeSize": len(package),
        "CodeSha256": base64.b64encode(hashlib.sha256(package).digest()).decode(),
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "LastModified": "2026-11-25T12:00:00.000+0000",
        "Version": "$LATEST",
        "TracingConfig": {"Mode": "PassThrough"},
        "State": "Pending",
        "StateReason": "The function is being created.",
        "StateReasonCode": "Creating",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/orders"},
    }


def test_every_setting_given_at_creation_is_shown_and_reaches_what_runs(create: Any, cloud: Cloud) -> None:
    create(
        Description="takes orders",
        Timeout=900,
        MemorySize=10240,
        EphemeralStorage={"Size": 10240},
        Environment={"Variables": {"TABLE": "orders", "STAGE": "läb"}},
        TracingConfig={"Mode": "Active"},
        Architectures=["arm64"],
        DeadLetterConfig={"TargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"},
        LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG", "LogGroup": "mine"},
        SnapStart={"ApplyOn": "None"},
        VpcConfig={"SubnetIds": [], "SecurityGroupIds": []},
        KMSKeyArn="",
    )
    spec = cloud.resolve("orders").spec
    assert (spec.timeout_s, spec.memory_mb, spec.ephemeral_storage_mb) == (900, 10240, 10240)
    assert spec.environment == {"TABLE": "orders", "STAGE": "läb"}
    assert (spec.tracing_mode, spec.architecture) == ("Active", "arm64")
    assert (spec.log_format, spec.log_group) == ("JSON", "mine")
    assert (spec.application_log_level, spec.system_log_level) == ("DEBUG", "INFO")
    assert (spec.code_dir / "app.py").read_text().startswith("def handler")
    assert cloud.resolve("orders").dead_letter_arn == f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"


def test_the_waiters_see_a_function_become_active(create: Any, api: Any, cloud: Cloud) -> None:
    revision = create(wait=False)["RevisionId"]
    configuration = settled(cloud, api)
    assert (configuration["State"], configuration["LastUpdateStatus"]) == ("Active", "Successful")
    assert "StateReason" not in configuration
    assert configuration["RevisionId"] != revision
    api.get_waiter("function_exists").wait(FunctionName="orders")
    api.get_waiter("function_active").wait(FunctionName="orders")


def test_a_pending_function_is_neither_invoked_nor_changed(create: Any, api: Any, cloud: Cloud) -> None:
    cloud.hold = True
    create(wait=False)
    text = (
        "The operation cannot be performed at this time. "
        "The function is currently in the following state: Pending"
    )
    conflict = ("ResourceConflictException", text, 409)
    assert refused(api.update_function_configuration, FunctionName="orders", Timeout=5) == conflict
    assert refused(api.update_function_code, FunctionName="orders", ZipFile=make_zip()) == conflict
    assert refused(api.publish_version, FunctionName="orders") == conflict
    with pytest.raises(Exception, match=re.escape(text)):
        cloud.resolve("orders")
    cloud.settle()
    assert cloud.resolve("orders").executed_version == "$LATEST"


def test_the_code_location_serves_the_package(create: Any, api: Any) -> None:
    package = make_zip({"app.py": "x = 1"})
    create(Code={"ZipFile": package})
    code = api.get_function(FunctionName="orders")["Code"]
    assert code["RepositoryType"] == "S3"
    with urllib.request.urlopen(code["Location"]) as answer:
        assert answer.read() == package


def test_tags_and_reserved_concurrency_are_part_of_get_function_only_when_set(create: Any, api: Any) -> None:
    create()
    assert api.get_function(FunctionName="orders").keys() & {"Tags", "Concurrency"} == set()
    api.tag_resource(Resource=ARN, Tags={"team": "a"})
    api.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=7)
    answer = api.get_function(FunctionName="orders")
    assert answer["Tags"] == {"team": "a"}
    assert answer["Concurrency"] == {"ReservedConcurrentExecutions": 7}


def test_a_name_is_given_once(create: Any, api: Any) -> None:
    create()
    expected = ("ResourceConflictException", "Function already exist: orders", 409)
    assert refused(create) == expected


def test_two_creations_at_the_same_moment_give_one_function(api: Any, cloud: Cloud) -> None:
    def create(number: int) -> str:
        try:
            cloud.client().create_function(
                FunctionName="orders",
                Runtime="python3.13",
                Handler="app.handler",
                Role=ROLE,
                Code={"ZipFile": make_zip({"app.py": f"n = {number}"})},
            )
        except Exception as error:
            return type(error).__name__
        return "created"

    with ThreadPoolExecutor(6) as pool:
        outcomes = sorted(pool.map(create, range(6)))
    assert outcomes == ["ResourceConflictException"] * 5 + ["created"]


def test_an_update_serves_the_old_spec_until_it_is_successful(create: Any, api: Any, cloud: Cloud) -> None:
    create()
    old = cloud.resolve("orders").spec
    cloud.hold = True
    answer = api.update_function_configuration(FunctionName="orders", MemorySize=256)
    assert (answer["MemorySize"], answer["LastUpdateStatus"]) == (256, "InProgress")
    assert answer["LastUpdateStatusReasonCode"] == "Creating"
    assert cloud.resolve("orders").spec is old
    text = f"The operation cannot be performed at this time. An update is in progress for resource: {ARN}"
    for call, arguments in (
        (api.update_function_configuration, {"Timeout": 9}),
        (api.update_function_code, {"ZipFile": make_zip()}),
        (api.publish_version, {}),
    ):
        assert refused(call, FunctionName="orders", **arguments) == ("ResourceConflictException", text, 409)
    cloud.settle()
    new = cloud.resolve("orders").spec
    assert (new.memory_mb, new.revision != old.revision) == (256, True)
    assert [(change.kind, change.version) for change in cloud.changes] == [
        ("active", "$LATEST"),
        ("replaced", "$LATEST"),
    ]
    assert cloud.changes[-1].spec is new


def test_of_two_updates_at_once_none_is_lost(create: Any, api: Any, cloud: Cloud) -> None:
    create()

    async def delay() -> None:
        cloud.roles_answer.clear()
        cloud.role_asked.clear()

    async def go_on() -> None:
        cloud.roles_answer.set()

    cloud.run(delay())
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(
            refused, cloud.client().update_function_configuration, FunctionName="orders", Role=ROLE, Timeout=7
        )
        assert cloud.role_asked.wait(10)
        api.update_function_configuration(FunctionName="orders", MemorySize=512)
        settled(cloud, api)
        cloud.run(go_on())
        assert slow.result(10)[0] == "ResourceConflictException"
    after = settled(cloud, api)
    assert (after["MemorySize"], after["Timeout"]) == (512, 3)


UPDATES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"Description": "d"}, {"Description": "d"}),
    ({"Handler": "x.y"}, {"Handler": "x.y"}),
    ({"Role": f"{ROLE}2"}, {"Role": f"{ROLE}2"}),
    ({"Timeout": 60}, {"Timeout": 60}),
    ({"MemorySize": 512}, {"MemorySize": 512}),
    ({"Runtime": "python3.12"}, {"Runtime": "python3.12"}),
    ({"Environment": {"Variables": {"AB": "2"}}}, {"Environment": {"Variables": {"AB": "2"}}}),
    ({"Environment": {"Variables": {}}}, {"Environment": {"Variables": {}}}),
    ({"TracingConfig": {"Mode": "Active"}}, {"TracingConfig": {"Mode": "Active"}}),
    ({"EphemeralStorage": {"Size": 1024}}, {"EphemeralStorage": {"Size": 1024}}),
    (
        {"DeadLetterConfig": {"TargetArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:t"}},
        {"DeadLetterConfig": {"TargetArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:t"}},
    ),
    ({"DeadLetterConfig": {"TargetArn": ""}}, {"DeadLetterConfig": None}),
    (
        {"LoggingConfig": {"LogFormat": "JSON"}},
        {
            "LoggingConfig": {
                "LogFormat": "JSON",
                "LogGroup": "/aws/lambda/orders",
                "ApplicationLogLevel": "INFO",
                "SystemLogLevel": "INFO",
            }
        },
    ),
    (
        {"LoggingConfig": {"LogGroup": "cool"}},
        {"LoggingConfig": {"LogFormat": "Text", "LogGroup": "cool"}},
    ),
]


@pytest.mark.parametrize(("change", "shown"), UPDATES, ids=lambda value: "-".join(value))
def test_an_update_changes_what_it_names_and_nothing_else(
    change: dict[str, Any], shown: dict[str, Any], create: Any, api: Any, cloud: Cloud
) -> None:
    create(Description="before", Environment={"Variables": {"AB": "1"}})
    before = settled(cloud, api)
    api.update_function_configuration(FunctionName="orders", **change)
    after = settled(cloud, api)
    for name, value in shown.items():
        assert after.get(name) == value
    moving = {"RevisionId", "ResponseMetadata", "LastModified", "RuntimeVersionConfig", *shown}
    assert {k: v for k, v in after.items() if k not in moving} == {
        k: v for k, v in before.items() if k not in moving
    }


def test_switching_back_to_text_drops_the_levels(create: Any, api: Any, cloud: Cloud) -> None:
    create(LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "DEBUG"})
    api.update_function_configuration(FunctionName="orders", LoggingConfig={"LogFormat": "Text"})
    assert settled(cloud, api)["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/aws/lambda/orders"}


def test_new_code_and_architecture(create: Any, api: Any, cloud: Cloud) -> None:
    create()
    package = make_zip({"app.py": "handler = print"})
    answer = api.update_function_code(FunctionName=ARN, ZipFile=package, Architectures=["arm64"])
    assert answer["CodeSha256"] == base64.b64encode(hashlib.sha256(package).digest()).decode()
    settled(cloud, api)
    spec = cloud.resolve("orders").spec
    assert (spec.code_dir / "app.py").read_text() == "handler = print"
    assert spec.architecture == "arm64"


def test_a_dry_run_shows_the_new_code_and_changes_nothing(create: Any, api: Any, cloud: Cloud) -> None:
    before = create()["CodeSha256"]
    preview = api.update_function_code(
        FunctionName="orders", ZipFile=make_zip({"b.py": ""}), DryRun=True, Publish=True
    )
    assert preview["CodeSha256"] != before
    assert preview["LastUpdateStatus"] == "Successful"
    assert api.get_function_configuration(FunctionName="orders")["CodeSha256"] == before
    assert len(api.list_versions_by_function(FunctionName="orders")["Versions"]) == 1


def test_an_update_that_publishes_leaves_the_version_pending_until_it_is_done(
    create: Any, api: Any, cloud: Cloud
) -> None:
    create()
    cloud.hold = True
    answer = api.update_function_code(FunctionName="orders", ZipFile=make_zip({"b.py": ""}), Publish=True)
    assert (answer["FunctionArn"], answer["Version"], answer["State"]) == (f"{ARN}:1", "1", "Pending")
    with pytest.raises(Exception, match="state: Pending"):
        cloud.resolve("orders", "1")
    cloud.settle()
    assert cloud.resolve("orders", "1").spec.code_dir == cloud.resolve("orders").spec.code_dir


def test_a_zip_function_takes_no_image(create: Any, api: Any) -> None:
    create()
    text = "Please don't provide ImageUri when updating a function with packageType Zip."
    found = refused(api.update_function_code, FunctionName="orders", ImageUri="x")
    assert found == ("InvalidParameterValueException", text, 400)


STALE = (
    "PreconditionFailedException",
    "The Revision Id provided does not match the latest Revision Id. "
    "Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
    412,
)


def test_a_stale_revision_id_stops_every_change(create: Any, api: Any, cloud: Cloud) -> None:
    stale = create(wait=False)["RevisionId"]
    fresh = settled(cloud, api)["RevisionId"]
    for call, arguments in (
        (api.update_function_configuration, {"Timeout": 9}),
        (api.update_function_code, {"ZipFile": make_zip()}),
        (api.publish_version, {}),
    ):
        assert refused(call, FunctionName="orders", RevisionId=stale, **arguments) == STALE
    api.update_function_configuration(FunctionName="orders", RevisionId=fresh, Timeout=9)


def test_deleting_a_function_deletes_all_that_hangs_on_it(create: Any, api: Any, cloud: Cloud) -> None:
    create(Publish=True)
    api.create_alias(FunctionName="orders", Name="live", FunctionVersion="1")
    answer = api.delete_function(FunctionName="orders")
    assert (answer["StatusCode"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (204, 204)
    assert refused(api.get_function, FunctionName="orders") == (
        "ResourceNotFoundException",
        f"Function not found: {ARN}",
        404,
    )
    assert refused(api.delete_function, FunctionName="orders")[0] == "ResourceNotFoundException"
    gone = [change for change in cloud.changes if change.kind == "deleted"]
    assert [change.version for change in gone] == ["$LATEST", "1"]
    assert api.list_functions()["Functions"] == []
    create()
    assert settled(cloud, api)["Version"] == "$LATEST"


def test_a_function_deleted_while_pending_does_not_come_back(create: Any, api: Any, cloud: Cloud) -> None:
    cloud.hold = True
    create(wait=False)
    api.delete_function(FunctionName="orders")
    cloud.settle()
    assert [change.kind for change in cloud.changes] == ["deleted"]
    assert api.list_functions()["Functions"] == []


def test_lists_come_in_pages_of_50_by_name(create: Any, api: Any) -> None:
    for number in range(53):
        create(f"f{number:02d}", wait=False)
    first = api.list_functions(MaxItems=10_000)
    assert len(first["Functions"]) == 50
    names = [
        function["FunctionName"]
        for page in api.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 20})
        for function in page["Functions"]
    ]
    assert names == [f"f{number:02d}" for number in range(53)]
    assert not first["Functions"][0].keys() & {"State", "LastUpdateStatus", "RuntimeVersionConfig"}
    assert refused(api.list_functions, Marker="nonsense")[0] == "InvalidParameterValueException"


def test_a_list_of_all_versions(create: Any, api: Any) -> None:
    create(Publish=True)
    create("other")
    found = api.list_functions(FunctionVersion="ALL")["Functions"]
    assert [(function["FunctionArn"], function["Version"]) for function in found] == [
        (f"{FUNCTION_ARN}:orders:$LATEST", "$LATEST"),
        (f"{FUNCTION_ARN}:orders:1", "1"),
        (f"{FUNCTION_ARN}:other:$LATEST", "$LATEST"),
    ]


def test_regions_know_nothing_of_each_other(create: Any, cloud: Cloud) -> None:
    create()
    elsewhere = cloud.client("eu-west-1")
    assert elsewhere.list_functions()["Functions"] == []
    assert refused(elsewhere.get_function, FunctionName=ARN) == (
        "ResourceNotFoundException",
        "Functions from 'us-east-1' are not reachable in this region ('eu-west-1')",
        404,
    )


def test_account_settings_count_code_and_concurrency(create: Any, api: Any) -> None:
    package = make_zip()
    create(Publish=True, Code={"ZipFile": package})
    api.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=100)
    answer = api.get_account_settings()
    assert answer["AccountLimit"] == {
        "TotalCodeSize": 300 * 1024**3,
        "CodeSizeUnzipped": 262_144_000,
        "CodeSizeZipped": 52_428_800,
        "ConcurrentExecutions": 1000,
        "UnreservedConcurrentExecutions": 900,
    }
    assert answer["AccountUsage"] == {"TotalCodeSize": 2 * len(package), "FunctionCount": 1}

"""Tags, concurrency, asynchronous invocation, function URLs and other settings of a function."""

from __future__ import annotations

import re
from typing import Any

import pytest
from lambda_world import ACCOUNT, FUNCTION_ARN, REGION, Cloud, refused

ARN = f"{FUNCTION_ARN}:orders"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:done"
INVALID, MISSING, CONFLICT = (
    "InvalidParameterValueException",
    "ResourceNotFoundException",
    "ResourceConflictException",
)


# Tags


def test_tags_are_added_changed_and_removed(create: Any, api: Any) -> None:
    create(Tags={"a": "1"})
    for tags, left in (({"b": "2"}, {"a": "1", "b": "2"}), ({"a": "x"}, {"a": "x", "b": "2"})):
        answer = api.tag_resource(Resource=ARN, Tags=tags)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
        assert api.list_tags(Resource=ARN)["Tags"] == left
    api.untag_resource(Resource=ARN, TagKeys=["a", "unknown"])
    assert api.list_tags(Resource=ARN)["Tags"] == {"b": "2"}
    api.untag_resource(Resource=ARN, TagKeys=["b"])
    assert api.list_tags(Resource=ARN)["Tags"] == {}


MAPPING = f"arn:aws:lambda:{REGION}:{ACCOUNT}:event-source-mapping:01234567-89ab-cdef-0123-456789abcdef"


@pytest.mark.parametrize(
    ("arn", "error"),
    [
        (f"{FUNCTION_ARN}:nobody", (MISSING, f"Function not found: {FUNCTION_ARN}:nobody", 404)),
        (
            f"{ARN}:1",
            (
                INVALID,
                "Tags on function aliases and versions are not supported. Please specify a function ARN.",
                400,
            ),
        ),
        (MAPPING, (MISSING, f"Event source mapping not found: {MAPPING}", 404)),
    ],
)
def test_only_functions_carry_tags(arn: str, error: tuple[str, str, int], create: Any, api: Any) -> None:
    create(Publish=True)
    assert refused(api.list_tags, Resource=arn) == error
    assert refused(api.tag_resource, Resource=arn, Tags={"a": "b"}) == error
    assert refused(api.untag_resource, Resource=arn, TagKeys=["a"]) == error


def test_wrong_tags(create: Any, api: Any) -> None:
    create()
    assert (
        refused(api.tag_resource, Resource="arn:aws:something", Tags={"a": "b"})[0] == "ValidationException"
    )
    assert refused(api.tag_resource, Resource=ARN, Tags={}) == (
        INVALID,
        "An error occurred and the request cannot be processed.",
        400,
    )
    assert refused(api.untag_resource, Resource=ARN, TagKeys=[]) == (
        "ValidationException",
        "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: "
        "Member must not be null",
        400,
    )
    too_many = {f"k{number}": "v" for number in range(51)}
    assert (
        refused(api.tag_resource, Resource=ARN, Tags=too_many)[1]
        == "Number of tags exceeds resource tag limit."
    )


# Reserved concurrency


def test_reserved_concurrency_is_set_read_and_taken_away(create: Any, api: Any, cloud: Cloud) -> None:
    create()
    for wanted in (0, 5):
        answer = api.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=wanted)
        assert answer["ReservedConcurrentExecutions"] == wanted
        assert api.get_function_concurrency(FunctionName="orders")["ReservedConcurrentExecutions"] == wanted
        assert cloud.resolve("orders").reserved_concurrency == wanted
    answer = api.delete_function_concurrency(FunctionName="orders")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert "ReservedConcurrentExecutions" not in api.get_function_concurrency(FunctionName="orders")
    assert cloud.resolve("orders").reserved_concurrency is None
    assert [change.kind for change in cloud.changes] == ["active", "reserved", "reserved", "reserved"]


def test_100_executions_stay_unreserved(create: Any, api: Any) -> None:
    create()
    create("other")
    api.put_function_concurrency(FunctionName="other", ReservedConcurrentExecutions=400)
    api.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=500)
    assert refused(api.put_function_concurrency, FunctionName="orders", ReservedConcurrentExecutions=501) == (
        INVALID,
        "Specified ReservedConcurrentExecutions for function decreases account's "
        "UnreservedConcurrentExecution below its minimum value of [100].",
        400,
    )
    api.delete_function(FunctionName="other")
    api.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=900)


def test_reserving_for_nobody(api: Any) -> None:
    assert refused(api.put_function_concurrency, FunctionName="nobody", ReservedConcurrentExecutions=1) == (
        MISSING,
        f"Function not found: {FUNCTION_ARN}:nobody:$LATEST",
        404,
    )
    assert refused(api.get_function_concurrency, FunctionName="nobody")[1] == (
        f"Function not found: {FUNCTION_ARN}:nobody"
    )


# Provisioned concurrency


def _provision(api: Any, qualifier: str, count: int, name: str = "orders") -> Any:
    return api.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=count
    )


def test_provisioned_concurrency_from_put_to_delete(create: Any, api: Any, cloud: Cloud) -> None:
    create(Publish=True)
    answer = _provision(api, "1", 2)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    del answer["ResponseMetadata"]
    assert answer == {
        "RequestedProvisionedConcurrentExecutions": 2,
        "AvailableProvisionedConcurrentExecutions": 0,
        "AllocatedProvisionedConcurrentExecutions": 0,
        "Status": "IN_PROGRESS",
        "LastModified": "2026-11-25T12:00:00+0000",
    }
    assert (cloud.changes[-1].kind, cloud.changes[-1].qualifier) == ("provisioned", "1")
    assert [(item.qualifier, item.requested) for item in cloud.service.provisioned(ARN)] == [("1", 2)]
    cloud.service.report_provisioned(ARN, "1", allocated=2, available=1, status="READY")
    got = api.get_provisioned_concurrency_config(FunctionName="orders", Qualifier="1")
    assert (got["Status"], got["AvailableProvisionedConcurrentExecutions"]) == ("READY", 1)
    listed = api.list_provisioned_concurrency_configs(FunctionName="orders")["ProvisionedConcurrencyConfigs"]
    assert [(item["FunctionArn"], item["Status"]) for item in listed] == [(f"{ARN}:1", "READY")]
    for _ in range(2):
        answer = api.delete_provisioned_concurrency_config(FunctionName="orders", Qualifier="1")
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refused(api.get_provisioned_concurrency_config, FunctionName="orders", Qualifier="1") == (
        "ProvisionedConcurrencyConfigNotFoundException",
        "No Provisioned Concurrency Config found for this function",
        404,
    )
    assert cloud.service.provisioned(ARN) == ()


def test_a_version_is_provisioned_once(create: Any, api: Any, cloud: Cloud) -> None:
    create(Publish=True)
    api.create_alias(FunctionName="orders", Name="live", FunctionVersion="1")
    _provision(api, "1", 1)
    on_alias = {"api": api, "qualifier": "live", "count": 1}
    assert refused(_provision, **on_alias) == (
        CONFLICT,
        "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
        409,
    )
    api.delete_provisioned_concurrency_config(FunctionName="orders", Qualifier="1")
    _provision(**on_alias)
    assert refused(_provision, api=api, qualifier="1", count=1) == (
        CONFLICT,
        "Version is pointed by a Provisioned Concurrency alias",
        409,
    )
    api.delete_alias(FunctionName="orders", Name="live")
    assert cloud.changes[-1].kind == "provisioned"
    assert (
        api.list_provisioned_concurrency_configs(FunctionName="orders")["ProvisionedConcurrencyConfigs"] == []
    )


LATEST_PUT = "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
LATEST_GET = "The function resource provided must be an alias or a published version."


@pytest.mark.parametrize(
    ("name", "qualifier", "error"),
    [
        ("orders", "$LATEST", (INVALID, LATEST_PUT, 400)),
        ("orders", "on-latest", (INVALID, LATEST_PUT, 400)),
        ("orders", "10", (MISSING, f"Function not found: {ARN}:10", 404)),
        ("orders", "nope", (MISSING, f"Cannot find alias arn: {ARN}:nope", 404)),
        ("nobody", "1", (MISSING, f"Function not found: {FUNCTION_ARN}:nobody:1", 404)),
        ("nobody", "live", (MISSING, f"Cannot find alias arn: {FUNCTION_ARN}:nobody:live", 404)),
    ],
)
def test_what_cannot_be_provisioned(
    name: str, qualifier: str, error: tuple[str, str, int], create: Any, api: Any
) -> None:
    create(Publish=True)
    api.create_alias(FunctionName="orders", Name="on-latest", FunctionVersion="$LATEST")
    assert refused(_provision, api=api, name=name, qualifier=qualifier, count=1) == error
    reading = (error[0], error[1].replace(LATEST_PUT, LATEST_GET), error[2])
    for operation in ("get", "delete"):
        call = getattr(api, f"{operation}_provisioned_concurrency_config")
        assert refused(call, FunctionName=name, Qualifier=qualifier) == reading


def test_provisioned_concurrency_fits_what_is_reserved_and_what_the_account_has(
    create: Any, api: Any
) -> None:
    create(Publish=True)
    assert refused(_provision, api=api, qualifier="1", count=1001)[1] == (
        "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [1000]."
    )
    assert refused(_provision, api=api, qualifier="1", count=901)[1] == (
        "Specified ConcurrentExecutions for function decreases account's "
        "UnreservedConcurrentExecution below its minimum value of [100]."
    )
    _provision(api, "1", 2)
    assert refused(api.put_function_concurrency, FunctionName="orders", ReservedConcurrentExecutions=1)[
        1
    ] == (
        " ReservedConcurrentExecutions  1 should not be lower than "
        "function's total provisioned concurrency [2]."
    )
    api.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=3)
    assert refused(_provision, api=api, qualifier="1", count=4)[1] == (
        "Requested Provisioned Concurrency should not be greater than "
        "the reservedConcurrentExecution for function"
    )
    _provision(api, "1", 3)


# Asynchronous invocation


def test_event_invoke_config_from_put_to_delete(create: Any, api: Any, cloud: Cloud) -> None:
    create()
    put = api.put_function_event_invoke_config(FunctionName="orders", MaximumRetryAttempts=0)
    assert (put["FunctionArn"], put["MaximumRetryAttempts"]) == (f"{ARN}:$LATEST", 0)
    assert put["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {}}
    assert put["LastModified"] == cloud.now
    updated = api.update_function_event_invoke_config(
        FunctionName=f"{ARN}:$LATEST",
        MaximumEventAgeInSeconds=60,
        DestinationConfig={"OnFailure": {"Destination": QUEUE}},
    )
    assert (updated["MaximumRetryAttempts"], updated["MaximumEventAgeInSeconds"]) == (0, 60)
    config = cloud.resolve("orders").event_invoke_config
    assert (config.maximum_retry_attempts, config.on_failure_arn, config.on_success_arn) == (0, QUEUE, None)
    replaced = api.put_function_event_invoke_config(FunctionName="orders", MaximumEventAgeInSeconds=21600)
    assert "MaximumRetryAttempts" not in replaced
    assert replaced["DestinationConfig"]["OnFailure"] == {}
    got = api.get_function_event_invoke_config(FunctionName="orders", Qualifier="$LATEST")
    assert got["MaximumEventAgeInSeconds"] == 21600
    answer = api.delete_function_event_invoke_config(FunctionName="orders")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert cloud.resolve("orders").event_invoke_config is None
    assert refused(api.get_function_event_invoke_config, FunctionName="orders") == (
        MISSING,
        f"The function {ARN}:$LATEST doesn't have an EventInvokeConfig",
        404,
    )


def test_each_qualifier_has_an_event_invoke_config_of_its_own(create: Any, api: Any, cloud: Cloud) -> None:
    create(Publish=True)
    api.create_alias(FunctionName="orders", Name="live", FunctionVersion="1")
    for retries, qualifier in enumerate(("$LATEST", "1", "live")):
        api.put_function_event_invoke_config(
            FunctionName="orders", Qualifier=qualifier, MaximumRetryAttempts=retries
        )
    listed = api.list_function_event_invoke_configs(FunctionName="orders")["FunctionEventInvokeConfigs"]
    assert [item["FunctionArn"] for item in listed] == [f"{ARN}:$LATEST", f"{ARN}:1", f"{ARN}:live"]
    found = [cloud.resolve("orders", name).event_invoke_config for name in (None, "1", "live")]
    assert [config.maximum_retry_attempts for config in found] == [0, 1, 2]


def _config(**destinations: str) -> dict[str, Any]:
    return {"DestinationConfig": {name: {"Destination": arn} for name, arn in destinations.items()}}


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({}, (INVALID, "You must specify at least one of error handling or destination setting.", 400)),
        (
            _config(OnSuccess=ARN),
            (INVALID, "You can't specify the function as a destination for itself.", 400),
        ),
        (
            _config(OnSuccess=f"{FUNCTION_ARN}:nobody"),
            (INVALID, f"The destination ARN {FUNCTION_ARN}:nobody is invalid.", 400),
        ),
        (
            _config(OnSuccess="arn:aws:iam::123456789012:role/x"),
            (
                INVALID,
                "The provided destination config DestinationConfig(onSuccess=OnSuccess("
                "destination=arn:aws:iam::123456789012:role/x), onFailure=null) is invalid.",
                400,
            ),
        ),
        (
            _config(OnSuccess="arn:aws:s3:::photos"),
            (
                INVALID,
                "The provided destination config DestinationConfig(onSuccess=OnSuccess("
                "destination=arn:aws:s3:::photos), onFailure=null) is invalid.",
                400,
            ),
        ),
        (
            _config(OnFailure=f"{QUEUE}-denied"),
            (
                INVALID,
                "The function's execution role does not have permissions to call SendMessage on "
                f"{QUEUE}-denied",
                400,
            ),
        ),
        (
            {"FunctionName": "nobody", "MaximumRetryAttempts": 1},
            (MISSING, "The function doesn't exist.", 404),
        ),
        ({"Qualifier": "nope", "MaximumRetryAttempts": 1}, (MISSING, "The function doesn't exist.", 404)),
    ],
)
def test_wrong_event_invoke_configs(
    settings: dict[str, Any], error: tuple[str, str, int], create: Any, api: Any, cloud: Cloud
) -> None:
    cloud.denied.add(("sqs:SendMessage", f"{QUEUE}-denied"))
    create()
    found = refused(api.put_function_event_invoke_config, **{"FunctionName": "orders"} | settings)
    assert found == error


@pytest.mark.parametrize(
    "settings",
    [
        _config(OnSuccess=QUEUE, OnFailure=QUEUE),
        _config(OnSuccess=f"arn:aws:sns:{REGION}:{ACCOUNT}:topic"),
        _config(OnSuccess=f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"),
        _config(OnSuccess=f"{FUNCTION_ARN}:other"),
        _config(OnFailure="arn:aws:s3:::photos"),
        {"DestinationConfig": {"OnSuccess": {}}},
        {"DestinationConfig": {"OnSuccess": {"Destination": ""}}},
    ],
)
def test_destinations_that_lambda_can_send_to(settings: dict[str, Any], create: Any, api: Any) -> None:
    create()
    create("other")
    api.put_function_event_invoke_config(FunctionName="orders", **settings)


def test_a_dead_letter_queue_needs_the_roles_permission(create: Any, api: Any, cloud: Cloud) -> None:
    cloud.denied.add(("sqs:SendMessage", QUEUE))
    assert refused(create, DeadLetterConfig={"TargetArn": QUEUE}) == (
        INVALID,
        "The provided execution role does not have permissions to call SendMessage on SQS",
        400,
    )


# Function URLs


def test_a_function_url_from_creation_to_deletion(create: Any, api: Any, cloud: Cloud) -> None:
    create(Publish=True)
    api.create_alias(FunctionName="orders", Name="live", FunctionVersion="1")
    created = api.create_function_url_config(FunctionName="orders", AuthType="NONE")
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert not created.keys() & {"InvokeMode", "LastModifiedTime", "Cors"}
    found = re.fullmatch(r"http://127\.0\.0\.1/_aws/lambda-url/([a-z0-9]{32})/", created["FunctionUrl"])
    assert found
    served = cloud.service.function_url(found[1])
    assert served is not None
    arn, url = served
    assert arn == ARN
    assert (url.function_name, url.qualifier, url.auth_type) == ("orders", None, "NONE")
    assert refused(api.create_function_url_config, FunctionName="orders", AuthType="NONE") == (
        CONFLICT,
        f"Failed to create function url config for [functionArn = {ARN}]. "
        "Error message:  FunctionUrlConfig exists for this Lambda function",
        409,
    )
    got = api.get_function_url_config(FunctionName="orders")
    assert (got["InvokeMode"], got["CreationTime"]) == ("BUFFERED", got["LastModifiedTime"])
    cors = {"AllowOrigins": ["*"], "MaxAge": 60}
    updated = api.update_function_url_config(FunctionName="orders", AuthType="AWS_IAM", Cors=cors)
    assert (updated["AuthType"], updated["Cors"]) == ("AWS_IAM", cors)
    api.create_function_url_config(FunctionName="orders", Qualifier="live", AuthType="NONE")
    listed = api.list_function_url_configs(FunctionName="orders")["FunctionUrlConfigs"]
    assert [item["FunctionArn"] for item in listed] == [ARN, f"{ARN}:live"]
    answer = api.delete_function_url_config(FunctionName="orders")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert cloud.service.function_url(found[1]) is None
    of_alias = api.get_function_url_config(FunctionName="orders", Qualifier="live")["FunctionUrl"]
    api.delete_alias(FunctionName="orders", Name="live")
    assert cloud.service.function_url(of_alias.split("/")[-2]) is None
    assert refused(api.get_function_url_config, FunctionName="orders") == (
        MISSING,
        "The resource you requested does not exist.",
        404,
    )


@pytest.mark.parametrize(
    ("operation", "arguments", "error"),
    [
        ("create", {"FunctionName": "nobody"}, (MISSING, "Function does not exist", 404)),
        ("create", {"Qualifier": "nope"}, (MISSING, "Function does not exist", 404)),
        (
            "create",
            {"Qualifier": "1"},
            (
                "ValidationException",
                "1 validation error detected: Value '1' at 'qualifier' failed to satisfy constraint: "
                r"Member must satisfy regular expression pattern: ((?!^\d+$)^[0-9a-zA-Z-_]+$)",
                400,
            ),
        ),
        ("update", {"FunctionName": "nobody"}, (MISSING, "Function does not exist", 404)),
        ("update", {}, (MISSING, "The resource you requested does not exist.", 404)),
    ],
)
def test_wrong_function_urls(
    operation: str, arguments: dict[str, Any], error: tuple[str, str, int], create: Any, api: Any
) -> None:
    create(Publish=True)
    call = getattr(api, f"{operation}_function_url_config")
    assert refused(call, **{"FunctionName": "orders", "AuthType": "NONE"} | arguments) == error


# Recursion and runtime management


def test_recursion_is_terminated_unless_allowed(create: Any, api: Any, cloud: Cloud) -> None:
    create()
    assert api.get_function_recursion_config(FunctionName="orders")["RecursiveLoop"] == "Terminate"
    api.put_function_recursion_config(FunctionName="orders", RecursiveLoop="Allow")
    assert api.get_function_recursion_config(FunctionName=ARN)["RecursiveLoop"] == "Allow"
    assert cloud.resolve("orders").function.recursive_loop == "Allow"
    wrong = refused(api.put_function_recursion_config, FunctionName="orders", RecursiveLoop="Never")
    assert wrong[1].startswith("1 validation error detected: Value 'Never' at 'recursiveLoop'")


def test_runtime_management_is_automatic(create: Any, api: Any) -> None:
    create()
    put = api.put_runtime_management_config(FunctionName="orders", UpdateRuntimeOn="Auto")
    assert (put["UpdateRuntimeOn"], put["FunctionArn"]) == ("Auto", ARN)
    assert api.get_runtime_management_config(FunctionName="orders")["UpdateRuntimeOn"] == "Auto"
    assert refused(api.get_runtime_management_config, FunctionName="nobody")[0] == MISSING

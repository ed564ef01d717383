"""What AWS says to a wrong request, word for word."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lambda_world import FUNCTION_ARN, REGION, ROLE, Cloud, make_zip, refused, settled

VALIDATION = "ValidationException"
INVALID = "InvalidParameterValueException"
ONE = "1 validation error detected: Value "
MUST = "failed to satisfy constraint: "
LAYER = f"arn:aws:lambda:{REGION}:123456789012:layer:shared"

# parameters of create_function, code, message
CREATE: list[tuple[dict[str, Any], str, str]] = [
    (
        {"MemorySize": 64},
        VALIDATION,
        f"{ONE}'64' at 'memorySize' {MUST}Member must have value greater than or equal to 128",
    ),
    (
        {"MemorySize": 10241},
        VALIDATION,
        f"'MemorySize' value {MUST}Member must have value less than or equal to 10240",
    ),
    (
        {"MemorySize": 40000},
        VALIDATION,
        f"{ONE}'40000' at 'memorySize' {MUST}Member must have value less than or equal to 32768",
    ),
    (
        {"Timeout": 901},
        VALIDATION,
        f"{ONE}'901' at 'timeout' {MUST}Member must have value less than or equal to 900",
    ),
    (
        {"Timeout": 0},
        VALIDATION,
        f"{ONE}'0' at 'timeout' {MUST}Member must have value greater than or equal to 1",
    ),
    (
        {"EphemeralStorage": {"Size": 10241}},
        VALIDATION,
        f"{ONE}'10241' at 'ephemeralStorage.size' {MUST}Member must have value less than or equal to 10240",
    ),
    (
        {"EphemeralStorage": {"Size": 511}},
        VALIDATION,
        f"{ONE}'511' at 'ephemeralStorage.size' {MUST}Member must have value greater than or equal to 512",
    ),
    (
        {"EphemeralStorage": {}},
        VALIDATION,
        f"{ONE}null at 'ephemeralStorage.size' {MUST}Member must not be null",
    ),
    (
        {"Role": "r1"},
        VALIDATION,
        f"{ONE}'r1' at 'role' {MUST}Member must satisfy regular expression pattern: "
        r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+",
    ),
    (
        {"Handler": "my handler"},
        VALIDATION,
        f"{ONE}'my handler' at 'handler' {MUST}Member must satisfy regular expression pattern: [^\\s]+",
    ),
    (
        {"Handler": "h" * 129},
        VALIDATION,
        f"{ONE}'{'h' * 129}' at 'handler' {MUST}Member must have length less than or equal to 128",
    ),
    (
        {"Architectures": ["x86_64", "arm64"]},
        VALIDATION,
        f"{ONE}'[x86_64, arm64]' at 'architectures' {MUST}Member must have length less than or equal to 1",
    ),
    (
        {"Architectures": ["X86_64"]},
        VALIDATION,
        f"{ONE}'[X86_64]' at 'architectures' {MUST}Member must satisfy constraint: "
        "[Member must satisfy enum value set: [x86_64, arm64], Member must not be null]",
    ),
    (
        {"SnapStart": {"ApplyOn": "invalidOption"}},
        VALIDATION,
        f"{ONE}'invalidOption' at 'snapStart.applyOn' {MUST}"
        "Member must satisfy enum value set: [PublishedVersions, None]",
    ),
    (
        {"Environment": {"Variables": {"1x": "secret"}}},
        VALIDATION,
        f"{ONE}at 'environment.variables' {MUST}Map keys must satisfy constraint: "
        "[Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]",
    ),
    (
        {"Description": "d" * 257, "Timeout": 0},
        VALIDATION,
        f"2 validation errors detected: Value '{'d' * 257}' at 'description' {MUST}"
        "Member must have length less than or equal to 256; "
        f"Value '0' at 'timeout' {MUST}Member must have value greater than or equal to 1",
    ),
    (
        {"FunctionName": "a" * 65},
        INVALID,
        f"{ONE}'{'a' * 65}' at 'functionName' {MUST}Member must have length less than or equal to 64",
    ),
    (
        {"Environment": {"Variables": {"AWS_REGION": "x", "AWS_ACCESS_KEY_ID": "x", "OK": "x"}}},
        INVALID,
        "Lambda was unable to configure your environment variables because the environment variables you "
        "have provided contains reserved keys that are currently not supported for modification. "
        "Reserved keys used in this request: AWS_ACCESS_KEY_ID, AWS_REGION",
    ),
    (
        {"Environment": {"Variables": {"SMALL": "ok", "BIG": "x" * 4096}}},
        INVALID,
        "Lambda was unable to configure your environment variables because the environment variables you "
        "have provided exceeded the 4KB limit. "
        f'String measured: {{"SMALL":"ok","BIG":"{"x" * 4096}"}}',
    ),
    (
        {"Runtime": "go1.x"},
        INVALID,
        "The runtime parameter of go1.x is no longer supported for creating or updating AWS Lambda "
        "functions. We recommend you use a supported runtime while creating or updating functions.",
    ),
    (
        {"Runtime": None},
        INVALID,
        "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
    ),
    (
        {"Handler": None},
        INVALID,
        "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
    ),
    (
        {"Role": "arn:aws:iam::123456789012:role/stranger"},
        INVALID,
        "The role defined for the function cannot be assumed by Lambda.",
    ),
    (
        {"LoggingConfig": {"LogFormat": "Text", "ApplicationLogLevel": "DEBUG"}},
        INVALID,
        'LogLevel is not supported when LogFormat is set to "Text". '
        'Remove LogLevel from your request or change the LogFormat to "Json" and try again.',
    ),
    (
        {"Layers": [f"{LAYER}{number}:1" for number in range(6)]},
        INVALID,
        "Cannot reference more than 5 layers.",
    ),
    (
        {"Layers": [f"{LAYER}:9"]},
        INVALID,
        f"Layer version {LAYER}:9 does not exist.",
    ),
    (
        {"Layers": [LAYER.replace(REGION, "eu-west-1") + ":1"]},
        INVALID,
        "Layers are not in the same region as the function. Layers are expected to be in region us-east-1.",
    ),
    (
        {"Tags": {"aws:team": "x"}},
        INVALID,
        "Tag keys cannot begin with aws:, which is kept for AWS: aws:team",
    ),
    (
        {"Environment": {"Variables": {"NUL": "a\0b"}}},
        INVALID,
        "Environment variables cannot hold a null character: NUL",
    ),
    (
        {"Tags": {f"k{number}": "v" for number in range(51)}},
        INVALID,
        "Number of tags exceeds resource tag limit.",
    ),
    (
        {"DeadLetterConfig": {"TargetArn": f"arn:aws:sqs:{REGION}:123456789012:dead.fifo"}},
        INVALID,
        f"The dead-letter target arn:aws:sqs:{REGION}:123456789012:dead.fifo is invalid. "
        "It must be the ARN of a standard Amazon SQS queue or a standard Amazon SNS topic.",
    ),
]


@pytest.mark.parametrize(
    ("parameters", "code", "message"), CREATE, ids=[f"{'-'.join(row[0])}-{n}" for n, row in enumerate(CREATE)]
)
def test_create_function_is_refused_with_400(
    parameters: dict[str, Any], code: str, message: str, api: Any
) -> None:
    wanted = {
        "FunctionName": "orders",
        "Runtime": "python3.13",
        "Handler": "app.handler",
        "Role": ROLE,
        "Code": {"ZipFile": make_zip()},
    } | parameters
    given = {name: value for name, value in wanted.items() if value is not None}
    assert refused(api.create_function, **given) == (code, message, 400)
    assert api.list_functions()["Functions"] == []


def test_an_unknown_runtime_is_told_which_ones_can_be_created(create: Any) -> None:
    code, message, status = refused(create, Runtime="python3.99")
    assert (code, status) == (INVALID, 400)
    start = (
        "Value python3.99 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: ["
    )
    assert message.startswith(start)
    assert message.endswith("] or be a valid ARN")
    offered = message.removeprefix(start).partition("]")[0].split(", ")
    assert {"python3.13", "nodejs24.x", "provided.al2023", "python3.9"} <= set(offered)
    assert not {"go1.x", "python3.7", "nodejs14.x"} & set(offered)


def test_a_runtime_is_blocked_from_its_day_on(create: Any, api: Any, cloud: Cloud) -> None:
    create(Runtime="python3.9")
    cloud.pass_days(365)
    assert (
        "runtime parameter of python3.9 is no longer supported"
        in refused(create, name="late", Runtime="python3.9")[1]
    )
    assert "python3.9" in refused(api.update_function_configuration, FunctionName="orders", Timeout=9)[1]
    api.update_function_configuration(FunctionName="orders", Runtime="python3.13")
    assert settled(cloud, api)["Runtime"] == "python3.13"


def test_the_environment_may_measure_exactly_4_kb(create: Any, api: Any) -> None:
    overhead = len(json.dumps({"AB": ""}, separators=(",", ":")))
    create(Environment={"Variables": {"AB": "x" * (4096 - overhead)}})
    too_much = {"Variables": {"AB": "x" * (4096 - overhead + 1)}}
    message = refused(api.update_function_configuration, FunctionName="orders", Environment=too_much)[1]
    assert "exceeded the 4KB limit" in message


def test_boto3s_own_validation_passes_what_the_service_takes(cloud: Cloud, api: Any) -> None:
    strict = cloud.client(validate=True)
    strict.create_function(
        FunctionName="orders",
        Runtime="python3.13",
        Handler="app.handler",
        Role=ROLE,
        Code={"ZipFile": make_zip()},
        Tags={"name with ümlaut": "ok+-=._:/@"},
    )
    assert strict.list_tags(Resource=f"{FUNCTION_ARN}:orders")["Tags"] == {"name with ümlaut": "ok+-=._:/@"}


def test_a_tag_with_other_characters_is_refused(create: Any) -> None:
    code, message, _ = refused(create, Tags={"a!": "b"})
    assert code == VALIDATION
    assert message.startswith(f"{ONE}'{{a!=b}}' at 'tags' {MUST}Map keys must satisfy constraint: [")


def test_errors_arrive_as_boto3s_exception_classes(api: Any) -> None:
    with pytest.raises(api.exceptions.ResourceNotFoundException) as caught:
        api.get_function(FunctionName="nobody")
    assert caught.value.response["Type"] == "User"
    assert caught.value.response["Message"] == f"Function not found: {FUNCTION_ARN}:nobody"
    with pytest.raises(api.exceptions.InvalidParameterValueException) as invalid:
        api.create_function(
            FunctionName="x", Role=ROLE, Code={"ZipFile": make_zip()}, Runtime="go1.x", Handler="h"
        )
    assert invalid.value.response["Type"] == "User"

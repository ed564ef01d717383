"""Versions and aliases."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import Any

import pytest
from lambda_world import FUNCTION_ARN, Cloud, make_zip, refused, settled

ARN = f"{FUNCTION_ARN}:orders"
INVALID, MISSING, CONFLICT = (
    "InvalidParameterValueException",
    "ResourceNotFoundException",
    "ResourceConflictException",
)


def _publish(api: Any, cloud: Cloud, description: str) -> str:
    api.update_function_configuration(FunctionName="orders", Description=description)
    settled(cloud, api)
    version: str = api.publish_version(FunctionName="orders")["Version"]
    return version


def test_creation_may_publish_version_1_at_once(create: Any, api: Any) -> None:
    answer = create(Publish=True)
    assert (answer["Version"], answer["FunctionArn"], answer["State"]) == ("1", ARN, "Pending")
    api.get_waiter("published_version_active").wait(FunctionName="orders", Qualifier="1")


def test_a_version_stays_what_it_was(create: Any, api: Any, cloud: Cloud) -> None:
    create(Environment={"Variables": {"AB": "1"}})
    published = api.publish_version(FunctionName="orders", Description="first")
    assert published["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (published["Version"], published["FunctionArn"]) == ("1", f"{ARN}:1")
    assert (published["State"], published["Description"]) == ("Active", "first")
    before = cloud.resolve("orders", "1").spec
    api.update_function_code(FunctionName="orders", ZipFile=make_zip({"new.py": ""}))
    settled(cloud, api)
    api.update_function_configuration(FunctionName="orders", Environment={"Variables": {"AB": "2"}})
    settled(cloud, api)
    assert cloud.resolve("orders", "1").spec is before
    assert cloud.resolve("orders").spec.environment == {"AB": "2"}
    kept = api.get_function_configuration(FunctionName="orders", Qualifier="1")
    assert (kept["CodeSha256"], kept["RevisionId"]) == (published["CodeSha256"], published["RevisionId"])


def test_publishing_without_a_change_gives_the_last_version_again(
    create: Any, api: Any, cloud: Cloud
) -> None:
    create()
    first = api.publish_version(FunctionName="orders", Description="mine")
    again = api.publish_version(FunctionName="orders")
    assert (again["Version"], again["RevisionId"]) == ("1", first["RevisionId"])
    assert again["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert _publish(api, cloud, "changed") == "2"
    api.delete_function(FunctionName="orders", Qualifier="2")
    assert api.publish_version(FunctionName="orders")["Version"] == "3", "numbers are never used twice"


def test_publishing_can_insist_on_a_code_hash(create: Any, api: Any) -> None:
    actual = create()["CodeSha256"]
    assert refused(api.publish_version, FunctionName="orders", CodeSha256="other") == (
        INVALID,
        f"CodeSHA256 (other) is different from current CodeSHA256 in $LATEST ({actual}). "
        "Please try again with the CodeSHA256 in $LATEST.",
        400,
    )
    assert api.publish_version(FunctionName="orders", CodeSha256=actual)["Version"] == "1"


def test_versions_are_listed_latest_first_then_by_number(create: Any, api: Any, cloud: Cloud) -> None:
    create()
    for number in range(1, 12):
        assert _publish(api, cloud, f"v{number}") == str(number)
    found = api.list_versions_by_function(FunctionName="orders")["Versions"]
    assert [version["Version"] for version in found] == ["$LATEST", *map(str, range(1, 12))]
    assert found[0]["FunctionArn"] == f"{ARN}:$LATEST"
    pages = api.get_paginator("list_versions_by_function").paginate(
        FunctionName="orders", PaginationConfig={"PageSize": 5}
    )
    assert [version["Version"] for page in pages for version in page["Versions"]] == [
        version["Version"] for version in found
    ]


DELETIONS: list[tuple[str, tuple[str, str, int] | None]] = [
    ("2", None),
    ("99", None),
    ("$LATEST", (INVALID, "$LATEST version cannot be deleted without deleting the function.", 400)),
    ("live", (INVALID, "Deletion of aliases is not currently supported.", 400)),
    ("1", (CONFLICT, "Unable to delete version because the following aliases reference it: [live]", 409)),
    ("3", (CONFLICT, "Unable to delete version because the following aliases reference it: [live]", 409)),
]


@pytest.mark.parametrize(("qualifier", "error"), DELETIONS)
def test_deleting_one_version(
    qualifier: str, error: tuple[str, str, int] | None, create: Any, api: Any, cloud: Cloud
) -> None:
    create(Publish=True)
    for description in ("b", "c"):
        _publish(api, cloud, description)
    routing = {"AdditionalVersionWeights": {"3": 0.1}}
    api.create_alias(FunctionName="orders", Name="live", FunctionVersion="1", RoutingConfig=routing)
    if error:
        assert refused(api.delete_function, FunctionName="orders", Qualifier=qualifier) == error
    else:
        answer = api.delete_function(FunctionName="orders", Qualifier=qualifier)
        assert answer["StatusCode"] == 204
    left = [found["Version"] for found in api.list_versions_by_function(FunctionName="orders")["Versions"]]
    assert left == (["$LATEST", "1", "3"] if qualifier == "2" else ["$LATEST", "1", "2", "3"])


@pytest.fixture
def two_versions(create: Any, api: Any, cloud: Cloud) -> Any:
    create(Publish=True)
    _publish(api, cloud, "second")
    return api


def test_an_alias_from_creation_to_deletion(two_versions: Any, cloud: Cloud) -> None:
    api = two_versions
    created = api.create_alias(FunctionName="orders", Name="live", FunctionVersion="1", Description="d")
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 201
    del created["ResponseMetadata"]
    shown = {"AliasArn": f"{ARN}:live", "Name": "live", "FunctionVersion": "1", "Description": "d"}
    revision = created.pop("RevisionId")
    assert created == shown
    assert cloud.resolve("orders", "live").executed_version == "1"
    updated = api.update_alias(
        FunctionName="orders",
        Name="live",
        FunctionVersion="2",
        RoutingConfig={"AdditionalVersionWeights": {"1": 0.25}},
        RevisionId=revision,
    )
    assert updated["RoutingConfig"] == {"AdditionalVersionWeights": {"1": 0.25}}
    assert updated["Description"] == "d"
    assert cloud.resolve("orders", "live", choose=lambda: 0.5).executed_version == "2"
    api.update_alias(FunctionName="orders", Name="live", RoutingConfig={"AdditionalVersionWeights": {}})
    got = api.get_alias(FunctionName="orders", Name="live")
    assert ("RoutingConfig" in got, got["FunctionVersion"]) == (False, "2")
    for _ in range(2):
        answer = api.delete_alias(FunctionName="orders", Name="live")
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    with pytest.raises(Exception, match=f"Function not found: {ARN}:live"):
        cloud.resolve("orders", "live")


def test_a_weighted_alias_picks_by_weight(two_versions: Any, cloud: Cloud) -> None:
    two_versions.create_alias(
        FunctionName="orders",
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.3}},
    )
    for ticket, version in ((0.0, "2"), (0.2999, "2"), (0.3, "1"), (0.9999, "1")):
        resolved = cloud.resolve("orders", "live", choose=lambda ticket=ticket: ticket)
        assert (resolved.executed_version, resolved.alias) == (version, "live")
        assert resolved.invoked_arn == f"{ARN}:live"
    tickets = count()
    picked = Counter(
        cloud.resolve("orders:live", choose=lambda: next(tickets) % 100 / 100).executed_version
        for _ in range(1000)
    )
    assert picked == {"1": 700, "2": 300}


WRONG: list[tuple[dict[str, Any], tuple[str, str, int]]] = [
    ({"FunctionVersion": "10"}, (MISSING, f"Function not found: {ARN}:10", 404)),
    (
        {"RoutingConfig": {"AdditionalVersionWeights": {"10": 0.5}}},
        (MISSING, f"Function not found: {ARN}:10", 404),
    ),
    (
        {"RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5, "2": 0.5}}},
        (INVALID, "Number of items in AdditionalVersionWeights cannot be greater than 1", 400),
    ),
    (
        {"RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}},
        (
            INVALID,
            "Invalid function version 1. Function version 1 is already included in routing configuration.",
            400,
        ),
    ),
    (
        {"FunctionVersion": "$LATEST", "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}},
        (INVALID, "$LATEST is not supported for an alias pointing to more than 1 version", 400),
    ),
    (
        {"RoutingConfig": {"AdditionalVersionWeights": {"2": 2.0}}},
        (
            "ValidationException",
            "1 validation error detected: Value '{2=2.0}' at 'routingConfig.additionalVersionWeights' "
            "failed to satisfy constraint: Map value must satisfy constraint: "
            "[Member must have value less than or equal to 1.0, Member must have value greater than or "
            "equal to 0.0, Member must not be null]",
            400,
        ),
    ),
    (
        {"RoutingConfig": {"AdditionalVersionWeights": {"$LATEST": 0.5}}},
        (
            "ValidationException",
            "1 validation error detected: Value '{$LATEST=0.5}' at 'routingConfig.additionalVersionWeights' "
            "failed to satisfy constraint: Map keys must satisfy constraint: "
            "[Member must have length less than or equal to 1024, Member must have length greater than "
            "or equal "
            "to 1, Member must satisfy regular expression pattern: [0-9]+]",
            400,
        ),
    ),
    (
        {"Name": "2024"},
        (
            "ValidationException",
            "1 validation error detected: Value '2024' at 'name' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)",
            400,
        ),
    ),
    ({"Name": "taken"}, (CONFLICT, f"Alias already exists: {ARN}:taken", 409)),
    ({"FunctionName": "nobody"}, (MISSING, f"Function not found: {FUNCTION_ARN}:nobody:1", 404)),
]


@pytest.mark.parametrize(("change", "error"), WRONG, ids=[str(n) for n in range(len(WRONG))])
def test_a_wrong_alias(change: dict[str, Any], error: tuple[str, str, int], two_versions: Any) -> None:
    two_versions.create_alias(FunctionName="orders", Name="taken", FunctionVersion="$LATEST")
    wanted = {"FunctionName": "orders", "Name": "live", "FunctionVersion": "1"} | change
    assert refused(two_versions.create_alias, **wanted) == error


def test_a_missing_alias_has_two_sentences(two_versions: Any) -> None:
    arguments = {"FunctionName": "orders", "Name": "nope"}
    assert refused(two_versions.get_alias, **arguments) == (
        MISSING,
        f"Cannot find alias arn: {ARN}:nope",
        404,
    )
    assert refused(two_versions.update_alias, **arguments) == (MISSING, f"Alias not found: {ARN}:nope", 404)


def test_a_stale_revision_stops_an_alias_update(two_versions: Any) -> None:
    two_versions.create_alias(FunctionName="orders", Name="live", FunctionVersion="1")
    code, message, status = refused(
        two_versions.update_alias, FunctionName="orders", Name="live", RevisionId="wrong"
    )
    assert (code, status) == ("PreconditionFailedException", 412)
    assert message.endswith("Call the GetFunction/GetAlias API to retrieve the latest Revision Id")


def test_aliases_are_listed_by_name_and_by_version(two_versions: Any) -> None:
    for name, version in (("b", "1"), ("a", "1"), ("c", "2")):
        two_versions.create_alias(FunctionName="orders", Name=name, FunctionVersion=version)
    listed = two_versions.list_aliases(FunctionName="orders")["Aliases"]
    assert [alias["Name"] for alias in listed] == ["a", "b", "c"]
    of_one = two_versions.list_aliases(FunctionName="orders", FunctionVersion="1")["Aliases"]
    assert [alias["Name"] for alias in of_one] == ["a", "b"]
    pages = two_versions.get_paginator("list_aliases").paginate(
        FunctionName="orders", PaginationConfig={"PageSize": 1}
    )
    assert [alias["Name"] for page in pages for alias in page["Aliases"]] == ["a", "b", "c"]

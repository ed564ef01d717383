"""What DynamoDB does not take: names, sizes of batches, and placeholders that nobody has defined."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.config import Config

UNCHECKED = Config(parameter_validation=False, retries={"total_max_attempts": 1})
TABLE = "requests"
NEW = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
KEY, ONE = {"id": {"S": "x"}}, {":v": {"S": "1"}}
PUT = {"PutRequest": {"Item": KEY}}


@pytest.fixture(scope="module")
def dynamodb(cloud: Any) -> Any:
    dynamodb = cloud.client("dynamodb", config=UNCHECKED)
    dynamodb.create_table(TableName=TABLE, **NEW)
    return dynamodb


ROWS: list[tuple[str, dict[str, Any], str]] = [
    ("create_table", {**NEW, "TableName": "ab"}, "at least 3 characters long"),
    ("create_table", {**NEW, "TableName": "two words"}, "Value 'two words' at 'tableName' failed"),
    ("create_table", {**NEW, "BillingMode": "FREE"}, "Value 'FREE' at 'billingMode' failed"),
    ("batch_write_item", {"RequestItems": {TABLE: [PUT] * 26}}, "at 'requestItems' failed"),
    ("transact_write_items", {"TransactItems": []}, "Value '[]' at 'transactItems' failed"),
    ("query", {"KeyConditionExpression": "id = :v", "ExpressionAttributeValues": ONE, "Limit": 0},
     "Value '0' at 'limit' failed"),
    ("put_item", {"Item": KEY, "ConditionExpression": "id = :v"},
     "Invalid ConditionExpression: An expression attribute value used in expression is not defined; "
     "attribute value: :v"),
    ("update_item", {"Key": KEY, "UpdateExpression": "SET #n = :v", "ExpressionAttributeValues": ONE},
     "Invalid UpdateExpression: An expression attribute name used in the document path is not defined; "
     "attribute name: #n"),
    ("put_item", {"Item": KEY, "ExpressionAttributeValues": ONE},
     "Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}"),
    ("put_item", {"Item": KEY, "ConditionExpression": "attribute_not_exists(id"},
     "Invalid ConditionExpression: Syntax error"),
    ("execute_statement", {"Statement": "nonsense"}, "Invalid Statement: Syntax error"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("operation", "params", "message"), ROWS, ids=[f"{number}-{row[0]}" for number, row in enumerate(ROWS)]
)
def test_a_request_is_refused(dynamodb: Any, operation: str, params: dict[str, Any], message: str) -> None:
    """ValidationException, not a failure of the server."""
    named = (
        {}
        if operation in ("batch_write_item", "transact_write_items", "execute_statement")
        else {"TableName": TABLE}
    )
    with pytest.raises(dynamodb.exceptions.ClientError) as raised:
        getattr(dynamodb, operation)(**{**named, **params})
    error = raised.value.response["Error"]
    assert error["Code"] == "ValidationException" and message in error["Message"]

"""The AWS SDK for JavaScript v3 inside Node.js functions: real clients, this cloud, both module systems."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from labkit.runtime.languages import cache, node, node_sdk, node_wheel

PLACE = cache.place(Path("nowhere"))
RUNTIMES = [f"nodejs{major}.x" for major in node_wheel.VERSIONS]
pytestmark = pytest.mark.skipif(
    not node_sdk.installed(PLACE) or any(node.available(name, PLACE).note for name in RUNTIMES),
    reason="set-up fetches Node.js and its AWS SDK when there is a network",
)
NAMES = {
    "@aws-sdk/client-dynamodb": "DynamoDBClient",
    "@aws-sdk/lib-dynamodb": "DynamoDBDocumentClient, PutCommand, GetCommand",
    "@aws-sdk/client-s3": "S3Client, PutObjectCommand, GetObjectCommand",
    "@aws-sdk/client-sqs": "SQSClient, SendMessageCommand",
    "@aws-sdk/client-lambda": "LambdaClient, InvokeCommand",
}
HANDLER = """
    const table = DynamoDBDocumentClient.from(new DynamoDBClient());
    const s3 = new S3Client(), sqs = new SQSClient(), lambda = new LambdaClient();
    const work = async ({ name, queue }) => {
      await table.send(new PutCommand({ TableName: name, Item: { id: "a", tags: ["x"], width: 12.5 } }));
      const { Item } = await table.send(new GetCommand({ TableName: name, Key: { id: "a" } }));
      await s3.send(new PutObjectCommand({ Bucket: name, Key: "ü/ö.txt", Body: "hello" }));
      const object = await s3.send(new GetObjectCommand({ Bucket: name, Key: "ü/ö.txt" }));
      await sqs.send(new SendMessageCommand({ QueueUrl: queue, MessageBody: JSON.stringify(Item) }));
      const FunctionName = process.env.AWS_LAMBDA_FUNCTION_NAME;
      const Payload = JSON.stringify({ leaf: 1 });
      const called = await lambda.send(new InvokeCommand({ FunctionName, Payload }));
      return [Item, await object.Body.transformToString(), JSON.parse(Buffer.from(called.Payload))];
    };
    const handle = async (event) => event.leaf ? process.version : await work(event);
"""
ESM = "".join(f'import {{ {names} }} from "{package}";\n' for package, names in NAMES.items())
CJS = "".join(f'const {{ {names} }} = require("{package}");\n' for package, names in NAMES.items())
SOURCES = {
    "ES modules": {"app.mjs": f"{ESM}{HANDLER}\nexport const handler = handle;"},
    "CommonJS": {"app.js": f"{CJS}{HANDLER}\nexports.handler = handle;"},
}


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("system", SOURCES)
def test_the_clients_of_the_sdk_reach_the_cloud(cloud: Any, make: Any, system: str, runtime: str) -> None:
    """DynamoDB's document client, S3, SQS and Lambda, signed with the role's credentials."""
    name = f"node-{uuid.uuid4().hex[:8]}"
    cloud.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    cloud.client("s3").create_bucket(Bucket=name)
    sqs = cloud.client("sqs")
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    function = make(SOURCES[system], Runtime=runtime, Timeout=60)
    function.allow(["dynamodb:*Item", "s3:*Object", "sqs:SendMessage", "lambda:InvokeFunction"])
    item = {"id": "a", "tags": ["x"], "width": 12.5}
    [seen, text, version] = function.invoke({"name": name, "queue": queue})["Payload"]
    assert (seen, text) == (item, "hello")
    assert version.startswith(f"v{runtime.removeprefix('nodejs').removesuffix('.x')}.")
    [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"]) == item


def test_a_client_that_is_not_here_is_named(make: Any) -> None:
    """AWS's image has every client, the local cloud those that are asked for most: it says what to do."""
    source = 'import "@aws-sdk/client-athena"; export const handler = async () => 1;'
    message = make({"app.mjs": source}, Runtime="nodejs24.x").invoke()["Payload"]["errorMessage"]
    assert "@aws-sdk/client-athena" in message
    assert message.endswith("npm install @aws-sdk/client-athena")

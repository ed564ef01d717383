"""Resource policies that moto keeps: of queues, topics, buckets, secrets, keys, tables and event buses."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from labkit.localcloud.lessons import present


def stored_resource_policy(arn: str, account_id: str) -> str | None:
    """The policy of a queue, topic, bucket, secret, key, table or event bus; None when it has none."""
    parts = arn.split(":", 5)
    reader = _POLICIES.get(parts[2]) if len(parts) == 6 else None
    if reader is None:
        return None
    try:
        state = present(parts[2], account_id, parts[3] or "aws")
    except KeyError:
        return None  # no such Region
    if state is None:
        return None
    policy = reader(state, parts[5], arn)
    if isinstance(policy, bytes):
        return policy.decode()
    return policy if policy is None or isinstance(policy, str) else json.dumps(policy)


def _queue_policy(state: Any, name: str, arn: str) -> Any:
    held = state.queues.get(name)
    return held.policy if held else None


def _topic_policy(state: Any, name: str, arn: str) -> Any:
    held = state.topics.get(arn)
    return held.policy if held else None


def _bucket_policy(state: Any, name: str, arn: str) -> Any:
    held = state.buckets.get(name.partition("/")[0])
    return held.policy if held else None


def _secret_policy(state: Any, name: str, arn: str) -> Any:
    held = state.secrets.get(arn)
    return getattr(held, "policy", None)


def _key_policy(state: Any, name: str, arn: str) -> Any:
    held = state.keys.get(name.removeprefix("key/"))
    return held.policy if held else None


def _table_policy(state: Any, name: str, arn: str) -> Any:
    table = "/".join(arn.split("/")[:2])
    held = state.resource_policies.get(table)
    return held.policy_doc if held else None


def _bus_policy(state: Any, name: str, arn: str) -> Any:
    held = state.event_buses.get(name.removeprefix("event-bus/"))
    return held.policy if held else None


def _logs_policy(state: Any, name: str, arn: str) -> Any:
    """CloudWatch Logs has no policy of one group; the statements of all of a Region count together."""
    held = [json.loads(policy.policy_document) for policy in list(state.resource_policies.values())]
    statements = [
        statement
        for document in held
        for statement in (
            document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
        )
    ]
    return {"Version": "2012-10-17", "Statement": statements} if statements else None


_POLICIES: dict[str, Callable[[Any, str, str], Any]] = {
    "sqs": _queue_policy,
    "sns": _topic_policy,
    "s3": _bucket_policy,
    "secretsmanager": _secret_policy,
    "kms": _key_policy,
    "dynamodb": _table_policy,
    "events": _bus_policy,
    "logs": _logs_policy,
}

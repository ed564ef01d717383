"""The six faults of the break-it game, and how a part is brought back. Each is a few API calls."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from labkit import deploy
from labkit.library import code
from labkit.session import Lab

POISON = ('{"order_id": "order-0", "photo_id": "pier", "copies": 0}', '{"order_id": "order-0"', "[]")
LIVE = "live"
NOTIFIED = "LambdaFunctionConfigurations"


@dataclass(frozen=True)
class Part:
    """A part of the photo library that can be broken.

    Attributes:
        name: of its function, without the lab's prefix.
        needs: the API action without which it cannot do its work.
        complaint: what people notice.
    """

    name: str
    needs: str
    complaint: str


def permission(lab: Lab, part: Part, chance: random.Random) -> None:
    """The role no longer allows what the part needs: the action is missing, or it is for something else."""
    resource = chance.choice((True, False))
    for role, name, document in _policies(lab, part):
        for statement in document["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            if part.needs not in actions:
                continue
            if resource:
                statement["Resource"] = f"{statement['Resource']}-old"
            else:
                kept = [one for one in actions if one != part.needs]
                statement["Action"] = kept or [f"{part.needs.partition(':')[0]}:ListTagsForResource"]
            _put_policy(lab, role, name, document)


def timeout(lab: Lab, part: Part, chance: random.Random) -> None:
    """A new release takes a second and a half, and the function may run for one."""
    _release(lab, part, "slow", Timeout=1)


def memory(lab: Lab, part: Part, chance: random.Random) -> None:
    """A new release holds 160 MB, and the function has 128."""
    _release(lab, part, "large", MemorySize=128)


def throttled(lab: Lab, part: Part, chance: random.Random) -> None:
    """Reserved concurrency of zero: the function is switched off."""
    lab.client("lambda").put_function_concurrency(
        FunctionName=lab.name(part.name), ReservedConcurrentExecutions=0
    )


def poison(lab: Lab, part: Part, chance: random.Random) -> None:
    """A message that always fails, and a queue that no longer knows where such messages go."""
    lab.client("sqs").set_queue_attributes(
        QueueUrl=queue_url(lab, "orders"), Attributes={"RedrivePolicy": ""}
    )
    sent(lab, "orders", chance.choice(POISON))


def recursion(lab: Lab, part: Part, chance: random.Random) -> None:
    """The notification has lost its prefix, and the role may read thumbnails: each one makes another."""
    bucket = lab.name("uploads")
    for role, name, document in _policies(lab, part):
        for statement in document["Statement"]:
            if "s3:GetObject" in statement["Action"]:
                statement["Resource"] = f"arn:aws:s3:::{bucket}/*"
                _put_policy(lab, role, name, document)
    told = _notification(lab)
    for one in told[NOTIFIED]:
        one["Filter"] = {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".png"}]}}
    lab.client("s3").put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=told)


def snapshot(lab: Lab, part: Part) -> dict[str, Any]:
    """What `restore` needs to know of a part. JSON."""
    lambda_, name = lab.client("lambda"), lab.name(part.name)
    known = configuration(lab, part.name)
    kept: dict[str, Any] = {
        "policies": _policies(lab, part),
        "settings": {key: known[key] for key in ("Handler", "Timeout", "MemorySize")},
        "reserved": lambda_.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions"),
    }
    with suppress(lambda_.exceptions.ResourceNotFoundException):
        kept["live"] = lambda_.get_alias(FunctionName=name, Name=LIVE)["FunctionVersion"]
    if part.name == "work-orders":
        kept["redrive"] = _attributes(lab, "orders").get("RedrivePolicy", "")
    if part.name == "thumbnail":
        kept["notification"] = _notification(lab)
    return kept


def restore(lab: Lab, part: Part, kept: dict[str, Any]) -> None:
    """Brings a part back to its snapshot, whatever was done to it since."""
    lambda_, name = lab.client("lambda"), lab.name(part.name)
    for role, policy, document in kept["policies"]:
        _put_policy(lab, role, policy, document)
    if kept["reserved"] is None:
        lambda_.delete_function_concurrency(FunctionName=name)
    else:
        lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=kept["reserved"])
    _configure(lab, part, **kept["settings"])
    if "live" in kept:
        lambda_.update_alias(FunctionName=name, Name=LIVE, FunctionVersion=kept["live"])
    if "redrive" in kept:
        url = queue_url(lab, "orders")
        lab.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": kept["redrive"]})
    if "notification" in kept:
        lab.client("s3").put_bucket_notification_configuration(
            Bucket=lab.name("uploads"), NotificationConfiguration=kept["notification"]
        )


def configuration(lab: Lab, base: str) -> dict[str, Any]:
    """The configuration of a function of the library."""
    return dict(lab.client("lambda").get_function_configuration(FunctionName=lab.name(base)))


def called(lab: Lab, base: str, event: Any) -> None:
    """Calls a function as its callers do, behind its alias if it has one. What it answers does not matter."""
    lambda_, name = lab.client("lambda"), lab.name(base)
    qualifier = {}
    with suppress(lambda_.exceptions.ResourceNotFoundException):
        lambda_.get_alias(FunctionName=name, Name=LIVE)
        qualifier = {"Qualifier": LIVE}
    # Event: a throttled function must not hold anybody up here, and the SDK would try again and again.
    kind = "Event" if base == "clean-up" else "RequestResponse"
    with suppress(ClientError):
        lambda_.invoke(
            FunctionName=name, InvocationType=kind, Payload=json.dumps(event).encode(), **qualifier
        )


def sent(lab: Lab, queue: str, body: str) -> None:
    """Sends a message to one of the lab's queues."""
    lab.client("sqs").send_message(QueueUrl=queue_url(lab, queue), MessageBody=body)


def queue_url(lab: Lab, queue: str) -> str:
    """The address of one of the lab's queues."""
    return str(lab.client("sqs").get_queue_url(QueueName=lab.name(queue))["QueueUrl"])


def _release(lab: Lab, part: Part, release: str, **settings: Any) -> None:
    """Deploys a new release of a part: its own code with another handler around it."""
    lambda_, name = lab.client("lambda"), lab.name(part.name)
    folder = code.folder(part.name.replace("-", "_"))
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    files["release.py"] = (code.folder("releases") / f"{release}.py").read_bytes()
    lambda_.update_function_code(FunctionName=name, ZipFile=deploy.package(files))
    lab.wait("lambda", "function_updated_v2", FunctionName=name)
    _configure(lab, part, Handler="release.handler", **settings)
    with suppress(lambda_.exceptions.ResourceNotFoundException):
        lambda_.get_alias(FunctionName=name, Name=LIVE)
        version = lambda_.publish_version(FunctionName=name)["Version"]
        lambda_.update_alias(FunctionName=name, Name=LIVE, FunctionVersion=version)


def _configure(lab: Lab, part: Part, **settings: Any) -> None:
    name = lab.name(part.name)
    lab.client("lambda").update_function_configuration(FunctionName=name, **settings)
    lab.wait("lambda", "function_updated_v2", FunctionName=name)


def _policies(lab: Lab, part: Part) -> list[tuple[str, str, Any]]:
    """(role, policy, document) of each inline policy of a part's role."""
    iam, role = lab.client("iam"), configuration(lab, part.name)["Role"].rpartition("/")[2]
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return [
        (role, name, iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]) for name in names
    ]


def _put_policy(lab: Lab, role: str, name: str, document: Any) -> None:
    lab.client("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def _attributes(lab: Lab, queue: str) -> dict[str, str]:
    sqs, url = lab.client("sqs"), queue_url(lab, queue)
    return dict(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]).get("Attributes", {}))


def _notification(lab: Lab) -> dict[str, Any]:
    told = lab.client("s3").get_bucket_notification_configuration(Bucket=lab.name("uploads"))
    return {key: value for key, value in told.items() if key != "ResponseMetadata"}

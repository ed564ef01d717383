"""Answers to exercise 02.7: the secret."""

from __future__ import annotations

from labkit.checks.create.secret import PLANTED_VALUE, PLANTED_VARIABLE
from tests.wrong_answers.world import READ_KEY, SHARE_PHOTO, World, allow, policy, right, wrong

FROM_VARIABLE = SHARE_PHOTO.replace(READ_KEY, f'os.environ["{PLANTED_VARIABLE}"]')
IN_CODE = SHARE_PHOTO.replace(READ_KEY, repr(PLANTED_VALUE))
EACH_TIME = """
import hashlib, hmac, json, os
import boto3
ssm = boto3.client("ssm")
def handler(event, context):
    key = ssm.get_parameter(Name=os.environ["KEY_NAME"], WithDecryption=True)["Parameter"]["Value"]
    signed = hmac.new(key.encode(), event["photo_id"].encode(), hashlib.sha256).hexdigest()
    return {"statusCode": 200, "body": json.dumps({"link": signed})}
"""
EACH_TIME_IN_A_FUNCTION = """
import json, os
import boto3
ssm = boto3.client("ssm")
def key():
    found = ssm.get_parameter(Name=os.environ["KEY_NAME"], WithDecryption=True)
    return found["Parameter"]["Value"]
def handler(event, context):
    return {"statusCode": 200, "body": json.dumps({"link": key()[:1] + event["photo_id"]})}
"""
KEPT_BY_A_FUNCTION = EACH_TIME_IN_A_FUNCTION.replace(
    """    found = ssm""",
    """    global kept
    try:
        return kept
    except NameError:
        kept = ask()
        return kept
def ask():
    found = ssm""",
)
CACHED_FUNCTION = """
import functools, json, os
import boto3
@functools.cache
def key():
    return boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SECRET_ARN"])["SecretString"]
def handler(event, context):
    return {"statusCode": 200, "body": json.dumps({"link": str(hash(key() + event["photo_id"]))})}
"""
GUARDED = """
import json, os
import boto3
cache = {}
def handler(event, context):
    if "key" not in cache:
        found = boto3.client("ssm").get_parameter(Name=os.environ["KEY_NAME"], WithDecryption=True)
        cache["key"] = found["Parameter"]["Value"]
    return {"statusCode": 200, "body": json.dumps({"link": cache["key"][:1] + event["photo_id"]})}
"""


def share(world: World, code: str, environment: dict[str, str], *, may_read: bool = True) -> str:
    name = world.name("signing-key")
    region = "us-east-1:123456789012"
    statement = allow(
        ["ssm:GetParameter", "secretsmanager:GetSecretValue"],
        [f"arn:aws:ssm:{region}:parameter/{name}", f"arn:aws:secretsmanager:{region}:secret:{name}*"],
    )
    role = world.role(*([policy(statement)] if may_read else []), base="share-photo-role")
    return world.function("share-photo", code, role, environment, Timeout=10)


def store(world: World, kind: str = "SecureString") -> str:
    name = world.name("signing-key")
    world.client("ssm").put_parameter(Name=name, Value=PLANTED_VALUE, Type=kind)
    return name


@wrong("02.7", "nothing was done", f"the variable {PLANTED_VARIABLE} of .* holds the secret in clear text")
def _(world: World) -> None:
    share(world, FROM_VARIABLE, {PLANTED_VARIABLE: PLANTED_VALUE})


@wrong("02.7", "another secret in a variable", "DB_PASSWORD of .* looks like a secret")
def _(world: World) -> None:
    share(world, SHARE_PHOTO, {"KEY_NAME": store(world), "DB_PASSWORD": "hunter2"})


@wrong("02.7", "stored, but the variable stays", "holds the secret in clear text")
def _(world: World) -> None:
    share(world, SHARE_PHOTO, {"KEY_NAME": store(world), "OLD": PLANTED_VALUE})


@wrong("02.7", "moved into the code", "the secret stands in app.py")
def _(world: World) -> None:
    store(world)
    share(world, IN_CODE, {})


@wrong("02.7", "stored without encryption", "is of type String")
def _(world: World) -> None:
    share(world, SHARE_PHOTO, {"KEY_NAME": store(world, "String")})


@wrong("02.7", "stored nowhere", "carries no secret, and no parameter or secret of the lab holds one")
def _(world: World) -> None:
    share(world, "def handler(event, context):\n    return {'statusCode': 200, 'body': ''}\n", {})


@wrong("02.7", "the role may not read it", "Allow its role exactly that: Action ssm:GetParameter")
def _(world: World) -> None:
    share(world, SHARE_PHOTO, {"KEY_NAME": store(world)}, may_read=False)


@wrong("02.7", "the code still wants the variable", f"KeyError: '?{PLANTED_VARIABLE}")
def _(world: World) -> None:
    store(world)
    share(world, FROM_VARIABLE, {})


@wrong("02.7", "the store is asked in every call", "calls get_parameter in every invocation")
def _(world: World) -> None:
    share(world, EACH_TIME, {"KEY_NAME": store(world)})


@wrong("02.7", "the same in a function of its own", "handler calls get_parameter in every invocation")
def _(world: World) -> None:
    share(world, EACH_TIME_IN_A_FUNCTION, {"KEY_NAME": store(world)})


@wrong("02.7", "the encrypted text is taken for the key", "get_parameter without WithDecryption")
def _(world: World) -> None:
    share(world, EACH_TIME.replace(", WithDecryption=True", ""), {"KEY_NAME": store(world)})


@wrong("02.7", "an old version still has it", "the variable SIGNING_KEY of version 1")
def _(world: World) -> None:
    name = share(world, FROM_VARIABLE, {PLANTED_VARIABLE: PLANTED_VALUE})
    world.client("lambda").publish_version(FunctionName=name)
    world.update(name, SHARE_PHOTO)
    world.configure(name, Environment={"Variables": {"KEY_NAME": store(world)}})


@right("02.7", "Parameter Store, read at module level", "there is the parameter case")
def _(world: World) -> None:
    share(world, SHARE_PHOTO, {"KEY_NAME": store(world)})


@right("02.7", "Secrets Manager, in a cached function", "there is the secret case")
def _(world: World) -> None:
    made = world.client("secretsmanager").create_secret(
        Name=world.name("signing-key"), SecretString=PLANTED_VALUE
    )
    share(world, CACHED_FUNCTION, {"SECRET_ARN": made["ARN"]})


@right("02.7", "asked once, when it is needed first")
def _(world: World) -> None:
    share(world, GUARDED, {"KEY_NAME": store(world)})


@right("02.7", "kept by a function that asks once")
def _(world: World) -> None:
    share(world, KEPT_BY_A_FUNCTION, {"KEY_NAME": store(world)})

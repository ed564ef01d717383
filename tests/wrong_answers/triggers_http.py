"""Answers to exercises 03.1 and 03.8: the doors for HTTP."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from labkit import deploy
from labkit.library import parts, triggers
from tests.wrong_answers.world import SHARED, World, right, wrong

SHARED.update(("03.1", "03.8"))

KEY = "GET /photos/{photo_id}"
CORS = {"AllowOrigins": ["https://photos.example"], "AllowMethods": ["GET"]}
SEND = {
    "IntegrationType": "AWS_PROXY",
    "IntegrationSubtype": "SQS-SendMessage",
    "PayloadFormatVersion": "1.0",
}


def without_apis(world: World) -> None:
    """Deletes the HTTP APIs of the answers before."""
    apis = world.client("apigatewayv2")
    for one in apis.get_apis()["Items"]:
        if one["Name"].startswith(world.lab.prefix):
            apis.delete_api(ApiId=one["ApiId"])


def library(world: World) -> str:
    """What phase 02 leaves, without API and permission; the ARN of the alias."""
    world.once(parts.table)
    world.once(parts.get_photo)
    without_apis(world)
    lambda_ = world.client("lambda")
    for qualifier in ({}, {"Qualifier": "live"}):
        with suppress(lambda_.exceptions.ResourceNotFoundException):
            lambda_.remove_permission(FunctionName=world.name("get-photo"), StatementId="api", **qualifier)
    return str(lambda_.get_alias(FunctionName=world.name("get-photo"), Name="live")["AliasArn"])


def api(world: World, target: str, key: str = KEY, cors: dict[str, Any] | None = CORS) -> str:
    """An HTTP API; its id."""
    settings = {"CorsConfiguration": cors} if cors else {}
    return str(deploy.http_api(world.lab, "photos-api", RouteKey=key, Target=target, **settings)["ApiId"])


def permit(world: World, api_id: str, **more: Any) -> None:
    """The permission that the exercise asks for."""
    which = {"SourceArn": f"arn:aws:execute-api:{world.lab.region}:{world.lab.account_id}:{api_id}/*"}
    which |= {"Qualifier": "live", **more}
    which = {name: value for name, value in which.items() if value}
    deploy.permit(world.lab, "get-photo", "api", "apigateway.amazonaws.com", **which)


@wrong("03.1", "no API", "the lab has no HTTP API")
def _(world: World) -> None:
    library(world)


@wrong("03.1", "no permission", "API Gateway may not call .*:live: so it answers 500")
def _(world: World) -> None:
    api(world, library(world))


@wrong("03.1", "the permission is attached to the function", "the permission is attached to .*get-photo, and")
def _(world: World) -> None:
    permit(world, api(world, library(world)), Qualifier=None)


@wrong("03.1", "every API may call", "may be called by every API")
def _(world: World) -> None:
    permit(world, api(world, library(world)), SourceArn=None)


@wrong("03.1", "the newest code instead of the alias", "every update of its code is live at once")
def _(world: World) -> None:
    api(world, library(world).removesuffix(":live"))


@wrong("03.1", "an alias that is not there", "get-photo:life, which is not there")
def _(world: World) -> None:
    api(world, library(world).removesuffix("live") + "life")


@wrong("03.1", "the variable has another name", "calls its variable 'id'")
def _(world: World) -> None:
    permit(world, api(world, library(world), key="GET /photos/{id}"))


@wrong("03.1", "no CORS", "is told nothing about CORS")
def _(world: World) -> None:
    permit(world, api(world, library(world), cors=None))


@wrong("03.1", "CORS for everybody", "pages from everywhere may read")
def _(world: World) -> None:
    permit(world, api(world, library(world), cors={**CORS, "AllowOrigins": ["*"]}))


@right("03.1", "as the solution has it", "photos-api answers in .* ms from .*get-photo:live")
def _(world: World) -> None:
    permit(world, api(world, library(world)))


@right("03.1", "CORS with an origin only: a plain GET asks for no more", "photos-api answers")
def _(world: World) -> None:
    permit(world, api(world, library(world), cors={"AllowOrigins": CORS["AllowOrigins"]}))


@right("03.1", "step by step, payload 1.0, any method, a named stage, another name", "ANY /photos/{photo_id}")
def _(world: World) -> None:
    live, apis = library(world), world.client("apigatewayv2")
    made = apis.create_api(
        Name=world.name("library"), ProtocolType="HTTP", CorsConfiguration={**CORS, "AllowMethods": ["*"]}
    )
    which = {"ApiId": made["ApiId"]}
    integration = apis.create_integration(
        **which, IntegrationType="AWS_PROXY", IntegrationUri=live, PayloadFormatVersion="1.0"
    )
    target = f"integrations/{integration['IntegrationId']}"
    apis.create_route(**which, RouteKey="ANY /photos/{photo_id}", Target=target)
    apis.create_stage(**which, StageName="prod", AutoDeploy=True)
    permit(world, made["ApiId"])


def orders(world: World) -> None:
    """The queue and who works it off, without an API."""
    world.once(triggers.orders)
    without_apis(world)


def door(world: World, service: str = "apigateway.amazonaws.com", **changes: Any) -> None:
    """``POST /orders`` in front of the queue, but for what is given."""
    orders(world)
    url, arn = deploy.queue(world.lab, "orders")
    may = changes.pop("may", deploy.allow("sqs:SendMessage", arn))
    apis = world.client("apigatewayv2")
    which = {"ApiId": apis.create_api(Name=world.name("orders-api"), ProtocolType="HTTP")["ApiId"]}
    made = apis.create_integration(
        **which,
        CredentialsArn=deploy.role(world.lab, "door-role", may, service=service),
        RequestParameters={
            "QueueUrl": changes.get("url", url),
            "MessageBody": changes.get("body", "$request.body"),
        },
        **SEND,
    )
    target = f"integrations/{made['IntegrationId']}"
    apis.create_route(**which, RouteKey=changes.get("key", "POST /orders"), Target=target)
    apis.create_stage(**which, StageName="$default", AutoDeploy=True)


@wrong("03.8", "no route", "has the route POST /orders; there are: none")
def _(world: World) -> None:
    orders(world)


@wrong("03.8", "the wrong method", "there are: PUT /orders")
def _(world: World) -> None:
    door(world, key="PUT /orders")


@wrong("03.8", "a function in between", "calls the function .*: the customer waits for it")
def _(world: World) -> None:
    orders(world)
    function = world.client("lambda").get_function_configuration(FunctionName=world.name("work-orders"))
    deploy.http_api(world.lab, "orders-api", RouteKey="POST /orders", Target=function["FunctionArn"])


@wrong("03.8", "the ARN of the queue for its address", "which is no address")
def _(world: World) -> None:
    door(world, url=deploy.queue(world.lab, "orders")[1])


@wrong("03.8", "only a part of the order", r"the message would be '\$request.body.order_id'")
def _(world: World) -> None:
    door(world, body="$request.body.order_id")


@wrong("03.8", "a role for Lambda", "can be assumed by lambda.amazonaws.com, and not by API Gateway")
def _(world: World) -> None:
    door(world, service="lambda.amazonaws.com")


@wrong("03.8", "a role that may only read", "may not send messages to")
def _(world: World) -> None:
    door(world, may=deploy.allow("sqs:ReceiveMessage", "*"))


@right("03.8", "as the solution has it", "POST /orders of .* answered in .* ms, and the order was done")
def _(world: World) -> None:
    door(world)


@right("03.8", "any method, a role that may send anywhere", "ANY /orders")
def _(world: World) -> None:
    door(world, key="ANY /orders", may=deploy.allow("sqs:*", "*"))

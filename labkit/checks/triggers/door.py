"""03.8: an order is taken at once; the queue keeps it, a function works it off later."""

from __future__ import annotations

import re

from labkit.checks.functions import find
from labkit.checks.look import Look, NotYet
from labkit.checks.registry import check
from labkit.checks.roles import allows, trusted
from labkit.checks.triggers.effects import Effect
from labkit.checks.triggers.queue import ordered
from labkit.checks.triggers.web import Reply, Route, address, fetch, routes

SERVICE = "apigateway.amazonaws.com"
WANTED = re.compile(r"(POST|ANY) /orders")
EXPECTED = "POST /orders, which puts the body into the queue orders without a function"


@check("03.8", title="An order is answered at once and worked off later")
def door(look: Look) -> str:
    """Route, integration, role; then an order through the door."""
    route = _route(look)
    _integration(route)
    _role(look, route)
    answered: list[str] = []

    def send(body: str) -> None:
        effect = Effect(look)
        _post(look, route, body)
        answered.append(effect.took)

    done = ordered(look, find(look, "work-orders"), send)
    return f"{route.key} of {route.api_name} answered in {answered[0]}, and the order was done after {done}"


def _post(look: Look, route: Route, body: str) -> None:
    """Sends an order, once more while a role that is seconds old is not known yet."""
    replies: list[Reply] = []

    def taken() -> bool:
        replies.append(
            fetch(f"{address(route)}/orders", "POST", body, **{"Content-Type": "application/json"})
        )
        return replies[-1].status < 300

    if not look.eventually(taken):
        raise NotYet(
            f"POST /orders answered {replies[-1].status}: {replies[-1].body[:120]}",
            "status 200, and a MessageId from SQS",
            "RequestParameters needs QueueUrl and MessageBody; the role may send to that queue.",
        )


def _route(look: Look) -> Route:
    found = routes(look)
    if fitting := [route for route in found if WANTED.fullmatch(route.key)]:
        return fitting[0]
    keys = ", ".join(route.key for route in found)
    raise NotYet(
        f"no HTTP API of the lab has the route POST /orders; there are: {keys or 'none'}",
        EXPECTED,
        "apis.create_integration with IntegrationSubtype='SQS-SendMessage', then apis.create_route.",
    )


def _integration(route: Route) -> None:
    if route.target:
        raise NotYet(
            f"{route.key} calls the function {route.target[0]}: the customer waits for it",
            EXPECTED,
            "Give the route an integration with IntegrationSubtype='SQS-SendMessage': update_route changes "
            "its Target.",
        )
    if not route.integration:
        raise NotYet(
            f"{route.key} leads nowhere: its target is no integration of {route.api_name}",
            EXPECTED,
            "apis.update_route(**door, RouteId=…, Target='integrations/<IntegrationId>').",
        )
    parameters = route.integration.get("RequestParameters", {})
    if route.integration.get("IntegrationSubtype") != "SQS-SendMessage":
        raise NotYet(
            f"{route.key} leads to no queue",
            EXPECTED,
            "Give it an integration with the subtype SQS-SendMessage: update_route changes its Target.",
        )
    url = str(parameters.get("QueueUrl", ""))
    if not url.startswith("http"):
        raise NotYet(
            f"QueueUrl is {url!r}, which is no address",
            "the address of the queue",
            "The address is what get_queue_url and deploy.queue give; an ARN is something else. "
            "update_integration changes RequestParameters.",
        )
    body = parameters.get("MessageBody", "")
    if body != "$request.body":
        raise NotYet(
            f"the message would be {body!r}",
            "the whole body of the request",
            "Set MessageBody to '$request.body' in RequestParameters (update_integration).",
        )


def _role(look: Look, route: Route) -> None:
    name = str(route.integration["CredentialsArn"]).rpartition("/")[2]
    if SERVICE not in (who := trusted(look, name)):
        raise NotYet(
            f"{name} can be assumed by {', '.join(sorted(who)) or 'nobody'}, and not by API Gateway",
            f"a role that {SERVICE} may assume",
            f"labkit.deploy.role(lab, …, service='{SERVICE}').",
        )
    queue = str(route.integration["RequestParameters"]["QueueUrl"]).rstrip("/").rpartition("/")[2]
    arn = f"arn:aws:sqs:{look.lab.region}:{look.lab.account_id}:{queue}"
    if not any(one.allows("sqs:SendMessage") and one.covers(arn) for one in allows(look, name)):
        raise NotYet(
            f"{name} may not send messages to {queue}",
            f"sqs:SendMessage on {arn}",
            "Give the role of the integration (CredentialsArn) that permission.",
        )

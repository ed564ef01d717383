"""03.1: an HTTP API answers for photos, may call the function, and tells browsers who may read."""

from __future__ import annotations

import json
import re

from labkit.checks.look import Look, NotYet
from labkit.checks.photos import Photo, Table, find_table, photo_in, unknown
from labkit.checks.registry import check
from labkit.checks.triggers.effects import Effect
from labkit.checks.triggers.policies import permissions
from labkit.checks.triggers.web import Reply, Route, address, fetch, routes

KEY = "GET /photos/{photo_id}"
WANTED = re.compile(r"(GET|ANY) /photos/\{(?P<variable>[^}+]+)\+?\}")
SERVICE = "apigateway.amazonaws.com"
NAMED = "whose name begins with {}"
ORIGIN, STRANGER = "https://photos.example", "https://elsewhere.example"


@check("03.1", title="An HTTP API answers for photos, and says which pages may read")
def api(look: Look) -> str:
    """Route, target, permission, 200 and 404, CORS."""
    route = _route(look)
    function, qualifier = _target(look, route)
    _permission(look, route, function, qualifier)
    table = find_table(look)
    with photo_in(look, table) as photo:
        effect = Effect(look)
        reply = fetch(f"{address(route)}/photos/{photo.id}")
        took = effect.took
        _answered(route, reply, 200, "for a photo that exists")
        _is_the_photo(reply, photo)
    _unknown(route, table)
    _cors(route)
    return f"{route.key} of {route.api_name} answers in {took} from {function}:{qualifier}; CORS is set"


def _route(look: Look) -> Route:
    found = routes(look)
    fitting = [(route, match) for route in found if (match := WANTED.fullmatch(route.key))]
    if not fitting:
        keys = ", ".join(f"{one.key} ({one.api_name})" for one in found)
        seen = f"the lab's HTTP APIs have the routes {keys}" if found else "the lab has no HTTP API"
        step = f"deploy.http_api(lab, 'photos-api', RouteKey='{KEY}', Target=live, CorsConfiguration=…)."
        raise NotYet(seen, f"an HTTP API with the route {KEY}, {NAMED.format(look.prefix)}", step)
    route, match = fitting[0]
    if match["variable"] != "photo_id":
        raise NotYet(
            f"the route {route.key} calls its variable {match['variable']!r}",
            f"{KEY}, because get-photo reads pathParameters['photo_id']",
            "Names of variables in a path are yours to choose, and the handler has to know them: photo_id.",
        )
    return route


def _target(look: Look, route: Route) -> tuple[str, str]:
    if route.target is None:
        raise NotYet(
            f"{route.key} leads to no function",
            "the alias live of get-photo as target",
            "Pass Target=<ARN of the alias> to create_api, or give the route an integration.",
        )
    name, qualifier = route.target
    if qualifier in (None, "$LATEST"):
        raise NotYet(
            f"{route.key} calls {name} itself, so every update of its code is live at once",
            "its alias live",
            "Use the ARN of the alias, which ends with ':live', as target: http_api changes the API that is "
            "there.",
        )
    lambda_ = look.client("lambda")
    try:
        lambda_.get_function_configuration(FunctionName=name, Qualifier=qualifier)
    except lambda_.exceptions.ResourceNotFoundException:
        raise NotYet(
            f"{route.key} calls {name}:{qualifier}, which is not there",
            "the alias live of get-photo",
            "The target is the ARN of an alias that exists. If you deleted the function, the notebook's "
            "first cells (lab.begin) make it again; then give the permission again.",
        ) from None
    return name, str(qualifier)


def _permission(look: Look, route: Route, function: str, qualifier: str) -> None:
    mine = f"arn:aws:execute-api:{look.lab.region}:{look.lab.account_id}:{route.api_id}/$default/GET/photos/x"
    there = permissions(look, function, SERVICE, qualifier)
    expected = f"a statement on {function}:{qualifier} for {SERVICE} and the API {route.api_id}"
    if any(one.source and one.fits(mine) for one in there):
        return
    if any(one.fits(mine) for one in there):
        raise NotYet(
            f"{function}:{qualifier} may be called by every API, whosever it is",
            expected,
            "Add SourceArn='arn:aws:execute-api:<region>:<account>:<api id>/*' to the permission; permit "
            "replaces the statement of the same id.",
        )
    if there:
        raise NotYet(
            f"the permission on {function}:{qualifier} is for {there[0].source}",
            expected,
            f"Permit it for this API, whose ARN begins with {mine.partition('/')[0]}/",
        )
    if permissions(look, function, SERVICE):
        raise NotYet(
            f"the permission is attached to {function}, and the API calls {function}:{qualifier}",
            expected,
            f"A statement counts for what it is attached to: add Qualifier='{qualifier}'.",
        )
    raise NotYet(
        f"API Gateway may not call {function}:{qualifier}: so it answers 500",
        expected,
        f"labkit.deploy.permit(lab, 'get-photo', …, '{SERVICE}', Qualifier='{qualifier}', SourceArn=…).",
    )


def _answered(route: Route, reply: Reply, wanted: int, about: str) -> None:
    if reply.status == wanted:
        return
    step = "Look at the log of the function: it may have failed, or answered so itself."
    if reply.status == 404 and wanted == 200:
        step = "The table that the function reads has the photo. Does the alias point to the right version?"
    raise NotYet(f"{route.key} answered {reply.status} {about}: {reply.body[:120]}", f"status {wanted}", step)


def _is_the_photo(reply: Reply, photo: Photo) -> None:
    try:
        values = json.loads(reply.body).values()
    except (ValueError, AttributeError):
        values = ()
    if photo.id not in values:
        raise NotYet(
            f"the answer is not the photo: {reply.body[:120]}",
            "the photo's attributes as JSON",
            "Let the route call get-photo, which answers with the item of the table.",
        )


def _unknown(route: Route, table: Table) -> None:
    _answered(
        route, fetch(f"{address(route)}/photos/{unknown(table).id}"), 404, "for a photo that does not exist"
    )


def _cors(route: Route) -> None:
    url = f"{address(route)}/photos/any"
    allowed, strange = (fetch(url, Origin=one) for one in (ORIGIN, STRANGER))
    expected = f"CORS that lets pages of {ORIGIN} read, and no others"
    origin = allowed.headers.get("Access-Control-Allow-Origin", "")
    if origin == "*" or strange.headers.get("Access-Control-Allow-Origin"):
        raise NotYet(
            "pages from everywhere may read the answers",
            expected,
            f"AllowOrigins lists who may: ['{ORIGIN}'] instead of ['*'].",
        )
    if origin != ORIGIN:
        raise NotYet(
            f"a browser that asks for {ORIGIN} is told nothing about CORS",
            expected,
            "Set CorsConfiguration with AllowOrigins on the API (update_api for one that is there). Headers "
            "of the handler do not answer the question that browsers may ask before.",
        )

"""What a request asks for: which operation, which IAM actions on which resources. Decides nothing.

The tables say what each service's operations want; REST operations are found through botocore's models, all
others name themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from labkit.localcloud.identities import ACCOUNT_ID
from labkit.localcloud.permissions.errors import RequestUnclear
from labkit.localcloud.permissions.filters import FILTERS
from labkit.localcloud.permissions.models import Operation, rest_indexes
from labkit.localcloud.permissions.special import SPECIAL
from labkit.localcloud.permissions.tables import service_table
from labkit.localcloud.permissions.tables.service import Service, Wants
from labkit.localcloud.permissions.templates import Scope, Slot, Template
from labkit.localcloud.permissions.wire import Protocol, Wire, protocol_of
from labkit.runtime.http import Request as HttpRequest


@dataclass(frozen=True, slots=True)
class Need:
    """One permission that a call needs.

    Attributes:
        resource: an ARN, or ``*`` where the action has no resources.
        shown: what messages print for the resource.
        context: condition keys (lower case) that hold for this permission only.
    """

    action: str
    resource: str
    shown: str
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """An AWS API call. Parameters, needs and context are worked out when first asked for.

    Attributes:
        service: the signing name, e.g. ``dynamodb``, ``monitoring``.
        operation: the name of the API operation, e.g. ``BatchGetItem``.
        bound: parameters in path, query string and headers.
        body_names: names on the wire -> members; None when the body holds no parameters.
        given_needs: for calls that are no API operation (function URLs).
    """

    wire: Wire
    operation: str
    account_id: str
    bound: Mapping[str, Any] = field(default_factory=dict)
    body_names: Mapping[str, str] | None = None
    given_needs: tuple[Need, ...] = ()

    @property
    def service(self) -> str:
        return self.wire.service

    @property
    def region(self) -> str:
        return self.wire.region

    @property
    def protocol(self) -> Protocol:
        return self.wire.protocol

    @property
    def action(self) -> str:
        """The first IAM action that is needed, e.g. ``dynamodb:GetItem``."""
        return self.needs[0].action

    @property
    def resources(self) -> tuple[str, ...]:
        """The resources of that first action."""
        return tuple(need.resource for need in self.needs if need.action == self.action)

    @cached_property
    def params(self) -> Mapping[str, Any]:
        """All parameters by the names of the API's members; the body is read when a name needs it."""
        return _Params(self)

    @cached_property
    def scope(self) -> Scope:
        """What templates and filters read."""
        return Scope(self.region, self.account_id, self.params, self.bound)

    @cached_property
    def table(self) -> Service:
        """What the tables say of the service."""
        return service_table(self.service)

    @cached_property
    def needs(self) -> tuple[Need, ...]:
        """The permissions that the call needs, all of them.

        Raises:
            RequestUnclear: the body cannot be read.
        """
        return self.given_needs or tuple(_needs(self))


class _Params(Mapping[str, Any]):
    """Bound parameters first; the body only when they do not have the name."""

    def __init__(self, call: Call) -> None:
        self._call = call

    @cached_property
    def _body(self) -> Mapping[str, Any]:
        names = self._call.body_names
        if names is None:
            return {}
        body = self._call.wire.body_params
        if self._call.protocol == "rest-json":
            return {names.get(name, name): value for name, value in body.items()}
        return body

    def __getitem__(self, name: str) -> Any:
        return self._call.bound[name] if name in self._call.bound else self._body[name]

    def __contains__(self, name: object) -> bool:
        return name in self._call.bound or name in self._body

    def __iter__(self) -> Iterator[str]:
        return iter({**self._body, **self._call.bound})

    def __len__(self) -> int:
        return len({**self._body, **self._call.bound})


def classify(
    method: str,
    host: str,
    raw_path: str,
    raw_query: str,
    headers: Mapping[str, str],
    body: bytes,
    service: str,
    region: str,
    account_id: str = ACCOUNT_ID,
) -> Call:
    """Finds out what a signed request asks for.

    Args:
        host: the Host header.
        raw_path, raw_query: still percent-encoded.
        headers: any mapping; names in any case.
        service, region: of the credential scope.

    Raises:
        RequestUnclear: the service has no such operation, or the request can be read in two ways.
    """
    service = service.lower()
    folded = {name.lower(): value for name, value in headers.items()}
    protocol = protocol_of(service, folded, raw_query)
    wire = Wire(service, region, protocol, method.upper(), host, raw_path, raw_query, folded, body)
    if service == "execute-api":
        return Call(wire, "Invoke", account_id)
    operation = wire.operation
    if operation is not None:
        # Read even where no resource depends on it: a body that is something else could mean something else.
        return Call(wire, operation, account_id, wire.body_params)
    return _classify_rest(wire, account_id)


def function_url_call(
    method: str,
    host: str,
    raw_path: str,
    raw_query: str,
    headers: Mapping[str, str],
    body: bytes,
    region: str,
    function_arn: str,
    auth_type: str = "AWS_IAM",
    account_id: str = ACCOUNT_ID,
) -> Call:
    """A request to a function URL, which needs two permissions since 2025-10 (Lambda guide, URL access)."""
    folded = {name.lower(): value for name, value in headers.items()}
    wire = Wire("lambda", region, "rest-json", method.upper(), host, raw_path, raw_query, folded, body)
    context = {"lambda:functionurlauthtype": (auth_type,), "lambda:invokedviafunctionurl": ("true",)}
    actions = ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")
    needs = tuple(Need(action, function_arn, function_arn, context) for action in actions)
    return Call(wire, "InvokeFunctionUrl", account_id, given_needs=needs)


def execute_api_call(request: HttpRequest, region: str, resource: str, account_id: str = ACCOUNT_ID) -> Call:
    """A request to an API whose method or route asks for a signature.

    Args:
        resource: ``<api-id>/<stage>/<METHOD>/<path>``.
    """
    folded = {name.lower(): value for name, value in request.headers}
    host = folded.get("host", "")
    wire = Wire(
        "execute-api",
        region,
        "rest-json",
        request.method,
        host,
        request.raw_path,
        request.query,
        folded,
        request.body,
    )
    arn = f"arn:aws:execute-api:{region}:{account_id}:{resource}"
    return Call(wire, "Invoke", account_id, given_needs=(Need("execute-api:Invoke", arn, arn),))


def _classify_rest(wire: Wire, account_id: str) -> Call:
    path = wire.raw_path
    if wire.service == "s3":
        path = path_style(wire.host, path)
    for index in rest_indexes(wire.service):
        match = index.match(wire.method, path, wire.query, wire.headers)
        if match is not None:
            operation, labels = match
            bound = {**_bound(operation, wire), **labels}
            return Call(wire, operation.name, account_id, bound, operation.body)
    raise RequestUnclear(f"{wire.service} has no operation {wire.method} {wire.raw_path}.")


def _bound(operation: Operation, wire: Wire) -> dict[str, Any]:
    bound: dict[str, Any] = {}
    for name, member in operation.query.items():
        if name in wire.query:
            values = wire.query[name]
            bound[member] = values if len(values) > 1 else values[0]
    for name, member in operation.headers.items():
        if name in wire.headers:
            bound[member] = wire.headers[name]
    return bound


def path_style(host: str, raw_path: str) -> str:
    """``bucket.s3.amazonaws.com/key`` and ``bucket.localhost/key`` as ``/bucket/key``."""
    name = host.partition(":")[0]
    bucket, dot, rest = name.partition(".s3")
    if dot and rest.startswith((".", "-")):
        return f"/{bucket}{raw_path}"
    if name.endswith(".localhost") and not name.startswith("s3."):
        return f"/{name.removesuffix('.localhost')}{raw_path}"
    return raw_path


def _needs(call: Call) -> Iterator[Need]:
    table, scope, operation = call.table, call.scope, call.operation
    prefix = table.iam_prefix
    own = f"{prefix}:{table.actions.get(operation, operation)}"
    shown = next((str(scope.params[name]) for name in table.shown if name in scope.params), "")
    special = SPECIAL.get(call.service)
    pairs = special(call.wire, operation, scope) if special else []
    if not pairs:
        pairs = list(_wanted(_wants(table, operation, scope), own, prefix, call)) or [(own, "*")]
    for action, resource in [*pairs, *_wanted(table.more.get(operation, ()), own, prefix, call)]:
        yield Need(action, resource, shown or resource)
    for path, receiver in table.pass_role.get(operation, {}).items():
        for role in source(path).values(scope):
            yield Need("iam:PassRole", role, role, {"iam:passedtoservice": (receiver,)})


def _wants(table: Service, operation: str, scope: Scope) -> Wants:
    wants = table.resources.get(operation)
    if wants is not None:
        return wants
    for name, template in table.by_parameter:
        if name in scope.params:
            return (("", template),)
    return (("", "*"),)


def _wanted(wants: Wants, own: str, prefix: str, call: Call) -> Iterator[tuple[str, str]]:
    for action, text in wants:
        named = own if not action else action if ":" in action else f"{prefix}:{action}"
        for arn in _template(text, call.service).fill(call.scope):
            yield named, arn


@cache
def _template(text: str, service: str) -> Template:
    return Template(text, service, FILTERS)


@cache
def source(written: str) -> Slot:
    """A parameter path of the tables, ``Path.To.Member|filter``."""
    path, _, chosen = written.partition("|")
    return Slot(tuple(path.split(".")), FILTERS[chosen] if chosen else None)

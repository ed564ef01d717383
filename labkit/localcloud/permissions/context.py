"""The condition context of a request: what keys such as aws:RequestTag/team or s3:prefix are worth.

A key that AWS has for such a request and that the local cloud does not work out raises PolicyUnsupported.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from labkit.localcloud.identities import Principal
from labkit.localcloud.permissions.conditions import Values
from labkit.localcloud.permissions.errors import PolicyUnsupported
from labkit.localcloud.permissions.requests import Call, source
from labkit.localcloud.permissions.tables import SERVICES
from labkit.localcloud.permissions.templates import dig

# Global keys that a request may be without: a local cloud has no network of AWS's, no organization, no call
# on behalf of another; what services do for themselves has no user and no Region.
_ABSENT = frozenset(
    f"aws:{name}"
    for name in (
        "assumedroot",
        "calledvia",
        "calledviafirst",
        "calledvialast",
        "chatbotsourcearn",
        "ec2instancesourceprivateipv4",
        "ec2instancesourcevpc",
        "federatedprovider",
        "multifactorauthage",
        "multifactorauthpresent",
        "principalorgid",
        "principalorgpaths",
        "principalservicename",
        "principalservicenameslist",
        "resourceorgid",
        "resourceorgpaths",
        "sourceaccount",
        "sourcearn",
        "sourceidentity",
        "sourceorgid",
        "sourceorgpaths",
        "sourceowner",
        "sourcevpc",
        "sourcevpcarn",
        "sourcevpce",
        "requestedregion",
        "resourceaccount",
        "principalaccount",
        "principalarn",
        "principaltype",
        "principalisawsservice",
        "userid",
        "tokenissuetime",
        "username",
        "vpceaccount",
        "vpceorgid",
        "vpceorgpaths",
        "vpcsourceip",
        "referer",
        "useragent",
    )
)
_TABLED = {
    key.lower(): (service.signing_name, place)
    for service in SERVICES.values()
    for key, place in service.context.items()
}
_MAPS = ("aws:requesttag/", "aws:principaltag/", "kms:encryptioncontext:", "s3:requestobjecttag/")


class RequestContext:
    """The context of one call by one principal, worked out lazily; ``extra``: keys of one of its needs."""

    def __init__(
        self,
        call: Call | None,
        principal: Principal | None,
        tags: Callable[[], Mapping[str, str]] = dict,
        extra: Mapping[str, Values] | None = None,
        clock: Callable[[], float] = time.time,
        action: str = "",
    ) -> None:
        self._call = call
        self._principal = principal
        self._tags = tags
        self._extra = extra or {}
        self._clock = clock
        self._prefix = action.partition(":")[0].lower()
        self._known: dict[str, Values] | None = None

    def get(self, written: str) -> Values | None:
        """The values of a key, written in any case; None when this request does not have it.

        Raises:
            PolicyUnsupported: AWS has such a key for such requests, the local cloud has not.
        """
        key = written.lower()
        if key in self._extra:
            return self._extra[key]
        if self._known is None:
            self._known = dict(self._common())
        if key in self._known:
            return self._known[key]
        if key in _ABSENT:
            return None
        if key.startswith(_MAPS):
            return self._mapped(key)
        if key in _TABLED:
            return self._tabled(*_TABLED[key])
        prefix = key.partition(":")[0]
        if prefix in ("aws", self._prefix):
            raise PolicyUnsupported(
                f"A policy depends on the condition key {written}, which the local cloud does not support; "
                "leave the condition out here, or try it on AWS."
            )
        return None

    def _common(self) -> Iterator[tuple[str, Values]]:
        now = self._clock()
        yield "aws:currenttime", (datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),)
        yield "aws:epochtime", (str(int(now)),)
        yield "aws:sourceip", ("127.0.0.1",)
        # What never leaves the machine counts as encrypted: on AWS the same code speaks TLS.
        yield "aws:securetransport", ("true",)
        yield "aws:viaawsservice", ("false",)
        if self._principal is not None:
            yield from _principal_keys(self._principal)
        if self._call is not None:
            yield from self._call_keys(self._call)

    def _call_keys(self, call: Call) -> Iterator[tuple[str, Values]]:
        yield "aws:requestedregion", (call.region,)
        yield "aws:resourceaccount", (call.account_id,)
        yield "s3:resourceaccount", (call.account_id,)
        yield "kms:calleraccount", (call.account_id,)
        for key, header in (("aws:useragent", "user-agent"), ("aws:referer", "referer")):
            if header in call.wire.headers:
                yield key, (call.wire.headers[header],)
        signed_in = "REST-QUERY-STRING" if "X-Amz-Signature" in call.wire.query else "REST-HEADER"
        yield "s3:authtype", (signed_in,)
        yield "s3:signatureversion", ("AWS4-HMAC-SHA256",)
        keys = (*_tags_of(call.params), *map(str, dig(call.params, ("TagKeys",))), *_removed(call))
        if keys:
            yield "aws:tagkeys", tuple(keys)

    def _tabled(self, service: str, place: str) -> Values | None:
        if self._call is None or self._call.service != service:
            return None
        if place.startswith("header:"):
            value = self._call.wire.headers.get(place.removeprefix("header:"))
            return None if value is None else (value,)
        return tuple(source(place).values(self._call.scope)) or None

    def _mapped(self, key: str) -> Values | None:
        start = next(prefix for prefix in _MAPS if key.startswith(prefix))
        name = key.removeprefix(start)
        for each, value in self._map(start).items():
            if each.lower() == name:
                return (value,)
        return None

    def _map(self, start: str) -> Mapping[str, str]:
        if start == "aws:principaltag/":
            return self._tags()
        if self._call is None:
            return {}
        if start == "aws:requesttag/":
            return _tags_of(self._call.params)
        if start == "kms:encryptioncontext:":
            pairs = self._call.params.get("EncryptionContext")
            return pairs if isinstance(pairs, Mapping) else {}
        return _object_tags(self._call)


class ServiceContext:
    """The context of a service that acts for a resource (S3 invoking a function): who and for what."""

    def __init__(
        self,
        service: str,
        source_arn: str | None,
        source_account: str | None,
        extra: Mapping[str, Values] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        known = {
            "aws:principalservicename": service,
            "aws:principalisawsservice": "true",
            "aws:sourcearn": source_arn,
            "aws:sourceaccount": source_account,
            # Only alarms carry the key that a topic's default policy asks for; S3 or rules need their own.
            "aws:sourceowner": source_account if service == "cloudwatch.amazonaws.com" else None,
        }
        values = {key: (value,) for key, value in known.items() if value is not None}
        self._context = RequestContext(None, None, extra={**values, **(extra or {})}, clock=clock)

    def get(self, written: str) -> Values | None:
        """As ``RequestContext.get``."""
        return self._context.get(written)


def _principal_keys(principal: Principal) -> Iterator[tuple[str, Values]]:
    # For a role session aws:PrincipalArn is the role. Source: IAM User Guide, global condition keys.
    yield "aws:principalarn", (principal.role_arn or principal.arn,)
    yield "aws:principalaccount", (principal.account_id,)
    yield "aws:principaltype", (principal.kind,)
    yield "aws:principalisawsservice", ("false",)
    yield "aws:userid", (principal.user_id,)
    if principal.kind == "User" and principal.user_name:
        yield "aws:username", (principal.user_name,)


def _tags_of(params: Mapping[str, Any]) -> dict[str, str]:
    """The tags that a request sets, in any of the forms that services use."""
    for name in ("Tags", "tags", "TagList"):
        tags = params.get(name)
        if isinstance(tags, Mapping):
            return {str(key): str(value) for key, value in tags.items()}
        if isinstance(tags, list):
            return dict(pair for pair in map(_tag, tags) if pair is not None)
    return {}


def _tag(element: Any) -> tuple[str, str] | None:
    if not isinstance(element, Mapping):
        return None
    lower = {str(name).lower().removeprefix("tag"): value for name, value in element.items()}
    return (str(lower["key"]), str(lower.get("value", ""))) if "key" in lower else None


def _removed(call: Call) -> Iterator[str]:
    for name in ("tagKeys", "TagKeyList"):
        yield from map(str, dig(call.params, (name,)))


def _object_tags(call: Call) -> dict[str, str]:
    """The tags of ``x-amz-tagging: a=1&b=2``."""
    return dict(parse_qsl(call.wire.headers.get("x-amz-tagging", ""), keep_blank_values=True))

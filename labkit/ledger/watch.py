"""Watches a boto3 session and writes every create call into the ledger before it is sent.

Works on botocore's events alone: whoever uses the session's clients is seen, whatever code they write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.hooks import BaseEventHooks
from botocore.model import ListShape, MapShape, OperationModel, StructureShape

from labkit.ledger.journal import Entry, Ledger, State
from labkit.ledger.kinds import Call, Clients, Kind, evaluate, same_value
from labkit.ledger.table import BY_CREATE, KINDS, MAKING, PARTS, inside

_NOTE = "labkit.ledger"
_DELETES: dict[tuple[str, str], list[tuple[Kind, Call]]] = {}
for _kind in KINDS.values():
    if isinstance(_last := _kind.delete[-1], Call) and not _kind.deleted_later:
        _DELETES.setdefault((_kind.service, _last.operation), []).append((_kind, _last))


@dataclass
class _Pending:
    """A create call on its way: what it makes, and the ledger's entries about it."""

    kind: Kind
    params: dict[str, Any]
    ids: dict[str, Any]
    known: Entry | None
    existed: bool
    entry: Entry | None = None
    implied: list[Entry] = field(default_factory=list)


@dataclass(frozen=True)
class Watcher:
    """Fills a ledger from a session's API calls.

    Attributes:
        prefix: names that contain it are the lab's by construction. Anything else is looked at before a
            create call, so that what was there before the lab is never taken for the lab's.
        tags: put on everything that takes tags; empty for none.
    """

    ledger: Ledger
    clients: Clients
    region: str
    account: str
    prefix: str
    partition: str = "aws"
    tags: Mapping[str, str] = field(default_factory=dict)

    def attach(self, events: BaseEventHooks) -> None:
        """Starts watching. Last before the call is built, so that other hooks' changes are seen."""
        events.register_last("before-parameter-build", self._before_build, unique_id="labkit-ledger-build")
        events.register_last("before-call", self._before_call, unique_id="labkit-ledger-call")
        events.register("after-call", self._after_call, unique_id="labkit-ledger-after")

    def _before_build(
        self, params: dict[str, Any], model: OperationModel, context: dict[str, Any], **_: Any
    ) -> None:
        service = model.service_model.service_name
        if (kind := BY_CREATE.get((service, model.name))) is None:
            if (service, model.name) in _DELETES or _untracked(service, model.name):
                context[_NOTE] = params
            return
        region = self._region(context)
        ids = kind.identify(self._scope(params, region))
        known = self._known(kind, ids, region)
        pending = _Pending(kind, params, ids, known, known is None and self._was_there(kind, ids, region))
        if self.tags and known is None and not pending.existed and not params.get("Overwrite"):
            _add_tags(params, model, self.tags)
        context[_NOTE] = pending

    def _before_call(self, context: dict[str, Any], **_: Any) -> None:
        if not isinstance(pending := context.get(_NOTE), _Pending) or pending.known:
            return
        region = self._region(context)
        state: State
        for name, how in pending.kind.implies.items():
            kind = KINDS[name]
            scope = self._scope(pending.params, region)
            ids = {key: evaluate(expression, scope) for key, expression in how.items()}
            if not self._known(kind, ids, region):
                state = "existing" if self._was_there(kind, ids, region) else "implied"
                pending.implied.append(self.ledger.add(state, name, ids, region))
        state = "existing" if pending.existed else "intended"
        pending.entry = self.ledger.add(state, pending.kind.name, pending.ids, region)

    def _after_call(
        self,
        parsed: dict[str, Any],
        http_response: Any,
        model: OperationModel,
        context: dict[str, Any],
        **_: Any,
    ) -> None:
        noted = context.get(_NOTE)
        if noted is None:
            return
        region = self._region(context)
        succeeded = http_response.status_code < 300
        if isinstance(noted, _Pending):
            if succeeded:
                self._made(noted, parsed, region)
            elif http_response.status_code < 500 and not self._lost_answer(noted, parsed):
                self._refused(noted, parsed)
        elif succeeded and (rows := _DELETES.get((model.service_model.service_name, model.name))):
            self._deleted(rows, noted, region)
        elif succeeded:
            self._note_untracked(model, noted, region)

    def _made(self, pending: _Pending, parsed: dict[str, Any], region: str) -> None:
        scope = self._scope(pending.params, region, parsed)
        ids = {**pending.ids, **pending.kind.identify(scope)}
        entry = pending.known or pending.entry
        if entry is None or entry.state == "existing":
            return
        if pending.known is None and self._known(pending.kind, ids, region, other_than=entry):
            self.ledger.update(entry, "failed", note="the same as an earlier one")
            return
        if entry.state != "created" or ids != entry.ids:
            self.ledger.update(entry, "created", ids=ids)
        if self.tags and pending.known is None and (call := pending.kind.tag_after):
            self._tag(pending.kind, call, ids, region)

    def _refused(self, pending: _Pending, parsed: dict[str, Any]) -> None:
        code = parsed.get("Error", {}).get("Code", "")
        for entry in [*pending.implied, *([pending.entry] if pending.entry else [])]:
            if entry.live:
                self.ledger.update(entry, "failed", note=code)

    def _lost_answer(self, pending: _Pending, parsed: dict[str, Any]) -> bool:
        """A "conflict" after a retry: the first attempt may well have made it before its answer was lost."""
        retried = parsed.get("ResponseMetadata", {}).get("RetryAttempts", 0) > 0
        return bool(retried and self._is_ours(pending.ids))

    def _deleted(self, rows: list[tuple[Kind, Call]], params: dict[str, Any], region: str) -> None:
        """Marks what a delete call deleted. Only a courtesy: teardown looks for itself."""
        live = [entry for entry in self.ledger.live() if entry.region == region]
        telling = {name for _, call in rows for name, how in call.params.items() if "`" not in how}
        for entry in live:
            for kind, call in rows:
                told = call.arguments(entry.ids)
                # All that any of the rows tells apart: DeleteFunction with a Qualifier deletes a version.
                same = all(same_value(name, params.get(name), told.get(name)) for name in telling)
                if entry.kind == kind.name and same:
                    for one in [entry, *(child for child in live if inside(child, entry))]:
                        self.ledger.update(one, "deleted")

    def _note_untracked(self, model: OperationModel, params: dict[str, Any], region: str) -> None:
        service = model.service_model.service_name
        telling = {
            key: value
            for key, value in params.items()
            if isinstance(value, str) and key.lower().endswith(("name", "id", "identifier"))
        }
        self.ledger.add("untracked", f"{service}.{model.name}", telling, region)

    def _known(
        self, kind: Kind, ids: Mapping[str, Any], region: str, other_than: Entry | None = None
    ) -> Entry | None:
        """The live entry of the same resource, if the lab made it before."""
        if not kind.visible(ids):
            return None
        for entry in self.ledger.live():
            same = all(entry.ids.get(key) == value for key, value in ids.items())
            if entry.kind == kind.name and entry.region == region and same and entry != other_than:
                return entry
        return None

    def _was_there(self, kind: Kind, ids: Mapping[str, Any], region: str) -> bool:
        if self._is_ours(ids) or not kind.visible(ids):
            return False
        try:
            return kind.exists(self.clients(kind.service, region), ids)
        except (ClientError, BotoCoreError):
            return False  # malformed or forbidden: the create call itself will say so

    def _is_ours(self, ids: Mapping[str, Any]) -> bool:
        return any(self.prefix in str(value) for value in ids.values())

    def _tag(self, kind: Kind, call: Call, ids: Mapping[str, Any], region: str) -> None:
        try:
            call.run(self.clients(kind.service, region), {**ids, "tags": _pairs(self.tags)})
        except (ClientError, BotoCoreError):
            return  # the ledger has it all the same; tags only help the sweep

    def _region(self, context: dict[str, Any]) -> str:
        region = str(context.get("client_region") or "")
        return region if region and not region.startswith("aws-") else self.region  # IAM's is "aws-global"

    def _scope(
        self, params: dict[str, Any], region: str, response: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        return {
            "params": params,
            "response": response or {},
            "region": region,
            "account": self.account,
            "partition": self.partition,
        }


def _untracked(service: str, operation: str) -> bool:
    return operation.startswith(MAKING) and operation not in PARTS.get(service, ())


def _pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _add_tags(params: dict[str, Any], model: OperationModel, tags: Mapping[str, str]) -> None:
    """Adds tags in the shape that the operation's model describes; nothing if it takes none."""
    members = model.input_shape.members if model.input_shape else {}
    if (name := next((one for one in members if one in ("Tags", "tags")), None)) is None:
        return
    shape = members[name]
    if isinstance(shape, MapShape):
        params[name] = {**(params.get(name) or {}), **tags}
    elif isinstance(shape, ListShape) and isinstance(shape.member, StructureShape):
        lower = "key" in shape.member.members
        pairs = [{"key": p["Key"], "value": p["Value"]} if lower else p for p in _pairs(tags)]
        params[name] = [*(params.get(name) or []), *pairs]

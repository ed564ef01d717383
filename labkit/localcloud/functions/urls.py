"""Function URLs: their settings. Whoever serves them looks a URL up by its id."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from labkit.localcloud.functions.context import Call
from labkit.localcloud.functions.errors import conflict, not_found, resource_not_found, unsupported
from labkit.localcloud.functions.paging import page
from labkit.localcloud.functions.state import Function, FunctionUrl

Params = Mapping[str, Any]
Output = dict[str, Any]

_ALPHABET = string.ascii_lowercase + string.digits
_ID_LENGTH = 32  # as in https://<32 characters>.lambda-url.<region>.on.aws/


def create_function_url_config(call: Call, params: Params) -> Output:
    """CreateFunctionUrlConfig."""
    if call.deps.url_for is None:
        raise unsupported("A function URL", "Use Invoke, or a function URL on an AWS account.")
    function, qualifier = _find(call, params)
    if (qualifier or "") in function.urls:
        raise conflict(
            "Failed to create function url config for "
            f"[functionArn = {call.region.arn(function.name, qualifier)}]. "
            "Error message:  FunctionUrlConfig exists for this Lambda function"
        )
    now = call.deps.now()
    url = FunctionUrl(
        url_id="".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH)),
        function_name=function.name,
        qualifier=qualifier,
        auth_type=params["AuthType"],
        created_at=now,
        modified_at=now,
        cors=params.get("Cors"),
        invoke_mode=params.get("InvokeMode"),
    )
    _store(call, function, url)
    answer = _describe(call, url)
    del answer["LastModifiedTime"]
    return answer


def get_function_url_config(call: Call, params: Params) -> Output:
    """GetFunctionUrlConfig."""
    _, url = _existing(call, params)
    return _in_full(call, url)


def update_function_url_config(call: Call, params: Params) -> Output:
    """UpdateFunctionUrlConfig: what is not named stays."""
    function, qualifier = _find(call, params)
    url = function.urls.get(qualifier or "")
    if url is None:
        raise resource_not_found()
    named = {"AuthType": "auth_type", "Cors": "cors", "InvokeMode": "invoke_mode"}
    fields = {field: params[name] for name, field in named.items() if params.get(name) is not None}
    url = replace(url, modified_at=call.deps.now(), **fields)
    _store(call, function, url)
    return _describe(call, url)


def delete_function_url_config(call: Call, params: Params) -> Output:
    """DeleteFunctionUrlConfig."""
    function, url = _existing(call, params)
    del function.urls[url.qualifier or ""]
    del call.region.urls[url.url_id]
    return {}


def list_function_url_configs(call: Call, params: Params) -> Output:
    """ListFunctionUrlConfigs."""
    function, _ = _find(call, params)
    items, marker = page(function.urls.values(), lambda url: url.qualifier or "", params)
    return {"FunctionUrlConfigs": [_in_full(call, url) for url in items], "NextMarker": marker}


def _find(call: Call, params: Params) -> tuple[Function, str | None]:
    name, qualifier = call.names(params["FunctionName"], params.get("Qualifier"))
    function = call.region.functions.get(name)
    if function is None or (qualifier is not None and qualifier not in function.aliases):
        raise not_found("Function does not exist")
    return function, qualifier


def _existing(call: Call, params: Params) -> tuple[Function, FunctionUrl]:
    name, qualifier = call.names(params["FunctionName"], params.get("Qualifier"))
    function = call.region.functions.get(name)
    url = function.urls.get(qualifier or "") if function else None
    if function is None or url is None:
        raise resource_not_found()
    return function, url


def _store(call: Call, function: Function, url: FunctionUrl) -> None:
    function.urls[url.qualifier or ""] = url
    call.region.urls[url.url_id] = url


def _in_full(call: Call, url: FunctionUrl) -> Output:
    """As reading shows it: with the invoke mode also where nobody chose one."""
    return {**_describe(call, url), "InvokeMode": url.invoke_mode or "BUFFERED"}


def _describe(call: Call, url: FunctionUrl) -> Output:
    answer = {
        "FunctionUrl": call.deps.url_for(url.url_id) if call.deps.url_for else "",
        "FunctionArn": call.region.arn(url.function_name, url.qualifier),
        "AuthType": url.auth_type,
        "Cors": url.cors,
        "CreationTime": _time(url.created_at),
        "LastModifiedTime": _time(url.modified_at),
        "InvokeMode": url.invoke_mode,
    }
    return {name: value for name, value in answer.items() if value is not None}


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"

"""The Lambda API: every operation of the model finds its function here, or its refusal.

All of it runs on the event loop's thread; only unpacking a package leaves it. So nothing needs a lock.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from labkit.localcloud.functions import (
    aliases,
    concurrency,
    event_invoke,
    layer_policies,
    layers,
    lifecycle,
    mappings,
    policies,
    provisioned,
    settings,
    tags,
    urls,
    versions,
)
from labkit.localcloud.functions.code import CodeStore
from labkit.localcloud.functions.context import Call, CallContext, Dependencies
from labkit.localcloud.functions.errors import ServiceError
from labkit.localcloud.functions.names import LATEST
from labkit.localcloud.functions.refusals import refuse_operation, refuse_parameters
from labkit.localcloud.functions.resolve import Resolved, resolve
from labkit.localcloud.functions.state import FunctionUrl, Provisioned, ProvisionedStatus, Region
from labkit.localcloud.functions.validation import validate

Output = dict[str, Any]
Operation = Callable[[Call, Mapping[str, Any]], Output | Awaitable[Output]]

OPERATIONS: dict[str, Operation] = {
    "CreateFunction": lifecycle.create_function,
    "GetFunction": lifecycle.get_function,
    "GetFunctionConfiguration": lifecycle.get_function_configuration,
    "ListFunctions": lifecycle.list_functions,
    "UpdateFunctionCode": lifecycle.update_function_code,
    "UpdateFunctionConfiguration": lifecycle.update_function_configuration,
    "DeleteFunction": lifecycle.delete_function,
    "PublishVersion": versions.publish_version,
    "ListVersionsByFunction": versions.list_versions_by_function,
    "CreateAlias": aliases.create_alias,
    "GetAlias": aliases.get_alias,
    "UpdateAlias": aliases.update_alias,
    "DeleteAlias": aliases.delete_alias,
    "ListAliases": aliases.list_aliases,
    "PublishLayerVersion": layers.publish_layer_version,
    "GetLayerVersion": layers.get_layer_version,
    "GetLayerVersionByArn": layers.get_layer_version_by_arn,
    "ListLayers": layers.list_layers,
    "ListLayerVersions": layers.list_layer_versions,
    "DeleteLayerVersion": layers.delete_layer_version,
    "AddLayerVersionPermission": layer_policies.add_layer_version_permission,
    "GetLayerVersionPolicy": layer_policies.get_layer_version_policy,
    "RemoveLayerVersionPermission": layer_policies.remove_layer_version_permission,
    "AddPermission": policies.add_permission,
    "RemovePermission": policies.remove_permission,
    "GetPolicy": policies.get_policy,
    "PutResourcePolicy": policies.put_resource_policy,
    "GetResourcePolicy": policies.get_resource_policy,
    "DeleteResourcePolicy": policies.delete_resource_policy,
    "TagResource": tags.tag_resource,
    "UntagResource": tags.untag_resource,
    "ListTags": tags.list_tags,
    "PutFunctionConcurrency": concurrency.put_function_concurrency,
    "GetFunctionConcurrency": concurrency.get_function_concurrency,
    "DeleteFunctionConcurrency": concurrency.delete_function_concurrency,
    "GetAccountSettings": concurrency.get_account_settings,
    "PutProvisionedConcurrencyConfig": provisioned.put_provisioned_concurrency_config,
    "GetProvisionedConcurrencyConfig": provisioned.get_provisioned_concurrency_config,
    "DeleteProvisionedConcurrencyConfig": provisioned.delete_provisioned_concurrency_config,
    "ListProvisionedConcurrencyConfigs": provisioned.list_provisioned_concurrency_configs,
    "PutFunctionEventInvokeConfig": event_invoke.put_function_event_invoke_config,
    "UpdateFunctionEventInvokeConfig": event_invoke.update_function_event_invoke_config,
    "GetFunctionEventInvokeConfig": event_invoke.get_function_event_invoke_config,
    "DeleteFunctionEventInvokeConfig": event_invoke.delete_function_event_invoke_config,
    "ListFunctionEventInvokeConfigs": event_invoke.list_function_event_invoke_configs,
    "CreateFunctionUrlConfig": urls.create_function_url_config,
    "GetFunctionUrlConfig": urls.get_function_url_config,
    "UpdateFunctionUrlConfig": urls.update_function_url_config,
    "DeleteFunctionUrlConfig": urls.delete_function_url_config,
    "ListFunctionUrlConfigs": urls.list_function_url_configs,
    "PutFunctionRecursionConfig": settings.put_function_recursion_config,
    "GetFunctionRecursionConfig": settings.get_function_recursion_config,
    "PutRuntimeManagementConfig": settings.put_runtime_management_config,
    "GetRuntimeManagementConfig": settings.get_runtime_management_config,
    "GetFunctionCodeSigningConfig": settings.get_function_code_signing_config,
    "DeleteFunctionCodeSigningConfig": settings.delete_function_code_signing_config,
    "ListCodeSigningConfigs": settings.list_code_signing_configs,
    "CreateEventSourceMapping": mappings.create_event_source_mapping,
    "GetEventSourceMapping": mappings.get_event_source_mapping,
    "ListEventSourceMappings": mappings.list_event_source_mappings,
    "UpdateEventSourceMapping": mappings.update_event_source_mapping,
    "DeleteEventSourceMapping": mappings.delete_event_source_mapping,
    "ListCapacityProviders": settings.list_capacity_providers,
}


class FunctionService:
    """Lambda's control plane for all Regions. What it remembers lives as long as the object."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._deps = dependencies
        self._code = CodeStore(dependencies.code_folder, dependencies.fetch_s3)
        self._regions: dict[tuple[str, str], Region] = {}

    async def call(self, operation: str, params: Mapping[str, Any], context: CallContext) -> Output:
        """Serve one request, as wire.parse has read it.

        Returns:
            The output by member name, for wire.respond. None stands for an absent member.

        Raises:
            ServiceError: whatever AWS would refuse, or what is not supported here.
        """
        serve = OPERATIONS.get(operation)
        if serve is None:
            raise refuse_operation(operation)
        validate(operation, params)
        refuse_parameters(operation, params)
        region = self.region(context.region, context.account_id)
        call = Call(operation, region, context, self._deps, self._code)
        try:
            answer = serve(call, params)
            return await answer if inspect.isawaitable(answer) else answer
        except OSError as problem:
            raise ServiceError(
                "ServiceException", f"The local cloud could not store it: {problem}."
            ) from problem
        finally:
            if not operation.startswith(("Get", "List")):
                region.targets.clear()

    def region(self, name: str, account_id: str) -> Region:
        """Everything that one Region of an account remembers."""
        key = (account_id, name)
        if key not in self._regions:
            self._regions[key] = Region(name, account_id)
        return self._regions[key]

    def resolve(
        self,
        name_or_arn: str,
        qualifier: str | None,
        context: CallContext,
        choose: Callable[[], float] = random.random,
    ) -> Resolved:
        """What an invocation runs: see resolve.resolve."""
        region = self._regions.get((context.account_id, context.region)) or self.region(
            context.region, context.account_id
        )
        return resolve(region, name_or_arn, qualifier, context, choose)

    def policy_for(self, arn: str) -> dict[str, Any] | None:
        """The resource-based policy of a function, version or alias, by its ARN; None when it has none.

        The policy of a function does not speak for its versions and aliases, nor theirs for it; the
        qualifier $LATEST means the function.
        """
        parts = arn.split(":")
        if len(parts) not in (7, 8) or parts[2] != "lambda" or parts[5] != "function":
            return None
        region = self._regions.get((parts[4], parts[3]))
        function = region.functions.get(parts[6]) if region else None
        qualifier = parts[7] if len(parts) == 8 and parts[7] != LATEST else ""
        return function.policies.get(qualifier) if function else None

    def code_bytes(self, sha256: str) -> bytes:
        """The zip file behind a Code.Location, by its hash (hexadecimal).

        Raises:
            KeyError: there is none.
        """
        return self._code.read(sha256)

    def function_url(self, url_id: str) -> tuple[str, FunctionUrl] | None:
        """What a function URL runs (an ARN, with the alias if it hangs on one), and its settings."""
        for region in self._regions.values():
            if (url := region.urls.get(url_id)) is not None:
                return region.arn(url.function_name, url.qualifier), url
        return None

    def provisioned(self, function_arn: str) -> tuple[Provisioned, ...]:
        """The provisioned concurrency settings of a function, by its unqualified ARN."""
        _, _, _, region, account, _, name = function_arn.split(":")
        function = self.region(region, account).functions.get(name)
        return tuple(function.provisioned.values()) if function else ()

    def report_provisioned(
        self,
        function_arn: str,
        qualifier: str,
        *,
        allocated: int,
        available: int,
        status: ProvisionedStatus,
        reason: str | None = None,
    ) -> None:
        """Say how far a provisioned concurrency setting has got; one that is gone by now is left alone."""
        for setting in self.provisioned(function_arn):
            if setting.qualifier == qualifier:
                setting.allocated, setting.available = allocated, available
                setting.status, setting.reason = status, reason

"""What the Lambda service remembers of one Region: functions, versions, aliases, layers. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from labkit.localcloud.functions.mapping_state import EventSourceMapping
from labkit.localcloud.functions.names import LATEST, function_arn
from labkit.runtime.spec import FunctionSpec

Statement = dict[str, Any]
ProvisionedStatus = Literal["IN_PROGRESS", "READY", "FAILED"]


@dataclass(frozen=True)
class CodePackage:
    """A deployment package or a layer's content, unpacked. ``sha256`` is hexadecimal."""

    sha256: str
    sha256_base64: str
    zipped_bytes: int
    unpacked_bytes: int
    directory: Path


@dataclass(frozen=True)
class Logging:
    """LoggingConfig. The levels exist for the JSON format only."""

    log_group: str
    log_format: str = "Text"
    application_level: str | None = None
    system_level: str | None = None


@dataclass(frozen=True)
class Configuration:
    """Code and configuration of a function at one moment; a version keeps it for ever.

    Attributes:
        environment: None when the function was never given an Environment.
        dead_letter_arn: of a standard queue or topic, or None.
    """

    code: CodePackage
    runtime: str
    handler: str
    role_arn: str
    logging: Logging
    memory_mb: int
    timeout_s: int
    ephemeral_storage_mb: int
    architecture: str
    description: str = ""
    environment: Mapping[str, str] | None = None
    tracing_mode: str = "PassThrough"
    dead_letter_arn: str | None = None
    layers: tuple[LayerVersion, ...] = ()


@dataclass
class Version:
    """$LATEST or a published version.

    Attributes:
        configuration: what the API shows. During an update it is already the new one.
        spec: what an invocation runs; None until the version is active. During an update still the old one.
        revision_id: the API's, changed by every change; environments follow ``spec.revision`` instead.
    """

    number: str
    configuration: Configuration
    revision_id: str
    last_modified: datetime
    state: Literal["Pending", "Active"] = "Pending"
    last_update: Literal["Successful", "InProgress"] | None = None
    spec: FunctionSpec | None = None


@dataclass
class Alias:
    """A name for a version, with at most one more version that takes a share (0..1) of the calls."""

    name: str
    version: str
    revision_id: str
    description: str = ""
    weights: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class EventInvokeConfig:
    """How asynchronous invocations are retried and reported. None means the service's default."""

    last_modified: datetime
    maximum_retry_attempts: int | None = None
    maximum_event_age_s: int | None = None
    on_success_arn: str | None = None
    on_failure_arn: str | None = None


@dataclass
class Provisioned:
    """Provisioned concurrency of a version or an alias; who starts the environments fills in the counts."""

    qualifier: str
    requested: int
    last_modified: datetime
    allocated: int = 0
    available: int = 0
    status: ProvisionedStatus = "IN_PROGRESS"
    reason: str | None = None


@dataclass(frozen=True)
class FunctionUrl:
    """A function URL. ``qualifier`` is an alias, or None for the function itself."""

    url_id: str
    function_name: str
    qualifier: str | None
    auth_type: str
    created_at: datetime
    modified_at: datetime
    cors: Mapping[str, Any] | None = None
    invoke_mode: str | None = None


@dataclass
class Function:
    """A function with all that hangs on it. Keys of the maps are qualifiers; "" is the function itself.

    Attributes:
        published: the configuration that the last published version was made from.
        policies: resource-based policy documents.
    """

    name: str
    arn: str
    latest: Version
    tags: dict[str, str] = field(default_factory=dict)
    versions: dict[str, Version] = field(default_factory=dict)
    aliases: dict[str, Alias] = field(default_factory=dict)
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    event_invoke: dict[str, EventInvokeConfig] = field(default_factory=dict)
    provisioned: dict[str, Provisioned] = field(default_factory=dict)
    urls: dict[str, FunctionUrl] = field(default_factory=dict)
    reserved_concurrency: int | None = None
    recursive_loop: str = "Terminate"
    last_number: int = 0
    published: Configuration | None = None

    def version(self, number: str) -> Version | None:
        """$LATEST or a published version, None when there is none of that number."""
        return self.latest if number == LATEST else self.versions.get(number)

    def forget(self, qualifier: str) -> None:
        """Drop the settings that hang on a version or an alias that is gone."""
        self.policies.pop(qualifier, None)
        self.event_invoke.pop(qualifier, None)
        self.provisioned.pop(qualifier, None)
        self.urls.pop(qualifier, None)

    def all_versions(self) -> list[Version]:
        """$LATEST first, then the published ones in order."""
        return [self.latest, *self.versions.values()]


@dataclass(frozen=True)
class LayerVersion:
    """One version of a layer. ``runtimes`` and ``architectures`` are None when the publisher gave none."""

    arn: str
    layer: str
    version: int
    code: CodePackage
    created_at: datetime
    description: str = ""
    license_info: str | None = None
    runtimes: tuple[str, ...] | None = None
    architectures: tuple[str, ...] | None = None


@dataclass
class LayerPolicy:
    """Who may read a layer version."""

    revision_id: str
    statements: list[Statement] = field(default_factory=list)


@dataclass
class Layer:
    """A layer: its versions by number. Numbers are never used twice."""

    name: str
    versions: dict[int, LayerVersion] = field(default_factory=dict)
    policies: dict[int, LayerPolicy] = field(default_factory=dict)
    last_number: int = 0


@dataclass
class Region:
    """Lambda's state in one Region of one account.

    Attributes:
        urls: function URLs by their id.
        mappings: event source mappings by their UUID.
        targets: what resolve.py has worked out, by (name or ARN, qualifier); emptied by every change.
    """

    name: str
    account_id: str
    functions: dict[str, Function] = field(default_factory=dict)
    layers: dict[str, Layer] = field(default_factory=dict)
    urls: dict[str, FunctionUrl] = field(default_factory=dict)
    mappings: dict[str, EventSourceMapping] = field(default_factory=dict)
    targets: dict[tuple[str, str | None], Any] = field(default_factory=dict)

    def arn(self, name: str, qualifier: str | None = None) -> str:
        """The ARN of a function here."""
        return function_arn(self.name, self.account_id, name, qualifier)

    def code_bytes(self) -> int:
        """Zipped bytes of all versions of all functions and layers, as GetAccountSettings counts them."""
        functions = (version for function in self.functions.values() for version in function.all_versions())
        layers = (version for layer in self.layers.values() for version in layer.versions.values())
        return sum(version.configuration.code.zipped_bytes for version in functions) + sum(
            version.code.zipped_bytes for version in layers
        )

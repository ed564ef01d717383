"""One recorded API call, as frozen data; and what counts as a call that only looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.model import OperationModel

_LOOKING = (
    "BatchGet",
    "Check",
    "Describe",
    "Estimate",
    "Filter",
    "Generate",
    "Get",
    "Head",
    "List",
    "Lookup",
    "Query",
    "Scan",
    "Search",
    "Select",
    "Simulate",
    "StartLiveTail",
    "Test",
    "Validate",
)


@dataclass(frozen=True)
class Note:
    """Stands in a recorded parameter for bytes that were not kept.

    Attributes:
        name: the file that they were read from, or an empty string.
        size: how many bytes they were, None when that is not known.
    """

    name: str
    size: int | None


@dataclass(frozen=True)
class Call:
    """One API call, or several equal ones in a row.

    Attributes:
        model: botocore's model of the operation: its service, its members, their types.
        params: the parameters as they went out, without what botocore added by itself.
        times: how often the same call was made in a row.
        refused: how many of them were answered with an error, or not at all.
        error: the code of the last such error, such as ``ResourceConflictException``.
    """

    model: OperationModel
    params: Mapping[str, Any]
    times: int = 1
    refused: int = 0
    error: str | None = None

    @property
    def service(self) -> str:
        """The service as boto3 names it: ``lambda``, ``s3``, ``stepfunctions``."""
        return str(self.model.service_model.service_name)

    @property
    def operation(self) -> str:
        """The operation as the API names it: ``CreateFunction``."""
        return str(self.model.name)

    def __repr__(self) -> str:
        repeated = f" ×{self.times}" if self.times > 1 else ""
        failed = f" {self.error}" if self.error else ""
        return f"<Call {self.service} {self.operation}{repeated}{failed}>"


def only_looks(operation: str) -> bool:
    """Whether an operation, by the verb in its name, changes nothing (``GetFunction``, ``ListTags``)."""
    return operation.startswith(_LOOKING)

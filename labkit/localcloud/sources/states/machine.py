"""A state machine as an execution sees it: as it was when that began. And AWS's errors. Data only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import AWSError

from labkit import facts


@dataclass(frozen=True)
class Machine:
    """What one execution runs. ``sm_type`` is STANDARD or EXPRESS, by the name that moto's interpreter reads.

    Attributes:
        arn: of the state machine itself.
        called_arn: as it was named, with a version or an alias.
    """

    arn: str
    called_arn: str
    name: str
    sm_type: str
    definition: str
    role_arn: str

    @property
    def express(self) -> bool:
        return self.sm_type == "EXPRESS"

    @property
    def bounded_definition(self) -> str:
        """The definition to run: an express workflow ends after five minutes, whatever it says."""
        if not self.express:
            return self.definition
        limit_s = int(facts.quota("stepfunctions_express_duration_max_s").value)
        document: dict[str, Any] = json.loads(self.definition)
        document["TimeoutSeconds"] = min(document.get("TimeoutSeconds", limit_s), limit_s)
        return json.dumps(document)


def refused(code: str, message: str) -> AWSError:
    """One of the errors that Step Functions answers with."""
    return AWSError(message, code)

"""Stacks of tests: deployed with boto3, waited for, looked at, and taken away at the end of the module."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

SOON = {"Delay": 0.2, "MaxAttempts": 300}
ALL = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


@dataclass
class World:
    """Deploys stacks in a cloud."""

    cloud: Any
    names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = self.cloud.client("cloudformation")

    def name(self) -> str:
        self.names.append(f"s-{uuid.uuid4().hex[:8]}")
        return self.names[-1]

    def create(self, template: Any, parameters: dict[str, str] | None = None, **options: Any) -> str:
        """A stack that is complete, or rolled back."""
        name = options.pop("StackName", None) or self.name()
        self.client.create_stack(StackName=name, **_given(template, parameters), **options)
        self.settle(name)
        return name

    def update(
        self, name: str, template: Any, parameters: dict[str, str] | None = None, **options: Any
    ) -> None:
        self.client.update_stack(StackName=name, **_given(template, parameters), **options)
        self.settle(name)

    def settle(self, name: str) -> str:
        """Waits until nothing is being done; the status."""
        deadline = time.monotonic() + 60
        while (status := self.status(name)).endswith("_IN_PROGRESS"):
            assert time.monotonic() < deadline, self.reasons(name)
            time.sleep(0.05)
        return status

    def delete(self, name: str) -> None:
        stack_id = self.describe(name)["StackId"]
        self.client.delete_stack(StackName=name)
        assert self.settle(stack_id) == "DELETE_COMPLETE", self.reasons(stack_id)

    def describe(self, name: str) -> dict[str, Any]:
        return dict(self.client.describe_stacks(StackName=name)["Stacks"][0])

    def status(self, name: str) -> str:
        return str(self.describe(name)["StackStatus"])

    def outputs(self, name: str) -> dict[str, str]:
        assert self.status(name).endswith("COMPLETE"), self.reasons(name)
        return {each["OutputKey"]: each["OutputValue"] for each in self.describe(name)["Outputs"]}

    def resources(self, name: str) -> dict[str, str]:
        """Logical ids -> physical ids."""
        found = self.client.describe_stack_resources(StackName=name)["StackResources"]
        return {each["LogicalResourceId"]: each.get("PhysicalResourceId", "") for each in found}

    def events(self, name: str) -> list[tuple[str, str]]:
        """What happened, the oldest first."""
        found = self.client.describe_stack_events(StackName=name)["StackEvents"]
        return [(each["LogicalResourceId"], each["ResourceStatus"]) for each in reversed(found)]

    def reasons(self, name: str) -> str:
        """Why things failed."""
        found = self.client.describe_stack_events(StackName=name)["StackEvents"]
        return "\n".join(each["ResourceStatusReason"] for each in found if "ResourceStatusReason" in each)


def _given(template: Any, parameters: dict[str, str] | None) -> dict[str, Any]:
    text = template if isinstance(template, str) else json.dumps(template)
    pairs = [{"ParameterKey": key, "ParameterValue": value} for key, value in (parameters or {}).items()]
    return {"TemplateBody": text, "Capabilities": ALL, "Parameters": pairs}

"""What a caller has to acknowledge before a template may be used."""

from __future__ import annotations

from collections.abc import Sequence

from labkit.localcloud.stacks.errors import insufficient
from labkit.localcloud.stacks.template import Template

IAM, NAMED, EXPAND = "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"
_NAMES = {
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
}


def needed(template: Template) -> tuple[str | None, list[str]]:
    """The capability for the IAM resources of a template, and their types."""
    found = [item for item in template.resources.values() if item.type.startswith("AWS::IAM::")]
    if not found:
        return None, []
    named = any(_NAMES.get(item.type, "") in item.properties for item in found)
    return NAMED if named else IAM, sorted({item.type for item in found})


def check(template: Template, given: Sequence[str]) -> None:
    """Refuses IAM resources that were not acknowledged.

    Raises:
        StackError: InsufficientCapabilitiesException.
    """
    capability, _ = needed(template)
    if capability is not None and NAMED not in given and capability not in given:
        raise insufficient(capability)

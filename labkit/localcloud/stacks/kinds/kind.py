"""What a stack must know of a type of resource. The modules beside this one say it, a service each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from labkit.localcloud.stacks.ask import Ask
from labkit.localcloud.stacks.errors import invalid
from labkit.localcloud.stacks.schemas import schema_of

Step = Callable[[Ask], None]


@dataclass(frozen=True)
class Kind:
    """A type of resource.

    Attributes:
        takes: the properties that have their effect here; all others are refused.
        create: makes it, and calls ``ask.born`` as soon as it is there.
        delete: deletes it; what is gone already is no failure.
        update: changes it in place; None: every change replaces it.
        replaces: properties whose change replaces it, beside those that the registry names.
        instead: what to do instead of a property that is refused.
    """

    type: str
    takes: frozenset[str]
    create: Step
    delete: Step
    update: Step | None = None
    replaces: frozenset[str] = frozenset()
    instead: Mapping[str, str] = field(default_factory=dict)

    def replaced_by(self, changed: set[str]) -> bool:
        """Whether a change of these properties needs a new resource."""
        schema = schema_of(self.type)
        fixed = self.replaces | (schema.create_only if schema else frozenset())
        return self.update is None or bool(changed & fixed)


def names(text: str) -> frozenset[str]:
    """Names separated by spaces."""
    return frozenset(text.split())


def nothing(ask: Ask) -> None:
    """For what is no resource of its own."""


def check_name(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """A resource that a template names cannot be replaced: both would have the name.

    Raises:
        StackError: ValidationError.
    """
    schema = schema_of(kind)
    name = schema.name if schema else None
    if name is not None and name in after and before.get(name) == after[name]:
        raise invalid(
            "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename "
            f"{after[name]} and update the stack again."
        )

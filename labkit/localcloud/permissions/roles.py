"""Which policies count for a principal, and who a role trusts: read from moto's IAM. Evaluates nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.localcloud.identities import Principal
from labkit.localcloud.lessons import backend, present
from labkit.localcloud.permissions.policy import Document, parse

if TYPE_CHECKING:
    from moto.iam.models import Group, ManagedPolicy, Role, User

_ADMINISTRATOR = parse('{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}')
_NOTHING = parse('{"Version":"2012-10-17","Statement":[]}')


@dataclass(frozen=True, slots=True)
class Policies:
    """What limits a principal. ``boundary`` and ``session`` are None when there is no such limit."""

    identity: tuple[Document, ...]
    boundary: Document | None = None
    session: tuple[Document, ...] | None = None


class Roles:
    """IAM of one account, as moto keeps it."""

    def __init__(self, account_id: str) -> None:
        self.account_id = account_id

    def policies_of(self, principal: Principal) -> Policies:
        """The policies of a user (with its groups) or of a role session; none for one that was deleted.

        Raises:
            PolicyUnsupported: a policy is no policy document.
        """
        session = tuple(map(parse, principal.session_policies)) or None
        if principal.role_arn is not None:
            role = self._role_of(principal)
            if role is None:
                return Policies((), session=session)
            boundary = self._boundary(role.permissions_boundary_arn)
            return Policies(_documents(role), boundary, session)
        user = self._all("users").get(principal.user_name) if principal.user_name else None
        documents = self._of_user(user) if user is not None else ()
        if principal.administrator:
            documents = (_ADMINISTRATOR, *documents)
        return Policies(documents, session=session)

    def tags_of(self, principal: Principal) -> Mapping[str, str]:
        """The tags of the role or user behind a principal."""
        if principal.role_arn is not None:
            role = self._role_of(principal)
            tags: list[dict[str, str]] = role.tags if role is not None else []
        elif principal.user_name:
            iam = present("iam", self.account_id, "aws")
            tags = iam.tagger.list_tags_for_resource(principal.arn)["Tags"] if iam is not None else []
        else:
            tags = []
        return {tag["Key"]: tag["Value"] for tag in tags}

    def role(self, role_arn: str) -> Role | None:
        """A role by its ARN, path included."""
        return next((role for role in list(self._all("roles").values()) if role.arn == role_arn), None)

    def exists(self, arn: str) -> bool:
        """Whether there is such a role or user."""
        users = list(backend("iam", self.account_id, "aws").users.values())  # the learner is always there
        return self.role(arn) is not None or any(user.arn == arn for user in users)

    def trust_policy(self, role_arn: str) -> str | None:
        """Who may assume the role, as a JSON document; None when there is no such role."""
        role = self.role(role_arn)
        return None if role is None else _text(role.assume_role_policy_document)

    def age_s(self, role_arn: str) -> float:
        """Seconds on moto's clock since the role was made; 0 when there is no such role."""
        role = self.role(role_arn)
        if role is None:
            return 0.0
        import moto.core.utils  # a role is there: so is moto

        return float((moto.core.utils.utcnow() - role.create_date).total_seconds())

    def _all(self, kind: str) -> dict[str, Any]:
        """A collection of moto's IAM, empty while nobody has used IAM."""
        iam = present("iam", self.account_id, "aws")
        return {} if iam is None else getattr(iam, kind)

    def _role_of(self, principal: Principal) -> Role | None:
        if principal.role_id is not None:
            return self._all("roles").get(principal.role_id)
        return self.role(principal.role_arn or "")

    def _of_user(self, user: User) -> tuple[Document, ...]:
        groups = [group for group in list(self._all("groups").values()) if user in group.users]
        return (*_documents(user), *(document for group in groups for document in _documents(group)))

    def _boundary(self, policy_arn: str | None) -> Document | None:
        if not policy_arn:
            return None
        policy = self._all("managed_policies").get(policy_arn)
        return _managed(policy) if policy is not None else _NOTHING


def _documents(holder: Role | User | Group) -> tuple[Document, ...]:
    inline = [parse(_text(text)) for text in list(holder.policies.values())]
    return (*inline, *(_managed(policy) for policy in list(holder.managed_policies.values())))


def _managed(policy: ManagedPolicy) -> Document:
    for version in policy.versions:
        if version.version_id == policy.default_version_id:
            return parse(_text(version.document))
    return _NOTHING


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)

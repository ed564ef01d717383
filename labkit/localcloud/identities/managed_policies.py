"""AWS's own managed policies, all 1,582 made when one is asked for: moto does it at once."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Callable

from moto.iam.models import IAMBackend, ManagedPolicy

from labkit.localcloud.lessons import Later

_read_awss_own = IAMBackend._init_aws_policies


class ManagedPolicies(UserDict[str, ManagedPolicy]):
    """The managed policies of an account by ARN; AWS's own are among them as soon as any is looked for."""

    def __init__(self, read: Callable[[], dict[str, ManagedPolicy]]) -> None:
        self._all = Later(read)

    @property
    def data(self) -> dict[str, ManagedPolicy]:  # type: ignore[override]
        return self._all.get()


def install() -> None:
    """Teaches moto, once for the process, before any request: each asks IAM for its key."""

    def managed_policies(self: IAMBackend) -> ManagedPolicies:
        return ManagedPolicies(lambda: {policy.arn: policy for policy in _read_awss_own(self)})

    IAMBackend._init_aws_policies = lambda self: []  # type: ignore[method-assign]
    IAMBackend._init_managed_policies = managed_policies  # type: ignore[method-assign, assignment]

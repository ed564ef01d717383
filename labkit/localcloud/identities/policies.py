"""Teaches moto's IAM to take policies of both versions: one that names none is of 2008-10-17, as on AWS.

Source: IAM user guide, "IAM JSON policy elements: Version". SAM's own policy templates name none.
"""

from __future__ import annotations

from moto.iam.policy_validation import BaseIAMPolicyValidator


def install() -> None:
    """Replaces moto's method, once for the process; another check of moto's refuses what is no version."""

    def any_version(self: BaseIAMPolicyValidator) -> None:
        pass

    BaseIAMPolicyValidator._validate_version = any_version  # type: ignore[method-assign]

"""Roles as IAM keeps them."""

from __future__ import annotations

import json
from typing import Any

TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


def test_an_update_changes_only_what_it_names(cloud: Any) -> None:
    """Description and longest session are each left alone when the other is given."""
    iam = cloud.client("iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": TRUST})
    iam.create_role(
        RoleName="updated", AssumeRolePolicyDocument=document, Description="orders", MaxSessionDuration=7200
    )

    def kept() -> tuple[str, int]:
        role = iam.get_role(RoleName="updated")["Role"]
        return role["Description"], role["MaxSessionDuration"]

    iam.update_role(RoleName="updated", MaxSessionDuration=3600)
    assert kept() == ("orders", 3600)
    iam.update_role(RoleName="updated", Description="")
    assert kept() == ("", 3600)

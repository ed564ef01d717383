"""Rows for what makes other things: stacks, which take along what they made."""

from __future__ import annotations

from labkit.ledger.kinds import Call, Kind, Look

_THERE = "contains(r.Stacks[?StackStatus != 'DELETE_COMPLETE'].StackName, StackName)"
STACKS = (
    Kind(
        "cloudformation.stack",
        ("CreateStack", "CreateChangeSet"),
        {"StackName": "params.StackName"},
        Look(Call("DescribeStacks"), _THERE),
        (Call("DeleteStack", {"StackName": "StackName"}),),
        arns=(r"^arn:[^:]+:cloudformation:[^:]+:\d+:stack/(?P<StackName>[^/]+)/.+$",),
        deleted_later=True,
    ),
)

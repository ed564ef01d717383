"""Names of commands and options, against the AWS CLI's own tables."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session
import pytest
from awscli.clidriver import create_clidriver

from labkit.awscli import names

SERVICES = [
    "apigateway",
    "apigatewayv2",
    "application-autoscaling",
    "cloudwatch",
    "dynamodb",
    "ecr",
    "events",
    "iam",
    "kinesis",
    "lambda",
    "logs",
    "s3",
    "scheduler",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "stepfunctions",
    "sts",
    "xray",
]


@cache
def _cli() -> Any:
    return create_clidriver()


def _known_to_cli(service: str) -> dict[str, Any]:
    """The CLI's commands of a service, from the CLI's own (slightly older) copy of the API model."""
    table = _cli()._get_command_table()[names.command_name(service)]._get_command_table()
    return dict(table)


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_and_parameter_has_the_name_that_the_cli_gives_it(service: str) -> None:
    """Our names are the CLI's, for every operation and parameter that both API models have."""
    model = botocore.session.get_session().get_service_model(service)
    commands = _known_to_cli(service)
    wrong, compared = [], 0
    for operation in model.operation_names:
        command = commands.get(names.subcommand(operation))
        if command is None:
            continue
        shape = model.operation_model(operation).input_shape
        theirs = {argument.cli_name: argument for argument in command.arg_table.values()}
        serialized = {getattr(a, "_serialized_name", None): name for name, a in theirs.items()}
        for member in {} if shape is None else shape.members:
            if member in serialized:
                compared += 1
                ours = names.option(service, operation, member)
                mapped = getattr(theirs.get(ours), "_serialized_name", None)
                if mapped != member:
                    wrong.append(f"{operation}.{member}: {ours}, the CLI says {serialized[member]}")
    assert not wrong
    assert compared > 10


@pytest.mark.parametrize("service", SERVICES)
def test_what_the_cli_lacks_is_known(service: str) -> None:
    """An operation of the CLI's API model that it does not offer is listed as absent, and nothing else is."""
    theirs = _known_to_cli(service)
    operations = _cli().session.get_service_model(service).operation_names
    missing = {name for name in operations if names.subcommand(name) not in theirs}
    assert missing == {name for name in operations if not names.exists(service, name)}

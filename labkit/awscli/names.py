"""What the AWS CLI calls services, operations and parameters. Names only, no values.

The CLI derives nearly every name from the API model; the tables hold the exceptions that it makes for the
services of the course. A test compares them with the CLI's own tables, parameter by parameter.
"""

from __future__ import annotations

from botocore import xform_name

COMMANDS = {"s3": "s3api", "codedeploy": "deploy", "config": "configservice"}

# Global options of the CLI (--output, --query, --region, --version …) push some parameters aside.
_OPTIONS = {
    ("sns", "Subscribe", "Endpoint"): "notification-endpoint",
    ("stepfunctions", "SendTaskSuccess", "output"): "task-output",
    ("apigateway", "CreateRestApi", "version"): "api-version",
    ("apigatewayv2", "CreateApi", "Version"): "api-version",
    ("apigatewayv2", "UpdateApi", "Version"): "api-version",
}

# A zip cannot stand inside a structure on a command line: the CLI takes it out of these two.
ZIP_INSIDE = {("lambda", "CreateFunction"): "Code", ("lambda", "PublishLayerVersion"): "Content"}

_ADDRESSES = {"QueueUrl", "TemplateURL", "WebsiteRedirectLocation"}
_SERVICE_ADDRESSES = {
    ("sns", "Endpoint"),
    ("apigateway", "uri"),
    ("apigatewayv2", "IntegrationUri"),
    ("apigatewayv2", "Target"),
}

_ABSENT = {
    ("lambda", "InvokeWithResponseStream"),
    ("kinesis", "SubscribeToShard"),
    ("logs", "GetLogObject"),
}


def command_name(service: str) -> str:
    """The first word after ``aws``: ``s3`` is ``s3api`` there, because ``aws s3`` copies files."""
    return COMMANDS.get(service, service)


def subcommand(operation: str) -> str:
    """``CreateFunction`` → ``create-function``."""
    return str(xform_name(operation, "-"))


def option(service: str, operation: str, member: str) -> str:
    """The option of a parameter, with its dashes: ``FunctionName`` → ``--function-name``."""
    return "--" + _OPTIONS.get((service, operation, member), str(xform_name(member, "-")))


def negative(name: str) -> str:
    """The option that switches a boolean off: ``--publish`` → ``--no-publish``."""
    return "--no-" + name.removeprefix("--")


def exists(service: str, operation: str) -> bool:
    """Whether the AWS CLI offers the operation at all."""
    return (service, operation) not in _ABSENT


def takes_addresses(service: str, member: str) -> bool:
    """Whether a parameter is an address by nature: the CLI takes it as it is, where it downloads others."""
    return member in _ADDRESSES or (service, member) in _SERVICE_ADDRESSES

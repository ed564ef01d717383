"""The AWS CLI's own parser, run in this process: what API parameters it makes of a command line."""

from __future__ import annotations

import os
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
from awscli.clidriver import create_clidriver

from labkit.awscli import Call, Command, commands


@cache
def _driver() -> tuple[Any, list[dict[str, Any]]]:
    driver = create_clidriver()
    heard: list[dict[str, Any]] = []

    def instead_of_the_call(call_parameters: dict[str, Any], **_: Any) -> int:
        heard.append(call_parameters)
        return 0

    driver.session.register("calling-command", instead_of_the_call)
    return driver, heard


def call(service: str, operation: str, params: dict[str, Any], **more: Any) -> Call:
    """A call as the recorder keeps it."""
    model = botocore.session.get_session().get_service_model(service)
    return Call(model.operation_model(operation), params, **more)


def command(service: str, operation: str, params: dict[str, Any]) -> Command:
    """The command of one call."""
    return commands([call(service, operation, params)], waits=False)[0]


def parsed(one: Command, folder: Path) -> dict[str, Any]:
    """The API parameters that the CLI reads from a command, as text through a shell's splitting."""
    driver, heard = _driver()
    heard.clear()
    for file in one.files:
        file.save(folder)
    before = Path.cwd()
    os.chdir(folder)
    try:
        assert driver.main(shlex.split(one.line)[1:]) == 0
    finally:
        os.chdir(before)
    (parameters,) = heard
    return parameters

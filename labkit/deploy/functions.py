"""Packages, roles, functions, layers.

Errors from AWS keep their words; what to do about them is added.
"""

from __future__ import annotations

import io
import json
import os
import stat
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from labkit.errors import DeployError
from labkit.session import Lab

Source = str | Path | Mapping[str, str | bytes]

MANAGED = "arn:aws:iam::aws:policy/service-role/"
BASIC_EXECUTION = MANAGED + "AWSLambdaBasicExecutionRole"
ARCHITECTURE_VARIABLE = "LABKIT_ARCHITECTURE"
LEFT_OUT = {"__pycache__", ".git", ".ipynb_checkpoints", ".DS_Store", ".venv", ".labkit"}
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
# What to do about errors that beginners meet: (code, part of the message) -> advice. The first that fits.
ADVICE = (
    (
        "",
        "Unzipped size must be smaller",
        "Take out what the function does not import, or share it as a layer.",
    ),
    (
        "RequestEntityTooLargeException",
        "",
        "Above 50 MB a package has to be uploaded to S3 and named as Code.S3Key.",
    ),
    (
        "InvalidParameterValueException",
        "runtime",
        "`labkit doctor` lists the runtimes that are available here.",
    ),
    (
        "InvalidParameterValueException",
        "unzip",
        "The package is no zip file; labkit.deploy.package makes one.",
    ),
    (
        "InvalidParameterValueException",
        "environment variables",
        "AWS sets some names itself, and all variables together may have 4 KB.",
    ),
    (
        "ResourceConflictException",
        "",
        "An update is still under way; wait for function_updated_v2 and try again.",
    ),
    ("AccessDenied", "", "Your own credentials lack this permission; ask the owner of the account."),
    ("NoSuchEntity", "", "Create the role first, or leave `role` out to have one made."),
)


def package(source: Source, filename: str = "app.py") -> bytes:
    """A deployment package: a zip that is the same, byte for byte, whenever its content is the same.

    Args:
        source: a folder (its content goes to the top of the zip), a file, a mapping of paths to contents,
            or source code itself (text of more than one line), which becomes ``filename``.

    Raises:
        DeployError: there is no such file, nothing is in it, or a path leads out of the package.
    """
    files = dict(_files(source, filename))
    if not files:
        raise DeployError(f"There is nothing to package in {source!r}. Put the handler's file there first.")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in sorted(files):
            content, executable = files[path]
            info = zipfile.ZipInfo(path, ZIP_EPOCH)
            info.create_system = 3  # Unix: the modes below count
            info.external_attr = (stat.S_IFREG | (0o755 if executable else 0o644)) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return buffer.getvalue()


def role(
    lab: Lab, name: str, *policies: str | Mapping[str, Any], service: str = "lambda.amazonaws.com"
) -> str:
    """Creates an execution role, or brings an existing one of the lab up to date.

    Args:
        name: gets the lab's prefix.
        policies: ARNs of managed policies, names of those under ``service-role/`` (such as
            ``AWSLambdaBasicExecutionRole``, which is the default), or policy documents, which become inline
            policies. What the role had besides stays.
        service: who may assume it.

    Returns:
        The role's ARN.

    Raises:
        DeployError: IAM refuses.
    """
    iam, full = lab.client("iam"), lab.name(name)
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    with _advice(f"The role {full}"):
        try:
            arn = iam.create_role(RoleName=full, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        except iam.exceptions.EntityAlreadyExistsException:
            iam.update_assume_role_policy(RoleName=full, PolicyDocument=document)
            arn = iam.get_role(RoleName=full)["Role"]["Arn"]
        for number, policy in enumerate(policies or (BASIC_EXECUTION,), 1):
            if isinstance(policy, str):
                policy_arn = policy if policy.startswith("arn:") else MANAGED + policy
                iam.attach_role_policy(RoleName=full, PolicyArn=policy_arn)
            else:
                iam.put_role_policy(
                    RoleName=full, PolicyName=f"inline-{number}", PolicyDocument=json.dumps(policy)
                )
    return str(arn)


def function(
    lab: Lab,
    name: str,
    source: Source | bytes,
    handler: str = "app.handler",
    *,
    role: str | None = None,
    runtime: str = "python3.13",
    memory_mb: int = 128,
    timeout_s: int = 3,
    environment: Mapping[str, str] | None = None,
    layers: Sequence[str] = (),
    architecture: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Creates a function, or updates its code and configuration, and waits until it can be invoked.

    Args:
        name: gets the lab's prefix.
        source: as for `package`, or a finished zip.
        role: ARN of its execution role; by default the one that it has, or one of its own that may only
            write logs.
        architecture: ``x86_64`` or ``arm64``; default $LABKIT_ARCHITECTURE, else ``x86_64``.
        more: further parameters of CreateFunction and UpdateFunctionConfiguration.

    Returns:
        The function's configuration, as GetFunctionConfiguration has it.

    Raises:
        DeployError: AWS refuses, or the code cannot be packaged.
        WaitTimeout: it does not become active.
    """
    lambda_, full = lab.client("lambda"), lab.name(name)
    architecture = architecture or os.environ.get(ARCHITECTURE_VARIABLE) or "x86_64"
    code = source if isinstance(source, bytes) else package(source, _handler_file(runtime, handler))
    settings: dict[str, Any] = {
        "FunctionName": full,
        "Runtime": runtime,
        "Handler": handler,
        "MemorySize": memory_mb,
        "Timeout": timeout_s,
        "Environment": {"Variables": dict(environment or {})},
        "Layers": list(layers),
        **more,
    }
    with _advice(f"The function {full}"):
        present = _present(lambda_, full)
        settings["Role"] = role or _own_role(lab, full, present)
        if present:
            _update(lab, settings, code, architecture)
        else:
            settings |= {"Code": {"ZipFile": code}, "Architectures": [architecture]}
            lab.eventually(lambda_.create_function, **settings)
            lab.wait("lambda", "function_active_v2", FunctionName=full)
        return dict(lambda_.get_function_configuration(FunctionName=full))


def layer(
    lab: Lab,
    name: str,
    source: Source,
    *,
    under: str = "python",
    runtimes: Sequence[str] = ("python3.13",),
    description: str = "",
) -> str:
    """Publishes a version of a layer.

    Args:
        name: gets the lab's prefix.
        source: as for `package`.
        under: the folder of the zip that the files go to; Python finds modules under ``python``,
            Node.js under ``nodejs/node_modules``. Empty if the source has it already.

    Returns:
        The ARN of the version, to be listed in a function's ``layers``.

    Raises:
        DeployError: AWS refuses, or there is nothing to package.
    """
    files = {f"{under}/{path}" if under else path: kept for path, kept in _files(source, "app.py")}
    content = {path: data for path, (data, _) in files.items()}
    full = lab.name(name)
    with _advice(f"The layer {full}"):
        published = lab.client("lambda").publish_layer_version(
            LayerName=full,
            Description=description,
            Content={"ZipFile": package(content)},
            CompatibleRuntimes=list(runtimes),
        )
    return str(published["LayerVersionArn"])


def _own_role(lab: Lab, function_name: str, present: Mapping[str, Any]) -> str:
    """The role that somebody gave it; else one made for it, also if that was deleted."""
    made = f"{function_name}-role"
    given = str(present.get("Role", ""))
    return given if given and given.rpartition("/")[2] != made else role(lab, made)


def _handler_file(runtime: str, handler: str) -> str:
    """The file in which a runtime looks for the handler, for code that is given as text."""
    if runtime.startswith("provided"):
        return "bootstrap"
    module = handler.rpartition(".")[0].replace(".", "/") or "app"
    return module + (".mjs" if runtime.startswith("nodejs") else ".py")


def _update(lab: Lab, settings: dict[str, Any], code: bytes, architecture: str) -> None:
    """Code first, then configuration: each is its own update, and one must end before the next begins."""
    lambda_, full = lab.client("lambda"), settings["FunctionName"]
    lab.wait("lambda", "function_active_v2", FunctionName=full)
    lab.wait("lambda", "function_updated_v2", FunctionName=full)
    lambda_.update_function_code(FunctionName=full, ZipFile=code, Architectures=[architecture])
    lab.wait("lambda", "function_updated_v2", FunctionName=full)
    only_at_creation = ("Tags", "Publish", "PackageType", "CodeSigningConfigArn")
    changes = {key: value for key, value in settings.items() if key not in only_at_creation}
    lab.eventually(lambda_.update_function_configuration, **changes)
    lab.wait("lambda", "function_updated_v2", FunctionName=full)


def _present(lambda_: Any, name: str) -> dict[str, Any]:
    """The configuration of a function; empty if there is none."""
    try:
        return dict(lambda_.get_function_configuration(FunctionName=name))
    except lambda_.exceptions.ResourceNotFoundException:
        return {}


def _files(source: Source, filename: str) -> Iterator[tuple[str, tuple[bytes, bool]]]:
    """(path in the zip, (content, executable)) for whatever a source may be."""
    if isinstance(source, Mapping):
        for name, content in source.items():
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise DeployError(f"{name!r} leads out of the package. Use paths relative to its top.")
            data = content.encode() if isinstance(content, str) else content
            yield Path(name).as_posix(), (data, data.startswith(b"#!"))
        return
    if isinstance(source, str) and "\n" in source:
        yield filename, (source.encode(), source.startswith("#!"))
        return
    path = Path(source).expanduser()
    if not path.exists():
        raise DeployError(f"There is no file or folder {path}. Source code itself has more than one line.")
    for file in [path] if path.is_file() else sorted(path.rglob("*")):
        inner = Path(file.name) if path.is_file() else file.relative_to(path)
        if file.is_file() and not LEFT_OUT.intersection(inner.parts):
            yield inner.as_posix(), (file.read_bytes(), bool(file.stat().st_mode & stat.S_IXUSR))


@contextmanager
def _advice(what: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code, text = error.response.get("Error", {}).get("Code", ""), str(error)
        fitting = (tip for c, part, tip in ADVICE if code.startswith(c) and part.lower() in text.lower())
        raise DeployError(f"{what} was not deployed. {text}. {next(fitting, '')}".rstrip()) from error

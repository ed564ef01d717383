"""Packages that are the same every time, and roles, functions and layers that come out as asked."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path

import pytest

from labkit import deploy
from labkit.errors import DeployError
from labkit.session import Lab

HANDLER = "def handler(event, context):\n    return event\n"


def names(package: bytes) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(package)).namelist()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path, text in {
        "app.py": HANDLER,
        "lib/data.json": "{}",
        "bootstrap": "#!/bin/sh\n",
        "__pycache__/app.pyc": "x",
        ".ipynb_checkpoints/app.py": "old",
    }.items():
        (tmp_path / "fn" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "fn" / path).write_text(text)
    (tmp_path / "fn" / "bootstrap").chmod(0o755)
    return tmp_path / "fn"


def test_a_folder_without_its_litter(folder: Path) -> None:
    """Caches and checkpoints stay out; paths are relative, sorted, with forward slashes."""
    assert names(deploy.package(folder)) == ["app.py", "bootstrap", "lib/data.json"]


def test_the_same_content_is_the_same_package(folder: Path) -> None:
    """Times, owners and the order on disk do not matter: CodeSha256 changes only with the code."""
    before = deploy.package(folder)
    os.utime(folder / "app.py", (0, 10**9))
    (folder / "app.py").chmod(0o600)
    assert deploy.package(folder) == before
    (folder / "app.py").write_text(HANDLER + "# changed\n")
    assert deploy.package(folder) != before


def test_modes_are_those_that_lambda_needs(folder: Path) -> None:
    """Readable by all, executable where it was."""
    archive = zipfile.ZipFile(io.BytesIO(deploy.package(folder)))
    modes = {info.filename: info.external_attr >> 16 & 0o777 for info in archive.infolist()}
    assert modes == {"app.py": 0o644, "bootstrap": 0o755, "lib/data.json": 0o644}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (HANDLER, ["app.py"]),
        ({"index.mjs": "x", "lib/a.json": b"{}"}, ["index.mjs", "lib/a.json"]),
    ],
)
def test_text_and_mappings(source: deploy.Source, expected: list[str]) -> None:
    """What a notebook has at hand."""
    assert names(deploy.package(source)) == expected


def test_one_file(folder: Path) -> None:
    """Goes to the top of the package; given as a path or as text."""
    assert names(deploy.package(folder / "lib" / "data.json")) == ["data.json"]
    assert names(deploy.package(str(folder / "app.py"))) == ["app.py"]


@pytest.mark.parametrize("source", ["nowhere/app.py", {}, {"../x.py": ""}, {"/etc/x": ""}])
def test_what_cannot_be_packaged_says_why(source: deploy.Source) -> None:
    """Before anything is uploaded."""
    with pytest.raises(DeployError):
        deploy.package(source)


def test_an_empty_folder_is_nothing_to_package(tmp_path: Path) -> None:
    """A function without code is a mistake."""
    with pytest.raises(DeployError, match="nothing to package"):
        deploy.package(tmp_path)


def test_a_role_has_the_policies_asked_for(lab: Lab) -> None:
    """ARNs, short names and documents; asking again changes nothing and makes nothing twice."""
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*"}],
    }
    arns = {deploy.role(lab, "worker", "AWSLambdaBasicExecutionRole", document) for _ in range(2)}
    assert len(arns) == 1
    iam = lab.client("iam")
    attached = iam.list_attached_role_policies(RoleName=lab.name("worker"))["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [deploy.BASIC_EXECUTION]
    kept = iam.get_role_policy(RoleName=lab.name("worker"), PolicyName="inline-2")["PolicyDocument"]
    assert (json.loads(kept) if isinstance(kept, str) else kept) == document
    assert [entry.kind for entry in lab.ledger.live()].count("iam.role") == 1


def test_a_function_is_made_and_then_updated(lab: Lab) -> None:
    """The second call changes code and configuration of the same function."""
    first = deploy.function(lab, "echo", HANDLER)
    assert first["State"] == "Active" and first["Handler"] == "app.handler"
    assert first["Role"].endswith(f"{lab.name('echo')}-role") and first["Runtime"] == "python3.13"
    second = deploy.function(
        lab, "echo", HANDLER + "# 2\n", memory_mb=512, environment={"STAGE": "test"}, timeout_s=9
    )
    assert second["FunctionArn"] == first["FunctionArn"] and second["CodeSha256"] != first["CodeSha256"]
    assert (second["MemorySize"], second["Timeout"]) == (512, 9)
    assert second["Environment"]["Variables"] == {"STAGE": "test"}
    assert [entry.kind for entry in lab.ledger.live()].count("lambda.function") == 1
    lab.teardown()


def test_an_update_leaves_a_function_the_role_it_was_given(lab: Lab) -> None:
    """Only a function that was given none gets one of its own."""
    shared = deploy.role(lab, "shared")
    deploy.function(lab, "echo", HANDLER, role=shared)
    assert deploy.function(lab, "echo", HANDLER, memory_mb=256)["Role"] == shared
    assert [entry.kind for entry in lab.ledger.live()].count("iam.role") == 1
    lab.teardown()


def test_an_architecture_can_be_chosen_for_all_functions(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the variable; a function's own goes before it."""
    monkeypatch.setenv("LABKIT_ARCHITECTURE", "arm64")
    assert deploy.function(lab, "echo", HANDLER)["Architectures"] == ["arm64"]
    assert deploy.function(lab, "its-own", HANDLER, architecture="x86_64")["Architectures"] == ["x86_64"]
    lab.teardown()


@pytest.mark.parametrize(
    ("runtime", "handler", "file"),
    [
        ("python3.13", "app.handler", "app.py"),
        ("python3.13", "src.orders.handler", "src/orders.py"),
        ("nodejs24.x", "index.handler", "index.mjs"),
        ("provided.al2023", "anything", "bootstrap"),
    ],
)
def test_source_text_goes_where_the_runtime_looks_for_it(runtime: str, handler: str, file: str) -> None:
    """The handler's name says which file."""
    assert deploy.functions._handler_file(runtime, handler) == file


def test_a_layer_puts_modules_where_python_finds_them(lab: Lab) -> None:
    """Under python/; each publishing is a version of its own."""
    arns = [deploy.layer(lab, "shared", {"shared.py": f"VERSION = {n}\n"}) for n in (1, 2)]
    assert [arn.rpartition(":")[2] for arn in arns] == ["1", "2"]
    assert all(lab.name("shared") in arn for arn in arns)


def test_what_aws_refuses_keeps_its_words_and_says_what_to_do(lab: Lab) -> None:
    """A policy that does not exist."""
    with pytest.raises(DeployError, match=r"NoSuchEntity.*role"):
        deploy.role(lab, "worker", "NoSuchPolicy")

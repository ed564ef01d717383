"""What checks read: packages, policies, error payloads. No cloud."""

from __future__ import annotations

import pytest

from labkit.checks import packages
from labkit.checks.create.secret import _looks_secret
from labkit.checks.faults import advice
from labkit.checks.roles import Allow, _statements, matches

APP = b"""
import json, os
import boto3
from tools import plain
from . import near

def handler(event, context):
    import PIL.Image
"""


def test_imports_are_those_that_neither_python_nor_the_image_has():
    found = packages.handler("src.app.handler", {"src/app.py": APP})
    assert found
    assert (found.path, found.imports) == ("src/app.py", ("tools", "PIL"))
    assert found.entry is not None


@pytest.mark.parametrize(
    ("setting", "files"),
    [("app.handler", {}), ("app.handler", {"app.py": b"def ("}), ("app.handler", {"app.py": b"\x00"})],
)
def test_a_handler_that_cannot_be_read_is_none(setting, files):
    assert packages.handler(setting, files) is None


@pytest.mark.parametrize(
    ("paths", "in_package", "in_layer"),
    [
        (["plain.py"], True, False),
        (["plain/__init__.py"], True, False),
        (["python/plain.py"], False, True),
        (["python/lib/python3.13/site-packages/plain/__init__.py"], False, True),
        (["build/plain.py"], False, False),
        (["plainer.py"], False, False),
    ],
)
def test_where_python_looks_for_modules(paths, in_package, in_layer):
    assert packages.in_package("plain", paths) == in_package
    assert packages.in_layer("plain", paths) == in_layer


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("*", "anything", True),
        ("dynamodb:Get*", "dynamodb:GetItem", True),
        ("dynamodb:Get?tem", "dynamodb:GetItem", True),
        ("dynamodb:GetItem", "dynamodb:GetItems", False),
        ("arn:aws:s3:::a.b", "arn:aws:s3:::axb", False),
    ],
)
def test_iam_patterns(pattern, text, fits):
    assert matches(pattern, text) == fits


def test_statements_may_be_one_or_many_and_only_allowing_ones_count():
    one = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    denying = {"Effect": "Deny", "Action": ["*"], "Resource": ["*"]}
    assert list(_statements({"Statement": one}, "p", managed=False)) == [
        Allow("p", False, ("s3:GetObject",), ("*",))
    ]
    assert len(list(_statements({"Statement": [one, denying]}, "p", managed=True))) == 1
    assert Allow("p", False, ("S3:getobject",), ("*",)).allows("s3:GetObject")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        ("Runtime.ImportModuleError: Unable to import module 'app': No module named 'plain'", "module plain"),
        ("TypeError: Object of type Decimal is not JSON serializable", "default="),
        ("Runtime.HandlerNotFound: Handler 'f' missing on module 'app'", "Handler setting"),
        ("KeyError: 'TABLE_NAME'", "environment variable TABLE_NAME"),
        ("KeyError: 'Item'", "'Item'"),
        ("Sandbox.Timedout: RequestId: 1 Error: Task timed out after 3.00 seconds", "Timeout"),
        ("ClientError: … is not authorized to perform: ssm:GetParameter on resource: arn:x because", "arn:x"),
        ("Something: else", "log"),
    ],
)
def test_function_errors_come_with_advice(error, says):
    assert says in advice(error)


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("DB_PASSWORD", "hunter2", True),
        ("ApiToken", "abc", True),
        ("SIGNING_KEY", "abc", True),
        ("SIGNING_KEY_NAME", "my-key", False),
        ("SECRET_ARN", "arn:aws:secretsmanager:…", False),
        ("PASSWORD", "/photos/password", False),
        ("TABLE_NAME", "photos", False),
        ("DB_PASSWORD", "", False),
    ],
)
def test_variables_that_look_like_secrets(name, value, secret):
    assert _looks_secret(name, value) == secret

"""How Node.js handlers are found and loaded, and what an init that fails tells, as on AWS."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .functions import function, launch_of
from .node_functions import BOTH, NEEDS_NODE, OLD, TIME, call

pytestmark = NEEDS_NODE


FORMS: dict[str, tuple[dict[str, str], str]] = {
    "ES module": ({"app.mjs": "export const handler = async () => 'ok'"}, "app.handler"),
    "CommonJS": ({"app.js": "exports.handler = async () => 'ok'"}, "app.handler"),
    "CommonJS by name": ({"app.cjs": "exports.handler = async () => 'ok'"}, "app.handler"),
    "ES module by package": (
        {"app.js": "export const handler = async () => 'ok'", "package.json": '{"type": "module"}'},
        "app.handler",
    ),
    "in a folder": ({"src/deep/app.mjs": "export const run = async () => 'ok'"}, "src/deep/app.run"),
    "nested export": ({"app.js": "exports.a = {b: {c: async () => 'ok'}}"}, "app.a.b.c"),
    "a package": (
        {"node_modules/shop/index.js": "exports.handler = async () => 'ok'", "other.js": ""},
        "shop.handler",
    ),
    "with imports": (
        {
            "app.mjs": "import {v} from './lib/v.mjs'; export const handler = async () => v",
            "lib/v.mjs": "export const v = 'ok'",
        },
        "app.handler",
    ),
    "with top-level await": (
        {"app.mjs": "const v = await Promise.resolve('ok'); export const handler = async () => v"},
        "app.handler",
    ),
}


@BOTH
@pytest.mark.parametrize("form", FORMS)
def test_a_handler_is_found_in_every_form(form: str, runtime: str, tmp_path: Path, cache_dir: Path) -> None:
    """ES modules and CommonJS, by extension or by package, in folders and packages."""
    files, handler = FORMS[form]
    assert call(tmp_path, cache_dir, "", files=files, handler=handler, runtime=runtime).answers == ["ok"]


def test_a_default_export_is_looked_into_from_24_on(tmp_path: Path, cache_dir: Path) -> None:
    """Up to 22 the name has to be exported itself."""
    source = "export default { handler: async () => 'ok' }"
    assert call(tmp_path, cache_dir, source).answers == ["ok"]
    [post] = call(tmp_path / "old", cache_dir, source, runtime=OLD).posts
    assert post.json["errorType"] == "Runtime.HandlerNotFound"


INIT_ERRORS: dict[str, tuple[dict[str, str], str, str, str]] = {
    "no such file": (
        {"b.mjs": ""},
        "app.handler",
        "Runtime.ImportModuleError",
        "Error: Cannot find module 'app'",
    ),
    "no such export": (
        {"app.mjs": "export const other = 1"},
        "app.handler",
        "Runtime.HandlerNotFound",
        "app.handler is undefined or not exported",
    ),
    "not a function": (
        {"app.mjs": "export const handler = 1"},
        "app.handler",
        "Runtime.HandlerNotFound",
        "app.handler is not a function",
    ),
    "no dot": ({"app.mjs": ""}, "app", "Runtime.MalformedHandlerName", "Bad handler"),
    "parent folder": (
        {"app.mjs": ""},
        "../app.handler",
        "Runtime.MalformedHandlerName",
        "'../app.handler' is not a valid handler name. "
        "Use absolute paths when specifying root directories in handler names.",
    ),
    "syntax error": (
        {"app.js": "exports.handler = async () => {"},
        "app.handler",
        "Runtime.UserCodeSyntaxError",
        "SyntaxError: Unexpected end of input",
    ),
    "syntax error in a module": (
        {"app.mjs": "export const = 1"},
        "app.handler",
        "Runtime.UserCodeSyntaxError",
        "SyntaxError: Unexpected token '='",
    ),
    "required package missing": (
        {"app.js": "require('left-pad')"},
        "app.handler",
        "Runtime.ImportModuleError",
        "Error: Cannot find module 'left-pad'",
    ),
    "imported package missing": (
        {"app.mjs": "import 'left-pad'"},
        "app.handler",
        "Error",
        "Cannot find package 'left-pad' imported from ",
    ),
    "throws": ({"app.mjs": "throw new TypeError('at init')"}, "app.handler", "TypeError", "at init"),
    "throws no error": ({"app.mjs": "throw 'text'"}, "app.handler", "string", "text"),
}


@BOTH
@pytest.mark.parametrize("name", INIT_ERRORS)
def test_an_init_that_fails_is_reported_and_logged(
    name: str, runtime: str, tmp_path: Path, cache_dir: Path
) -> None:
    """With AWS's error types and texts; the log line and the exit code are those of the runtime's client."""
    files, handler, kind, message = INIT_ERRORS[name]
    done = call(tmp_path, cache_dir, "", files=files, handler=handler, runtime=runtime)
    [post] = done.posts
    assert (post.what, post.headers["lambda-runtime-function-error-type"]) == ("init/error", kind)
    assert list(post.json) == ["errorType", "errorMessage", "trace"]
    assert post.json["errorType"] == kind
    assert post.json["errorMessage"].startswith(message)
    what, outside, code = (
        ("Uncaught Exception", "undefined", 129) if runtime == OLD else ("Init Error", "-", 1)
    )
    assert re.match(rf"{TIME}\t{outside}\tERROR\t{what} \t{{\"errorType\":", done.lines[-1])
    assert done.exit_code == code


def test_es_module_syntax_in_a_plain_js_file_is_a_syntax_error_up_to_22(
    tmp_path: Path, cache_dir: Path
) -> None:
    """AWS turns Node.js's detection of module syntax off there, unless the function asks for it."""
    files = {"app.js": "export const handler = async () => 'ok'"}
    [post] = call(tmp_path, cache_dir, "", files=files, runtime=OLD).posts
    assert post.json["errorType"] == "Runtime.UserCodeSyntaxError"
    options = launch_of(function(tmp_path, files, runtime=OLD), cache_dir).argv
    asked = {"NODE_OPTIONS": "--experimental-detect-module"}
    more = launch_of(function(tmp_path, files, runtime=OLD, environment=asked), cache_dir).argv
    assert "--no-experimental-detect-module" in options
    assert "--no-experimental-detect-module" not in more


@BOTH
def test_large_and_unicode_events_and_answers_pass_whole(
    runtime: str, tmp_path: Path, cache_dir: Path
) -> None:
    """Several megabytes both ways, on one connection."""
    source = "export const handler = async (event) => [event.length, event.slice(-2), 'é'.repeat(2000000)]"
    text = "日" * 1_500_000 + "é!"
    done = call(tmp_path, cache_dir, source, (text, "ab"), runtime=runtime)
    assert done.answers == [[1_500_002, "é!", "é" * 2_000_000], [2, "ab", "é" * 2_000_000]]

"""What a Python function finds around it: AWS's search path, packages, variables and built-in names, and
nothing of the machine it runs on.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from labkit.runtime.languages import View, bundle, launch_for
from labkit.runtime.languages.interpreters import OLDEST, exact, nearest, own

from .functions import environment_of, function, launch_of, run

OWN = f"python{own().minor}"
HERE = [f"python3.{minor}" for minor in range(OLDEST, 15) if exact(f"3.{minor}")]


def answer(folder: Path, cache_dir: Path, source: str, **settings: Any) -> Any:
    """What a function answers to an empty event."""
    files = settings.pop("files", {}) | {"app.py": source}
    spec = function(folder, files, **{"runtime": OWN, **settings})
    done = run(spec, launch_of(spec, cache_dir))
    assert done.posts and done.posts[0].what == "response", done.log.decode()
    return done.answers[0]


@pytest.mark.parametrize("runtime", HERE)
def test_every_python_of_this_machine_runs_its_own_runtime(
    runtime: str, tmp_path: Path, cache_dir: Path
) -> None:
    """Where the matching interpreter is there, it is used, and INIT_START says which."""
    source = """
        import sys, boto3, simplejson
        def handler(event, context):
            return [sys.version.split()[0], boto3.client("sqs").meta.service_model.service_name]
    """
    spec = function(tmp_path, {"app.py": source}, runtime=runtime)
    launch = launch_of(spec, cache_dir)
    [[version, service]] = run(spec, launch).answers
    assert f"python{'.'.join(version.split('.')[:2])}" == runtime
    assert service == "sqs"
    assert launch.runtime_version == f"{runtime.replace('n', 'n:')} (local: CPython {version})"
    assert launch.differs is None


def test_a_python_that_is_not_here_is_replaced_by_the_nearest_and_said(
    tmp_path: Path, cache_dir: Path
) -> None:
    """INIT_START and the doctor's note name the Python that runs."""
    spec = function(tmp_path, {"app.py": "def handler(event, context): return 1"}, runtime="python3.9")
    launch = launch_of(spec, cache_dir)
    text = nearest("3.9").text
    assert launch.runtime_version == f"python:3.9 (local: CPython {text}, nearest here)"
    assert launch.differs is not None
    assert text in launch.differs
    assert run(spec, launch).answers == [1]


def test_the_search_path_is_awss(tmp_path: Path, cache_dir: Path) -> None:
    """Task root, layers, runtime, standard library; no site-packages, no folder twice."""
    spec = function(
        tmp_path, {"app.py": "import sys\ndef handler(event, context): return sys.path"}, runtime=OWN
    )
    launch = launch_of(spec, cache_dir)
    [path] = run(spec, launch).answers
    opt = str(tmp_path / "opt")
    layers = [f"{opt}/python/lib/{OWN}/site-packages", f"{opt}/python"]
    assert path[:4] == [str(spec.code_dir), *layers, str(launch.runtime_dir)]
    library = Path(own().prefix, "lib")
    assert all(Path(folder).is_relative_to(library) for folder in path[4:])
    assert not any("site-packages" in folder or "dist-packages" in folder for folder in path[4:])
    assert len(path) == len(set(path))


@pytest.mark.parametrize("package", ["labkit", "pytest", "aiohttp", "numpy", "pip"])
def test_packages_of_this_machine_cannot_be_imported(package: str, tmp_path: Path, cache_dir: Path) -> None:
    """What the package does not bring along fails as on AWS."""
    source = f"import {package}\ndef handler(event, context): pass"
    spec = function(tmp_path, {"app.py": source}, runtime=OWN)
    [post] = run(spec, launch_of(spec, cache_dir)).posts
    assert post.what == "init/error"
    assert post.json["errorType"] == "Runtime.ImportModuleError"
    assert post.json["errorMessage"] == f"Unable to import module 'app': No module named '{package}'"


def test_the_runtime_directory_has_what_awss_image_has(cache_dir: Path) -> None:
    """Nothing else: each name that is missing or too much would teach something false."""
    names = {entry.name.split("-")[0].split(".")[0] for entry in bundle.bundle(own(), cache_dir).iterdir()}
    image = {
        "boto3", "botocore", "s3transfer", "jmespath", "dateutil", "python_dateutil", "six", "urllib3",
        "simplejson", "bootstrap", "runtime_client", "__pycache__", "",
    }  # fmt: skip
    client = {"awslambdaric", "snapshot_restore_py"} if sys.platform == "linux" else {"_labkit_runtime"}
    assert names == image | client


@pytest.mark.parametrize("runtime", HERE)
def test_nothing_is_compiled_at_a_cold_start(runtime: str, cache_dir: Path) -> None:
    """Every module of the runtime directory is there compiled, for every interpreter that is used."""
    interpreter = nearest(runtime.removeprefix("python"))
    folder = bundle.bundle(interpreter, cache_dir)
    missing = [
        file
        for file in folder.rglob("*.py")
        if not (file.parent / "__pycache__" / f"{file.stem}.{interpreter.tag}.pyc").exists()
    ]
    assert missing == []


def test_the_function_sees_awss_variables_only(tmp_path: Path, cache_dir: Path) -> None:
    """Those that it was started with, PYTHONPATH as on AWS, and nothing that Python or labkit put there."""
    source = "import os\ndef handler(event, context): return dict(os.environ)"
    spec = function(tmp_path, {"app.py": source}, runtime=OWN, environment={"MINE": "1"})
    launch = launch_of(spec, cache_dir)
    [seen] = run(spec, launch).answers
    given = environment_of(spec, launch, seen["AWS_LAMBDA_RUNTIME_API"])
    assert seen == given | {"PYTHONPATH": str(launch.runtime_dir)}
    assert seen["AWS_EXECUTION_ENV"] == f"AWS_Lambda_{OWN}"
    assert seen["LANG"] == "en_US.UTF-8"
    assert seen["TZ"] == ":UTC"


def test_the_variables_are_in_terms_of_the_view(tmp_path: Path, cache_dir: Path) -> None:
    """With AWS's own paths, PATH and LD_LIBRARY_PATH are AWS's to the letter."""
    spec = function(tmp_path, {"app.py": ""}, runtime=OWN)
    view = View("/var/task", "/opt", "/var/runtime", "/tmp", lang_dir="/var/lang")
    launch = launch_for(spec, view, cache_dir)
    assert launch.environment["PATH"] == "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin"
    assert launch.environment["LD_LIBRARY_PATH"] == (
        "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"
    )
    assert launch.argv[0].startswith("/var/lang/bin/python3")
    assert launch.argv[-1] == "/var/runtime/bootstrap.py"
    assert launch.mounts == ((Path(own().prefix), "/var/lang"),)


def test_without_a_place_for_it_the_interpreter_keeps_its_own_path(tmp_path: Path, cache_dir: Path) -> None:
    """What a sandbox must show then is listed."""
    spec = function(tmp_path, {"app.py": ""}, runtime=OWN)
    launch = launch_for(spec, View("/var/task", "/opt", "/var/runtime", "/tmp"), cache_dir)
    assert launch.argv[0] == own().path
    assert any(Path(launch.argv[0]).is_relative_to(folder) for folder in launch.host_paths)
    assert Path.home() not in launch.host_paths


def test_the_package_hides_a_layer_and_a_layer_the_runtime(tmp_path: Path, cache_dir: Path) -> None:
    """The order in which a module is looked for."""
    layer = tmp_path / "layer"
    for name in ("first", "second", "boto3"):
        file = layer / "python" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("NAME = 'layer'")
    source = """
        import boto3, first, second
        def handler(event, context):
            return [boto3.NAME, first.NAME, second.NAME]
    """
    files = {"first.py": "NAME = 'package'"}
    seen = answer(tmp_path, cache_dir, source, files=files, layer_dirs=(layer,))
    assert seen == ["layer", "package", "layer"]


def test_path_files_of_a_layer_are_followed(tmp_path: Path, cache_dir: Path) -> None:
    """AWS treats the layers' folders as site directories."""
    folder = tmp_path / "layer" / "python"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep.pth").write_text("deep\n")
    (folder / "deep" / "hidden.py").write_text("NAME = 'found'")
    source = "import hidden\ndef handler(event, context): return hidden.NAME"
    assert answer(tmp_path, cache_dir, source, layer_dirs=(tmp_path / "layer",)) == "found"


def test_a_python_path_of_the_functions_own_takes_the_place_of_the_layers(
    tmp_path: Path, cache_dir: Path
) -> None:
    """As on AWS: the task root first, then the runtime, then what it names."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "other.py").write_text("NAME = 'other'")
    source = (
        "import os, sys, other\ndef handler(event, context): return [sys.path[2], os.environ['PYTHONPATH']]"
    )
    mine = str(tmp_path / "elsewhere")
    assert answer(tmp_path, cache_dir, source, environment={"PYTHONPATH": mine}) == [mine, mine]


def test_a_package_with_files_named_like_the_standard_librarys_runs(tmp_path: Path, cache_dir: Path) -> None:
    """The runtime has what it needs before the package joins the search path."""
    files = dict.fromkeys(("json.py", "logging.py", "simplejson.py", "site.py"), "raise SystemError('mine')")
    source = "def handler(event, context): return event"
    assert answer(tmp_path, cache_dir, source, files=files) == {}


def test_interactive_names_are_built_in_as_on_aws(tmp_path: Path, cache_dir: Path) -> None:
    """Code that ends with exit() is common, and works there."""
    source = "import builtins\ndef handler(event, context): return [hasattr(builtins, n) for n in event['n']]"
    spec = function(tmp_path, {"app.py": source}, runtime=OWN)
    names = {"n": ["exit", "quit", "help", "copyright"]}
    assert run(spec, launch_of(spec, cache_dir), (names,)).answers == [[True] * 4]


def test_nothing_is_written_into_the_package(tmp_path: Path, cache_dir: Path) -> None:
    """/var/task is read-only on AWS: no compiled modules appear in it here either."""
    files = {"inner/__init__.py": "X = 1"}
    answer(tmp_path, cache_dir, "import inner\ndef handler(event, context): return inner.X", files=files)
    assert not list((tmp_path / "task").rglob("__pycache__"))


WRAPPER = '#!/bin/sh\necho "wrapped $1" >&2\nexport FROM_WRAPPER=yes\nexec "$@"\n'


def test_a_wrapper_script_starts_the_runtime(tmp_path: Path, cache_dir: Path) -> None:
    """AWS_LAMBDA_EXEC_WRAPPER names it by AWS's path; it gets the command as its arguments."""
    layer = tmp_path / "layer"
    layer.mkdir()
    (layer / "wrapper").write_text(WRAPPER)
    (layer / "wrapper").chmod(0o755)
    source = "import os\ndef handler(event, context): return os.environ['FROM_WRAPPER']"
    spec = function(
        tmp_path,
        {"app.py": source},
        runtime=OWN,
        layer_dirs=(layer,),
        environment={"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"},
    )
    done = run(spec, launch_of(spec, cache_dir))
    assert done.answers == ["yes"]
    assert done.lines[0] == f"wrapped {own().path}"


@pytest.mark.parametrize(
    ("mode", "code", "text"), [(None, 127, "does not exist"), (0o644, 126, "is not an executable")]
)
def test_a_wrapper_that_cannot_be_started_ends_the_init(
    mode: int | None, code: int, text: str, tmp_path: Path, cache_dir: Path
) -> None:
    """With AWS's exit code and line."""
    wrapper = tmp_path / "task" / "wrapper"
    spec = function(
        tmp_path, {"app.py": ""}, runtime=OWN, environment={"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrapper"}
    )
    if mode is not None:
        wrapper.write_text(WRAPPER)
        wrapper.chmod(mode)
    done = run(spec, launch_of(spec, cache_dir))
    assert (done.exit_code, done.lines) == (code, [f"{wrapper}: {text}"])


def test_our_own_client_serves_where_awss_cannot_be_installed(tmp_path: Path, cache_dir: Path) -> None:
    """The same entry script finds it; nothing of AWS's client is there."""
    runtime_dir = bundle.bundle(own(), cache_dir, own_client=True)
    assert not (runtime_dir / "awslambdaric").exists()
    source = "import boto3\ndef handler(event, context): return [type(context).__module__, boto3.__name__]"
    spec = function(tmp_path, {"app.py": source}, runtime=OWN)
    launch = launch_of(spec, cache_dir)
    argv = tuple(part.replace(str(launch.runtime_dir), str(runtime_dir)) for part in launch.argv)
    done = run(spec, replace(launch, argv=argv, runtime_dir=runtime_dir))
    assert done.answers == [["_labkit_runtime.context", "boto3"]]

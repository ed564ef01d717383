"""The repository keeps its promises: exact pins, files that agree, one direction of imports, clean text."""

from __future__ import annotations

import fnmatch
import importlib.metadata
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SUPPORTED = ["3.11", "3.12", "3.13"]
EXTRAS = ("", "test", "lint")
LOCKS = ["*.lock", "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "pylock*.toml"]
TEXT = {".py", ".md", ".toml", ".txt", ".yml", ".yaml", ".json", ".ipynb", ".mjs", ".sh", ""}
# Addresses of package registries and places of somebody's machine, in halves: this file does not find itself.
WRONG = [
    "--(extra-)?index" + "-url",
    r"pypi\." + "org",
    "pythonhosted" + r"\.",
    "registry" + r"\.npm",
    "://regis" + r"try\.",
    "://deb" + r"\.",
    "/simple" + "/[a-z]",
    *(re.escape(f"{place}/") for place in (ROOT, Path.home()) if len(place.parts) > 1),
]


def pins() -> dict[str, str]:
    """name -> version, as constraints.txt has them; anything else on a line is a failure."""
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and line[0] != "#"]
    matches = [re.fullmatch(r"([a-z0-9][a-z0-9.-]*)==([0-9][0-9A-Za-z.+]*)", line) for line in lines]
    assert all(matches), [line for line, match in zip(lines, matches, strict=True) if not match]
    return {canonicalize_name(match[1]): match[2] for match in matches if match}


def files() -> list[Path]:
    """What git has or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git clone")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def installed(name: str, extras: tuple[str, ...], seen: dict[str, str]) -> dict[str, str]:
    """What a distribution brings in on this machine: canonical name -> installed version."""
    for line in importlib.metadata.requires(name) or []:
        need = Requirement(line)
        if need.marker and not any(need.marker.evaluate({"extra": extra}) for extra in extras):
            continue
        key = canonicalize_name(need.name)
        if key not in seen or need.extras:
            seen[key] = importlib.metadata.version(need.name)
            installed(need.name, ("", *need.extras), seen)
    return seen


@pytest.fixture(scope="module")
def brought_in() -> dict[str, str]:
    found = installed("labkit", EXTRAS, {})
    assert len(found) > 100
    return found


def test_everything_installed_is_pinned_at_that_version(brought_in):
    assert {name: pins().get(name) for name in brought_in} == brought_in, "run `make setup`"


def test_everything_asked_for_is_pinned():
    project = PROJECT["project"]
    asked = [*PROJECT["build-system"]["requires"], *project["dependencies"]]
    asked += [line for extra in project["optional-dependencies"].values() for line in extra]
    assert {canonicalize_name(Requirement(line).name) for line in asked} <= pins().keys()


def test_pins_work_on_the_oldest_python_promised(brought_in):
    """A package may want a later bug-fix release of Python than the 3.11.0 that pyproject.toml promises."""
    wants = {name: importlib.metadata.metadata(name).get("Requires-Python", "") for name in brought_in}
    assert not {name: want for name, want in wants.items() if re.search(r">=? *3\.11\.[1-9]", want)}


def test_there_is_no_lock_file():
    assert not [file for file in files() for lock in LOCKS if fnmatch.fnmatch(file.name, lock)]


def test_conda_environment_installs_the_package_with_its_pins():
    *packages, pip = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    assert f"python{PROJECT['project']['requires-python']}" in packages
    assert {re.split(r"[<>=]", package)[0] for package in packages} == {"python", "pip", "git", "make"}
    assert pip == {"pip": ["--constraint constraints.txt", "--editable .[test,lint]"]}
    assert set(PROJECT["project"]["optional-dependencies"]) == {"test", "lint", "grading"}  # what CI adds


def test_make_setup_installs_what_conda_installs():
    install = (ROOT / "tools" / "install.py").read_text()
    assert '"--constraint", "constraints.txt", "--editable", ".[test,lint]"' in install


def test_every_file_names_the_same_pythons():
    setup = runpy.run_path(str(ROOT / "tools" / "setup.py"))
    lowest, below = (".".join(map(str, setup[name])) for name in ("LOWEST", "BELOW"))
    assert PROJECT["project"]["requires-python"] == f">={lowest},<{below}"
    assert setup["NAMES"] == ("python3", *(f"python{version}" for version in reversed(SUPPORTED)))
    ci = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    assert ci["jobs"]["test"]["strategy"]["matrix"]["python"] == SUPPORTED
    assert PROJECT["tool"]["mypy"]["python_version"] == SUPPORTED[0] == lowest


def test_package_and_changelog_name_the_same_version():
    import labkit

    newest = re.search(r"^## ([0-9.]+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert newest
    assert newest[1] == labkit.__version__ == PROJECT["project"]["version"]


def test_the_package_ships_every_data_file_it_has():
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["*"]
    data = [file for file in files() if ROOT / "labkit" in file.parents and file.suffix != ".py"]
    left = [file for file in data if not any(fnmatch.fnmatch(file.name, pattern) for pattern in patterns)]
    assert not left, "add their kind to [tool.setuptools.package-data] in pyproject.toml"


def test_imports_run_one_way():
    """The contracts are in pyproject.toml; docs/architecture.md says why."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_importing_labkit_is_cheap():
    """The server, each `labkit` command and each kernel import the package; none needs all of it."""
    question = "import sys, labkit; print({'boto3', 'moto', 'pandas'} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", question], capture_output=True, text=True, check=True)
    assert answer.stdout == "set()\n"


def test_no_file_names_a_registry_or_a_place_on_a_machine():
    wrong = re.compile("|".join(WRONG))
    found = [
        f"{file.relative_to(ROOT)}:{number}: {match[0]}"
        for file in files()
        if file.suffix in TEXT
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1)
        if (match := wrong.search(line))
    ]
    assert not found


def test_every_file_named_as_slow_is_there():
    from tests.conftest import HERE, SLOW

    assert not [name for name in SLOW if not (HERE / name).exists()]


def test_nothing_in_the_tests_reaches_beyond_this_machine():
    """The guard in conftest.py holds for names, for addresses and for children."""
    import socket

    for host in ("example.com", "93.184.216.34"):
        with pytest.raises(RuntimeError, match="this machine only"):
            socket.create_connection((host, 80), timeout=1)
    code = "import boto3; boto3.client('sts', region_name='us-east-1').get_caller_identity()"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert 'Could not connect to the endpoint URL: "http://127.0.0.1:9/"' in child.stderr

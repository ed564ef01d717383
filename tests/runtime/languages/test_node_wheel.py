"""Node.js from PyPI: fetched once into labkit's cache, for machines without the version that is wanted."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from labkit.errors import RuntimeUnavailable
from labkit.runtime.languages import check, node, node_wheel
from labkit.runtime.languages.cache import folder, place

from .functions import function, launch_of

KEPT = node_wheel.installed(place(Path("nowhere")))
needs_fetched = pytest.mark.skipif(len(KEPT) < 2, reason="make setup fetches Node.js when there is a network")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without Node.js, where nothing has been tried yet."""
    monkeypatch.setattr(node, "_installed", lambda: ())
    monkeypatch.setattr(node_wheel, "_failed", {})


def test_without_a_network_the_refusal_says_why_and_nothing_is_left(bare: None, tmp_path: Path) -> None:
    """The tests' proxy leads nowhere. Until something was tried the runtime is not refused."""
    check("nodejs24.x", tmp_path)
    spec = function(tmp_path / "f", {"app.mjs": ""}, runtime="nodejs24.x")
    with pytest.raises(RuntimeUnavailable, match=r"needs Node\.js.*pip says: .*Connect to a network"):
        launch_of(spec, tmp_path)
    assert [entry for entry in folder(tmp_path).iterdir() if entry.is_dir()] == []
    with pytest.raises(RuntimeUnavailable, match="pip says"):
        check("nodejs24.x", tmp_path)


@needs_fetched
def test_what_was_fetched_is_the_version_of_the_runtime(bare: None, cache_dir: Path) -> None:
    """It needs nothing of the machine, runs, and was not just unpacked beside another version."""
    for major, version in node_wheel.VERSIONS.items():
        assert node_wheel.install(cache_dir, major) is None
        found = node.find(f"nodejs{major}.x", cache_dir)
        assert found.text == version
        assert node.available(f"nodejs{major}.x", cache_dir).interpreter == found.path


@needs_fetched
def test_npm_comes_along_for_the_sdk(cache_dir: Path) -> None:
    """A machine without Node.js has no npm either."""
    command = node_wheel.npm(cache_dir)
    assert command is not None
    said = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True, cwd="/")
    assert int(said.stdout.split(".")[0]) >= 10

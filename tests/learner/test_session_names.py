"""Names: stable, short, legal for every service, and different for every workspace."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.errors import LabError
from labkit.session import names


@pytest.mark.parametrize(
    ("notebook", "lab"),
    [
        ("02-create", "02-create"),
        ("02-create.ipynb", "02-create"),
        (Path("/home/me/workspace/02-create.ipynb"), "02-create"),
        ("demo", "demo"),
    ],
)
def test_a_lab_is_named_after_its_notebook(notebook: str | Path, lab: str) -> None:
    """However the notebook is given."""
    assert names.lab_name(notebook) == lab


@pytest.mark.parametrize("notebook", ["", "..", "02 create", "a\nb", "ü"])
def test_a_name_that_is_no_file_name_is_refused(notebook: str) -> None:
    """It becomes the name of the ledger's file."""
    with pytest.raises(LabError, match="does not name a notebook"):
        names.lab_name(notebook)


def test_the_default_prefix_has_phase_and_workspace(workspace: Path, tmp_path: Path) -> None:
    """Stable over kernel restarts; another workspace has another one."""
    prefix = names.default_prefix("02-create", workspace)
    assert re.fullmatch(r"lab02-[a-z0-9]{5}", prefix)
    assert names.default_prefix("02-create", workspace) == prefix
    assert names.default_prefix("03-triggers", workspace) == prefix.replace("02", "03")
    assert names.default_prefix("02-create", tmp_path / "other") != prefix


@pytest.mark.parametrize(
    ("lab", "word"),
    [("02-create-Copy1", "lab02copy1"), ("02-create-Copy12", "lab02copy12"), ("02-Copy", "lab02")],
)
def test_a_copy_of_a_notebook_is_another_lab(lab: str, word: str, workspace: Path) -> None:
    """As JupyterLab names copies: with a ledger of its own, it needs resources of its own."""
    prefix = names.default_prefix(lab, workspace)
    assert names.checked_prefix(prefix) == f"{word}-{names.workspace_id(workspace)}"


def test_kernels_that_start_together_agree_on_the_workspace_id(workspace: Path) -> None:
    """Only one of them sets it."""
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(names.workspace_id(workspace))) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(got) == 8 and len(set(got)) == 1


@pytest.mark.parametrize("lab", ["demo", "My_Notebook.v2", "9lives", "--", "a" * 80])
def test_any_notebook_has_a_legal_prefix(lab: str, workspace: Path) -> None:
    """Also one that is not part of the course."""
    assert names.checked_prefix(names.default_prefix(lab, workspace))


@pytest.mark.parametrize("prefix", ["", "a", "Lab", "2nd", "a-", "a_b", "x" * 32, "a b"])
def test_a_prefix_that_some_service_refuses_is_refused_at_once(prefix: str) -> None:
    """Not after half of the lab."""
    with pytest.raises(LabError, match="prefix"):
        names.checked_prefix(prefix)


@pytest.mark.parametrize(
    ("base", "name"),
    [
        ("orders", "lab02-k3f9x-orders"),
        ("Orders Table", "lab02-k3f9x-orders-table"),
        ("orders_v2", "lab02-k3f9x-orders-v2"),
        ("orders.fifo", "lab02-k3f9x-orders.fifo"),
        ("lab02-k3f9x-orders", "lab02-k3f9x-orders"),
    ],
)
def test_a_name_is_the_prefix_and_the_base(base: str, name: str) -> None:
    """In letters that all services accept."""
    assert names.resource_name("lab02-k3f9x", base) == name


@given(st.text(min_size=1, max_size=200))
def test_whatever_the_base_the_name_is_legal_for_a_bucket(base: str) -> None:
    """S3's rule is the strictest: 3 to 63 of a-z, 0-9 and hyphen, no hyphen at the ends."""
    try:
        name = names.resource_name("lab02-k3f9x", base)
    except LabError:
        assert not re.search("[a-z0-9]", base.removesuffix(".fifo").lower())
        return
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", name.removesuffix(".fifo"))
    assert names.resource_name("lab02-k3f9x", base) == name


def test_long_bases_stay_different() -> None:
    """Cut names carry a hash of the whole."""
    one, two = (names.resource_name("lab02-k3f9x", "x" * 80 + end) for end in "ab")
    assert len(one) == len(two) == 63 and one != two

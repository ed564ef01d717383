"""Names: which lab this is, which workspace, and what its resources are called."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path

from labkit.cloud import state_dir
from labkit.errors import CloudError, LabError

LAB = re.compile(r"^(?P<phase>\d\d)?[A-Za-z0-9._-]*?(-Copy(?P<copy>\d+))?$")  # as JupyterLab names copies
PREFIX = re.compile(r"^[a-z][a-z0-9-]{0,29}[a-z0-9]$")
# The strictest of the services sets the rule for all: S3 allows 3 to 63 lower-case letters, digits and
# hyphens; functions, roles and rules allow 64 characters.
LONGEST_NAME = 63
ID_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike
ID_LENGTH = 5


def lab_name(notebook: str | Path) -> str:
    """The lab's name: the notebook's file name without its ending, such as ``02-create``.

    Raises:
        LabError: the name has characters that cannot be part of a file name everywhere.
    """
    name = Path(notebook).name.removesuffix(".ipynb")
    if not name.strip(".") or not LAB.match(name):
        raise LabError(
            f"{str(notebook)!r} does not name a notebook. Use its file name, such as '02-create': "
            "letters, digits, dots, hyphens and underscores."
        )
    return name


def workspace_id(workspace: Path) -> str:
    """Five letters that tell this workspace from others in the same account; kept in ``.labkit``."""
    path = state_dir(workspace) / "workspace-id"
    if not path.exists():
        made = path.with_name(f"{path.name}-{os.getpid()}-{secrets.token_hex(4)}")
        try:
            made.write_text("".join(secrets.choice(ID_LETTERS) for _ in range(ID_LENGTH)) + "\n")
            os.link(made, path)  # only one of several kernels that start together gets to set it
        except FileExistsError:
            pass
        except OSError as error:
            raise CloudError(f"{path} cannot be written ({error.strerror or error}).") from error
        finally:
            made.unlink(missing_ok=True)
    return path.read_text().strip()


def default_prefix(lab: str, workspace: Path) -> str:
    """``lab02-k3f9x`` for the lab ``02-create``: short, legal everywhere, and this workspace's own.

    ``02-create-Copy1`` is another lab, with a ledger of its own: ``lab02copy1-k3f9x``.
    """
    matched = LAB.match(lab)
    if matched and matched["phase"]:
        word = f"lab{matched['phase']}" + (f"copy{matched['copy']}" if matched["copy"] else "")
    else:
        word = re.sub(r"[^a-z0-9]+", "-", lab.lower()).strip("-")[:16].strip("-")
    return f"{word if word[:1].isalpha() else 'lab'}-{workspace_id(workspace)}"


def checked_prefix(prefix: str) -> str:
    """The prefix, if all services accept it.

    Raises:
        LabError: it is too long, or has characters that one of them refuses.
    """
    if not PREFIX.match(prefix):
        raise LabError(
            f"The prefix {prefix!r} cannot begin the names of all resources. Use 2 to 31 lower-case letters, "
            "digits and hyphens, beginning with a letter and not ending with a hyphen."
        )
    return prefix


def resource_name(prefix: str, base: str) -> str:
    """``<prefix>-<base>`` with legal characters only, at most 63 of them. Already prefixed names stay.

    Capitals become small, anything else becomes a hyphen; ``.fifo`` is kept at the end, where SQS and SNS
    demand it. What is too long is cut and made distinct by six characters of its hash.

    Raises:
        LabError: nothing is left of the base.
    """
    stem, fifo = base.removesuffix(".fifo"), ".fifo" if base.endswith(".fifo") else ""
    clean = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")
    if not clean:
        raise LabError(f"{base!r} has no letter or digit to make a name of.")
    name = clean if clean.startswith(f"{prefix}-") else f"{prefix}-{clean}"
    room = LONGEST_NAME - len(fifo)
    if len(name) > room:
        name = f"{name[: room - 7].rstrip('-')}-{hashlib.sha256(base.encode()).hexdigest()[:6]}"
    return name + fifo

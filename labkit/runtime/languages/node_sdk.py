"""The contents of /var/runtime for Node.js: our bootstrap, and AWS SDK v3 clients as AWS's image has them.

The clients are real ones from npm, installed once into labkit's cache; without npm or a network functions run
without them, and an import of one says what to do.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import threading
from hashlib import sha256
from pathlib import Path

PACKAGES = Path(__file__).with_name("node_packages.json")
INSTALL_S = 300
log = logging.getLogger(__name__)
_turn = threading.Lock()


def runtime_dir(bootstrap: Path, cache_dir: Path) -> Path:
    """The runtime directory; built once for each version of the bootstrap and the list of packages."""
    files = sorted(bootstrap.glob("*.mjs"))
    content = PACKAGES.read_bytes() + b"".join(file.read_bytes() for file in files)
    target = cache_dir / "runtimes" / f"nodejs-{sha256(content).hexdigest()[:16]}"
    with _turn:
        if not (target / "index.mjs").exists():
            part = target.with_name(f"{target.name}.{os.getpid()}.part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            for file in files:
                shutil.copyfile(file, part / file.name)
            shutil.rmtree(target, ignore_errors=True)
            os.replace(part, target)
        if not (target / "node_modules").exists():
            install(target)
    return target


def install(target: Path) -> str | None:
    """Installs the SDK's clients; None when they are there, else why they are not."""
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not on this machine"
    wanted = [f"{name}@{version}" for name, version in json.loads(PACKAGES.read_text())["packages"].items()]
    part = target.with_name(f"{target.name}.npm")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    (part / "package.json").write_text('{"private": true}')
    command = [npm, "install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", *wanted]
    try:
        said = subprocess.run(command, cwd=part, capture_output=True, text=True, timeout=INSTALL_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if said.returncode != 0:
        log.warning("the AWS SDK for JavaScript could not be installed: %s", said.stderr[-2000:])
        return said.stderr.strip().splitlines()[-1] if said.stderr.strip() else "npm failed"
    os.replace(part / "node_modules", target / "node_modules")
    shutil.rmtree(part, ignore_errors=True)
    return None

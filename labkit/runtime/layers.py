"""Layers become /opt: unpacked in the order given, later ones win. Merged once per combination and kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path


def merged(layer_dirs: Sequence[Path], cache_dir: Path) -> Path:
    """The directory that is shown as /opt; empty when there is no layer."""
    if len(layer_dirs) == 1:
        return layer_dirs[0]
    key = sha256("\0".join(map(str, layer_dirs)).encode()).hexdigest()[:32]
    target = cache_dir / "opt" / key
    if not target.exists():
        _merge(layer_dirs, target)
    return target


def _merge(layer_dirs: Sequence[Path], target: Path) -> None:
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for layer in layer_dirs:
        for folder, _, names in os.walk(layer):
            into = part / Path(folder).relative_to(layer)
            into.mkdir(exist_ok=True)
            for name in names:
                (into / name).unlink(missing_ok=True)
                shutil.copy2(Path(folder) / name, into / name, follow_symlinks=False)
    os.replace(part, target)

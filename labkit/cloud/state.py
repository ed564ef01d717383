"""What a workspace says about its local cloud: the state file, the lock, the health answer.

Changes nothing but the ``.labkit`` folder itself.
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import shlex
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from labkit.cloud.http import Answer, health_pid, request
from labkit.errors import CloudError

DEFAULT_REGION = "us-east-1"
STATE_DIR = ".labkit"
USUAL_WORKSPACE = "workspace"  # of `labkit start`, in the course's own folder


@dataclass(frozen=True)
class Cloud:
    """A local cloud that answered a moment ago: where it is and the key that opens it."""

    workspace: Path
    endpoint: str
    port: int
    pid: int
    started_at: str
    version: str
    region: str
    account_id: str
    access_key_id: str
    secret_access_key: str = field(repr=False)

    @property
    def home(self) -> str:
        """Names this run of the cloud. Its state is in memory: another run knows nothing of this one."""
        return f"local:{self.started_at}:{self.pid}"

    def environment(self) -> dict[str, str]:
        """The variables with which plain boto3 and the AWS CLI reach this cloud."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",  # else StartSyncExecution goes to sync-127.0.0.1
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
        }

    def call(self, method: str, path: str, body: Any = None, *, timeout_s: float = 60.0) -> Answer:
        """Makes a signed request to one of the cloud's own ``/_labkit/`` addresses.

        Raises:
            CloudError: the cloud does not answer, or refuses.
        """
        data = b"" if body is None else json.dumps(body).encode()
        try:
            status, answer = request(self.port, method, path, data, self._sign(method, path, data), timeout_s)
        except ConnectionRefusedError as error:
            raise CloudError(
                f"The local cloud at {self.endpoint} is not there any more, and what was in it is gone. In a "
                "notebook run its first cell (labkit.open) again to start it, then the cells after it; in a "
                "terminal, `labkit cloud start`."
            ) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise CloudError(
                f"The local cloud at {self.endpoint} did not answer {method} {path} ({error}). "
                "See `labkit cloud status`; `labkit cloud start` starts it again."
            ) from error
        if status != 200:
            raise CloudError(f"The local cloud refused {method} {path}: HTTP {status} {answer}")
        return answer

    def _sign(self, method: str, path: str, data: bytes) -> dict[str, str]:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        headers = {"Content-Type": "application/json"} if data else {}
        request = AWSRequest(method=method, url=self.endpoint + path, data=data, headers=headers)
        key = Credentials(self.access_key_id, self.secret_access_key)
        SigV4Auth(key, "labkit", self.region).add_auth(request)
        return dict(request.headers.items())


@dataclass(frozen=True)
class Status:
    """What is known of a workspace's cloud.

    Attributes:
        state: ``running``; ``stopped``; ``stale`` (a state file, but no process behind it);
            ``silent`` (a process holds the workspace and does not answer).
    """

    state: Literal["running", "stopped", "stale", "silent"]
    workspace: Path
    cloud: Cloud | None = None


def workspace_dir(workspace: str | Path | None = None) -> Path:
    """The workspace as an absolute path: the argument, else $LABKIT_WORKSPACE, else the current folder.

    In the course's own folder that is the ``workspace`` in it, once `labkit start` has made it.
    """
    named = workspace or os.environ.get("LABKIT_WORKSPACE")
    place = Path(named or ".").expanduser().resolve()
    inner = place / USUAL_WORKSPACE
    if not named and not (place / STATE_DIR).is_dir() and (inner / STATE_DIR).is_dir():
        return inner
    return place


def state_dir(workspace: Path) -> Path:
    """The workspace's ``.labkit`` folder, made (mode 0700, out of git's sight) if it is missing.

    Raises:
        CloudError: the workspace cannot be written to.
    """
    folder = workspace / STATE_DIR
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (ignore := folder / ".gitignore").exists():
            ignore.write_text("*\n")
        probe = folder / f".probe-{os.getpid()}-{threading.get_ident()}"
        probe.write_bytes(b"")
        probe.unlink(missing_ok=True)
    except OSError as error:
        raise CloudError(
            f"The workspace {workspace} cannot be written to ({error.strerror or error}). "
            "Choose a folder of your own: change into it, or set LABKIT_WORKSPACE."
        ) from error
    return folder


def find(workspace: str | Path | None = None) -> Cloud | None:
    """The running cloud of a workspace, or None. It has answered with the process id it claims."""
    cloud = _read_state(workspace_dir(workspace))
    return cloud if cloud is not None and health_pid(cloud.port) == cloud.pid else None


def status(workspace: str | Path | None = None) -> Status:
    """Tells whether the workspace's cloud runs, without changing anything."""
    place = workspace_dir(workspace)
    if cloud := find(place):
        return Status("running", place, cloud)
    left = _read_state(place)
    if _lock_held(place):
        return Status("silent", place, left)
    return Status("stale" if (place / STATE_DIR / "cloud.json").exists() else "stopped", place, left)


def exports(cloud: Cloud, environ: Mapping[str, str] = os.environ) -> str:
    """Shell lines that point plain boto3 and the AWS CLI at this cloud, and undo what would win over them."""
    stronger = {"AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"}
    stronger |= {name for name in environ if name.startswith("AWS_ENDPOINT_URL_")}
    stronger |= {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"}
    lines = [f"unset {' '.join(sorted(stronger))}"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in cloud.environment().items()]
    if any(environ.get(name) for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")):
        known = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
        here = shlex.quote(",".join(filter(None, [known, "127.0.0.1"])))
        lines += [f"export NO_PROXY={here} no_proxy={here}"]
    return "\n".join(lines)


def _read_state(place: Path) -> Cloud | None:
    """What the state file says, or None when there is none that makes sense."""
    try:
        state = json.loads((place / STATE_DIR / "cloud.json").read_text())
        known = {one.name: state[one.name] for one in fields(Cloud) if one.name != "workspace"}
        cloud = Cloud(workspace=place, **known)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    here = urlsplit(cloud.endpoint).hostname == "127.0.0.1"
    return cloud if here and isinstance(cloud.port, int) and isinstance(cloud.pid, int) else None


def _lock_held(place: Path) -> bool:
    """Whether a server process lives for this workspace: it holds the lock as long as it lives."""
    try:
        with open(place / STATE_DIR / "cloud.lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False

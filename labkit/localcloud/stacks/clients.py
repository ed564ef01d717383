"""The clients with which a stack makes its resources: of this cloud's own front, as the caller."""

from __future__ import annotations

import threading
from typing import Any

import botocore.session
from botocore.config import Config

from labkit.localcloud.identities import Identity
from labkit.runtime.spec import Credentials

# The longest answer is that of a function behind a custom resource, which is not waited for.
CONFIG = Config(
    retries={"total_max_attempts": 1},
    read_timeout=120,
    inject_host_prefix=False,
    s3={"addressing_style": "path"},
)
_SESSION = botocore.session.Session()
_MAKING = threading.Lock()  # botocore's sessions must not make clients in two threads at once


class Clients:
    """Gives the client of a service; remembers what it made."""

    def __init__(self, endpoint: str, region: str, credentials: Credentials) -> None:
        self._endpoint, self._region, self._credentials = endpoint, region, credentials
        self._made: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        if service not in self._made:
            with _MAKING:
                self._made[service] = _SESSION.create_client(
                    service,
                    region_name=self._region,
                    endpoint_url=self._endpoint,
                    aws_access_key_id=self._credentials.access_key_id,
                    aws_secret_access_key=self._credentials.secret_access_key,
                    aws_session_token=self._credentials.session_token,
                    config=CONFIG,
                )
        return self._made[service]


def credentials_of(identity: Identity) -> Credentials:
    """What a caller signed with."""
    return Credentials(identity.access_key_id, identity.secret, identity.token)  # type: ignore[arg-type, unused-ignore]

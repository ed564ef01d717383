"""The one module that tells local from AWS: endpoint, credentials, Region, identity.

Everything above it holds a ``Target`` and makes plain boto3 clients.
"""

from __future__ import annotations

import difflib
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NoReturn
from urllib.parse import urlsplit

import boto3
import botocore.exceptions as sdk
import botocore.session
from botocore.config import Config
from botocore.loaders import create_loader

from labkit import cloud
from labkit.errors import CloudError, TargetError

LAMBDA_READ_TIMEOUT_S = 910  # a function may run 900 s; a shorter timeout would make the SDK call it twice
NO_ACCOUNT = "To work without an account, use target='local'."
REFUSED_KEYS = {"InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException", "AuthFailure"}
EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
# What labs of one process have read of the services' models; a session of its own reads them all again.
MODELS = create_loader()


@dataclass(frozen=True)
class Target:
    """Where a lab's calls go.

    Attributes:
        home: the account or the run of the local cloud, as the ledger names it.
        arn: who calls.
        endpoint_url: None for AWS itself.
        cloud: the local cloud, if it is one.
    """

    kind: Literal["local", "aws"]
    session: boto3.Session
    region: str
    account_id: str
    arn: str
    home: str
    endpoint_url: str | None = None
    cloud: cloud.Cloud | None = None
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def client(self, service: str, region: str | None = None) -> Any:
        """The boto3 client of a service; the same object each time, safe to share between threads.

        Raises:
            TargetError: there is no such service.
        """
        key = service, region or self.region
        with self._lock:  # boto3 sessions must not make clients in two threads at once
            if key not in self._clients:
                self._clients[key] = self._make_client(*key)
            return self._clients[key]

    def _make_client(self, service: str, region: str) -> Any:
        try:
            return self.session.client(
                service,  # type: ignore[call-overload]
                region_name=region,
                endpoint_url=self.endpoint_url,
                config=_config(service, self.endpoint_url),
            )
        except sdk.UnknownServiceError as error:
            close = difflib.get_close_matches(service, self.session.get_available_services(), 3)
            hint = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
            raise TargetError(f"boto3 knows no service {service!r}.{hint}") from error


def connect_local(workspace: Path, region: str) -> Target:
    """Starts or finds the workspace's cloud. The host's own AWS settings play no part.

    Raises:
        CloudError: it cannot be started.
        TargetError: there is no such Region.
    """
    found = cloud.start(workspace, region=region)
    # No profile, no files: a broken ~/.aws/config or an AWS_PROFILE must not reach into the local cloud.
    nothing: dict[str, Any] = {"profile": (None, None, None, None)}
    nothing |= dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    bare = botocore.session.Session(session_vars=nothing)
    bare.register_component("data_loader", MODELS)
    session = boto3.Session(
        aws_access_key_id=found.access_key_id,
        aws_secret_access_key=found.secret_access_key,
        region_name=region,
        botocore_session=bare,
    )
    _known_region(session, region)
    session.events.register("after-call-error", _local_cloud_lost(found))
    arn = f"arn:aws:iam::{found.account_id}:root"
    return Target("local", session, region, found.account_id, arn, found.home, found.endpoint, found)


def connect_aws(region: str | None, endpoint_url: str | None) -> Target:
    """Uses boto3's own credential chain, and asks who that is.

    Args:
        region: None takes the one that the SDK is configured with.
        endpoint_url: another AWS-compatible endpoint; default $AWS_ENDPOINT_URL, else AWS itself.

    Raises:
        TargetError: no or bad credentials, no or unknown Region, nobody answers.
    """
    endpoint_url = endpoint_url or os.environ.get("AWS_ENDPOINT_URL") or None
    try:
        session = boto3.Session(region_name=region)
        region = session.region_name
        if not region:
            raise TargetError(
                "No Region is set. Give one, as in labkit.open(..., target='aws', region='eu-west-1'), "
                "or set AWS_DEFAULT_REGION."
            )
        _known_region(session, region)
        identity = session.client(
            "sts",
            endpoint_url=endpoint_url,
            config=_config("sts", endpoint_url).merge(
                Config(connect_timeout=5, read_timeout=15, retries={"total_max_attempts": 2})
            ),
        ).get_caller_identity()
    except (sdk.BotoCoreError, sdk.ClientError, ValueError) as error:
        _explain(error, endpoint_url)
    account, arn = identity["Account"], identity["Arn"]
    home = f"aws:{account}" + (f"@{endpoint_url}" if endpoint_url else "")
    return Target("aws", session, region, account, arn, home, endpoint_url)


def _config(service: str, endpoint_url: str | None) -> Config:
    config = Config(user_agent_extra="labkit", tcp_keepalive=True)
    if service == "lambda":
        config = config.merge(Config(read_timeout=LAMBDA_READ_TIMEOUT_S))
    if endpoint_url is None:
        return config
    # One host serves everything: no bucket or "sync-" in front of it, and no FIPS variant of it.
    config = config.merge(
        Config(
            s3={"addressing_style": "path"},
            inject_host_prefix=False,
            use_fips_endpoint=False,
            use_dualstack_endpoint=False,
        )
    )
    here = urlsplit(endpoint_url).hostname in ("127.0.0.1", "localhost", "::1")
    return config.merge(Config(proxies={})) if here else config


def _known_region(session: boto3.Session, region: str) -> None:
    partitions = session.get_available_partitions()
    known = {name for one in partitions for name in session.get_available_regions("lambda", one)}
    if region not in known:
        close = difflib.get_close_matches(region, sorted(known), 3)
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        raise TargetError(f"{region!r} is no Region that has AWS Lambda.{hint}")


def _local_cloud_lost(found: cloud.Cloud) -> Any:
    def tell(exception: Exception, **_: Any) -> None:
        """Says in our words that the process behind the clients is gone; botocore sees a refused port."""
        if isinstance(exception, sdk.EndpointConnectionError | sdk.ConnectTimeoutError):
            raise CloudError(
                f"The local cloud at {found.endpoint} is not there any more, and what was in it is gone. "
                "Run the notebook's first cell (labkit.open) again to start it, then the cells after it."
            ) from exception

    return tell


def _explain(error: Exception, endpoint_url: str | None) -> NoReturn:
    """Turns what the SDK says about credentials and connections into what to do about it."""
    code = error.response.get("Error", {}).get("Code", "") if isinstance(error, sdk.ClientError) else ""
    where = endpoint_url or "AWS"
    if code in EXPIRED or isinstance(error, sdk.UnauthorizedSSOTokenError | sdk.TokenRetrievalError):
        advice = "Your credentials have expired. Sign in again, as with `aws sso login` or `aws login`."
    elif code in REFUSED_KEYS:
        advice = (
            f"{where} does not accept these credentials. Check which ones are used: `aws configure list`."
        )
    elif isinstance(error, sdk.ProfileNotFound):
        advice = "AWS_PROFILE names a profile that does not exist. `aws configure list-profiles` shows them."
    elif isinstance(error, sdk.NoCredentialsError | sdk.PartialCredentialsError | sdk.SSOError):
        advice = "No usable AWS credentials were found. Run `aws configure` or sign in, or set AWS_PROFILE."
    elif isinstance(error, sdk.CredentialRetrievalError | sdk.RefreshWithMFAUnsupportedError):
        advice = "Your credentials could not be fetched. Try `aws sts get-caller-identity` in a terminal."
    elif isinstance(error, sdk.HTTPClientError | sdk.EndpointConnectionError):
        advice = f"{where} cannot be reached from this machine. Check the address, the network and the proxy."
    else:
        advice = f"{where} did not say who is calling."
    raise TargetError(f"{advice} {NO_ACCOUNT} (The SDK said: {error})") from error

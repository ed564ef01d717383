"""A small cloud for tests: signature, classification, decision, then moto; over real HTTP."""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"  # read when moto's IAM is first used
os.environ["MOTO_ACCOUNT_ID"] = "123456789012"

import boto3
from aiohttp import web
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from labkit.localcloud import lessons
from labkit.localcloud.identities import ACCOUNT_ID, Identities, Identity
from labkit.localcloud.identities.sts import install
from labkit.localcloud.permissions import (
    Answer,
    Asked,
    Permissions,
    PolicyUnsupported,
    RequestUnclear,
    access_denied,
    bad_signature,
    classify,
    handover,
    unclear,
    undecidable,
)
from labkit.localcloud.signing import SigningError, verify
from labkit.runtime.spec import Credentials

KEY, SECRET = "AKIALEARNERLEARNER12", "learners+secret/learners+secret+learners"
REGION = "us-east-1"
TRUSTS_LAMBDA: dict[str, Any] = {"Service": "lambda.amazonaws.com"}


def policy(*statements: Mapping[str, Any]) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: str | list[str], resources: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    """A statement that allows."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


class SmallCloud:
    """Serves on 127.0.0.1 from its own thread; ``resource_policies`` stand for those the lead plugs in."""

    def __init__(self) -> None:
        lessons.load_core()
        self.identities = Identities(KEY, SECRET)
        install(self.identities)
        handover.install()
        self.resource_policies: dict[str, str] = {}
        self.permissions = Permissions(resource_policy=self.resource_policies.get)
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._names = itertools.count()
        self._loop = asyncio.new_event_loop()
        application = web.Application(client_max_size=2**26)
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application)
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.endpoint: str = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)

    def close(self) -> None:
        """Ends the server."""
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)

    def name(self, start: str = "x") -> str:
        """A name that no other test uses."""
        return f"{start}-{next(self._names)}"

    def client(self, service: str, credentials: Credentials | None = None, region: str = REGION) -> Any:
        """A boto3 client, of the learner when no credentials are given."""
        held = credentials or Credentials(KEY, SECRET, "")
        return boto3.client(
            service,
            region,
            endpoint_url=self.endpoint,
            aws_access_key_id=held.access_key_id,
            aws_secret_access_key=held.secret_access_key,
            aws_session_token=held.session_token or None,
            config=Config(retries={"total_max_attempts": 1}),
        )

    def role(self, *statements: Mapping[str, Any], trust: Any = None, **more: Any) -> str:
        """Makes a role with an inline policy of these statements; its ARN."""
        iam, name = self.client("iam"), self.name("role")
        trusted = {"Effect": "Allow", "Principal": trust or TRUSTS_LAMBDA, "Action": "sts:AssumeRole"}
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trusted), **more)
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy(*statements))
        return str(made["Role"]["Arn"])

    def as_function(self, role_arn: str, function: str = "f") -> Callable[..., Any]:
        """Clients with the credentials that a function with this role gets."""
        credentials = self.identities.issue_for_function(role_arn, function)
        return lambda service, region=REGION: self.client(service, credentials, region)

    async def _start(self) -> str:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        answer = await self._loop.run_in_executor(None, self._answer, request, body)
        headers = {
            k: v for k, v in answer.headers.items() if k.lower() not in ("content-length", "date", "server")
        }
        return web.Response(status=answer.status, headers=headers, body=answer.body)

    def _answer(self, request: web.Request, body: bytes) -> Answer:
        path, _, query = request.raw_path.partition("?")
        method, headers = request.method, request.headers
        service = ""
        try:
            signed = verify(method, path, query, headers, body, self.identities.lookup)
            service = signed.service
            call = classify(method, request.host, path, query, headers, body, service, signed.region)
            denial = self.permissions.authorize(signed.signer, call)
        except SigningError as error:
            return bad_signature(error, Asked.of(error.service, method, headers, query))
        except RequestUnclear as error:
            return unclear(error, Asked.of(service, method, headers, query))
        except PolicyUnsupported as error:
            return undecidable(error, Asked.of(service, method, headers, query))
        if denial is not None:
            return access_denied(denial, Asked.of(service, method, headers, query))
        scope = (service, signed.region, signed.access_key_id, call.operation)
        return self._ask_moto(method, path, query, headers, body, scope)

    def _ask_moto(
        self,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes,
        scope: tuple[str, str, str, str],
    ) -> Answer:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": unquote(path, "latin-1"),
            "RAW_URI": path + (f"?{query}" if query else ""),
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": headers.get("Content-Type", ""),
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
        }
        handover.settle(environ, *scope)
        started: list[Any] = []

        def start(status: str, sent: list[tuple[str, str]], *_: Any) -> None:
            started.extend([int(status.split()[0]), dict(sent)])

        content = b"".join(self._moto(environ, start))
        return Answer(started[0], started[1], content)

    def identity_of(self, credentials: Credentials) -> Identity:
        """Who holds these."""
        identity = self.identities.lookup(credentials.access_key_id)
        assert identity is not None
        return identity


def arn(service: str, rest: str, region: str = REGION) -> str:
    """An ARN in the test account."""
    return f"arn:aws:{service}:{region}:{ACCOUNT_ID}:{rest}"

"""The X-Ray daemon on 127.0.0.1: segment documents by UDP, sampling rules by HTTP, on one port number.

Source: AWS, "Sending segment documents to the X-Ray daemon".
Proxies nothing more: SDKs ask it for nothing else.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import time
from collections.abc import Callable

from labkit.localcloud.tracing import sampling
from labkit.runtime.http import Answer, Request, Server

RECEIVE_BUFFER_BYTES = 4 << 20  # a burst waits here while the cloud is busy
TRIES = 20
log = logging.getLogger(__name__)


class Daemon(asyncio.DatagramProtocol):
    """Hands each document to ``accept``. ``address`` is ``host:port`` for AWS_XRAY_DAEMON_ADDRESS."""

    def __init__(self, accept: Callable[[bytes], None], account_id: str) -> None:
        self._accept, self._account_id = accept, account_id
        self._server = Server(self._answer)
        self._transport: asyncio.DatagramTransport | None = None
        self.address = ""

    async def start(self) -> None:
        """Listens on a port that is free for UDP and TCP alike.

        Raises:
            OSError: no such port was found.
        """
        tcp, udp = _same_port()
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        host, port = await self._server.listen(sock=tcp)
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=udp)
        self.address = f"{host}:{port}"

    async def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
        await self._server.close()

    def datagram_received(self, data: bytes, addr: object) -> None:
        head, _, document = data.partition(b"\n")
        try:
            known = json.loads(head) == {"format": "json", "version": 1}
        except (ValueError, RecursionError):
            known = False
        if known:
            self._accept(document)
        else:
            log.warning("dropped a datagram without the X-Ray header: %r", head[:200])

    def error_received(self, exc: Exception) -> None:
        log.warning("X-Ray daemon: %s", exc)

    async def _answer(self, request: Request) -> Answer:
        operation = request.raw_path.strip("/")
        if request.method == "POST" and operation == "GetSamplingRules":
            # The SDK asks with a region of its own making; the rule is the same everywhere.
            return _json(200, sampling.rules("us-east-1", self._account_id))
        if request.method == "POST" and operation == "SamplingTargets":
            try:
                asked = json.loads(request.body)["SamplingStatisticsDocuments"]
                return _json(200, sampling.targets(asked, time.time()))
            except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
                return _json(400, {"message": "SamplingStatisticsDocuments is missing or no list"})
        what = f"{request.method} {request.raw_path}"
        return _json(404, {"message": f"{what}: this daemon answers GetSamplingRules and SamplingTargets"})


def _same_port() -> tuple[socket.socket, socket.socket]:
    for _ in range(TRIES):
        tcp = socket.socket()
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            tcp.bind(("127.0.0.1", 0))
            udp.bind(tcp.getsockname())
        except OSError:
            tcp.close()
            udp.close()
            continue
        udp.setblocking(False)
        return tcp, udp
    raise OSError("no port of 127.0.0.1 is free for both UDP and TCP")


def _json(status: int, body: dict[str, object]) -> Answer:
    return Answer(status, [("Content-Type", "application/json")], json.dumps(body).encode())

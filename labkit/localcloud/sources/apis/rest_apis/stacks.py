"""REST APIs that CloudFormation makes and deletes: moto does so without a call of API Gateway's own API."""

from __future__ import annotations

from labkit.localcloud.front import Answer
from labkit.localcloud.moto_host import MotoHost
from labkit.localcloud.permissions.requests import Call
from labkit.localcloud.sources.apis.control import Forward
from labkit.localcloud.sources.apis.rest_apis.operations import RestApiOperations


class Stacks:
    """Stands behind what is signed for ``cloudformation``."""

    def __init__(self, moto: MotoHost, operations: RestApiOperations) -> None:
        self._moto, self._operations = moto, operations

    async def __call__(self, call: Call, forward: Forward) -> Answer:
        answer = await forward()
        if not call.operation.startswith(("Describe", "Get", "List")):
            await self._moto.run(self._operations.adopt, call.region)
        return answer

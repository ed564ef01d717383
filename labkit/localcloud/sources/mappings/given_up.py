"""The record of a batch that was given up, for the mapping's on-failure destination. Pure.

Source: Lambda Developer Guide, "Configure destinations for failed invocations" of DynamoDB and Kinesis:
queues and topics get the place of the records in the stream, buckets the event itself too.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from labkit.localcloud.functions.mapping_state import EventSourceMapping
from labkit.localcloud.sources.mappings.shards import StreamRecord
from labkit.localcloud.sources.mappings.world import encode, event
from labkit.runtime.loglines import iso
from labkit.runtime.spec import Outcome

Condition = Literal["RetryAttemptsExhausted", "RecordAgeExceeded"]


@dataclass(frozen=True)
class GivenUp:
    """Records that a function will not get again.

    Attributes:
        invokes: how often the function has had them; 0 when they were too old before.
        request_id, outcome, executed_version: of the last invocation, if there was one.
    """

    mapping: EventSourceMapping
    shard_id: str
    records: Sequence[StreamRecord]
    condition: Condition
    invokes: int
    request_id: str | None = None
    outcome: Outcome | None = None
    executed_version: str = "$LATEST"

    def body(self, now_ms: int, target_arn: str) -> str:
        """JSON text."""
        document: dict[str, Any] = {
            "requestContext": {
                "requestId": self.request_id or str(uuid.uuid4()),
                "functionArn": self.mapping.settings.function_arn,
                "condition": self.condition,
                "approximateInvokeCount": self.invokes,
            }
        }
        if self.outcome is not None:
            answer: dict[str, Any] = {"statusCode": 200, "executedVersion": self.executed_version}
            if self.outcome.function_error:
                answer["functionError"] = self.outcome.function_error
            document["responseContext"] = answer
        document |= {"version": "1.0", "timestamp": iso(now_ms), **self._batch_info()}
        if target_arn.split(":")[2] == "s3":
            document["payload"] = event([record.event for record in self.records]).decode()
        return encode(document).decode()

    def key(self, now_ms: int) -> str:
        """The object's key in a bucket."""
        moment = datetime.fromtimestamp(now_ms / 1000, UTC)
        day, time = moment.strftime("%Y/%m/%d"), moment.strftime("%Y-%m-%dT%H.%M.%S")
        return f"aws/lambda/{self.mapping.uuid}/{self.shard_id}/{day}/{time}-{uuid.uuid4()}"

    def _batch_info(self) -> dict[str, Any]:
        first, last = self.records[0], self.records[-1]
        kinesis = self.mapping.kind == "kinesis"
        return {
            "KinesisBatchInfo" if kinesis else "DDBStreamBatchInfo": {
                "shardId": self.shard_id,
                "startSequenceNumber": str(first.sequence),
                "endSequenceNumber": str(last.sequence),
                "approximateArrivalOfFirstRecord": _arrival(first, kinesis),
                "approximateArrivalOfLastRecord": _arrival(last, kinesis),
                "batchSize": len(self.records),
                "streamArn": self.mapping.source_arn,
            }
        }


def _arrival(record: StreamRecord, milliseconds: bool) -> str:
    """DynamoDB knows the second only."""
    text = iso(int(record.arrived * 1000))
    return text if milliseconds else f"{text[:19]}Z"

"""Event source mappings of DynamoDB Streams and Kinesis, through boto3 against the running cloud."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from poll_world import DYNAMODB_ROLE, KINESIS_ROLE, RECORDER, Mapped, Stream, Table, seen, seen_by
from push_world import Queue, advance, unique, until

from tests.localcloud.conftest import BASIC, Functions, zipped

KINESIS, DYNAMODB = (BASIC, KINESIS_ROLE), (BASIC, DYNAMODB_ROLE)
# Fails when a record's data has FAIL in it; reports it where it is asked to.
READER = """
import base64, json, os, time
def data(record):
    return json.loads(base64.b64decode(record["kinesis"]["data"]))
def handler(event, context):
    print("EVENT " + json.dumps([time.time_ns(), [data(record) for record in event["Records"]]]))
    bad = [r["kinesis"]["sequenceNumber"] for r in event["Records"] if "FAIL" in str(data(r))]
    if bad and not os.environ.get("REPORT"):
        raise ValueError("told to fail")
    return {"batchItemFailures": [{"itemIdentifier": number} for number in bad]}
"""
TRIM = {"StartingPosition": "TRIM_HORIZON"}


def all_of(reader: Any) -> list[Any]:
    """The data of all records that a reader was invoked with, in order."""
    return [data for batch in seen(reader) for data in batch]


def test_a_change_of_a_table_arrives_as_aws_sends_it(make: Functions, cloud: Any) -> None:
    """INSERT, MODIFY and REMOVE with keys and images; an item that stays as it was is no change."""
    function, table = make(RECORDER, policies=DYNAMODB), Table(cloud)
    Mapped(function, table.stream_arn, StartingPosition="LATEST")
    table.put("p1", size="12")
    table.put("p1", size="12")
    table.put("p1", size="13")
    table.dynamodb.delete_item(TableName=table.name, Key={"id": {"S": "p1"}})
    until(lambda: sum(len(event["Records"]) for event in seen(function)) == 3)
    records = [record for event in seen(function) for record in event["Records"]]
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    change = records[1]
    assert set(change) == {
        "eventID", "eventName", "eventVersion", "eventSource", "awsRegion", "dynamodb", "eventSourceARN"
    }  # fmt: skip
    assert change["eventVersion"] == "1.1" and change["eventSource"] == "aws:dynamodb"
    assert change["eventSourceARN"] == table.stream_arn
    inner = change["dynamodb"]
    assert inner["Keys"] == {"id": {"S": "p1"}} and inner["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert inner["NewImage"]["size"] == {"S": "13"} and inner["OldImage"]["size"] == {"S": "12"}
    assert isinstance(inner["ApproximateCreationDateTime"], int) and inner["SizeBytes"] == 24
    assert int(records[0]["dynamodb"]["SequenceNumber"]) < int(inner["SequenceNumber"])
    streams = cloud.client("dynamodbstreams")
    shard = streams.describe_stream(StreamArn=table.stream_arn)["StreamDescription"]["Shards"][0]
    iterator = streams.get_shard_iterator(
        StreamArn=table.stream_arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    assert len(streams.get_records(ShardIterator=iterator)["Records"]) == 3  # still there for others


def test_a_kinesis_record_arrives_as_aws_sends_it(make: Functions, cloud: Any) -> None:
    """Data as base64, place and time of the record, the role that read it."""
    function, stream = make(RECORDER, policies=KINESIS), Stream(cloud)
    Mapped(function, stream.arn, **TRIM)
    stream.put(b"\xffraw", key="p")
    (event,) = seen_by(function)
    (record,) = event["Records"]
    assert record["kinesis"].pop("approximateArrivalTimestamp") > 1.7e9
    number = record["kinesis"].pop("sequenceNumber")
    assert len(number) == 56 and number.isdecimal()
    assert record == {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "p",
            "data": base64.b64encode(b"\xffraw").decode(),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": function.role_arn,
        "awsRegion": cloud.region,
        "eventSourceARN": stream.arn,
    }


def test_starting_positions(make: Functions, cloud: Any) -> None:
    """TRIM_HORIZON reads everything, LATEST what comes, AT_TIMESTAMP what came since."""
    stream = Stream(cloud)
    stream.put("old")
    advance(cloud, 120)
    everything, later, since = (make(READER, policies=KINESIS) for _ in range(3))
    records = stream.kinesis.get_records(
        ShardIterator=stream.kinesis.get_shard_iterator(
            StreamName=stream.name, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
    )["Records"]
    moment = records[0]["ApproximateArrivalTimestamp"] + timedelta(seconds=60)
    stream.put("new")
    Mapped(everything, stream.arn, **TRIM)
    Mapped(later, stream.arn, StartingPosition="LATEST")
    Mapped(since, stream.arn, StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=moment)
    stream.put("newest")
    until(lambda: all_of(everything) == ["old", "new", "newest"])
    until(lambda: all_of(later) == ["newest"])
    until(lambda: all_of(since) == ["new", "newest"])


def test_batches_and_windows_keep_the_order_of_a_shard(make: Functions, cloud: Any) -> None:
    """At most BatchSize records, one batch after the other; a window waits for more."""
    function, stream = make(READER, policies=KINESIS), Stream(cloud)
    stream.put(*range(7))
    mapping = Mapped(function, stream.arn, BatchSize=3, **TRIM)
    seen_by(function, 3)
    assert seen(function) == [[0, 1, 2], [3, 4, 5], [6]]
    mapping.update(MaximumBatchingWindowInSeconds=100)
    stream.put(7)
    stream.put(8)
    advance(cloud, 50)
    assert len(seen(function)) == 3
    advance(cloud, 60)
    seen_by(function, 4)
    assert seen(function)[3] == [7, 8]


def test_a_failing_batch_blocks_its_shard_until_retries_are_exhausted(make: Functions, cloud: Any) -> None:
    """MaximumRetryAttempts 2: three invocations, then the record of the batch goes to the destination."""
    function, stream, failed = make(READER, policies=KINESIS), Stream(cloud), Queue(cloud)
    function.allow("sqs:SendMessage", failed.arn)
    mapping = Mapped(
        function,
        stream.arn,
        BatchSize=2,
        MaximumRetryAttempts=2,
        DestinationConfig={"OnFailure": {"Destination": failed.arn}},
        **TRIM,
    )
    stream.put("FAIL", "b", "c")
    (message,) = failed.messages()
    seen_by(function, 4)
    assert seen(function) == [["FAIL", "b"]] * 3 + [["c"]]
    record = json.loads(message["Body"])
    assert list(record) == [
        "requestContext", "responseContext", "version", "timestamp", "KinesisBatchInfo"
    ]  # fmt: skip
    context = record["requestContext"]
    assert context["condition"] == "RetryAttemptsExhausted" and context["approximateInvokeCount"] == 3
    assert context["functionArn"].endswith(f":function:{function.name}")
    assert any(f"START RequestId: {context['requestId']}" in line for line in function.log())
    assert record["responseContext"] == {
        "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"
    }  # fmt: skip
    info = record["KinesisBatchInfo"]
    assert info["shardId"] == "shardId-000000000000" and info["batchSize"] == 2
    assert info["streamArn"] == stream.arn and info["startSequenceNumber"] < info["endSequenceNumber"]
    mapping.result("OK")


def test_new_records_do_not_hurry_a_batch_that_waits(make: Functions, cloud: Any) -> None:
    """The pause between retries is kept, whatever arrives; new code is tried at once."""
    function, stream = make(READER, policies=KINESIS), Stream(cloud)
    Mapped(function, stream.arn, **TRIM)
    stream.put("FAIL")
    advance(cloud, 100)  # by now the next try is a minute away
    before = len(seen_by(function))
    for number in range(10):
        stream.put(number)
    advance(cloud, 0)
    assert len(seen(function)) == before
    function.lambda_.update_function_code(
        FunctionName=function.name, ZipFile=zipped({"app.py": READER.replace("FAIL", "mended")})
    )
    until(lambda: all_of(function)[-11:] == ["FAIL", *range(10)])


def test_the_role_is_asked_again_while_a_stream_is_read(make: Functions, cloud: Any) -> None:
    """A permission that is taken away shows; given back, the mapping goes on where it was."""
    function, stream = make(READER, policies=KINESIS), Stream(cloud)
    mapping, iam = Mapped(function, stream.arn, **TRIM), cloud.client("iam")
    stream.put(-1)
    seen_by(function)
    role = function.role_arn.split("/")[-1]
    iam.detach_role_policy(RoleName=role, PolicyArn=KINESIS_ROLE)

    def denied() -> bool:
        stream.put(len(sent))
        sent.append(len(sent))
        return "kinesis:GetRecords" in mapping.get()["LastProcessingResult"]

    sent: list[int] = []
    until(denied)
    iam.attach_role_policy(RoleName=role, PolicyArn=KINESIS_ROLE)
    advance(cloud, 60)
    until(lambda: all_of(function) == [-1, *sent])


def test_bisect_finds_the_poison_record(make: Functions, cloud: Any) -> None:
    """Halves are tried until one record fails alone; halving uses up no retries."""
    function, stream, failed = make(READER, policies=KINESIS), Stream(cloud), Queue(cloud)
    function.allow("sqs:SendMessage", failed.arn)
    Mapped(
        function,
        stream.arn,
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": failed.arn}},
        **TRIM,
    )
    stream.put("a", "b", "FAIL", "d")
    (message,) = failed.messages()
    assert json.loads(message["Body"])["KinesisBatchInfo"]["batchSize"] == 1
    until(lambda: seen(function)[-1] == ["d"])
    assert seen(function)[:4] == [["a", "b", "FAIL", "d"], ["a", "b"], ["FAIL", "d"], ["FAIL"]]


def test_reported_failures_move_the_checkpoint_to_the_lowest_of_them(make: Functions, cloud: Any) -> None:
    """What came before the reported record is done with; what came after it is tried again with it."""
    function = make(READER, policies=KINESIS, Environment={"Variables": {"REPORT": "yes"}})
    stream, failed = Stream(cloud), Queue(cloud)
    function.allow("sqs:SendMessage", failed.arn)
    Mapped(
        function,
        stream.arn,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": failed.arn}},
        **TRIM,
    )
    stream.put("a", "b", "FAIL", "d")
    (message,) = failed.messages()
    assert seen(function) == [["a", "b", "FAIL", "d"], ["FAIL", "d"]]
    record = json.loads(message["Body"])
    assert record["KinesisBatchInfo"]["batchSize"] == 2
    assert "functionError" not in record["responseContext"]


def test_records_that_are_too_old_are_given_up_unseen(make: Functions, cloud: Any) -> None:
    """MaximumRecordAgeInSeconds: RecordAgeExceeded, to a bucket with the event itself."""
    function, stream, s3 = make(READER, policies=KINESIS), Stream(cloud), cloud.client("s3")
    bucket = unique("failed")
    s3.create_bucket(Bucket=bucket)
    function.allow("s3:PutObject", f"arn:aws:s3:::{bucket}/*")
    stream.put("stale")
    advance(cloud, 100)
    stream.put("fresh")
    mapping = Mapped(
        function,
        stream.arn,
        MaximumRecordAgeInSeconds=60,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}},
        **TRIM,
    )
    seen_by(function)
    assert seen(function) == [["fresh"]]
    (entry,) = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert entry["Key"].startswith(f"aws/lambda/{mapping.uuid}/shardId-000000000000/")
    record = json.loads(s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read())
    assert record["requestContext"]["condition"] == "RecordAgeExceeded"
    assert record["requestContext"]["approximateInvokeCount"] == 0 and "responseContext" not in record
    (lost,) = json.loads(record["payload"])["Records"]
    assert base64.b64decode(lost["kinesis"]["data"]) == b'"stale"'


def test_filters_of_streams(make: Functions, cloud: Any) -> None:
    """Kinesis data is decoded first; images of DynamoDB keep their types. The rest is passed over."""
    reader, stream = make(READER, policies=KINESIS), Stream(cloud)
    pattern = json.dumps({"data": {"n": [{"numeric": [">", 1]}]}, "partitionKey": ["k"]})
    Mapped(reader, stream.arn, FilterCriteria={"Filters": [{"Pattern": pattern}]}, **TRIM)
    stream.put({"n": 1}, {"n": 2}, b"text", {"n": 3})
    until(lambda: all_of(reader) == [{"n": 2}, {"n": 3}])
    recorder, table = make(RECORDER, policies=DYNAMODB), Table(cloud)
    pattern = json.dumps({"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": ["cat"]}}}})
    Mapped(recorder, table.stream_arn, FilterCriteria={"Filters": [{"Pattern": pattern}]}, **TRIM)
    table.put("1", kind="dog")
    table.put("2", kind="cat")
    (event,) = seen_by(recorder)
    assert [record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]] == ["2"]


def test_parallel_batches_keep_the_order_of_each_partition_key(make: Functions, cloud: Any) -> None:
    """ParallelizationFactor 4: a key that fails holds up no others of its shard for ever."""
    function, stream = make(READER, policies=KINESIS), Stream(cloud)
    for number in range(5):
        for key in "abcdef":
            stream.put(f"{key}{number}", key=key)
    Mapped(function, stream.arn, BatchSize=2, ParallelizationFactor=4, **TRIM)
    until(lambda: len(all_of(function)) == 30)
    order = all_of(function)
    for key in "abcdef":
        assert [each for each in order if each[0] == key] == [f"{key}{number}" for number in range(5)]


def test_children_of_a_split_shard_wait_for_their_parent(make: Functions, cloud: Any) -> None:
    """Resharding loses, repeats and overtakes nothing."""
    function, stream = make(READER, policies=KINESIS), Stream(cloud)
    stream.put(*range(3))
    stream.kinesis.update_shard_count(
        StreamName=stream.name, TargetShardCount=2, ScalingType="UNIFORM_SCALING"
    )
    for number in range(3, 9):
        stream.put(number, key=str(number))
    Mapped(function, stream.arn, **TRIM)
    until(lambda: sorted(all_of(function)) == list(range(9)))
    assert seen(function)[0] == [0, 1, 2]


def test_a_disabled_mapping_goes_on_where_it_was(make: Functions, cloud: Any) -> None:
    """Enabled False keeps the position, also of a batch that was being retried."""
    function, stream = make(READER, policies=KINESIS), Stream(cloud)
    mapping = Mapped(function, stream.arn, **TRIM)
    stream.put("a")
    seen_by(function)
    mapping.update(Enabled=False)
    stream.put("b")
    advance(cloud, 5)
    assert seen(function) == [["a"]]
    mapping.update(Enabled=True)
    seen_by(function, 2)
    assert seen(function) == [["a"], ["b"]]


def test_records_expire_at_the_end_of_the_streams_retention(make: Functions, cloud: Any) -> None:
    """Retries without limit end when the stream lets the record go; then the shard moves on."""
    function, table = make(RECORDER, policies=DYNAMODB), Table(cloud)
    Mapped(function, table.stream_arn, **TRIM)
    table.put("p1", note="FAIL")
    seen_by(function, 2)
    advance(cloud, 24 * 3600 + 60)
    before = len(seen(function))
    table.put("p2")
    seen_by(function, before + 1)
    assert seen(function)[-1]["Records"][0]["dynamodb"]["Keys"] == {"id": {"S": "p2"}}


def test_the_age_of_the_last_record_is_a_metric(make: Functions, cloud: Any) -> None:
    """IteratorAge in milliseconds, by function."""
    function, stream = make(READER, policies=KINESIS), Stream(cloud)
    stream.put("waits")
    advance(cloud, 30)
    Mapped(function, stream.arn, **TRIM)
    seen_by(function)
    cloudwatch = cloud.client("cloudwatch")
    now = cloud.state.call("GET", "/_labkit/clock")["now"]
    end = datetime.fromisoformat(now) + timedelta(minutes=2)
    points = cloudwatch.get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="IteratorAge",
        Dimensions=[{"Name": "FunctionName", "Value": function.name}],
        StartTime=end - timedelta(hours=1),
        EndTime=end,
        Period=3600,
        Statistics=["Maximum"],
    )["Datapoints"]
    assert max(point["Maximum"] for point in points) >= 30_000


def test_sources_that_vanish_stop_their_mappings(make: Functions, cloud: Any) -> None:
    """A deleted stream, and a stream that was disabled, show in the last processing result."""
    function, stream = make(READER, policies=KINESIS), Stream(cloud)
    mapping = Mapped(function, stream.arn, **TRIM)
    stream.kinesis.delete_stream(StreamName=stream.name)
    mapping.result("does not exist")
    mapping.delete()


def test_unreadable_streams_are_refused_when_the_mapping_is_made(make: Functions, cloud: Any) -> None:
    """AWS names the actions that the role lacks."""
    function, stream, table = make(READER), Stream(cloud), Table(cloud)

    def refusal(arn: str, **settings: Any) -> str:
        with pytest.raises(ClientError) as caught:
            function.lambda_.create_event_source_mapping(
                FunctionName=function.name, EventSourceArn=arn, **settings
            )
        return str(caught.value)

    assert (
        f"Cannot access stream {stream.arn}. Please ensure the role can perform the GetRecords, "
        "GetShardIterator, DescribeStream, ListShards, and ListStreams Actions on your stream in IAM."
    ) in refusal(stream.arn, **TRIM)
    function.allow(["kinesis:*", "dynamodb:*"])
    assert f"Stream not found: {stream.arn}x" in refusal(stream.arn + "x", **TRIM)
    assert "Stream not found" in refusal(table.stream_arn + "0", **TRIM)
    destination = {"OnFailure": {"Destination": Queue(cloud).arn}}
    message = "The function execution role does not have permissions to call SendMessage on SQS"
    assert message in refusal(stream.arn, DestinationConfig=destination, **TRIM)

"""S3 event notifications, end to end: who is told, of what, in which form, and who is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError
from push_world import RECORDER, Queue, advance, allowing, permit, seen, seen_by, unique, until

S3 = "s3.amazonaws.com"


@pytest.fixture(scope="module")
def recorder(make: Any) -> Any:
    return make(RECORDER)


@pytest.fixture(scope="module")
def s3(cloud: Any) -> Any:
    return cloud.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = unique("bucket")
    s3.create_bucket(Bucket=name)
    return name


def arn(bucket: str) -> str:
    return f"arn:aws:s3:::{bucket}"


def function_arn(function: Any) -> str:
    return str(function.lambda_.get_function_configuration(FunctionName=function.name)["FunctionArn"])


def to_function(function: Any, *events: str, **rules: str) -> dict[str, Any]:
    """A configuration with one function; rules are prefix and suffix."""
    entry: dict[str, Any] = {
        "Id": unique("id"),
        "LambdaFunctionArn": function_arn(function),
        "Events": list(events) or ["s3:ObjectCreated:*"],
    }
    if rules:
        filters = [{"Name": name, "Value": value} for name, value in rules.items()]
        entry["Filter"] = {"Key": {"FilterRules": filters}}
    return {"LambdaFunctionConfigurations": [entry]}


def to_queue(queue: Queue, *events: str) -> dict[str, Any]:
    return {"QueueConfigurations": [{"Id": unique("id"), "QueueArn": queue.arn, "Events": list(events)}]}


def listening(cloud: Any, s3: Any, bucket: str, *events: str) -> Queue:
    """A queue that is told of events in a bucket; S3's test event is taken away."""
    queue = Queue(cloud)
    queue.allow(S3, arn(bucket))
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration=to_queue(queue, *events)
    )
    queue.messages()
    return queue


def told(queue: Queue, count: int = 1) -> list[dict[str, Any]]:
    """Records in the order of their sequencers."""
    records = [json.loads(message["Body"])["Records"][0] for message in queue.messages(count)]
    return sorted(records, key=lambda record: record["s3"]["object"].get("sequencer", ""))


def keys(record: Any, within: str = "") -> set[str]:
    """All paths in a document, lists aside."""
    if not isinstance(record, dict):
        return set()
    paths = {f"{within}{name}" for name in record}
    return paths.union(*(keys(value, f"{within}{name}.") for name, value in record.items()))


# What `sam local generate-event s3 put` has, without the values.
PUT_KEYS = {
    "eventVersion eventSource awsRegion eventTime eventName userIdentity userIdentity.principalId",
    "requestParameters requestParameters.sourceIPAddress",
    "responseElements responseElements.x-amz-request-id responseElements.x-amz-id-2",
    "s3 s3.s3SchemaVersion s3.configurationId s3.bucket s3.bucket.name s3.bucket.arn",
    "s3.bucket.ownerIdentity s3.bucket.ownerIdentity.principalId",
    "s3.object s3.object.key s3.object.size s3.object.eTag s3.object.sequencer",
}


def test_a_function_gets_the_record_of_a_new_object(recorder: Any, s3: Any, bucket: str) -> None:
    """Every field of AWS's record; the key is URL-encoded; no versionId without versioning."""
    permit(recorder, S3, arn(bucket), SourceAccount="123456789012")
    configuration = to_function(recorder)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)
    answer = s3.put_object(Bucket=bucket, Key="in/Grüße & (1)+x=y.txt", Body=b"hello", Metadata={"a": "b"})
    (record,) = until(lambda: [e for e in seen(recorder) if bucket in json.dumps(e)])[0]["Records"]
    assert keys(record) == {name for line in PUT_KEYS for name in line.split()}
    assert record["eventVersion"] == "2.1"
    assert (record["eventSource"], record["eventName"]) == ("aws:s3", "ObjectCreated:Put")
    assert record["awsRegion"] == "us-east-1"
    assert record["userIdentity"]["principalId"].startswith("AWS:")
    assert record["s3"]["configurationId"] == configuration["LambdaFunctionConfigurations"][0]["Id"]
    assert record["s3"]["bucket"]["arn"] == arn(bucket)
    described = record["s3"]["object"]
    assert described["key"] == "in/Gr%C3%BC%C3%9Fe+%26+%281%29%2Bx%3Dy.txt"
    assert described["size"] == 5
    assert described["eTag"] == answer["ETag"].strip('"')


def test_a_record_is_sent_when_the_object_is_complete(make: Any, s3: Any, bucket: str) -> None:
    """A handler that is told of an object finds its metadata and tags."""
    reader = make(
        """
        import boto3
        def handler(event, context):
            s3 = boto3.client("s3")
            place = event["Records"][0]["s3"]
            named = {"Bucket": place["bucket"]["name"], "Key": place["object"]["key"]}
            print("EVENT " + s3.head_object(**named)["Metadata"]["kind"]
                  + s3.get_object_tagging(**named)["TagSet"][0]["Value"])
        """
    )
    reader.allow("s3:*")
    permit(reader, S3, arn(bucket))
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=to_function(reader))
    s3.put_object(Bucket=bucket, Key="k", Body=b"", Metadata={"kind": "meta"}, Tagging="a=tag")
    until(lambda: "EVENT metatag\n" in reader.log())


def test_an_upload_by_a_form_is_a_post(cloud: Any, s3: Any, bucket: str) -> None:
    """Browsers upload so; the event has a name of its own."""
    queue = listening(cloud, s3, bucket, "s3:ObjectCreated:Post")
    s3.put_object(Bucket=bucket, Key="put", Body=b"1")
    form = s3.generate_presigned_post(bucket, "posted")
    fields = {**form["fields"], "file": ("a.txt", b"12")}
    assert urllib3.request("POST", form["url"], fields=fields).status == 204
    (record,) = told(queue)
    described = record["s3"]["object"]
    assert (record["eventName"], described["key"], described["size"]) == ("ObjectCreated:Post", "posted", 2)


def test_each_operation_tells_its_own_event(cloud: Any, s3: Any, bucket: str) -> None:
    """One event for one call: an upload in parts tells neither of a Put nor of tags."""
    queue = listening(cloud, s3, bucket, "s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectTagging:*")
    s3.put_object(Bucket=bucket, Key="a", Body=b"1", Tagging="x=y")
    s3.copy_object(Bucket=bucket, Key="b", CopySource={"Bucket": bucket, "Key": "a"})
    upload = s3.create_multipart_upload(Bucket=bucket, Key="c", Tagging="x=y")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="c", UploadId=upload, PartNumber=1, Body=b"2")
    s3.complete_multipart_upload(
        Bucket=bucket,
        Key="c",
        UploadId=upload,
        MultipartUpload={"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]},
    )
    s3.put_object_tagging(Bucket=bucket, Key="a", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    s3.delete_object_tagging(Bucket=bucket, Key="a")
    s3.delete_object(Bucket=bucket, Key="a")
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "b"}, {"Key": "never there"}]})
    s3.put_object(Bucket=bucket, Key="last", Body=b"")
    named = [(record["eventName"], record["s3"]["object"]["key"]) for record in told(queue, 8)]
    assert sorted(named[:2]) == [("ObjectTagging:Delete", "a"), ("ObjectTagging:Put", "a")]
    assert named[2:] == [
        ("ObjectCreated:Put", "a"),
        ("ObjectCreated:Copy", "b"),
        ("ObjectCreated:CompleteMultipartUpload", "c"),
        ("ObjectRemoved:Delete", "a"),
        ("ObjectRemoved:Delete", "b"),
        ("ObjectCreated:Put", "last"),
    ]


def test_with_versioning_records_name_the_version(cloud: Any, s3: Any, bucket: str) -> None:
    """A plain deletion makes a delete marker, which has a version of its own."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    queue = listening(cloud, s3, bucket, "s3:ObjectCreated:*", "s3:ObjectRemoved:*")
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    s3.delete_object(Bucket=bucket, Key="k", VersionId=put)
    records = told(queue, 3)
    assert [(r["eventName"], r["s3"]["object"]["versionId"]) for r in records] == [
        ("ObjectCreated:Put", put),
        ("ObjectRemoved:DeleteMarkerCreated", marker),
        ("ObjectRemoved:Delete", put),
    ]
    assert "size" not in records[2]["s3"]["object"]


def test_prefix_and_suffix_choose_the_keys(recorder: Any, s3: Any, bucket: str) -> None:
    """Both must fit; the last put shows that the others were left out, not late."""
    permit(recorder, S3, arn(bucket))
    wanted = to_function(recorder, prefix="in/", suffix=".csv")
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)
    for key in ("in/a.txt", "out/a.csv", "in/a.csv", "in/b.csv"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")

    def found() -> list[str]:
        records = [event["Records"][0]["s3"] for event in seen(recorder) if "Records" in event]
        return [one["object"]["key"] for one in records if one["bucket"]["name"] == bucket]

    until(lambda: "in/b.csv" in found())
    assert sorted(found()) == ["in/a.csv", "in/b.csv"]


def test_the_configuration_is_replaced_as_a_whole(recorder: Any, cloud: Any, s3: Any, bucket: str) -> None:
    """A second put forgets the first; an empty one forgets everything; both are shown as they are."""
    permit(recorder, S3, arn(bucket))
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=to_function(recorder))
    queue = listening(cloud, s3, bucket, "s3:ObjectCreated:Put")
    shown = s3.get_bucket_notification_configuration(Bucket=bucket)
    assert "LambdaFunctionConfigurations" not in shown
    assert shown["QueueConfigurations"][0]["Events"] == ["s3:ObjectCreated:Put"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    assert told(queue)[0]["s3"]["object"]["key"] == "k"
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    shown = s3.get_bucket_notification_configuration(Bucket=bucket)
    assert not {"QueueConfigurations", "EventBridgeConfiguration"} & shown.keys()
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    assert s3.get_bucket_notification_configuration(Bucket=bucket)["EventBridgeConfiguration"] == {}


def test_a_queue_and_a_topic_get_a_test_event(cloud: Any, s3: Any, bucket: str) -> None:
    """And later the records; a topic's message has S3's subject."""
    queue, sns = Queue(cloud), cloud.client("sns")
    queue.allow(S3, arn(bucket))
    topic = sns.create_topic(Name=unique("t"))["TopicArn"]
    policy = allowing(S3, "sns:Publish", topic, arn(bucket))
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    mailbox = Queue(cloud)
    mailbox.allow("sns.amazonaws.com", topic)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=mailbox.arn)
    wanted = to_queue(queue, "s3:ObjectCreated:*") | {
        "TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectRemoved:*"]}]
    }
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)
    direct = json.loads(queue.messages()[0]["Body"])
    assert (direct["Service"], direct["Event"], direct["Bucket"]) == ("Amazon S3", "s3:TestEvent", bucket)
    assert {"Time", "RequestId", "HostId"} < direct.keys()
    envelope = json.loads(mailbox.messages()[0]["Body"])
    assert envelope["Subject"] == "Amazon S3 Notification"
    assert json.loads(envelope["Message"])["Event"] == "s3:TestEvent"
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    s3.delete_object(Bucket=bucket, Key="k")
    assert told(queue)[0]["eventName"] == "ObjectCreated:Put"
    record = json.loads(json.loads(mailbox.messages()[0]["Body"])["Message"])["Records"][0]
    assert record["eventName"] == "ObjectRemoved:Delete"


def test_no_permission_no_configuration(recorder: Any, cloud: Any, s3: Any, bucket: str) -> None:
    """Function, queue and topic must let this bucket; a refused configuration changes nothing."""
    kept = listening(cloud, s3, bucket, "s3:ObjectCreated:*")
    permit(recorder, S3, arn("another-bucket"))
    permit(recorder, "sns.amazonaws.com", arn(bucket))
    topic = cloud.client("sns").create_topic(Name=unique("t"))["TopicArn"]
    for wanted, reason in (
        (to_function(recorder), "Not authorized to invoke function"),
        (to_queue(Queue(cloud), "s3:ObjectCreated:*"), "Permissions on the destination queue"),
        (
            {"TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]},
            "destination topic",
        ),
    ):
        with pytest.raises(ClientError, match="Unable to validate the following destination") as refused:
            s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)
        error = refused.value.response["Error"]
        assert error["Code"] == "InvalidArgument"
        assert reason in error["ArgumentValue"]
    shown = s3.get_bucket_notification_configuration(Bucket=bucket)
    assert shown["QueueConfigurations"][0]["QueueArn"] == kept.arn


def test_a_permission_may_name_the_source_in_several_ways(make: Any, s3: Any, bucket: str) -> None:
    """By ARN, with wildcards, by account, or not at all; another account's is refused."""
    function = make(RECORDER)
    wanted = to_function(function)
    for source, more, fits in (
        ("arn:aws:s3:::buck*", {}, True),
        (None, {"SourceAccount": "123456789012"}, True),
        (None, {}, True),
        (arn(bucket), {"SourceAccount": "999999999999"}, False),
        ("arn:aws:s3:::other*", {}, False),
    ):
        sid = permit(function, S3, source, **more)
        if fits:
            s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)
        else:
            with pytest.raises(ClientError, match="Unable to validate"):
                s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)
        function.lambda_.remove_permission(FunctionName=function.name, StatementId=sid)


LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:f"


def entry(*events: str, name: str = "", function: str = LAMBDA, **rules: str) -> dict[str, Any]:
    found = [{"Name": kind, "Value": value} for kind, value in rules.items()]
    shown: dict[str, Any] = {"LambdaFunctionArn": function, "Events": list(events)}
    return (
        shown
        | ({"Id": name} if name else {})
        | ({"Filter": {"Key": {"FilterRules": found}}} if found else {})
    )


CREATED = "s3:ObjectCreated:*"


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([entry(CREATED), entry("s3:ObjectCreated:Put")], "Configurations overlap"),
        ([entry(CREATED, prefix="a"), entry(CREATED, prefix="ab")], "ambiguously defined"),
        ([entry(CREATED, suffix=".jpg"), entry(CREATED, prefix="x")], "ambiguously defined"),
        ([entry(CREATED, name="same", prefix="a"), entry(CREATED, name="same", prefix="b")], "Same ID"),
        ([entry("s3:ObjectInvented:*")], "is not supported for notifications"),
        ([entry("s3:Replication:*")], "not supported by the local cloud"),
        ([entry(CREATED, function="arn:aws:lambda:us-east-1:123456789012:f")], "ARN is not well formed"),
        ([entry(CREATED, function=LAMBDA.replace("us-east-1", "eu-west-1"))], "region is not valid"),
        ([entry(CREATED)], "Unable to validate the following destination configurations"),
    ],
)
def test_a_wrong_configuration_is_refused(s3: Any, bucket: str, entries: list[Any], message: str) -> None:
    """With AWS's sentence, as InvalidArgument."""
    with pytest.raises(ClientError, match=message) as refused:
        s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": entries}
        )
    assert refused.value.response["Error"]["Code"] == "InvalidArgument"


def test_rules_that_do_not_overlap_are_taken(recorder: Any, s3: Any, bucket: str) -> None:
    """The same event twice with different prefixes, or the same prefix with different suffixes."""
    permit(recorder, S3, arn(bucket))
    target = function_arn(recorder)
    entries = [
        entry(CREATED, function=target, prefix="a/", suffix=".jpg"),
        entry(CREATED, function=target, prefix="a/", suffix=".png"),
        entry(CREATED, function=target, prefix="b/"),
        entry("s3:ObjectRemoved:*", function=target, prefix="a/"),
    ]
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": entries}
    )
    assert len(s3.get_bucket_notification_configuration(Bucket=bucket)["LambdaFunctionConfigurations"]) == 4


def test_validation_of_destinations_can_be_skipped(s3: Any, bucket: str) -> None:
    """As on AWS the configuration is then taken, and nothing happens until the permission is there."""
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={"LambdaFunctionConfigurations": [entry(CREATED)]},
        SkipDestinationValidation=True,
    )
    s3.put_object(Bucket=bucket, Key="k", Body=b"")


def test_a_deleted_function_is_no_trouble(make: Any, cloud: Any, s3: Any, bucket: str) -> None:
    """The upload works, and other destinations are told."""
    function, queue = make(RECORDER), Queue(cloud)
    permit(function, S3, arn(bucket))
    queue.allow(S3, arn(bucket))
    wanted = to_function(function) | to_queue(queue, "s3:ObjectRemoved:*")
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)
    queue.messages()
    function.lambda_.delete_function(FunctionName=function.name)
    make._made.remove(function.name)
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    s3.delete_object(Bucket=bucket, Key="k")
    assert told(queue)[0]["eventName"] == "ObjectRemoved:Delete"


def test_a_permission_taken_away_ends_the_delivery(make: Any, cloud: Any, s3: Any, bucket: str) -> None:
    """The function hears nothing more; the queue of the same bucket still does."""
    function, queue = make(RECORDER), Queue(cloud)
    sid = permit(function, S3, arn(bucket))
    queue.allow(S3, arn(bucket))
    wanted = to_function(function) | to_queue(queue, "s3:ObjectRemoved:*")
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)
    queue.messages()
    s3.put_object(Bucket=bucket, Key="before", Body=b"")
    seen_by(function)
    function.lambda_.remove_permission(FunctionName=function.name, StatementId=sid)
    s3.put_object(Bucket=bucket, Key="after", Body=b"")
    s3.delete_object(Bucket=bucket, Key="after")
    told(queue)
    function.invoke({"direct": True})
    assert [event.get("direct", False) for event in seen_by(function, 2)] == [False, True]


def test_eventbridge_gets_events_of_its_own_form(cloud: Any, s3: Any, bucket: str) -> None:
    """A rule on the default bus sees them once the bucket sends them; the key is not encoded there."""
    events, queue = cloud.client("events"), Queue(cloud)
    rule = unique("rule")
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}
    rule_arn = events.put_rule(Name=rule, EventPattern=json.dumps(pattern))["RuleArn"]
    events.put_targets(Rule=rule, Targets=[{"Id": "q", "Arn": queue.arn}])
    queue.allow("events.amazonaws.com", rule_arn)
    s3.put_object(Bucket=bucket, Key="unheard", Body=b"")
    on = {"EventBridgeConfiguration": {}}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=on)
    etag = s3.put_object(Bucket=bucket, Key="a key", Body=b"12")["ETag"].strip('"')
    s3.delete_object(Bucket=bucket, Key="a key")
    found = [json.loads(message["Body"]) for message in queue.messages(2)]
    created, deleted = sorted(found, key=lambda event: event["detail"]["object"]["sequencer"])
    assert (created["source"], created["detail-type"]) == ("aws.s3", "Object Created")
    assert created["resources"] == [arn(bucket)]
    detail = created["detail"]
    sequencer = detail["object"].pop("sequencer")
    assert detail["object"] == {"key": "a key", "size": 2, "etag": etag}
    assert {name: detail[name] for name in ("version", "bucket", "requester", "reason")} == {
        "version": "0",
        "bucket": {"name": bucket},
        "requester": "123456789012",
        "reason": "PutObject",
    }
    assert {"request-id", "source-ip-address"} < detail.keys()
    assert deleted["detail-type"] == "Object Deleted"
    assert deleted["detail"]["deletion-type"] == "Permanently Deleted"
    assert deleted["detail"]["object"]["sequencer"] > sequencer


def test_access_lists_and_restores_are_told_too(cloud: Any, s3: Any, bucket: str) -> None:
    """Neither has a sequencer; an archive's restore begins and ends."""
    rules = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=rules)
    s3.delete_public_access_block(Bucket=bucket)
    queue = listening(cloud, s3, bucket, "s3:ObjectAcl:Put", "s3:ObjectRestore:*")
    s3.put_object(Bucket=bucket, Key="k", Body=b"12", StorageClass="GLACIER")
    s3.put_object_acl(Bucket=bucket, Key="k", ACL="public-read")
    (listed,) = told(queue)
    assert (listed["eventName"], listed["eventVersion"]) == ("ObjectAcl:Put", "2.3")
    assert set(listed["s3"]["object"]) == {"key", "eTag"}
    s3.restore_object(Bucket=bucket, Key="k", RestoreRequest={"Days": 2})
    s3.head_object(Bucket=bucket, Key="k")
    begun, *ended = sorted(told(queue, 2), key=lambda record: record["eventName"] != "ObjectRestore:Post")
    assert begun["eventName"] == "ObjectRestore:Post"
    assert ended[0]["eventName"] == "ObjectRestore:Completed"
    assert ended[0]["glacierEventData"]["restoreEventData"]["lifecycleRestoreStorageClass"] == "GLACIER"


def test_all_puts_are_accounted_for(make: Any, cloud: Any, s3: Any, bucket: str) -> None:
    """Of 50 objects for a handler that fails at every tenth, each is handled or a dead letter."""
    function, letters = make(RECORDER), Queue(cloud)
    function.allow("sqs:SendMessage", letters.arn)
    function.update(DeadLetterConfig={"TargetArn": letters.arn})
    permit(function, S3, arn(bucket))
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=to_function(function))
    names = {f"{number}-FAIL" if number % 10 == 0 else str(number) for number in range(50)}
    for name in names:
        s3.put_object(Bucket=bucket, Key=name, Body=b"")
    until(lambda: {event["Records"][0]["s3"]["object"]["key"] for event in seen(function)} == names)
    advance(cloud, 200)
    letter_keys = {
        json.loads(one["Body"])["Records"][0]["s3"]["object"]["key"] for one in letters.messages(5)
    }
    assert letter_keys == {name for name in names if "FAIL" in name}


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ({"ArnEquals": {"aws:SourceArn": "{arn}"}}, True),
        ({"ArnLike": {"AWS:SourceArn": "arn:aws:s3:*:*:{bucket}"}}, True),
        ({"StringEquals": {"aws:SourceArn": "{arn}", "aws:SourceAccount": "123456789012"}}, True),
        ({"StringLike": {"aws:SourceArn": "arn:aws:s3:::bucket-*"}}, True),
        ({"StringEquals": {"aws:SourceAccount": ["999999999999", "123456789012"]}}, True),
        ({"StringEquals": {"aws:SourceAccount": "999999999999"}}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::other-*"}}, False),
        ({"StringNotEquals": {"aws:SourceArn": "{arn}"}}, False),
    ],
)
def test_a_queue_says_for_whom_s3_may_write(
    cloud: Any, s3: Any, bucket: str, condition: dict[str, Any], fits: bool
) -> None:
    """The conditions of its policy decide."""
    queue = Queue(cloud)
    text = json.dumps(condition).replace("{arn}", arn(bucket)).replace("{bucket}", bucket)
    policy = allowing(S3, "sqs:SendMessage", queue.arn, "", Condition=json.loads(text))
    queue.sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": policy})
    wanted = to_queue(queue, "s3:ObjectCreated:*")
    if fits:
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)
    else:
        with pytest.raises(ClientError, match="Unable to validate"):
            s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)

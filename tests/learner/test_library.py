"""The photo library: what a phase begins with is made once, and kept."""

from __future__ import annotations

import json
import struct
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import labkit
from labkit import deploy, library
from labkit.errors import LabError
from labkit.session import Lab
from tests.conftest import RunningCloud

SOLUTIONS = Path(__file__).resolve().parents[2] / "solutions" / "functions"


@pytest.fixture
def lab(cloud: RunningCloud) -> Iterator[Lab]:
    opened = labkit.open("03-triggers", workspace=cloud.workspace, prefix="library")
    yield opened
    opened.teardown()


def test_phase_03_begins_with_what_02_leaves(lab: Lab) -> None:
    """A table with photos and a function that answers for them, also when asked through an HTTP API."""
    assert all(piece.made for piece in lab.begin().pieces)
    assert not any(piece.made for piece in lab.begin().pieces), "the second time everything is there"
    for event in ({"photo_id": "harbour"}, {"pathParameters": {"photo_id": "harbour"}}):
        answer = lab.client("lambda").invoke(
            FunctionName=lab.name("get-photo"), Qualifier="live", Payload=json.dumps(event)
        )
        payload = json.load(answer["Payload"])
        assert payload["statusCode"] == 200 and json.loads(payload["body"])["width"] == 6000


def test_what_calls_a_function_is_changed_where_it_is_there_already(lab: Lab) -> None:
    """A statement of the same name is replaced, an API of the same name updated: cells are run again."""
    lambda_, apis = lab.client("lambda"), lab.client("apigatewayv2")
    arn = deploy.function(lab, "greet", "def handler(event, context):\n    return 'hello'\n")["FunctionArn"]
    for more in ({}, {"SourceAccount": lab.account_id}):
        deploy.permit(lab, "greet", "door", "apigateway.amazonaws.com", **more)
    [statement] = json.loads(lambda_.get_policy(FunctionName=arn)["Policy"])["Statement"]
    assert statement["Condition"] == {"StringEquals": {"AWS:SourceAccount": lab.account_id}}
    for key in ("GET /helo", "GET /hello"):
        made = deploy.http_api(lab, "greetings", RouteKey=key, Target=arn)
    assert [route["RouteKey"] for route in apis.get_routes(ApiId=made["ApiId"])["Items"]] == ["GET /hello"]
    assert deploy.http_api(lab, "greetings")["ApiId"] == made["ApiId"]


def test_phases_05_and_06_begin_with_what_03_leaves(cloud: RunningCloud) -> None:
    """Everything that calls a function is there, is made once, and works from the event to its effect."""
    with labkit.open("05-monitor", workspace=cloud.workspace, prefix="library05") as lab:
        assert all(piece.made for piece in lab.begin().pieces)
        assert not any(piece.made for piece in lab.begin().pieces), "the second time everything is there"
        _thumbnail_of_an_upload(lab)
        _statistics_follow_the_table(lab)
        _api_answers(lab)
        _orders_are_worked_off_or_end_in_the_dead_letter_queue(lab)
        _midnight_empties_the_trash(lab)


def _thumbnail_of_an_upload(lab: Lab) -> None:
    bucket = lab.name("uploads")
    lab.client("s3").put_object(Bucket=bucket, Key="originals/red boat.png", Body=library.picture())
    lab.wait("s3", "object_exists", Bucket=bucket, Key="thumbnails/red boat.png")
    small = lab.client("s3").get_object(Bucket=bucket, Key="thumbnails/red boat.png")["Body"].read()
    assert struct.unpack(">II", small[16:24]) == (60, 40)
    assert lab.until(lambda: item(lab, "photos", photo_id="red boat"))["width"] == {"N": "240"}


def _statistics_follow_the_table(lab: Lab) -> None:
    put(lab, photo_id="boat", rating={"N": "3.5"})
    wanted = {"statistic": {"S": "ratings"}, "photos": {"N": "1"}, "stars": {"N": "3.5"}}
    lab.until(lambda: item(lab, "statistics", statistic="ratings") == wanted)


def _api_answers(lab: Lab) -> None:
    apis = lab.client("apigatewayv2").get_apis()["Items"]
    endpoint = next(api["ApiEndpoint"] for api in apis if api["Name"] == lab.name("photos-api"))
    with urllib.request.urlopen(f"{endpoint}/photos/harbour") as answer:
        assert json.load(answer)["title"] == "Harbour in fog"


def _orders_are_worked_off_or_end_in_the_dead_letter_queue(lab: Lab) -> None:
    sqs = lab.client("sqs")
    for order_id, copies in (("good", 2), ("bad", 0)):
        body = json.dumps({"order_id": order_id, "photo_id": "boat", "copies": copies})
        sqs.send_message(QueueUrl=url(lab, "orders"), MessageBody=body)
    lab.until(lambda: item(lab, "orders", order_id="good"))
    lab.clock.advance(minutes=5)
    [dead] = lab.until(lambda: sqs.receive_message(QueueUrl=url(lab, "orders-dead")).get("Messages"))
    assert json.loads(dead["Body"])["order_id"] == "bad"


def _midnight_empties_the_trash(lab: Lab) -> None:
    put(lab, photo_id="blurred", trashed={"S": "yes"})
    lab.clock.advance(hours=24)
    lab.until(lambda: not item(lab, "photos", photo_id="blurred"))
    assert item(lab, "photos", photo_id="harbour")


def item(lab: Lab, table: str, **key: str) -> Any:
    """An item of one of the lab's tables, or None."""
    wanted = {name: {"S": value} for name, value in key.items()}
    return lab.client("dynamodb").get_item(TableName=lab.name(table), Key=wanted).get("Item")


def put(lab: Lab, photo_id: str, **attributes: dict[str, str]) -> None:
    """Puts a photo into the lab's table."""
    photo = {"photo_id": {"S": photo_id}, **attributes}
    lab.client("dynamodb").put_item(TableName=lab.name("photos"), Item=photo)


def url(lab: Lab, queue: str) -> str:
    """The address of one of the lab's queues."""
    return str(lab.client("sqs").get_queue_url(QueueName=lab.name(queue))["QueueUrl"])


def test_the_finished_code_is_the_courses() -> None:
    """What 02 and 03 let people write and what later phases begin with must not drift apart."""
    written = _written_by_cells()
    shared = [library.folder("get_photo") / "photo_json.py"]
    for name in ("thumbnail", "count_ratings", "clean_up", "work_orders"):
        shared += library.folder(name).glob("*.py")
    for path in shared:
        name = f"{path.parent.name.replace('_', '-')}/{path.name}"
        theirs = written.get(name) or (SOLUTIONS / name).read_text()
        assert path.read_text().strip() == theirs.strip(), name


def _written_by_cells() -> dict[str, str]:
    """File in functions/ -> what the solution's cells write into it."""
    found = {}
    for path in sorted(SOLUTIONS.parent.glob("*.ipynb")):
        for cell in json.loads(path.read_text())["cells"]:
            first, _, rest = "".join(cell["source"]).partition("\n")
            if first.startswith("%%writefile functions/"):
                lines = [line for line in rest.splitlines() if "### " not in line]
                found[first.partition("functions/")[2]] = "\n".join(lines)
    return found


def test_the_picture_is_a_small_png() -> None:
    """240 × 160 samples of 8 bits, not interlaced: what the thumbnail function can read."""
    data = library.picture()
    assert struct.unpack(">IIBB", data[16:26])[:3] == (240, 160, 8)


def test_what_is_not_there_is_named() -> None:
    """A wrong name says which names there are."""
    with pytest.raises(LabError, match="lighthouse"):
        library.picture("lighthaus")
    with pytest.raises(LabError, match="get_photo"):
        library.folder("get-photo")


def test_powertools_come_as_a_layer_that_fits_any_python() -> None:
    """Logger, Metrics, Tracer and what they import; nothing compiled, far below Lambda's limit."""
    files = library.powertools()
    assert {"aws_lambda_powertools/__init__.py", "aws_xray_sdk/__init__.py", "typing_extensions.py"} <= set(
        files
    )
    assert not [path for path in files if not path.endswith((".py", ".json")) or path.startswith((".", "/"))]
    assert 1_000_000 < sum(map(len, files.values())) < 10_000_000


def test_an_inbox_hears_its_topic(lab: Lab) -> None:
    """What is published arrives as it is; asking for the inbox again gives the same one."""
    sns, sqs = lab.client("sns"), lab.client("sqs")
    topic = sns.create_topic(Name=lab.name("news"))["TopicArn"]
    inbox = library.inbox(lab, topic)
    assert library.inbox(lab, topic) == inbox
    sns.publish(TopicArn=topic, Message="it rings")
    [message] = lab.until(lambda: sqs.receive_message(QueueUrl=inbox).get("Messages"))
    assert message["Body"] == "it rings"

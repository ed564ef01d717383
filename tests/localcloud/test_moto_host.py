"""What the process of the local cloud loads of moto, and when."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest


def told_by(program: str) -> str:
    """What a Python process of its own prints: what a process has loaded stays loaded."""
    command = [sys.executable, "-c", textwrap.dedent(program)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_the_first_request_to_api_gateway_compiles_no_grammar() -> None:
    """jsonschema's optional formats cost seconds of CPU at import; the API's models work without them."""
    loads = "import labkit.localcloud.moto_host, moto.apigateway.models, sys; print('lark' in sys.modules)"
    assert told_by(loads) == "False"


def test_the_cloud_is_put_together_without_moto() -> None:
    """It answers before that: moto, boto3 and the services beside Lambda take three times as long to load."""
    loads = """
        import labkit.localcloud.assembly, sys
        print(*{"moto", "boto3", "labkit.localcloud.sources.eventbridge.bus"}.intersection(sys.modules))
    """
    assert told_by(loads) == ""


@pytest.mark.parametrize(
    "use",
    [
        "lessons.backend('sqs', '123456789012', 'us-east-1')",  # as our own parts do
        "lessons.load_core(); moto.backends.get_backend('sqs')",  # as moto's dispatcher does
    ],
)
def test_a_service_is_taught_once_at_its_first_use(use: str) -> None:
    """Whoever uses it; what all services share is taught before the first of them is there."""
    uses = f"""
        import moto.backends, sys
        from labkit.localcloud import lessons

        lessons.add("core", lambda: print("core", "moto.sqs.models" in sys.modules))
        lessons.add("sqs", lambda: print("sqs", "moto.sqs.models" in sys.modules))
        print("nothing", lessons.present("sqs", "123456789012", "us-east-1"))
        for _ in range(2):
            {use}
        print("there", lessons.present("sqs", "123456789012", "us-east-1") is not None)
        lessons.add("sqs", lambda: print("late"))
    """
    assert told_by(uses).splitlines() == ["nothing None", "core False", "sqs True", "there True", "late"]


def test_nobody_finds_a_service_half_taught() -> None:
    """Who comes while another thread is at the lessons waits for their end."""
    uses = """
        import threading
        from labkit.localcloud import lessons

        begun, come = threading.Event(), threading.Event()

        def lesson():
            lessons.backend("sqs", "123456789012", "us-east-1")  # a lesson may look at what it changes
            begun.set()
            come.wait(10)
            print("taught")

        def use():
            come.set()
            lessons.backend("sqs", "123456789012", "us-east-1")
            print("used")

        lessons.add("sqs", lesson)
        first = threading.Thread(target=lessons.learned, args=("sqs",))
        first.start()
        begun.wait(10)
        second = threading.Thread(target=use)
        second.start()
        first.join(), second.join()
    """
    assert told_by(uses).splitlines() == ["taught", "used"]


def test_awss_managed_policies_are_all_there_when_one_is_looked_for() -> None:
    """And not made before: moto looks into its IAM at every service's first request."""
    looks = """
        import gc
        from labkit.localcloud import lessons
        from labkit.localcloud.identities import managed_policies

        lessons.add("core", managed_policies.install)
        iam = lessons.backend("iam", "123456789012", "aws")
        from moto.iam.models import AWSManagedPolicy

        def made():
            return sum(isinstance(one, AWSManagedPolicy) for one in gc.get_objects())

        print(made(), "arn:aws:iam::aws:policy/AdministratorAccess" in iam.managed_policies)
        print(made() == len(iam.list_policies(None, 5000, False, "/", "AWS")[0]) > 1000)
    """
    assert told_by(looks).splitlines() == ["0 True", "True"]

"""The framework: registration, results in words, progress that survives, errors that become next steps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import labkit
from labkit import checks
from labkit.checks import Journal, Look, NotYet, Result, Skip, registry
from labkit.errors import CheckFailed, LabError
from labkit.session import Lab

TRUST_ACCOUNT = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Action": "sts:AssumeRole",
        }
    ],
}


@pytest.fixture
def lab(cloud, tmp_path: Path) -> Lab:
    """A lab in the shared cloud, with progress of its own."""
    opened = labkit.open("02-create", workspace=cloud.workspace, prefix="frame")
    opened.workspace = tmp_path
    return opened


@pytest.fixture
def invented(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Checks of a phase that does not exist, forgotten afterwards."""
    checks.checks()
    monkeypatch.setattr(registry, "_CHECKS", dict(registry._CHECKS))
    monkeypatch.setattr(registry, "_GATES", dict(registry._GATES))

    @checks.check("77.1", title="It is there")
    def there(look: Look) -> str:
        return "saw it"

    @checks.check("77.2", title="It is not there")
    def missing(look: Look) -> str:
        raise NotYet("nothing", "something", "Make something.")

    @checks.check("77.3", title="Cannot be")
    def impossible(look: Look) -> str:
        raise Skip("not on this machine.")

    @checks.check("77.4", title="Stumbles")
    def stumbles(look: Look) -> str:
        return str({}["nothing"])

    checks.define_gate("77", "Ready", first_box=("77.1", "77.3"), second_box="77.2")
    yield


def test_a_check_is_a_function_of_a_look_that_gives_a_result(lab, invented):
    found = checks.find_check("77.1")(Look(lab))
    assert found == Result("77.1", "It is there", True, "saw it")
    assert (found.state, found.text) == ("done", "✓ 77.1 It is there\n  Seen:      saw it")


def test_run_shows_notes_and_returns(lab, invented, capsys):
    result = checks.run(lab, "77.2")
    assert capsys.readouterr().out == (
        "✗ 77.2 It is not there\n  Seen:      nothing\n  Expected:  something\n  Next step: Make something.\n"
    )
    assert not result.passed
    mark = Journal(lab.workspace).marks()["77.2"]
    assert (mark.state, mark.passed_at, mark.looks) == ("undone", None, 1)


def test_failed_checks_raise_where_they_have_to_stop_a_run(lab, invented, monkeypatch, capsys):
    monkeypatch.setenv("LABKIT_CHECKS", "raise")
    assert checks.run(lab, "77.1").passed
    with pytest.raises(CheckFailed, match=r"✗ 77\.2 It is not there"):
        checks.run(lab, "77.2")
    assert Journal(lab.workspace).marks()["77.2"].state == "undone"
    with pytest.raises(CheckFailed, match=r"Next step: 77\.2"):
        checks.gate(lab, "77")


def test_what_cannot_be_done_here_is_skipped_and_counts(lab, invented, capsys):
    result = checks.run(lab, "77.3")
    assert result.passed
    assert result.state == "skipped"
    assert "– 77.3 Cannot be\n  Seen:      skipped: not on this machine." in capsys.readouterr().out


def test_a_check_that_stumbles_says_so_without_a_traceback(lab, invented, monkeypatch):
    result = checks.run(lab, "77.4")
    assert not result.passed
    assert "the check itself stumbled: KeyError: 'nothing'" in result.evidence
    assert "fault of the course" in result.next_step
    monkeypatch.setenv("LABKIT_CHECKS", "raise")
    with pytest.raises(KeyError):
        checks.run(lab, "77.4")


def test_a_gate_looks_at_every_box(lab, invented, capsys):
    result = checks.gate(lab, "77")
    assert not result.passed
    assert [one.id for one in result.results] == ["77.1", "77.3", "77.2"]
    assert capsys.readouterr().out == (
        "✗ 77.gate Ready\n"
        "  ☑ First box\n"
        "      77.1 ✓ It is there\n"
        "      77.3 – Cannot be\n"
        "  ☐ Second box\n"
        "      77.2 ✗ It is not there: nothing\n"
        "  Next step: 77.2 It is not there. Make something.\n"
    )
    assert checks.run(lab, "77.gate").text == result.text
    assert Journal(lab.workspace).marks()["77.gate"].looks == 2


def test_html_says_the_same_and_escapes_what_a_cloud_says():
    result = Result("02.1", "A <title>", False, "<b>saw</b>", "this & that", "do")
    assert "<b>saw</b>" not in result.html
    assert "&lt;b&gt;saw&lt;/b&gt;" in result.html
    assert all(words in result.html for words in ("A &lt;title&gt;", "this &amp; that", "Next step:"))


@pytest.mark.parametrize("known", ["02.11", "2.1", "03.99", ""])
def test_an_unknown_checkpoint_names_those_that_come_near(lab, known):
    with pytest.raises(LabError, match=r"There are, for instance: 0\d\.\d"):
        checks.run(lab, known)


def test_a_phase_without_a_gate_is_told(lab):
    with pytest.raises(LabError, match=r"'99' has no gate. These have one: 00, 01, 02"):
        checks.gate(lab, "99")


def test_every_check_belongs_to_a_phase_and_every_gate_knows_its_checks():
    assert [one.id for one in checks.checks("00")] == ["00.1", "00.2"]
    assert [one.id for one in checks.checks("01")] == [f"01.{number}" for number in range(1, 9)]
    assert [one.id for one in checks.checks("02")] == [f"02.{number}" for number in range(1, 9)]
    for gate in checks.gates():
        assert all(checks.find_check(id).phase == gate.phase for id in gate.checks)
    assert all(one.title and one.title[0].isupper() for one in checks.checks())


def test_progress_stays_when_a_later_look_fails(tmp_path):
    journal = Journal(tmp_path)
    journal.note("02.1", "done")
    first = journal.marks()["02.1"].passed_at
    journal.note("02.1", "undone")
    mark = Journal(tmp_path).marks()["02.1"]
    assert (mark.state, mark.passed_at, mark.looks) == ("undone", first, 2)
    journal.forget("02")
    assert journal.marks() == {}


def test_progress_of_a_later_version_of_the_course_is_read(tmp_path):
    (tmp_path / ".labkit").mkdir()
    kept = {"02.1": {"state": "done", "looked_at": "2026-11-25T00:00:00+00:00", "mood": "good"}}
    (tmp_path / ".labkit" / "progress.json").write_text(json.dumps(kept))
    assert Journal(tmp_path).marks()["02.1"].state == "done"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"02.1": 3}', '{"02.1": {}}'])
def test_progress_that_cannot_be_read_says_what_to_do(tmp_path, content):
    (tmp_path / ".labkit").mkdir()
    (tmp_path / ".labkit" / "progress.json").write_text(content)
    with pytest.raises(LabError, match="Mend the file, or delete it"):
        Journal(tmp_path).marks()


def test_a_cloud_that_has_ended_is_told_without_a_traceback(workspace):
    lab = labkit.open("02-create", workspace=workspace)
    from labkit import cloud as clouds

    clouds.stop(workspace)
    result = checks.run(lab, "02.1")
    assert not result.passed
    assert "is not there any more" in result.evidence
    assert "run this cell again" in result.next_step


def test_an_address_where_nobody_answers_is_told_without_a_traceback(workspace, cloud, monkeypatch):
    lab = aws_lab(cloud, workspace, monkeypatch, cloud.state.access_key_id, cloud.state.secret_access_key)
    lambda_ = lab.client("lambda")
    lambda_.meta.events.register("before-send", _nobody_answers)
    result = checks.run(lab, "02.1")
    assert not result.passed
    assert "The cloud cannot be reached" in result.next_step


def test_denied_calls_are_told_without_a_traceback(workspace, cloud, monkeypatch):
    """Credentials that may do nothing but say who they are."""
    iam = cloud.client("iam")
    arn = iam.create_role(RoleName="looker", AssumeRolePolicyDocument=json.dumps(TRUST_ACCOUNT))["Role"][
        "Arn"
    ]
    session = cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="somebody")["Credentials"]
    monkeypatch.setenv("AWS_SESSION_TOKEN", session["SessionToken"])
    lab = aws_lab(cloud, workspace, monkeypatch, session["AccessKeyId"], session["SecretAccessKey"])
    result = checks.run(lab, "02.1")
    assert not result.passed
    assert "not authorized to perform: lambda:ListFunctions" in result.evidence
    assert "Your own credentials" in result.next_step


def aws_lab(cloud, workspace: Path, monkeypatch, key: str, secret: str) -> Lab:
    """A lab that takes the shared cloud for somebody's account."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    return labkit.open(
        "02-create", target="aws", workspace=workspace, confirm=True, endpoint_url=cloud.endpoint
    )


def _nobody_answers(request, **_):
    from botocore.exceptions import EndpointConnectionError

    raise EndpointConnectionError(endpoint_url=request.url)

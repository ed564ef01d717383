"""Running notebooks: what went well, what did not, and nothing left behind either way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from labkit import cloud as clouds
from labkit.course import build
from labkit.course.run import Order, run
from labkit.course.side_by_side import run_side_by_side
from labkit.errors import CourseError
from tests.course.conftest import NAME, solve

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("kernels_without_fakes")]

FAILS = 'raise ValueError("this cell fails")'
LABKIT = Path(sys.executable).with_name("labkit")


@pytest.fixture(autouse=True)
def temporary_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where fresh workspaces are made."""
    folder = tmp_path / "t"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def test_a_solution_passes_and_leaves_nothing(course, temporary_folders):
    cells = []
    [outcome] = run(course, Order(), lambda name, number, count: cells.append((name, number, count)))
    assert outcome.passed, outcome.problems
    assert outcome.asked == ("00.1", "00.2")
    assert outcome.count("done") == 2
    assert outcome.invocations >= 4
    assert outcome.cost_usd and outcome.cost_usd > 0
    assert 0 < outcome.duration_s < 60
    assert cells[0] == (NAME, 1, 13)
    assert cells[-1] == (NAME, 13, 13)
    assert list(temporary_folders.iterdir()) == []


def test_a_learner_copy_reports_its_exercises_undone(course):
    [outcome] = run(course, Order(learner=True))
    assert outcome.passed, outcome.problems
    assert outcome.count("undone") == 2


def test_a_learner_copy_that_gives_an_answer_away_is_a_problem(course, text):
    given = text.replace("### BEGIN SOLUTION\nlabkit", "labkit", 1).replace(
        'print(answer["Payload"].read().decode())\n### END SOLUTION', "print(answer)"
    )
    solve(course, given)
    build.build(course)
    [outcome] = run(course, Order(learner=True))
    assert outcome.problems == ("00.1 is reported as done, though nobody has done it",)


def test_a_failing_cell_is_shown_with_its_source_and_error(course, text):
    solve(course, text.replace("lab.cost()", f"x = 1\n{FAILS}"))
    [outcome] = run(course, Order())
    assert not outcome.passed
    assert outcome.failure
    assert outcome.failure.error == "ValueError: this cell fails"
    [problem] = outcome.problems
    assert problem.startswith(f"Cell [9] failed:\n    x = 1\n    {FAILS}\n")
    assert "\x1b" not in problem
    assert outcome.count("done") == 2
    assert outcome.invocations >= 4


def test_a_failed_check_ends_a_solution(course, text):
    solve(course, text.replace("memory_mb=256", "memory_mb=128"))
    [outcome] = run(course, Order())
    assert "CheckFailed" in outcome.problems[0]
    assert "still has 128 MB" in outcome.problems[0]
    assert (outcome.count("done"), outcome.count("undone")) == (1, 1)


def test_what_a_notebook_leaves_behind_is_a_problem(course, text):
    solve(course, text.replace("lab.teardown()", "pass"))
    [outcome] = run(course, Order())
    [problem] = outcome.problems
    assert problem.startswith("left behind: 00-tiny: iam.role lab00-k3f9x-hello-role")


def test_a_check_that_is_asked_for_but_not_looked_at_is_a_problem(course, text):
    solve(course, text.replace('lab.check("00.2")', 'if lab is None:\n    lab.check("00.2")'))
    [outcome] = run(course, Order())
    assert outcome.problems == ("00.2 was not looked at",)


def test_a_kernel_that_dies_is_told(course, text):
    solve(course, text.replace("lab.cost()", "import os\nos._exit(3)"))
    [outcome] = run(course, Order())
    assert "DeadKernelError" in outcome.problems[0]
    assert len(outcome.problems) == 1


def test_what_the_local_cloud_logged_is_shown_with_a_failure(course, text):
    logs = "open('.labkit/cloud.log', 'a').write('ERROR the disk is full\\n')\n"
    solve(course, text.replace("lab.cost()", f"{logs}{FAILS}"))
    [outcome] = run(course, Order())
    assert "ERROR the disk is full" in outcome.problems[1]


def test_a_cell_that_breaks_when_it_is_run_again_is_a_problem(course, text):
    """The cell with the parameters runs once: what was given for them stays."""
    region = "assert lab.region == region == 'eu-west-1'"
    solve(course, text.replace("lab.cost()", region))
    [outcome] = run(course, Order(parameters={"region": "eu-west-1"}, twice=True))
    assert outcome.passed, outcome.problems
    assert outcome.count("done") == 2
    solve(course, text.replace("lab.cost()", "del lambda_"))
    [outcome] = run(course, Order(twice=True))
    assert outcome.failure
    assert outcome.failure.error == "NameError: name 'lambda_' is not defined"


def test_parameters_reach_the_notebooks_that_have_them(course, text):
    solve(course, text.replace("lab.cost()", "lab.region, lab.client('lambda').meta.region_name"))
    [outcome] = run(course, Order(parameters={"region": "eu-west-1"}))
    assert outcome.passed, outcome.problems
    said = [output for cell in outcome.notebook.cells for output in cell.get("outputs", [])]
    assert "('eu-west-1', 'eu-west-1')" in str(said)


@pytest.mark.parametrize(
    ("order", "says"),
    [
        (
            Order(parameters={"memory": 1}),
            "No notebook has a parameter 'memory'. The parameters are: region, target",
        ),
        (Order(("07",)), "There is no notebook '07'"),
    ],
)
def test_orders_that_cannot_be_carried_out_are_told_before_anything_runs(course, order, says):
    with pytest.raises(CourseError, match=says):
        list(run(course, order))


def test_notebooks_in_sequence_share_a_cloud(course, text):
    same = text.replace('labkit.open("00-tiny"', 'labkit.open("00-second"')
    solve(course, same.replace("lab.cost()", "open('first').read()"), "00-zzz")
    solve(course, text.replace("lab.cost()", "open('first', 'w').write('here')"))
    outcomes = list(run(course, Order(in_sequence=True)))
    assert [outcome.problems for outcome in outcomes] == [(), ()]


def test_side_by_side_each_has_a_cloud_of_its_own(course, text, temporary_folders):
    """The outcomes come in the notebooks' order, failures too; each gets the parameters that it has."""
    solve(course, text.replace("lab.cost()", FAILS), "01-fails")
    solve(course, text.replace('region = "us-east-1"', 'region, size = "us-east-1", 3'), "02-sized")
    order = Order(parameters={"size": 4, "region": "eu-west-1"})
    outcomes = list(run_side_by_side(course, order, 2))
    assert [outcome.name for outcome in outcomes] == [NAME, "01-fails", "02-sized"]
    assert [outcome.passed for outcome in outcomes] == [True, False, True]
    assert outcomes[1].failure.error == "ValueError: this cell fails"
    assert list(temporary_folders.iterdir()) == []
    with pytest.raises(CourseError, match="leave --jobs out"):
        list(run_side_by_side(course, Order(in_sequence=True), 2))


def test_a_cloud_that_ran_before_goes_on_running(course, workspace):
    before = clouds.start(workspace)
    [outcome] = run(course, Order(workspace=workspace))
    assert outcome.passed, outcome.problems
    assert clouds.find(workspace) == before
    assert not (workspace / f"{NAME}.ipynb").exists()


@pytest.mark.parametrize(
    ("how", "options"), [(signal.SIGINT, ()), (signal.SIGTERM, ()), (signal.SIGINT, ("--jobs", "2"))]
)
def test_stopped_in_the_middle_nothing_stays_behind(course, text, how, options, temporary_folders, tmp_path):
    """Ctrl-C while a cell runs: the kernel and the cloud end, the workspace goes."""
    waits = f"open({str(tmp_path / 'pipe')!r}, 'w').write('cell runs')\nimport time\ntime.sleep(300)"
    solve(course, text.replace("lab.cost()", waits))
    os.mkfifo(tmp_path / "pipe")
    running = subprocess.Popen(
        [LABKIT, "run", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    guard = threading.Timer(60, running.kill)
    guard.start()
    assert (tmp_path / "pipe").read_text() == "cell runs"
    children = psutil.Process(running.pid).children(recursive=True)
    clouds_running = [p for p in psutil.process_iter(["cmdline"]) if _in(p, temporary_folders)]
    assert children and clouds_running
    if how == signal.SIGINT:
        os.killpg(running.pid, how)  # as a terminal does
    else:
        running.send_signal(how)
    said, _ = running.communicate(timeout=60)
    guard.cancel()
    assert running.returncode == 130, said
    assert "Traceback" not in said
    assert "Stopped. Nothing is left behind." in said
    _, alive = psutil.wait_procs([*children, *clouds_running], timeout=10)
    assert alive == []
    assert list(temporary_folders.iterdir()) == []


def _in(process: psutil.Process, folder: Path) -> bool:
    return any(str(folder) in part for part in process.info["cmdline"] or ())

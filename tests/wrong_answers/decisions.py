"""Answers to the exercises of phase 01 that are decisions: kept in the design record, seen in no cloud."""

from __future__ import annotations

from tests.wrong_answers.world import World, right, wrong

WORKLOADS = {
    "thumbnails": "fits",
    "film": "too long",
    "sale": "fits",
    "search": "always busy",
    "panorama": "too big",
    "bids": "too late",
}
USE_CASE = {"longest_s": 30, "memory_mb": 1024, "busy_share": 0.1, "within_ms": None, "waits_s": 0}
BREAK_EVEN = 4_126_722


def nothing(world: World) -> None:
    """What somebody has who only ran the cells."""


wrong("01.1", "nothing was judged", "has no 'workloads'")(nothing)
wrong("01.2", "nothing was saved", "has no 'use_case'")(nothing)
wrong("01.5", "nothing was computed", "is not in the design record")(nothing)
wrong("01.7", "nothing was chosen", "has no 'runtime'")(nothing)
wrong("01.8", "nothing was decided", "has no 'memory_mb'")(nothing)


def saved(key: str, value: object) -> object:
    return lambda world: world.lab.save(key, value)


for title, changes, says in (
    ("left open", {"film": "?"}, "'film' is still open"),
    ("words of one's own", {"bids": "too slow"}, "in these words"),
    ("the sale taken for busy", {"sale": "always busy"}, r"5 of 6 agree(.*\n)+.*Is it busy all month"),
    ("the search taken for small", {"search": "fits"}, "Who is paid by the hour"),
    ("the film taken for large", {"film": "too big"}, "How long may one invocation take"),
    ("everything fits", dict.fromkeys(WORKLOADS, "fits"), "2 of 6 agree"),
):
    wrong("01.1", title, says)(saved("workloads", {**WORKLOADS, **changes}))
wrong("01.1", "one forgotten", "no judgement of bids")(
    saved("workloads", {name: word for name, word in WORKLOADS.items() if name != "bids"})
)
wrong("01.1", "a list", "a dictionary")(saved("workloads", list(WORKLOADS.values())))
right("01.1", "as the rubric has it", "panorama: too big")(saved("workloads", WORKLOADS))
right("01.1", "in capitals, and one workload more")(
    saved("workloads", {**{name.upper(): word.title() for name, word in WORKLOADS.items()}, "mine": "fits"})
)

for title, changes, says in (
    ("an hour of computing", {"longest_s": 3600}, "is too long"),
    ("too much memory, and always busy", {"memory_mb": 20_480, "busy_share": 1}, "is too big, always busy"),
    ("days of waiting", {"waits_s": 200_000}, "durable function"),
    ("a percentage for a share", {"busy_share": 5}, "busy_share lies between 0 and 1"),
    ("a unit in the number", {"memory_mb": "512 MB"}, "memory_mb is '512 MB'"),
    ("names of one's own", {"seconds": 3}, "does not ask for"),
):
    wrong("01.2", title, says)(saved("use_case", {**USE_CASE, **changes}))
wrong("01.2", "the verdict instead of the answers", "Keep the answers, not the verdict")(
    saved("use_case", "fits")
)
wrong("01.2", "one answer only", "does not say memory_mb, busy_share")(saved("use_case", {"longest_s": 5}))
right("01.2", "a workload of one's own", "needs 1,024 of 10,240 MB")(saved("use_case", USE_CASE))
right("01.2", "three answers written by hand, at the very limits")(
    saved("use_case", {"longest_s": 900, "memory_mb": 10_240, "busy_share": 0})
)

for title, number, says in (
    ("with the free tier", 5_699_241, "free tier, which the task leaves out"),
    ("a rate per second", 1.57, "a rate per second"),
    ("per day", 137_000, "That is per day"),
    ("the widget's first setting", 8_719_365, "Fargate costs less well before that"),
    ("half the memory", 3_945_990, "That is for 512 MB"),
    ("another duration", 9_653_581, "That is for 100 ms"),
    ("where EC2 meets it", 3_477_246, "EC2 meets Lambda"),
    ("a guess", 1_000_000, "Lambda still costs less there"),
    ("commas in a text", "4,126,722", "without commas and units"),
):
    wrong("01.5", title, says)(saved("break_even", number))
right("01.5", "computed", "is within 2%")(saved("break_even", BREAK_EVEN))
right("01.5", "read off the picture", "is within 2%")(saved("break_even", 4_100_000))
right("01.5", "with a fraction")(saved("break_even", BREAK_EVEN * 1.015))

for title, name, says in (
    ("another language", "nodejs24.x", "runs no Python"),
    ("out of support", "python3.9", "support ended on 2025-12-15"),
    ("a preview", "python3.15", "is a preview"),
    ("about to end", "python3.11", "days only"),
    ("not its name", "Python 3.13", "is not a runtime of Lambda"),
    ("a number", 3.13, "is not a runtime of Lambda"),
):
    wrong("01.7", title, says)(saved("runtime", name))
right("01.7", "as the solution has it", "supported until 2029-06-30")(saved("runtime", "python3.13"))
right("01.7", "the newest")(saved("runtime", "python3.14"))


def sizes(memory_mb: object, timeout_s: object) -> object:
    def save(world: World) -> None:
        world.lab.save("memory_mb", memory_mb)
        world.lab.save("timeout_s", timeout_s)

    return save


for title, memory_mb, timeout_s, says in (
    ("a quarter of an hour to be safe", 512, 900, "gives up after 29 s"),
    ("one second", 512, 1, "first connection"),
    ("memory to be safe", 10_240, 10, "more than one vCPU"),
    ("too little memory", 64, 10, "128 to 10,240 MB"),
    ("a unit", "512 MB", 10, "without a unit"),
    ("half a second more", 512, 3.5, "timeout_s is 3.5"),
):
    wrong("01.8", title, says)(sizes(memory_mb, timeout_s))
wrong("01.8", "only memory", "has no 'timeout_s'")(saved("memory_mb", 512))
right("01.8", "as the solution has it", "0.29 vCPU, and 10 s")(sizes(512, 10))
right("01.8", "the smallest memory and the API's own limit")(sizes(128, 29))

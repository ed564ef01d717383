"""01.6: upload, thumbnail and index work one after the other, and none of them waits for the next."""

from __future__ import annotations

from uuid import uuid4

from labkit.checks.functions import Function, find
from labkit.checks.look import Look, NotYet
from labkit.checks.registry import check
from labkit.reports import Report

LINKS = ("upload", "thumbnail", "index")
WORK_S = 0.6
START_S = 1.0  # the functions behind the first one may have to start


@check("01.6", title="Nobody pays for waiting: each link hands over and ends")
def chain(look: Look) -> str:
    """One photo goes through; the first two end before those after them, and the last one has run."""
    links = [find(look, base) for base in LINKS]
    before = [len(one.reports()) for one in links]
    got = links[0].invoke({"photo_id": f"check-{uuid4().hex[:6]}", "work_s": WORK_S})
    if got.error is not None:
        raise _failed(links[0], got.error_text)
    ran: list[Report] = []
    for function, count in zip(links, before, strict=True):
        report = _newer(look, function, count)
        if report is None:
            raise _cut(links, function, ran)
        if report.status != "success":
            raise _failed(function, f"status {report.status}")
        ran.append(report)
    for function, report in zip(links[:-1], ran[:-1], strict=True):
        if report.duration_ms >= 2000 * WORK_S:
            raise _waits(links, function, report)
    times = ", ".join(f"{f.name} {r.duration_ms:,.0f} ms" for f, r in zip(links, ran, strict=True))
    return f"each worked {WORK_S * 1000:.0f} ms and none waited: {times}"


def _newer(look: Look, function: Function, count: int) -> Report | None:
    """The report of our invocation, which may come behind others that were still under way."""

    def newer() -> list[Report]:
        return [report for _, _, report in function.reports()[count:]]

    def ours() -> Report | None:
        return next((one for one in newer() if one.duration_ms >= 1000 * WORK_S), None)

    patience_s = len(LINKS) * (WORK_S + START_S)
    return look.eventually(ours, work_s=patience_s) or next(iter(newer()), None)


def _failed(function: Function, error: str) -> NotYet:
    if "AccessDenied" in error or "not authorized" in error:
        step = "Its role may not call the next one: allow lambda:InvokeFunction on that function."
    elif "Payload" in error and "type" in error:
        step = "Payload is text: json.dumps(event). Deploy all three again."
    else:
        step = "Read its log, mend the handler, and deploy all three again."
    return NotYet(f"{function.name} failed: {error}", "an invocation without an error", step)


def _cut(links: list[Function], function: Function, ran: list[Report]) -> NotYet:
    if ran[1:] and ran[-1].duration_ms < 1000 * WORK_S:
        return NotYet(
            f"{links[len(ran) - 1].name} was called and ended after {ran[-1].duration_ms:,.0f} ms: it did "
            "not get the event",
            f"a chain that still reaches {links[-1].name}",
            "Hand the event over, as text: Payload=json.dumps(event).",
        )
    ahead = links[links.index(function) - 1] if function is not links[0] else function
    return NotYet(
        f"{ahead.name} has run, and {function.name} was not called",
        f"a chain that still reaches {links[-1].name}",
        "Handing over is still a call: invoke the next one, without waiting for what it answers.",
    )


def _waits(links: list[Function], function: Function, report: Report) -> NotYet:
    return NotYet(
        f"{function.name} ran for {report.duration_ms:,.0f} ms, of which {WORK_S * 1000:.0f} ms were its own "
        "work",
        "an invocation that ends once the next one has the event",
        "invoke has a parameter InvocationType. Deploy the changed code to all three functions."
        if function is links[0]
        else f"{links[0].name} does not wait, but {function.name} does: deploy the changed code there, too.",
    )

"""06.4: performance: no work that every call repeats, memory chosen by measuring, a layer in use."""

from __future__ import annotations

from labkit.checks.audit import Subject, judge
from labkit.checks.capstone.plan import subjects, told
from labkit.checks.look import Look, NotYet
from labkit.checks.registry import check

FEWEST, SIZES = 3, 2


@check("06.4", title="Performance: cold starts, memory, layers")
def performance(look: Look) -> str:
    """Cold starts of all functions; one whose memory was measured; one with a layer."""
    found = subjects(look)
    for subject in found:
        verdict = next(one for one in judge(subject).verdicts if one.pitfall.key == "cold-starts")
        for finding in verdict.findings:
            if look.local and finding.seen.startswith("init takes"):
                continue  # how long init takes here says something about this machine only
            raise told(subject.name, finding)
    measured = _measured(found)
    layered = [one for one in found if one.configuration.get("Layers")]
    if not layered:
        raise NotYet(
            f"none of {len(found)} functions uses a layer",
            "a layer with what functions share",
            "Publish one with labkit.deploy.layer, and name its ARN in Layers of a function.",
        )
    arn = layered[0].configuration["Layers"][0]["Arn"]
    return f"{measured}; {layered[0].name} uses the layer {':'.join(arn.split(':')[-2:])}"


def _measured(found: list[Subject]) -> str:
    best: tuple[Subject, list[int]] | None = None
    for subject in found:
        counts: dict[int, int] = {}
        for report in subject.reports:
            counts[report.memory_mb] = counts.get(report.memory_mb, 0) + 1
        sizes = sorted(size for size, count in counts.items() if count >= FEWEST)
        if len(sizes) >= SIZES and (best is None or len(sizes) > len(best[1])):
            best = subject, sizes
    if best is None:
        raise NotYet(
            "every function was measured at one memory size at most",
            f"one function with at least {FEWEST} calls at each of {SIZES} sizes or more",
            "labkit.measure.tune tries several sizes; then set the one that you choose.",
        )
    subject, sizes = best
    if subject.memory_mb not in sizes:
        raise NotYet(
            f"{subject.name} was measured at {', '.join(map(str, sizes))} MB, and has {subject.memory_mb}",
            "one of the sizes that were measured",
            "Set MemorySize to the size that you choose from the measured ones.",
        )
    return f"the memory of {subject.name} is chosen from {', '.join(map(str, sizes))} MB"

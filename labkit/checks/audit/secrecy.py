"""Pitfall 2, secrets in variables: names and values that look like passwords, keys and tokens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from labkit import facts, pricing
from labkit.checks.audit.report import Finding, Judgement
from labkit.checks.audit.subject import Subject
from labkit.errors import FactUnknown

NAMES = re.compile(
    r"passw(or)?d|passphrase|secret|token|credential|api_?key|signing_?key|private_?key|access_?key", re.I
)
# A variable may hold the name of the place where a secret is kept.
POINTS = re.compile(r"(name|arn|id|path|parameter|param|ttl|prefix|url|uri|region|count|seconds|size)$", re.I)
VALUES = {
    "an AWS access key": re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a password in an address": re.compile(r"\w+://[^/\s:@]+:[^/\s@]+@"),
    "a JSON Web Token": re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\."),
    "a token of GitHub, Slack or Stripe": re.compile(
        r"\b(gh[pousr]_\w{20,}|xox[abprs]-[\w-]{10,}|[sr]k_live_\w{10,})"
    ),
}


def judge(subject: Subject) -> Judgement:
    """The variables of the function and of its versions, and the files of its package."""
    current = _variables(subject.configuration)
    findings = [
        _finding(subject, f"the variable {name} looks like {what}")
        for name, value in current.items()
        if (what := _suspect(name, value))
    ]
    for version in subject.versions:
        names = [name for name, value in _variables(version).items() if _suspect(name, value)]
        if names:
            findings.append(
                Finding(
                    f"version {version['Version']} keeps {', '.join(sorted(names))}",
                    "A version never changes: the value stays readable after $LATEST was cleaned.",
                    "Change the secret, and delete the version (move aliases first).",
                )
            )
    findings += _in_files(subject)
    count = len(current)
    looked = f"{count} variable{'s' * (count != 1)}, {len(subject.versions)} published versions"
    return Judgement(f"{looked}: none holds what looks like a secret", tuple(findings))


def _variables(configuration: Mapping[str, Any]) -> dict[str, str]:
    return dict(configuration.get("Environment", {}).get("Variables", {}))


def _suspect(name: str, value: str) -> str | None:
    """What a variable looks like, if it looks like a secret. The value is never repeated."""
    for what, pattern in VALUES.items():
        if pattern.search(value):
            return what
    reference = value.startswith(("arn:", "/", "{{resolve:"))
    if value and NAMES.search(name) and not POINTS.search(name) and not reference:
        return "a secret, by its name"
    return None


def _finding(subject: Subject, seen: str) -> Finding:
    return Finding(
        seen,
        "Everybody who may read the function's configuration reads it: in the console, in "
        "`get-function-configuration`, in templates and backups; and each version keeps a copy.",
        "Change the secret. Keep the new one in Parameter Store (SecureString) or Secrets Manager"
        f"{_price(subject)}, let the role read that one, and fetch it at module level.",
    )


def _price(subject: Subject) -> str:
    try:
        price = facts.price(subject.region, "secretsmanager.secret")
    except FactUnknown:
        return ""
    return f" ({pricing.usd(price.value)} {price.unit})"


def _in_files(subject: Subject) -> list[Finding]:
    found = []
    for path, content in sorted((subject.files or {}).items()):
        text = content.decode(errors="replace")
        for what in ("an AWS access key", "a private key"):
            if VALUES[what].search(text):
                found.append(_finding(subject, f"{path} in its package holds what looks like {what}"))
    return found

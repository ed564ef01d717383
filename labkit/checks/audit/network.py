"""Pitfall 5, a needless VPC: a function in private subnets without anything there that it uses."""

from __future__ import annotations

import ipaddress
import re
from decimal import Decimal

from labkit import facts, pricing
from labkit.checks.audit.report import Finding, Judgement
from labkit.checks.audit.subject import Subject
from labkit.errors import FactUnknown
from labkit.facts import quota

# Addresses, and modules for databases and caches, that stand in private networks.
INSIDE = re.compile(
    r"\.(rds|cache|docdb|neptune|redshift|memorydb)\.|\.internal\b|\.local\b|"
    r"\b(postgres(ql)?|mysql|mariadb|redis|rediss|mongodb(\+srv)?|amqps?|ldaps?)://",
    re.I,
)
MODULES = (
    "psycopg",
    "psycopg2",
    "pymysql",
    "mysql",
    "redis",
    "valkey",
    "pymongo",
    "pymssql",
    "oracledb",
    "kafka",
)
ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")


def judge(subject: Subject) -> Judgement:
    """Whether it is in a VPC, and whether anything says that it has to be."""
    subnets = subject.configuration.get("VpcConfig", {}).get("SubnetIds") or []
    if not subnets:
        return Judgement("it is in no VPC of yours")
    if why := _reason(subject):
        return Judgement(f"it is in a VPC, and seems to need it: {why}")
    finding = Finding(
        f"it is in {len(subnets)} subnets of a VPC, and nothing in its configuration or code points to "
        "something private there",
        f"In a VPC it reaches no AWS API and no internet without a NAT gateway or endpoints{_nat(subject)}. "
        "(Cold starts are no reason any more: the network interface is made beforehand.)",
        "If it needs nothing private, remove it: update_function_configuration with empty SubnetIds and "
        "SecurityGroupIds.",
    )
    return Judgement("it is in a VPC", (finding,))


def _reason(subject: Subject) -> str | None:
    if subject.configuration.get("FileSystemConfigs"):
        return "it mounts a file system"
    for name, value in subject.configuration.get("Environment", {}).get("Variables", {}).items():
        if INSIDE.search(value) or any(_private(one) for one in ADDRESS.findall(value)):
            return f"the variable {name} holds a private address"
    for source in subject.sources:
        if source.service not in ("sqs", "dynamodb", "kinesis"):
            return f"it reads {source.name or 'a source of its own'}"
    tops = {path.partition("/")[0].removesuffix(".py") for path in subject.files or {}}
    module = next((one for one in MODULES if one in tops), None)
    return f"its package has {module}" if module else None


def _private(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_private
    except ValueError:
        return False


def _nat(subject: Subject) -> str:
    try:
        hour = facts.price(subject.region, "nat.hour")
    except FactUnknown:
        return ""
    month = hour.each_usd * Decimal(quota("month_hours").value)
    return f"; a NAT gateway costs {pricing.usd(month)} USD a month before any data"

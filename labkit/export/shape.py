"""Template resources and what their values refer to. Knows no cloud.

Names keep their form: the lab's prefix becomes the parameter ``Prefix``. What AWS chooses (ids, ARNs with
times in them) becomes a reference to the resource that it belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PREFIX = "Prefix"
WORD = re.compile(r"[A-Za-z0-9]+")


class Own(str):
    """A resource's own name: never a reference, which would be to itself."""


class Plain(str):
    """A text that becomes no reference to a resource; only what is in it is replaced."""


@dataclass
class Resource:
    """One resource of a template."""

    type: str
    properties: dict[str, Any]
    depends_on: list[str] = field(default_factory=list)


@dataclass
class Shape:
    """A template that grows: resources, references, files, and what had to be left out.

    Attributes:
        whole: a value -> the intrinsic function that stands for it.
        parts: a piece of a text, such as an API's id -> what stands for it within ``Fn::Sub``.
        files: path in the folder -> content.
        left_out: what is no part of the template, and why.
    """

    prefix: str
    region: str
    account: str
    resources: dict[str, Resource] = field(default_factory=dict)
    whole: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def add(self, name: str, suffix: str, type: str, properties: Mapping[str, Any]) -> str:
        """Adds a resource; its logical id, made of a name without the lab's prefix."""
        base = name.removeprefix(self.prefix).strip("-_/") or name
        stem = "".join(word[:1].upper() + word[1:] for word in WORD.findall(base))
        stem = stem if stem.endswith(suffix) else stem + suffix
        logical, number = stem, 2
        while logical in self.resources:
            logical, number = f"{stem}{number}", number + 1
        self.resources[logical] = Resource(type, {k: v for k, v in properties.items() if v not in (None, "")})
        return logical

    def base(self, name: str) -> str:
        """A name without the lab's prefix."""
        return name.removeprefix(f"{self.prefix}-")

    def template(self) -> dict[str, Any]:
        """The template as data."""
        resources: dict[str, Any] = {}
        for logical, one in self.resources.items():
            item: dict[str, Any] = {"Type": one.type}
            if one.depends_on:
                item["DependsOn"] = sorted(one.depends_on)
            resources[logical] = {**item, "Properties": self._fit(one.properties)}
        about = "What names begin with: another one for each copy in an account and Region."
        return {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Transform": "AWS::Serverless-2016-10-31",
            "Description": f"Exported from the lab {self.prefix} by labkit.",
            "Parameters": {PREFIX: {"Type": "String", "Default": self.prefix, "Description": about}},
            "Resources": resources,
        }

    def _fit(self, value: Any) -> Any:
        """A value with references instead of names and ids."""
        if isinstance(value, Mapping):
            return {str(key): self._fit(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self._fit(one) for one in value]
        if not isinstance(value, str):
            return value
        if value in self.whole and not isinstance(value, Own | Plain):
            return self.whole[value]
        return self._replaced(str(value))

    def _replaced(self, text: str) -> Any:
        known = {
            **self.parts,
            self.prefix: f"${{{PREFIX}}}",
            self.account: "${AWS::AccountId}",
            self.region: "${AWS::Region}",
        }
        pieces = "|".join(re.escape(one) for one in sorted(known, key=len, reverse=True))
        escaped = text.replace("${", "${!")
        replaced = re.sub(rf"(?<![A-Za-z0-9])({pieces})(?![A-Za-z0-9])", lambda m: known[m[1]], escaped)
        return {"Fn::Sub": replaced} if replaced != escaped else text


def get(logical: str, attribute: str = "Arn") -> dict[str, list[str]]:
    """``Fn::GetAtt``."""
    return {"Fn::GetAtt": [logical, attribute]}


def ref(logical: str) -> dict[str, str]:
    """``Ref``."""
    return {"Ref": logical}


def plain(value: Any) -> Any:
    """A document whose texts become no references to resources: policies, whose roles others wait for."""
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return Plain(value) if isinstance(value, str) else value


def only(source: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Those entries of a mapping that are there and not empty."""
    return {name: source[name] for name in names if source.get(name) not in (None, "", [], {})}

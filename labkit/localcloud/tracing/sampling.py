"""Which requests are traced: the first one each second and five percent of the others, as on AWS.

Lambda's own rule cannot be configured there either (AWS: "Visualize Lambda function invocations using AWS
X-Ray"); the SDK's default rule has the same figures.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

RESERVOIR_PER_S = 1
FIXED_RATE = 0.05
REPORT_INTERVAL_S = 10
DEFAULT_RULE = {
    "RuleName": "Default",
    "ResourceARN": "*",
    "Priority": 10000,
    "FixedRate": FIXED_RATE,
    "ReservoirSize": RESERVOIR_PER_S,
    "ServiceName": "*",
    "ServiceType": "*",
    "Host": "*",
    "HTTPMethod": "*",
    "URLPath": "*",
    "Version": 1,
    "Attributes": {},
}


class Sampler:
    """Decides for each function by itself. ``now`` gives seconds."""

    def __init__(
        self, now: Callable[[], float] = time.time, chance: Callable[[], float] = random.random
    ) -> None:
        self._now, self._chance = now, chance
        self._second: dict[str, int] = {}

    def __call__(self, function_arn: str) -> bool:
        second = int(self._now())
        if self._second.get(function_arn) != second:
            self._second[function_arn] = second
            return True
        return self._chance() < FIXED_RATE


def rules(region: str, account_id: str) -> dict[str, Any]:
    """The answer to GetSamplingRules: X-Ray's default rule."""
    arn = f"arn:aws:xray:{region}:{account_id}:sampling-rule/Default"
    record = {"SamplingRule": {**DEFAULT_RULE, "RuleARN": arn}, "CreatedAt": 0, "ModifiedAt": 0}
    return {"SamplingRuleRecords": [record]}


def targets(statistics: list[dict[str, Any]], now_s: float) -> dict[str, Any]:
    """The answer to GetSamplingTargets: the default rule's figures; other rules there are none."""
    documents, unprocessed = [], []
    for reported in statistics:
        name = str(reported.get("RuleName"))
        if name == DEFAULT_RULE["RuleName"]:
            quota = {"ReservoirQuota": RESERVOIR_PER_S, "ReservoirQuotaTTL": int(now_s) + REPORT_INTERVAL_S}
            documents.append(
                {"RuleName": name, "FixedRate": FIXED_RATE, "Interval": REPORT_INTERVAL_S, **quota}
            )
        else:
            unprocessed.append(
                {"RuleName": name, "ErrorCode": "400", "Message": f"There is no sampling rule {name}."}
            )
    return {
        "SamplingTargetDocuments": documents,
        "LastRuleModification": 0,
        "UnprocessedStatistics": unprocessed,
    }

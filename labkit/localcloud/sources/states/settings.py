"""What a state machine is given beside its definition: role, logging, encryption. Kept, or refused."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from labkit.localcloud import lessons
from labkit.localcloud.guard import Guard
from labkit.localcloud.identities import ACCOUNT_ID
from labkit.localcloud.sources.states.calls import SERVICE
from labkit.localcloud.sources.states.machine import refused

DELIVER = "logs:CreateLogDelivery"


class Settings:
    """Checks settings when a state machine is made, and makes the log session of an execution.

    Args:
        now: the lesson clock's time, in seconds.
    """

    def __init__(self, guard: Guard, now: Callable[[], float]) -> None:
        self._guard, self._now = guard, now

    def check(self, region: str, role_arn: str, given: dict[str, Any]) -> None:
        """Refuses what could not work.

        Raises:
            AWSError: AccessDeniedException, InvalidLoggingConfiguration, InvalidEncryptionConfiguration.
        """
        if not self._guard.can_assume(role_arn, SERVICE):
            raise refused(
                "AccessDeniedException",
                f"Neither the global service principal {SERVICE}, nor the regional one is authorized to "
                "assume the provided role.",
            )
        logging = given.get("loggingConfiguration") or given.get("logging_configuration") or {}
        encryption = given.get("encryptionConfiguration") or given.get("encryption_configuration") or {}
        if encryption.get("type", "AWS_OWNED_KEY") != "AWS_OWNED_KEY":
            raise refused(
                "InvalidEncryptionConfiguration", "The local cloud encrypts nothing: use AWS_OWNED_KEY."
            )
        if logging.get("level", "OFF") != "OFF":
            self._check_logging(region, role_arn, logging)

    def session(self, execution_arn: str, machine_arn: str, role_arn: str, logging: dict[str, Any]) -> Any:
        """Where an execution's events are logged; None where they are not."""
        if logging.get("level", "OFF") == "OFF" or not self._guard.role_allows(role_arn, DELIVER, "*"):
            return None
        from labkit.localcloud.sources.states.run_log import RunLog

        region, name = _group(logging)
        return RunLog(
            execution_arn,
            region=region,
            group=name,
            stream=f"states/{machine_arn.split(':')[6]}/{uuid.uuid4().hex[:8]}",
            level=logging["level"],
            with_data=bool(logging.get("includeExecutionData")),
            now=self._now,
        )

    def _check_logging(self, region: str, role_arn: str, logging: dict[str, Any]) -> None:
        if len(logging.get("destinations") or ()) != 1:
            raise _logging("Must specify exactly one Log Destination.")
        group_region, name = _group(logging)
        if group_region != region or name not in lessons.backend("logs", ACCOUNT_ID, region).groups:
            raise _logging("Log Destination not found or not in this Region.")
        if not self._guard.role_allows(role_arn, DELIVER, "*"):
            raise refused(
                "AccessDeniedException",
                "The state machine IAM Role is not authorized to access the Log Destination",
            )


def _group(logging: dict[str, Any]) -> tuple[str, str]:
    """Region and name of the log group, whose ARN has to end in ``:*``."""
    destination = (logging["destinations"][0].get("cloudWatchLogsLogGroup") or {}).get("logGroupArn", "")
    parts = destination.split(":")
    if len(parts) != 8 or parts[5] != "log-group" or parts[7] != "*":
        raise _logging("Log Destination is not a log group's ARN that ends in ':*'.")
    return parts[3], parts[6]


def _logging(what: str) -> Exception:
    return refused("InvalidLoggingConfiguration", f"Invalid Logging Configuration: {what}")

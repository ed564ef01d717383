"""How AWS services map their operations to IAM actions and resources: data, one module a group of services.

Facts as of 2026-08, from the Service Authorization Reference and each service's developer guide. A service
or an operation without an entry has the resource ``*`` only: only statements with Resource ``*`` match it.
"""

from __future__ import annotations

from collections.abc import Mapping

from labkit.localcloud.permissions.tables.compute import COMPUTE
from labkit.localcloud.permissions.tables.data import DATA
from labkit.localcloud.permissions.tables.identity import IDENTITY
from labkit.localcloud.permissions.tables.messaging import MESSAGING
from labkit.localcloud.permissions.tables.monitoring import MONITORING
from labkit.localcloud.permissions.tables.service import Service

SERVICES: Mapping[str, Service] = {
    service.signing_name: service for service in (*COMPUTE, *DATA, *IDENTITY, *MESSAGING, *MONITORING)
}


def service_table(signing_name: str) -> Service:
    """The table of a service; for others one that knows only the name."""
    return SERVICES.get(signing_name) or Service(signing_name)

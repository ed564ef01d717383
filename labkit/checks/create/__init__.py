"""Checks of phase 02: the photo library's first functions, from the handler to the Node.js twin.

Names that the tasks give, each through ``lab.name``; other names are accepted where they can be recognised:

- table ``photos``, key ``photo_id`` (S), attributes such as ``title``, ``width``, ``rating``
- function ``get-photo``: ``{"photo_id": …}`` or ``{"pathParameters": {"photo_id": …}}`` gives
  ``{"statusCode": 200, "body": "<the item as JSON>"}``, or 404; other failures raise
- function ``share-photo``: the same events, answers 200 with something signed by the secret
- function ``get-photo-node``: the twin of ``get-photo``
- alias ``live`` of ``get-photo``; tag ``project``; environment variable ``TABLE_NAME``
"""

from labkit.checks.create import configuration, handler, package, role, secret, twin, versions
from labkit.checks.registry import define_gate

__all__ = ["configuration", "handler", "package", "role", "secret", "twin", "versions"]

define_gate(
    "02",
    "Ready for triggers",
    code=("02.1", "02.3"),
    execution_role="02.2",
    deployed_function=("02.5",),
    environment_variables=("02.4", "02.7"),
)

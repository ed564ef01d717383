"""A runtime client for Python functions where AWS's own (awslambdaric) cannot be installed.

Speaks the Lambda Runtime API and answers, logs and fails as awslambdaric 4.2 does; a differential test holds
the two equal. Standard library and simplejson only, like it.
"""

from __future__ import annotations

from .loop import run


def main(arguments: list[str]) -> None:
    """Serves the handler named by the last argument until the environment is ended."""
    run(arguments[-1])

"""What the process of the local cloud loads of moto."""

from __future__ import annotations

import subprocess
import sys


def test_the_first_request_to_api_gateway_compiles_no_grammar() -> None:
    """jsonschema's optional formats cost seconds of CPU at import; the API's models work without them."""
    loads = "import labkit.localcloud.moto_host, moto.apigateway.models, sys; print('lark' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"

"""jsonschema without the grammar of international addresses: imported before it, this is all it takes.

JupyterLab, nbformat and API Gateway check with jsonschema, which would compile that grammar in each of their
processes: over a second of CPU, more than the rest of what they import, for a format that nothing here has.
Without the module jsonschema leaves the format out.
"""

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

"""The course's machinery: learner copies from solutions, runs and recordings of notebooks, workspaces, hints.

Knows notebooks as files and runs them as processes; what a notebook teaches is no business of it.
"""

import labkit.light_jsonschema  # noqa: F401 - before nbformat

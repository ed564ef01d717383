"""``python -m labkit.cli``: the ``labkit`` command where its script is not on the PATH."""

from labkit.cli import main

main()

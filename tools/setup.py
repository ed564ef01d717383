"""Finds a Python that the workbook runs on and hands over to install.py. Needs nothing but itself.

Written so that any Python from 2.7 on can start it: only then can it say that it is too old.
"""

from __future__ import print_function

import os
import subprocess
import sys

LOWEST, BELOW = (3, 11), (3, 14)  # as requires-python in pyproject.toml; a test compares
NAMES = ("python3", "python3.13", "python3.12", "python3.11")
HERE = os.path.dirname(os.path.abspath(__file__))


def version_of(python):
    """(major, minor, micro) of an interpreter, or None if it does not run."""
    question = "import sys; print('%d %d %d' % sys.version_info[:3])"
    try:
        with open(os.devnull, "w") as nowhere:
            answer = subprocess.check_output([python, "-c", question], stderr=nowhere)
        return tuple(int(part) for part in answer.split())
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def fits(version):
    return LOWEST <= version[:2] < BELOW


def find():
    """The first interpreter that fits, and every one that was looked at: (path, [(name, version)])."""
    here = (sys.executable, tuple(sys.version_info[:3]))
    if fits(here[1]):
        return here[0], [here]
    seen = [here]
    for name in NAMES:
        version = version_of(name)
        if version:
            seen.append((name, version))
            if fits(version):
                return name, seen
    return None, seen


def what_to_do(seen):
    found = sorted({"%s is %d.%d.%d" % ((name,) + version) for name, version in seen})
    return (
        "setup: the workbook needs Python %d.%d to %d.%d; found: %s.\n"
        "Install one of them, with its command (for example python3.12) on the PATH, and run this again,\n"
        "or say where it is: make setup PYTHON=/path/to/python3.12"
    ) % (LOWEST + (BELOW[0], BELOW[1] - 1, ", ".join(found)))


def main():
    python, seen = find()
    if python is None:
        print(what_to_do(seen), file=sys.stderr)
        return 1
    if python == sys.executable:
        sys.path.insert(0, HERE)
        import install

        return install.main()
    os.execvp(python, [python, os.path.join(HERE, "install.py")])


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

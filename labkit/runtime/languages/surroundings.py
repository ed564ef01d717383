"""What AWS puts around every runtime process: search paths, locale, and the wrapper script that may start it.

Sources: AWS, "Defined runtime environment variables" and "Modifying the runtime environment".
"""

from __future__ import annotations

from pathlib import Path

from labkit.runtime.languages.launch import View
from labkit.runtime.spec import FunctionSpec

# As in Lambda's own start script: the wrapper gets the command as its arguments; a missing one ends the init.
WRAPPED = """\
if [ ! -f "$0" ]; then echo "$0: does not exist"; exit 127; fi
if [ ! -x "$0" ]; then echo "$0: is not an executable"; exit 126; fi
exec "$0" "$@"
"""


def environment(view: View, runtime_dir: str, lang_dir: str | None) -> dict[str, str]:
    """Variables of every runtime. ``lang_dir``: where a managed runtime's interpreter is; None for none."""
    task, opt = view.task_root, view.opt_dir
    programs = ["/usr/local/bin", "/usr/bin/", "/bin", f"{opt}/bin"]
    libraries = ["/lib64", "/usr/lib64", runtime_dir, f"{runtime_dir}/lib", task, f"{task}/lib", f"{opt}/lib"]
    if lang_dir is not None:
        programs.insert(0, f"{lang_dir}/bin")
        libraries.insert(0, f"{lang_dir}/lib")
    return {"LANG": "en_US.UTF-8", "PATH": ":".join(programs), "LD_LIBRARY_PATH": ":".join(libraries)}


def wrapped(argv: tuple[str, ...], spec: FunctionSpec, view: View) -> tuple[str, ...]:
    """The command, started through the function's AWS_LAMBDA_EXEC_WRAPPER when it has one."""
    wrapper = spec.environment.get("AWS_LAMBDA_EXEC_WRAPPER")
    if not wrapper:
        return argv
    for shown, real in (("/opt/", view.opt_dir), ("/var/task/", view.task_root)):
        if wrapper.startswith(shown):
            wrapper = f"{real}/{wrapper.removeprefix(shown)}"
    return ("/bin/sh", "-c", WRAPPED, wrapper, *argv)


def readable(prefix: Path) -> tuple[Path, ...]:
    """What a process needs to read of its interpreter's prefix: all, unless the home directory is in it."""
    if Path.home().is_relative_to(prefix):
        return prefix / "bin", prefix / "lib"
    return (prefix,)

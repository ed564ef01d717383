"""Where a function's processes live: what they see of the machine, and the handle that starts and kills them.

Two shapes. *Isolated* (Linux that allows user namespaces): own root with ``/var/task``, ``/opt``,
``/var/runtime`` and ``/tmp`` at AWS's paths, the rest of the system read-only, no home directory.
*Plain* (macOS, locked-down Linux): the same directories at their real paths.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.runtime.languages import Launch, View

LAUNCHER = Path(__file__).with_name("launcher.py")
ISOLATED_VIEW = View("/var/task", "/opt", "/var/runtime", "/tmp", lang_dir="/var/lang")
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/System", "/Library")
CONFIGURATION = (
    "/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/etc/resolv.conf", "/etc/nsswitch.conf",
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/mime.types",
    "/etc/protocols", "/etc/services", "/etc/gai.conf", "/etc/host.conf",
)  # fmt: skip
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
PASSWD = "root:x:0:0:root:/root:/bin/sh\nsbx_user1051:x:993:990::/home/sbx_user1051:/sbin/nologin\n"
RUNTIME = "runtime"  # the name of the runtime process among those of an environment
GONE = -9  # the exit code of a process whose keeper is gone: killed
GROUP = "root:x:0:\nsbx_group:x:990:\n"


@dataclass(frozen=True)
class Place:
    """The host directories of one environment. ``root`` is only a mount point."""

    home: Path
    code_dir: Path
    opt_dir: Path
    ephemeral_storage_mb: int
    address: str = "127.0.0.1"  # what sandbox.localdomain means inside

    @property
    def tmp_dir(self) -> Path:
        return self.home / "tmp"

    def plain_view(self) -> View:
        """How a handler sees the place where no namespace can be had."""
        return View(str(self.code_dir), str(self.opt_dir), "", str(self.tmp_dir))

    def create(self) -> None:
        for path in (self.home / "root", self.tmp_dir):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def remove(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)

    def mounts(self, launch: Launch) -> dict[str, Any]:
        """The order for the launcher: links, binds, files and tmpfs of an isolated root."""
        links = [(path, os.readlink(path)) for path in SYSTEM if os.path.islink(path)]
        links += launch.links
        system = [path for path in SYSTEM if os.path.isdir(path) and not os.path.islink(path)]
        extra = [str(path) for path in launch.host_paths if not _inside(str(path), system)]
        same = [*system, *extra, *(p for p in (*CONFIGURATION, *DEVICES) if os.path.exists(p))]
        binds = [(path, path) for path in same]
        binds += [
            (str(self.code_dir), "/var/task"),
            (str(self.opt_dir), "/opt"),
            (str(launch.runtime_dir), "/var/runtime"),
            *((str(host), shown) for host, shown in launch.mounts),
        ]
        hosts = _hosts() + f"{self.address} sandbox.localdomain sandbox\n"
        files = [("/etc/passwd", PASSWD), ("/etc/group", GROUP), ("/etc/hosts", hosts)]
        tmpfs = [("/tmp", str(self.ephemeral_storage_mb << 20))]
        return {
            "root": str(self.home / "root"),
            "links": links,
            "binds": binds,
            "files": files,
            "tmpfs": tmpfs,
        }


def _hosts() -> str:
    try:
        text = Path("/etc/hosts").read_text(errors="replace")
    except OSError:
        text = "127.0.0.1 localhost\n"
    return text if text.endswith("\n") else text + "\n"


def _inside(path: str, directories: Sequence[str]) -> bool:
    return any(path == directory or path.startswith(directory + "/") for directory in directories)


class Keeper:
    """Handle on the keeper of one environment: starts, signals, kills and outlives its processes."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter
        self._listener: asyncio.Task[None] | None = None
        self._exits: dict[str, asyncio.Future[int]] = {}
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.exited.set_result(0)  # nothing runs yet
        self.pid = 0

    @property
    def gone(self) -> bool:
        """Whether the keeper itself has ended: nothing can be started any more."""
        return self._listener is None or self._listener.done()

    def when_gone(self, tell: Callable[[], None]) -> None:
        """Calls ``tell`` when the keeper has ended; soon, if it has."""
        assert self._listener is not None, "attach() comes first"
        self._listener.add_done_callback(lambda _: tell())

    async def attach(self, isolated: bool) -> None:
        """Waits until the keeper is there. Raises OSError when its namespaces cannot be made."""
        self._reader, self._writer = await asyncio.open_connection(sock=self._control)
        expected = {"keeper", "ready"} if isolated else {"keeper"}
        while expected:
            message = json.loads(await self._reader.readline() or b'{"failed": "the launcher is gone"}')
            if "failed" in message:
                self._writer.close()
                raise OSError(message["failed"])
            self.pid = message.get("keeper", self.pid)
            expected -= message.keys()
        self._listener = asyncio.create_task(self._listen())

    def start(
        self,
        argv: Sequence[str],
        env: dict[str, str],
        cwd: str,
        limits: dict[str, int],
        name: str = RUNTIME,
    ) -> asyncio.Future[int]:
        """Starts a process; the future becomes its exit code. That of the runtime is also ``exited``."""
        exited = self._exits[name] = asyncio.get_running_loop().create_future()
        if name == RUNTIME:
            self.exited = exited
        if self.gone:
            exited.set_result(GONE)
        order = {"argv": list(argv), "env": env, "cwd": cwd, "limits": limits}
        self._send({"op": "start", "name": name, **order})
        return exited

    def signal(self, name: str, number: int) -> None:
        """Sends a signal to the process of this name."""
        self._send({"op": "signal", "name": name, "signal": number})

    async def kill(self) -> None:
        """Kills all processes of the environment, and waits for the end of those that were started here."""
        self._send({"op": "kill"})
        await asyncio.gather(*self._exits.values())

    async def close(self) -> None:
        """Hangs up and waits for the keeper's end, by which everything it kept is killed."""
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._writer.write_eof()
            await asyncio.gather(self._listener, return_exceptions=True)
            self._writer.close()

    def _send(self, message: dict[str, Any]) -> None:
        if not self._writer.is_closing():
            self._writer.write(json.dumps(message).encode() + b"\n")

    async def _listen(self) -> None:
        try:
            while line := await self._reader.readline():
                message = json.loads(line)
                if "exited" in message and not self._exits[message["name"]].done():
                    self._exits[message["name"]].set_result(message["exited"])
        except ConnectionError:
            pass
        for exited in self._exits.values():
            if not exited.done():
                exited.set_result(GONE)


class Launcher:
    """Client of the launcher process (launcher.py): one for the whole cloud."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._channel: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            argv = [sys.executable, "-I", "-S", str(LAUNCHER), str(theirs.fileno())]
            self._process = subprocess.Popen(
                argv, pass_fds=[theirs.fileno()], env={}, stdin=subprocess.DEVNULL, start_new_session=True
            )
        ours.setblocking(False)
        self._channel = ours

    async def create(self, mounts: dict[str, Any] | None, *outputs: int) -> Keeper:
        """Makes an environment's keeper.

        ``outputs``: descriptors of the writing ends of its log pipes, of the runtime's and, where there are
        extensions, of theirs.
        """
        if self._channel is None:
            self.start()
        assert self._channel is not None
        ours, theirs = socket.socketpair()
        order = json.dumps({"view": mounts}).encode() + b"\n"
        async with self._turn:
            with theirs:
                self._channel.setblocking(True)
                socket.send_fds(self._channel, [order], [theirs.fileno(), *outputs])
                self._channel.setblocking(False)
            await asyncio.get_running_loop().sock_recv(self._channel, 64)
        keeper = Keeper(ours)
        await keeper.attach(isolated=mounts is not None)
        return keeper

    def close(self) -> None:
        if self._channel is not None:
            self._channel.close()
        if self._process is not None:
            self._process.wait()


async def probe(launcher: Launcher, home: Path) -> str | None:
    """Tries a namespaced environment once; None when it works, else what the machine said."""
    place = Place(home / "probe", home, home, 1)
    place.create()
    system = Launch(("/bin/true",), {}, home, "", None, ())
    reader, writer = os.pipe()
    try:
        keeper = await launcher.create(place.mounts(system), writer)
        code = await keeper.start(["/bin/sh", "-c", ":"], {}, "/var/task", {})
        await keeper.close()
        return None if code == 0 else f"a test process ended with {code}"
    except OSError as error:
        return str(error)
    finally:
        os.close(reader)
        os.close(writer)
        place.remove()

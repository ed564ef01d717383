"""The launcher: a small single-threaded process that makes execution environments for the local cloud.

Run as a script with the standard library only, so that it stays small and forks fast. It must not import
labkit. Why a process of its own: the cloud is large and has threads, and neither may be forked safely; and
when the cloud dies, the sockets close, every environment sees it and ends, so nothing is left running.

Wire: one line of JSON a message. The cloud sends an order for an environment with its descriptors (control
socket, log pipes of runtime and extensions) and waits for the answer. The launcher forks the *keeper* of that
environment: process 1 of a namespace of its own where the machine allows it. The keeper is told over the
control socket to start, signal and kill processes by name, so that ``/tmp`` outlives a runtime process that
failed, as it does on Lambda.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import socket
import sys
from typing import Any, NoReturn

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID = 0x00020000, 0x10000000, 0x20000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_NOATIME, MS_BIND, MS_REC = 32, 1024, 4096, 16384
MS_PRIVATE, MS_RELATIME = 1 << 18, 1 << 21
MNT_DETACH = 2
ST_RELATIME = 4096
PR_SET_NO_NEW_PRIVS, PR_SET_CHILD_SUBREAPER = 38, 36
CHUNK_BYTES = 1 << 16

# What Lambda runs functions as (`id` in a function prints uid=993(sbx_user1051) gid=990).
SANDBOX_UID, SANDBOX_GID = 993, 990

Message = dict[str, Any]

libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(
    source: str | None, target: str, kind: str | None = None, flags: int = 0, data: str | None = None
) -> None:
    texts = [None if text is None else text.encode() for text in (source, target, kind, data)]
    check(libc.mount(*texts[:3], flags, texts[3]), f"mount {target}")


def bind(source: str, target: str) -> None:
    """Shows a host directory or file at ``target``, read-only; keeps the flags that the host locked."""
    mount(source, target, flags=MS_BIND | MS_REC)
    host = os.statvfs(source).f_flag
    kept = host & (MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME)
    kept |= MS_RELATIME if host & ST_RELATIME else 0
    mount(None, target, flags=MS_BIND | MS_REMOUNT | MS_RDONLY | kept)


def place(source: str, root: str, path: str) -> None:
    """Makes the mount point ``path`` below the new root, of the source's own kind, and binds it."""
    target = root + path
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    bind(source, target)


def enter_namespaces() -> None:
    """A user, mount and process namespace of our own; inside, the id that Lambda runs functions with."""
    uid, gid = os.getuid(), os.getgid()
    check(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID), "unshare")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{SANDBOX_UID} {uid} 1"),
        ("gid_map", f"{SANDBOX_GID} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def build_root(view: Message) -> None:
    """A root directory with the system read-only, the function's own directories and nothing of the home."""
    mount(None, "/", flags=MS_REC | MS_PRIVATE)
    root = view["root"]
    mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=4m")
    for path, target in view["links"]:
        os.symlink(target, root + path)
    for source, path in view["binds"]:
        place(source, root, path)
    for path, text in view["files"]:
        os.makedirs(os.path.dirname(root + path), exist_ok=True)
        with open(root + path, "w") as file:
            file.write(text)
    os.makedirs(root + "/proc", exist_ok=True)
    mount("proc", root + "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for path, size in view["tmpfs"]:
        os.makedirs(root + path, exist_ok=True)
        mount("tmpfs", root + path, "tmpfs", MS_NOSUID | MS_NODEV, f"mode=1777,size={size}")
    os.chdir(root)
    check(libc.pivot_root(b".", b"."), "pivot_root")
    check(libc.umount2(b".", MNT_DETACH), "umount")
    os.chdir("/")
    mount(None, "/", flags=MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)


def start_process(order: Message, output: int) -> int:
    """Forks a process of an environment, leader of a group of its own; returns its process id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        if sys.platform == "linux":
            libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        for name, limit in order["limits"].items():
            _, hard = resource.getrlimit(getattr(resource, name))
            value = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
            resource.setrlimit(getattr(resource, name), (value, value))
        os.chdir(order["cwd"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.closerange(3, 256)
        os.execve(order["argv"][0], order["argv"], order["env"])
    except (FileNotFoundError, PermissionError):
        pass  # the exit code says that the program cannot be started
    except BaseException as error:  # the child must never return into the keeper
        os.write(2, f"{type(error).__name__}: {error}\n".encode(errors="replace"))
    finally:
        os._exit(127)


class Kept:
    """The processes of one environment, by the names that the cloud ordered them by."""

    def __init__(self, outputs: list[int], isolated: bool) -> None:
        self._outputs, self._isolated = outputs, isolated
        self._groups: set[int] = set()
        self.running: dict[int, str] = {}

    def obey(self, order: Message) -> None:
        """Starts a process, signals one, or kills all."""
        if order["op"] == "start":
            pid = start_process(order, self._outputs[0 if order["name"] == "runtime" else -1])
            self.running[pid] = order["name"]
            self._groups.add(pid)
        elif order["op"] == "kill":
            self.kill_all()
        else:
            for pid in [pid for pid, name in self.running.items() if name == order["name"]]:
                send_signal(pid, order["signal"])

    def kill_all(self) -> None:
        """Kills everything except the keeper."""
        if self._isolated:
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        for group in () if self._isolated else self._groups:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
        self._groups.clear()


def send_signal(pid: int, number: int) -> None:
    """SIGKILL to the whole group of a process, any other signal to itself."""
    with contextlib.suppress(ProcessLookupError):
        (os.killpg if number == signal.SIGKILL else os.kill)(pid, number)


def keep(control: socket.socket, outputs: list[int], isolated: bool) -> NoReturn:
    """The keeper's life: starts, kills and reaps processes until the cloud hangs up."""
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker)
    kept = Kept(outputs, isolated)
    unread = bytearray()
    while True:
        ready, _, _ = select.select([control.fileno(), wake], [], [])
        if wake in ready:
            os.read(wake, 512)
            reap(control, kept.running)
        if control.fileno() not in ready:
            continue
        chunk = control.recv(CHUNK_BYTES)
        if not chunk:
            kept.kill_all()
            with contextlib.suppress(ChildProcessError):
                while True:  # our end tells the cloud that nothing is left
                    os.waitpid(-1, 0)
            os._exit(0)
        unread += chunk
        *orders, unread[:] = unread.split(b"\n")
        for order in orders:
            kept.obey(json.loads(order))


def reap(control: socket.socket, running: dict[int, str]) -> None:
    """Collects ended processes; tells the cloud of those that it ordered."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if pid in running:
            tell(control, name=running.pop(pid), exited=os.waitstatus_to_exitcode(status))


def tell(channel: socket.socket, **message: Any) -> None:
    """Sends one message; a cloud that is gone will be noticed at the next read."""
    with contextlib.suppress(OSError):
        channel.sendall(json.dumps(message).encode() + b"\n")


def receive(channel: socket.socket) -> tuple[Message | None, list[int]]:
    """One message and the descriptors that came with it; None when the cloud is gone."""
    text, descriptors = b"", array.array("i", [])
    while not text.endswith(b"\n"):
        chunk, ancillary, _, _ = channel.recvmsg(CHUNK_BYTES, socket.CMSG_SPACE(3 * 4))
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
        if not chunk:
            return None, []
        text += chunk
    return json.loads(text), list(descriptors)


def become_keeper(view: Message | None, control: socket.socket, outputs: list[int]) -> NoReturn:
    """Child of the launcher: the keeper, in namespaces of its own where a ``view`` asks for them."""
    if view is None:
        tell(control, keeper=os.getpid())
        keep(control, outputs, isolated=False)
    enter_namespaces()
    keeper_pid = os.fork()
    if keeper_pid:
        tell(control, keeper=keeper_pid)
        os._exit(0)
    build_root(view)
    tell(control, ready=True)
    keep(control, outputs, isolated=True)


def fork_environment(channel: socket.socket, order: Message, descriptors: list[int]) -> None:
    if os.fork():
        for descriptor in descriptors:
            os.close(descriptor)
        return
    control = socket.socket(fileno=descriptors[0])
    try:
        channel.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        become_keeper(order["view"], control, descriptors[1:])
    except BaseException as error:
        tell(control, failed=f"{type(error).__name__}: {error}")
    finally:
        os._exit(1)


def main(descriptor: int) -> NoReturn:
    channel = socket.socket(fileno=descriptor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers speak for themselves: nobody waits for them here
    if sys.platform == "linux":
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    while True:
        order, descriptors = receive(channel)
        if order is None:
            os._exit(0)
        fork_environment(channel, order, descriptors)
        tell(channel, ok=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))

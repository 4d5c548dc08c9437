"""The last steps of a process before it turns into the confined command.

Standard library only, and nothing may be imported late: the root it looks at changes on the way.
"""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path
from typing import Any, NoReturn

from tutor.engine.embedded import namespace
from tutor.engine.embedded.program import StartFault, exec_fault, find_program, foresee_exec_fault

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
}
_READ_ONLY_IN_PROC = ("bus", "fs", "irq", "sys", "sysrq-trigger")
_CHROOT_CAPABILITIES = namespace.DOCKER_CAPABILITIES - {18, 27}
"""Without sys_chroot and mknod, with which root leaves a chroot."""


def confine_and_start(job: dict[str, Any]) -> NoReturn:
    """Confine this process as the job says and execute its command.

    Raises:
        StartFault: the command cannot start; the text is what Docker would say.
        OSError: the confinement itself failed.
    """
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    namespace.die_with_parent()
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(1, 2)
    os.umask(0o022)
    if job["isolation"] == "proot":
        _start_under_proot(job)
    if job["isolation"] == "chroot":
        _enter_chroot(job)
    elif "join" not in job:
        _enter_root(job)
        namespace.limit_capabilities(
            namespace.DOCKER_CAPABILITIES if job["keep_capabilities"] else frozenset()
        )
    else:
        os.chdir("/")
        namespace.limit_capabilities(frozenset())
    _execute(job)


def _execute(job: dict[str, Any]) -> NoReturn:
    env: dict[str, str] = job["env"]
    argv: list[str] = job["argv"]
    path = find_program(argv, env, "/", job["cwd"])
    _go_to(job["cwd"])
    if not job["keep_capabilities"]:
        namespace.forbid_new_privileges()
    _limit(job)
    namespace.die_with_parent()
    try:
        os.execve(path, argv, env)  # noqa: S606 - the learner's own command, confined
    except OSError as error:
        raise exec_fault(argv[0] if "/" in argv[0] else path, error) from None


def _go_to(folder: str) -> None:
    try:
        os.chdir(folder)
    except OSError as error:
        text = os.strerror(error.errno or 0).lower()
        raise StartFault(f'chdir to cwd ("{folder}") set in config.json failed: {text}', 126) from None


def _limit(job: dict[str, Any]) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if job.get("memory"):
        # Private writable memory, which is what a process really asks for. A limit on the address
        # space would stop Go, which reserves far more than it uses.
        resource.setrlimit(resource.RLIMIT_DATA, (job["memory"], job["memory"]))
    if job.get("processes") and job["isolation"] == "user-namespace" and _counts_per_namespace():
        resource.setrlimit(resource.RLIMIT_NPROC, (job["processes"], job["processes"]))


def _counts_per_namespace() -> bool:
    """Linux 5.14 counts the processes of a user per user namespace; before, all of them count."""
    major, minor = os.uname().release.split(".")[:2]
    return (int(major), int("".join(filter(str.isdigit, minor)) or 0)) >= (5, 14)


def _enter_root(job: dict[str, Any]) -> None:
    """Mount what belongs into the new root and move there."""
    root: str = job["root"]
    namespace.mount("none", "/", flags=namespace.MS_REC | namespace.MS_PRIVATE)
    namespace.mount(root, root, flags=namespace.MS_BIND | namespace.MS_REC)
    flags = namespace.MS_NOSUID | namespace.MS_NODEV | namespace.MS_NOEXEC
    for each in job["mounts"]:
        target: str = each["target"]
        if each["kind"] == "proc":
            namespace.mount("proc", target, "proc", flags)
            for name in _READ_ONLY_IN_PROC:
                place = f"{target}/{name}"
                if Path(place).exists():
                    namespace.mount(place, place, flags=namespace.MS_BIND | namespace.MS_REC)
                    namespace.make_read_only(place)
        elif each["kind"] == "dev":
            _make_devices(target)
        else:
            namespace.mount(each["source"], target, flags=namespace.MS_BIND)
            if each.get("read_only"):
                namespace.make_read_only(target)
    if job["read_only"]:
        namespace.make_read_only(root)
    namespace.pivot_root(root)


def _make_devices(folder: str) -> None:
    namespace.mount("tmpfs", folder, "tmpfs", namespace.MS_NOSUID, "mode=755,size=65536k")
    place = Path(folder)
    for name in _DEVICES:
        (place / name).touch()
        namespace.mount(f"/dev/{name}", str(place / name), flags=namespace.MS_BIND)
    for name, target in _DEVICE_LINKS.items():
        (place / name).symlink_to(target)
    (place / "shm").mkdir()
    (place / "shm").chmod(0o1777)
    (place / "pts").mkdir()


def _enter_chroot(job: dict[str, Any]) -> None:
    os.chroot(job["root"])
    os.chdir("/")
    namespace.limit_capabilities(_CHROOT_CAPABILITIES)
    os.setgroups([])
    os.setgid(job["gid"])
    os.setuid(job["uid"])
    if not job["keep_capabilities"]:
        namespace.drop_capabilities()


def _start_under_proot(job: dict[str, Any]) -> NoReturn:
    root: str = job["root"]
    env: dict[str, str] = job["env"]
    path = find_program(job["argv"], env, root, job["cwd"])
    foresee_exec_fault(path, root, job["cwd"])
    command = [job["proot"], "-r", root, "-w", job["cwd"], "-i", f"{job['uid']}:{job['gid']}"]
    for each in job["mounts"]:
        command += ["-b", f"{each['source']}:{each['inside']}"]
    _limit(job)
    namespace.die_with_parent()
    os.execve(job["proot"], [*command, path, *job["argv"][1:]], env)  # noqa: S606 - the learner's own command, confined

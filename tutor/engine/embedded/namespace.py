"""The few Linux calls that make a sandbox, by way of libc. Standard library only: it starts fast.

Everything here changes the calling process and is called in a process made for it, never in the
tutor's own.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import socket
import struct
from pathlib import Path

CLONE_NEWNS = 0x0002_0000
CLONE_NEWUTS = 0x0400_0000
CLONE_NEWIPC = 0x0800_0000
CLONE_NEWUSER = 0x1000_0000
CLONE_NEWPID = 0x2000_0000
CLONE_NEWNET = 0x4000_0000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE, MS_RELATIME = 4096, 16384, 1 << 18, 1 << 21
_ST_RELATIME = 4096
_MNT_DETACH = 2
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 24, 36, 38
_CAPABILITY_VERSION_3 = 0x2008_0522

DOCKER_CAPABILITIES = frozenset({0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31})
"""What Docker leaves root in a container: chown, dac_override, fowner, fsetid, kill, setgid, setuid,
setpcap, net_bind_service, net_raw, sys_chroot, mknod, audit_write, setfcap."""

CONTAINER_ADDRESS = "172.17.0.2"
GATEWAY_ADDRESS = "172.17.0.1"

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Move this process (with CLONE_NEWPID: its next child) into new namespaces."""
    _check(_libc.unshare(flags), "unshare")


def join_namespace(descriptor: int) -> None:
    """Move this process into the namespace of an open /proc/PID/ns file."""
    _check(_libc.setns(descriptor, 0), "setns")


def map_identity(user: int, group: int, outside_user: int, outside_group: int) -> None:
    """Let this one user and group appear as ``user`` and ``group`` in the new user namespace.

    Without privileges the kernel accepts one line, and only once setgroups is given up.
    """
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {outside_user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {outside_group} 1")


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Lay something over a place, or change how it is laid."""
    arguments = (source.encode(), os.fsencode(target), kind.encode() or None, ctypes.c_ulong(flags))
    _check(_libc.mount(*arguments, data.encode() or None), f"mount {target}")


def make_read_only(target: str) -> None:
    """Make a bind mount read-only. Flags that the outer mount has locked are repeated."""
    have = os.statvfs(target).f_flag
    kept = have & (MS_NOSUID | MS_NODEV | MS_NOEXEC | 1024 | 2048)
    if have & _ST_RELATIME:
        kept |= MS_RELATIME
    mount("none", target, flags=MS_REMOUNT | MS_BIND | MS_RDONLY | kept)


def pivot_root(root: str) -> None:
    """Make ``root``, a mount point, the root of this mount namespace, and let go of the old one."""
    os.chdir(root)
    number = _PIVOT_ROOT.get(platform.machine())
    if number is None:
        raise OSError(f"the machine {platform.machine()} is not known")
    _check(_libc.syscall(ctypes.c_long(number), b".", b"."), "pivot_root")
    _check(_libc.umount2(b".", _MNT_DETACH), "umount")
    os.chdir("/")


def die_with_parent() -> None:
    """Be killed when the process that started this one ends."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, 9, 0, 0, 0), "prctl")


def adopt_orphans() -> None:
    """Become the parent of every descendant whose parent ends."""
    _check(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")


def limit_capabilities(kept: frozenset[int]) -> None:
    """Drop all capabilities but these from the bounding set, and forbid to gain any later.

    With none kept, those in use are dropped as well.
    """
    for number in range(64):
        if number not in kept and _libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0) < 0:
            break
    if not kept:
        drop_capabilities()


def drop_capabilities() -> None:
    """Give up all capabilities in use."""
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    _check(_libc.capset(header, struct.pack("=6I", *[0] * 6)), "capset")


def forbid_new_privileges() -> None:
    """No set-user-id program and no file capability works any more."""
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")


def configure_network() -> None:
    """Bring loopback up and give it the addresses that a container and its gateway have in Docker.

    A server on 127.0.0.1 stays unreachable at the container's own address, as it is in Docker.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        _interface_up(control, "lo")
        for index, address in enumerate((CONTAINER_ADDRESS, GATEWAY_ADDRESS)):
            name = f"lo:{index}"
            _interface_address(control, 0x8916, name, address)
            _interface_address(control, 0x891C, name, "255.255.255.255")
    try:
        Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").write_text("0")
    except OSError:
        # Ports below 1024 then want a capability; everything else works.
        return


def _interface_up(control: socket.socket, name: str) -> None:
    up_and_running = 0x41
    fcntl.ioctl(control, 0x8914, struct.pack("16sH22x", name.encode(), up_and_running))


def _interface_address(control: socket.socket, request: int, name: str, address: str) -> None:
    packed = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))
    fcntl.ioctl(control, request, struct.pack("16s16s8x", name.encode(), packed))

"""TCP sockets that listen, as Linux tells them in ``/proc/PID/net/tcp`` and ``tcp6`` (proc(5))."""

from __future__ import annotations

import ipaddress
from pathlib import Path

from tutor.core.image import Listener

_LISTEN = "0A"


def parse_table(text: str) -> tuple[Listener, ...]:
    """The listening sockets of one table. Addresses stand there as 32-bit words in the host's order."""
    found: list[Listener] = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 4 or fields[3] != _LISTEN:
            continue
        address, _, port = fields[1].partition(":")
        raw = bytes.fromhex(address)
        words = [raw[at : at + 4][::-1] for at in range(0, len(raw), 4)]
        parsed = ipaddress.ip_address(b"".join(words))
        mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
        found.append(Listener(str(mapped or parsed), int(port, 16)))
    return tuple(found)


def listeners_of(pid: int, container_id: str, proc: Path = Path("/proc")) -> tuple[Listener, ...] | None:
    """What listens in the network of this process. Blocking.

    None when it cannot be told: the process is not on this machine (the engine runs in a virtual
    machine, so the number is another's), or may not be looked at.
    """
    folder = proc / str(pid)
    try:
        if container_id not in (folder / "cgroup").read_text(encoding="utf-8", errors="replace"):
            return None
        tables = [(folder / "net" / name).read_text(encoding="ascii") for name in ("tcp", "tcp6")]
    except (OSError, ValueError):
        return None
    rows = {listener for table in tables for listener in parse_table(table)}
    return tuple(sorted(rows, key=lambda row: (row.port, row.address)))

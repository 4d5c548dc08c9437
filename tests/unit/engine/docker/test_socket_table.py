from pathlib import Path

from tutor.core.image import Listener
from tutor.engine.docker.socket_table import listeners_of, parse_table

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
TCP = (
    HEAD + "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1\n"
    "   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2\n"
    "   2: 0100007F:9999 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 3\n"
)
TCP6 = (
    HEAD
    + "   0: 00000000000000000000000000000000:1F91 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 1\n"
    "   1: 00000000000000000000000001000000:1F92 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 1\n"
    "   2: 0000000000000000FFFF00000100007F:1F93 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 1\n"
)


def test_only_listening_sockets_are_told() -> None:
    assert parse_table(TCP) == (Listener("127.0.0.1", 8080), Listener("0.0.0.0", 80))


def test_addresses_of_both_families_are_read() -> None:
    assert parse_table(TCP6) == (Listener("::", 8081), Listener("::1", 8082), Listener("127.0.0.1", 8083))


def lay(proc: Path, cgroup: str) -> None:
    (proc / "7/net").mkdir(parents=True)
    (proc / "7/cgroup").write_text(cgroup)
    (proc / "7/net/tcp").write_text(TCP)
    (proc / "7/net/tcp6").write_text(HEAD)


def test_a_process_of_the_container_tells_its_sockets(tmp_path: Path) -> None:
    lay(tmp_path, "0::/docker/abc123\n")
    assert listeners_of(7, "abc123", tmp_path) == (Listener("0.0.0.0", 80), Listener("127.0.0.1", 8080))


def test_a_number_that_is_another_process_here_tells_nothing(tmp_path: Path) -> None:
    lay(tmp_path, "0::/user.slice\n")
    assert listeners_of(7, "abc123", tmp_path) is None


def test_a_process_that_is_not_here_tells_nothing(tmp_path: Path) -> None:
    assert listeners_of(8, "abc123", tmp_path) is None

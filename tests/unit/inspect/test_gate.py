from __future__ import annotations

import pytest

from tests.unit.inspect.anatomy_value import binary, image
from tutor.core.anatomy import PartKind
from tutor.core.errors import UsageError
from tutor.inspect.gate import Gate, GateRequest, judge_gates, read_requirements, read_size

ALL = ("static", "stripped", "non-root")
GOOD = image([(PartKind.CODE, 0, 1_000)], user="65532", program=binary())


def held(gates: tuple[Gate, ...]) -> dict[str, bool]:
    return {gate.name: gate.held for gate in gates}


@pytest.mark.parametrize(
    ("text", "size"),
    [("8MB", 8_000_000), ("7.5 MiB", 7_864_320), ("5000", 5_000), ("1kB", 1_000), ("2gb", 2 * 10**9)],
)
def test_sizes_are_read_with_their_units(text: str, size: int) -> None:
    assert read_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "-1MB", "8 apples", "8,5MB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no size"):
        read_size(text)


def test_requirements_are_known_by_name() -> None:
    assert read_requirements("static, non-root,static") == ("static", "non-root")
    with pytest.raises(UsageError, match="'small'"):
        read_requirements("static,small")


@pytest.mark.parametrize("text", ["", " ", ","])
def test_a_list_that_names_no_requirement_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="names nothing"):
        read_requirements(text)


def test_a_good_image_holds_every_gate() -> None:
    gates = judge_gates(GOOD, GateRequest(1_000, "0%", ALL))
    assert held(gates) == {
        "max-size": True,
        "max-wasted": True,
        "static": True,
        "stripped": True,
        "non-root": True,
    }


def test_a_bad_image_misses_each_with_the_reason() -> None:
    program = binary(interpreter="/lib/ld.so", symbols=True)
    bad = image([(PartKind.CODE, 0, 1_000)], wasted=20, program=program)
    gates = judge_gates(bad, GateRequest(999, "1%", ALL))
    assert not any(held(gates).values())
    assert [gate.actual for gate in gates] == [
        "1000 bytes",
        "2.00 %",
        "asks for /lib/ld.so",
        "has a symbol table and debug sections",
        "runs as root, by default",
    ]


def test_waste_may_be_limited_by_a_size() -> None:
    bad = image([(PartKind.CODE, 0, 1_000)], wasted=20)
    assert held(judge_gates(bad, GateRequest(max_wasted="20"))) == {"max-wasted": True}
    assert held(judge_gates(bad, GateRequest(max_wasted="19B"))) == {"max-wasted": False}


PASSWD = b"toor:x:0:0:::\nroot:x:0:0:::\napp:x:7:7:::\n8:x:0:0:::\nodd:x:no:5:::\nshort:x:9\n"


@pytest.mark.parametrize(
    "user", ["", "0", "root", "0:0", "00", "root:staff", "+0", "-0", "toor", "odd", "gone", "-1"]
)
def test_root_is_root_however_it_is_written_and_a_user_of_no_row_is_nobody(user: str) -> None:
    found = judge_gates(image([], (), user=user, passwd=PASSWD), GateRequest(require=("non-root",)))
    assert held(found) == {"non-root": False}


@pytest.mark.parametrize("user", ["app", "7", "65532:0", "+9", "8", "short"])
def test_another_user_than_root_holds(user: str) -> None:
    found = judge_gates(image([], (), user=user, passwd=PASSWD), GateRequest(require=("non-root",)))
    assert held(found) == {"non-root": True}


def test_an_image_that_starts_no_program_is_neither_static_nor_stripped() -> None:
    gates = judge_gates(image([], ()), GateRequest(require=("static", "stripped")))
    assert held(gates) == {"static": False, "stripped": False}


def test_a_program_that_merely_lies_in_the_image_is_not_judged() -> None:
    import dataclasses

    lying = dataclasses.replace(GOOD, start_path="/bin/sh", start_program=None)
    assert held(judge_gates(lying, GateRequest(require=("static",)))) == {"static": False}


def test_a_program_of_the_base_system_is_judged_where_the_image_starts_it() -> None:
    import dataclasses

    shell = binary(path="/bin/busybox")
    starts = dataclasses.replace(image([], ()), start_path=shell.path, start_program=shell)
    assert held(judge_gates(starts, GateRequest(require=("static", "stripped")))) == {
        "static": True,
        "stripped": True,
    }


@pytest.mark.parametrize("request_", [GateRequest(max_wasted="1%"), GateRequest(require=("non-root",))])
def test_an_images_question_about_a_bare_program_is_refused(request_: GateRequest) -> None:
    with pytest.raises(UsageError, match="about images"):
        judge_gates(binary(), request_)


@pytest.mark.parametrize("limit", ["few%", "", " ", "nan%", "inf%", "-1%"])
def test_a_share_that_is_none_is_refused(limit: str) -> None:
    with pytest.raises(UsageError, match="is no share"):
        judge_gates(GOOD, GateRequest(max_wasted=limit))

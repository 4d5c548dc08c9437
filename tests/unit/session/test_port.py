from __future__ import annotations

import pytest

from tests.fakes.engine import FakeEngine, Script
from tutor.core.image import ImageConfig
from tutor.core.ports import RunRequest
from tutor.session.port import exposed_port, start_where_it_listens

REQUEST = RunRequest("run", "fromscratch/x:1", 1)


@pytest.mark.parametrize(
    ("exposed", "port"),
    [
        ((), None),
        (("5000/tcp",), 5000),
        (("53/udp", "3000/tcp", "8080/tcp"), 3000),
        (("8000",), 8000),
        (("99999/tcp", "x/tcp", "²/tcp"), None),
    ],
)
def test_the_first_tcp_port_that_expose_names_is_meant(exposed: tuple[str, ...], port: int | None) -> None:
    assert exposed_port(ImageConfig(exposed_ports=exposed)) == port


async def test_a_service_that_answers_where_expose_says_is_started_once() -> None:
    engine = FakeEngine()
    started = await start_where_it_listens(engine, REQUEST, "/", ImageConfig(exposed_ports=("8080/tcp",)))
    assert started.first_answer is not None
    assert [request.port for request in engine.started] == [8080]


async def test_a_service_that_is_silent_there_is_asked_where_it_listens() -> None:
    engine = FakeEngine(Script(refuse="connection refused"))
    await start_where_it_listens(engine, REQUEST, "/", ImageConfig(exposed_ports=("5000/tcp",)))
    assert [request.port for request in engine.started] == [5000, 9999]
    assert len(engine.running) == 1

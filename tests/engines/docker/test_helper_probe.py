import pytest

from tests.engines.docker.laboratory import Laboratory
from tests.patience import until
from tutor.core.image import Container
from tutor.core.ports import RunRequest
from tutor.engine.docker.engine import BuilderChoice
from tutor.engine.docker.helper_probe import HelperProbe

pytestmark = pytest.mark.docker


@pytest.fixture
def choice() -> BuilderChoice:
    return "classic"


@pytest.fixture
def probe(laboratory: Laboratory) -> HelperProbe:
    parts = laboratory.engine._parts
    return HelperProbe(parts.connection, parts.runtime._ledger)


async def serve(laboratory: Laboratory, listen: str) -> Container:
    script = (
        f"echo hello > /tmp/index.html; echo ok > /tmp/health; exec /bin/busybox httpd -f -p {listen} -h /tmp"
    )
    request = RunRequest("run", laboratory.base, 8080, command=("sh", "-c", script))
    container = await laboratory.engine.runtime.start(request)
    await until(lambda: laboratory.engine.runtime.listeners(container.container_id))
    return container


async def test_an_endpoint_is_asked_from_beside_the_container(
    laboratory: Laboratory, probe: HelperProbe
) -> None:
    container = await serve(laboratory, "8080")
    exchange = await probe.request(container, "/health")
    assert (exchange.status, exchange.body, exchange.error) == (200, "ok\n", "")
    assert exchange.url == f"http://127.0.0.1:{container.host_port}/health"
    assert (await probe.request(container, "/nothing")).status == 404


async def test_a_server_on_the_inner_loopback_is_out_of_reach(
    laboratory: Laboratory, probe: HelperProbe
) -> None:
    container = await serve(laboratory, "127.0.0.1:8080")
    exchange = await probe.request(container, "/")
    assert exchange.status is None
    assert exchange.error == "connection refused"


async def test_a_container_that_does_not_run_is_told(laboratory: Laboratory, probe: HelperProbe) -> None:
    exchange = await probe.request(Container("none", "none", 8080), "/")
    assert exchange.error == "the container does not run"

"""A base image whose Go cache is warm: ``python -m tests.engines.warm_base docker``.

It takes the place of the stand-in. A hundred answers compile the standard library in half a dozen
ways. Each way once is enough to tell right answers from wrong ones; what the course measures and
shows is never taken from this base. It is made with the engine of the product itself, so that
``fromscratch clean`` removes it.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
import tempfile
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.core.events import BuildFinished
from tutor.core.ports import BuildRequest
from tutor.session.action import new_run_id
from tutor.session.live import obtain_base
from tutor.wiring import Wiring

if TYPE_CHECKING:
    from typing import Any

    from tutor.core.ports import Engine

BASE = "golang:1.21-alpine"
WARM_LABEL = "fromscratch.test.warm"
WAYS = (
    "CGO_ENABLED=0 go build",
    "CGO_ENABLED=0 go build -trimpath",
    "CGO_ENABLED=0 go build -buildmode=pie",
    "CGO_ENABLED=0 GOARCH=riscv64 go build",
    "CGO_ENABLED=0 go build -tags netgo,osusergo",
    "CGO_ENABLED=0 go build -tags timetzdata",
)
"""Every way of compiling that the answers use and that has a cache of its own."""
_SERVICE = Path(__file__).parents[2] / "assets" / "service"


def dockerfile() -> str:
    """Compiles the service in every way and keeps nothing but the cache."""
    ways = " && ".join(f"{way} -o /warm/out ." for way in WAYS)
    return (
        f"FROM {BASE}\nCOPY . /warm\nRUN cd /warm && {ways} && rm -rf /warm\n"
        f'LABEL {WARM_LABEL}="1"\nWORKDIR /go\n'
    )


async def make(engine: Engine) -> None:
    """Make the stand-in, then the warm base under its tag; nothing when a base is there already."""
    if await engine.images.find(BASE) is not None:
        return
    async with aclosing(obtain_base(engine, BASE, "stand-in", new_run_id())) as made:
        async for _ in made:
            pass
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder) / "context"
        shutil.copytree(_SERVICE, context)
        (context / "Dockerfile").write_text(dockerfile(), encoding="utf-8")
        last: Any = None
        async with aclosing(engine.builder.build(BuildRequest(new_run_id(), context, BASE))) as events:
            async for event in events:
                last = event
        if not isinstance(last, BuildFinished):
            sys.exit(f"the warm base was not made: {last}")


async def _main(engine_choice: Any, builder_choice: Any) -> None:
    wiring = Wiring(engine_choice, builder_choice)
    with contextlib.closing(wiring):
        engine = await wiring.engine()
        try:
            await make(engine)
        finally:
            await engine.close()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "auto"))

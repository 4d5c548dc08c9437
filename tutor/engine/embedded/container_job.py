"""From an image and a wish to run it to the job that a sandbox does."""

from __future__ import annotations

import shlex
import signal
from dataclasses import dataclass
from pathlib import Path

from tutor.core.errors import ContainerError
from tutor.core.identity import find_identity
from tutor.core.ports import RunRequest
from tutor.core.text import clean_line
from tutor.engine.embedded.capability import BETTER
from tutor.engine.embedded.image_config import StageConfig
from tutor.engine.embedded.launcher import Isolation, Job
from tutor.engine.embedded.program import DEFAULT_PATH
from tutor.engine.embedded.root_fixture import RootFixture, Surroundings
from tutor.engine.embedded.stage_folder import StageFolder
from tutor.engine.embedded.stage_state import read_text
from tutor.engine.embedded.store import Store
from tutor.engine.embedded.toolchain_pool import Pool


@dataclass(frozen=True, slots=True)
class JobMaker:
    """Prepares roots and jobs with one kind of isolation."""

    store: Store
    pool: Pool
    isolation: Isolation
    proot: str

    def job(self, request: RunRequest, config: StageConfig, work: Path, name: str) -> Job:
        """Unpack the image into ``work`` and say what to run there. Blocking.

        Raises:
            ContainerError: there is nothing to run, or not in the way that is asked for.
            IdentityFault: the image does not know its user.
        """
        argv = [*request.entry_point, *request.command]
        if not request.entry_point:
            argv = [*(config.entrypoint or ()), *(request.command or config.command or ())]
        if not argv:
            raise ContainerError(
                "No command specified", next_step='Say what to start, for example: ENTRYPOINT ["/app"]'
            )
        if request.read_only and self.isolation is not Isolation.USER_NAMESPACE:
            raise ContainerError(
                "A read-only root cannot be had here: nothing can be mounted.",
                next_step=BETTER[self.isolation],
            )
        view = self.store.view(config.diff_ids)
        passwd, group = (read_text(view, f"/etc/{each}", self.store) for each in ("passwd", "group"))
        who = find_identity(request.user or config.user, passwd, group)
        root = StageFolder(
            work / "root", self.store, self.pool, real_owners=self.isolation is Isolation.CHROOT
        )
        for diff_id in config.diff_ids:
            root.lay(self.store.layer(diff_id))
        private = self.isolation is Isolation.USER_NAMESPACE
        may_write = who.uid == 0 or self.isolation is Isolation.CHROOT
        around = Surroundings(self.isolation, work, name, not private, may_write)
        places = RootFixture(root.path, around)
        places.working_dir(config.working_dir or "/")
        mounts = places.lay()
        root.prepare_for(who.uid, who.gid)
        env = {"PATH": DEFAULT_PATH, "HOSTNAME": name} | config.env | dict(request.env)
        env.setdefault("HOME", who.home)
        return Job(
            isolation=self.isolation,
            root=root.path,
            argv=tuple(argv),
            env=env,
            cwd=config.working_dir or "/",
            uid=who.uid,
            gid=who.gid,
            mounts=mounts,
            hostname=name,
            private_network=private,
            port=request.port,
            read_only=request.read_only,
            keep_capabilities=False,
            memory=request.memory_bytes,
            processes=request.process_limit,
            proot=self.proot,
        )


def signal_number(name: str) -> int:
    """The number of a stop signal: by name, by number, or what Docker sends when none is given."""
    if name.isdecimal():
        return int(name)
    try:
        return signal.Signals[f"SIG{name.upper().removeprefix('SIG')}"].value if name else signal.SIGTERM
    except KeyError:
        return signal.SIGTERM


def command_line(request: RunRequest, port: int | None) -> str:
    """``docker run …`` as the learner could type it."""
    words = ["docker", "run", "--rm", "-p", f"127.0.0.1:{port or ''}:{request.port}"]
    for name, value in request.env.items():
        words += ["-e", f"{name}={value}"]
    if request.read_only:
        words.append("--read-only")
    if request.user:
        words += ["--user", request.user]
    arguments = request.command
    if request.entry_point:
        words += ["--entrypoint", request.entry_point[0]]
        arguments = (*request.entry_point[1:], *request.command)
    return clean_line(shlex.join([*words, request.image, *arguments]))

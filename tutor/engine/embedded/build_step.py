"""Carrying out one instruction of a stage: from the cache, or for real."""

from __future__ import annotations

import posixpath
import threading
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from tutor.core.dockerfile import Instruction, split_words
from tutor.core.errors import DockerfileError
from tutor.core.identity import IdentityFault, find_identity, find_owner
from tutor.engine.embedded.copying import CopyFault, CopyOrder, Origin, content_key, plan_copy
from tutor.engine.embedded.disk import check_space
from tutor.engine.embedded.entry import Draft, Entry, Kind
from tutor.engine.embedded.instruction_support import CHOWN_WAY_ROUND, changes_owner
from tutor.engine.embedded.launcher import Isolation, Job, running
from tutor.engine.embedded.program import DEFAULT_PATH
from tutor.engine.embedded.root_fixture import Surroundings, fixture
from tutor.engine.embedded.stage_folder import StageFolder
from tutor.engine.embedded.stage_state import StageState, read_text
from tutor.engine.embedded.store import Store
from tutor.engine.embedded.threaded import in_thread
from tutor.engine.embedded.toolchain_pool import Pool
from tutor.engine.embedded.view import parents
from tutor.engine.log import read_batches

_HOSTNAME = "buildkitsandbox"


class StepFault(Exception):
    """The instruction failed; the text is what Docker would say."""

    def __init__(self, text: str, next_step: str = "") -> None:
        super().__init__(text)
        self.next_step = next_step


@dataclass(slots=True)
class Bench:
    """What all steps of one build share."""

    store: Store
    pool: Pool
    isolation: Isolation
    proot: str
    work: Path
    use_cache: bool
    stopped: threading.Event
    origin: Callable[[StageState, str], Origin]
    """For COPY: ``""`` is the context, else a stage or an image."""

    @property
    def real_owners(self) -> bool:
        """Whether files can belong to any user on disk."""
        return self.isolation is Isolation.CHROOT


@dataclass(slots=True)
class StepOutcome:
    """What a step says of itself when it is over."""

    cached: bool = False


async def carry_out(
    bench: Bench, state: StageState, instruction: Instruction, outcome: StepOutcome
) -> AsyncGenerator[tuple[str, ...], None]:
    """Do COPY, ADD, WORKDIR or RUN, yielding what it prints.

    Raises:
        StepFault: it failed.
    """
    if instruction.keyword == "RUN":
        async with aclosing(_run(bench, state, instruction, outcome)) as output:
            async for lines in output:
                yield lines
    elif instruction.keyword == "WORKDIR":
        await in_thread(lambda: _work_dir(bench, state, instruction, outcome), bench.stopped)
    else:
        await in_thread(lambda: _copy(bench, state, instruction, outcome), bench.stopped)


def _recalled(bench: Bench, state: StageState, key: str, created_by: str) -> bool:
    known = bench.store.recall(key) if bench.use_cache else None
    if known is None or not known.get("diff_id"):
        return False
    state.add(bench.store.layer(known["diff_id"]), key, created_by)
    return True


def _work_dir(bench: Bench, state: StageState, instruction: Instruction, outcome: StepOutcome) -> None:
    value = state.expand(instruction.value, instruction.first_line)
    path = posixpath.normpath(posixpath.join("/", state.config.working_dir, value))
    state.config.working_dir = path
    created_by = f"WORKDIR {path}"
    place = state.view.resolve(path)
    standing = state.view.get(place)
    if standing is not None:
        if standing.kind is not Kind.DIRECTORY:
            raise StepFault(f"mkdir {path}: not a directory")
        outcome.cached = bench.use_cache
        state.note(created_by)
        return
    key = state.advance(created_by)
    if _recalled(bench, state, key, created_by):
        outcome.cached = True
        return
    missing = [each for each in [*parents(place), place] if state.view.get(each) is None]
    layer = bench.store.add_layer([Draft(Entry(each, Kind.DIRECTORY)) for each in missing], bench.work)
    bench.store.remember(key, {"diff_id": layer.diff_id})
    state.add(layer, key, created_by)


def _copy(bench: Bench, state: StageState, instruction: Instruction, outcome: StepOutcome) -> None:
    line = instruction.first_line
    words = instruction.exec_form or split_words(instruction.value, escape=state.escape)
    *sources, destination = [state.expand(word, line) for word in words]
    mode = instruction.flag("chmod")
    try:
        owner = _owner(bench, state, instruction)
        order = CopyOrder(
            tuple(sources), destination, state.config.working_dir, owner, int(mode, 8) if mode else None
        )
    except ValueError:
        raise StepFault(
            f"invalid chmod parameter: '{mode}'. it should be octal string and between 0 and 07777",
            "Write --chmod=755",
        ) from None
    origin = bench.origin(state, instruction.flag("from") or "")
    try:
        drafts, digests = plan_copy(order, origin, state.view)
    except CopyFault as fault:
        raise StepFault(str(fault), fault.next_step) from None
    created_by = instruction.text
    key = state.advance(created_by, content_key(drafts, digests))
    if _recalled(bench, state, key, created_by):
        outcome.cached = True
        return
    layer = bench.store.add_layer(drafts, bench.work, stopped=bench.stopped)
    if all(digests.get(entry.path, entry.sha256) == entry.sha256 for entry in layer.entries):
        # A file that was edited meanwhile is in the layer as it is now, and is not cached as it was.
        bench.store.remember(key, {"diff_id": layer.diff_id})
    state.add(layer, key, created_by)


def _owner(bench: Bench, state: StageState, instruction: Instruction) -> tuple[int, int]:
    spec = instruction.flag("chown")
    if spec is None:
        return 0, 0
    spec = state.expand(spec, instruction.first_line)
    passwd, group = (read_text(state.view, f"/etc/{name}", bench.store) for name in ("passwd", "group"))
    try:
        return find_owner(spec, passwd, group)
    except IdentityFault as fault:
        raise StepFault(str(fault), "Give numbers: --chown=65532:65532") from None


async def _run(
    bench: Bench, state: StageState, instruction: Instruction, outcome: StepOutcome
) -> AsyncGenerator[tuple[str, ...], None]:
    argv = list(instruction.exec_form or [*state.config.shell_prefix, instruction.value])
    created_by = f"RUN {' '.join(argv)}"
    env = _environment(state.arguments, state.config.env)
    config = state.config
    key = state.advance("RUN", argv, sorted(env.items()), config.user, config.working_dir)
    if await in_thread(lambda: _recalled(bench, state, key, created_by)):
        outcome.cached = True
        return
    passwd, group = (read_text(state.view, f"/etc/{name}", bench.store) for name in ("passwd", "group"))
    try:
        who = find_identity(config.user, passwd, group)
    except IdentityFault as fault:
        raise StepFault(str(fault), "Give a number: USER 65532") from None
    folder = await in_thread(lambda: _unpacked(bench, state), bench.stopped)
    await in_thread(lambda: folder.prepare_for(who.uid, who.gid))
    env.setdefault("HOME", who.home)
    if bench.real_owners and state.view.get("usr/local/go/bin/go") is not None:
        # Go finds its own root through /proc, which a bare chroot does not have.
        env.setdefault("GOROOT", "/usr/local/go")
    said: list[str] = []
    may_write = who.uid == 0 or bench.real_owners
    around = Surroundings(bench.isolation, bench.work, _HOSTNAME, True, may_write)
    with fixture(folder.path, around) as mounts:
        job = Job(
            isolation=bench.isolation,
            root=folder.path,
            argv=tuple(argv),
            env=env,
            cwd=config.working_dir or "/",
            uid=who.uid,
            gid=who.gid,
            mounts=mounts,
            hostname=_HOSTNAME,
            proot=bench.proot,
        )
        async with running(job) as sandbox:
            report = await sandbox.wait_started()
            async with aclosing(read_batches(sandbox.output)) as output:
                async for lines in output:
                    said = [*said, *lines][-20:]
                    yield lines
            exit_code = await sandbox.wait()
    if exit_code:
        check_space(bench.work)
        raise _run_fault(argv, exit_code, report.error, said)
    stopped = bench.stopped
    drafts = await in_thread(lambda: folder.differences(who.uid, who.gid, stopped), stopped)
    layer = await in_thread(lambda: bench.store.add_layer(drafts, bench.work, stopped=stopped), stopped)
    folder.accept(layer)
    bench.store.remember(key, {"diff_id": layer.diff_id})
    state.add(layer, key, created_by)


def _run_fault(argv: list[str], exit_code: int, error: str, said: list[str]) -> StepFault:
    text = f'process "{" ".join(argv)}" did not complete successfully: '
    next_step = ""
    if error:
        text += f"{error}"
        if "/bin/sh" in error:
            next_step = "There is no shell in this stage, so RUN cannot work here. Do it in an earlier stage."
    else:
        text += f"exit code: {exit_code}"
        refused = any("Invalid argument" in line or "not permitted" in line for line in said)
        if refused and changes_owner(argv[-1]):
            next_step = CHOWN_WAY_ROUND
    return StepFault(text, next_step)


def _environment(arguments: Mapping[str, str], env: Mapping[str, str]) -> dict[str, str]:
    return {"PATH": DEFAULT_PATH, **arguments, **env}


def _unpacked(bench: Bench, state: StageState) -> StageFolder:
    """The stage's folder, with every layer in it."""
    if state.folder is None:
        path = bench.work / f"stage-{state.stage.index}"
        state.folder = StageFolder(path, bench.store, bench.pool, real_owners=bench.real_owners)
    for diff_id in state.config.diff_ids[len(state.folder.laid) :]:
        state.folder.lay(bench.store.layer(diff_id), bench.stopped)
    return state.folder


def line_error(fault: DockerfileError) -> StepFault:
    """A mistake found late, when values were put in, told like any failed step."""
    return StepFault(fault.what, fault.next_step)

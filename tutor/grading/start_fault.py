"""Why a container did not start or stay, in words.

Texts of docker, runc, crun and the kernel differ between versions, and exit codes too: patterns
anchor on the few words that stay.
"""

from __future__ import annotations

import re

from tutor.core.evidence import ContainerEvidence, ImageEvidence
from tutor.core.image import FileEntry
from tutor.grading.build_fault import Fault
from tutor.grading.words import excerpt, listed

_OURS = re.compile(
    r"port is already allocated|no space left on device|cannot connect to the docker daemon|cgroup"
    r"|iptables|context deadline exceeded|no such image|connection (?:refused|reset)|i/o timeout"
    r"|address already in use|network .* not found|rlimit",
    re.IGNORECASE,
)
_NOT_FOUND = re.compile(
    r"no such file or directory|not found in \$?PATH|executable file .*not found", re.IGNORECASE
)
_FORMAT = re.compile(r"exec format error", re.IGNORECASE)
_DENIED = re.compile(r"permission denied", re.IGNORECASE)
_NO_COMMAND = re.compile(r"no command specified", re.IGNORECASE)
_NO_USER = re.compile(
    r"unable to find (?:user|group) (?P<name>[^\s:]+)|no matching entries in (?:passwd|group)", re.IGNORECASE
)
_LOG_FAULT = re.compile(
    r"^(?:panic:|fatal error:|.*(?:address already in use|permission denied|cannot |failed to ))"
)
_MACHINES = {"amd64": "x86-64", "arm64": "aarch64", "386": "x86", "arm": "arm", "riscv64": "riscv"}


def is_ours(error: str) -> bool:
    """Whether the engine's text tells of the engine or the machine, not of the image."""
    return _OURS.search(error) is not None


def explain_start_fault(container: ContainerEvidence, image: ImageEvidence | None) -> Fault:
    """What the engine's text, the log and the image together say."""
    error = container.state.error
    said = f"It does not start: {excerpt(error, 320)}"
    if container.state.out_of_memory:
        return Fault(
            "It was ended because it took more memory than it was given.", "", "Look at what it loads."
        )
    if not error:
        error = _start_text(container, image)
        said = f"It does not start: {excerpt(error, 320)}"
        if not error:
            return _ended(container)
    if _NO_COMMAND.search(error):
        return Fault(
            said,
            "The last stage names no program: ENTRYPOINT and CMD of an earlier stage do not carry over.",
            'End the last stage with ENTRYPOINT ["/path/of/the/program"].',
        )
    if _NO_USER.search(error):
        return Fault(
            said,
            "A user's name is looked up in the image's /etc/passwd, and it is not there.",
            "Write the user as a number: USER 65532.",
        )
    if _FORMAT.search(error):
        return _wrong_format(said, image)
    if _NOT_FOUND.search(error):
        return _not_found(said, image)
    if _DENIED.search(error):
        return _not_executable(said, image)
    return Fault(said)


def _start_text(container: ContainerEvidence, image: ImageEvidence | None) -> str:
    """The kernel's refusal, where an engine writes it into the log instead of its own answer."""
    if container.state.exit_code in (0, None) or len(container.log) > 3:
        return ""
    name = image.config.start_command[0] if image is not None and image.config.start_command else "exec"
    for line in container.log:
        starts = line.startswith(("exec ", "standard_init_linux", "OCI runtime", name))
        if starts and any(pattern.search(line) for pattern in (_NOT_FOUND, _FORMAT, _DENIED)):
            return line
    return ""


def _ended(container: ContainerEvidence) -> Fault:
    code = container.state.exit_code
    words = [line for line in container.log if line.strip()]
    telling = next((line for line in words if _LOG_FAULT.match(line)), words[-1] if words else "")
    last = f' Its log says: "{excerpt(telling)}".' if telling else " It wrote nothing to its log."
    if code == 0:
        return Fault(
            f"It started, and ended by itself (exit code 0).{last}",
            "A container lives as long as its program. A service has to keep waiting for requests.",
        )
    return Fault(f"It started, and ended with exit code {code if code is not None else 'unknown'}.{last}")


def _find(image: ImageEvidence, path: str) -> FileEntry | None:
    return next((entry for entry in image.files if entry.path == path), None)


def _not_found(said: str, image: ImageEvidence | None) -> Fault:
    if image is None or not image.config.start_command:
        return Fault(said)
    command = image.config.start_command
    if image.entrypoint_path:
        if image.elf is not None and image.elf.interpreter:
            return Fault(
                said,
                f"{image.entrypoint_path} is there. What is missing is the loader it asks for, "
                f"{image.elf.interpreter}: the program is not static.",
                "Compile with CGO_ENABLED=0 and without -buildmode=pie; then it asks for no loader.",
            )
        entry = _find(image, image.entrypoint_path)
        if entry is not None and entry.content == "script":
            return Fault(
                said,
                f"{image.entrypoint_path} is a script, and what its first line names is not in the image.",
                "Start the program itself.",
            )
        return Fault(said)
    programs = [program.path for program in image.programs]
    holds = f"The image holds {listed(programs)}." if programs else "The image holds no program at all."
    if len(command) > 1 and command[1] == "-c" and command[0].endswith("sh"):
        quoted = command[-1].lstrip().startswith("[")
        return Fault(
            said,
            f"The shell form starts {command[0]} first, and the image has no shell."
            + (" The list was not read as one: JSON knows double quotes only." if quoted else ""),
            'Write the command as a list in double quotes: ENTRYPOINT ["/app"].',
        )
    if "/" not in command[0]:
        return Fault(
            said,
            f"{command[0]} has no slash, so it is looked for in the folders of PATH only. {holds}",
            "Name the program by its whole path.",
        )
    return Fault(
        said,
        f"There is no {command[0]} in the image. {holds}",
        "Compare ENTRYPOINT with the second path of COPY.",
    )


def _wrong_format(said: str, image: ImageEvidence | None) -> Fault:
    if image is not None and image.elf is not None:
        wanted = _MACHINES.get(image.config.architecture, image.config.architecture)
        if wanted != image.elf.machine:
            return Fault(
                said,
                f"The program is made for {image.elf.machine}, and the image says {wanted}.",
                "Compile with GOARCH set to the machine it is to run on, or with none set.",
            )
        return Fault(
            said, f"The program is made for {image.elf.machine}; this engine runs on another kind of machine."
        )
    return Fault(
        said,
        "What is started is neither a compiled program nor a script that begins with #!.",
        "Compare ENTRYPOINT with the path after go build -o.",
    )


def _not_executable(said: str, image: ImageEvidence | None) -> Fault:
    path = image.entrypoint_path if image is not None else ""
    entry = _find(image, path) if image is not None and path else None
    if entry is not None and not entry.mode & 0o111:
        return Fault(
            said,
            f"{path} may not be executed (mode {entry.mode:04o}). Who owns it does not matter.",
            "Copy it as go build made it, or with COPY --chmod=0755.",
        )
    return Fault(
        said, "The user it runs as may not execute the program, or not enter a folder on the way to it."
    )

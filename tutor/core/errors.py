"""Every error this program raises on purpose.

TutorError                      what happened, where, what to do next
├── LearnerError                the learner's: a command ends with exit code 1
│   ├── DockerfileError         the Dockerfile cannot be read; carries the line
│   ├── InstructionUnsupported  a valid instruction that this engine cannot honour
│   ├── BuildError              the build ran and failed
│   └── SubmissionRefused       what was handed in is not taken: too much, or not where it belongs
├── EngineError                 not the learner's: exit code 2
│   ├── EngineUnavailable       no engine answers
│   ├── EngineLost              it answered before and does not any more
│   ├── NoSpaceLeft             the engine's or this machine's disk is full
│   ├── BaseImageMissing        FROM names an image that is not here
│   ├── ImageNotFound           the image was removed from outside
│   └── ContainerError          the container could not be created or reached
├── LessonError                 a mistake in a lesson's files: file, line, what was expected
├── InspectError                an archive or binary that cannot be read
├── ConsoleError                a presenter's console has no demo to talk to
├── StorageError                progress or workspace cannot be read or written
├── KitRefused                  a class kit that is damaged, of another version, or holds what none may
└── UsageError                  the command line asks for something that does not exist
"""

from __future__ import annotations


class TutorError(Exception):
    """Base of all errors raised on purpose: says what happened, where, and the next step."""

    exit_code = 2

    def __init__(self, what: str, *, where: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        """One sentence: what happened."""
        self.where = where
        """A file with line, an address, a stage: whatever finds the place. May be empty."""
        self.next_step = next_step
        """What the reader can do now. May be empty."""

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.what}" if self.where else self.what]
        if self.next_step:
            parts.append(self.next_step)
        return "\n".join(parts)


class LearnerError(TutorError):
    """Something in the learner's files is wrong; the tutor itself works."""

    exit_code = 1


class DockerfileError(LearnerError):
    """The Dockerfile cannot be read. ``line`` counts from 1; 0 where no line is to blame."""

    def __init__(self, what: str, *, line: int = 0, where: str = "", next_step: str = "") -> None:
        super().__init__(
            what, where=where or (f"Dockerfile:{line}" if line else "Dockerfile"), next_step=next_step
        )
        self.line = line


class InstructionUnsupported(DockerfileError):
    """Docker would take this instruction; the engine in use cannot, and says the way round."""


class BuildError(LearnerError):
    """The build ran and failed; ``what`` is the engine's own text."""


class SubmissionRefused(LearnerError):
    """What was handed in is not taken: it is too much, or leads out of its folder."""


class EngineError(TutorError):
    """A fault of the engine or of the way to it."""


class EngineUnavailable(EngineError):
    """No engine answers."""


class EngineLost(EngineError):
    """The engine answered before and does not any more."""


class NoSpaceLeft(EngineError):
    """A disk is full."""


class BaseImageMissing(EngineError):
    """An image named in FROM is not here and was not obtained."""


class ImageNotFound(EngineError):
    """The image is not (or no longer) in the engine's store."""


class ContainerError(EngineError):
    """The container could not be created, or was removed from outside."""


class LessonError(TutorError):
    """A mistake in a lesson's files."""


class InspectError(TutorError):
    """An archive or a binary that cannot be read."""


class StorageError(TutorError):
    """Progress, settings or a workspace cannot be read or written."""


class ConsoleError(TutorError):
    """A presenter's console found no demo, or was refused by it."""


class KitRefused(TutorError):
    """A class kit is not taken: damaged, cut short, of a newer version, or with what no kit may hold."""


class UsageError(TutorError):
    """The command line asks for something that does not exist."""

"""What widgets wish for. Wishes are handled by the screen; panes never call a session."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from tutor.core.image import SizeRow


class ProceedRequested(Message):
    """The learner wants NEXT to be done."""


@dataclass
class AnswerGiven(Message):
    """A prediction was typed and found to be one."""

    answer: str
    confidence: int


class AnswerSkipped(Message):
    """The learner goes on without an answer."""


@dataclass
class OptionChosen(Message):
    """An option of a quiz was chosen."""

    index: int


@dataclass
class EditorLeft(Message):
    """The learner is done typing in the Dockerfile. ``by_key``: and wants to be back at NEXT."""

    by_key: bool


@dataclass
class PathAsked(Message):
    """The learner typed a path to ask the running container for."""

    path: str


@dataclass
class PackedSizeAsked(Message):
    """The packed size of one image is wanted."""

    image_id: str


@dataclass
class ImageWanted(Message):
    """An image is to be opened for a look at its bytes."""

    row: SizeRow


@dataclass
class ComparisonWanted(Message):
    """Two images are to be compared. ``gives_way``: nobody asked for it, so any other work comes first."""

    before: SizeRow
    after: SizeRow
    gives_way: bool = False


@dataclass
class CopyAsked(Message):
    """Text is to go to the clipboard. ``what`` names it for the learner."""

    text: str
    what: str


@dataclass
class PaneChosen(Message):
    """Another pane is to be shown."""

    pane: str


class MapRequested(Message):
    """The course map is wanted."""


class EngineInfoRequested(Message):
    """The learner asks about the engine."""


class HintRequested(Message):
    """The next hint is wanted."""

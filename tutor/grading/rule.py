"""What a check is made of: a judging function, the parameters it takes, and what it says of itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar, get_args, get_type_hints

import msgspec

from tutor.core.errors import LessonError
from tutor.core.evidence import Evidence
from tutor.core.lesson import CheckSpec
from tutor.core.verdict import Outcome, Verdict


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parameters of a check that takes none. Base of all others."""


P = TypeVar("P", bound=Params)


@dataclass(frozen=True, slots=True)
class Case(Generic[P]):
    """One check to judge: on what, and with which parameters."""

    evidence: Evidence
    spec: CheckSpec
    params: P


@dataclass(frozen=True, slots=True)
class Finding:
    """What a judging function found."""

    outcome: Outcome
    expected: str
    actual: str
    where: str = ""
    why: str = ""
    """Said of this very fault; else the lesson's, else the check's own is shown."""
    next_step: str = ""
    """Said of this very fault; else the lesson's, else the check's own is shown."""


def passed(expected: str, actual: str, where: str = "") -> Finding:
    """The rule holds."""
    return Finding(Outcome.PASSED, expected, actual, where)


def failed(expected: str, actual: str, where: str = "", *, why: str = "", next_step: str = "") -> Finding:
    """The rule does not hold, and that is the learner's to mend."""
    return Finding(Outcome.FAILED, expected, actual, where, why, next_step)


def unknown(expected: str, actual: str, where: str = "", *, next_step: str = "") -> Finding:
    """It cannot be told, through no fault of the learner's."""
    return Finding(Outcome.UNKNOWN, expected, actual, where, "", next_step or "Run the checkpoint again.")


def not_tried(case: Case[P], trial: str, expected: str) -> Finding:
    """A trial that the check rests on was not made: for a fault of ours, or for want of asking."""
    fault = case.evidence.trials.faults.get(trial, "")
    return unknown(expected, fault or "The evidence holds nothing about it.")


@dataclass(frozen=True, slots=True)
class ParamInfo:
    """One parameter of a check."""

    name: str
    type: str
    """In words: ``integer``, ``number``, ``text``, ``list of text``."""
    required: bool
    default: object = None
    about: str = ""


Check: TypeAlias = Callable[[Evidence, CheckSpec], Verdict]


@dataclass(frozen=True, slots=True)
class CheckInfo:
    """What a check says of itself: enough to write it into a lesson, and to find mistakes there."""

    name: str
    title: str
    about: str
    why: str
    next_step: str
    subjects: tuple[str, ...]
    """First words that ``on`` may begin with: ``image``, ``stage``, ``container``, ``dockerfile``."""
    params: tuple[ParamInfo, ...]
    after: tuple[str, ...]
    """Checks that have to pass before, where the lesson asks for them too."""
    needs_program: bool
    """Whether it waits for the start, where the image's start command leads to no file."""
    check: Check
    params_type: type[Params]

    def problems(self, params: Mapping[str, object]) -> tuple[str, ...]:
        """What is wrong with these parameters, in words; empty when nothing is."""
        try:
            msgspec.convert(dict(params), self.params_type)
        except msgspec.ValidationError as error:
            names = ", ".join(param.name for param in self.params) or "none"
            return (f"{error}. {self.name} takes: {names}.",)
        return ()


RULES: dict[str, CheckInfo] = {}
"""Filled by :func:`rule` as the modules of checks are imported."""

_TYPE_WORDS = {int: "integer", float: "number", str: "text", bool: "yes or no"}


def rule(
    *,
    title: str,
    why: str,
    next_step: str,
    subjects: tuple[str, ...],
    after: tuple[str, ...] = ("image_builds",),
    needs_program: bool = False,
) -> Callable[[Callable[[Case[P]], Finding]], Callable[[Case[P]], Finding]]:
    """Register a judging function as a check under its own name."""

    def register(
        judge: Callable[[Case[P]], Finding],
    ) -> Callable[[Case[P]], Finding]:
        params_type: type[P] = get_args(get_type_hints(judge)["case"])[0]
        name: str = judge.__name__

        def check(evidence: Evidence, spec: CheckSpec) -> Verdict:
            finding = judge(Case(evidence, spec, _convert(spec, params_type)))
            good = finding.outcome is Outcome.PASSED
            return Verdict(
                check_id=spec.id,
                title=spec.title or title,
                outcome=finding.outcome,
                expected=finding.expected,
                actual=finding.actual,
                where=finding.where,
                why=finding.why or spec.why or why,
                next_step="" if good else finding.next_step or spec.next_step or next_step,
            )

        RULES[name] = CheckInfo(
            name=name,
            title=title,
            about=inspect.cleandoc(judge.__doc__ or ""),
            why=why,
            next_step=next_step,
            subjects=subjects,
            params=_param_infos(params_type),
            after=after,
            needs_program=needs_program,
            check=check,
            params_type=params_type,
        )
        return judge

    return register


def params_of(spec: CheckSpec) -> Params | None:
    """The parameters of a check as its own type; None when there is no such check.

    Raises:
        LessonError: they do not fit.
    """
    info = RULES.get(spec.check)
    return _convert(spec, info.params_type) if info is not None else None


def _convert(spec: CheckSpec, params_type: type[P]) -> P:
    try:
        return msgspec.convert(spec.params, params_type)
    except msgspec.ValidationError as error:
        raise LessonError(
            f'The parameters of check "{spec.id}" ({spec.check}) do not fit: {error}.',
            where=f"line {spec.line}" if spec.line else "",
        ) from error


def _param_infos(params_type: type[Params]) -> tuple[ParamInfo, ...]:
    hints: dict[str, Any] = get_type_hints(params_type, include_extras=True)
    return tuple(
        ParamInfo(
            name=field.name,
            type=_type_words(field.type),
            required=field.required,
            default=None if field.default is msgspec.NODEFAULT else field.default,
            about=_description(hints[field.name]),
        )
        for field in msgspec.structs.fields(params_type)
    )


def _description(annotation: Any) -> str:
    texts = [meta.description for meta in getattr(annotation, "__metadata__", ()) if meta.description]
    return str(texts[0]) if texts else ""


def _type_words(annotation: Any) -> str:
    while hasattr(annotation, "__metadata__"):
        annotation = annotation.__origin__
    if annotation in _TYPE_WORDS:
        return _TYPE_WORDS[annotation]
    inner = [part for part in getattr(annotation, "__args__", ()) if part not in (type(None), ...)]
    if getattr(annotation, "__origin__", None) is tuple and inner:
        return f"list of {_type_words(inner[0])}"
    return _type_words(inner[0]) if len(inner) == 1 else "value"

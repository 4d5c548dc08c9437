"""What the checks of a lesson want to be asked and tried, read from their names and parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tutor.core.lesson import CheckSpec
from tutor.core.trial import Demand
from tutor.grading.cache_check import Edited, context_leaves_out
from tutor.grading.conduct_check import Drained, LockedDownPaths, healthcheck_passes
from tutor.grading.endpoint_check import UNKNOWN_PATH, Answer, UnknownPath
from tutor.grading.file_check import Choices
from tutor.grading.provenance_check import FetchedFile, Token, two_builds_agree
from tutor.grading.rule import Params, params_of
from tutor.grading.secret_check import Secret
from tutor.grading.source_check import source_is_unchanged


def probe_paths(specs: Sequence[CheckSpec]) -> tuple[str, ...]:
    """The paths that checks ask for, each once, in the order of the lesson."""
    paths: dict[str, None] = {}
    for params in filter(None, map(params_of, specs)):
        match params:
            case Answer() | UnknownPath() | Token():
                paths[params.path] = None
            case _:
                continue
        if isinstance(params, Answer) and params.unknown_path_status is not None:
            paths[UNKNOWN_PATH] = None
    return tuple(paths)


def demand_of(specs: Sequence[CheckSpec]) -> Demand:
    """What has to be tried beyond building, reading, running and asking the image once.

    Raises:
        LessonError: parameters that do not fit.
    """
    demand = Demand()
    for spec in specs:
        params = params_of(spec)
        if params is not None:
            demand = _with(demand, spec.check, params)
    return demand


def _with(demand: Demand, check: str, params: Params) -> Demand:
    match params:
        case Choices() | FetchedFile() | Token():
            return replace(demand, files=_added(demand.files, params.file))
        case Secret():
            return replace(demand, markers=_added(demand.markers, params.marker))
        case Edited():
            return replace(demand, rebuild_file=params.file)
        case LockedDownPaths():
            return replace(demand, locked_down=_added(demand.locked_down or (), *params.paths))
        case Drained():
            return replace(demand, drain_path=params.path)
        case _ if check == context_leaves_out.__name__:
            return replace(demand, context=True)
        case _ if check == healthcheck_passes.__name__:
            return replace(demand, health=True)
        case _ if check == source_is_unchanged.__name__:
            return replace(demand, source=True)
        case _ if check == two_builds_agree.__name__:
            return replace(demand, second_build=True)
        case _:
            return demand


def _added(have: tuple[str, ...], *more: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*have, *more)))

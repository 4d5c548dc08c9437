"""All checks there are, by the names that lessons use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tutor.grading import (
    binary_check,
    build_check,
    cache_check,
    conduct_check,
    config_check,
    content_check,
    endpoint_check,
    file_check,
    provenance_check,
    secret_check,
    size_check,
    source_check,
    start_check,
)
from tutor.grading.demand import demand_of, probe_paths
from tutor.grading.endpoint_check import UNKNOWN_PATH
from tutor.grading.rule import RULES, Check, CheckInfo, ParamInfo

# Importing a module of checks registers them.
_MODULES = (
    binary_check,
    build_check,
    cache_check,
    conduct_check,
    config_check,
    content_check,
    endpoint_check,
    file_check,
    provenance_check,
    secret_check,
    size_check,
    source_check,
    start_check,
)

CHECKS: Mapping[str, Check] = MappingProxyType({name: info.check for name, info in RULES.items()})
"""Name → function from evidence and specification to a verdict."""


def known_checks() -> Mapping[str, CheckInfo]:
    """What every check says of itself: what it is made on, its parameters, its reasons."""
    return MappingProxyType(RULES)


__all__ = [
    "CHECKS",
    "UNKNOWN_PATH",
    "Check",
    "CheckInfo",
    "ParamInfo",
    "demand_of",
    "known_checks",
    "probe_paths",
]

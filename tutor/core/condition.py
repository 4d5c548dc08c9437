"""When a hint fits: a small language over facts, parsed and evaluated without side effects.

::

    condition := clause { "and" clause }
    clause    := "always"
               | "build" "failed"
               | "check.ID" "failed"
               | NAME "matches" "REGEX"       NAME: build.error, container.error, probe.error
               | FACT "is set"                FACT: one of VALUE_FACTS
               | FACT "is not set"
               | FACT "=" TEXT                TEXT: one word, or several in double quotes

A fact of the evidence counts as known once a checkpoint gathered it; before, no clause about it holds.
A regular expression stands in double quotes, is searched anywhere in the text, and ignores case:
error texts of one fault differ between engines and versions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from tutor.core.errors import LessonError

TEXT_FACTS = ("build.error", "container.error", "probe.error")
"""Facts that ``matches`` takes."""
VALUE_FACTS = (
    "evidence.elf.interpreter",
    "evidence.elf.needed",
    "evidence.elf.machine",
    "evidence.elf.has_symbol_table",
    "evidence.elf.has_debug_sections",
    "evidence.entrypoint_path",
    "evidence.go.version",
    "evidence.config.entrypoint",
    "evidence.config.command",
    "evidence.config.user",
    "evidence.config.exposed_ports",
    "evidence.config.healthcheck",
    "evidence.container.status",
    "evidence.container.exit_code",
    "evidence.stages",
)
"""Facts that ``is set``, ``is not set`` and ``=`` take. Lists are written with a space between."""
CHECK_PREFIX = "check."

_TOKEN = re.compile(r'\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<word>[^\s"]+))')
_EXAMPLES = (
    'Write "always", "build failed", "check.ID failed", \'build.error matches "regex"\' or '
    '"evidence.elf.interpreter is set" (is not set, = text), joined by "and".'
)


@dataclass(frozen=True, slots=True)
class Clause:
    """One claim about one fact."""

    fact: str
    """Empty for ``always``."""
    relation: str
    """``always``, ``failed``, ``matches``, ``is set``, ``is not set`` or ``=``."""
    pattern: re.Pattern[str] | None = None
    wanted: str = ""

    def holds(self, facts: Mapping[str, object]) -> bool:
        """Whether the claim is true. A fact that is missing, None, False or empty is not set."""
        value = facts.get(self.fact)
        if self.relation == "failed":
            return value is not None and str(value) == "failed"
        if self.pattern is not None:
            return bool(value) and self.pattern.search(str(value)) is not None
        if self.relation == "=":
            return value is not None and str(value) == self.wanted
        if self.relation == "is not set":
            return self.fact in facts and not value
        return self.relation == "always" or bool(value)


@dataclass(frozen=True, slots=True)
class Condition:
    """All its clauses have to hold."""

    clauses: tuple[Clause, ...]

    def holds(self, facts: Mapping[str, object]) -> bool:
        """Whether it is true of these facts, keyed by dotted names."""
        return all(clause.holds(facts) for clause in self.clauses)

    @property
    def is_narrow(self) -> bool:
        """Whether some facts make it false. One that always holds should be asked after all others."""
        return any(clause.relation != "always" for clause in self.clauses)

    @property
    def checks(self) -> tuple[str, ...]:
        """The ids of the checks it asks about."""
        return tuple(
            clause.fact.removeprefix(CHECK_PREFIX)
            for clause in self.clauses
            if clause.fact.startswith(CHECK_PREFIX)
        )


@lru_cache(maxsize=512)
def parse_condition(text: str) -> Condition:
    """Read a condition.

    Raises:
        LessonError: it cannot be read; says which part and what may stand there.
    """
    tokens = _tokens(text)
    clauses: list[Clause] = []
    current: list[tuple[str, bool]] = []
    for token in [*tokens, ("and", False)]:
        if token == ("and", False):
            clauses.append(_clause(current, text))
            current = []
        else:
            current.append(token)
    return Condition(tuple(clauses))


def _tokens(text: str) -> list[tuple[str, bool]]:
    """Words, and quoted strings marked with True."""
    tokens = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise LessonError(f'The condition "{text}" has a quote that is not closed.', next_step=_EXAMPLES)
        quoted = match["quoted"]
        tokens.append((match["word"], False) if quoted is None else (quoted.replace('\\"', '"'), True))
        at = match.end()
    return tokens


def _clause(tokens: list[tuple[str, bool]], text: str) -> Clause:
    match tokens:
        case [("always", False)]:
            return Clause("", "always")
        case [(name, False), ("failed", False)]:
            if name != "build" and not (name.startswith(CHECK_PREFIX) and name != CHECK_PREFIX):
                raise _unknown(name, ("build", "check.ID"), "failed")
            return Clause(name, "failed")
        case [(name, False), ("matches", False), (regex, True)]:
            if name not in TEXT_FACTS:
                raise _unknown(name, TEXT_FACTS, "matches")
            return Clause(name, "matches", _compiled(regex))
        case [(name, False), ("matches", False), (regex, False)]:
            raise LessonError(
                f"The regular expression after {name} matches is not in double quotes.",
                next_step=f'Write {name} matches "{regex}".',
            )
        case [(name, False), ("is", False), ("set", False)]:
            if name not in VALUE_FACTS:
                raise _unknown(name, VALUE_FACTS, "is set")
            return Clause(name, "is set")
        case [(name, False), ("is", False), ("not", False), ("set", False)]:
            if name not in VALUE_FACTS:
                raise _unknown(name, VALUE_FACTS, "is not set")
            return Clause(name, "is not set")
        case [(name, False), ("=", False), (wanted, _)]:
            if name not in VALUE_FACTS:
                raise _unknown(name, VALUE_FACTS, "=")
            return Clause(name, "=", wanted=wanted)
    said = " ".join(f'"{word}"' if is_quoted else word for word, is_quoted in tokens)
    raise LessonError(
        f'"{said}" is not a condition.' if said else f'The condition "{text}" has an empty part.',
        next_step=_EXAMPLES,
    )


def _compiled(regex: str) -> re.Pattern[str]:
    try:
        return re.compile(regex, re.IGNORECASE)
    except re.error as error:
        raise LessonError(
            f'"{regex}" is not a regular expression: {error}.',
            next_step="Characters such as ( and [ stand for themselves after a backslash.",
        ) from None


def _unknown(name: str, known: tuple[str, ...], relation: str) -> LessonError:
    near = get_close_matches(name, known, n=1)
    step = f'Did you mean "{near[0]} {relation}"?' if near else f"Known: {', '.join(known)}."
    return LessonError(f'Nothing named "{name}" can be asked "{relation}".', next_step=step)

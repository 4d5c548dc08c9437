"""YAML read strictly, with the line of every key, so that a mistake can be shown where it stands.

``on``, ``yes`` and ``no`` are words here, as in YAML 1.2; dates stay text. A key given twice and
anchors are mistakes: both hide what a reader sees.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

_STANDARD_TAG = "tag:yaml.org,2002:"
_SCALARS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": lambda text: text == "true",
    "null": lambda _text: None,
}
_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(_Loader):  # type: ignore[misc]  # C or Python, whichever is there
    """Knows true, false, null, numbers and text."""


_StrictLoader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"^(?:true|false)$", "tf"),
    ("null", r"^(?:~|null|)$", ["~", "n", ""]),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?[0-9]*\.[0-9]+$", "-+.0123456789"),
):
    _StrictLoader.add_implicit_resolver(_STANDARD_TAG + _tag, re.compile(_pattern), list(_first))


class YamlMistake(Exception):
    """What is wrong, and the line within the text, counted from 0."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line
        self.what = what


@dataclass(frozen=True, slots=True)
class YamlText:
    """The data of one YAML text, and the line of each part, counted from 0."""

    data: Any
    lines: dict[str, int]
    """By path as msgspec writes it: ``$.build.tag``, ``$.say[1]``."""

    def line(self, path: str) -> int:
        """The line of a path, else of the nearest part that encloses it."""
        while path not in self.lines and path != "$":
            path = re.sub(r"(\.[^.\[]*|\[[^\]]*\])$", "", path) or "$"
        return self.lines.get(path, 0)


def read_yaml(text: str) -> YamlText:
    """Read one YAML text.

    Raises:
        YamlMistake: it cannot be read.
    """
    loader = _StrictLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return YamlText({}, {"$": 0})
        lines: dict[str, int] = {}
        data = _built(node, "$", node.start_mark.line, lines, set())
        return YamlText(data, lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlMistake(mark.line if mark else 0, _sentence(error)) from None
    except yaml.YAMLError as error:
        raise YamlMistake(0, f"This is not YAML: {error}") from None
    finally:
        loader.dispose()


def _built(node: yaml.Node, path: str, line: int, lines: dict[str, int], seen: set[int]) -> Any:
    """The data of a node, noting the line of each part. Faster than PyYAML's own constructor."""
    if id(node) in seen:
        raise YamlMistake(line, "Anchors and aliases are not used in lessons; write the value again.")
    seen.add(id(node))
    lines[path] = line
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in mapping:
                raise YamlMistake(key.start_mark.line, f'The key "{name}" is given twice.')
            mapping[name] = _built(value, f"{path}.{name}", key.start_mark.line, lines, seen)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [
            _built(item, f"{path}[{index}]", item.start_mark.line, lines, seen)
            for index, item in enumerate(node.value)
        ]
    kind = node.tag.removeprefix(_STANDARD_TAG)
    if kind not in _SCALARS:
        raise YamlMistake(line, f'The tag "{node.tag}" is not used in lessons.')
    return _SCALARS[kind](node.value)


def _sentence(error: yaml.MarkedYAMLError) -> str:
    said = (error.problem or error.context or "it cannot be read").strip()
    hint = ""
    if "mapping values are not allowed" in said:
        hint = " Put quotes around a text that holds a colon followed by a space."
    elif "cannot start any token" in said or "found unexpected" in said:
        hint = " Put quotes around a text that begins with a sign such as @, `, * or %."
    return f"This is not YAML: {said}.{hint}"

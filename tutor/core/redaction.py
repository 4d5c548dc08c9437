"""Hides on a shared screen what belongs to whoever presents: names, folders, tokens, private registries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_TOKEN = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abpr]-[\w-]{10,}"
    r"|AKIA[0-9A-Z]{16}|sk-[\w-]{20,}|dckr_pat_[\w-]{20,}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*)"
)
_ASSIGNED = re.compile(
    r"(?i)\b([\w-]*(?:token|secret|password|passwd|api_?key)[\w-]*\s*[=:]\s*)(?:\"[^\"]{12,}\"|'[^']{12,}'|[^\s\"',;]{12,})"
)
_BEARER = re.compile(r"(?i)\b(authorization:\s*(?:bearer|basic)\s+)\S+")
_IN_ADDRESS = re.compile(r"(://)[^\s/@:]+(?::[^\s/@]*)?@")
# A registry is a name with a dot or a port before the first slash of an image's name.
_REGISTRY = re.compile(
    r"(?<![\w./:@-])((?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?|[a-z0-9.-]+:\d+)(/[\w./-]+(?::[\w.-]+|@sha256:))"
)
_PUBLIC = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io", "gcr.io", "ghcr.io", "quay.io"})
_COMMON_NAMES = frozenset({"root", "localhost", "user", "host", "app", "docker", "go", "main"})
"""Hiding these would hide words of the lesson and tell nobody anything."""


@dataclass(frozen=True, slots=True)
class Redaction:
    """Call it with a text. Letters are kept where nothing private stands."""

    home: str = ""
    user: str = ""
    host: str = ""

    @classmethod
    def of(cls, environ: Mapping[str, str], home: Path, host: str) -> Redaction:
        """For the person at this machine."""
        user = environ.get("USER") or environ.get("LOGNAME") or ""
        return cls(str(home) if len(home.parts) > 1 else "", user, host.partition(".")[0])

    def __call__(self, text: str) -> str:
        """The text with what is private hidden."""
        if self.home:
            text = re.sub(rf"{re.escape(self.home)}(?![\w-])", "~", text)
        text = _IN_ADDRESS.sub(r"\1…@", text)
        text = _BEARER.sub(r"\1…", _ASSIGNED.sub(r"\1…", _TOKEN.sub("…", text)))
        text = _REGISTRY.sub(_registry, text)
        for name, word in ((self.user, "user"), (self.host, "host")):
            if len(name) > 2 and name.lower() not in _COMMON_NAMES:
                text = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", word, text)
        return text


def _registry(match: re.Match[str]) -> str:
    return match[0] if match[1] in _PUBLIC else f"registry{match[2]}"

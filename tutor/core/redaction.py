"""Hides on a shared screen what belongs to whoever presents: names, folders, tokens, private registries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

_TOKEN = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abpr]-[\w-]{10,}"
    r"|AKIA[0-9A-Z]{16}|sk-[\w-]{20,}|dckr_pat_[\w-]{20,}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*)"
)
_ASSIGNED = re.compile(
    r"(?i)\b([\w-]*(?:token|secret|password|passwd|api_?key)[\w-]*\s*[=:]\s*)(?:\"[^\"]{6,}\"|'[^']{6,}'|[^\s\"',;$]{6,})"
)
_BEARER = re.compile(r"(?i)\b(authorization:\s*(?:bearer|basic)\s+)\S+")
_IN_ADDRESS = re.compile(r"(://)[^\s/@:]+(?::[^\s/@]*)?@")
# A registry is a name with a dot or a port before the first slash of an image's name.
_HOST = r"((?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?|[a-z0-9.-]+:\d+)"
_REGISTRY = (
    re.compile(rf"(?<![\w./:@-])(){_HOST}(/[\w./-]+(?::[\w.-]+|@sha256:))"),
    re.compile(rf"(\bFROM\s+(?:--\S+\s+)*|--from=|\bdocker\s+(?:pull|push|run)\s+){_HOST}(/)"),
    re.compile(rf"(\bdocker\s+log(?:in|out)\s+){_HOST}()"),
    # What an engine says that cannot reach one.
    re.compile(rf"(https?://){_HOST}(/v2/)"),
)
_PUBLIC = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io", "gcr.io", "ghcr.io", "quay.io"})
_COMMON_NAMES = frozenset(
    {"admin", "alpine", "app", "builder", "debian", "demo", "docker", "fromscratch", "go", "golang", "host"}
    | {
        "image",
        "localhost",
        "main",
        "multi",
        "root",
        "runner",
        "scratch",
        "student",
        "test",
        "ubuntu",
        "user",
    }
    | {"vagrant"}
)
"""Hiding these would hide words of the lesson and tell nobody anything."""


@dataclass(frozen=True, slots=True)
class Redaction:
    """Call it with a text. Letters are kept where nothing private stands."""

    home: str = ""
    user: str = ""
    host: str = ""
    """With its domain, where it tells one."""
    registries: tuple[str, ...] = ()
    """Known by name: hidden wherever they stand."""

    @classmethod
    def of(
        cls, environ: Mapping[str, str], home: Path, host: str, registries: Iterable[str] = ()
    ) -> Redaction:
        """For the person at this machine."""
        user = environ.get("USER") or environ.get("LOGNAME") or ""
        private = sorted({each for each in registries if each and each not in _PUBLIC}, key=len, reverse=True)
        return cls(str(home) if len(home.parts) > 1 else "", user, host, tuple(private))

    def __call__(self, text: str) -> str:
        """The text with what is private hidden."""
        if self.home:
            text = re.sub(rf"{re.escape(self.home)}(?![\w-])", "~", text)
        text = _IN_ADDRESS.sub(r"\1…@", text)
        text = _BEARER.sub(r"\1…", _ASSIGNED.sub(r"\1…", _TOKEN.sub("…", text)))
        for registry in self.registries:
            text = re.sub(rf"(?<![\w.-]){re.escape(registry)}(?![\w-])", "registry", text)
        for pattern in _REGISTRY:
            text = pattern.sub(_registry, text)
        for name, word in ((self.user, "user"), (self.host, "host"), (self.host.partition(".")[0], "host")):
            if len(name) > 2 and name.lower() not in _COMMON_NAMES:
                text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", word, text)
        return text


def _registry(match: re.Match[str]) -> str:
    return match[0] if match[2] in _PUBLIC else f"{match[1]}registry{match[3]}"

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
_IN_ADDRESS = re.compile(r"(://)[^\s/@:]+(?::[^\s/@]*)?@([\w.-]+(?::\d+)?)?")
# A registry is a name with a dot or a port before the first slash of an image's name.
_HOST = r"((?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?|[a-z0-9.-]+:\d+)"
_REGISTRY = (
    # A line of a Go file is told in the same way.
    re.compile(rf"(?<![\w./:@-])(){_HOST}(/[\w./-]+(?<!\.go)(?::[\w.-]+|@sha256:))"),
    re.compile(rf"(\bFROM\s+(?:--\S+\s+)*|--from=){_HOST}(/)"),
    re.compile(
        r"(\b(?:docker|podman)\s+(?:(?:image|manifest)\s+)?"
        r"(?:create|history|inspect|pull|push|rmi|run|save|tag)[^\S\n]+(?:[^\s/]+[^\S\n]+){0,24})"
        rf"{_HOST}(/)"
    ),
    re.compile(rf"(\b(?:docker|podman)\s+tag\s+\S+\s+|\s(?:-t|--tag)[\s=]){_HOST}(/)"),
    # With a port it is no name of a module or of a file. 8080/tcp is a port alone, and so is app:8080/tcp.
    re.compile(r"(?<![\w./:@-])()([a-z0-9.-]*[a-z0-9]:\d{2,5})(/(?!(?:tcp|udp|sctp)\b)[A-Za-z_])"),
    re.compile(r"(https?://)((?:[a-z0-9-]+\.)+[a-z]{2,}:\d{2,5})()"),
    re.compile(rf"(\bdocker\s+log(?:in|out)\s+){_HOST}()"),
    # What an engine says that cannot reach one.
    re.compile(rf"(https?://){_HOST}(/v2/)"),
    re.compile(rf"(\bdenied for |\brepository \[){_HOST}(/)"),
)
_PUBLIC = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io", "gcr.io", "ghcr.io", "quay.io"})
_WELL_KNOWN = _PUBLIC | {
    "bitbucket.org",
    "docker.com",
    "docker.internal",
    "example.com",
    "example.net",
    "example.org",
    "github.com",
    "gitlab.com",
    "go.dev",
    "golang.org",
    "gopkg.in",
    "k8s.io",
    "mcr.microsoft.com",
    "public.ecr.aws",
    "rsc.io",
}
"""Everybody's: these and the names below them tell nothing of whoever presents."""

_HERE = re.compile(r"localhost|127(?:\.\d+){3}|0\.0\.0\.0")
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
        text = _IN_ADDRESS.sub(_address, text)
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
    return match[0] if _is_known(match[2]) else f"{match[1]}registry{match[3]}"


def _address(match: re.Match[str]) -> str:
    host = match[2] or ""
    return f"{match[1]}…@{host if not host or _is_known(host) else 'host'}"


def _is_known(address: str) -> bool:
    """Whether a host, with its port or without, is nobody's in particular, or is no host at all."""
    host = address.partition(":")[0]
    if (
        _HERE.fullmatch(host)
        or host.endswith(".go")
        or (host.replace(".", "").isdecimal() and host.count(".") != 3)
    ):
        return True
    return any(host == known or host.endswith(f".{known}") for known in _WELL_KNOWN)

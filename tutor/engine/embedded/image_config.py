"""An image's configuration: changed by instructions, written as Docker and OCI want it."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass, field
from typing import Any

from tutor.core.image import Healthcheck, ImageConfig

EPOCH = "1970-01-01T00:00:00Z"
"""When every image says it was made: the same input gives the same id, whenever it is built."""
_NANOSECONDS = 1_000_000_000


def this_architecture() -> str:
    """This machine, by the name Go and OCI use."""
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


@dataclass(slots=True)
class StageConfig:
    """The configuration of one stage while it is being built."""

    architecture: str = field(default_factory=this_architecture)
    entrypoint: list[str] | None = None
    command: list[str] | None = None
    env: dict[str, str] = field(default_factory=dict)
    user: str = ""
    working_dir: str = ""
    exposed_ports: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    stop_signal: str = ""
    healthcheck: Healthcheck | None = None
    shell: list[str] | None = None
    author: str = ""
    diff_ids: list[str] = field(default_factory=list)
    history: list[tuple[str, bool]] = field(default_factory=list)
    """What each instruction did, and whether it brought a layer."""

    @property
    def shell_prefix(self) -> list[str]:
        """What runs a command in the shell form."""
        return self.shell or ["/bin/sh", "-c"]

    def record(self, created_by: str, diff_id: str | None = None) -> None:
        """Note one instruction, and the layer it brought."""
        self.history.append((created_by, diff_id is not None))
        if diff_id is not None:
            self.diff_ids.append(diff_id)

    def encoded(self) -> bytes:
        """The configuration blob, whose digest is the image's id."""
        config: dict[str, Any] = {
            "User": self.user,
            "ExposedPorts": {port: {} for port in self.exposed_ports},
            "Env": [f"{name}={value}" for name, value in self.env.items()],
            "Entrypoint": self.entrypoint,
            "Cmd": self.command,
            "Volumes": {path: {} for path in self.volumes},
            "WorkingDir": self.working_dir,
            "Labels": self.labels,
            "StopSignal": self.stop_signal,
            "Shell": self.shell,
            "Healthcheck": _healthcheck_value(self.healthcheck),
        }
        value = {
            "architecture": self.architecture,
            "author": self.author,
            "config": {name: each for name, each in config.items() if each},
            "created": EPOCH,
            "history": [
                {"created": EPOCH, "created_by": text} | ({} if layered else {"empty_layer": True})
                for text, layered in self.history
            ],
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": self.diff_ids},
        }
        return json.dumps({name: each for name, each in value.items() if each}).encode()


def decode_stage_config(data: bytes) -> StageConfig:
    """What a stage begins with when this image is its base."""
    value = json.loads(data)
    config = value.get("config", {})
    return StageConfig(
        architecture=value.get("architecture", "amd64"),
        entrypoint=config.get("Entrypoint"),
        command=config.get("Cmd"),
        env=dict(each.partition("=")[::2] for each in config.get("Env", ())),
        user=config.get("User", ""),
        working_dir=config.get("WorkingDir", ""),
        exposed_ports=list(config.get("ExposedPorts", ())),
        volumes=list(config.get("Volumes", ())),
        labels=dict(config.get("Labels", {})),
        stop_signal=config.get("StopSignal", ""),
        healthcheck=_healthcheck(config.get("Healthcheck")),
        shell=config.get("Shell"),
        author=value.get("author", ""),
        diff_ids=list(value.get("rootfs", {}).get("diff_ids", ())),
        history=[(each["created_by"], not each.get("empty_layer")) for each in value.get("history", ())],
    )


def public_config(stage: StageConfig) -> ImageConfig:
    """The same for the rest of the program."""
    return ImageConfig(
        architecture=stage.architecture,
        entrypoint=tuple(stage.entrypoint or ()),
        command=tuple(stage.command or ()),
        env=tuple(f"{name}={value}" for name, value in stage.env.items()),
        user=stage.user,
        working_dir=stage.working_dir,
        exposed_ports=tuple(stage.exposed_ports),
        labels=tuple(stage.labels.items()),
        stop_signal=stage.stop_signal,
        healthcheck=stage.healthcheck,
        diff_ids=tuple(stage.diff_ids),
        history=tuple(text for text, _ in stage.history),
    )


def _healthcheck_value(check: Healthcheck | None) -> dict[str, Any] | None:
    if check is None:
        return None
    durations = {
        "Interval": check.interval_seconds,
        "Timeout": check.timeout_seconds,
        "StartPeriod": check.start_period_seconds,
    }
    value: dict[str, Any] = {"Test": list(check.test)}
    value |= {name: round(seconds * _NANOSECONDS) for name, seconds in durations.items() if seconds}
    return value | ({"Retries": check.retries} if check.retries else {})


def _healthcheck(value: dict[str, Any] | None) -> Healthcheck | None:
    if not value:
        return None

    def seconds(name: str) -> float | None:
        return value[name] / _NANOSECONDS if name in value else None

    return Healthcheck(
        tuple(value.get("Test", ())),
        seconds("Interval"),
        seconds("Timeout"),
        seconds("StartPeriod"),
        value.get("Retries"),
    )

"""An engine's answer about an image, as our values."""

from __future__ import annotations

from typing import Any

from tutor.core.image import Healthcheck, ImageConfig, ImageSummary
from tutor.core.text import clean_line
from tutor.engine.docker.ownership import LABEL_STAND_IN


def image_summary(
    found: dict[str, Any], history: list[dict[str, Any]], listed_bytes: int | None = None
) -> ImageSummary:
    """From ``GET /images/ID/json`` and ``GET /images/ID/history``. Fields that are unset may be absent."""
    config: dict[str, Any] = found.get("Config") or {}
    labels: dict[str, str] = config.get("Labels") or {}
    return ImageSummary(
        image_id=str(found["Id"]),
        references=tuple(tag for tag in found.get("RepoTags") or () if tag != "<none>:<none>"),
        config=ImageConfig(
            architecture=str(found.get("Architecture") or "amd64"),
            os=str(found.get("Os") or "linux"),
            entrypoint=_words(config.get("Entrypoint")),
            command=_words(config.get("Cmd")),
            env=_words(config.get("Env")),
            user=str(config.get("User") or ""),
            working_dir=str(config.get("WorkingDir") or ""),
            exposed_ports=tuple(sorted(config.get("ExposedPorts") or ())),
            labels=tuple(sorted((str(name), str(value)) for name, value in labels.items())),
            stop_signal=str(config.get("StopSignal") or ""),
            healthcheck=_healthcheck(config.get("Healthcheck")),
            diff_ids=_words((found.get("RootFS") or {}).get("Layers")),
            # Newest first on the wire.
            history=tuple(clean_line(str(row.get("CreatedBy") or "")) for row in reversed(history)),
        ),
        listed_bytes=int(found.get("Size") or 0) if listed_bytes is None else listed_bytes,
        stand_in=LABEL_STAND_IN in labels and _is_base(found),
        created=str(found.get("Created") or ""),
    )


def _is_base(found: dict[str, Any]) -> bool:
    """Labels are inherited: what was built on a stand-in has more layers than the one it came with."""
    return len((found.get("RootFS") or {}).get("Layers") or ()) == 1


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(word) for word in value) if isinstance(value, list) else ()


def _healthcheck(value: dict[str, Any] | None) -> Healthcheck | None:
    if not value or not value.get("Test"):
        return None

    def seconds(name: str) -> float | None:
        return float(value[name]) / 1e9 if value.get(name) else None

    return Healthcheck(
        _words(value["Test"]),
        seconds("Interval"),
        seconds("Timeout"),
        seconds("StartPeriod"),
        int(value["Retries"]) if value.get("Retries") else None,
    )

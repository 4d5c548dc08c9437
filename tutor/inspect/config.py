"""An image's configuration as its archive holds it, as our values.

See https://github.com/opencontainers/image-spec/blob/main/config.md
"""

from __future__ import annotations

from collections.abc import Mapping

from tutor.core.image import Healthcheck, ImageConfig
from tutor.core.text import clean_line

_NANOSECONDS = 1_000_000_000
_WORD_LIMIT = 1_000


def read_config(document: Mapping[str, object]) -> ImageConfig:
    """The part that decides how an image runs. Fields of another type than they should be are left out."""
    config = _object(document.get("config"))
    labels = _object(config.get("Labels"))
    history = document.get("history")
    return ImageConfig(
        architecture=_text(document.get("architecture")) or "amd64",
        os=_text(document.get("os")) or "linux",
        entrypoint=_words(config.get("Entrypoint")),
        command=_words(config.get("Cmd")),
        env=_words(config.get("Env")),
        user=_text(config.get("User")),
        working_dir=_text(config.get("WorkingDir")),
        exposed_ports=tuple(sorted(clean_line(port) for port in _object(config.get("ExposedPorts")))),
        labels=tuple(sorted((clean_line(name), _text(value)) for name, value in labels.items())),
        stop_signal=_text(config.get("StopSignal")),
        healthcheck=_healthcheck(_object(config.get("Healthcheck"))),
        diff_ids=_words(_object(document.get("rootfs")).get("diff_ids")),
        history=tuple(
            _text(_object(record).get("created_by"))
            for record in (history if isinstance(history, list) else ())
        ),
    )


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return clean_line(value) if isinstance(value, str) else ""


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(word) for word in value[:_WORD_LIMIT]) if isinstance(value, list) else ()


def _healthcheck(value: Mapping[str, object]) -> Healthcheck | None:
    test = _words(value.get("Test"))
    if not test:
        return None

    def seconds(name: str) -> float | None:
        number = value.get(name)
        return float(number) / _NANOSECONDS if isinstance(number, int) and number else None

    retries = value.get("Retries")
    return Healthcheck(
        test,
        seconds("Interval"),
        seconds("Timeout"),
        seconds("StartPeriod"),
        retries if isinstance(retries, int) and retries else None,
    )

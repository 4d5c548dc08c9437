from __future__ import annotations

from pathlib import Path

import pytest

from tutor.engine.embedded.context import Context
from tutor.engine.embedded.ignore import parse_ignore


@pytest.mark.parametrize(
    ("patterns", "out", "kept"),
    [
        ("secret", ["secret", "secret/x"], ["sub/secret", "secrets"]),
        ("*.log", ["a.log"], ["sub/a.log", "log"]),
        ("**/*.log", ["a.log", "sub/a.log", "a/b/c.log"], ["a.logs"]),
        ("*/temp*", ["a/temp", "a/temporary/x"], ["temp", "a/b/temp"]),
        ("a?", ["ab"], ["a", "abc", "a/"]),
        ("[ab].txt", ["a.txt"], ["c.txt"]),
        ("/lead", ["lead"], ["x/lead"]),
        ("./dot/", ["dot", "dot/x"], ["x/dot"]),
        ("*\n!keep", ["x"], ["keep", "keep/x"]),
        ("!a\na", ["a"], []),
        ("# comment\n\n", [], ["# comment", "x"]),
        ("**", ["x", "a/b"], []),
        ("a/**/z", ["a/z", "a/b/c/z"], ["a/b"]),
        ("[", ["["], ["x"]),
    ],
)
def test_patterns_leave_out_what_docker_leaves_out(patterns: str, out: list[str], kept: list[str]) -> None:
    ignore = parse_ignore(patterns)
    assert [name for name in out if not ignore.leaves_out(name)] == []
    assert [name for name in kept if ignore.leaves_out(name)] == []


def test_a_context_lists_what_is_left_and_what_is_left_out(tmp_path: Path) -> None:
    for name in ("a", "b/c", "b/d", "x/y"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "link").symlink_to("a")
    (tmp_path / ".dockerignore").write_text("b\n!b/d\nx\n")
    context = Context(tmp_path, tmp_path / "Dockerfile")
    assert [entry.path for entry in context.view.below("")] == [".dockerignore", "a", "b", "b/d", "link"]
    assert {"b/c", "x", "x/y"} <= set(context.left_out)


def test_an_ignore_file_named_for_the_dockerfile_goes_first(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / ".dockerignore").write_text("a\n")
    (tmp_path / "Other.dockerignore").write_text("")
    context = Context(tmp_path, tmp_path / "Other")
    assert context.view.get("a") is not None

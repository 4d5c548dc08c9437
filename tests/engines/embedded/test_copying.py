from __future__ import annotations

import pytest

from tutor.engine.embedded.copying import CopyFault, CopyOrder, Origin, content_key, plan_copy
from tutor.engine.embedded.entry import Entry, Kind, Source
from tutor.engine.embedded.view import View


def view(*paths: str) -> View:
    made = View()
    rows: dict[str, Entry] = {}
    for path in paths:
        name, arrow, target = path.partition("->")
        parts = name.rstrip("/").split("/")
        for depth in range(1, len(parts)):
            rows.setdefault("/".join(parts[:depth]), Entry("/".join(parts[:depth]), Kind.DIRECTORY))
        if arrow:
            rows[name] = Entry(name, Kind.SYMLINK, target=target)
        elif name.endswith("/"):
            rows[name.rstrip("/")] = Entry(name.rstrip("/"), Kind.DIRECTORY)
        else:
            rows[name] = Entry(name, Kind.FILE, 0o644, size=1, sha256=f"digest of {name}")
    made.lay_over(sorted(rows.values(), key=lambda entry: entry.path), "layer")
    return made


def origin(*paths: str) -> Origin:
    return Origin(view(*paths), lambda _: Source(data=b"x"), lambda entry: entry.sha256, "the build context")


def copied(order: CopyOrder, source: Origin, stage: View | None = None) -> dict[str, str]:
    drafts, digests = plan_copy(order, source, stage or View())
    return {draft.entry.path: digests.get(draft.entry.path, draft.entry.kind.value) for draft in drafts}


@pytest.mark.parametrize(
    ("sources", "destination", "working_dir", "expected"),
    [
        (("a",), "/app", "", {"app": "digest of a"}),
        (("a",), "app", "/src", {"src": "d", "src/app": "digest of a"}),
        (("a",), "/x/", "", {"x": "d", "x/a": "digest of a"}),
        (("a",), ".", "/src", {"src": "d", "src/a": "digest of a"}),
        (("a",), "/", "", {"a": "digest of a"}),
        (("/a",), "/b", "", {"b": "digest of a"}),
        (("../a",), "/b", "", {"b": "digest of a"}),
        (("d",), "/x", "", {"x": "d", "x/e": "digest of d/e", "x/s": "d", "x/s/f": "digest of d/s/f"}),
        (("*.go",), "./", "/s", {"s": "d", "s/m.go": "digest of m.go", "s/n.go": "digest of n.go"}),
        (("a", "*.go"), "/", "", {"a": "digest of a", "m.go": "digest of m.go", "n.go": "digest of n.go"}),
        (("*.none",), "/x/", "", {}),
        (("l",), "/x", "", {"x": "digest of a"}),
        (("d/*",), "/x/", "", {"x": "d", "x/e": "digest of d/e", "x/f": "digest of d/s/f"}),
    ],
)
def test_names_come_to_lie_where_docker_puts_them(
    sources: tuple[str, ...], destination: str, working_dir: str, expected: dict[str, str]
) -> None:
    source = origin("a", "d/e", "d/s/f", "m.go", "n.go", "l->a")
    assert copied(CopyOrder(sources, destination, working_dir), source) == expected


def test_an_existing_folder_takes_the_file_in() -> None:
    assert copied(CopyOrder(("a",), "/x", ""), origin("a"), view("x/")) == {"x/a": "digest of a"}


def test_a_link_in_the_stage_is_followed_inside_the_stage() -> None:
    stage = view("real/", "link->/real", "out->../../../etc")
    assert copied(CopyOrder(("a",), "/link/", ""), origin("a"), stage) == {"real/a": "digest of a"}
    assert copied(CopyOrder(("a",), "/out/a", ""), origin("a"), stage) == {"etc": "d", "etc/a": "digest of a"}


def test_a_link_in_a_copied_folder_stays_a_link() -> None:
    drafts, _ = plan_copy(CopyOrder(("d",), "/x", ""), origin("d/l->../../secret"), View())
    assert [(d.entry.path, d.entry.target) for d in drafts if d.entry.kind is Kind.SYMLINK] == [
        ("x/l", "../../secret")
    ]


def test_owner_and_mode_hold_for_files_and_new_folders() -> None:
    order = CopyOrder(("a",), "/x/", "", owner=(5, 6), mode=0o711)
    drafts, _ = plan_copy(order, origin("a"), View())
    assert [(d.entry.path, d.entry.uid, d.entry.gid, d.entry.mode) for d in drafts] == [
        ("x", 5, 6, 0o711),
        ("x/a", 5, 6, 0o711),
    ]


@pytest.mark.parametrize(
    ("sources", "destination", "part"),
    [
        (("nope",), "/x", '"/nope": not found'),
        (("d/nope",), "/x", '"/d/nope": not found'),
        (("a", "b"), "/x", "end with a /"),
        (("*",), "/x", "not a directory"),
        (("a",), "/file/x", "not a directory"),
        (("d",), "/file", "not a directory"),
        (("b",), "/full/", "is a directory"),
    ],
)
def test_what_cannot_be_copied_is_told(sources: tuple[str, ...], destination: str, part: str) -> None:
    with pytest.raises(CopyFault, match=part.replace("/", "/")):
        plan_copy(CopyOrder(sources, destination, ""), origin("a", "b", "d/e"), view("file", "full/b/"))


def test_the_key_depends_on_content_mode_and_owner_and_not_on_times() -> None:
    def key(order: CopyOrder, source: Origin) -> str:
        return content_key(*plan_copy(order, source, View()))

    first = CopyOrder(("a",), "/x", "")
    assert key(first, origin("a")) == key(first, origin("a", "other"))
    keys = {
        key(first, origin("a")),
        key(CopyOrder(("a",), "/y", ""), origin("a")),
        key(CopyOrder(("a",), "/x", "", owner=(1, 0)), origin("a")),
        key(CopyOrder(("a",), "/x", "", mode=0o600), origin("a")),
        key(CopyOrder(("b",), "/x", ""), origin("b")),
    }
    assert len(keys) == 5

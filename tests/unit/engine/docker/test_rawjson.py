import itertools
import json

from hypothesis import given
from hypothesis import strategies as st

from tutor.engine.docker.rawjson import DocumentReader

DOCUMENTS = st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20), min_size=1), max_size=5)


def read(stream: bytes, cuts: list[int]) -> list[object]:
    reader = DocumentReader()
    found: list[object] = []
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    for start, end in itertools.pairwise(edges):
        found += reader.feed(stream[start:end])
    return found + list(reader.close())


@given(DOCUMENTS, st.lists(st.integers(min_value=0), max_size=8))
def test_pretty_printed_documents_are_found_wherever_the_stream_is_cut(
    documents: list[dict[str, str]], cuts: list[int]
) -> None:
    stream = "".join(json.dumps(each, indent=2) + "\n" for each in documents).encode()
    assert read(stream, cuts) == documents


@given(DOCUMENTS, st.lists(st.integers(min_value=0), max_size=8))
def test_documents_on_one_line_are_found_wherever_the_stream_is_cut(
    documents: list[dict[str, str]], cuts: list[int]
) -> None:
    stream = "".join(json.dumps(each) + "\n" for each in documents).encode()
    assert read(stream, cuts) == documents


@given(st.binary(max_size=300))
def test_any_bytes_are_read(stream: bytes) -> None:
    for each in read(stream, []):
        assert isinstance(each, str | dict)


def test_plain_lines_between_documents_are_kept() -> None:
    stream = b'warning: old\n{\n  "a": 1\n}\nERROR: failed to solve: no\n'
    assert read(stream, []) == ["warning: old", {"a": 1}, "ERROR: failed to solve: no"]


def test_a_document_that_breaks_off_is_given_as_text() -> None:
    assert read(b'{\n  "a":', []) == ["{", '  "a":']

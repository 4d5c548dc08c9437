from __future__ import annotations

import pytest

from tutor.inspect.package import MADE_BY_COMPILER, NO_PACKAGE, PackageBook, package_of


@pytest.mark.parametrize(
    ("symbol", "package"),
    [
        ("main.main", "main"),
        ("net/http.(*conn).serve", "net/http"),
        ("net/http.(*Server).Serve.func1.2", "net/http"),
        ("vendor/golang.org/x/net/idna.ToASCII", "vendor/golang.org/x/net/idna"),
        ("gopkg.in/yaml%2ev3.(*parser).parse", "gopkg.in/yaml.v3"),
        ("slices.SortFunc[go.shape.[]net/http.Cookie,go.shape.struct {}]", "slices"),
        ("sync/atomic.(*Pointer[net/http.response]).Load", "sync/atomic"),
        ("example.com/a/b.init.0", "example.com/a/b"),
        ("type:.eq.net/http.Cookie", MADE_BY_COMPILER),
        ("type..eq.net/http.Cookie", MADE_BY_COMPILER),
        ("go:itab.*os.File,io.Writer", MADE_BY_COMPILER),
        ("_rt0_amd64_linux", NO_PACKAGE),
        ("", NO_PACKAGE),
        (".hidden", NO_PACKAGE),
        ("evil\x07/pkg.F", "evil/pkg"),
    ],
)
def test_a_symbol_belongs_to_the_package_in_its_name(symbol: str, package: str) -> None:
    assert package_of(symbol) == package


def test_packages_come_largest_first_and_equal_ones_by_name() -> None:
    book = PackageBook()
    book.add_function("b.F", 10, 8)
    book.add_function("a.F", 10, 9)
    book.add_data("c.table", 50)
    book.add_function("c.F", 1)
    assert [(part.name, part.size_bytes, part.function_count) for part in book.parts()] == [
        ("c", 51, 1),
        ("a", 10, 1),
        ("b", 10, 1),
    ]

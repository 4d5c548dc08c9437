from tutor.core.http import BODY_LIMIT_BYTES, HttpExchange
from tutor.engine.docker.helper_probe import read_answer, request_text

ASKED = HttpExchange("GET", "/", "http://h/", "curl")


def test_an_answer_is_read_from_the_line() -> None:
    told = read_answer(ASKED, b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 2\r\n\r\nok", "silence")
    assert (told.status, told.reason, told.body, told.error) == (302, "Found", "ok", "")
    assert ("location", "/x") in told.headers
    assert not told.body_truncated


def test_a_chunked_answer_is_put_together() -> None:
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n1\r\n!\r\n0\r\n\r\n"
    assert read_answer(ASKED, raw, "").body == "ok!"


def test_an_answer_that_breaks_off_is_marked() -> None:
    told = read_answer(ASKED, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok", "")
    assert (told.status, told.body, told.body_truncated) == (200, "ok", True)


def test_an_endless_body_is_cut() -> None:
    told = read_answer(ASKED, b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * (BODY_LIMIT_BYTES + 9), "")
    assert len(told.body) == BODY_LIMIT_BYTES
    assert told.body_truncated


def test_silence_and_what_is_not_http_are_told() -> None:
    assert read_answer(ASKED, b"", "no answer within 5 s").error == "no answer within 5 s"
    assert "not HTTP" in read_answer(ASKED, b"SSH-2.0-x\r\n\r\n", "").error


def test_whatever_path_is_typed_makes_one_request() -> None:
    text = request_text("GET", "/a b\r\nX-Evil: 1/ü")
    assert text.startswith("GET /a%20b%0D%0AX-Evil:%201/%C3%BC HTTP/1.1\r\nHost: ")
    assert text.count("\r\n") == 6

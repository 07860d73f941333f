"""Strangers' addresses: what is public is fetched whole or not at all, and our own network is not reached."""

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import trustme

from vitascope.serve import fetch as module
from vitascope.serve.fetch import FetchError, FetchLimits, fetch, is_public, post

Answer = Callable[[socket.socket, bytes], None]  # answers one request, whose head and body are given


@contextmanager
def serving(answer: Answer, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server that gives every connection to `answer` and then ends it; yields its port."""
    with socket.create_server((host, port)) as server:
        worker = threading.Thread(target=_serve, args=(server, answer, tls), daemon=True)
        worker.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            worker.join(10)
    assert not worker.is_alive()


def _serve(server: socket.socket, answer: Answer, tls: ssl.SSLContext | None) -> None:
    while True:
        try:
            line, _ = server.accept()
        except OSError:
            return
        with line:
            try:
                line = tls.wrap_socket(line, server_side=True) if tls else line
                with line:
                    answer(line, _request(line))
            except OSError:  # the client hung up, as it should in many of these tests
                continue


def _request(line: socket.socket) -> bytes:
    """A request's head, and its body if it says how long that is."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += line.recv(65536) or _hung_up()
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [int(text.split(b":")[1]) for text in head.split(b"\r\n") if text.lower().startswith(b"content-length")]
    while lengths and len(body) < lengths[0]:
        body += line.recv(65536) or _hung_up()
    return head + b"\r\n\r\n" + body


def _hung_up() -> bytes:
    raise ConnectionError("the client hung up")


def saying(status: str, body: bytes = b"", *headers: str) -> Answer:
    """Answers with this, and its true length unless the headers say another."""
    lines = [f"HTTP/1.1 {status}", *headers]
    if not any(header.lower().startswith(("content-length", "transfer-encoding")) for header in headers):
        lines.append(f"Content-Length: {len(body)}")
    return lambda line, _: line.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def endless(line: socket.socket, _: bytes) -> None:
    """A body without a length that does not end."""
    line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        line.sendall(bytes(65536))


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The addresses that names have in a test; 127.0.0.1 counts as public there, and nothing else does. An answer is
    taken away when it has been given, the last one stays."""
    known: dict[str, list[str]] = {}

    def addresses_of(host: str, _: int) -> list[str]:
        answers = known.get(host, [])
        return (answers.pop(0) if len(answers) > 1 else answers[0]).split() if answers else []

    monkeypatch.setattr(module, "addresses_of", addresses_of)
    monkeypatch.setattr(module, "is_public", lambda address: address == "127.0.0.1")
    return known


def test_a_public_file_is_fetched_whole(names: dict[str, list[str]]) -> None:
    names["films.example"] = ["127.0.0.1"]
    heard: list[bytes] = []

    def answer(line: socket.socket, request: bytes) -> None:
        heard.append(request)
        saying("200 OK", bytes(range(256)) * 1000)(line, request)

    with serving(answer) as port:
        assert fetch(f"http://films.example:{port}/ä b.png?key=1#part") == bytes(range(256)) * 1000
    assert heard[0].startswith(b"GET /%C3%A4%20b.png?key=1 HTTP/1.1\r\n")
    assert f"\r\nHost: films.example:{port}\r\n".encode() in heard[0]
    assert b"\r\nAccept-Encoding: identity\r\n" in heard[0]


def test_a_file_in_chunks_is_put_together(names: dict[str, list[str]]) -> None:
    names["films.example"] = ["127.0.0.1"]
    with serving(saying("200 OK", b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "Transfer-Encoding: chunked")) as port:
        assert fetch(f"http://films.example:{port}/") == b"abcde"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.7",
        "203.0.113.7", "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "0.0.0.0",
        "0.1.2.3", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:10.0.0.1", "fc00::1",
        "fd00:ec2::254", "fe80::1", "fe80::1%lo", "fec0::1", "ff02::1", "2001:db8::1", "3fff::1", "5f00::1", "100::1",
        "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::8.8.8.8", "2002:7f00:1::", "2002:808:808::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)  # fmt: skip
def test_addresses_that_are_not_the_publics_are_told(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450::5", "64:ff9b::8.8.8.8"])
def test_public_addresses_are_told(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "2130706433", "0x7f.1", "0x7f000001", "017700000001", "0", "0.0.0.0", "localhost",
        "localhost.", "LOCALHOST", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:1]",
        "[64:ff9b::7f00:1]", "[fe80::1%25lo]", "127。0。0。1", "１２７.0.0.1", "①②⑦.0.0.1", "ⓛocalhost",
        "localhost%00.example.com", "127.0.0.1%2f",
    ],
)  # fmt: skip
def test_no_spelling_of_our_own_machine_gets_through(host: str) -> None:
    calls: list[bytes] = []
    with serving(lambda _, request: calls.append(request)) as port:
        with pytest.raises(FetchError, match=r"no public address|cannot be read"):
            fetch(f"http://{host}:{port}/")
        with pytest.raises(FetchError, match=r"no public address|cannot be read"):
            post(f"http://{host}:{port}/", b"{}", {}, seconds=5)
    assert not calls


def test_the_operator_may_allow_private_addresses() -> None:
    with serving(saying("200 OK", b"inside")) as port:
        assert fetch(f"http://127.0.0.1:{port}/", allow_private=True) == b"inside"
        assert fetch(f"http://localhost:{port}/", allow_private=True) == b"inside"


def test_one_private_address_among_public_ones_is_enough_to_refuse(names: dict[str, list[str]]) -> None:
    names["mixed.example"] = ["127.0.0.1 10.0.0.1"]
    with pytest.raises(FetchError, match=r"'mixed\.example' leads to no public address") as caught:
        fetch("http://mixed.example/")
    assert "10.0.0.1" not in str(caught.value)


def test_a_name_that_nobody_knows_looks_like_a_private_one(names: dict[str, list[str]]) -> None:
    with pytest.raises(FetchError, match=r"'nobody\.example' leads to no public address"):
        fetch("http://nobody.example/")


def test_a_name_that_changes_its_address_is_asked_once_and_reached_where_it_was_checked(
    names: dict[str, list[str]],
) -> None:
    names["rebinding.example"] = ["127.0.0.1", "127.0.0.2"]
    with serving(saying("200 OK", b"checked")) as port, serving(saying("200 OK", b"secret"), "127.0.0.2", port):
        assert fetch(f"http://rebinding.example:{port}/") == b"checked"
        assert names["rebinding.example"] == ["127.0.0.2"]
        with pytest.raises(FetchError, match="no public address"):
            fetch(f"http://rebinding.example:{port}/")


def test_a_host_is_checked_again_after_a_redirect(names: dict[str, list[str]]) -> None:
    names["turning.example"] = ["127.0.0.1", "127.0.0.2"]
    reached: list[bytes] = []
    with (
        serving(saying("302 Found", b"", "Location: /again")) as port,
        serving(lambda _, request: reached.append(request), "127.0.0.2", port),
        pytest.raises(FetchError, match=r"'turning\.example' leads to no public address"),
    ):
        fetch(f"http://turning.example:{port}/")
    assert not reached


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ("http://169.254.169.254/latest/meta-data/", "no public address"),
        ("//10.0.0.1/", "no public address"),
        ("file:///etc/passwd", "redirects to what is not allowed.*'file'"),
        ("gopher://films.example/", "redirects to what is not allowed.*'gopher'"),
        ("http://name:secret@films.example/", "redirects to what is not allowed.*user name"),
        ("", "does not say where to"),
    ],
)
def test_redirects_to_what_is_not_allowed_are_refused(names: dict[str, list[str]], target: str, fault: str) -> None:
    names |= {"films.example": ["127.0.0.1"], "169.254.169.254": ["169.254.169.254"], "10.0.0.1": ["10.0.0.1"]}
    with serving(saying("301 Moved", b"", f"Location: {target}")) as port, pytest.raises(FetchError, match=fault):
        fetch(f"http://films.example:{port}/")


def test_redirects_are_followed_as_often_as_is_allowed(names: dict[str, list[str]]) -> None:
    names["films.example"] = ["127.0.0.1"]

    def answer(line: socket.socket, request: bytes) -> None:
        step = int(request.split()[1][1:])
        turned = saying("307 Temporary Redirect", b"not this", f"Location: {step + 1}")
        (saying("200 OK", b"found") if step == 5 else turned)(line, request)

    with serving(answer) as port:
        assert fetch(f"http://films.example:{port}/0") == b"found"
        with pytest.raises(FetchError, match="more than the allowed 4 redirects"):
            fetch(f"http://films.example:{port}/0", FetchLimits(redirects=4))


def test_a_redirect_that_leads_to_itself_ends(names: dict[str, list[str]]) -> None:
    names["films.example"] = ["127.0.0.1"]
    with (
        serving(saying("302 Found", b"", "Location: /")) as port,
        pytest.raises(FetchError, match="more than the allowed 5 redirects"),
    ):
        fetch(f"http://films.example:{port}/")


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("ftp://films.example/a", "http:// or https://.*'ftp'"),
        ("file:///etc/passwd", "http:// or https://.*'file'"),
        ("gopher://films.example:70/_x", "http:// or https://.*'gopher'"),
        ("data:text/plain,hello", "http:// or https://.*'data'"),
        ("/etc/passwd", "http:// or https://.*''"),
        ("", "http:// or https://.*''"),
        ("http://", "names no host"),
        ("http:///picture.png", "names no host"),
        ("https://:443/", "names no host"),
        ("http://name:secret@films.example/", "'films.example' carries a user name"),
        ("http://name@films.example/", "'films.example' carries a user name"),
        ("http://films.example\\@127.0.0.1/", "carries a user name"),
        ("http://films.example:0/", "ports are 1 to 65535"),
        ("http://films.example:65536/", "ports are 1 to 65535"),
        ("http://films.example:x/", "cannot be read"),
        ("http://films.example/\n", "cannot be read"),
        ("http://films.example/\r\nX: y", "cannot be read"),
        ("http://films.example/\ud800", "cannot be read"),
        ("http://[::1", "cannot be read"),
        ("http://films.example/" + "a" * 100_000, "cannot be read"),
    ],
)
def test_urls_that_are_none_of_ours_are_refused_in_one_line(names: dict[str, list[str]], url: str, fault: str) -> None:
    with pytest.raises(FetchError, match=fault) as caught:
        fetch(url)
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oops", "304 Not Modified", "403 No"])
def test_other_answers_than_a_file_are_refused(names: dict[str, list[str]], status: str) -> None:
    names["films.example"] = ["127.0.0.1"]
    with serving(saying(status)) as port, pytest.raises(FetchError, match=f"the status {status[:3]}"):
        fetch(f"http://films.example:{port}/")


@pytest.mark.parametrize(
    "answer",
    [
        saying("200 OK", b"x", "Content-Length: 1001"),
        saying("200 OK", b"x", "Content-Length: 99999999999999999999"),
        saying("200 OK", b"400\r\n" + bytes(1024), "Transfer-Encoding: chunked"),
        endless,
    ],
    ids=["told", "told by far", "chunks", "untold"],
)
def test_what_is_too_large_is_refused_however_it_says_so(names: dict[str, list[str]], answer: Answer) -> None:
    names["films.example"] = ["127.0.0.1"]
    with serving(answer) as port, pytest.raises(FetchError, match="more than the allowed 1000 bytes"):
        fetch(f"http://films.example:{port}/", FetchLimits(bytes=1000))


def test_a_file_as_large_as_is_allowed_passes(names: dict[str, list[str]]) -> None:
    names["films.example"] = ["127.0.0.1"]
    with serving(saying("200 OK", bytes(1000))) as port:
        assert fetch(f"http://films.example:{port}/", FetchLimits(bytes=1000)) == bytes(1000)


def test_a_file_that_is_shorter_than_it_said_is_refused(names: dict[str, list[str]]) -> None:
    names["films.example"] = ["127.0.0.1"]
    with (
        serving(saying("200 OK", b"half", "Content-Length: 8")) as port,
        pytest.raises(FetchError, match="without sending complete"),
    ):
        fetch(f"http://films.example:{port}/")


def test_what_comes_after_the_told_length_is_not_taken(names: dict[str, list[str]]) -> None:
    names["films.example"] = ["127.0.0.1"]
    with serving(saying("200 OK", b"half and more", "Content-Length: 4")) as port:
        assert fetch(f"http://films.example:{port}/") == b"half"


def test_compressed_answers_are_refused_and_never_unpacked(names: dict[str, list[str]]) -> None:
    names["films.example"] = ["127.0.0.1"]
    with (
        serving(saying("200 OK", gzip.compress(bytes(10**6)), "Content-Encoding: gzip")) as port,
        pytest.raises(FetchError, match=r"compressed.*'gzip'"),
    ):
        fetch(f"http://films.example:{port}/")


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"],
    ids=["nothing", "headers", "body"],
)
def test_a_server_that_drips_is_left_in_time(names: dict[str, list[str]], start: bytes) -> None:
    names["slow.example"] = ["127.0.0.1"]
    done = threading.Event()

    def answer(line: socket.socket, _: bytes) -> None:
        line.sendall(start)
        while not done.wait(0.02):
            line.sendall(b"x" if start else b"")

    with serving(answer) as port:
        before = time.monotonic()
        with pytest.raises(FetchError, match=r"'slow\.example' took more than the allowed 0.3 s"):
            fetch(f"http://slow.example:{port}/", FetchLimits(seconds=0.3))
        assert time.monotonic() - before < 3
        done.set()


def test_a_name_server_that_is_slow_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()
    monkeypatch.setattr(module, "addresses_of", lambda *_: done.wait(30))
    with pytest.raises(FetchError, match=r"took more than the allowed 0.2 s"):
        fetch("http://slow.example/", FetchLimits(seconds=0.2))
    done.set()


def test_the_time_is_counted_over_all_redirects_together(names: dict[str, list[str]]) -> None:
    names["slow.example"] = ["127.0.0.1"]
    done = threading.Event()

    def answer(line: socket.socket, request: bytes) -> None:
        done.wait(0.2)
        saying("302 Found", b"", "Location: /")(line, request)

    with serving(answer) as port, pytest.raises(FetchError, match=r"took more than the allowed 0.5 s"):
        fetch(f"http://slow.example:{port}/", FetchLimits(seconds=0.5, redirects=1000))


def test_a_closed_port_and_nonsense_are_named(names: dict[str, list[str]]) -> None:
    names["films.example"] = ["127.0.0.1"]
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(FetchError, match=r"'films\.example' cannot be reached"):
        fetch(f"http://films.example:{port}/")
    with (
        serving(lambda line, _: line.sendall(b"SSH-2.0-nonsense\r\n\r\n")) as port,
        pytest.raises(FetchError, match=r"'films\.example' was not asked or answered in proper HTTP"),
    ):
        fetch(f"http://films.example:{port}/")


def test_headers_without_end_are_refused(names: dict[str, list[str]]) -> None:
    names["films.example"] = ["127.0.0.1"]

    def answer(line: socket.socket, _: bytes) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            line.sendall(b"X-More: " + b"x" * 1000 + b"\r\n")

    with serving(answer) as port, pytest.raises(FetchError, match="not asked or answered in proper HTTP"):
        fetch(f"http://films.example:{port}/")


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_proxies_of_the_environment_are_not_used(
    names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    names["films.example"] = ["127.0.0.1"]
    with serving(saying("200 OK", b"proxied")) as proxy, serving(saying("200 OK", b"direct")) as port:
        monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy}")
        assert fetch(f"http://films.example:{port}/") == b"direct"


# --- TLS --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def tls_of(authority: trustme.CA, name: str) -> ssl.SSLContext:
    """What a server of this name shows."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.fixture
def trusting(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    monkeypatch.setattr(module, "_tls", lambda: context)


@pytest.mark.usefixtures("trusting")
def test_the_certificate_is_checked_against_the_name_though_the_connection_goes_to_an_address(
    names: dict[str, list[str]], authority: trustme.CA
) -> None:
    names |= {"films.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]}
    asked: list[str | None] = []
    context = tls_of(authority, "films.example")
    context.sni_callback = lambda _line, name, _context: asked.append(name)
    with serving(saying("200 OK", b"sealed"), tls=context) as port:
        assert fetch(f"https://films.example:{port}/") == b"sealed"
        assert asked == ["films.example"]
        with pytest.raises(FetchError, match=r"'other\.example' has no certificate that can be trusted.*mismatch"):
            fetch(f"https://other.example:{port}/")


def test_a_certificate_of_unknown_origin_is_refused(names: dict[str, list[str]], authority: trustme.CA) -> None:
    names["films.example"] = ["127.0.0.1"]
    with (
        serving(saying("200 OK", b"sealed"), tls=tls_of(authority, "films.example")) as port,
        pytest.raises(FetchError, match=r"'films\.example' has no certificate that can be trusted"),
    ):
        fetch(f"https://films.example:{port}/")


def test_a_server_without_tls_is_named(names: dict[str, list[str]]) -> None:
    names["films.example"] = ["127.0.0.1"]
    with socket.create_server(("127.0.0.1", 0)) as server:
        worker = threading.Thread(target=_answer_without_reading, args=(server,))
        worker.start()
        with pytest.raises(FetchError, match="does not speak TLS"):
            fetch(f"https://films.example:{server.getsockname()[1]}/")
        worker.join(10)


def _answer_without_reading(server: socket.socket) -> None:
    line, _ = server.accept()
    with line:
        line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        line.recv(65536)


# --- webhooks ---------------------------------------------------------------------------------------------------------


def test_a_webhook_is_posted_and_its_status_returned(names: dict[str, list[str]]) -> None:
    names["hooks.example"] = ["127.0.0.1"]
    heard: list[bytes] = []

    def answer(line: socket.socket, request: bytes) -> None:
        heard.append(request)
        saying("410 Gone")(line, request)

    with serving(answer) as port:
        url = f"http://hooks.example:{port}/done"
        assert post(url, b'{"id": 1}', {"Content-Type": "application/json", "X-Key": "ü"}, seconds=5) == 410
    head, _, body = heard[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /done HTTP/1.1\r\n")
    assert b"\r\nContent-Type: application/json\r\n" in head
    assert body == b'{"id": 1}'


def test_a_webhook_follows_no_redirect(names: dict[str, list[str]]) -> None:
    names["hooks.example"] = ["127.0.0.1"]
    with serving(saying("302 Found", b"", "Location: http://10.0.0.1/")) as port:
        assert post(f"http://hooks.example:{port}/", b"", {}, seconds=5) == 302


def test_a_webhook_cannot_smuggle_headers(names: dict[str, list[str]]) -> None:
    names["hooks.example"] = ["127.0.0.1"]
    with serving(saying("200 OK")) as port, pytest.raises(FetchError, match="not asked or answered in proper HTTP"):
        post(f"http://hooks.example:{port}/", b"", {"X-Name": "a\r\nHost: b"}, seconds=5)


def test_a_webhook_that_takes_nothing_in_is_left_in_time(names: dict[str, list[str]]) -> None:
    names["slow.example"] = ["127.0.0.1"]
    with socket.create_server(("127.0.0.1", 0)) as server:  # accepts in the kernel, but nobody reads
        url = f"http://slow.example:{server.getsockname()[1]}/"
        with pytest.raises(FetchError, match=r"took more than the allowed 0.3 s"):
            post(url, bytes(32 * 2**20), {}, seconds=0.3)

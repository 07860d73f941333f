"""Fetch strangers' addresses without being led into our own network: media that a request names, and webhooks.

A host is resolved by us, once for each connection, all its addresses are checked, and the connection goes to one of
those that were checked; so a name server that changes its mind gains nothing. The same holds after each redirect. One
deadline covers everything: asking for the name, connecting, TLS, headers and body.
"""

import functools
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

import httpcore
import httpx

_REDIRECTS = (301, 302, 303, 307, 308)

# What ipaddress calls global, at least in some versions of Python, and is not a stranger's to name.
_CLOSED = tuple(
    ip_network(text)
    for text in (
        "100.64.0.0/10",  # shared by a provider's customers; a cloud's metadata
        "168.63.129.16/32",  # a cloud's metadata
        "192.0.0.0/24",  # protocols' own, and a cloud's metadata
        "192.88.99.0/24",  # relays to 6to4
        "2001::/23",  # Teredo and other protocols' own
        "2002::/16",  # 6to4: an IPv4 address inside
        "3fff::/20",  # documentation
    )
)
_UNICAST6 = ip_network("2000::/3")  # all of IPv6 that is given out to the public
_NAT64 = ip_network("64:ff9b::/96")  # the last four bytes are the IPv4 address that is really meant


class FetchError(ValueError):
    """An address that cannot or may not be fetched: whose it is, what is wrong, what is allowed."""


@dataclass(frozen=True)
class FetchLimits:
    """The most that a fetch may take: bytes of the body, seconds in all, seconds to connect, and redirects."""

    bytes: int = 64 * 2**20
    seconds: float = 20.0
    connect: float = 5.0
    redirects: int = 5


def fetch(url: str, limits: FetchLimits = FetchLimits(), *, allow_private: bool = False) -> bytes:
    """What is found at an http or https address, redirects followed. `allow_private` also lets it lead to addresses
    that are not public. Blocks for up to `limits.seconds`. Raises FetchError."""
    guard = _Guard(limits, allow_private)
    address = _parsed(url)
    for _ in range(limits.redirects + 1):
        with _answer(guard, "GET", address, {"Accept": "*/*", "Accept-Encoding": "identity"}) as response:
            if response.status not in _REDIRECTS:
                return _body(response, _named(address), limits.bytes)
            address = _next(address, response)
    raise FetchError(f"{_named(address)} comes after more than the allowed {limits.redirects} redirects")


def post(url: str, body: bytes, headers: Mapping[str, str], *, seconds: float, allow_private: bool = False) -> int:
    """Post a body to an http or https address and return the status of the answer; no redirect is followed. Blocks for
    up to `seconds`. Raises FetchError."""
    guard = _Guard(FetchLimits(seconds=seconds), allow_private)
    with _answer(guard, "POST", _parsed(url), headers, body) as response:
        return response.status


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet's."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        if ip in _NAT64:
            return is_public(str(ip_address(ip.packed[-4:])))
        if ip not in _UNICAST6:
            return False
    closed = ip.is_multicast or ip.is_reserved or any(ip in network for network in _CLOSED)
    return ip.is_global and not closed


def addresses_of(host: str, port: int) -> list[str]:
    """All IP addresses that a host has, each once. Raises OSError or ValueError when it has none."""
    found = socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


# --- addresses --------------------------------------------------------------------------------------------------------


def _parsed(url: str) -> httpx.URL:
    try:
        return _checked(httpx.URL(url))
    except (httpx.InvalidURL, UnicodeError) as error:
        raise FetchError(f"the URL cannot be read: {str(error)[:200]}") from error


def _checked(address: httpx.URL) -> httpx.URL:
    if address.scheme not in ("http", "https"):
        raise FetchError(f"a URL should begin with http:// or https://, but began with {_short(address.scheme)}")
    if not address.raw_host:
        raise FetchError("the URL names no host; it should look like https://example.com/picture.png")
    if address.userinfo:
        raise FetchError(f"{_named(address)} carries a user name or password; that is not allowed")
    if address.port is not None and not 0 < address.port < 2**16:
        raise FetchError(f"{_named(address)} has the port {address.port}; ports are 1 to 65535")
    return address


def _next(address: httpx.URL, response: httpcore.Response) -> httpx.URL:
    """Where a redirect leads."""
    target = _header(response, b"location")
    if not target:
        raise FetchError(f"{_named(address)} redirects, but does not say where to")
    try:
        return _checked(address.join(target))
    except (httpx.InvalidURL, UnicodeError, FetchError) as error:
        raise FetchError(f"{_named(address)} redirects to what is not allowed: {str(error)[:200]}") from error


def _header(response: httpcore.Response, name: bytes) -> str:
    return next((value.decode(errors="replace") for key, value in response.headers if key.lower() == name), "")


def _named(address: httpx.URL) -> str:
    """How errors name an address: by its host alone, for the rest may be secret."""
    return f"the URL at {_short(address.raw_host.decode('ascii'))}"


def _short(text: str) -> str:
    """Strangers' text as it may stand in an error."""
    return repr(text if len(text) <= 100 else text[:99] + "…")


# --- one connection ---------------------------------------------------------------------------------------------------


@contextmanager
def _answer(
    guard: "_Guard", method: str, address: httpx.URL, headers: Mapping[str, str], body: bytes | None = None
) -> Iterator[httpcore.Response]:
    """The answer to a request, its body not yet read, over a connection of its own."""
    url = httpcore.URL(scheme=address.raw_scheme, host=address.raw_host, port=address.port, target=address.raw_path)
    told = {"Host": address.netloc.decode("ascii"), "User-Agent": "Vitascope", "Connection": "close", **headers}
    lines = [(name.encode(), value.encode()) for name, value in told.items()]
    tls = _tls() if address.scheme == "https" else None
    try:
        with (
            httpcore.HTTPConnection(url.origin, ssl_context=tls, network_backend=guard) as connection,
            connection.stream(method, url, headers=lines, content=body) as response,
        ):
            yield response
    except _Refused as refused:
        raise FetchError(f"{_named(address)} {refused}") from refused.__cause__
    except httpcore.ProtocolError as error:
        raise FetchError(f"{_named(address)} was not asked or answered in proper HTTP: {str(error)[:200]}") from error


def _body(response: httpcore.Response, name: str, most: int) -> bytes:
    if not 200 <= response.status <= 299:
        raise FetchError(f"{name} was answered with the status {response.status}, not with a file")
    if (coding := _header(response, b"content-encoding")) not in ("", "identity"):
        raise FetchError(f"{name} sent the file compressed ({_short(coding)}), which was not asked for")
    told, body = _header(response, b"content-length"), bytearray()
    too_large = told.isdecimal() and int(told) > most
    if not too_large:
        for chunk in response.iter_stream():
            body += chunk
            if too_large := len(body) > most:
                break
    if too_large:
        raise FetchError(f"{name} has more than the allowed {most} bytes")
    return bytes(body)


@functools.cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


class _Refused(Exception):
    """What ended a connection, as the second half of a sentence about its URL."""


class _Guard(httpcore.NetworkBackend):
    """Opens connections, to checked addresses alone and until one moment that is fixed when this is made."""

    def __init__(self, limits: FetchLimits, allow_private: bool) -> None:
        self.limits = limits
        self.allow_private = allow_private
        self.end = time.monotonic() + limits.seconds

    def left(self) -> float:
        """Seconds that are left. Raises _Refused when there are none."""
        seconds = self.end - time.monotonic()
        if seconds <= 0:
            raise self.late()
        return seconds

    def late(self) -> _Refused:
        return _Refused(f"took more than the allowed {self.limits.seconds:g} s")

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> "_Line":
        for address in self._checked_addresses(host, port):
            try:
                return _Line(socket.create_connection((address, port), min(self.left(), self.limits.connect)), self)
            except OSError:
                self.left()  # another of its addresses may answer
        raise _Refused("cannot be reached: nothing answers there")

    def _checked_addresses(self, host: str, port: int) -> list[str]:
        found: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

        def ask() -> None:
            try:
                found.put(addresses_of(host, port))
            except (OSError, ValueError):
                found.put([])

        # getaddrinfo has no time limit of its own, and a stranger's name server may be slow on purpose.
        threading.Thread(target=ask, daemon=True).start()
        try:
            addresses = found.get(timeout=self.left())
        except queue.Empty:
            raise self.late() from None
        if self.allow_private and not addresses:
            raise _Refused("cannot be reached: no such host is known")
        if not self.allow_private and not (addresses and all(map(is_public, addresses))):
            # One answer for both: whether a name is known inside is not a stranger's business.
            raise _Refused("leads to no public address; private, local and reserved ones are not allowed")
        return addresses


class _Line(httpcore.NetworkStream):
    """A connection whose every step ends with its guard's time, however little comes at a time."""

    def __init__(self, line: socket.socket, guard: _Guard) -> None:
        self.line = line
        self.guard = guard

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with self._in_time():
            return self.line.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        while buffer:
            with self._in_time():
                buffer = buffer[self.line.send(buffer) :]

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> "_Line":
        try:
            with self._in_time():
                self.line = ssl_context.wrap_socket(self.line, server_hostname=server_hostname)
        except _Refused:
            self.close()
            raise
        return self

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        self.line.settimeout(self.guard.left())
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            raise _Refused(f"has no certificate that can be trusted: {error.verify_message}") from error
        except TimeoutError:
            raise self.guard.late() from None
        except ssl.SSLError as error:
            raise _Refused(f"does not speak TLS as it should: {error.reason}") from error
        except OSError as error:
            raise _Refused("broke the connection off") from error

    def close(self) -> None:
        self.line.close()

    def get_extra_info(self, info: str) -> None:
        return None

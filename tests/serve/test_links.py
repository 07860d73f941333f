"""Signed links: good for their path alone, until they end."""

import time
from urllib.parse import parse_qs, urlsplit

import pytest

from vitascope.serve.links import is_signed, signed

SECRET = b"s" * 32


def parts(link: str) -> tuple[str, str]:
    query = parse_qs(urlsplit(link).query)
    return query["ends"][0], query["signature"][0]


def test_a_link_is_good_for_its_path_and_secret_alone() -> None:
    ends, signature = parts(signed(SECRET, "files/a/0.mp4"))
    assert is_signed(SECRET, "files/a/0.mp4", ends, signature)
    assert not is_signed(SECRET, "files/b/0.mp4", ends, signature)
    assert not is_signed(b"other", "files/a/0.mp4", ends, signature)
    assert not is_signed(SECRET, "files/a/0.mp4", str(int(ends) + 1), signature)


def test_a_link_ends() -> None:
    ends, signature = parts(signed(SECRET, "files/a/0.mp4", lasts=10, now=time.time() - 11))
    assert not is_signed(SECRET, "files/a/0.mp4", ends, signature)


def test_a_path_with_odd_letters_is_quoted_and_signed_as_it_is() -> None:
    link = signed(SECRET, "files/a/a b?.mp4")
    assert link.startswith("files/a/a%20b%3F.mp4?")
    assert is_signed(SECRET, "files/a/a b?.mp4", *parts(link))


@pytest.mark.parametrize(("ends", "signature"), [("", ""), ("-1", "x"), ("²", "x"), ("9" * 30, "x"), ("1", "\ud800é")])
def test_nonsense_is_no_signature(ends: str, signature: str) -> None:
    assert not is_signed(SECRET, "files/a/0.mp4", ends, signature)

"""Files below a root, on this disk and in S3: whole or not there, seen by all machines at once."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from vitascope.serve.storage import Storage
from vitascope.shot.files import MediaError


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The address of an S3 of our own on the loopback."""
    moto = pytest.importorskip("moto.server")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["disk", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A root that holds nothing yet, of each kind."""
    if request.param == "disk":
        return str(tmp_path / "files")
    s3fs = pytest.importorskip("s3fs")
    names = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}
    for name, value in (names | {"AWS_ENDPOINT_URL": request.getfixturevalue("s3")}).items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    bucket = f"bucket-{os.urandom(4).hex()}"
    fsspec.filesystem("s3").mkdir(bucket)
    return f"s3://{bucket}/root"


@pytest.fixture
def storage(url: str) -> Storage:
    return Storage(url)


def another(storage: Storage, url: str) -> Storage:
    """The same root as another machine sees it: with nothing remembered of it."""
    if storage.local is None:
        type(storage.files).clear_instance_cache()
    return Storage(url)


def test_what_is_put_is_there(storage: Storage) -> None:
    storage.put("a/b/c", b"0123456789")
    assert storage.get("a/b/c") == b"0123456789" and storage.size("a/b/c") == 10 and storage.has("a/b/c")
    assert b"".join(storage.read("a/b/c", 3, 4)) == b"3456"
    assert b"".join(storage.read("a/b/c", 8, 100)) == b"89"
    assert storage.list("a/b") == ["c"]
    storage.put("a/b/c", b"new")
    assert storage.get("a/b/c") == b"new"


def test_a_file_is_taken_whole(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "made").write_bytes(b"film")
    storage.take("results/0.mp4", tmp_path / "made")
    assert storage.get("results/0.mp4") == b"film" and storage.list("results") == ["0.mp4"]


def test_what_is_missing_is_said_to_be(storage: Storage) -> None:
    assert not storage.has("a") and storage.list("a") == []
    for ask in (storage.get, storage.size, storage.open, lambda path: storage.as_file(path).__enter__()):
        with pytest.raises(MediaError, match="a is not in the storage"):
            ask("a")
    storage.remove("a")


def test_a_folder_goes_with_all_that_is_in_it_and_nothing_else(storage: Storage) -> None:
    for path in ("jobs/1/a", "jobs/1/b/c", "jobs/10/a"):
        storage.put(path, b"x")
    storage.remove("jobs/1")
    assert not storage.has("jobs/1/a") and not storage.has("jobs/1/b/c") and storage.has("jobs/10/a")


def test_another_machine_sees_at_once_what_is_put_and_removed(storage: Storage, url: str) -> None:
    other = another(storage, url)
    assert other.list("a") == [] and not other.has("a/b")
    storage.put("a/b", b"x")
    assert other.list("a") == ["b"] and other.has("a/b")
    storage.put("a/c", b"x")
    storage.remove("a/b")
    assert other.list("a") == ["c"] and not other.has("a/b")


def test_a_local_file_of_it_can_be_read(storage: Storage) -> None:
    storage.put("a/b.mp4", b"film")
    with storage.as_file("a/b.mp4") as path:
        assert path.read_bytes() == b"film"
    assert storage.has("a/b.mp4")


def test_no_reader_ever_sees_half_a_file(tmp_path: Path) -> None:
    storage, seen, over = Storage(str(tmp_path)), set[Any](), threading.Event()
    storage.put("a", b"0" * 300_000)

    def read() -> None:
        while not over.is_set():
            data = storage.get("a")
            seen.add((len(data), len(set(data))))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(40):
        (tmp_path / "made").write_bytes(b"%d" % (number % 10) * 300_000)
        storage.take("a", tmp_path / "made")
    over.set()
    reader.join()
    assert seen == {(300_000, 1)}


def test_a_put_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = Storage(str(tmp_path))
    storage.put("a/b", b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises((OSError, MediaError)):
        storage.put("a/b", b"new")
    monkeypatch.undo()
    assert storage.get("a/b") == b"old" and storage.list("a") == ["b"]

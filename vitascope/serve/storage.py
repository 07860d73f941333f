"""Where media and results are kept: a local folder, or whatever fsspec opens by URL (S3, GCS, …). Nothing half-written
is ever seen under its name."""

import contextlib
import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import fsspec
from fsspec.implementations.local import LocalFileSystem

from vitascope.shot.files import MediaError, complete

CHUNK = 2**20


class Storage:
    """Files by their path below a root. Raises MediaError for what is missing or cannot be written."""

    def __init__(self, url: str) -> None:
        # Without lists of what was there a while ago: other machines write there too.
        self.files, self.root = fsspec.core.url_to_fs(url, use_listings_cache=False)
        self.local = Path(self.root) if isinstance(self.files, LocalFileSystem) else None
        if self.local is not None:
            self.local.mkdir(parents=True, exist_ok=True)

    def put(self, path: str, data: bytes) -> None:
        """Keep these bytes under a path. On a local disk they are written beside it and renamed; the others show a file
        only when it is whole."""
        if self.local is not None:
            target = self.local / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with complete(target) as partial, open(partial, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            _on_disk(target.parent)
        else:
            with _told(path):
                self.files.pipe_file(self._at(path), data)

    def take(self, path: str, file: Path) -> None:
        """Keep a finished file under a path; it is moved there where it can be."""
        if self.local is not None:
            target = self.local / path
            target.parent.mkdir(parents=True, exist_ok=True)
            beside = target.with_name(f".{secrets.token_hex(8)}.part")
            try:
                shutil.move(file, beside)
                with open(beside, "rb") as written:
                    os.fsync(written.fileno())
                os.replace(beside, target)
                _on_disk(target.parent)
            finally:
                beside.unlink(missing_ok=True)
        else:
            with _told(path):
                self.files.put_file(str(file), self._at(path))

    def get(self, path: str) -> bytes:
        with _told(path):
            return cast(bytes, self.files.cat_file(self._at(path)))

    def size(self, path: str) -> int:
        with _told(path):
            return int(self.files.size(self._at(path)))

    def has(self, path: str) -> bool:
        with _told(path):
            return bool(self.files.exists(self._at(path)))

    def open(self, path: str) -> BinaryIO:
        with _told(path):
            return cast(BinaryIO, self.files.open(self._at(path), "rb"))

    def read(self, path: str, start: int, length: int) -> Iterator[bytes]:
        """These bytes of a file, in pieces."""
        with self.open(path) as file:
            file.seek(start)
            while length > 0 and (piece := file.read(min(CHUNK, length))):
                length -= len(piece)
                yield piece

    @contextmanager
    def as_file(self, path: str) -> Iterator[Path]:
        """A local file of these bytes, for as long as it is needed: the file itself, or a copy."""
        if self.local is not None:
            if not (self.local / path).is_file():
                raise MediaError(f"{path} is not in the storage")
            yield self.local / path
            return
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / Path(path).name
            with _told(path):
                self.files.get_file(self._at(path), str(target))
            yield target

    def list(self, folder: str) -> list[str]:
        """The names of the files in a folder; none where there is no folder."""
        try:
            return [str(name).rpartition("/")[2] for name in self.files.ls(self._at(folder), detail=False)]
        except FileNotFoundError:
            return []

    def remove(self, path: str) -> None:
        """Remove a file, or a folder with all that is in it, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            self.files.rm(self._at(path), recursive=True)

    def _at(self, path: str) -> str:
        return f"{str(self.root).rstrip('/')}/{path}"


def media_path(sha256: str) -> str:
    return f"media/{sha256[:2]}/{sha256}"


def sha256_of(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _on_disk(folder: Path) -> None:
    """Write down that a file is in this folder: else its name may be lost with the power."""
    with contextlib.suppress(OSError):  # not every file system lets a folder be opened
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise MediaError(f"{path} is not in the storage") from None
    except OSError as error:
        raise MediaError(f"{path} cannot be read or written: {error.strerror or error}") from error

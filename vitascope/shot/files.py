"""Files that are read by name or from memory, and written whole or not at all."""

import io
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

SHOT_KEY = "vitascope"  # of the shot's JSON in what is written
SOUND_RATE = 48_000
Source = str | Path | bytes  # a file's path, or its bytes


class MediaError(ValueError):
    """A file that cannot be read or written: which one, what is wrong, what is allowed."""


def named(source: Source) -> str:
    """How errors name a file, or bytes in memory."""
    return f"({len(source)} bytes)" if isinstance(source, bytes) else repr(str(source))


@contextmanager
def opened(source: Source) -> Iterator[BinaryIO]:
    """An open file to read. Raises MediaError when it cannot be opened."""
    if isinstance(source, bytes):
        yield io.BytesIO(source)
        return
    try:
        file = open(source, "rb")  # noqa: SIM115 (closed below; only the opening may become this error)
    except (OSError, ValueError) as error:  # ValueError: a name with a null byte
        raise MediaError(f"cannot read {named(source)}: {getattr(error, 'strerror', None) or error}") from error
    with file:
        yield file


@contextmanager
def complete(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to, which takes its place when all went well and is removed when not."""
    partial = _beside(path)
    try:
        with open(partial, "xb"):
            pass
    except OSError as error:
        raise MediaError(f"cannot write in the folder {path.parent}: {error.strerror or error}") from error
    try:
        yield partial
        os.replace(partial, path)
    except OSError as error:
        raise MediaError(f"cannot write {str(path)!r}: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def complete_folder(path: Path, ours: re.Pattern[str]) -> Iterator[Path]:
    """A folder beside `path` to write to, which takes its place when all went well and is removed when not. What is
    there already is replaced only if it is a folder that holds nothing but files whose names match `ours`."""
    path = Path(os.path.realpath(path))
    check_folder(path, ours)
    partial, before = _beside(path), _beside(path)
    try:
        partial.mkdir()
    except OSError as error:
        raise MediaError(f"cannot write in the folder {path.parent}: {error.strerror or error}") from error
    try:
        yield partial
        check_folder(path, ours)
        if path.exists():
            os.rename(path, before)
        os.rename(partial, path)
    except OSError as error:
        raise MediaError(f"cannot write {str(path)!r}: {error.strerror or error}") from error
    finally:
        if before.exists() and not path.exists():
            os.rename(before, path)
        for folder in (partial, before):
            shutil.rmtree(folder, ignore_errors=True)


def check_folder(path: Path, ours: re.Pattern[str]) -> None:
    """Raise MediaError when a folder cannot be written here, or replaced without losing files not named like `ours`."""
    _beside(path)
    if not path.exists():
        return
    if not path.is_dir():
        raise MediaError(f"cannot write the folder {str(path)!r}: there is a file of that name")
    try:
        others = sorted(entry.name for entry in os.scandir(path) if entry.is_dir() or not ours.fullmatch(entry.name))
    except OSError as error:
        raise MediaError(f"cannot read the folder {str(path)!r}: {error.strerror or error}") from error
    if others:
        raise MediaError(f"cannot replace the folder {str(path)!r}: it also holds {others[0]!r}")


def _beside(path: Path) -> Path:
    """A new hidden name beside `path`. Raises MediaError when nothing can be written there."""
    if "\0" in str(path):
        raise MediaError(f"cannot write {str(path)!r}: a name cannot hold a null byte")
    if not path.parent.is_dir():
        raise MediaError(f"cannot write {path.name!r}: the folder {path.parent} does not exist")
    return path.parent / f".{secrets.token_hex(8)}.part"


def check_suffix(path: Path, allowed: tuple[str, ...]) -> None:
    """Raise MediaError for a file's name that does not end in one of these."""
    if path.suffix.lower() not in allowed:
        raise MediaError(f"cannot write {path.name!r}: the name should end in one of {', '.join(allowed)}")

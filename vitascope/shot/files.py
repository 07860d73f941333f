"""Files that are read by name or from memory, and written whole or not at all."""

import io
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

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
    if "\0" in str(path):
        raise MediaError(f"cannot write {str(path)!r}: a name cannot hold a null byte")
    if not path.parent.is_dir():
        raise MediaError(f"cannot write {path.name!r}: the folder {path.parent} does not exist")
    partial = path.parent / f".{secrets.token_hex(8)}.part"
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


def check_suffix(path: Path, allowed: tuple[str, ...]) -> None:
    """Raise MediaError for a file's name that does not end in one of these."""
    if path.suffix.lower() not in allowed:
        raise MediaError(f"cannot write {path.name!r}: the name should end in one of {', '.join(allowed)}")

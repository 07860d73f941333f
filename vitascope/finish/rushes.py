"""The windows of a film as they were made, kept on disk: a long film never stands in memory, and one that was stopped
goes on where it was."""

import hashlib
import json
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vitascope.shot.files import MediaError, complete
from vitascope.shot.shot import Shot

Frames = NDArray[np.uint8]  # T H W 3

KEY = "shot.json"
NAMES = (KEY, "[0-9][0-9][0-9].npy", "[0-9][0-9][0-9].small.npy")


class Take(NamedTuple):
    """A window that was made."""

    frames: Frames  # at the largest size that the network makes
    small: Frames  # the last ones at its first size, which the next window goes on from


class Rushes:
    """Windows by their number, at most a thousand, in a folder. Raises MediaError for what cannot be read or written.

    With a name they stay until they are let go; without one they are gone with this object."""

    def __init__(self, shot: Shot, weights: str, folder: Path | None = None, *, resume: bool = False) -> None:
        """The windows that `shot` becomes by the weights of this checksum. Those that the folder holds already are
        kept with `resume`, and else made anew. Raises MediaError, with `resume`, for those of another shot."""
        self.folder = folder or Path(tempfile.mkdtemp(prefix="vitascope-"))
        if folder is None:
            weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        asked = hashlib.sha256(f"{shot.to_json()} {weights}".encode()).hexdigest()
        if self.folder.exists() and folder is not None:
            if not resume:
                _clear(self.folder)
            elif (found := self._asked()) != asked:
                other = "is of another shot or of other weights" if found else "holds no film that was stopped"
                raise MediaError(f"resume: {folder} {other}; leave --resume away to begin anew")
        try:
            self.folder.mkdir(exist_ok=True)
        except OSError as error:
            raise MediaError(f"cannot make the folder {self.folder}: {error.strerror or error}") from error
        with complete(self.folder / KEY) as path:
            path.write_text(json.dumps({"asked": asked, "text": shot.text}) + "\n", encoding="utf-8")

    def _asked(self) -> str | None:
        try:
            return str(json.loads((self.folder / KEY).read_text(encoding="utf-8"))["asked"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, number: int, take: Take) -> None:
        for array, path in zip((take.small, take.frames), reversed(self._paths(number)), strict=True):
            with complete(path) as partial, open(partial, "wb") as file:  # the frames last: then all is there
                np.save(file, array)

    def get(self, number: int) -> Take | None:
        """A window's frames, read from disk only when they are looked at; None where it has not been made."""
        frames, small = self._paths(number)
        if not frames.is_file():
            return None
        try:
            return Take(np.load(frames, mmap_mode="r"), np.load(small))
        except (OSError, ValueError) as error:
            raise MediaError(f"resume: {frames} is damaged ({error}); remove {self.folder} and begin anew") from None

    def _paths(self, number: int) -> tuple[Path, Path]:
        return self.folder / f"{number:03}.npy", self.folder / f"{number:03}.small.npy"

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        """The frames of all windows, one after the other."""
        number = 0
        while (take := self.get(number)) is not None:
            for frame in take.frames:
                yield np.array(frame)
            number += 1

    def let_go(self) -> None:
        """The film is there: the windows are removed with this object, and the folder if nothing else is in it."""
        weakref.finalize(self, _clear, self.folder)


def _clear(folder: Path) -> None:
    for name in NAMES:
        for path in folder.glob(name):
            path.unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()

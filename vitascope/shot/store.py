"""Media in a folder, by SHA-256."""

import hashlib
import re
from pathlib import Path

from vitascope.shot.files import MediaError, complete
from vitascope.shot.shot import MAX_INLINE_BYTES, Media, MediaKind


def data_of(media: Media, store: "MediaStore | None" = None) -> bytes:
    """The bytes of media, carried inline or kept in the store. Raises MediaError when they are in neither."""
    if media.data is not None:
        return media.data
    if store is None:
        raise MediaError(f"the media {media.sha256[:12]} are named but not carried, and there is no store to look in")
    return store.get(media.sha256)


class MediaStore:
    """A folder of media addressed by SHA-256: equal bytes are kept once, and checked whenever they are read."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def put(self, data: bytes, kind: MediaKind = "picture") -> Media:
        """Keep these bytes and return their name (without the bytes). Raises MediaError."""
        media = Media.of(data, kind).without_data()
        path = self._path(media.sha256)
        if not path.exists():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise MediaError(f"cannot write in the folder {self.folder}: {error.strerror or error}") from error
            with complete(path) as partial:
                partial.write_bytes(data)
        return media

    def get(self, sha256: str) -> bytes:
        """The bytes of this name. Raises MediaError when they are missing or have changed."""
        if not re.fullmatch("[0-9a-f]{64}", sha256):
            raise MediaError(f"media are named by 64 hexadecimal digits (SHA-256), but {sha256[:80]!r} was given")
        path = self._path(sha256)
        try:
            if (size := path.stat().st_size) > MAX_INLINE_BYTES:
                raise MediaError(f"the media {sha256[:12]} have {size} bytes; at most {MAX_INLINE_BYTES} are allowed")
            data = path.read_bytes()
        except FileNotFoundError:
            raise MediaError(f"the media {sha256[:12]} are not in the store {self.folder}") from None
        except OSError as error:
            raise MediaError(f"cannot read the media {sha256[:12]}: {error.strerror or error}") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise MediaError(
                f"the media {sha256[:12]} in the store {self.folder} have changed since they were put there"
            )
        return data

    def _path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256

"""Links that need no key: a signature in the URL, which ends at a time, says that the server has given it out."""

import hashlib
import hmac
import time
from urllib.parse import quote

LASTS = 86_400.0  # seconds


def signed(secret: bytes, path: str, lasts: float = LASTS, now: float | None = None) -> str:
    """The path (below the server's root, not yet quoted) with when it ends and a signature."""
    ends = int((time.time() if now is None else now) + lasts)
    return f"{quote(path)}?ends={ends}&signature={_signature(secret, path, ends)}"


def is_signed(secret: bytes, path: str, ends: str, signature: str) -> bool:
    """Whether a path's signature is ours and has not ended."""
    if not (ends.isascii() and ends.isdigit() and len(ends) <= 12):
        return False
    good = hmac.compare_digest(_signature(secret, path, int(ends)).encode(), signature.encode("utf-8", "replace"))
    return good and int(ends) > time.time()


def _signature(secret: bytes, path: str, ends: int) -> str:
    return hmac.new(secret, f"{path}\n{ends}".encode(), hashlib.sha256).hexdigest()

"""Keys: made, listed, revoked, and recognised. Only their hashes are kept."""

import hashlib
import hmac
import re
import secrets
import string
import time
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import RowMapping, select

from vitascope.serve.database import Database, keys
from vitascope.serve.settings import TIERS, SettingsError, Tier

START = "vita_"
LENGTH = 32
_LETTERS = string.ascii_letters + string.digits
_FORM = re.compile(rf"{START}[A-Za-z0-9]{{{LENGTH}}}")


@dataclass(frozen=True)
class Key:
    """A key as the server knows it; times are seconds since 1970."""

    id: str
    name: str
    hint: str
    tier: Tier
    created: float
    revoked: float | None


class Keys:
    """The keys of a database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def create(self, name: str, tier: str = "usual") -> tuple[str, Key]:
        """A new key, which is told only here, and what is kept of it. Raises SettingsError for an unknown tier."""
        if tier not in TIERS:
            raise SettingsError(f"tier: {tier!r} was given, there are {', '.join(TIERS)}")
        secret = START + "".join(secrets.choice(_LETTERS) for _ in range(LENGTH))
        values = {"id": secrets.token_hex(8), "hash": _hash(secret), "name": name, "hint": secret[-4:], "tier": tier}
        with self.database.writing() as connection:
            row = connection.execute(
                sa.insert(keys).values(**values, created=time.time(), revoked=None).returning(*keys.c)
            ).mappings().one()  # fmt: skip
        return secret, _key(row)

    def list(self) -> list[Key]:
        """All keys, oldest first, revoked ones too."""
        with self.database.reading() as connection:
            return [_key(row) for row in connection.execute(select(keys).order_by(keys.c.created)).mappings()]

    def revoke(self, named: str) -> bool:
        """Refuse a key from now on, by its id or by itself; False where there is none."""
        which = sa.or_(keys.c.id == named, keys.c.hash == _hash(named))
        with self.database.writing() as connection:
            changed = connection.execute(
                sa.update(keys).where(which, keys.c.revoked.is_(None)).values(revoked=time.time())
            )
        return changed.rowcount > 0

    def find(self, secret: str) -> Key | None:
        """Whose key this is; None for one that is unknown or revoked."""
        if not _FORM.fullmatch(secret):
            return None
        wanted = _hash(secret)
        with self.database.reading() as connection:
            row = connection.execute(select(keys).where(keys.c.hash == wanted)).mappings().first()
        if row is None or not hmac.compare_digest(row["hash"], wanted) or row["revoked"] is not None:
            return None
        return _key(row)

    def get(self, id: str) -> Key | None:
        """A key by its id; None for one that is unknown or revoked."""
        with self.database.reading() as connection:
            row = connection.execute(select(keys).where(keys.c.id == id)).mappings().first()
        return None if row is None or row["revoked"] is not None else _key(row)


def _hash(secret: str) -> str:
    # 190 random bits need no salt and no slow hash: there is nothing to guess.
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _key(row: RowMapping) -> Key:
    return Key(row["id"], row["name"], row["hint"], TIERS[row["tier"]], row["created"], row["revoked"])

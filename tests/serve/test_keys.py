"""Keys are told once, kept as hashes, and known until they are revoked."""

import re

import pytest
import sqlalchemy as sa

from vitascope.serve.database import Database, keys
from vitascope.serve.keys import Keys
from vitascope.serve.settings import SettingsError


def test_a_key_is_known_by_itself_alone(database: Database) -> None:
    known = Keys(database)
    secret, key = known.create("Anna's", "free")
    assert re.fullmatch(r"vita_[A-Za-z0-9]{32}", secret)
    assert known.find(secret) == key and (key.name, key.tier.name, key.hint) == ("Anna's", "free", secret[-4:])
    for other in (secret[:-1], secret + "a", secret.swapcase(), "", "vita_" + "a" * 32, "é" * 37):
        assert known.find(other) is None


def test_the_key_itself_is_nowhere_in_the_database(database: Database) -> None:
    secret, _ = Keys(database).create("")
    with database.reading() as connection:
        row = connection.execute(sa.select(keys)).one()
    assert all(secret[5:] not in str(value) for value in row)


@pytest.mark.parametrize("by", ["id", "secret"])
def test_a_revoked_key_is_unknown_at_once(database: Database, by: str) -> None:
    known = Keys(database)
    secret, key = known.create("")
    kept, _ = known.create("")
    assert known.revoke(key.id if by == "id" else secret)
    assert known.find(secret) is None and known.find(kept) is not None
    assert not known.revoke(key.id) and not known.revoke("nobody's")
    assert [one.revoked is None for one in known.list()] == [False, True]


def test_an_unknown_tier_is_refused(database: Database) -> None:
    with pytest.raises(SettingsError, match="'gold' was given, there are free, usual, first"):
        Keys(database).create("", "gold")

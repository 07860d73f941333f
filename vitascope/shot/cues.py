"""The cue sheet: what is heard when, as JSON that a person can read and edit."""

import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from vitascope.shot.shot import Cue, ShotError
from vitascope.shot.value import checked

MAX_CUES = 200_000
MAX_BYTES = 64 * 2**20


def write_cues(path: str | Path, cues: Iterable[Cue]) -> None:
    """Write a cue sheet: a JSON list, one cue a line, without what is left to its default. Raises ShotError."""
    path = Path(path)
    lines = [json.dumps(cue.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False) for cue in cues]
    text = "[\n" + ",\n".join(lines) + "\n]\n"
    beside = path.with_name(f".{secrets.token_hex(8)}.json")
    try:
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, path)
    except OSError as error:
        raise ShotError(f"cues: cannot write {path}: {error.strerror or error}") from error
    finally:
        beside.unlink(missing_ok=True)


def read_cues(path: str | Path) -> tuple[Cue, ...]:
    """The cues of a sheet, in the order of their times. Raises ShotError, which tells the cue and the field."""
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ShotError(f"cues: {path} should have at most {MAX_BYTES} bytes, but has {path.stat().st_size}")
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        if isinstance(error, ShotError):
            raise
        raise ShotError(f"cues: cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    if not isinstance(found, list) or len(found) > MAX_CUES:
        raise ShotError(f"cues: {path} should hold a list of at most {MAX_CUES} cues")
    cues = []
    for number, fields in enumerate(found):
        if not isinstance(fields, dict):
            raise ShotError(
                f"cues: number {number} in {path} should be an object with a time and a kind, but was {fields!r:.60}"
            )
        try:
            cues.append(checked(Cue, fields))
        except ShotError as error:
            raise ShotError(f"cues: number {number} in {path}: {error}") from None
    return tuple(sorted(cues, key=lambda cue: cue.time))

"""A job: what was asked of the queue, and how it stands."""

import hashlib
import json
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from pydantic import TypeAdapter
from sqlalchemy import RowMapping

from vitascope.serve.expiry import folder_of
from vitascope.serve.settings import Tier
from vitascope.serve.work import Result, Work
from vitascope.shot.shot import Shot

State = Literal["queued", "running", "done", "failed", "cancelled"]
ENDED = ("done", "failed", "cancelled")
_RESULTS = TypeAdapter(list[Result])


class Full(Exception):
    """A queue that takes no more of this key, and why."""


class Taken(Exception):
    """A client's own id for a job that another of its jobs has."""


@dataclass(frozen=True)
class New:
    """A job as a protocol asks for it."""

    key: str
    protocol: str
    work: Work
    cost: float
    tier: Tier
    collection: str = ""
    said: dict[str, Any] = field(default_factory=dict)
    external: str | None = None
    idempotency: str | None = None
    callback: str | None = None
    reuse: bool = False  # whether an equal job's result may be the answer


@dataclass(frozen=True)
class Job:
    """A job as it stands now. Times are seconds since 1970."""

    id: str
    key: str
    protocol: str
    collection: str
    state: State
    raw: str  # JSON of its work
    said: dict[str, Any]
    external: str | None
    callback: str | None
    model: str
    cost: float
    wait: float
    most: int
    created: float
    started: float | None
    ended: float | None
    expires: float | None
    tries: int
    deaths: int
    asked_to_stop: bool
    stage: str
    share: float
    code: str | None
    message: str | None
    results: tuple[Result, ...]

    @cached_property
    def work(self) -> Work:
        return Work.model_validate_json(self.raw)

    @property
    def shot(self) -> Shot:
        return self.work.shot

    def result(self, *roles: str) -> Result | None:
        """The first result of one of these roles."""
        return next((one for one in self.results if one.role in roles), None)

    def file(self, name: str) -> Result | None:
        """The result whose file has this name."""
        return next((one for one in self.results if one.name == name), None)

    @property
    def folder(self) -> str:
        """Where its results are in the storage."""
        return folder_of(self.id, self.tries)


_last_id, _ids = 0, threading.Lock()


def new_id() -> str:
    """32 hexadecimal digits in the order of time, and of this process's calls (UUID version 7, RFC 9562)."""
    global _last_id
    with _ids:
        # Milliseconds, and 12 bits more that count on where the clock has not moved, or has been put back.
        _last_id = max(_last_id + 1, time.time_ns() // 1_000_000 << 12)
        now, count = _last_id >> 12, _last_id & 0xFFF
    random = int.from_bytes(os.urandom(8), "big") & (1 << 62) - 1
    return f"{now << 80 | 0x7 << 76 | count << 64 | 0b10 << 62 | random:032x}"


def digest_of(work: Work) -> str:
    return hashlib.sha256(work.model_dump_json().encode()).hexdigest()


def row_of(new: New) -> dict[str, Any]:
    """The row of a new job, all but when it was put."""
    nothing = ("first", "started", "ended", "expires", "worker", "lease", "code", "message")
    return dict.fromkeys(nothing) | {
        "id": new_id(),
        "key": new.key,
        "protocol": new.protocol,
        "collection": new.collection,
        "state": "queued",
        "work": new.work.model_dump_json(exclude_unset=True),
        "said": json.dumps(new.said),
        "digest": digest_of(new.work),
        "external": new.external,
        "idempotency": new.idempotency,
        "callback": new.callback,
        "model": new.work.shot.model,
        "cost": new.cost,
        "wait": new.tier.wait,
        "most": new.tier.running,
        "tries": 0,
        "deaths": 0,
        "asked_to_stop": False,
        "stage": "",
        "share": 0.0,
        "results": "[]",
        "bytes": 0,
    }


def job_of(row: Mapping[str, Any] | RowMapping) -> Job:
    """The job of a row of the table."""
    taken = {name: row[name] for name in _TAKEN}
    results = () if row["results"] == "[]" else tuple(_RESULTS.validate_json(row["results"]))
    return Job(**taken, raw=row["work"], said=json.loads(row["said"]), results=results)


_TAKEN = tuple(name for name in Job.__dataclass_fields__ if name not in ("raw", "said", "results"))

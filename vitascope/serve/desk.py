"""The desk: what every protocol does with a request once it knows what is wanted. Media are taken in, work is checked,
weighed and put into the queue, results are given out."""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import sqlalchemy as sa
from sqlalchemy import func, select
from starlette.responses import Response, StreamingResponse

from vitascope.model.card import Refused, check, models
from vitascope.serve import cost, links
from vitascope.serve.database import Database, jobs, media, notes
from vitascope.serve.expiry import keep_upload
from vitascope.serve.fetch import FetchError, fetch
from vitascope.serve.forecast import Forecast
from vitascope.serve.jobs import ENDED, Full, Job, Jobs, New, Taken, new_id
from vitascope.serve.keys import Key, Keys
from vitascope.serve.limits import Limiter
from vitascope.serve.problem import Problem
from vitascope.serve.protocol import Call, Upload
from vitascope.serve.settings import DAY, Settings
from vitascope.serve.sniff import SniffError, checked_media, from_base64
from vitascope.serve.storage import Storage, media_path
from vitascope.serve.work import Result, Work
from vitascope.shot.files import MediaError
from vitascope.shot.media import FilmInfo, probe
from vitascope.shot.shot import MAX_INLINE_BYTES, Media, MediaKind, Quality, Shot, ShotError
from vitascope.shot.value import checked

SECOND_LOOK = 5.0  # seconds for which a key's stored bytes are believed


@dataclass(frozen=True)
class Note:
    """Something small that a protocol remembers: an upload that has begun, a character, a file."""

    id: str
    kind: str
    data: dict[str, Any]
    created: float
    expires: float | None
    key: str = ""  # whose it is


@dataclass
class Desk:
    """All that stands behind the protocols."""

    settings: Settings
    database: Database
    storage: Storage
    keys: Keys
    jobs: Jobs
    forecast: Forecast
    limiter: Limiter
    link_secret: bytes
    _stored: dict[str, tuple[float, int]] = field(default_factory=dict)

    @classmethod
    def open(cls, settings: Settings) -> "Desk":
        database = Database(settings.store)
        secret = _link_secret(database)
        storage = Storage(settings.media)
        queue = Jobs(database, settings.expire_days * DAY, announced=bool(settings.webhook_url))
        return cls(settings, database, storage, Keys(database), queue, Forecast(database), Limiter(), secret)

    # --- what is asked ------------------------------------------------------------------------------------------------

    def model(self, name: str | None, theirs: Mapping[str, Quality]) -> tuple[str, Quality]:
        """The model of ours behind a service's model name, or of that very name, and its quality. Raises Problem."""
        if name is None:
            return self.settings.model, "best"
        if name in theirs:
            return self.settings.model, theirs[name]
        if name in models():
            return name, "best"
        known = ", ".join([*theirs, *models()])
        raise Problem("model", f"there is no model {name[:80]!r}; there are {known}", "model")

    def media(self, call: Call, source: Any, kind: MediaKind | None, name: str) -> Media:
        """Media from what a client gives in the field of this `name`: the URL of a file, a data URI, base64 or an
        uploaded part. They carry their bytes, and are kept. Raises Problem."""
        try:
            if isinstance(source, Upload):
                data = source.data
            elif isinstance(source, bytes):
                data = source
            elif isinstance(source, str) and source[:8].lower().startswith(("http://", "https://")):
                data = self._own(source) or fetch(source, allow_private=self.settings.allow_private)
            elif isinstance(source, str) and source:
                data = from_base64(source, MAX_INLINE_BYTES)
            else:
                raise Problem("invalid", f"{name} should be a file, a URL or base64", name)
            found = checked_media(data, kind)
        except (FetchError, SniffError, MediaError, ShotError) as error:
            raise Problem("invalid", f"{name}: {error}", name) from None
        self.keep(call.key, found)
        return found

    def _own(self, url: str) -> bytes | None:
        """What a link of this server's own leads to: its address may be one that must not be fetched from. None for any
        other URL."""
        try:
            link = urlsplit(url)
            given = dict(parse_qsl(link.query))
            path = "files/" + unquote(link.path.partition("/files/")[2])
            if not links.is_signed(self.link_secret, path, given.get("ends", ""), given.get("signature", "")):
                return None
        except ValueError:
            return None
        _, id, name = path.split("/")
        job = self.jobs.get(id)
        result = None if job is None else job.file(name)
        if job is None or result is None or result.bytes > MAX_INLINE_BYTES:
            return None
        return self.storage.get(f"{job.folder}/{result.name}")

    def keep(self, key: Key, found: Media) -> None:
        """Put media into the storage, as this key's. Raises Problem where it holds too much already."""
        assert found.data is not None
        path, expires = media_path(found.sha256), time.time() + self.settings.expire_days * DAY
        with self.database.reading() as connection:
            known = connection.execute(select(media.c.key).where(media.c.sha256 == found.sha256)).scalars().all()
        if key.id not in known:
            self.check_room(key, len(found.data))
        if not self.storage.has(path):
            self.storage.put(path, found.data)
        values = {"kind": found.kind, "mime": "", "path": path, "bytes": len(found.data), "created": time.time()}
        with self.database.writing() as connection:
            keep_upload(connection, values | {"key": key.id, "sha256": found.sha256, "expires": expires})
        if not self.storage.has(path):  # it was trash, and has been removed just now
            self.storage.put(path, found.data)

    def named(self, key: Key, sha256: str, name: str) -> Media:
        """Media of this key that are kept already, without their bytes. Raises Problem for those of others too."""
        with self.database.reading() as connection:
            kind = connection.execute(
                select(media.c.kind).where(media.c.key == key.id, media.c.sha256 == sha256)
            ).scalar_one_or_none()
        if kind is None:
            raise Problem("invalid", f"{name}: there are no media {sha256[:12]}…; upload them first", name)
        return Media(sha256=sha256, kind=kind)

    def kept(self, key: Key, sha256: str) -> Mapping[str, Any]:
        """What is known of media of this key. Raises Problem."""
        with self.database.reading() as connection:
            which = (media.c.key == key.id, media.c.sha256 == sha256)
            row = connection.execute(select(media).where(*which)).mappings().first()
        if row is None:
            raise Problem("not_found", f"there are no media {sha256[:12]!r}", "sha256")
        return dict(row)

    def info(self, key: Key, film: Media) -> FilmInfo:
        """What a film of this key is. Raises Problem."""
        row = self.kept(key, film.sha256)
        try:
            with self.storage.as_file(row["path"]) as path:
                return probe(path)
        except MediaError as error:
            raise Problem("invalid", str(error)) from None

    def wait(self, job: Job, seconds: float = 300.0, cancel: bool = True) -> Job:
        """The job when it has ended. Where that takes longer it is cancelled, and Problem raised; or, if that is not
        wanted, it is given as it stands then. Raises Problem also for one that is deleted."""
        until = time.monotonic() + seconds
        while (found := self.jobs.get(job.id)) is not None and found.state not in ENDED:
            if time.monotonic() > until:
                if not cancel:
                    return found
                self.jobs.cancel(job.id)
                raise Problem("busy", f"it was not there after {seconds:g} s", retry_after=30)
            time.sleep(0.1)
        if found is None:
            raise Problem("not_found", "it has been deleted")
        return found

    def result(self, call: Call, id: str, name: str, *roles: str) -> tuple[Job, Media]:
        """A finished job of this key and protocol, and its film (or what else is wanted) as media. Raises Problem."""
        job = self.jobs.get(id, key=call.key.id, protocol=call.protocol.name)
        if job is None:
            raise Problem("not_found", f"{name}: there is no {id[:80]!r}", name)
        found = job.result(*(roles or ("film",)))
        if found is None:
            raise Problem("invalid", f"{name}: {id[:80]!r} is {job.state} and has no {(roles or ('film',))[0]}", name)
        kind: MediaKind = "film" if found.role == "film" else "sound" if found.role == "sound" else "picture"
        return job, Media(sha256=found.sha256, kind=kind)

    def shot(self, **fields: Any) -> Shot:
        """A Shot of these fields. Raises Problem."""
        try:
            return Shot.checked(**fields)
        except ShotError as error:
            raise invalid(error) from None

    def tuned(self, call: Call, shot: Shot) -> Shot:
        """The Shot with what only this server knows, from a client's extra_body: seed, steps, guidance and
        negative_prompt. Raises Problem."""
        changes: dict[str, Any] = {}
        if call.fields.get("seed") is not None:
            changes["seed"] = call.whole("seed", 0, 0, 2**63 - 1)
        if call.fields.get("steps") is not None:
            changes["steps"] = call.whole("steps", 16, 1, 1000)
        if call.fields.get("guidance") is not None:
            changes["guidance"] = call.number("guidance", 3.0, 0.0, 30.0)
        if negative := call.text("negative_prompt", ""):
            changes["negative"] = negative
        try:
            return shot.with_(**changes)
        except ShotError as error:
            raise invalid(error) from None

    def order(
        self,
        call: Call,
        fields: Mapping[str, Any],
        *,
        collection: str = "",
        said: Mapping[str, Any] | None = None,
        external: str | None = None,
        callback: str | None = None,
        reuse: bool = False,
    ) -> Job:
        """Put work (the fields of a Work) into the queue. Raises Problem for what cannot be made, or not in time."""
        key = call.key
        try:
            work = checked(Work, dict(fields))
            work = self._checked(key, work)
            price = cost.cost_of(work, {name: self._length(key, film) for name, film in work.films.items()})
        except (ShotError, Refused) as error:
            raise invalid(error) from None
        idempotency = call.header("idempotency-key")
        if idempotency and (job := self.jobs.earlier(key.id, call.protocol.name, idempotency)) is not None:
            return job
        self.check_room(key, 0)
        self._check_promise(key)
        new = New(
            key=key.id,
            protocol=call.protocol.name,
            work=work,
            cost=price,
            tier=key.tier,
            collection=collection,
            said=dict(said or {}),
            external=external,
            idempotency=idempotency,
            callback=callback,
            reuse=reuse,
        )
        try:
            return self.jobs.put(new)
        except Full as full:
            begins = self.forecast.as_first(key.id, key.tier.wait)
            raise Problem("full", str(full), retry_after=min(max(1.0, begins), 3600)) from None
        except Taken:
            raise Problem("invalid", f"there is a job {new.external!r} already", code="taken") from None

    def check(self, shot: Shot) -> None:
        """Raise Problem for what the Shot's model cannot make."""
        try:
            check(_carrying(shot), cost.card_of(shot.model)[0])
        except Refused as error:
            raise invalid(error) from None

    def _checked(self, key: Key, work: Work) -> Work:
        """The work as the queue keeps it: one that the model can make, with its media by name. Raises
        Problem."""
        shot = work.shot
        if work.task in ("shot", "reframe") and not (work.restyle or work.inpaint):
            self.check(shot)
        for name, film in work.films.items():
            self.named(key, film.sha256, name)
        return Work.model_validate(_without_data(work.model_dump(exclude_unset=True)))

    def _length(self, key: Key, film: Media) -> float:
        """Seconds of a film; 0 for a picture."""
        return 0.0 if film.kind == "picture" else self.info(key, film).seconds

    def check_room(self, key: Key, more: int) -> None:
        """Raise Problem where a key's files would take more than its tier allows."""
        now = time.monotonic()
        seen, total = self._stored.get(key.id, (-1e9, 0))
        if now - seen > SECOND_LOOK:
            with self.database.reading() as connection:
                total = sum(
                    connection.execute(
                        select(func.coalesce(func.sum(table.c.bytes), 0)).where(
                            table.c.key == key.id, table.c.bytes > sa.literal_column("0")
                        )
                    ).scalar_one()
                    for table in (jobs, media)
                )
            seen = now
        if total + more > key.tier.gigabytes * 1e9:
            message = f"your files take {total / 1e9:.2f} GB, at most {key.tier.gigabytes:g} may; delete some"
            raise Problem("full", message, retry_after=60)
        self._stored[key.id] = (seen, int(total) + more)  # what comes within these seconds counts too

    def _check_promise(self, key: Key) -> None:
        begins = self.forecast.as_first(key.id, key.tier.wait)
        if begins > key.tier.wait:
            message = (
                f"the queue is too long: it would begin in about {begins:.0f} s and your tier promises "
                f"{key.tier.wait:.0f} s"
            )
            raise Problem("busy", message, retry_after=min(begins - key.tier.wait + 1, 3600))

    # --- what is given out --------------------------------------------------------------------------------------------

    def job(self, call: Call, id: str, *collections: str) -> Job:
        """A job of this key and protocol. Raises Problem, also for those of others."""
        job = self.jobs.get(id, key=call.key.id, protocol=call.protocol.name)
        if job is None or (collections and job.collection not in collections):
            raise Problem("not_found", f"there is no {id[:80]!r}", "id")
        return job

    def base(self, call: Call) -> str:
        """The URL at which clients reach this server, without a slash at its end."""
        return self.settings.public_url or str(call.request.base_url).rstrip("/")

    def link(self, base: str, job: Job, result: Result) -> str:
        """A URL of a result that needs no key, and ends."""
        return f"{base}/{links.signed(self.link_secret, f'files/{job.id}/{result.name}')}"

    def content(self, job: Job, result: Result, range_header: str | None = None, whole: bool = True) -> Response:
        """A result's bytes, or the part of them that a player asks for. `whole` is False for HEAD."""
        return self.file(f"{job.folder}/{result.name}", result.bytes, result.mime, range_header, whole)

    def file(self, path: str, length: int, mime: str, range_header: str | None, whole: bool = True) -> Response:
        headers = {"accept-ranges": "bytes", "cache-control": "private", "x-content-type-options": "nosniff"}
        try:
            start, end = _range(range_header, length)
        except ValueError:
            return Response(status_code=416, headers={"content-range": f"bytes */{length}"})
        partial = range_header is not None and (start, end) != (0, length)
        headers["content-length"] = str(end - start)
        if partial:
            headers["content-range"] = f"bytes {start}-{end - 1}/{length}"
        if not self.storage.has(path):
            raise Problem("not_found", "the file has expired")
        body = self.storage.read(path, start, end - start) if whole else iter(())
        return StreamingResponse(body, 206 if partial else 200, headers, mime)

    # --- what protocols remember --------------------------------------------------------------------------------------

    def note(
        self, protocol: str, key: str, kind: str, data: dict[str, Any], lasts: float | None = None, id: str = ""
    ) -> Note:
        """Remember something, for so many seconds."""
        now = time.time()
        found = Note(id or new_id(), kind, data, now, None if lasts is None else now + lasts, key)
        values = {"protocol": protocol, "id": found.id, "key": key, "kind": kind, "data": json.dumps(data)}
        with self.database.writing() as connection:
            connection.execute(sa.delete(notes).where(notes.c.protocol == protocol, notes.c.id == found.id))
            connection.execute(sa.insert(notes).values(created=now, expires=found.expires, **values))
        return found

    def noted(self, protocol: str, id: str, kind: str, key: str | None = None) -> Note | None:
        """What was remembered; None where it is another key's, or has ended."""
        query = select(notes).where(notes.c.protocol == protocol, notes.c.id == id, notes.c.kind == kind)
        query = query if key is None else query.where(notes.c.key == key)
        with self.database.reading() as connection:
            row = connection.execute(query).mappings().first()
        if row is None or (row["expires"] is not None and row["expires"] < time.time()):
            return None
        return Note(row["id"], row["kind"], json.loads(row["data"]), row["created"], row["expires"], row["key"])

    def all_noted(self, protocol: str, kind: str, key: str) -> list[Note]:
        """All that was remembered of a kind for a key, newest first."""
        query = select(notes).where(notes.c.protocol == protocol, notes.c.kind == kind, notes.c.key == key)
        with self.database.reading() as connection:
            rows = connection.execute(query.order_by(notes.c.id.desc())).mappings().all()
        found = (Note(row["id"], row["kind"], json.loads(row["data"]), row["created"], row["expires"]) for row in rows)
        return [note for note in found if note.expires is None or note.expires > time.time()]

    def forget(self, protocol: str, id: str) -> None:
        with self.database.writing() as connection:
            connection.execute(sa.delete(notes).where(notes.c.protocol == protocol, notes.c.id == id))


def invalid(error: Exception) -> Problem:
    """An error of a Shot, whose message begins with the field's name, as a Problem."""
    message = str(error)
    name = message.partition(" ")[0].partition(":")[0]
    return Problem("model" if name == "model" else "invalid", message, name or None)


def _carrying(shot: Shot) -> Shot:
    """The Shot as if its media were there: the storage has them, the model's limits do not ask for more."""
    pins = tuple(
        pin.model_copy(update={"media": _there(pin.media), "mask": None if pin.mask is None else _there(pin.mask)})
        for pin in shot.pins
    )
    return shot.model_copy(update={"pins": pins})


def _there(found: Media) -> Media:
    return found if found.data is not None else found.model_copy(update={"data": b"kept"})


def _without_data(value: Any) -> Any:
    """The same nested values, without the bytes of media."""
    if isinstance(value, dict):
        return {name: _without_data(one) for name, one in value.items() if not (name == "data" and "sha256" in value)}
    if isinstance(value, list | tuple):
        return [_without_data(one) for one in value]
    return value


def _range(header: str | None, length: int) -> tuple[int, int]:
    """First byte and the one after the last. Raises ValueError for what lies outside."""
    if header is None or not header.startswith("bytes=") or "," in header:
        return 0, length
    first, dash, last = header.removeprefix("bytes=").strip().partition("-")
    if not dash or not all(part == "" or (part.isascii() and part.isdigit()) for part in (first, last)):
        return 0, length
    if first == "":
        start, end = max(0, length - int(last or 0)), length
    else:
        start, end = int(first), min(length, int(last) + 1) if last else length
    if start >= end:
        raise ValueError("outside")
    return start, end


def _link_secret(database: Database) -> bytes:
    """What links are signed with: made once, the same for all servers of a database."""
    with database.writing() as connection:
        database.hold(connection, "links")
        which = (notes.c.protocol == "server", notes.c.id == "links")
        found = connection.execute(select(notes.c.data).where(*which)).scalar_one_or_none()
        if found is None:
            found = secrets.token_hex(32)
            values = {"protocol": "server", "id": "links", "key": "", "kind": "secret", "data": found}
            connection.execute(sa.insert(notes).values(created=time.time(), **values))
    return bytes.fromhex(found)

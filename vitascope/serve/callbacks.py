"""Calls back: what a client wants to be told when its job has changed, sent until it is taken, three times at most.

The queue writes down that something is to be told in the transaction that changes the job, so no process that dies can
swallow it; what is said, and to whom, the job's protocol knows when it is sent."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy import RowMapping, select
from starlette.concurrency import run_in_threadpool

from vitascope.serve.database import deliveries
from vitascope.serve.desk import Desk
from vitascope.serve.fetch import FetchError, post
from vitascope.serve.log import log, tell
from vitascope.serve.protocol import Notice
from vitascope.serve.services import by_name

TRIES = 3
WAITS = (1.0, 5.0)  # seconds before the second and the third try
SECONDS = 5.0  # that a receiver has for its answer
LOOKS = 0.5  # seconds between two looks for what is due
AT_ONCE = 8


def signature(secret: str, id: str, at: int, body: bytes) -> str:
    """The signature of a webhook (Standard Webhooks): base64 of HMAC-SHA256 over its id, time and body. A secret of
    whsec_ is followed by the key in base64, any other is the key."""
    key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
    told = hmac.new(key, f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(told).decode()}"


async def deliver(desk: Desk) -> None:
    """Send what is due, for ever; several at once, so that a receiver that sleeps does not hold up the others."""
    sending: set[asyncio.Task[None]] = set()
    while True:
        try:
            for due in await run_in_threadpool(claim_due, desk, AT_ONCE - len(sending)):
                sending.add(asyncio.create_task(_sent(desk, due)))
        except Exception:
            log.exception("calling back failed")
        done, sending = await asyncio.wait(sending, timeout=LOOKS) if sending else (set(), sending)
        if not done:
            await asyncio.sleep(LOOKS)


async def _sent(desk: Desk, due: RowMapping) -> None:
    try:
        await run_in_threadpool(send, desk, due)
    except Exception:
        log.exception("calling back failed", extra={"told": {"job": due["job"]}})


def claim_due(desk: Desk, most: int) -> Sequence[RowMapping]:
    """What is due first, at most so many. Another server takes them should this one die now.

    That a job has ended is told when it has been told that it runs, or nobody has taken that."""
    now = time.time()
    earlier = deliveries.alias("earlier")
    runs = select(earlier.c.id).where(earlier.c.job == deliveries.c.job, earlier.c.state == "running").exists()
    query = select(deliveries).where(deliveries.c.due <= now, sa.or_(deliveries.c.state == "running", ~runs))
    query = query.order_by(deliveries.c.due).limit(most)
    with desk.database.reading() as connection:
        if most < 1 or connection.execute(query.limit(1)).first() is None:
            return ()
    with desk.database.writing() as connection:
        rows = connection.execute(query.with_for_update(skip_locked=True)).mappings().all()
        for row in rows:
            again = now + 3 * SECONDS + (WAITS[row["tries"]] if row["tries"] < len(WAITS) else 0.0)
            changed = sa.update(deliveries).where(deliveries.c.id == row["id"])
            connection.execute(changed.values(tries=row["tries"] + 1, due=again))
    return rows


def send(desk: Desk, due: RowMapping) -> None:
    """Send what was claimed: it is forgotten when it was taken, or has been tried often enough."""
    notices = _notices(desk, due)
    taken = not notices
    if notices and due["tries"] < TRIES:
        with ThreadPoolExecutor(len(notices)) as receivers:
            taken = all(list(receivers.map(lambda notice: _posted(desk, due, notice), notices)))
    with desk.database.writing() as connection:
        this = deliveries.c.id == due["id"]
        if taken or due["tries"] + 1 >= TRIES:
            connection.execute(sa.delete(deliveries).where(this))
        else:
            connection.execute(sa.update(deliveries).where(this).values(due=time.time() + WAITS[due["tries"]]))


def _posted(desk: Desk, due: RowMapping, notice: Notice) -> bool:
    """Whether a receiver has taken what it was told."""
    body, at = json.dumps(notice.body).encode(), int(time.time())
    headers = {"content-type": "application/json", "webhook-id": due["id"], "webhook-timestamp": str(at)}
    if notice.signed and desk.settings.webhook_secret:
        headers["webhook-signature"] = signature(desk.settings.webhook_secret, due["id"], at, body)
    allowed = desk.settings.allow_private or (notice.signed and notice.url == desk.settings.webhook_url)
    try:
        status = post(notice.url, body, headers, seconds=SECONDS, allow_private=allowed)
        tell("called back", job=due["job"], status=status)
    except FetchError as error:
        tell("not called back", job=due["job"], why=str(error))
        return False
    return 200 <= status < 300


def _notices(desk: Desk, due: RowMapping) -> tuple[Notice, ...]:
    """What is said, to all who are to hear it: of the job as it was when it was written down."""
    job = desk.jobs.get(due["job"])
    protocol = None if job is None else by_name(job.protocol)
    if job is None or protocol is None:
        return ()
    if due["state"] == "running" != job.state:
        job = replace(job, state="running", ended=None, expires=None, share=0.0, code=None, message=None, results=())
    elif due["state"] != job.state:
        return ()  # it has been begun anew
    found = protocol.notice(desk, job)
    return (found,) if isinstance(found, Notice) else found or ()

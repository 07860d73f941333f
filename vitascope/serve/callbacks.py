"""Calls back: what a client wants to be told when its job has changed, sent until it is taken, three times at most."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
import uuid

import sqlalchemy as sa
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from vitascope.serve.database import Database, deliveries
from vitascope.serve.desk import Desk
from vitascope.serve.fetch import FetchError, post
from vitascope.serve.log import log, tell
from vitascope.serve.protocol import Notice

TRIES = 3
WAITS = (1.0, 5.0)  # seconds before the second and the third try
SECONDS = 5.0  # that a receiver has for its answer
LOOKS = 0.5  # seconds between two looks for what is due


def announce(database: Database, job: str, notice: Notice) -> None:
    """Let a notice be sent, by whichever server looks first."""
    values = {"id": f"evt_{uuid.uuid4().hex}", "job": job, "url": notice.url, "body": json.dumps(notice.body)}
    with database.writing() as connection:
        connection.execute(
            sa.insert(deliveries).values(**values, headers="{}", signed=notice.signed, tries=0, due=time.time())
        )


def signature(secret: str, id: str, at: int, body: bytes) -> str:
    """The signature of a webhook (Standard Webhooks): base64 of HMAC-SHA256 over its id, time and body. A secret of
    whsec_ is followed by the key in base64, any other is the key."""
    key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
    told = hmac.new(key, f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(told).decode()}"


async def deliver(desk: Desk) -> None:
    """Send what is due, for ever."""
    while True:
        try:
            while await run_in_threadpool(send_one, desk):
                pass
        except Exception:
            log.exception("calling back failed")
        await asyncio.sleep(LOOKS)


def send_one(desk: Desk) -> bool:
    """Send the notice that is due first; False where none is."""
    now = time.time()
    with desk.database.writing() as connection:
        row = connection.execute(
            select(deliveries)
            .where(deliveries.c.due <= now)
            .order_by(deliveries.c.due)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).mappings().first()  # fmt: skip
        if row is None:
            return False
        # Another server tries again should this one die now.
        again = now + 2 * SECONDS + (WAITS[row["tries"]] if row["tries"] < len(WAITS) else 0.0)
        connection.execute(
            sa.update(deliveries).where(deliveries.c.id == row["id"]).values(tries=row["tries"] + 1, due=again)
        )
    body, at = row["body"].encode(), int(now)
    headers = {"content-type": "application/json", "webhook-id": row["id"], "webhook-timestamp": str(at)}
    if row["signed"] and desk.settings.webhook_secret:
        headers["webhook-signature"] = signature(desk.settings.webhook_secret, row["id"], at, body)
    allowed = desk.settings.allow_private or (row["signed"] and row["url"] == desk.settings.webhook_url)
    try:
        status = post(row["url"], body, headers, seconds=SECONDS, allow_private=allowed)
        taken = 200 <= status < 300
        tell("called back", job=row["job"], status=status)
    except FetchError as error:
        taken = False
        tell("not called back", job=row["job"], why=str(error))
    with desk.database.writing() as connection:
        if taken or row["tries"] + 1 >= TRIES:
            connection.execute(sa.delete(deliveries).where(deliveries.c.id == row["id"]))
        else:
            due = time.time() + WAITS[row["tries"]]
            connection.execute(sa.update(deliveries).where(deliveries.c.id == row["id"]).values(due=due))
    return True

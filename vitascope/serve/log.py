"""Logs as lines of JSON on standard error."""

import json
import logging
import sys
import time
from typing import Any

log = logging.getLogger("vitascope.serve")


class Lines(logging.Formatter):
    """A record as one JSON object: when, how grave, what, and whatever else was given."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {"at": round(record.created, 3), "level": record.levelname.lower()}
        told["event"] = record.getMessage()
        told |= getattr(record, "told", {})
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False, default=str)


def begin(level: str = "INFO") -> None:
    """Write logs from now on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.Formatter.converter = time.gmtime
    log.handlers[:] = [handler]
    log.setLevel(level)
    log.propagate = False
    logging.getLogger("python_multipart").setLevel("ERROR")  # what is wrong with a form is told to its sender


def tell(event: str, **told: Any) -> None:
    log.info(event, extra={"told": told})

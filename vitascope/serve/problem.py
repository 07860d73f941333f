"""What can be wrong with a request, in words that each protocol puts into its own form."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "invalid",  # a field that cannot be
    "missing_field",
    "malformed",  # no JSON, no form
    "model",  # an unknown one
    "no_key",
    "bad_key",
    "forbidden",
    "not_found",
    "path",  # unknown
    "method",  # not for this path
    "not_ready",  # the result of a job that has not ended
    "failed",  # the result of a job that failed
    "too_large",
    "type",  # of the body
    "rate",  # too many requests
    "full",  # too many jobs
    "busy",  # cannot be made within what the tier promises
    "internal",
]

STATUS: dict[Kind, int] = {
    "invalid": 400, "missing_field": 400, "malformed": 400, "model": 400, "no_key": 401, "bad_key": 401,
    "forbidden": 403, "not_found": 404, "path": 404, "method": 405, "not_ready": 400, "failed": 400, "too_large": 413,
    "type": 415, "rate": 429, "full": 429, "busy": 429, "internal": 500,
}  # fmt: skip


@dataclass
class Problem(Exception):
    """Raised anywhere while a request is answered; `retry_after` is seconds, for what may be asked again later."""

    kind: Kind
    message: str
    field: str | None = None
    retry_after: float | None = None
    code: str | None = None  # a protocol's own, where it has a finer one

    def __post_init__(self) -> None:
        super().__init__(self.message)

    @property
    def status(self) -> int:
        return STATUS[self.kind]

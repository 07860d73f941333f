"""What a protocol is made of: routes whose answers are functions of a Call, and its form of errors."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from vitascope.serve.keys import Key
from vitascope.serve.problem import Problem

if TYPE_CHECKING:
    from vitascope.serve.desk import Desk
    from vitascope.serve.jobs import Job


@dataclass(frozen=True)
class Upload:
    """A file part of a form."""

    name: str
    mime: str
    data: bytes


@dataclass(frozen=True)
class Call:
    """One request, its body read: `fields` are those of its JSON or form (bracketed names unfolded)."""

    desk: "Desk"
    protocol: "Protocol"
    request: Request
    path: Mapping[str, str]
    query: Mapping[str, str]
    fields: dict[str, Any]
    body: bytes
    key_or_none: Key | None

    @property
    def key(self) -> Key:
        """Whose request it is; only routes that need no key may find none."""
        if self.key_or_none is None:
            raise Problem("no_key", "this needs a key")
        return self.key_or_none

    def header(self, name: str) -> str | None:
        return self.request.headers.get(name)

    def text(self, name: str, default: str | None = None) -> str:
        """A field that is text. Raises Problem where it is missing (without a default) or is something else."""
        value = self.fields.get(name)
        if value is None or value == "":
            if default is None:
                raise Problem("missing_field", f"{name} is missing; it should be text", name)
            return default
        if not isinstance(value, str):
            raise Problem("invalid", f"{name} should be text", name)
        return value

    def number(self, name: str, default: float, least: float, most: float) -> float:
        """A field that is a number, or says one as text. Raises Problem for another, or one outside its limits."""
        value = self.fields.get(name)
        if value is None or value == "":
            return default
        try:
            if isinstance(value, bool):
                raise ValueError
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise Problem("invalid", f"{name} should be a number, but was {_short(value)}", name) from None
        if not least <= number <= most:
            raise Problem("invalid", f"{name} should be {least:g} to {most:g}, but was {number:g}", name)
        return number

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        number = self.number(name, default, least, most)
        if number != int(number):
            raise Problem("invalid", f"{name} should be a whole number, but was {number:g}", name)
        return int(self.fields[name]) if isinstance(self.fields.get(name), int) else int(number)

    def choice(self, name: str, allowed: Mapping[str, Any] | tuple[str, ...], default: str | None = None) -> str:
        """A field that is one of these. Raises Problem."""
        value = self.text(name, default)
        if value not in allowed:
            raise Problem("invalid", f"{name} should be one of {', '.join(allowed)}, but was {_short(value)}", name)
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.fields.get(name, default)
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise Problem("invalid", f"{name} should be true or false, but was {_short(value)}", name)
        return value


@dataclass(frozen=True)
class Route:
    """A path below the protocol's prefix, such as /videos/{id}, and what answers it, in a thread of its own. A `raw`
    one wants the body's bytes; `docs` are for OpenAPI."""

    method: str
    path: str
    answer: Callable[[Call], Response]
    needs_key: bool = True
    raw: bool = False
    docs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Notice:
    """A call back: where to, and what is said. `signed` by the server's webhook secret (Standard Webhooks)."""

    url: str
    body: dict[str, Any]
    signed: bool = False


def bearer(request: Request) -> str | None:
    """The key of `Authorization: Bearer KEY`."""
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() or None if kind.lower() == "bearer" else None


@dataclass(frozen=True)
class Protocol:
    """One service's way of asking. `error` puts a Problem into its form, `statuses` are those of HTTP where the service
    has others than usual; `notice` is what is called back when a job's state has changed, if anything."""

    name: str
    prefix: str
    routes: tuple[Route, ...]
    error: Callable[[Problem, str], dict[str, Any]]  # problem, request id
    secret: Callable[[Request], str | None] = bearer
    notice: Callable[["Desk", "Job"], Notice | tuple[Notice, ...] | None] = field(default=lambda desk, job: None)
    statuses: Mapping[str, int] = field(default_factory=dict)  # by a problem's code or kind, other than the usual ones


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(data, status, dict(headers or {}), "application/json")


def nothing() -> Response:
    return Response(status_code=204)


_BRACKETS = re.compile(r"\[([^\[\]]*)\]")


def unfolded(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Form fields as nested values: a[b]=1 is {"a": {"b": 1}}, a[]=1 is {"a": [1]}, and c=1, c=2 is {"c": [1, 2]}.
    Raises Problem for names that contradict each other."""
    fields: dict[str, Any] = {}
    for name, value in pairs:
        head, _, _ = name.partition("[")
        keys = [head, *_BRACKETS.findall(name)]
        if len(keys) > 8:
            raise Problem("invalid", f"{_short(name)} is nested too deeply", head)
        _place(fields, keys, value, name)
    return fields


def _place(holder: Any, keys: list[str], value: Any, name: str) -> None:
    for key, following in zip(keys, [*keys[1:], None], strict=True):
        if following is None:
            if isinstance(holder, list):
                holder.append(value)
            elif key in holder:
                before = holder[key]
                holder[key] = [*before, value] if isinstance(before, list) else [before, value]
            else:
                holder[key] = value
            return
        fresh: Any = [] if following == "" else {}
        if isinstance(holder, list):
            holder.append(fresh)
            holder = fresh
        else:
            holder = holder.setdefault(key, fresh)
        if not isinstance(holder, type(fresh)):
            raise Problem("invalid", f"{_short(name)} contradicts another field", keys[0])


def _short(value: object) -> str:
    told = repr(value)
    return told if len(told) <= 60 else told[:57] + "..."

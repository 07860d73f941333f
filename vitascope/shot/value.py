"""Frozen values that are checked when made: their limits, their kinds of fields, and their errors of one clear line."""

import re
import reprlib
from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

MAX_TEXT = 2000  # characters
MAX_SECONDS = 120.0
MAX_PIXELS = 8_900_000  # 4096x2160 fits
MAX_INLINE_BYTES = 64 * 2**20  # of one picture, film or sound carried inside a Shot
MAX_CARRIED_BYTES = 128 * 2**20  # of all that are carried inside a Shot together
MAX_JSON_BYTES = 256 * 2**20  # of a Shot as JSON
MAX_TRACKS = 4096
MAX_TIMES = 4096  # of one track
MAX_POINTS = 1_000_000  # of all tracks together
TIME_SLACK = 1e-3  # seconds by which a frame may miss a track's first or last time and still count as inside

Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_TEXT)]  # may be empty
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Seconds = Annotated[float, Field(ge=0, le=MAX_SECONDS, allow_inf_nan=False)]
FilmSeconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]  # of films from elsewhere: up to a day
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Coordinate = Annotated[float, Field(ge=-1, le=2, allow_inf_nan=False)]
Side = Annotated[int, Field(ge=16, le=4096)]

M = TypeVar("M", bound=BaseModel)
_SHORT = reprlib.Repr()  # what was given may be megabytes long
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60


class ShotError(ValueError):
    """A Shot that cannot be: one line with the field, what was given and what is allowed."""


class Frozen(BaseModel):
    """A value that never changes and knows all its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def checked(model: type[M], fields: dict[str, Any]) -> M:
    """A value of this model, or a ShotError of one line."""
    try:
        return model(**fields)
    except ValidationError as error:
        raise ShotError(one_line(model, error)) from None


def one_line(model: type[BaseModel], error: ValidationError) -> str:
    """The first of pydantic's findings as «field should be ..., but was ...»."""
    problems = error.errors(include_url=False)
    problem = problems[0]
    if problem["type"] == "value_error" and not problem["loc"]:
        return problem["msg"].removeprefix("Value error, ")
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in problem["loc"]).lstrip(".")
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return " ".join(f"{where or model.__name__.lower()}{_finding(model, problem)}{more}".split())


def _finding(model: type[BaseModel], problem: ErrorDetails) -> str:
    if problem["type"] == "extra_forbidden":
        holder = _model_at(model, problem["loc"][:-1])
        return f" is not a known field; known: {', '.join(holder.model_fields)}"
    if problem["type"] == "missing":
        return " is missing"
    if problem["type"] == "value_error":
        message = problem["msg"].removeprefix("Value error, ")
        return f" {message}" if message.startswith("should") else f": {message}"
    given = _SHORT.repr(problem["input"])
    message = re.sub(r"^(Input|String|Tuple|Data) should", "should", problem["msg"])
    return f" {message}, but was {given if len(given) <= 60 else given[:57] + '...'}"


def _model_at(model: type[BaseModel], where: Sequence[int | str]) -> type[BaseModel]:
    """The model that holds the field at this place of a nested value."""
    for part in where:
        if isinstance(part, str) and part in model.model_fields:
            model = next(_models_in(model.model_fields[part].annotation), model)
    return model


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and not isinstance(annotation, UnionType) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)

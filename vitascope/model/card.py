"""Which models there are, what each says of itself, and what it cannot make; read without torch."""

import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vitascope.model.layout import fits
from vitascope.shot.shot import Pin, Shot

FORMAT = "vitascope-weights"
VERSION = 1
MAX_PIXELS = 1920 * 1088  # beyond the network's own size, frames are only scaled
MAX_HEADER = 16 * 2**20  # bytes
WEIGHTS = Path(__file__).resolve().parents[1] / "weights"


class CheckpointError(ValueError):
    """A weight file that is missing, damaged, foreign or of another version."""


class Refused(ValueError):
    """A Shot that is well formed, but asks for what this model cannot make."""


@dataclass(frozen=True)
class Card:
    """What a weight file says of itself."""

    preset: str
    size: tuple[int, int]  # the pictures' size in training
    num_frames: int
    fps: float
    level: int  # of the world it has seen
    training: dict[str, Any] = field(default_factory=dict)  # steps, clips, seconds, hardware
    metrics: dict[str, Any] = field(default_factory=dict)
    pins: int = 1  # pictures that were pinned at once in training, at most
    words: tuple[str, ...] = ()  # of the captions it has read; none where nobody has looked
    roles: tuple[str, ...] = ("frame",)  # of its pins
    formats: tuple[tuple[int, int, int, float], ...] = ()  # width, height, frames, rate of all clips that it has seen

    @classmethod
    def of(cls, header: dict[str, Any]) -> "Card":
        """The card in a weight file's header. Raises KeyError and TypeError for what is none."""
        lists = {"size": tuple(header["size"]), "words": tuple(header.get("words", ()))}
        lists["roles"] = tuple(header.get("roles", ("frame",)))
        lists["formats"] = tuple(tuple(one) for one in header.get("formats", ()))
        return cls(**{**header, **lists})


def models() -> list[str]:
    """The names of all models, those of the package and of the folder VITASCOPE_WEIGHTS."""
    return sorted({path.stem for folder in _folders() for path in folder.glob("*.safetensors") if "." not in path.stem})


def weights_of(name: str) -> Path:
    """The file of a model: `<name>.safetensors` in the folder VITASCOPE_WEIGHTS, or in the package. Raises Refused."""
    for folder in _folders():
        path = folder / f"{name}.safetensors"
        if path.parent == folder and path.is_file():
            return path
    raise Refused(f"model: {name!r} was given, there are {', '.join(models()) or 'none'}")


def _folders() -> list[Path]:
    return [*([Path(given)] if (given := os.environ.get("VITASCOPE_WEIGHTS")) else []), WEIGHTS]


def read_card(path: Path) -> tuple[Card, int]:
    """The card in a weight file, and how many parameters the network has. Raises CheckpointError."""
    try:
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > MAX_HEADER:
                raise ValueError(f"its header has {length} bytes")
            header = json.loads(file.read(length))
        said = checked_header(path, header.pop("__metadata__", {}))
        matrices = (one["shape"] for name, one in header.items() if not name.endswith(".row_scale"))
        return Card.of(said["card"]), sum(math.prod(shape) for shape in matrices)
    except CheckpointError:
        raise
    except (OSError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise CheckpointError(f"weights: {path} is damaged or not a safetensors file ({error})") from None


def checked_header(path: Path, metadata: dict[str, str]) -> dict[str, Any]:
    """What a weight file says of itself. Raises CheckpointError for one that this program does not read."""
    try:
        header = json.loads(metadata["vitascope"])
        known = header["format"] == FORMAT
    except (KeyError, ValueError, TypeError):
        known = False
    if not known:
        raise CheckpointError(f"weights: {path} was not written by vitascope")
    if header["version"] != VERSION:
        raise CheckpointError(f"weights: {path} is of version {header['version']}, this program reads {VERSION}")
    return dict(header)


def check(shot: Shot, card: Card) -> None:
    """Raise Refused, naming the field, for what the network of this card cannot make on any machine."""
    for name, problem in (*_problems(shot, card), *(found for pin in shot.pins for found in _pin_problems(pin, card))):
        if problem:
            raise Refused(f"{name}: {problem}")


def _problems(shot: Shot, card: Card) -> list[tuple[str, str | bool]]:
    """Fields, and what is wrong with each or False."""
    wide, high = shot.size
    even = f"{wide + wide % 2}x{high + high % 2}"
    inside = f"{high // 2 * 4}x{high // 2 * 2}" if wide > high else f"{wide // 2 * 2}x{wide // 2 * 4}"
    film = shot.num_frames > 1
    pictures = sum(pin.media.kind == "picture" for pin in shot.pins)
    return [
        ("size", not fits(shot.size) and f"{wide}x{high} was given; shapes from 1:2 to 2:1 can be made, say {inside}"),
        ("size", wide * high > MAX_PIXELS and f"{wide}x{high} was given; at most {MAX_PIXELS} pixels can be made yet"),
        ("size", film and bool(wide % 2 or high % 2) and f"{wide}x{high} was given; films have even sides, say {even}"),
        ("sound", shot.sound is not None and not film and "it was asked for, but a picture has none"),
        ("cues", bool(shot.cues) and shot.sound is None and "they were given, but no sound is wanted"),
        ("pins", pictures > card.pins and f"{pictures} pictures were given; this model takes up to {card.pins}"),
    ]


def _pin_problems(pin: Pin, card: Card) -> list[tuple[str, str | bool]]:
    media, mask = pin.media, pin.mask
    film, roles = media.kind == "film", ", ".join(card.roles)
    return [
        ("pins.role", pin.role not in card.roles and f"{pin.role!r} was given; this model takes {roles}"),
        ("pins.media", film and pin.role != "frame" and f"a film was given; a {pin.role} is shown by a picture"),
        ("pins.region", film and pin.region is not None and "a film was given; only pictures are pinned in a region"),
        ("pins.mask", mask is not None and mask.kind != "picture" and "a film was given; only pictures are taken yet"),
        ("pins.mask", mask is not None and mask.data is None and "it is named but not carried"),
        ("pins.time", pin.time < 0 and not film and f"{pin.time:g} was given; before the shot only films are pinned"),
        ("pins.media", media.data is None and f"the {media.kind} {media.sha256[:12]}… is named but not carried"),
    ]

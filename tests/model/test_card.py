"""What a model says of itself without torch, and what it refuses."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vitascope import generate
from vitascope.model.card import Card, CheckpointError, Refused, check, models, read_card, weights_of
from vitascope.shot.media import write_picture
from vitascope.shot.shot import Cue, Media, Pin, Region, Shot, Sound

CARD = Card("tiny", (144, 80), 24, 12.0, 1)


def _pin(**fields: object) -> Pin:
    return Pin(media=Media(sha256="0" * 64, kind="picture"), **fields)  # type: ignore[arg-type]


def _film(**fields: object) -> Pin:
    return Pin(media=Media(sha256="0" * 64, kind="film"), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"size": (300, 100)}, "size: 300x100 was given; shapes from 1:2 to 2:1 can be made, say 200x100"),
        ({"size": (101, 240)}, "size: 101x240 was given; shapes .* say 100x200"),
        ({"size": (301, 200)}, "size: 301x200 was given; films have even sides, say 302x200"),
        ({"size": (2560, 1440)}, "size: 2560x1440 was given; at most"),
        ({"sound": Sound(prompt="wind"), "seconds": 0.05}, "sound: it was asked for, but a picture has none"),
        ({"cues": (Cue(time=0, kind="impact"),)}, "cues: "),
        ({"pins": (_pin(), _pin(time=1))}, "pins: 2 pictures were given; this model takes up to 1"),
        ({"pins": (_pin(),)}, "pins.media: the picture 0000.* named but not carried"),
        ({"pins": (_pin(role="style"),)}, "pins.role: 'style' was given; this model takes frame"),
        ({"pins": (_film(role="style"),)}, "pins.role: 'style'"),
        ({"pins": (_film(region=Region(x=0, y=0, width=0.5, height=0.5)),)}, "pins.region"),
        ({"pins": (_pin(mask=Media(sha256="0" * 64)),)}, "pins.mask: it is named but not carried"),
        ({"pins": (_pin(time=-1),)}, "pins.time: -1 was given; before the shot only films"),
    ],
)
def test_what_cannot_be_made_yet_is_refused_by_name(fields: dict[str, object], said: str) -> None:
    with pytest.raises(Refused, match=said):
        check(Shot(text="a ball", **fields), CARD)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "fields",
    [
        *({}, {"size": (1280, 720)}, {"seconds": 0.5}, {"fps": 6}, {"fps": 60, "seconds": 1 / 60}, {"fps": 25}),
        *({"size": (200, 200)}, {"size": (144, 256)}, {"seconds": 100}),
    ],
)
def test_what_can_be_made_is_not_refused(fields: dict[str, object]) -> None:
    check(Shot(text="a ball", **fields), CARD)  # type: ignore[arg-type]


def test_references_are_pictures_of_the_roles_that_the_model_knows(tmp_path: Path) -> None:
    card = replace(CARD, roles=("frame", "character"), pins=3)
    write_picture(tmp_path / "hero.png", np.zeros((8, 8, 3), np.uint8))
    media = Media.from_path(tmp_path / "hero.png")
    check(Shot(text="a ball", pins=(Pin(media=media, role="character"),)), card)
    with pytest.raises(Refused, match=r"pins\.media: a film was given; a character is shown by a picture"):
        check(Shot(text="a ball", pins=(_film(role="character"),)), card)


def test_a_card_is_read_without_the_weights(tiny_engine: Path) -> None:
    card, parameters = read_card(weights_of("tiny"))
    made_by = generate.engine("tiny")
    assert card == made_by.card
    assert parameters == sum(p.numel() for p in made_by.network.parameters())
    assert read_card(weights_of("small"))[0] == generate.engine("small").card
    assert models() == ["small", "tiny"]


@pytest.mark.parametrize("data", [b"", b"\xff" * 40, b"\x02\0\0\0\0\0\0\0{}", b"\x02\0\0\0\0\0\0\0[]"])
def test_a_file_that_holds_no_card_is_refused_by_name(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "bad.safetensors").write_bytes(data)
    with pytest.raises(CheckpointError, match=r"weights: .*bad\.safetensors"):
        read_card(tmp_path / "bad.safetensors")

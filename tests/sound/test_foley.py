"""Effects: each cue is heard at its time and from its side, whatever its kind, in blocks that take no memory."""

import itertools
import time
from typing import get_args

import numpy as np
import pytest

from vitascope.shot.shot import Cue, CueKind
from vitascope.sound.blocks import BLOCK, RATE, whole
from vitascope.sound.foley import effects, render, room_of
from vitascope.sound.hearing import decibels_rms, onset
from vitascope.sound.room import ROOMS

MATERIALS = {
    "roll": ("metal", "wood"), "slide": ("wood", "tile"), "footstep": ("shoe", "snow"), "engine": ("tractor",),
    "animal": ("dog",), "speech": ("voice", "man"),
}  # fmt: skip
FILM = (
    Cue(time=0.0, kind="place", text="street"),
    Cue(time=0.3, kind="impact", materials=("metal", "asphalt"), place=(0.2, 0.5)),
    Cue(time=0.95, kind="bounce", materials=("rubber", "asphalt"), place=(0.6, 0.5), strength=0.7),
    Cue(time=0.5, kind="roll", seconds=2.2, materials=("metal", "wood"), place=(0.1, 0.5), to=(0.9, 0.5)),
    Cue(time=1.1, kind="engine", seconds=2.5, materials=("car",), strength=0.5),
    Cue(time=1.5, kind="animal", materials=("dog",), strength=0.5),
    Cue(time=1.9, kind="footstep", materials=("shoe", "asphalt"), strength=0.3),
)


@pytest.mark.parametrize("kind", get_args(CueKind))
@pytest.mark.parametrize("strength", [0.0, 0.1, 1.0])
def test_every_kind_is_heard_finite_and_clean(kind: CueKind, strength: float) -> None:
    for seconds in (0.0, 1.7):
        for place in (None, (0.0, 0.5)):
            cue = Cue(
                time=0, kind=kind, seconds=seconds, strength=strength, materials=MATERIALS.get(kind, ("wood", "tile")),
                place=place, text="park" if kind == "place" else "",
            )  # fmt: skip
            sound = render(cue, np.random.default_rng(0))
            assert sound.dtype == np.float32
            assert sound.shape[1:] == (2,)
            assert np.isfinite(sound).all()
            assert np.abs(sound).max() < 1.0
            assert (np.abs(sound).max() > 1e-3) == (strength > 0 or kind == "engine")
            assert np.abs(sound.mean(0)).max() < 1e-3
            assert np.abs(sound[-1]).max() < 2e-3


@pytest.mark.parametrize("kind", ["impact", "bounce", "topple", "footstep"])
@pytest.mark.parametrize("when", [0.0, 0.4708, 0.99999, 1.0, 1.7321])
@pytest.mark.parametrize("met", ["tile", "sand"])
def test_it_is_heard_within_a_millisecond_of_its_time(kind: CueKind, when: float, met: str) -> None:
    name = "shoe" if kind == "footstep" else "wood"
    for x in (0.0, 0.5, 1.0):
        cue = Cue(time=when, kind=kind, materials=(name, met), place=(x, 0.5))
        sound = whole(effects([cue], 3.0))
        assert abs(onset(sound) - when) < 0.001
        assert np.abs(sound[: max(0, round(when * RATE) - 1)]).max(initial=0.0) < 1e-7


def test_what_is_left_is_heard_left() -> None:
    for kind in ("impact", "roll", "engine", "footstep"):
        levels = []
        for x in (0.05, 0.5, 0.95):
            cue = Cue(time=0, kind=kind, seconds=1.0, materials=MATERIALS.get(kind, ("wood", "tile")), place=(x, 0.5))
            sound = whole(effects([cue], 1.5, reverb=False))
            levels.append(decibels_rms(sound[:, 0]) - decibels_rms(sound[:, 1]))
        assert levels[0] > 5
        assert levels[1] == pytest.approx(0, abs=0.3)
        assert levels[2] < -5


def test_what_moves_to_the_right_is_heard_to() -> None:
    cue = Cue(time=0, kind="roll", seconds=4, materials=("metal", "wood"), place=(0.0, 0.5), to=(1.0, 0.5))
    parts = np.array_split(whole(effects([cue], 4.0, reverb=False)), 8)
    sides = [decibels_rms(part[:, 1]) - decibels_rms(part[:, 0]) for part in parts]
    assert all(later > earlier for earlier, later in itertools.pairwise(sides))


def test_the_same_cues_and_seed_give_the_same_samples() -> None:
    one = whole(effects(FILM, 3.0, seed=5))
    assert np.array_equal(one, whole(effects(tuple(reversed(FILM)), 3.0, seed=5)))
    assert not np.array_equal(one, whole(effects(FILM, 3.0, seed=6)))


def test_a_longer_film_begins_with_the_same_sound() -> None:
    cues = [cue.model_copy(update={"seconds": 6.0}) if cue.kind == "place" else cue for cue in FILM]
    short, long = whole(effects(cues, 2.5)), whole(effects(cues, 5.0))
    np.testing.assert_allclose(short, long[: len(short)], atol=1e-6)
    assert len(long) == 5 * RATE


def test_what_is_heard_beside_it_does_not_change_a_sound() -> None:
    alone = sum(whole(effects([cue], 3.0, reverb=False)) for cue in FILM)
    np.testing.assert_allclose(whole(effects(FILM, 3.0, reverb=False)), alone, atol=1e-5)


def test_blocks_fall_in_with_what_one_cue_gives_in_memory() -> None:
    cue = FILM[3].model_copy(update={"time": 0.5})
    rendered = render(cue, np.random.default_rng(0))
    streamed = whole(effects([cue], 4.0, reverb=False))
    heard = np.flatnonzero(np.abs(streamed).max(1))
    assert heard[0] == pytest.approx(0.5 * RATE, abs=16)
    assert len(rendered) == pytest.approx(2.2 * RATE, abs=32)
    assert heard[-1] - heard[0] == pytest.approx(2.2 * RATE, abs=64)


def test_a_place_lasts_to_the_end_and_makes_the_room() -> None:
    place = Cue(time=0, kind="place", text="kitchen", strength=0.0001)
    hit = Cue(time=0.1, kind="impact", materials=("wood", "wood"))
    wet, dry = whole(effects([place, hit], 2.0)), whole(effects([hit], 2.0))
    later = slice(round(0.45 * RATE), round(0.6 * RATE))
    assert decibels_rms(wet[later]) > decibels_rms(dry[later]) + 10
    air = whole(effects([Cue(time=0, kind="place", text="kitchen")], 8.0))
    assert decibels_rms(air[6 * RATE : 7 * RATE]) == pytest.approx(-40, abs=4)


def test_water_splashes() -> None:
    cue = Cue(time=0, kind="impact", materials=("stone", "water"))
    assert len(render(cue, np.random.default_rng(0))) > RATE


def test_an_hour_is_made_block_by_block() -> None:
    step = Cue(time=0, kind="footstep", materials=("shoe", "wood"), strength=0.3)
    cues = [step.model_copy(update={"time": k / 4}) for k in range(4 * 3600)]  # a Shot is shorter, a film need not be
    kinds: tuple[CueKind, ...] = ("engine", "roll", "crowd", "place", "speech", "whoosh")
    cues += [Cue(time=0, kind=kind).model_copy(update={"seconds": 3600.0}) for kind in kinds]
    whole(effects(cues, 1.0))  # compiled before it is timed
    begun = time.perf_counter()
    stream = effects(cues, 3600.0)
    first = [next(stream) for _ in range(3)]
    assert time.perf_counter() - begun < 3.0
    assert all(len(block) == BLOCK and block.any() for block in first)


def test_nothing_is_silence() -> None:
    out = whole(effects([], 1.25))
    assert out.shape == (round(1.25 * RATE), 2)
    assert not out.any()
    assert not whole(effects([Cue(time=9, kind="impact")], 1.0)).any()


@pytest.mark.parametrize(("place", "rings"), [("small room", 0.1), ("kitchen", 0.2), ("church", 0.8)])
def test_a_hit_rings_as_the_place_does(place: str, rings: float) -> None:
    cues = [
        Cue(time=0, kind="place", text=place, strength=0.0),
        Cue(time=0.2, kind="impact", materials=("wood", "wood"), place=(0.5, 0.5), strength=0.8),
    ]
    sound, dry = (whole(effects(cues, 6.0, reverb=reverb)) for reverb in (True, False))
    late = decibels_rms(sound[round((0.3 + rings) * RATE) :][: RATE // 4])
    assert late > decibels_rms(dry[round((0.3 + rings) * RATE) :][: RATE // 4]) + 6
    assert decibels_rms(sound[round((0.3 + 4 * rings) * RATE) :][: RATE // 4]) < late - 12


def test_a_room_can_be_told_where_the_place_is_not_to_be_heard() -> None:
    hit = Cue(time=0.2, kind="impact", materials=("wood", "wood"), place=(0.5, 0.5))
    church = Cue(time=0, kind="place", text="church", strength=0.0)
    assert room_of([hit, church]) is ROOMS["church"] and room_of([hit]) is ROOMS["open"]
    told, cued = whole(effects([hit], 2.0, room=ROOMS["church"])), whole(effects([hit, church], 2.0))
    np.testing.assert_allclose(told, cued, atol=1e-6)

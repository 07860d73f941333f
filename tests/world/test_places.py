"""Backdrops keep the stage free, keep out of each other's way and within their parts, and differ from take to take."""

from __future__ import annotations

import itertools
import math
from typing import get_args

import numpy as np
import pytest

from vitascope.world import render
from vitascope.world.places import (
    GROUND_LOOKS,
    MOST_PARTS,
    PLACE_GROUND,
    PLACE_LOOKS,
    STAGE,
    Clear,
    box_of,
    furnish,
    ground_of,
    near,
    part_count,
)
from vitascope.world.props import extent
from vitascope.world.scene import PLACES, TIMES, Cast, GroundName, Hour, Person, PlaceName, Prop, Scene, Vehicle

FURNISHED = tuple(place for place in PLACES if place != "open")
SEEDS = range(12)


def backdrop(place: PlaceName, seed: int, keep_clear: Clear = STAGE) -> tuple[Cast, ...]:
    return furnish(place, np.random.default_rng([seed, 3]), keep_clear)


def kinds(members: tuple[Cast, ...]) -> list[str]:
    return [m.prop if isinstance(m, Prop) else m.kind for m in members]


def corners(member: Prop) -> np.ndarray:
    """The four corners on the ground of the box around a prop, found from its own axes. [4, 2]"""
    wide, deep, _ = extent(member)
    turn = math.radians(member.facing - 90.0)
    x, y = np.array([deep, deep, -deep, -deep]), np.array([wide, -wide, wide, -wide])
    across = math.cos(turn) * x - math.sin(turn) * y, math.sin(turn) * x + math.cos(turn) * y
    return np.stack(across, axis=1) + member.position


@pytest.mark.parametrize("place", FURNISHED)
def test_no_two_members_overlap(place: PlaceName) -> None:
    for seed in SEEDS:
        for a, b in itertools.combinations(backdrop(place, seed), 2):
            assert not near(box_of(a), box_of(b)), (a, b)


@pytest.mark.parametrize("place", FURNISHED)
def test_the_stage_and_the_way_from_the_camera_stay_free(place: PlaceName) -> None:
    for clear in (STAGE, Clear(half_width=3.4, far=2.6)):
        for seed in SEEDS:
            for member in backdrop(place, seed, clear):
                left, right, front, *_ = box_of(member)
                beside = left >= clear.half_width or right <= -clear.half_width
                assert beside or front >= clear.far, member


def test_the_box_of_a_member_holds_it_as_it_is_turned() -> None:
    for facing in (0.0, 30.0, 90.0, -135.0):
        member = Prop(prop="bench", position=(1.0, 4.0), facing=facing)
        left, right, front, back, low, high = box_of(member)
        points = corners(member)
        np.testing.assert_allclose((left, front), points.min(axis=0), atol=1e-9)
        np.testing.assert_allclose((right, back), points.max(axis=0), atol=1e-9)
        assert low == pytest.approx(0.0, abs=0.01) and high == extent(member)[2]


def test_who_moves_has_no_box() -> None:
    with pytest.raises(ValueError, match="person was given"):
        box_of(Person())


@pytest.mark.parametrize("place", FURNISHED)
def test_a_backdrop_keeps_to_its_parts_and_fills_its_place(place: PlaceName) -> None:
    for seed in SEEDS:
        members = backdrop(place, seed)
        assert sum(part_count(m) for m in members) <= MOST_PARTS
        assert 6 <= len(members) <= 24
        assert all(isinstance(m, Vehicle) or part_count(m) <= 16 for m in members)


@pytest.mark.parametrize("place", FURNISHED)
def test_something_of_a_place_is_in_the_picture_on_both_sides(place: PlaceName) -> None:
    for seed in SEEDS:
        sides = [m.position[0] for m in backdrop(place, seed) if abs(m.position[0]) < 0.6 * (m.position[1] + 4.5)]
        assert min(sides) < -0.3 and max(sides) > 0.3 and len(sides) >= 4


@pytest.mark.parametrize("place", FURNISHED)
def test_the_same_lot_gives_the_same_backdrop_and_another_lot_another(place: PlaceName) -> None:
    assert backdrop(place, 1) == backdrop(place, 1)
    assert len({str(backdrop(place, seed)) for seed in range(6)}) == 6


def test_the_open_is_empty() -> None:
    assert backdrop("open", 0) == ()


def test_each_place_has_what_makes_it_known() -> None:
    known: dict[PlaceName, set[str]] = {
        "park": {"oak", "bench", "street lamp"},
        "street": {"house", "tower", "street lamp", "vehicle"},
        "beach": {"palm"},
        "desert": {"bush", "rock"},
        "village": {"house", "fence"},
        "room": {"wall", "sofa", "lamp", "window", "shelf"},
        "kitchen": {"wall", "shelf", "window", "table", "chair"},
    }
    for place, needed in known.items():
        for seed in SEEDS:
            assert needed <= set(kinds(backdrop(place, seed))), (place, seed)
    for seed in SEEDS:
        assert sum(kind in ("oak", "pine", "birch") for kind in kinds(backdrop("forest", seed))) >= 12


def test_a_room_closes_the_view_behind_the_stage() -> None:
    for place in ("room", "kitchen"):
        walls = [m for m in backdrop(place, 2) if isinstance(m, Prop) and m.prop == "wall" and m.facing == 0.0]
        boxes = sorted(box_of(w) for w in walls)
        assert boxes[0][0] < -9.0 and boxes[-1][1] > 9.0
        assert all(b[0] - a[1] < 0.002 for a, b in itertools.pairwise(boxes))  # no gap to look through
        # The top of the picture of a camera six metres away, 1.5 m high, 8 degrees down, 40 degrees high.
        assert min(b[5] for b in boxes) > 1.5 + math.tan(math.radians(12.0)) * (6.0 + boxes[0][3])


def test_trees_leave_the_sky_above_the_far_line_open() -> None:
    """Forests aside, at least half of the far trees end within the picture."""
    for seed in SEEDS:
        trees = [m for m in backdrop("park", seed) if isinstance(m, Prop) and m.position[1] > 10.0]
        inside = [extent(m)[2] < 1.5 + math.tan(math.radians(12.0)) * (m.position[1] + 4.5) for m in trees]
        assert np.mean(inside) >= 0.5


def scene(place: PlaceName, ground: GroundName) -> Scene:
    return Scene(cast=(Person(),), place=place, ground=ground, time="noon")


def test_every_place_has_its_ground_and_its_hours() -> None:
    assert set(PLACE_LOOKS) == set(PLACE_GROUND) == set(PLACES)
    for ground in get_args(GroundName):
        assert ground_of(scene("open", ground)) == GROUND_LOOKS[ground]
        assert ground_of(scene("street", ground)).texture == render.ROAD
    assert ground_of(scene("beach", "sand")).texture == render.SHORE
    for look in PLACE_LOOKS.values():
        assert look.hours and set(look.hours) <= set(get_args(Hour)) == set(TIMES)
    assert {name for name, look in PLACE_LOOKS.items() if look.indoors} == {"room", "kitchen"}

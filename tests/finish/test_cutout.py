"""What is cut out is the thing on which points lie, or the one that stands out near them, and the hole is filled."""

import cv2
import numpy as np
import pytest

from vitascope.finish.cutout import (
    behind,
    matte,
    near_points,
    on_plain,
    on_points,
    shadow_of,
    shadows,
    softened,
    things,
)

CENTRE, RADIUS = (44, 40), 12


def landscape(clutter: int = 0) -> np.ndarray:
    """A red disc with a light spot of gloss before sky and grass; `clutter` speckles."""
    drawn = np.zeros((80, 144, 3), np.uint8)
    drawn[:30] = (120, 170, 240)
    drawn[30:] = (60, 150, 60)
    rng = np.random.default_rng(0)
    drawn += rng.integers(0, 8, drawn.shape, np.uint8)
    for _ in range(clutter):
        x, y = rng.integers(0, (144, 80))
        cv2.circle(drawn, (int(x), int(y)), 4, tuple(map(int, rng.integers(0, 255, 3))), -1)
    cv2.circle(drawn, CENTRE, RADIUS, (210, 30, 30), -1)
    cv2.circle(drawn, (44, 31), 4, (150, 180, 235), -1)
    return drawn


def disc() -> np.ndarray:
    return cv2.circle(np.zeros((80, 144), np.uint8), CENTRE, RADIUS, 1, -1) > 0


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


@pytest.mark.parametrize("points", [[(44, 44)], [(38, 40), (50, 42)], [(x, 42) for x in range(36, 54, 2)]])
def test_on_plain_ground_a_thing_is_cut_out_whole_with_its_gloss(points: list[tuple[int, int]]) -> None:
    mask = on_plain(landscape(), np.array(points, float))
    assert mask is not None and overlap(mask, disc()) > 0.85
    assert mask[31, 44], "gloss is no hole"


def test_a_point_on_nothing_does_not_matter_but_most_do() -> None:
    both = on_plain(landscape(), np.array([(44.0, 44.0), (120.0, 70.0)]))
    assert both is not None and overlap(both, disc()) > 0.85
    assert on_plain(landscape(), np.array([(44.0, 44.0), (120.0, 70.0), (100.0, 60.0)])) is None


def test_among_much_else_it_is_left_to_the_points_alone() -> None:
    picture = landscape(clutter=150)
    points = np.array([(x, y) for x in range(36, 54, 4) for y in range(36, 50, 4)], float)
    assert on_plain(picture, points) is None
    assert overlap(on_points(picture, points, np.array([(10.0, 10.0), (120.0, 60.0)])), disc()) > 0.6


def test_what_stands_out_near_points_is_found_beside_them() -> None:
    points = np.array([(62.0, 40.0), (64.0, 44.0), (130.0, 72.0)])
    parts, nearest = near_points(landscape(), points, np.array([True, True, False]))
    assert overlap(parts > 0, disc()) > 0.85
    assert nearest[0] == nearest[1] == parts[CENTRE[::-1]] and nearest[2] == 0


def test_two_things_are_two_parts() -> None:
    picture = landscape()
    cv2.rectangle(picture, (100, 40), (120, 60), (240, 220, 20), -1)
    parts, nearest = near_points(picture, np.array([(44.0, 40.0), (110.0, 50.0)]), np.ones(2, np.bool_))
    assert nearest[0] != nearest[1] and {parts[40, 44], parts[50, 110]} == set(nearest)


@pytest.mark.parametrize("points", [[(100.0, 60.0)], [(1.0, 1.0), (140.0, 78.0)]])
def test_where_nothing_stands_out_nothing_is_found(points: list[tuple[float, float]]) -> None:
    empty = landscape()
    empty[28:54, 30:58] = empty[28:54, 80:108]
    parts, nearest = near_points(empty, np.array(points), np.ones(len(points), np.bool_))
    assert not parts.any() and not nearest.any()


def test_behind_a_thing_is_what_is_beside_it_with_its_texture() -> None:
    picture = landscape()
    filled = behind(picture, disc()).astype(float)
    hole = filled[disc()]
    np.testing.assert_allclose(filled[32:52, 34:54].mean((0, 1)), picture[32:52, 80:100].mean((0, 1)), atol=6)
    assert hole[:, 0].max() < 140, "no red is left"
    assert filled[36:50, 38:50].std() > 0.5 * picture[36:50, 84:96].astype(float).std(), "it has the ground's grain"
    far = ~cv2.dilate(disc().astype(np.uint8), np.ones((15, 15), np.uint8)).astype(bool)
    np.testing.assert_array_equal(filled[far], picture[far])


def test_where_there_is_no_room_beside_it_what_is_around_is_smeared_over_it() -> None:
    picture = landscape()
    wide = np.zeros((80, 144), np.bool_)
    wide[35:45, 5:139] = True
    picture[wide] = (250, 0, 250)
    filled = behind(picture, wide)
    assert (filled[38:42, 70:120, 1] > 90).all(), "grass, not magenta"


def part_of_something() -> np.ndarray:
    """A bright core in a large disc that stands out too little to be found."""
    picture = np.full((80, 144, 3), (90, 140, 80), np.uint8)
    cv2.circle(picture, (70, 40), 24, (120, 110, 80), -1)
    cv2.circle(picture, (70, 40), 9, (230, 20, 20), -1)
    return picture


def test_things_are_told_from_tiles_and_clouds_and_shadows() -> None:
    picture = landscape()
    columns, rows = np.meshgrid(np.arange(144), np.arange(80))
    tiles = ((columns // 8 + rows // 6) % 2 == 0) & (rows > 34)
    picture[tiles] = (200, 205, 200)
    picture[(rows > 34) & ~tiles] = (90, 95, 90)
    cv2.circle(picture, CENTRE, RADIUS, (210, 30, 30), -1)
    cv2.ellipse(picture, (110, 14), (12, 4), 0, 0, 360, (150, 185, 240), -1)
    found = things(picture)
    assert len(found) == 1 and overlap(found[0], disc()) > 0.8
    assert things(landscape(clutter=150)) == []
    assert things(part_of_something()) == []
    assert things(np.full((80, 144, 3), 80, np.uint8)) == []


def shaded(at: tuple[int, int], axes: tuple[int, int] = (12, 4)) -> np.ndarray:
    """The landscape with the disc's shadow on the grass."""
    picture = landscape()
    cast = cv2.ellipse(np.zeros((80, 144), np.uint8), at, axes, 0, 0, 360, 1, -1) > 0
    cast &= ~disc()
    picture[cast] = (picture[cast] * 0.55).astype(np.uint8)
    return picture


ON = np.array([(x, y) for x in (38, 44, 50) for y in (36, 40, 46)], float)


@pytest.mark.parametrize(("at", "touches"), [((60, 52), True), ((50, 66), False)])
def test_a_shadow_is_found_and_is_no_part_of_the_thing(at: tuple[int, int], touches: bool) -> None:
    picture = shaded(at)
    thing = on_plain(picture, ON)
    assert thing is not None and overlap(thing, disc()) > 0.85
    found = shadow_of(thing, shadows(picture, ON))
    assert found is not None and found[1] is touches
    cast = cv2.ellipse(np.zeros((80, 144), np.uint8), at, (12, 4), 0, 0, 360, 1, -1) > 0
    assert overlap(found[0], cast & ~disc()) > 0.6
    assert not shadow_of(disc(), np.zeros((80, 144)))


def test_neither_tiles_nor_a_grey_thing_nor_plain_ground_are_shadows() -> None:
    assert shadow_of(disc(), shadows(landscape(), ON)) is None
    tiled = shaded((50, 66))
    for x in range(0, 144, 16):
        tiled[40:, x : x + 8] = tiled[40:, x : x + 8] // 2
    assert shadow_of(disc(), shadows(tiled, ON)) is None
    grey = landscape()
    grey[disc()] = (30, 80, 30)  # as dark grass would be
    assert not shadows(grey, ON).any()


def test_about_its_edge_a_thing_is_told_from_what_is_behind_it() -> None:
    field = landscape()
    field[28:54, 30:58] = field[28:54, 80:108]
    true = cv2.GaussianBlur(disc().astype(np.float32), (0, 0), 1.0)
    red = np.array((210, 30, 30))
    picture = np.rint(field + true[..., None] * (red - field)).astype(np.uint8)
    ragged = disc() & (np.random.default_rng(0).random((80, 144)) < 0.9)
    rough = softened(cv2.morphologyEx(ragged.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)) > 0)
    share, own = matte(picture, field, rough)
    assert np.abs(share - true).sum() < 0.5 * np.abs(rough - true).sum()
    edge = (true > 0.1) & (true < 0.9)
    assert np.abs(own[edge].astype(int) - red).mean() < 0.3 * np.abs(picture[edge].astype(int) - red).mean()
    together = field + share[..., None] * (own.astype(float) - field)
    assert np.abs(together - picture).mean() < 1
    line = softened(cv2.line(np.zeros((80, 144), np.uint8), (10, 10), (60, 10), 1, 1) > 0)
    assert matte(picture, field, line)[1] is picture

"""What is cut out is the thing on which points lie, or the one that stands out near them, and the hole is filled."""

import cv2
import numpy as np
import pytest

from vitascope.finish.cutout import behind, near_points, on_plain, on_points, things

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
    assert things(np.full((80, 144, 3), 80, np.uint8)) == []

"""What is known is carried into its neighbours, and groups of frames meet halfway: nothing jumps."""

import itertools

import cv2
import numpy as np
import pytest

from vitascope.finish.seams import HOLD, evened, settled

FPS, NUM = 12.0, 24
REACH = round(HOLD * FPS)


def scene(x: float, lighter: int = 0) -> np.ndarray:
    """Textured ground with a disc at x, and so much lighter."""
    rng = np.random.default_rng(0)
    drawn = cv2.GaussianBlur(rng.integers(40, 160, (80, 144, 3), np.uint8), (0, 0), 2)
    cv2.circle(drawn, (round(x * 16), 40 * 16), 10 * 16, (180, 40, 40), -1, cv2.LINE_AA, 4)
    return np.clip(drawn.astype(int) + lighter, 0, 255).astype(np.uint8)


def carried(made: list[np.ndarray], known: dict[int, np.ndarray]) -> list[np.ndarray]:
    found = list(settled(iter(made), len(made), FPS, known))
    assert len(found) == len(made)
    return found


def apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(int) - other).mean())


@pytest.mark.parametrize("at", [-1, 0, 9, NUM - 1, NUM])
def test_the_frames_beside_a_known_one_begin_where_it_is_and_come_back_to_their_own(at: int) -> None:
    made, true = [scene(60, 20)] * NUM, scene(60)
    found = carried(made, {at: true})
    if 0 <= at < NUM:
        np.testing.assert_array_equal(found[at], true)
    for number, frame in enumerate(found):
        far = abs(number - at)
        if far == 1:
            assert apart(frame, true) < 1
        elif far > REACH:
            assert frame is made[number]
        elif far:
            assert 0 < apart(frame, made[number]) < 20.5
    steps = [apart(a, b) for a, b in itertools.pairwise(found)]
    assert max(steps) < 20 / 4, "no step is a jump"


def test_what_moves_takes_the_difference_along() -> None:
    made = [scene(40 + 2 * number, 15) for number in range(NUM)]
    found = carried(made, {0: scene(40)})
    for number in (1, 2, 3):
        assert apart(found[number], scene(40 + 2 * number)) < 0.4 * apart(made[number], scene(40 + 2 * number))


def test_between_two_known_frames_it_goes_from_one_to_the_other() -> None:
    made = [scene(60, 10)] * 8
    found = carried(made, {0: scene(60, -10), 7: scene(60, 30)})
    light = [float(frame.mean()) for frame in found]
    assert light == sorted(light)
    assert max(np.diff(light)) < 2 * (light[-1] - light[0]) / 7


def test_where_nothing_is_known_nothing_is_changed() -> None:
    made = [scene(60 + number) for number in range(5)]
    assert all(a is b for a, b in zip(carried(made, {}), made, strict=True))


def test_all_known_is_all_known_and_a_film_that_ends_early_ends() -> None:
    known = {number: scene(60 + number) for number in range(5)}
    for number, frame in enumerate(carried([scene(0)] * 5, known)):
        np.testing.assert_array_equal(frame, known[number])
    assert len(list(settled(iter([scene(60)] * 3), 5, FPS, {4: scene(60)}))) == 3


def test_groups_that_differ_in_tone_meet_halfway_and_keep_their_own_tone() -> None:
    lights = [0, 8, -4, 6]
    made = [scene(60 + number, lights[number // 4]) for number in range(16)]
    found = list(evened(iter(made), 4))
    assert len(found) == 16
    tone = np.array([frame.mean() - scene(60 + number).mean() for number, frame in enumerate(found)])
    for seam in (4, 8, 12):
        jump = abs(lights[seam // 4] - lights[seam // 4 - 1])
        assert abs(tone[seam] - tone[seam - 1]) < 0.5 * jump
    assert np.abs(np.diff(tone)).max() < 0.5 * 12
    for group, light in enumerate(lights):
        assert abs(tone[4 * group : 4 * group + 4].mean() - light) < 4


def test_what_is_another_thing_in_the_next_group_is_not_mixed_with_it() -> None:
    made = [scene(30)] * 4 + [scene(110)] * 4
    for number, frame in enumerate(evened(iter(made), 4)):
        assert apart(frame, made[number]) < 1.5


@pytest.mark.parametrize("count", [1, 2, 3, 5, 9])
def test_no_frame_is_lost_and_none_changes_where_nothing_jumps(count: int) -> None:
    made = [scene(60)] * count
    found = list(evened(iter(made), 4))
    assert len(found) == count and all(apart(a, b) < 0.5 for a, b in zip(found, made, strict=True))

"""Points are followed through known motion, things are found by their colours, and what holds nothing is told apart."""

import cv2
import numpy as np
import numpy.typing as npt

from vitascope.evaluate import follow
from vitascope.evaluate.follow import Flow, Frames

SIZE = (144, 80)
STEP = (1.3, 0.6)  # pixels a frame


def grain(width: int, height: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    """A picture full of soft spots."""
    spots = np.random.default_rng(seed).normal(size=(height, width, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(spots, None, 1.5)
    return np.clip(128 + 300 * soft, 0, 255).astype(np.uint8)


def sliding(num_frames: int = 8) -> Frames:
    """A wide picture under a window that moves by less than pixels, so that all goes by STEP."""
    large = grain(400, 300)
    frames = []
    for t in range(num_frames):
        shift = np.array([[1, 0, 100 - t * STEP[0]], [0, 1, 60 - t * STEP[1]]], np.float32)
        frames.append(cv2.warpAffine(large, shift, SIZE, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP))
    return np.stack(frames)


def points() -> npt.NDArray[np.float64]:
    x, y = np.meshgrid(np.linspace(0.15, 0.75, 7), np.linspace(0.2, 0.7, 5))
    return np.stack([x.ravel(), y.ravel()], 1)


def off(places: npt.NDArray[np.float64], steps: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Pixels by which places [K, T, 2] are not where STEP would have them after `steps` [K, T]."""
    want = points()[:, None] * SIZE + steps[..., None] * STEP
    return np.linalg.norm(places * SIZE - want, axis=-1)


def test_points_go_where_the_picture_goes() -> None:
    places = follow.follow(Flow(sliding()), points())
    assert off(places, np.broadcast_to(np.arange(8), (35, 8))).max() < 0.8
    assert off(places, np.broadcast_to(np.arange(8), (35, 8))).mean() < 0.25


def test_points_that_begin_later_stay_until_then() -> None:
    first = np.arange(35) % 5
    places = follow.follow(Flow(sliding()), points(), first)
    assert off(places, np.maximum(0, np.arange(8) - first[:, None])).mean() < 0.25


def test_anchored_points_are_nearer_and_sure() -> None:
    flow = Flow(sliding())
    places = follow.follow(flow, points())
    found, sure = follow.anchored(flow, places, 7)
    assert sure.mean() > 0.9
    end = points() * SIZE + np.multiply(7, STEP)
    assert np.linalg.norm(found * SIZE - end, axis=1)[sure].mean() < 0.05


def test_points_of_another_picture_are_not_sure() -> None:
    frames = np.stack([grain(*SIZE, seed) for seed in (1, 2)])
    flow = Flow(frames)
    assert follow.anchored(flow, follow.follow(flow, points()), 1)[1].mean() < 0.35


def test_grip_holds_a_corner_everywhere_an_edge_across_and_plain_paint_nowhere() -> None:
    frame = np.full((80, 144, 3), 60, np.uint8)
    frame[:40, :72] = 200  # a corner at (72, 40), an upright edge at (72, 20)
    least, grip = follow.grip(frame, np.array([40, 20, 70]), np.array([72, 72, 20]))
    assert least[0] > 10 * follow.HELD
    assert least[1] < follow.HELD > least[2]
    across, along = grip[1] @ (1.0, 0.0), grip[1] @ (0.0, 1.0)
    assert np.linalg.norm(across) > 0.9
    assert np.linalg.norm(along) < 0.1
    assert np.abs(grip[2]).max() < 0.1


def disc(x: float, y: float, radius: float = 9.0) -> npt.NDArray[np.bool_]:
    columns, rows = np.meshgrid(np.arange(SIZE[0]) + 0.5, np.arange(SIZE[1]) + 0.5)
    return np.asarray(np.hypot(columns - x, rows - y) < radius)


def test_a_thing_is_found_by_its_colour_beside_a_second_patch_of_it() -> None:
    frames = np.repeat((grain(*SIZE) // 3 + 60)[None], 10, 0)
    shown = np.stack([disc(30 + 8 * t, 40 - t) for t in range(10)])
    frames[shown] = (200, 30, 20)
    look = follow.look_of(frames, shown)
    centre, there = follow.middle_of(shown)
    assert there.all()
    frames[:, disc(136, 72, 3.5)] = (200, 30, 20)  # small and far away
    place, seen = follow.centres(frames, look, centre[0])
    assert seen.all()
    assert np.abs((place - centre) * SIZE).max() < 0.5


def test_a_thing_that_is_gone_stays_where_it_was_and_is_not_seen() -> None:
    frames = np.repeat((grain(*SIZE) // 3 + 60)[None], 4, 0)
    shown = np.stack([disc(40, 40), disc(48, 40), *np.zeros((2, 80, 144), np.bool_)])
    frames[shown] = (20, 40, 200)
    place, seen = follow.centres(frames, follow.look_of(frames, shown))
    assert seen.tolist() == [True, True, False, False]
    assert np.array_equal(place[1], place[3])


def test_longest_run() -> None:
    visible = np.array([[1, 1, 0, 1, 1, 1], [0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1], [0, 1, 1, 0, 1, 1]], np.bool_)
    first, end = follow.longest_run(visible)
    assert first.tolist() == [3, 0, 0, 1]
    assert (end - first).tolist() == [3, 0, 6, 2]

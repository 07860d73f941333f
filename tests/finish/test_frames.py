"""What was made, at the rate and size that were asked for, with what was pinned put back."""

import numpy as np
import pytest

from vitascope.evaluate.pins import picture
from vitascope.finish.frames import Finished
from vitascope.shot.shot import Pin, Shot


def _made(num: int) -> np.ndarray:
    """Frames that grow lighter, with a square that moves."""
    frames = np.empty((num, 32, 48, 3), np.uint8)
    for number in range(num):
        frames[number] = 60 + 2 * number
        frames[number, 8:24, 4 + 2 * number : 16 + 2 * number] = (200, 40, 40)
    return frames


def test_frames_in_between_are_made_at_the_rate_that_was_asked_for() -> None:
    shot = Shot(text="a ball", size=(48, 32), seconds=1, fps=24)
    frames = list(Finished(_made(12), 12, 12.0, shot, seams=False))
    assert len(frames) == 24
    assert all(np.array_equal(frames[2 * number], frame) for number, frame in enumerate(_made(12)))
    red = [np.argwhere(frame[16, :, 0].astype(int) - frame[16, :, 1] > 100).mean() for frame in frames]
    np.testing.assert_allclose(np.diff(red), 1.0, atol=0.35)


def test_larger_frames_are_made_while_they_are_played() -> None:
    shot = Shot(text="a ball", size=(144, 96), seconds=0.5, fps=12)
    clip = Finished(_made(6), 6, 12.0, shot)
    for _ in range(2):  # they can be played again
        frames = list(clip)
        assert [frame.shape for frame in frames] == [(96, 144, 3)] * 6
    assert abs(float(frames[3][:, 100:].mean()) - 66) < 2
    assert set(clip.watch.seconds) == {"seams", "upscale"} and clip.watch.seconds["upscale"] > 0


def test_pinned_pictures_are_put_back_at_full_size_at_their_moment() -> None:
    exact = np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    shot = Shot(text="a ball", size=(96, 64), seconds=1, fps=30, pins=(Pin(media=picture(exact), time=0.7),))
    frames = list(Finished(_made(12), 12, 12.0, shot))
    assert len(frames) == 30
    assert np.array_equal(frames[21], exact) and not np.array_equal(frames[20], exact)


def test_seams_are_evened_and_what_is_known_is_carried_on() -> None:
    shot = Shot(text="a ball", size=(48, 32), seconds=1, fps=12)
    dark, light, known = (np.full((32, 48, 3), grey, np.uint8) for grey in (90, 100, 60))
    made = [dark] * 4 + [light] * 4 + [dark] * 4
    steps = np.abs(np.diff([frame.mean() for frame in Finished(made, 12, 12.0, shot)]))
    assert steps.max() < 6
    pinned = shot.with_(pins=(Pin(media=picture(known), time=0.0),))
    tones = [frame.mean() for frame in Finished(made, 12, 12.0, pinned)]
    assert tones[0] == 60 and abs(tones[1] - 60) < 2 and tones == sorted(tones[:8]) + tones[8:]
    assert [frame.mean() for frame in Finished(made, 12, 12.0, shot, seams=False)] == [frame.mean() for frame in made]


@pytest.mark.parametrize("fps", [8.0, 30.0])
def test_what_was_made_beyond_the_shot_is_not_shown(fps: float) -> None:
    shot = Shot(text="a ball", size=(48, 32), seconds=0.5, fps=fps)
    frames = list(Finished(_made(12), 6, 12.0, shot))
    assert len(frames) == shot.num_frames
    assert frames[-1].mean() < _made(12)[7].mean()

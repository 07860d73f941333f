"""What the suite of sound listens to, and compares."""

import numpy as np

from vitascope.evaluate.sound import Own, mixed_moments, moments, motion_peaks, own_in_time
from vitascope.shot.shot import Cue
from vitascope.sound.spot import Spotted

HITS = tuple(
    Cue(time=time, kind="bounce", strength=0.6, materials=("rubber", "tile"), place=(0.5, 0.5)) for time in (0.4, 1.2)
)


def test_motion_that_starts_is_a_peak() -> None:
    frames = np.zeros((24, 36, 64, 3), np.uint8)
    for number in range(12, 24):
        frames[number, 10:20, (number - 12) * 4 : (number - 12) * 4 + 10] = 255
    assert any(abs(time - 1.0) < 0.15 for time in motion_peaks(frames, 12.0))


def test_two_feet_that_come_down_together_are_one_moment() -> None:
    steps = [Cue(time=time, kind="footstep", place=(0.5, 0.8)) for time in (0.5, 0.52, 1.0)]
    assert moments([*steps, Cue(time=1.5, kind="footstep"), Cue(time=1.6, kind="roll", place=(0.5, 0.5))]) == [0.5, 1.0]


def test_what_is_found_in_a_clip_of_our_own_is_heard_in_its_mix() -> None:
    spotted = Spotted(HITS, 2.0, (0.1,) * 8, ())
    clip = Own("a ball bounces", np.zeros((24, 36, 64, 3), np.uint8), 12.0, spotted, mixed_moments(spotted))
    metrics = own_in_time([clip], [])
    assert metrics["own_f1"].value == 1.0 and metrics["own_error"].value < 10 and metrics["own_found"].value == 1.0
    deaf = Own(clip.prompt, clip.frames, clip.fps, spotted, np.zeros(96_000, np.float32))
    assert own_in_time([deaf], [])["own_f1"].value == 0.0

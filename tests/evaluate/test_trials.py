"""Trials are what they say, and balls are found where they truly are."""

import functools

import numpy as np
import pytest

from vitascope.evaluate import trials
from vitascope.evaluate.trials import FPS, FRAMES, GIVEN, LAWS, SIZE, Law, followed, metres, spots

trial = functools.cache(trials.trial)


@pytest.mark.parametrize("law", LAWS)
def test_a_shot_asks_for_what_comes_after_what_is_known(law: Law) -> None:
    one = trial(law, 0)
    (pin,) = one.shot.pins
    assert one.shot.num_frames == FRAMES and one.shot.size == SIZE
    assert len(one.true) == one.given + FRAMES == len(one.whole(one.true[one.given :]))
    known = (0.0, "picture", 0) if law in ("fall", "bounce") else (-GIVEN / FPS, "film", GIVEN)
    assert (pin.time, pin.media.kind, one.given) == known


@pytest.mark.parametrize("law", [law for law in LAWS if law != "hide"])
def test_balls_are_found_within_five_centimetres_of_where_they_are(law: Law) -> None:
    one = trial(law, 0)
    for number, (found, ball) in enumerate(zip(followed(one, one.true), one.balls, strict=True)):
        whole = found.size > 0.7 * found.size.max()  # not at the edge of the picture
        assert whole.sum() >= 8
        place = metres(found.middle, ball, one.path)
        away = np.abs(place - one.motion.position[:, number][:, [0, 2]])[whole]
        assert away.max() < 0.05


def test_what_is_hidden_is_hidden_for_a_while_and_comes_out_on_the_other_side() -> None:
    one = trial("hide", 0)
    size = followed(one, one.true)[0].size
    hidden = np.flatnonzero(size == 0)
    assert one.given <= hidden[0] and len(hidden) >= 3
    assert size[0] > 40 and size[-1] > 0.7 * size[0]
    assert np.sign(one.motion.position[0, 0, 0]) == -np.sign(one.motion.position[-1, 0, 0])
    assert " behind a green cube " in one.shot.text


def test_two_patches_are_two_and_a_crumb_is_none() -> None:
    frames = np.full((3, 80, 144, 3), 128, np.uint8)
    frames[:, 20:40, 20:40] = (200, 30, 30)
    frames[1, 50:65, 100:120] = (200, 30, 30)
    frames[1, 50:65, 60:80] = (30, 160, 30)
    frames[2, 20:40, 20:40] = 128
    frames[2, 70:74, 100:104] = (200, 30, 30)
    found = spots(frames, "red")
    assert found.count.tolist() == [1, 2, 0]
    assert found.size.tolist() == [400, 400, 0]
    assert found.middle.tolist() == [[30, 30]] * 3


def test_a_trial_is_the_same_each_time() -> None:
    assert (trials.trial("meet", 1).true == trials.trial("meet", 1).true).all()

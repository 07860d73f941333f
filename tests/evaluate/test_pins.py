"""What keeps its pins measures as true renders do, and what does not is told apart from it."""

from collections.abc import Callable

import numpy as np
import pytest

from vitascope import generate
from vitascope.evaluate import pins
from vitascope.evaluate.pins import ALIKE, FPS, HALF, PART, Source, differences, exact, pop, psnr, seam, sources
from vitascope.evaluate.suite import Frames, Outcome, Studio
from vitascope.shot.clip import Clip
from vitascope.shot.shot import Shot

RNG = np.random.default_rng(0)
STILL = RNG.integers(0, 256, (1, 16, 16, 3)).astype(np.uint8)


def panned(num_frames: int) -> Frames:
    """A picture that moves on by one pixel a frame."""
    return np.stack([np.roll(STILL[0], number, 1) for number in range(num_frames)])


class Fake(Studio):
    """Stands in for a network: makes what a function says."""

    def __init__(self, answer: Callable[[Shot], Frames]) -> None:
        object.__setattr__(self, "answer", answer)

    def make(self, shot: Shot) -> Clip:
        frames = [generate.scaled(frame, shot.size) for frame in self.answer(shot)]  # type: ignore[attr-defined]
        return Clip.from_array(np.stack(frames), shot.fps, shot)


def true_answer(source: Source, shot: Shot) -> Frames:
    """What the true render shows of a shot: which part of it is asked for is told by the films about it."""
    frames = source.frames
    films = [pin.time for pin in shot.pins if pin.media.kind == "film" and pin.mask is None]
    if len(films) == 2 and shot.num_frames == HALF:  # a loop: back again
        return frames[HALF:0:-1]
    if len(films) == 2:
        return frames[PART[0] : PART[1]]
    if films:
        return frames[HALF:] if films[0] < 0 else frames[:HALF]
    return frames[: shot.num_frames]


@pytest.fixture(scope="module")
def chosen() -> list[Source]:
    return sources(2)


def measured(chosen: list[Source], answer: Callable[[Shot], Frames]) -> Outcome:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pins, "sources", lambda count: chosen[:count])
        return pins.measure(Fake(answer), quick=True)


def test_true_renders_reach_the_ceiling_of_all_metrics(chosen: list[Source]) -> None:
    found = measured(chosen, lambda shot: true_answer(chosen[0], shot)).metrics
    assert set(found) == set(pins.UNITS)
    for name, one in found.items():
        assert one.ceiling is not None and abs(one.value - one.ceiling) < 0.3, name
    for name in ("exact", "region_exact", "retake_identical"):
        assert found[name].value == 1.0
    for name in ("first_pop", "last_pop", "middle_pop", "extend_pop", "before_pop", "retake_pop", "loop_seam"):
        assert abs(found[name].value) < 2, name


def test_another_clip_is_as_bad_as_the_baseline(chosen: list[Source]) -> None:
    found = measured(chosen, lambda shot: true_answer(chosen[1], shot)).metrics
    assert found["exact"].value < 0.2 and found["region_exact"].value < 0.2
    for name in ("extend_pop", "before_pop", "retake_pop"):
        assert found[name].value > 8, name
    for name in ("file_db", "first_match"):
        one = found[name]
        assert one.baseline is not None and one.ceiling is not None and one.value < (one.baseline + one.ceiling) / 2


def test_a_pinned_picture_put_over_another_clip_pops(chosen: list[Source]) -> None:
    def pasted(shot: Shot) -> Frames:
        frames = true_answer(chosen[1], shot).copy()
        for pin in shot.pins:
            if pin.media.kind == "picture" and pin.region is None:
                at = min(len(frames) - 1, round(pin.time * FPS))
                frames[at] = chosen[0].frames[at]
        return frames

    found = measured(chosen, pasted).metrics
    assert found["exact"].value == 1.0
    assert min(found[f"{moment}_pop"].value for moment in ("first", "last", "middle")) > 8


def test_a_jump_stands_out_and_even_motion_does_not() -> None:
    frames = panned(12)
    assert abs(pop(differences(frames), (5,))) < 0.5
    frames[6] = 0
    assert pop(differences(frames), (5, 6)) > 20


def test_a_seam_is_even_in_a_loop_alone() -> None:
    assert abs(seam(panned(16))) < 0.5  # sixteen pixels wide: the next frame is the first
    ramp = np.broadcast_to(np.arange(16, dtype=np.uint8)[:, None, None, None] * 4, (16, 16, 16, 3))
    assert seam(np.ascontiguousarray(ramp)) > 20


def test_exact_counts_whole_pixels_of_what_is_shown() -> None:
    other = STILL.copy()
    other[0, :4, :, 0] ^= 1
    shown = np.zeros(STILL.shape[:3], np.bool_)
    shown[:, :8] = True
    assert exact(other, STILL) == 0.75 and exact(other, STILL, shown) == 0.5


def test_psnr_is_the_known_one() -> None:
    assert psnr(STILL, STILL) == ALIKE
    assert psnr(np.full(4, 100, np.uint8), np.full(4, 110, np.uint8)) == pytest.approx(28.131, abs=1e-3)

"""Batches: what is in them, and that they follow from their seed."""

import numpy as np
import pytest
import torch

from vitascope.model import patches
from vitascope.train import video
from vitascope.train.stream import Ring, Sample, Source, mirror

SOURCE = Source(size=(48, 32), num_frames=24)
UNTEXTED = torch.zeros(2, 384)


@pytest.fixture(scope="module")
def ring() -> Ring:
    """A ring of made-up clips: in clip i every pixel of frame f is 10·i + f."""

    def sample(index: int) -> Sample:
        frames = np.broadcast_to(np.arange(24, dtype=np.uint8)[:, None, None, None] + 10 * index, (24, 32, 48, 3))
        points = np.full((8, 24, 2), 0.5, np.float32)
        texts = (np.full((4, 384), index + 1, np.float16),)
        things = np.zeros((24, 32, 48), bool)
        things[:, :16] = True
        return Sample(np.ascontiguousarray(frames), texts, ("",), points, np.ones((8, 24), bool), things)

    made = Ring(SOURCE, 16, workers=0)
    made._kept.update({index: sample(index) for index in range(16)})
    return made


def _batches(ring: Ring, count: int = 60) -> list[video.Batch]:
    return [video.batch(ring, 0, 16, 12, 1500, (0, step), UNTEXTED) for step in range(count)]


def test_a_seed_makes_the_same_batch(ring: Ring) -> None:
    first, again, other = (video.batch(ring, 0, 16, 12, 1500, (0, seed), UNTEXTED) for seed in (1, 1, 2))
    assert torch.equal(first.clean, again.clean) and torch.equal(first.noise, again.noise)
    assert torch.equal(first.time, again.time)
    assert first.clean.shape != other.clean.shape or not torch.equal(first.noise, other.noise)


def test_there_are_pictures_short_parts_and_whole_clips_with_and_without_pins(ring: Ring) -> None:
    kinds = {(made.clean.shape[1], made.clean.shape[3], made.conditions.pins is not None) for made in _batches(ring)}
    moving, still = patches.MOVING_WIDTH, patches.STILL_WIDTH
    assert kinds == {(1, still, False), (1, moving, False), (2, moving, False), (2, moving, True)} | {
        (6, moving, False),
        (6, moving, True),
    }


def test_batches_cost_about_their_budget(ring: Ring) -> None:
    assert all(8 <= made.num_groups <= 16 for made in _batches(ring))


def test_times_and_pins_belong_to_their_frames(ring: Ring) -> None:
    for made in _batches(ring):
        shown = ((made.clean.float() + 1) * 127.5).round().mean((-1, -2))  # the mean grey of each group
        spread = shown - shown % 10 if made.clean.shape[1] == 1 else None
        seconds = made.conditions.seconds
        index = made.conditions.text[:, 0, 0] - 1  # dropped texts give -1
        frames = seconds * 12
        for row in range(len(shown)):
            if index[row] >= 0:
                assert torch.allclose(shown[row], frames[row] + 10 * index[row], atol=0.6), spread
        pins, when = made.conditions.pins, made.conditions.pin_seconds
        if pins is not None and when is not None:
            grey = ((pins + 1) * 127.5).mean((-1, -2))
            kept = index >= 0
            assert torch.allclose(grey[kept], (when * 12)[kept] + 10 * index[kept][:, None], atol=0.1)


def test_about_a_tenth_of_the_texts_are_dropped(ring: Ring) -> None:
    dropped = torch.cat([made.conditions.text[:, 0, 0] == 0 for made in _batches(ring, 150)]).float().mean()
    assert 0.05 < dropped < 0.16


def test_some_whole_clips_go_on_from_known_groups(ring: Ring) -> None:
    whole = [made.time for made in _batches(ring, 150) if made.clean.shape[1] == 6]
    known = torch.cat([time[:, :2].eq(1).all(1) for time in whole]).float().mean()
    assert 0.05 < known < 0.3
    assert all(time[:, 2:].lt(1).all() for time in whole)


def test_things_count_more_until_near_the_end(ring: Ring) -> None:
    early, late = (video.batch(ring, 0, 16, 12, step, (0, 3), UNTEXTED).care for step in (500, 2000))
    assert early is not None and early[:, :, :3].eq(4).all() and early[:, :, 3:].eq(1).all()
    assert late is None


def test_whole_clips_become_more_frequent() -> None:
    shares = [video.whole_share(step) for step in (0, 1500, 3000, 9000)]
    assert shares == sorted(shares) and shares[0] < 0.2 and shares[-1] == shares[-2] <= 0.8


def test_some_clips_have_several_pins_at_their_own_times(ring: Ring) -> None:
    counts = set()
    for made in _batches(ring, 150):
        pins = made.conditions.pins
        if pins is None:
            continue
        assert made.conditions.pin_seconds is not None
        counts.add(pins.shape[1])
        frames = (made.conditions.pin_seconds * SOURCE.fps).round()  # B P
        greys = ((pins + 1) * 127.5).round().mean((-1, -2))
        assert torch.equal(greys % 10, frames % 10)
    assert counts == {1, 2, 3}


def test_a_mirrored_clip_has_all_of_it_in_the_mirror() -> None:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 255, (24, 32, 48, 3), dtype=np.uint8)
    points = rng.random((8, 24, 2)).astype(np.float32)
    texts = tuple(np.full((4, 384), value, np.float16) for value in (1, 2))
    things = frames[..., 0] > 128
    sample = Sample(frames, texts[:1], ("left",), points, np.ones((8, 24), bool), things, texts[1:])
    turned = video._in_the_mirror(sample)
    np.testing.assert_array_equal(turned.frames, frames[:, :, ::-1])
    np.testing.assert_array_equal(turned.things, things[:, :, ::-1])
    np.testing.assert_allclose(turned.points[..., 0], 1 - points[..., 0])
    np.testing.assert_array_equal(turned.points[..., 1], points[..., 1])
    assert turned.texts is sample.mirrored
    np.testing.assert_array_equal(sample.points, points)  # the clip in the ring stays as it is


@pytest.mark.parametrize(
    ("caption", "turned"),
    [
        ("A ball rolls to the left, from right to left.", "A ball rolls to the right, from left to right."),
        ("the camera rolls clockwise", "the camera rolls counterclockwise"),
        ("the camera rolls anticlockwise and pans Right", "the camera rolls clockwise and pans left"),
        ("leftwards in bright sunlight", "rightwards in bright sunlight"),
    ],
)
def test_captions_are_told_as_in_the_mirror(caption: str, turned: str) -> None:
    assert mirror(caption) == turned

"""The stream of rendered clips: their formats, what is known of each, and the ring that keeps them."""

import itertools
import threading
from dataclasses import replace

import numpy as np
import pytest

from vitascope.shot.camera import VERBS, Move
from vitascope.train import stream
from vitascope.train.stream import FORMATS, Format, Ring, Source, plain
from vitascope.world import cuda

SMALL = Source(formats=(Format((48, 32), 24),))
TWO = (Format((48, 32), 24, 12.0, 0.5), Format((32, 48), 8, 8.0, 0.5))


def test_a_clip_is_the_same_whenever_it_is_asked_for() -> None:
    first, again = SMALL.sample(3), SMALL.sample(3)
    assert np.array_equal(first.frames, again.frames) and first.captions == again.captions
    assert not np.array_equal(first.frames, replace(SMALL, seed=1).sample(3).frames)


def test_formats_have_their_shares_of_the_steps() -> None:
    """A step costs about the same whatever its format, so the clips of a format last as long as they are large."""
    source = Source(seed=3)
    chosen = np.bincount([source.format(index) for index in range(20_000)], minlength=len(FORMATS))
    cost = np.array([kind.num_groups * kind.num_patches for kind in FORMATS])
    shares = chosen * cost / (chosen * cost).sum()
    np.testing.assert_allclose(shares, [kind.share for kind in FORMATS], rtol=0.15)


def test_every_shape_is_made_of_whole_patches_and_groups() -> None:
    assert sum(kind.share for kind in FORMATS) == pytest.approx(1.0)
    for kind in FORMATS:
        rows, columns = kind.grid
        assert (columns * stream.patches.PATCH, rows * stream.patches.PATCH) == kind.size
        assert kind.num_patches == rows * columns and kind.num_groups * stream.patches.GROUP == kind.num_frames


def test_which_format_a_clip_has_follows_from_seed_and_number() -> None:
    first, again, other = ([source.format(i) for i in range(300)] for source in (Source(), Source(), Source(seed=1)))
    assert first == again != other
    assert set(first) >= {0, 1, 2}


def test_a_clip_is_filmed_in_its_format() -> None:
    source = Source(formats=TWO)
    for kind in range(2):
        index = next(i for i in itertools.count() if source.format(i) == kind)
        sample, wanted = source.sample(index), TWO[kind]
        frames, (wide, high) = wanted.num_frames, wanted.size
        assert sample.frames.shape == (frames, high, wide, 3) and sample.frames.dtype == np.uint8
        assert sample.things.shape == (frames, high, wide) and sample.things.any()
        assert sample.points.shape == (stream.NUM_TRACKS, frames, 2) and sample.points.dtype == np.float32
        assert sample.visible.shape == (stream.NUM_TRACKS, frames)
        assert (
            len(sample.texts) == len(sample.captions) == len(sample.mirrored) == stream.NUM_CAPTIONS + stream.NUM_PLAIN
        )
        assert all(text.shape[1] == 384 for text in sample.texts)


def test_moving_cameras_and_no_others_have_plane_tracks() -> None:
    both = set()
    for index in range(12):
        sample = SMALL.sample(index)
        moving = any(
            any(f"camera {verb}" in told for verb in VERBS.values()) for told in map(str.lower, sample.captions)
        )
        assert (sample.camera is not None) == moving
        both.add(moving)
        if sample.camera is not None:
            points, visible = sample.camera
            assert points.shape == (*visible.shape, 2) and visible.shape[1] == 24
            assert points.dtype == np.float32 and visible.dtype == np.bool_
            assert np.ptp(points, axis=1).max() > 0.02
    assert both == {True, False}


def test_plane_tracks_are_those_that_users_give() -> None:
    """As the command line makes them of a camera move: the same points, at the clip's own times."""
    from vitascope.shot.camera import camera_tracks, usual_grid
    from vitascope.shot.tracks import track_arrays

    kind, moves = Format((80, 144), 12, 8.0), (Move(kind="pan", amount=15), Move(kind="zoom", amount=1.3))
    told = stream._told(moves, kind)
    assert told is not None
    given = camera_tracks(moves, (80, 144), 1.5, 8.0, grid=usual_grid((80, 144)))
    points, visible = track_arrays(given, 12, 8.0)
    assert np.array_equal(told[0], points) and np.array_equal(told[1], visible)
    first = points[: np.prod(usual_grid((80, 144)))]
    assert (
        visible[: len(first), 0].all() and (first[:, -1, 0] < first[:, 0, 0]).mean() > 0.8
    )  # to the right: all goes left
    assert stream._told((), kind) is None


def test_footage_is_told_apart_by_what_it_uses() -> None:
    """A resumed run compares these."""
    assert repr(Source()) == repr(Source(picture_share=0.5)) != repr(Source(seed=1))
    assert repr(Source(pictures="a")) not in (repr(Source()), repr(Source(pictures="a", picture_share=0.5)))
    assert repr(SMALL) != repr(Source())


def test_the_ring_forgets_old_clips_and_keeps_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Source, "sample", lambda self, index: index)
    with Ring(SMALL, 4, workers=0) as ring:
        for end in (4, 8, 20):
            ring.ask(end)
            kept: list[object] = [ring[i] for i in range(end - 4, end)]
            assert kept == list(range(end - 4, end))
        assert list(ring._kept) == [16, 17, 18, 19]


def test_a_ring_can_begin_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Source, "sample", lambda self, index: index)
    with Ring(SMALL, 4, workers=0) as ring:
        ring.ask(100)
        kept: list[object] = [ring[i] for i in range(96, 100)]
        assert kept == [96, 97, 98, 99]


@pytest.mark.skipif(cuda.available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_told_before_training() -> None:
    with pytest.raises(OSError, match=r"device: clips cannot be drawn on a GPU here .* --workers"):
        Ring(replace(SMALL, device="cuda"), 4, workers=0)
    with pytest.raises(OSError, match="drawn on 'cpu' or 'cuda', but 'tpu' was given"):
        Ring(replace(SMALL, device="tpu"), 4, workers=0)
    assert repr(replace(SMALL, device="cuda")) == repr(SMALL)  # a run may go on elsewhere


def test_a_gpu_draws_ahead_while_the_training_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    may_draw, enough = threading.Event(), threading.Event()

    def sample(self: Source, index: int) -> int:
        assert may_draw.wait(10) and threading.current_thread() is not threading.main_thread()
        drawn.append(index)
        if index == 3 + stream.AHEAD:
            enough.set()
        return index

    monkeypatch.setattr(Source, "check", lambda self: None)
    monkeypatch.setattr(Source, "sample", sample)
    with Ring(replace(SMALL, device="cuda"), 4, workers=0) as ring:
        ring.ask(4)  # does not wait
        assert not drawn
        may_draw.set()
        kept: list[object] = [ring[i] for i in range(4)]
        assert kept == [0, 1, 2, 3]
        assert enough.wait(10)  # nobody has asked for these yet
        assert drawn == list(range(4 + stream.AHEAD))


@pytest.mark.slow
def test_workers_render_what_this_process_renders() -> None:
    with Ring(SMALL, 2, workers=1) as ring:
        ring.ask(2)
        assert np.array_equal(ring[1].frames, SMALL.sample(1).frames)


def test_plain_captions_tell_neither_colours_nor_materials() -> None:
    said = {
        "A shiny blue metal sphere rolls left": "A sphere rolls left",
        "an orange egg made of wood on grass": "an egg on grass",
        "a red egg falls, a white brick stands": "an egg falls, a brick stands",
        "Brown can.": "Can.",
    }
    assert {caption: plain(caption) for caption in said} == said

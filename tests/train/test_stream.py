"""The ring of rendered clips."""

from dataclasses import replace

import numpy as np
import pytest

from vitascope.train import stream
from vitascope.train.stream import Ring, Source

SMALL = Source(size=(48, 32), num_frames=24)


def test_a_clip_is_the_same_whenever_it_is_asked_for() -> None:
    first, again = SMALL.sample(3), SMALL.sample(3)
    assert np.array_equal(first.frames, again.frames) and first.captions == again.captions
    assert not np.array_equal(first.frames, replace(SMALL, seed=1).sample(3).frames)


def test_a_sample_is_whole() -> None:
    sample = SMALL.sample(0)
    assert sample.frames.shape == (24, 32, 48, 3) and sample.frames.dtype == np.uint8
    assert len(sample.texts) == len(sample.captions) and all(text.shape[1] == 384 for text in sample.texts)
    assert sample.points.shape == (stream.NUM_TRACKS, 24, 2) and sample.visible.shape == (stream.NUM_TRACKS, 24)


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


@pytest.mark.slow
def test_workers_render_what_this_process_renders() -> None:
    with Ring(SMALL, 2, workers=1) as ring:
        ring.ask(2)
        assert np.array_equal(ring[1].frames, SMALL.sample(1).frames)

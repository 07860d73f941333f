"""From words to a playable file, all the way, with the `tiny` network."""

from pathlib import Path

import numpy as np

import vitascope
from vitascope import Clip, Shot
from vitascope.finish.deliver import Delivery
from vitascope.shot import Media, Pin
from vitascope.shot.camera import camera_tracks, parse_moves
from vitascope.shot.media import probe, read_picture, read_shot, write_picture


def _shot(tmp_path: Path) -> Shot:
    """Text, one pin and the tracks of a camera move."""
    rng = np.random.default_rng(0)
    write_picture(tmp_path / "first.png", rng.integers(0, 255, (120, 200, 3), dtype=np.uint8))
    return Shot(
        text="a red ball rolls to the right on the grass",
        seconds=1.5,
        seed=7,
        steps=4,
        model="tiny",
        pins=(Pin(media=Media.from_path(tmp_path / "first.png")),),
        tracks=camera_tracks(parse_moves("pan left 20deg"), (256, 144), 1.5, 12),
    )


def _blocks(frames: np.ndarray) -> np.ndarray:
    """Means of squares of 16 pixels: what is left of an untrained network's noise by any coder."""
    T, H, W, _ = frames.shape
    return frames.reshape(T, H // 16, 16, W // 16, 16, 3).mean((2, 4))


def test_a_request_becomes_a_playable_film_that_says_how_it_was_made(tiny_engine: Path, tmp_path: Path) -> None:
    shot = _shot(tmp_path)
    clip = vitascope.make(shot, tmp_path / "made.mp4")
    info = probe(tmp_path / "made.mp4")
    assert (info.size, info.num_frames, info.fps) == ((256, 144), 18, 12)
    assert read_shot(tmp_path / "made.mp4") == shot
    opened = Clip.open(tmp_path / "made.mp4").array()
    assert np.abs(_blocks(opened) - _blocks(clip.array())).mean() < 4, "lossy, but the same film"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.png", "made.mp4"]


def test_the_same_seed_gives_the_same_frames(tiny_engine: Path, tmp_path: Path) -> None:
    shot = _shot(tmp_path).with_(pins=())  # of a first frame in motion there is only one take
    first, again = vitascope.make(shot).array(), vitascope.make(shot).array()
    assert first.tobytes() == again.tobytes()
    assert not np.array_equal(first, vitascope.make(shot.with_(seed=8)).array())


def test_a_pinned_frame_comes_back_exactly(tiny_engine: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    write_picture(tmp_path / "exact.png", rng.integers(0, 255, (144, 256, 3), dtype=np.uint8))
    picture = read_picture(tmp_path / "exact.png")
    for time, frame in ((0.0, 0), (0.5, 6)):
        pin = Pin(media=Media.from_path(tmp_path / "exact.png"), time=time)
        made = vitascope.make(_shot(tmp_path).with_(pins=(pin,))).array()
        assert np.array_equal(made[frame], picture)


def test_a_shot_of_one_frame_becomes_a_picture(tiny_engine: Path, tmp_path: Path) -> None:
    shot = Shot(text="a red ball", seconds=1 / 12, steps=3, model="tiny", seed=2)
    clip = vitascope.make(shot, tmp_path / "ball.png", delivery=Delivery(marked=False))
    assert clip.num_frames == 1
    assert np.array_equal(read_picture(tmp_path / "ball.png"), clip.array()[0])
    assert read_shot(tmp_path / "ball.png") == shot

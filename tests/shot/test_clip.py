"""Clips read their frames again and again, from memory or a file, and are saved by the name's ending."""

import base64
from pathlib import Path

import numpy as np
import pytest

from vitascope.shot import ArrayFrames, Clip, FileFrames, Shot
from vitascope.shot.media import MediaError

FRAMES = np.tile(np.linspace(0, 255, 6).astype(np.uint8)[:, None, None, None], (1, 32, 48, 3))  # T H W 3


def test_a_clip_knows_its_size_and_length() -> None:
    clip = Clip.from_array(FRAMES, 12)
    assert (clip.num_frames, clip.size, clip.seconds) == (6, (48, 32), 0.5)


@pytest.mark.parametrize("shape", [(0, 32, 48, 3), (32, 48, 3), (6, 32, 48, 4)])
def test_arrays_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"uint8 \[T, H, W, 3\]"):
        ArrayFrames(np.zeros(shape, np.uint8))


def test_a_saved_film_opens_as_the_same_clip(tmp_path: Path) -> None:
    sound = np.full((24_000, 2), 0.1, np.float32)
    shot = Shot(text="brighter", size=(48, 32), seconds=0.5)
    Clip(ArrayFrames(FRAMES), 12, shot, sound).save(tmp_path / "clip.mp4")
    clip = Clip.open(tmp_path / "clip.mp4")
    assert (clip.num_frames, clip.size, clip.fps, clip.shot) == (6, (48, 32), 12, shot)
    assert clip.sound is not None
    assert clip.sound.shape == sound.shape
    assert np.abs(clip.array().astype(int) - FRAMES).max() <= 3


def test_frames_of_a_file_can_be_read_twice(tmp_path: Path) -> None:
    Clip.from_array(FRAMES, 12).save(tmp_path / "clip.mp4")
    source = FileFrames(tmp_path / "clip.mp4")
    assert sum(1 for _ in source) == sum(1 for _ in source) == source.num_frames == 6


def test_more_frames_than_memory_may_hold_are_only_read_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clip.from_array(FRAMES, 12).save(tmp_path / "clip.mp4")
    clip = Clip.open(tmp_path / "clip.mp4")
    monkeypatch.setattr("vitascope.shot.clip.MAX_ARRAY_BYTES", 6 * 48 * 32 * 3 - 1)
    with pytest.raises(ValueError, match="6 frames of 48x32 are more than the 27647 bytes"):
        clip.array()
    assert sum(1 for _ in clip.frames) == 6
    monkeypatch.setattr("vitascope.shot.clip.MAX_ARRAY_BYTES", 6 * 48 * 32 * 3)
    assert clip.array().shape == FRAMES.shape


def test_a_clip_of_one_frame_is_saved_exactly_as_a_picture(tmp_path: Path) -> None:
    shot = Shot(text="grey")
    Clip.from_array(FRAMES[2:3], 12, shot).save(tmp_path / "frame.png")
    clip = Clip.open(tmp_path / "frame.png")
    assert (clip.array() == FRAMES[2:3]).all()
    assert clip.shot == shot
    assert clip.fps == 12


def test_several_frames_are_not_saved_as_a_picture(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"has 6; use \.mp4"):
        Clip.from_array(FRAMES, 12).save(tmp_path / "clip.png")


def test_other_endings_are_refused_with_those_allowed(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"'clip\.avi'.*\.mp4, .*\.png"):
        Clip.from_array(FRAMES, 12).save(tmp_path / "clip.avi")
    assert not list(tmp_path.iterdir())


def test_a_clip_shows_itself_in_a_notebook() -> None:
    film, still = (Clip.from_array(FRAMES[:count], 12)._repr_html_() for count in (6, 1))
    assert film.startswith("<video controls loop autoplay muted")
    assert base64.b64decode(film.split("base64,")[1].split('"')[0])[4:8] == b"ftyp"
    assert still.startswith('<img width="48" height="32"')
    assert base64.b64decode(still.split("base64,")[1].split('"')[0])[1:4] == b"PNG"

"""A film with another sound keeps its pictures to the byte, and its sound stands where it was put."""

from pathlib import Path

import numpy as np
import pytest

from vitascope.shot.files import MediaError
from vitascope.shot.media import probe, read_film, read_shot, read_sound, write_film
from vitascope.shot.shot import Shot
from vitascope.shot.soundtrack import copies, with_sound, write_sound

RATE = 48_000


def click() -> np.ndarray:
    sound = np.zeros((2 * RATE, 2), np.float32)
    sound[RATE] = 0.9
    return sound


@pytest.fixture
def film(tmp_path: Path) -> Path:
    frames = np.random.default_rng(0).integers(0, 255, (48, 64, 64, 3), np.uint8)
    write_film(tmp_path / "film.mp4", frames, 24.0, Shot(text="noise"))
    return tmp_path / "film.mp4"


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", None), ("a.mkv", "opus"), ("a.mov", "aac"), ("b.mp4", "opus")])
def test_pictures_stay_and_sound_stands_where_it_was_put(name: str, codec: str | None, film: Path) -> None:
    made = film.with_name(name)
    with_sound(film, made, [click()], codec, Shot(text="noise, heard"))
    for before, after in zip(read_film(film), read_film(made), strict=True):
        np.testing.assert_array_equal(before, after)
    assert probe(made).has_sound and probe(made).fps == 24.0
    assert abs(int(np.abs(read_sound(made)[:, 0]).argmax()) - RATE) <= 48  # a millisecond
    assert (found := read_shot(made)) is not None and found.text == "noise, heard"


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.m4a", "a.opus", "a.mp3"])
def test_sound_alone(name: str, tmp_path: Path) -> None:
    write_sound(tmp_path / name, [click()[:RATE], click()[RATE:]])
    assert abs(int(np.abs(read_sound(tmp_path / name)[:, 0]).argmax()) - RATE) <= 48


def test_what_cannot_be_copied_is_told(film: Path) -> None:
    assert copies(film, Path("x.mkv")) and not copies(film, Path("x.webm"))
    write_sound(film.with_name("a.wav"), [click()])
    with pytest.raises(MediaError, match="no pictures"):
        copies(film.with_name("a.wav"), Path("x.mp4"))
    with pytest.raises(MediaError, match="aac or opus"):
        with_sound(film, film.with_name("x.mp4"), [click()], "mp3")
    assert not film.with_name("x.mp4").exists()

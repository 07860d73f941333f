"""Films are cut and joined without touching what stays: the same frames, to the byte, and the same sound."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vitascope.shot.clip import Clip
from vitascope.shot.media import MediaError, write_film, write_picture
from vitascope.shot.shot import Shot
from vitascope.shot.splice import count_frames, film_media, film_of, frames_at, joined, open_film


def noise(num: int, seed: int = 0, size: tuple[int, int] = (48, 32)) -> np.ndarray:
    """Frames that no two are alike: uint8 [T, H, W, 3]."""
    return np.random.default_rng(seed).integers(0, 256, (num, size[1], size[0], 3), dtype=np.uint8)


@pytest.mark.parametrize("size", [(48, 32), (37, 21), (160, 90)])
def test_media_of_frames_give_back_every_pixel(size: tuple[int, int]) -> None:
    frames = noise(7, size=size)
    media = film_media(list(frames), 12.0)
    back = film_of(media)
    assert (back.size, back.fps, back.num_frames) == (size, 12.0, 7)
    assert np.array_equal(back.array(), frames)
    assert film_media(list(frames), 12.0) == media, "the same frames are the same media"


def test_a_picture_is_no_film(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png", noise(1)[0])
    with pytest.raises(MediaError, match=r"a\.png' is a picture"):
        open_film(tmp_path / "a.png")


def test_frames_of_the_same_size_and_rate_are_as_they_were() -> None:
    frames = noise(10)
    film = Clip.from_array(frames, 12.0)
    assert np.array_equal(np.stack(list(frames_at(film, range(3, 8), film.size, 12.0))), frames[3:8])
    assert list(frames_at(film, range(0), film.size, 12.0)) == []


def test_frames_at_other_rates_and_sizes_are_the_nearest_ones_scaled() -> None:
    frames = np.repeat(np.arange(24, dtype=np.uint8) * 10, 32 * 48 * 3).reshape(24, 32, 48, 3)
    film = Clip.from_array(frames, 24.0)
    assert count_frames(film, 12.0) == 12
    halved = np.stack(list(frames_at(film, range(12), (24, 24), 12.0)))
    assert halved.shape == (12, 24, 24, 3)
    assert halved[:, 0, 0, 0].tolist() == list(range(0, 240, 20))
    slow = Clip.from_array(frames[:4], 6.0)
    assert [int(f[0, 0, 0]) for f in frames_at(slow, range(8), slow.size, 12.0)] == [0, 0, 10, 20, 20, 20, 30, 30]


@pytest.mark.parametrize(
    ("start", "end"), [(2.0, 2.0), (0.0, 0.0), (0.5, 1.25), (0.0, 2.0), (7 / 12, 8 / 12), (23 / 12, 2.0)]
)
def test_what_is_not_made_anew_stays_to_the_byte(start: float, end: float) -> None:
    old, new = noise(24), noise(5, seed=1)
    shot = Shot(text="a ball", seed=7)
    clip = joined(Clip.from_array(old, 12.0), Clip.from_array(new, 12.0, shot), start, end)
    expected = np.concatenate((old[: round(start * 12)], new, old[round(end * 12) :]))
    assert clip.num_frames == len(expected)
    assert np.array_equal(clip.array(), expected)
    assert np.array_equal(clip.array(), expected), "and again"
    assert (clip.fps, clip.shot, clip.size) == (12.0, shot, (48, 32))


def test_a_film_in_a_file_is_joined_as_it_is_decoded(tmp_path: Path) -> None:
    write_film(tmp_path / "a.mp4", noise(12), 12.0)
    film = open_film(tmp_path / "a.mp4")
    clip = joined(film, Clip.from_array(noise(4, seed=1), 12.0), 1.0, 1.0)
    assert np.array_equal(clip.array()[:12], film.array())
    clip.save(tmp_path / "a.mp4")  # in its own place
    assert open_film(tmp_path / "a.mp4").num_frames == 16


def test_a_film_of_another_size_and_rate_is_made_like_the_new_part() -> None:
    film = Clip.from_array(noise(48, size=(96, 64)), 24.0)
    made = Clip.from_array(noise(6, seed=1), 12.0)
    clip = joined(film, made, 2.0, 2.0)
    assert (clip.num_frames, clip.size, clip.fps) == (30, (48, 32), 12.0)
    assert np.array_equal(clip.array()[24:], made.array())


def test_the_sound_stays_where_it_was() -> None:
    sound = np.random.default_rng(0).uniform(-1, 1, (2 * 48_000, 2)).astype(np.float32)
    film = replace(Clip.from_array(noise(24), 12.0), sound=sound)
    new = Clip.from_array(noise(12, seed=1), 12.0)
    after = joined(film, new, 2.0, 2.0).sound
    assert after is not None and after.shape == (3 * 48_000, 2)
    assert np.array_equal(after[:96_000], sound) and not after[96_000:].any()
    ahead = joined(film, new, 0.0, 0.0).sound
    assert ahead is not None and np.array_equal(ahead[48_000:], sound) and not ahead[:48_000].any()
    under = joined(film, new, 0.5, 1.5).sound
    assert under is not None and np.array_equal(under, sound)
    loud = replace(new, sound=np.ones((48_000, 2), np.float32))
    mixed = joined(film, loud, 0.5, 1.5).sound
    assert mixed is not None and (mixed[24_000:72_000] == 1).all() and np.array_equal(mixed[72_000:], sound[72_000:])
    assert joined(Clip.from_array(noise(24), 12.0), new, 2.0, 2.0).sound is None
    with pytest.raises(MediaError, match="48000 samples a second, the new part's 44100"):
        joined(film, replace(loud, sound_rate=44_100), 0.5, 1.5)

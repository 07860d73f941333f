"""A film's file gets a soundtrack: as long as it is, as loud as asked, the same for the same seed."""

from pathlib import Path

import numpy as np
import pytest

from vitascope.shot.cues import read_cues
from vitascope.shot.files import MediaError
from vitascope.shot.media import read_sound, write_film
from vitascope.shot.shot import Cue, Sound
from vitascope.sound.dub import dub, look
from vitascope.sound.soundtrack import strongest
from vitascope.sound.spot import Spotted

RATE = 48_000
CUES = (
    Cue(time=0, kind="place", text="park", seconds=2.0, strength=0.5),
    Cue(time=1.0, kind="impact", strength=0.9, materials=("wood", "wood"), place=(0.5, 0.5)),
)
SEEN = Spotted(CUES, 2.0, (0.1,) * 8, ())


@pytest.fixture
def film(tmp_path: Path) -> Path:
    frames = np.random.default_rng(0).integers(0, 255, (24, 36, 64, 3), np.uint8)
    write_film(tmp_path / "film.mp4", frames, 12.0)
    return tmp_path / "film.mp4"


def test_a_hit_is_heard_when_it_is_seen_and_files_are_whole(film: Path) -> None:
    made = dub(film, film.with_name("a.mp4"), Sound(score="piano"), spotted=SEEN, stems=film.with_name("stems"))
    assert made.mix.whole.loudness.integrated == pytest.approx(-16, abs=0.5)
    assert set(made.stems) == {"effects", "music"}
    stems = film.with_name("stems")
    assert {path.name for path in stems.iterdir()} == {"effects.wav", "music.wav", "music.mid", "cues.json"}
    assert read_cues(stems / "cues.json") == CUES
    loud = np.abs(read_sound(stems / "effects.wav")).max(1)
    assert abs(int(np.argmax(loud > 0.3 * loud.max())) - RATE) < 0.01 * RATE
    assert {path.name for path in film.parent.iterdir()} == {"film.mp4", "a.mp4", "stems"}


def test_the_same_seed_gives_the_same_sound_and_another_does_not(film: Path) -> None:
    sounds = []
    for number, seed in enumerate((1, 1, 2)):
        dub(film, film.with_name(f"{number}.mkv"), spotted=SEEN, seed=seed)
        sounds.append(read_sound(film.with_name(f"{number}.mkv")))
    np.testing.assert_array_equal(sounds[0], sounds[1])
    assert not np.array_equal(sounds[0], sounds[2])


def test_what_is_not_wanted_is_not_there(film: Path) -> None:
    made = dub(film, film.with_name("a.mp4"), Sound(score="piano", negative="music"), spotted=SEEN)
    assert set(made.stems) == {"effects"} and made.piece is None
    silent = dub(film, film.with_name("b.mp4"), Sound(prompt="only barking"), spotted=SEEN)
    assert not silent.cues
    assert np.abs(read_sound(film.with_name("b.mp4"))).max() < 1e-3


def test_the_films_own_sound_can_stay(film: Path) -> None:
    tone = (0.1 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE))[:, None].repeat(2, 1).astype(np.float32)
    frames = np.zeros((24, 36, 64, 3), np.uint8)
    write_film(film.with_name("spoken.mp4"), frames, 12.0, sound=tone)
    made = dub(film.with_name("spoken.mp4"), film.with_name("a.mp4"), spotted=SEEN, keep=True)
    assert set(made.stems) == {"effects", "original"}
    heard = read_sound(film.with_name("a.mp4"))[: RATE // 2, 0]
    assert int(np.abs(np.fft.rfft(heard)).argmax()) == pytest.approx(220, abs=1)


def test_what_is_no_film_is_refused_and_nothing_is_left(film: Path) -> None:
    (film.with_name("x.mp4")).write_text("no film")
    with pytest.raises(MediaError):
        look(film.with_name("x.mp4"))
    with pytest.raises(MediaError, match="end in one of"):
        dub(film, film.with_name("a.gif"), spotted=SEEN)
    with pytest.raises(MediaError, match="does not exist"):
        dub(film, film.parent / "none" / "a.mp4", spotted=SEEN)
    assert {path.name for path in film.parent.iterdir()} == {"film.mp4", "x.mp4"}


def test_the_strongest_moments_lie_apart() -> None:
    hits = [Cue(time=time, kind="impact", strength=strength) for time, strength in ((1, 0.2), (1.5, 0.9), (9, 0.5))]
    assert strongest(hits, 12.0) == (1.5, 9)

"""What is composed fits the words and the picture."""

import itertools
import time
from collections import Counter

import numpy as np
import pytest

from vitascope.sound.harmony import chord
from vitascope.sound.orchestra import INSTRUMENTS
from vitascope.sound.score import Note, Part, Picture, Piece, compose

WORDS = (
    "tense strings, slow", "happy ukulele at 120 bpm", "epic orchestral trailer", "lo-fi piano, 80 bpm, in A minor",
    "jazz", "waltz", "rock", "electronic", "ambient", "sad", "horror", "playful", "folk", "march", "hip hop", "pop",
    "action", "",
)  # fmt: skip


def picture(seconds: float, energy: float = 0.4, hits: tuple[float, ...] = ()) -> Picture:
    return Picture(seconds, (energy,) * int(4 * seconds), (), hits)


def near(notes: tuple[Note, ...], moment: float) -> list[Note]:
    return [note for note in notes if abs(note.start - moment) < 0.02]


@pytest.mark.parametrize("words", WORDS)
def test_hits_are_on_beats_and_accented(words: str) -> None:
    hits = (5.23, 9.87, 14.41, 21.3)
    piece = compose(words, picture(30, 0.45, hits))
    beats = np.array(piece.beats)
    for hit in hits:
        assert np.abs(beats - hit).min() < 0.02
        assert any(abs(one.start - hit) < 0.02 for one in piece.chords)  # the chord changes there
    force = {n: sum(note.velocity for note in near(piece.notes, t)) for n, t in enumerate(beats)}
    at_hits = [force[int(np.abs(beats - hit).argmin())] for hit in hits]
    elsewhere = [force[n] for n, t in enumerate(beats) if min(abs(t - hit) for hit in hits) > 0.1]
    assert np.mean(at_hits) > 1.5 * np.mean(elsewhere)


@pytest.mark.parametrize("words", WORDS)
def test_it_ends_on_the_tonic_after_a_dominant(words: str) -> None:
    piece = compose(words, picture(24))
    last, before = piece.chords[-1], piece.chords[-2]
    assert last.tones[0] == piece.key.tonic and (piece.key.tonic + (3 if piece.key.minor else 4)) % 12 in last.tones
    assert before.tones[0] == chord("V", piece.key).root
    ending = near(piece.notes, piece.beats[-1])
    pitched = [note for note in ending if not piece.parts[note.part].is_drums]
    assert len(pitched) >= 3 and {note.pitch % 12 for note in pitched} <= set(last.tones)
    assert min(pitched, key=lambda note: note.pitch).pitch % 12 in last.tones
    assert all(note.start + note.seconds < piece.seconds for note in piece.notes)
    assert 1.0 <= piece.seconds - piece.beats[-1] <= 3.2


@pytest.mark.parametrize("words", WORDS)
def test_notes_are_of_the_harmony(words: str) -> None:
    """Pitched notes are of their chord's scale, but for a walking bass and the like; most are of the chord."""
    piece = compose(words, picture(40))
    starts = [one.start - 0.015 for one in piece.chords]
    scale, tones = [], []
    for note in piece.notes:
        if not piece.parts[note.part].is_drums:
            one = piece.chords[max(0, int(np.searchsorted(starts, note.start, "right")) - 1)]
            scale.append(note.pitch % 12 in one.scale)
            tones.append(note.pitch % 12 in one.tones)
    assert np.mean(scale) > 0.95 and np.mean(tones) > 0.75


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_named_instruments_play_within_their_range(name: str) -> None:
    piece = compose(f"{name}, cheerful", picture(20, 0.6, (7.7,)))
    for number, part in enumerate(piece.parts):
        one = INSTRUMENTS[part.name.split(" (")[0]]
        keys = [note.pitch for note in piece.notes if note.part == number]
        assert all(one.low <= key <= one.high for key in keys), (part.name, min(keys), max(keys))
    played = {piece.parts[note.part].name.split(" (")[0] for note in piece.notes}
    assert name in played


def test_no_drums_are_none() -> None:
    for words in ("epic, no drums", "rock without drums", "electronic, no percussion"):
        assert not any(part.is_drums for part in compose(words, picture(20, 0.9)).parts)
    assert any(part.is_drums for part in compose("rock", picture(20, 0.9)).parts)


def test_the_tempo_is_the_one_asked_even_with_hits() -> None:
    for bpm in (60, 80, 120, 150):
        piece = compose(f"happy, {bpm} bpm", picture(40, 0.4, (5.3, 11.9, 20.4, 31.7)))
        mean = 60 * (len(piece.beats) - 1) / (piece.beats[-1] - piece.beats[0])
        assert abs(mean / bpm - 1) < 0.08


def test_modes_and_keys() -> None:
    assert compose("sad", picture(20)).key.minor and compose("tense", picture(20)).key.minor
    assert not compose("happy", picture(20)).key.minor
    assert str(compose("lo-fi piano, 80 bpm, in A minor", picture(20)).key) == "A minor"


def test_the_seed_and_the_words_decide() -> None:
    film = picture(30, 0.4, (8.0,))
    assert compose("calm", film, 1) == compose("calm", film, 1)
    assert compose("calm", film, 1).notes != compose("calm", film, 2).notes


def test_more_happens_where_more_is_seen() -> None:
    for words in ("epic", "calm piano", "rock", "sad"):
        quiet, lively = (len(compose(words, picture(40, energy)).notes) for energy in (0.1, 0.8))
        assert lively > 1.4 * quiet
    rising = Picture(60, tuple(np.linspace(0, 1, 240).tolist()))
    piece = compose("epic", rising)
    thirds = np.histogram([note.start for note in piece.notes], [0, 18, 36, 54])[0]
    loud = [np.mean([n.velocity for n in piece.notes if a <= n.start < a + 18]) for a in (0, 18, 36)]
    assert thirds[2] > thirds[1] > thirds[0] and loud[2] > loud[0] + 12


def test_a_motif_comes_back() -> None:
    """The commonest rhythm of a bar of the tune stands in a good part of its bars."""
    piece = compose("happy flute", picture(60))
    tune = next(i for i, part in enumerate(piece.parts) if part.name.startswith("flute"))
    bars, beats = np.array(piece.bars), np.array(piece.beats)
    rhythms = Counter[tuple[float, ...]]()
    for start, end in itertools.pairwise(bars):
        inside = [note.start for note in piece.notes if note.part == tune and start - 0.03 <= note.start < end - 0.03]
        at = np.interp(inside, beats, np.arange(len(beats))) - np.interp(start, beats, np.arange(len(beats)))
        if len(inside) > 1:
            rhythms[tuple((np.round(at * 4) / 4).tolist())] += 1
    assert rhythms.most_common(1)[0][1] >= 0.3 * sum(rhythms.values())


@pytest.mark.parametrize("seconds", [1.0, 1.5, 2.0, 3.0, 4.5])
def test_the_shortest_films_get_a_sting(seconds: float) -> None:
    for hits in ((), (0.4 * seconds,)):
        piece = compose("epic", Picture(seconds, (), (), hits))
        assert piece.notes and piece.chords[-1].tones[0] == piece.key.tonic
        assert all(0 <= note.start < seconds and note.start + note.seconds <= seconds for note in piece.notes)
        assert all(np.abs(np.array(piece.beats) - hit).min() < 0.02 for hit in hits)


def test_half_an_hour_is_composed_in_seconds() -> None:
    rng = np.random.default_rng(0)
    hits = tuple(np.sort(rng.uniform(0, 1790, 150)).tolist())
    began = time.perf_counter()
    piece = compose("cinematic", Picture(1800, tuple(rng.uniform(0, 1, 7200).tolist()), hits, hits))
    assert time.perf_counter() - began < 20
    assert piece.beats[-1] > 1790 and len(piece.notes) > 8000
    assert len({one.tones[0] for one in piece.chords}) > 7  # it goes to other keys and comes home
    assert piece.chords[-1].tones[0] == piece.key.tonic


def test_pictures_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match=r"seconds should be 1 to 7200, but was 0\.5"):
        Picture(0.5)
    with pytest.raises(ValueError, match="energy"):
        Picture(5, (0.2, 1.4))
    with pytest.raises(ValueError, match="hits"):
        Picture(5, hits=(6.0,))


def test_parts_are_told_apart() -> None:
    piece = compose("epic orchestral trailer", picture(30, 0.8))
    assert all(isinstance(part, Part) and 0 < part.volume <= 1 and -1 <= part.pan <= 1 for part in piece.parts)
    assert isinstance(piece, Piece) and list(piece.notes) == sorted(piece.notes)
    assert sum(not part.is_drums for part in piece.parts) <= 15  # MIDI has no more channels

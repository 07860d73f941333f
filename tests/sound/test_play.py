"""Played pieces have their length, loudness, ending and harmony; long ones take no more memory than short ones."""

import time
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from vitascope.sound.blocks import BLOCK, RATE, Stereo, whole
from vitascope.sound.play import play, rendered
from vitascope.sound.score import Picture, Piece, compose

WORDS = ("tense strings, slow", "happy ukulele at 120 bpm", "electronic")


def composed(words: str, seconds: float = 12.0) -> Piece:
    return compose(words, Picture(seconds, (0.5,) * int(4 * seconds), (), (5.2,)))


def level(sound: Stereo) -> float:
    """RMS in dBFS."""
    return float(20 * np.log10(np.sqrt((sound**2).mean()) + 1e-9))


@pytest.mark.parametrize("words", WORDS)
def test_length_loudness_and_ending(words: str) -> None:
    piece = composed(words, 12.37)
    sound = whole(play(piece))
    assert sound.shape == (round(12.37 * RATE), 2) and sound.dtype == np.float32
    assert np.isfinite(sound).all() and np.abs(sound).max() <= 0.9
    assert -26 < level(sound) < -16
    assert np.abs(sound[-RATE // 50 :]).max() < 1e-4
    last = int(piece.beats[-1] * RATE)
    assert level(sound[last : last + RATE // 2]) > -34  # the last chord is heard
    assert level(sound[-RATE // 5 :]) < level(sound[last : last + RATE // 2]) - 20
    assert abs(level(sound[:, :1]) - level(sound[:, 1:])) < 4  # neither side is much louder


def test_blocks_are_of_their_sizes_and_make_the_same_whatever_they_are() -> None:
    piece = composed("epic", 5.5)
    assert [len(block) for block in play(piece)] == [BLOCK] * 5 + [BLOCK // 2]
    sizes = [1000, 50_000, 7, 100_000, 113_000 - 7]
    np.testing.assert_array_equal(np.concatenate(list(rendered(piece, sizes))), whole(play(piece)))
    np.testing.assert_array_equal(whole(play(piece)), whole(play(piece)))


@pytest.mark.parametrize("words", ["sad", "happy ukulele", "epic"])
def test_the_sound_is_of_the_harmony(words: str) -> None:
    """Of the energy between 70 and 1500 Hz most is in the scale of the chord that was meant, and in the chord."""
    piece = composed(words + ", no drums", 24)
    pitched = {n for n, part in enumerate(piece.parts) if part.name != "timpani"}
    piece = replace(piece, notes=tuple(note for note in piece.notes if note.part in pitched))
    sound = whole(play(piece)).mean(1)
    shares, seconds = [], []
    for one in piece.chords:
        part = sound[int(one.start * RATE) : int((one.start + one.seconds) * RATE)]
        if len(part) < RATE // 5:
            continue
        size = max(32768, len(part))
        energy = np.abs(np.fft.rfft(part * np.hanning(len(part)), size)) ** 2
        hertz = np.fft.rfftfreq(size, 1 / RATE)
        heard = (hertz > 70) & (hertz < 1500)
        tones = np.round(12 * np.log2(hertz[heard] / 440) + 69).astype(int) % 12
        chroma = np.bincount(tones, energy[heard], 12) / energy[heard].sum()
        shares.append((chroma[list(one.scale)].sum(), chroma[list(set(one.tones))].sum()))
        seconds.append(one.seconds)
    scale, chord = np.average(shares, axis=0, weights=seconds)
    assert scale > 0.85 and chord > 0.68


def test_hits_are_heard() -> None:
    """The sound rises more at the hits than at other beats."""
    hits = (4.2, 8.7)
    piece = compose("epic", Picture(13, (0.4,) * 52, (), hits))
    sound = whole(play(piece)).mean(1)
    loudness = np.log(np.sqrt((sound[: len(sound) // 480 * 480].reshape(-1, 480) ** 2).mean(1)) + 1e-3)
    rise = np.maximum(0, np.diff(loudness))

    def onset(moment: float) -> float:
        at = int(moment * 100)
        return float(rise[max(0, at - 3) : at + 6].max())

    others = [onset(t) for t in piece.beats[2:-1] if min(abs(t - hit) for hit in hits) > 0.1]
    assert np.mean([onset(hit) for hit in hits]) > 1.5 * np.mean(others)


def test_louder_where_more_is_seen() -> None:
    energy = (0.05,) * 32 + (0.9,) * 32
    for words in ("epic", "calm piano"):
        sound = whole(play(compose(words, Picture(16, energy))))
        assert level(sound[8 * RATE : 13 * RATE]) > level(sound[RATE : 6 * RATE]) + 3


def test_ten_minutes_come_as_they_are_asked_for() -> None:
    piece = compose("calm piano", Picture(600, (0.4,) * 2400))
    list(zip(range(5), play(piece), strict=False))  # what is decoded once
    tracemalloc.start()
    began = time.perf_counter()
    stream = play(piece)
    for _ in range(10):
        next(stream)
    early = tracemalloc.get_traced_memory()[1]
    for _ in range(30):
        next(stream)
    taken = time.perf_counter() - began
    late = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert late < early + 8e6 and late < 60e6
    assert taken < 40 / 5  # of real time, traced and on a busy machine: about 20 to 45 times otherwise

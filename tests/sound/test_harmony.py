"""Chords are what their numerals say, progressions end as they should, and voices move little."""

import numpy as np
import pytest

from vitascope.sound import harmony
from vitascope.sound.brief import GENRES, MOODS
from vitascope.sound.harmony import MODES, PROGRESSIONS, Key, chord, plan, progression_names, scale_for, voiced


@pytest.mark.parametrize(
    ("numeral", "key", "name", "tones"),
    [
        ("V7", Key(0, "major"), "G7", {7, 11, 2, 5}),
        ("ii7", Key(0, "major"), "Dm7", {2, 5, 9, 0}),
        ("V", Key(9, "minor"), "E", {4, 8, 11}),
        ("VI", Key(9, "minor"), "F", {5, 9, 0}),
        ("iio7", Key(9, "minor"), "Bo7", {11, 2, 5, 9}),
        ("bII", Key(9, "minor"), "Bb", {10, 2, 5}),
        ("IM7", Key(3, "major"), "EbM7", {3, 7, 10, 2}),
        ("iv", Key(2, "major"), "Gm", {7, 10, 2}),
    ],
)
def test_numerals_are_chords(numeral: str, key: Key, name: str, tones: set[int]) -> None:
    found = chord(numeral, key)
    assert (found.name, set(found.tones)) == (name, tones)


def test_what_is_no_numeral_is_refused() -> None:
    with pytest.raises(ValueError, match="Roman numeral"):
        chord("H7", Key(0, "major"))


def test_the_dominant_in_minor_raises_the_seventh() -> None:
    a_minor = Key(9, "minor")
    scale = scale_for(chord("V", a_minor), a_minor)
    assert 8 in scale and 7 not in scale and len(scale) == 7


@pytest.mark.parametrize("style", [*MOODS, *GENRES])
@pytest.mark.parametrize("mode", MODES)
def test_every_style_leads_to_its_tonic_in_every_mode(style: str, mode: str) -> None:
    key = Key(4, mode)
    chords = [chord(numeral, key) for numeral in plan(16, style, key, np.random.default_rng(3))]
    assert len(chords) == 16
    # it closes on the dominant, with its leading note, and the tonic is of the mode's kind
    assert chords[-1].root == (4 + MODES[mode][4]) % 12 and (4 + 11) % 12 in chords[-1].tones
    end = chord(harmony.tonic(style, key), key)
    assert end.root == 4 and (4 + MODES[mode][2]) % 12 in end.tones
    assert len({one.root for one in chords}) >= 3


def test_progressions_are_of_the_keys_kind() -> None:
    for style in PROGRESSIONS:
        for mode in ("major", "minor"):
            key = Key(0, mode)
            for line in progression_names(style, key):
                tonics = [one for one in line.split() if chord(one, key).root == 0]
                assert all((chord(one, key).tones[1] == 3) == key.minor for one in tonics)


def test_voices_move_little_and_sound_the_chord() -> None:
    key = Key(0, "major")
    chords = [chord(one, key) for one in ("I", "vi", "IV", "V", "I", "iii", "IV", "ii", "V", "I")]
    before: tuple[int, ...] | None = None
    moves = []
    for one in chords:
        after = voiced(one, before, 48, 76, 4)
        assert {pitch % 12 for pitch in after} == set(one.tones) and all(48 <= pitch <= 76 for pitch in after)
        if before:
            moves += [abs(a - b) for a, b in zip(before, after, strict=True)]
        before = after
    # chords in root position, all moved alike, would move by more than four half steps on the mean
    assert np.mean(moves) < 2.6 and max(moves) <= 7

"""What words about music ask for is understood."""

import numpy as np
import pytest

from vitascope.sound.brief import Brief, read


def asked(words: str, energy: float = 0.3) -> Brief:
    return read(words, energy, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("words", "mood"),
    [
        ("tense strings, slow", "tense"), ("sad", "sad"), ("happy ukulele at 120 bpm", "happy"),
        ("epic orchestral trailer", "epic"), ("calm", "calm"), ("melancholic solo piano", "sad"),
        # none of these has a mood's own words: they are near its sentences
        ("she cries at the grave of her father", "sad"), ("monsters crawl out of the cellar", "horror"),
        ("suspense thriller", "tense"), ("armies clash in a gigantic war", "epic"),
        ("cars racing at top speed", "action"),
        ("they kiss", "romantic"),
    ],
)  # fmt: skip
def test_moods(words: str, mood: str) -> None:
    assert asked(words).mood == mood


@pytest.mark.parametrize(
    ("words", "bpm"),
    [("80 bpm", 80), ("at 120bpm, happy", 120), ("very slow", 52), ("slow strings", 66), ("fast", 140), ("presto", 168),
     ("adagio", 66), ("132 beats per minute", 132)],
)  # fmt: skip
def test_tempi(words: str, bpm: float) -> None:
    found = asked(words)
    assert found.bpm == bpm and found.bpm_asked


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("lo-fi piano in A minor", "A minor"), ("C# major", "C# major"), ("Bb minor organ", "Bb minor"),
        ("in E flat major", "Eb major"), ("f sharp minor", "F# minor"), ("waltz in G", "G major"),
        ("D dorian", "D dorian"),
    ],
)  # fmt: skip
def test_keys(words: str, key: str) -> None:
    assert str(asked(words).key) == key


def test_words_that_only_look_like_a_key_are_none() -> None:
    keys = {str(read("happy, in a forest", 0.3, np.random.default_rng(seed)).key) for seed in range(8)}
    assert len(keys) > 1


@pytest.mark.parametrize(
    ("words", "genre", "metre"),
    [("lo-fi beats", "lo-fi", 4), ("a slow waltz", "waltz", 3), ("jazz trio", "jazz", 4),
     ("synthwave", "electronic", 4),
     ("heavy metal", "rock", 4), ("dark ambient drone", "ambient", 4), ("celtic folk", "folk", 4),
     ("sad, 3/4", "waltz", 3)],
)  # fmt: skip
def test_genres(words: str, genre: str, metre: int) -> None:
    found = asked(words)
    assert (found.genre, found.metre) == (genre, metre)


def test_moods_choose_the_mode_and_words_overrule_it() -> None:
    for mood in ("sad", "tense", "epic", "action"):
        assert asked(mood).key.minor
    for mood in ("happy", "calm", "romantic", "triumphant"):
        assert not asked(mood).key.minor
    assert asked("happy, minor").key.minor and asked("sad in C major").key.mode == "major"
    assert asked("sad jazz").key.minor and not asked("jazz").key.minor


def test_without_words_the_picture_decides() -> None:
    still, lively = asked("", 0.05), asked("", 0.9)
    assert (still.mood, lively.mood) == ("calm", "action") and lively.bpm > 1.5 * still.bpm
    assert asked("no drums", 0.9).mood == "action" and asked("piano", 0.05).mood == "calm"

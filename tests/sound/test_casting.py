"""A character has one voice, and characters differ."""

from vitascope.sound.casting import MANNERS, MEN, PITCHES, WOMEN, cast
from vitascope.sound.kokoro import styles
from vitascope.sound.script import TONES, Line, parse

NAMES = [
    "Anna",
    "Ben",
    "Carla",
    "David",
    "Emma",
    "Frank",
    "Grace",
    "Henry",
    "Ida",
    "Jack",
    "Kate",
    "Leo",
    "Mary",
    "Nick",
]


def test_the_same_characters_have_the_same_voices() -> None:
    lines = [Line("Hi.", name) for name in NAMES]
    assert cast(lines) == cast([*lines, Line("Again.", "Kate")])


def test_there_is_a_voice_for_each_while_there_are_enough() -> None:
    lines = [Line("Hi.", name) for name in NAMES]
    assert len({voice.model for voice in cast(lines).values()}) == len(NAMES)


def test_more_than_there_are_still_differ() -> None:
    voices = cast([Line("Hi.", f"Woman {n}", sex="female") for n in range(40)]).values()
    assert len(set(voices)) == 40
    assert all(voice.model in WOMEN and 0.9 < voice.formants < 1.1 for voice in voices)


def test_who_is_known_keeps_the_voice() -> None:
    before = cast([Line("Hi.", "Anna"), Line("Hi.", "Kate")])
    after = cast([Line("Hi.", "Ida"), Line("Hi.", "Kate")], before)
    assert after["Kate"] == before["Kate"] and after["Ida"].model not in {voice.model for voice in before.values()}


def test_sex_and_age_are_heard() -> None:
    told = parse("ANN: a\nBOB: a\nMIA (girl, 6): a\nLEO (boy, 11): a\nOLD EVE (80): a\nKIM (16, girl): a")
    voices = cast(told)
    assert voices["ANN"].model in WOMEN and voices["BOB"].model in MEN
    assert voices["MIA"].pitch > voices["LEO"].pitch > 215.0 > voices["BOB"].pitch
    assert voices["MIA"].formants > voices["LEO"].formants > voices["KIM"].formants > 1.0
    assert voices["OLD EVE"].pace < 1.0


def test_every_voice_is_there_and_every_emotion_has_a_manner() -> None:
    assert set(styles()) == set(PITCHES) and len(PITCHES) == 28
    assert all(style.shape == (510, 256) and style.std() > 0.05 for style in styles().values())
    assert set(MANNERS) == set(TONES)

"""Words raise and remove kinds of sound, and change what things are made of."""

import pytest

from vitascope.shot.shot import Cue
from vitascope.sound.wishes import LOUDER, RAISED, places_told, read_wishes

CUES = (
    Cue(time=0, kind="place", text="park", materials=("grass",)),
    Cue(time=1, kind="impact", materials=("wood", "grass")),
    Cue(time=2, kind="footstep", materials=("shoe", "grass")),
)


@pytest.mark.parametrize(
    ("prompt", "negative", "kinds"),
    [
        ("", "", ["place", "impact", "footstep"]),
        ("only footsteps", "", ["footstep"]),
        ("no music, no ambience", "", ["impact", "footstep"]),
        ("", "footsteps, wind", ["impact"]),
        ("without any steps", "", ["place", "impact"]),
    ],
)
def test_kinds_are_removed(prompt: str, negative: str, kinds: list[str]) -> None:
    assert [cue.kind for cue in read_wishes(prompt, negative).heard(CUES)] == kinds


def test_materials_and_grounds_are_changed() -> None:
    heard = read_wishes("metal instead of wood, footsteps on gravel, rain").heard(CUES)
    assert heard[0].text == "park, rain"
    assert heard[1].materials == ("metal", "grass")
    assert heard[2].materials == ("shoe", "sand")


def test_kinds_are_raised_and_lowered() -> None:
    wishes = read_wishes("louder engine, quieter footsteps, barking")
    assert (wishes.gain("engine"), wishes.gain("footstep"), wishes.gain("animal")) == (LOUDER, -LOUDER, RAISED)
    assert wishes.gain("impact") == 0


def test_words_for_music_go_to_the_composer_and_others_are_told() -> None:
    wishes = read_wishes("tense strings, no drums, purple")
    assert wishes.music == "tense strings, no drums"
    assert wishes.unknown == ("purple",)
    assert "music" in read_wishes("", "music").removed


@pytest.mark.parametrize(
    ("prompt", "text"),
    [("rain", "park, rain"), ("in a cathedral", "cathedral"), ("small room, rain", "small room, rain"), ("", "park")],
)
def test_a_place_that_is_asked_for_takes_the_place_of_the_one_that_is_seen(prompt: str, text: str) -> None:
    assert read_wishes(prompt).heard(CUES)[0].text == text


def test_a_place_that_is_asked_for_is_heard_where_none_is_seen() -> None:
    assert [cue.text for cue in read_wishes("cave").heard(CUES[1:])] == ["cave", "", ""]
    assert [cue.kind for cue in read_wishes("cave", "ambience").heard(CUES[1:])] == ["impact", "footstep"]
    assert read_wishes("cave", "ambience").changed(CUES[1:])[0].text == "cave", "hits still ring in it"


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("a red ball bounces in an old stone church", ("church",)),
        ("a fire truck drives on the street at night", ("street", "night")),
        ('a man says "we met in the forest"', ()),
        ("a church stands on a hill", ()),
    ],
)
def test_a_text_tells_where_something_happens(text: str, places: tuple[str, ...]) -> None:
    assert places_told(text) == places

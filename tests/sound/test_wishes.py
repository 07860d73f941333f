"""Words raise and remove kinds of sound, and change what things are made of."""

import pytest

from vitascope.shot.shot import Cue
from vitascope.sound.wishes import LOUDER, RAISED, read_wishes

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

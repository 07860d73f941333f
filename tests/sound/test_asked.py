"""What words alone let be heard."""

from itertools import pairwise

import pytest

from vitascope.sound.asked import asked
from vitascope.sound.soundtrack import SoundError


def test_what_lasts_is_heard_all_along_and_what_happens_at_its_moments() -> None:
    found = asked("footsteps on gravel in the rain", 3.0)
    steps = [cue for cue in found.cues if cue.kind == "footstep"]
    places = [cue for cue in found.cues if cue.kind == "place"]
    assert len(steps) == 6 and all(cue.materials == ("shoe", "sand") for cue in steps)
    assert [(cue.text, cue.seconds) for cue in places] == [("rain", 3.0)]
    assert found.seconds == 3.0 and len(found.energy) == 12


def test_an_animal_calls_as_itself() -> None:
    assert {(cue.kind, cue.materials) for cue in asked("two dogs", 4.0).cues} == {("animal", ("dog",))}


def test_bounces_come_faster_and_weaker() -> None:
    cues = asked("a rubber ball bounces", 3.0).cues
    gaps = [after.time - before.time for before, after in pairwise(cues)]
    assert len(cues) > 3 and gaps == sorted(gaps, reverse=True) and cues[-1].strength < cues[0].strength
    assert cues[0].materials == ("rubber", "stone")


def test_what_should_not_be_heard_is_left_out() -> None:
    assert {cue.kind for cue in asked("rain, no footsteps", 2.0).cues} == {"place"}


def test_words_that_name_no_sound_are_refused() -> None:
    with pytest.raises(SoundError, match="names no sound"):
        asked("the colour purple", 2.0)
    assert asked("piano music", 2.0).cues == ()

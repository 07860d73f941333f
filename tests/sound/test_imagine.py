"""Words that no film goes with are heard: what they name, for as long as is wanted."""

from pathlib import Path

import numpy as np
import pytest

from vitascope.shot.shot import Sound
from vitascope.sound.dialogue import Speech
from vitascope.sound.imagine import AFTER, compose_words, imagined
from vitascope.sound.script import parse
from vitascope.sound.soundtrack import SoundError


def test_what_words_name_becomes_cues_within_the_time() -> None:
    cues = imagined("Two dogs bark in the rain, heavy footsteps on gravel, and a truck drives by", 4.0).cues
    kinds = {cue.kind: cue for cue in cues}
    assert set(kinds) == {"place", "animal", "footstep", "engine"}
    assert kinds["place"].text == "rain"
    assert kinds["animal"].materials == ("dog",)
    assert kinds["engine"].materials == ("truck",)
    assert kinds["footstep"].materials == ("shoe", "gravel") and kinds["footstep"].strength == 1.0
    assert all(0 <= cue.time < 4 for cue in cues)
    assert sum(cue.kind == "footstep" for cue in cues) == 7
    assert imagined("a quiet dog", 4.0) != imagined("a quiet dog", 4.0, seed=1)


def test_a_prompt_is_heard_for_as_long_as_was_asked(tmp_path: Path) -> None:
    made = compose_words(Sound(prompt="a dog barks"), 1.5, tmp_path)
    sound = np.concatenate(list(made.mix.whole.blocks()))
    assert len(sound) == 72_000
    assert np.abs(sound).max() > 0.05


def test_words_that_name_no_sound_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SoundError, match="names nothing that can be heard"):
        compose_words(Sound(prompt="purple"), 1.0, tmp_path)


def test_what_is_only_spoken_is_as_long_as_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def speak(line: object, voice: object, faster: float = 1.0) -> Speech:
        return Speech(np.full(48_000, 0.1, np.float32))

    from vitascope.sound import dialogue

    place = dialogue.place
    monkeypatch.setattr(dialogue, "place", lambda lines, seconds, mouths: place(lines, seconds, mouths, None, speak))
    made = compose_words(Sound(dialogue="ANNA (woman): Hello."), 60.0, tmp_path)
    assert made.mix.whole.num_samples / 48_000 == pytest.approx(made.spoken[0].end + AFTER, abs=0.01)


def test_a_pace_is_told_in_parentheses() -> None:
    assert parse("ANNA (sad, 1.25x): Hello.")[0].pace == 1.25
    with pytest.raises(ValueError, match=r"0.5 to 2 times"):
        parse("ANNA (3x): Hello.")

"""The sound of a Shot: what its words say of the place goes before what was seen, and what is quoted is said."""

from pathlib import Path

import numpy as np
import pytest

from vitascope.shot.shot import Cue, Shot, Sound
from vitascope.sound import kokoro, soundtrack
from vitascope.sound.blocks import RATE
from vitascope.sound.hearing import decibels_rms
from vitascope.sound.rehearsal import Rehearsal
from vitascope.sound.soundtrack import compose_sound, performed
from vitascope.sound.spot import Spotted

HIT = Cue(time=0.2, kind="impact", materials=("wood", "wood"), place=(0.5, 0.5), strength=0.8)
SEEN = Spotted((Cue(time=0, kind="place", text="park", strength=0.01), HIT), 2.0, (0.1,) * 8, ())


def test_a_hit_rings_in_the_place_that_the_words_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soundtrack, "spot", lambda frames, fps, **others: SEEN)
    late = []
    for text in ("a cube falls in a church", "a cube falls in a park"):
        shot = Shot(text=text, sound=Sound(negative="ambience"))
        sound, notes = performed(Rehearsal(shot, shot, notes=("assumed",)), (), 12.0, 2.0)
        assert sound.shape == (2 * RATE, 2) and notes == ("assumed",)
        late.append(decibels_rms(sound[RATE : RATE + RATE // 4]))
    assert late[0] > late[1] + 20


def test_a_shots_own_cues_are_heard_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soundtrack, "spot", lambda frames, fps, **others: SEEN)
    shot = Shot(text="a cube", cues=(HIT.model_copy(update={"time": 1.0}),), sound=Sound())
    sound, _ = performed(Rehearsal(shot, shot), (), 12.0, 2.0)
    assert abs(int(np.argmax(np.abs(sound).max(1) > 0.05)) - RATE) < 0.01 * RATE


def test_what_a_prompt_quotes_is_noted_where_nobody_can_speak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kokoro, "installed", lambda: False)
    made = compose_sound(SEEN, Sound(prompt='rain, a man says "good morning"'), tmp_path)
    assert set(made.stems) == {"effects"} and "rain" in made.cues[0].text
    assert len(made.notes) == 1 and "'good morning' stays unsaid" in made.notes[0]

"""What is said in a Shot is spoken first, and its lips are tracks of the Shot that is made."""

import numpy as np
import pytest

from vitascope.shot.shot import Cue, Media, Pin, Shot, Sound, Span, Track
from vitascope.shot.tracks import track_arrays
from vitascope.sound import kokoro
from vitascope.sound.blocks import RATE
from vitascope.sound.casting import Voice
from vitascope.sound.dialogue import Phone, Speech
from vitascope.sound.rehearsal import FRAMINGS, SoundError, framing, rehearse, spoken_lines
from vitascope.sound.script import Line

HELLO = Shot(text='a close-up of a woman who says "mama mama"', sound=Sound())


def speaker(line: Line, voice: Voice, faster: float = 1.0) -> Speech:
    """Says m and a in turn, 0.1 s each, one for each letter."""
    phones = tuple(Phone("mɑ"[k % 2], 0.1 * k, 0.1 * (k + 1)) for k in range(len(line.words)))
    return Speech(np.full(round(0.1 * len(phones) * RATE), 0.1, np.float32), phones)


def lips(shot: Shot) -> np.ndarray:
    """How far the lips of the first mouth are apart at each frame: [T]."""
    points, _ = track_arrays(shot.tracks[-4:], shot.num_frames, shot.fps)
    return points[1, :, 1] - points[0, :, 1]


def test_who_is_quoted_speaks_and_the_mouth_goes_with_it() -> None:
    said = rehearse(HELLO, speaker=speaker)
    (one,) = said.spoken
    assert (one.line.who, one.line.words) == ("woman", "mama mama") and said.asked == HELLO
    assert len(said.shot.tracks) == 4 and [cue.kind for cue in said.shot.cues] == ["speech"]
    apart, speaking = lips(said.shot), np.arange(24) / 12.0
    inside = (speaking > one.time) & (speaking < one.end)
    assert np.ptp(apart[inside]) > 0.02 > 10 * np.ptp(apart[speaking < one.time - 0.2])
    assert any("woman at 0.50, 0.66" in note for note in said.notes)


def test_nothing_is_said_where_no_sound_is_wanted_or_no_dialogue() -> None:
    assert rehearse(HELLO.with_(sound=None), speaker=speaker).shot == HELLO.with_(sound=None)
    silent = HELLO.with_(sound=Sound(negative="dialogue"))
    assert rehearse(silent, speaker=speaker).shot == silent


def test_a_script_goes_before_what_is_quoted() -> None:
    said = rehearse(HELLO.with_(sound=Sound(dialogue="ANNA: Papa.")), speaker=speaker)
    assert [one.line.words for one in said.spoken] == ["Papa."]


def test_a_timed_direction_says_when_its_line_begins() -> None:
    shot = Shot(text="a park", spans=(Span(start=1.0, end=2.0, text='a man says "mama"'),), sound=Sound())
    assert [one.time for one in rehearse(shot, speaker=speaker).spoken] == [1.0]


def test_a_cue_says_where_the_mouth_is_and_is_not_heard_beside_the_line() -> None:
    cue = Cue(time=0.5, kind="speech", seconds=1.0, place=(0.2, 0.3), materials=("voice", "woman"))
    said = rehearse(HELLO.with_(cues=(cue,)), speaker=speaker)
    points, _ = track_arrays(said.shot.tracks, 24, 12.0)
    assert points[..., 0].mean() == pytest.approx(0.2, abs=0.01) and said.spoken[0].time == 0.5
    assert [cue.text for cue in said.shot.cues] == ["mama mama"] and said.notes == ()


def test_two_stand_from_left_to_right_as_they_speak() -> None:
    shot = Shot(text='a man says "ma", a woman says "mama"', sound=Sound(), seconds=3.0)
    points, _ = track_arrays(rehearse(shot, speaker=speaker).shot.tracks, 36, 12.0)
    assert points[:4, :, 0].mean() == pytest.approx(0.3, abs=0.01)
    assert points[4:, :, 0].mean() == pytest.approx(0.7, abs=0.01)


def test_a_mouth_goes_along_with_what_is_near_it() -> None:
    x, y = FRAMINGS["close"].centre[0], FRAMINGS["close"].centre[1]
    move = Track(times=(0.0, 2.0), points=((float(x) + 0.05, float(y)), (float(x) + 0.35, float(y))))
    points, _ = track_arrays(rehearse(HELLO.with_(tracks=(move,)), speaker=speaker).shot.tracks, 24, 12.0)
    assert points[1:, -1, 0].mean() - points[1:, 0, 0].mean() == pytest.approx(0.3 * 23 / 24, abs=0.01)


def test_nothing_is_assumed_of_a_pinned_picture() -> None:
    pin = Pin(media=Media(sha256="0" * 64))
    said = rehearse(HELLO.with_(pins=(pin,)), speaker=speaker)
    assert said.spoken and not said.shot.tracks and "no lips are moved of woman" in said.notes[-1]


def test_lines_that_would_begin_after_the_end_are_refused() -> None:
    script = "\n".join(f"A [{time}s]: Hello there." for time in (0.1, 1.0)) + "\nA: Once more, and again."
    with pytest.raises(SoundError, match=r"the shot has 2 s and 'Once more.*make it longer"):
        rehearse(HELLO.with_(sound=Sound(dialogue=script)), speaker=speaker)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("a close-up of a man", "close"),
        ("wide shot, two men", "wide"),
        ("a medium close-up", "medium"),
        ("a man", None),
    ],
)
def test_words_tell_how_large_a_shot_is(text: str, size: str | None) -> None:
    assert framing(text) == size


def test_without_the_voices_a_quotation_is_noted_and_a_script_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kokoro, "installed", lambda: False)
    spoken, notes = spoken_lines((Line("Good morning"),), 2.0)
    assert spoken == () and "'Good morning' stays unsaid" in notes[0] and "vitascope[dialogue]" in notes[0]
    assert rehearse(HELLO).shot.tracks == ()
    monkeypatch.setattr(kokoro, "_session", lambda: (_ for _ in ()).throw(ImportError("no voices")))
    with pytest.raises(SoundError, match="dialogue: "):
        rehearse(HELLO.with_(sound=Sound(dialogue="ANNA: Good morning.")))

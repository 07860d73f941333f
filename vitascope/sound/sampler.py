"""Plays recorded instruments: voices with the SoundFont's envelope, filter and vibrato, a hall, and a limiter.

All of it keeps its state between blocks, so that a stream cut into blocks in any way has the same samples.
"""

from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vitascope.sound import soundfont as sf
from vitascope.sound.blocks import RATE
from vitascope.sound.soundfont import SoundFont, Zone

FloatArray = NDArray[np.float64]

_STRETCH = 64  # samples between two looks at filter and vibrato
_QUIET = 1e-4  # -80 dB: a released voice is over
# Where things stand in a voice's constants and state
STEP, GAIN, LOOP_START, LOOP_LENGTH = 0, 1, 2, 3
ENV, MOD, CUTOFF, RESONANCE, MOD_TO_CUTOFF, MOD_TO_PITCH = 4, 10, 16, 17, 18, 19
LFO_DEPTH, LFO_DELAY, LFO_RATE = 20, 21, 22
CONSTANTS = 24


def _seconds(timecents: float) -> float:
    return 0.0 if timecents <= -12000 else float(2.0 ** (timecents / 1200))


def _envelope(g: sf.Generators, first: int, key: int, volume: bool) -> list[float]:
    """Delay, attack, hold, decay and release in samples, and the sustain: a gain for volumes, else a share."""
    delay, attack, hold, decay, sustain, release = (g.get(first + i, 0) for i in range(6))
    if volume:
        hold += g.get(sf.KEY_TO_HOLD, 0) * (60 - key)
        decay += g.get(sf.KEY_TO_DECAY, 0) * (60 - key)
    level = min(1440, max(0, sustain)) / 10 if volume else min(1000, max(0, sustain)) / 1000
    times = [_seconds(one) * RATE for one in (delay, attack, hold, decay, release)]
    return [*times, 10 ** (-level / 20) if volume else 1 - level]


@dataclass
class Voice:
    """One recording that sounds: `start` and `off` (when the key is let go) are samples of the stream."""

    data: NDArray[np.float32]
    constants: FloatArray
    start: int
    off: int
    part: int
    state: FloatArray = field(default_factory=lambda: np.zeros(4))  # phase, two of the filter, 1 when over

    @property
    def over(self) -> bool:
        return bool(self.state[3] > 0)


def voice(font: SoundFont, zone: Zone, key: int, velocity: int, start: int, off: int, part: int) -> Voice:
    """The voice of one zone for a key (0 to 127) at a velocity (1 to 127)."""
    g, header = zone.generators, font.samples[zone.sample]
    root = g.get(sf.ROOT, -1) if g.get(sf.ROOT, -1) >= 0 else header.root
    cents = (key - root) * g.get(sf.SCALE, 100) + 100 * g.get(sf.COARSE_TUNE, 0) + g.get(sf.FINE_TUNE, 0)
    c = np.zeros(CONSTANTS)
    c[STEP] = 2.0 ** ((cents + header.correction) / 1200) * header.rate / RATE
    # Velocity to loudness as in the specification's default modulator: 40 dB a decade. An attenuation counts 0.4, as
    # in the hardware that SoundFonts were made for and every player since.
    c[GAIN] = (velocity / 127) ** 2 * 10 ** (-0.4 * g.get(sf.ATTENUATION, 0) / 200)
    begin = header.loop_start + g.get(sf.LOOP_START, 0) + 32768 * g.get(sf.LOOP_START_COARSE, 0)
    end = header.loop_end + g.get(sf.LOOP_END, 0) + 32768 * g.get(sf.LOOP_END_COARSE, 0)
    looped = bool(g.get(sf.MODES, 0) & 1) and 0 < begin < end <= len(font.sample(zone.sample))
    if looped:
        c[LOOP_START], c[LOOP_LENGTH] = begin, end - begin
    data = font.padded(zone.sample, (begin, end) if looped else None)
    c[ENV : ENV + 6] = _envelope(g, sf.DELAY, key, True)
    c[MOD : MOD + 6] = _envelope(g, sf.MOD_DELAY, key, False)
    c[CUTOFF] = g.get(sf.FILTER, 13500)
    c[RESONANCE] = 10 ** (g.get(sf.FILTER_Q, 0) / 200)
    c[MOD_TO_CUTOFF], c[MOD_TO_PITCH] = g.get(sf.MOD_ENVELOPE_TO_FILTER, 0), g.get(sf.MOD_ENVELOPE_TO_PITCH, 0)
    c[LFO_DEPTH] = g.get(sf.VIBRATO_TO_PITCH, 0)
    c[LFO_DELAY] = _seconds(g.get(sf.VIBRATO_DELAY, -12000)) * RATE
    c[LFO_RATE] = 8.176 * 2 ** (g.get(sf.VIBRATO_RATE, 0) / 1200) / RATE
    return Voice(data, c, start, off, part)


@njit(cache=True, nogil=True)
def _level(age, off, e, volume):  # type: ignore[no-untyped-def]
    """An envelope's value at an age (samples), let go at `off`: volumes fall in decibels, others straight."""
    at = min(age, off)
    if at < e[0]:
        value = 0.0
    elif at < e[0] + e[1]:
        value = (at - e[0]) / e[1]
    elif at < e[0] + e[1] + e[2] or e[3] <= 0:
        value = 1.0 if e[3] > 0 or at < e[0] + e[1] + e[2] else e[5]
    else:
        share = (at - e[0] - e[1] - e[2]) / e[3]  # 1 after the time of a whole fall: 100 dB, or from 1 to 0
        value = max(e[5], 10.0 ** (-5 * share)) if volume else max(e[5], 1 - share)
    if age > off:
        let = (age - off) / max(e[4], 480.0)  # no faster than 10 ms: a click otherwise
        value = value * 10.0 ** (-5 * let) if volume else max(0.0, value - let)
    return value


@njit(cache=True, nogil=True, fastmath={"contract", "nsz", "arcp", "reassoc"})
def _sound(data, c, state, out, first, age, off):  # type: ignore[no-untyped-def]
    """Adds a voice to out[first:], which is `age` samples after its start."""
    phase, z1, z2 = state[0], state[1], state[2]
    last = len(data) - 4
    gain, loop, loop_end, looped = c[1], int(c[3]), c[2] + c[3], c[3] > 0
    step, a1, a2, b0, b1, b2 = c[0], 0.0, 0.0, 1.0, 0.0, 0.0
    filtered = False
    level, slope = 0.0, 0.0
    left = 0  # samples until the next look
    for n in range(first, len(out)):
        if left == 0:
            base = age - age % _STRETCH
            mod = _level(base, off, c[10:16], False)
            cutoff = c[16] + mod * c[18]
            filtered = cutoff < 13400 or c[17] > 1.2
            if filtered:  # Bristow-Johnson's low pass
                hertz = min(20000.0, max(30.0, 8.176 * 2.0 ** (cutoff / 1200)))
                w = 2 * np.pi * hertz / RATE
                alpha = np.sin(w) / (2 * 0.7071 * c[17])
                a0 = 1 + alpha
                b1 = (1 - np.cos(w)) / a0
                b0 = b2 = b1 / 2
                a1, a2 = -2 * np.cos(w) / a0, (1 - alpha) / a0
            cents = mod * c[19]
            if base > c[21]:
                cents += c[20] * np.sin(2 * np.pi * (base - c[21]) * c[22])
            step = c[0] * 2.0 ** (cents / 1200) if cents != 0 else c[0]
            level = _level(base, off, c[4:10], True)
            slope = (_level(base + _STRETCH, off, c[4:10], True) - level) / _STRETCH
            level += slope * (age - base)
            left = _STRETCH - (age - base)
            if age > off and level < _QUIET:
                state[3] = 1
                return
        i = int(phase)
        if i >= last and not looped:
            state[3] = 1
            return
        t = phase - i
        x0, x1, x2, x3 = data[i], data[i + 1], data[i + 2], data[i + 3]
        # Catmull-Rom between the samples
        y = x1 + 0.5 * t * (x2 - x0 + t * (2 * x0 - 5 * x1 + 4 * x2 - x3 + t * (3 * (x1 - x2) + x3 - x0)))
        if filtered:
            v = b0 * y + z1
            z1 = b1 * y - a1 * v + z2
            z2 = b2 * y - a2 * v
            y = v
        out[n] += gain * level * y
        level += slope
        age += 1
        left -= 1
        phase += step
        while looped and phase >= loop_end:
            phase -= loop
    state[0], state[1], state[2] = phase, z1, z2


def sound(one: Voice, out: NDArray[np.float32], begin: int) -> None:
    """Adds a voice to `out` [S], the stream's samples from `begin` on."""
    first = max(0, one.start - begin)
    if first < len(out) and not one.over:
        _sound(one.data, one.constants, one.state, out, first, max(0, begin - one.start), one.off - one.start)


_LINES = np.array([1433, 1601, 1867, 2053, 2251, 2399, 2617, 2797])  # primes: 30 to 58 ms
_PREDELAY = 960  # 20 ms


class Hall:
    """A feedback delay network (Jot and Chaigne 1991): eight lines, mixed by a Householder matrix, whose high notes
    die sooner. `seconds` is how long it takes to fall by 60 dB."""

    def __init__(self, seconds: float) -> None:
        self._lines = np.zeros((8, _LINES.max() + 1))
        self._wait = np.zeros((_PREDELAY, 2))
        self._low = np.zeros(8)
        self._at = np.zeros(9, np.int64)
        self._gains = 10 ** (-3 * _LINES / RATE / seconds)

    def __call__(self, dry: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the hall answers to these samples [S, 2]."""
        wet = np.zeros_like(dry)
        _hall(dry, wet, self._lines, self._wait, self._low, self._at, self._gains)
        return wet


@njit(cache=True, nogil=True)
def _hall(dry, wet, lines, wait, low, at, gains):  # type: ignore[no-untyped-def]
    heard = np.zeros(8)
    for n in range(len(dry)):
        w = at[8]
        left, right = wait[w, 0], wait[w, 1]
        wait[w, 0], wait[w, 1] = dry[n, 0], dry[n, 1]
        at[8] = (w + 1) % len(wait)
        total = 0.0
        for k in range(8):
            low[k] += 0.72 * (lines[k, at[k]] - low[k])
            heard[k] = low[k] * gains[k]
            total += heard[k]
        total *= 0.25  # Householder: x - 2/8 * sum
        for k in range(8):
            lines[k, at[k]] = heard[k] - total + (left if k % 2 == 0 else right)
            at[k] = (at[k] + 1) % _LINES[k]
        wet[n, 0] = 0.35 * (heard[0] - heard[2] + heard[4] - heard[6])
        wet[n, 1] = 0.35 * (heard[1] - heard[3] + heard[5] - heard[7])


class Limiter:
    """Keeps the peaks below `ceiling`, seeing them 5 ms before they come; its samples come as much later."""

    LATE = 240

    def __init__(self, ceiling: float) -> None:
        self._ceiling = ceiling
        self._late = np.zeros((self.LATE, 2), np.float32)
        self._gains = np.ones(self.LATE)
        self._state = np.array([0.0, 0.0, 0.0])  # peak, how long it is still held, where in the rings

    def __call__(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        out = np.empty_like(block)
        _limit(block, out, self._late, self._gains, self._state, self._ceiling)
        return out


@njit(cache=True, nogil=True)
def _limit(block, out, late, gains, state, ceiling):  # type: ignore[no-untyped-def]
    peak, held, at = state[0], state[1], int(state[2])
    mean = gains.mean()
    for n in range(len(block)):
        loud = max(abs(block[n, 0]), abs(block[n, 1]))
        if loud >= peak:
            peak, held = loud, len(late)
        elif held > 0:
            held -= 1
        else:
            peak *= 0.9999  # 20 dB in half a second
        gain = min(1.0, ceiling / max(peak, 1e-9))
        mean += (gain - gains[at]) / len(gains)
        gains[at] = gain
        out[n, 0], out[n, 1] = late[at, 0] * mean, late[at, 1] * mean
        late[at, 0], late[at, 1] = block[n, 0], block[n, 1]
        at = (at + 1) % len(late)
    state[0], state[1], state[2] = peak, held, at

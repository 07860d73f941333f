"""The inner loops of synthesis: banks of ringing modes, swept filters and a voice's source, each with its state.

State is an array that a kernel changes in place, so that a long sound can be made piece after piece without seams.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vitascope.sound.blocks import RATE

Mono = NDArray[np.float32]  # S
Floats = NDArray[np.float64]

CONTROL = 64  # samples between two settings of what moves slowly (formants)


def tuned(frequencies: Floats, decays: Floats, gains: Floats) -> Floats:
    """Coefficients [M, 3] of modes at these frequencies (Hz) that die at these rates (1/s) and begin at these gains.

    Modes above 20 kHz or below 20 Hz are left out: nobody hears them, and the former would alias."""
    heard = (frequencies > 20.0) & (frequencies < 20_000.0)
    turn = 2 * np.pi * frequencies[heard] / RATE
    shrink = np.exp(-decays[heard] / RATE)
    return np.stack([2 * shrink * np.cos(turn), -(shrink**2), gains[heard] * np.sin(turn)], axis=1)


@njit(cache=True, nogil=True, fastmath=True)
def ring(force: Floats, modes: Floats, state: Floats, out: Floats) -> None:
    """Add to `out` [S] what modes [M, 3] sound like under this force [S]; `state` [M, 2] is each one's last two."""
    for m in range(modes.shape[0]):
        a, b, gain = modes[m, 0], modes[m, 1], modes[m, 2]
        last, before = state[m, 0], state[m, 1]
        # once nothing drives it, it is over when it has fallen by 100 dB; so is what it has left for later
        lasting = min(float(out.shape[0]), -23.0 / np.log(-b))
        stop = min(out.shape[0], force.shape[0] + int(lasting))
        for i in range(stop):
            now = a * last + b * before
            if i < force.shape[0]:
                now += gain * force[i]
            before = last
            last = now
            out[i] += now
        over = stop < out.shape[0]
        state[m, 0], state[m, 1] = (0.0, 0.0) if over else (last, before)


@njit(cache=True, nogil=True, fastmath=True)
def swept(sound: Floats, centres: Floats, sharpness: float, state: Floats) -> Floats:
    """`sound` [S] through a band-pass whose centre (Hz) moves along `centres` [S]; unit gain there. `state` [2].

    The topology-preserving state variable filter (Zavalishin, The Art of VA Filter Design), which stays stable
    however fast it is moved."""
    out = np.empty_like(sound)
    one, two = state[0], state[1]
    damping = 1.0 / sharpness
    for i in range(sound.shape[0]):
        g = np.tan(np.pi * min(centres[i], 20000.0) / RATE)
        high = (sound[i] - (damping + g) * one - two) / (1.0 + g * (g + damping))
        band = g * high + one
        one = g * high + band
        low = g * band + two
        two = g * band + low
        out[i] = band * damping
    state[0], state[1] = one, two
    return out


@njit(cache=True, nogil=True, fastmath=True)
def without_rumble(sound: Floats, hertz: float, state: Floats) -> None:
    """Take what is below so many Hz out of `sound` [S], in place: it only pushes the loudspeaker. `state` [2]."""
    keep = np.exp(-2 * np.pi * hertz / RATE)
    last_in, last_out = state[0], state[1]
    for i in range(sound.shape[0]):
        now = sound[i]
        last_out = now - last_in + keep * last_out
        last_in = now
        sound[i] = last_out
    state[0], state[1] = last_in, last_out


@njit(cache=True, nogil=True, fastmath=True)
def glottis(pitch: Floats, effort: Floats, state: Floats) -> Floats:
    """The flow's change through vocal folds at this pitch [S] in Hz: Rosenberg's pulse (J. Acoust. Soc. Am. 49, 1971).

    `effort` [S] from 0 to 1 closes them faster, which makes the voice brighter. `state` [1] is the phase."""
    out = np.empty_like(pitch)
    phase = state[0]
    for i in range(pitch.shape[0]):
        phase += pitch[i] / RATE
        phase -= np.floor(phase)
        rise = 0.42
        fall = 0.26 - 0.2 * effort[i]
        if phase < rise:
            out[i] = 0.5 * np.pi / rise * np.sin(np.pi * phase / rise)
        elif phase < rise + fall:
            out[i] = -0.5 * np.pi / fall * np.sin(0.5 * np.pi * (phase - rise) / fall)
        else:
            out[i] = 0.0
    state[0] = phase
    return out * 0.2


@njit(cache=True, nogil=True, fastmath=True)
def formed(source: Floats, centres: Floats, widths: Floats, gains: Floats) -> Floats:
    """`source` [S] through parallel resonances: centres [C, F] (Hz, one row every 64 samples), widths and gains [F].

    Signs alternate from one to the next, so that no deep notch lies between them (Klatt, J. Acoust. Soc. Am. 67,
    1980)."""
    out = np.zeros_like(source)
    for f in range(centres.shape[1]):
        shrink = np.exp(-np.pi * widths[f] / RATE)
        sign = 1.0 if f % 2 == 0 else -1.0
        last = before = 0.0
        a = b = gain = 0.0
        for i in range(source.shape[0]):
            if i % CONTROL == 0:
                row = min(i // CONTROL, centres.shape[0] - 1)
                turn = 2 * np.pi * min(centres[row, f], 20000.0) / RATE
                a, b = 2 * shrink * np.cos(turn), -shrink * shrink
                # unit gain at the centre, whatever the width
                gain = sign * gains[f] * (1 - shrink) * np.sqrt(1 - 2 * shrink * np.cos(2 * turn) + shrink * shrink)
            now = gain * source[i] + a * last + b * before
            before = last
            last = now
            out[i] += now
    return out


@njit(cache=True, nogil=True, fastmath=True)
def bubbled(
    starts: NDArray[np.int64], pitches: Floats, decays: Floats, rises: Floats, gains: Floats, out: Floats
) -> None:
    """Add bubbles to `out` [S]: decaying tones whose pitch (Hz) rises by `rises` of itself a second."""
    for k in range(starts.shape[0]):
        length = int(7.0 / decays[k] * RATE)
        turn = 2 * np.pi * pitches[k] / RATE
        # a turning and shrinking pointer, whose turn itself turns: no sine for every sample
        step = np.exp(complex(-decays[k] / RATE, turn))
        bend = np.exp(complex(0.0, turn * rises[k] / RATE))
        pointer = complex(gains[k], 0.0)
        for i in range(starts[k], min(starts[k] + length, out.shape[0])):
            out[i] += pointer.imag
            pointer *= step
            step *= bend

"""What is done to a voice's samples: another rate, brighter or darker, a level, and silence cut away."""

import math

import numpy as np
from numpy.typing import NDArray

from vitascope.sound.blocks import RATE

Mono = NDArray[np.float32]  # [S], about -1 to 1

PAD = 0.05  # seconds of silence around what is filtered as a whole, so that its ends do not meet
GATE = 0.4  # seconds of a block of loudness
QUIET = -40.0  # dB below the loudest moment under which speech has not begun
HEAD = 0.008  # seconds that are kept before it
PEAK = 0.97


def resampled(samples: Mono, ratio: float) -> Mono:
    """Samples [S] at `ratio` times as many a second: [round(S · ratio)], without what would alias."""
    if not 0.1 <= ratio <= 10.0:
        raise ValueError(f"a ratio of rates should be 0.1 to 10, but was {ratio:g}")
    pad = round(PAD * RATE)
    count = round(len(samples) * ratio)
    padded = np.concatenate([samples, np.zeros(pad, np.float32)])
    # Lengths with only small factors are transformed fast; the ratio stays exact to 1 part in 100 000.
    length = _smooth(max(len(padded), round((count + pad) / ratio)))
    spectrum = np.fft.rfft(np.concatenate([padded, np.zeros(length - len(padded), np.float32)]))
    longer = round(length * ratio)
    out = np.zeros(longer // 2 + 1, np.complex128)
    keep = min(len(out), len(spectrum))
    out[:keep] = spectrum[:keep]
    return np.asarray(np.fft.irfft(out, longer)[:count] * (longer / length), np.float32)


def stretched(samples: Mono, factor: float) -> Mono:
    """Samples [S] at 48 kHz made `factor` times as long at the same pitch: [round(S · factor)].

    Pieces of 30 ms overlap by half, each taken from where it goes on best from the last one (WSOLA: Verhelst & Roelands
    1993, "An overlap-add technique based on waveform similarity")."""
    if not 0.5 <= factor <= 2.0:
        raise ValueError(f"speech should be made 0.5 to 2 times as long, but was to be {factor:g} times")
    hop, seek = round(0.015 * RATE), round(0.008 * RATE)
    size, count = 2 * hop, round(len(samples) * factor)
    window = (0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(size) + 0.5) / size)).astype(np.float32)
    # Far enough that every piece, and what it is compared with, lies inside; `lead` is where the sound begins.
    lead = hop + seek
    padded = np.concatenate([np.zeros(lead, np.float32), samples, np.zeros(2 * lead + 2 * size, np.float32)])
    out = np.zeros(count + 2 * size, np.float32)
    at = lead - hop
    for k in range(math.ceil(count / hop) + 1):
        ideal = min(lead - hop + round(k * hop / factor), len(padded) - size - hop - seek)
        if k:
            low = max(0, ideal - seek)
            natural = padded[at + hop : at + hop + size : 4]
            near = padded[low : ideal + seek + size : 4]
            alike = np.correlate(near, natural, "valid")
            power = np.convolve(near.astype(np.float64) ** 2, np.ones(len(natural)), "valid")
            at = low + 4 * int(np.argmax(alike / np.sqrt(np.maximum(power, 1e-9))))
        out[k * hop : k * hop + size] += window * padded[at : at + size]
    return out[hop : hop + count]


def tilted(samples: Mono, tilt: float) -> Mono:
    """Samples [S] at 48 kHz with `tilt` dB more in each octave from 1 to 8 kHz."""
    if not tilt or not len(samples):
        return samples
    length = _smooth(len(samples) + round(PAD * RATE))
    frequencies = np.fft.rfftfreq(length, 1.0 / RATE)
    octaves = np.clip(np.log2(np.maximum(frequencies, 1.0) / 1000.0), 0.0, 3.0)
    spectrum = np.fft.rfft(samples, length) * 10.0 ** (tilt * octaves / 20.0)
    return np.asarray(np.fft.irfft(spectrum, length)[: len(samples)], np.float32)


def loudness(samples: Mono) -> float:
    """Loudness of samples [S] at 48 kHz, mono as one channel, in LUFS by ITU-R BS.1770-4 (K weighting and gates); -inf
    for silence. What is shorter than a block counts as one."""
    if not len(samples):
        return -math.inf
    length = _smooth(len(samples) + round(PAD * RATE))
    weighted = np.fft.irfft(np.fft.rfft(samples, length) * _k_weighting(length), length)[: len(samples)]
    block, step = round(GATE * RATE), round(GATE * RATE / 4)
    total = np.concatenate([[0.0], np.cumsum(weighted**2)])
    starts = np.arange(0, max(1, len(samples) - block + 1), step)
    ends = np.minimum(starts + block, len(samples))
    power = (total[ends] - total[starts]) / np.maximum(ends - starts, 1)
    power = power[power > 10.0 ** ((-70.0 + 0.691) / 10.0)]
    if not len(power):
        return -math.inf
    power = power[power > 0.1 * power.mean()]
    return float(-0.691 + 10.0 * np.log10(power.mean()))


def _k_weighting(length: int) -> NDArray[np.complex128]:
    """The two filters of BS.1770 at 48 kHz, as a response for `rfft`."""
    z = np.exp(-2j * np.pi * np.arange(length // 2 + 1) / length)
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1.0 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    high = (1.0 - 2.0 * z + z**2) / (1.0 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    return np.asarray(shelf * high, np.complex128)


def levelled(samples: Mono, level: float) -> Mono:
    """Samples [S] made this loud (LUFS); what would pass 0.97 is bent, not cut. Silence stays silence."""
    now = loudness(samples)
    for _ in range(3):  # bending takes some loudness away again
        if not math.isfinite(now) or abs(level - now) < 0.1:
            break
        samples = _bent(samples * np.float32(10.0 ** ((level - now) / 20.0)))
        now = loudness(samples)
    return samples


def _bent(samples: Mono) -> Mono:
    knee = 0.7 * PEAK
    over = np.abs(samples) - knee
    bent = np.sign(samples) * (knee + (PEAK - knee) * np.tanh(np.maximum(over, 0.0) / (PEAK - knee)))
    return np.where(over > 0.0, bent, samples).astype(np.float32)


def heard(samples: Mono) -> tuple[int, int]:
    """From which sample to which something is heard in samples [S] at 48 kHz, with 8 ms around it."""
    window = round(0.005 * RATE)
    count = len(samples) // window
    power = np.square(samples[: count * window].reshape(count, window), dtype=np.float64).mean(axis=1)
    loud = np.flatnonzero(power > power.max(initial=0.0) * 10.0 ** (QUIET / 10.0))
    if not len(loud):
        return 0, len(samples)
    head = round(HEAD * RATE)
    return max(0, loud[0] * window - head), min(len(samples), (loud[-1] + 1) * window + 2 * head)


def faded(samples: Mono) -> Mono:
    """Samples [S] at 48 kHz whose ends come and go within 4 ms: no click."""
    count = min(round(0.004 * RATE), len(samples) // 2)
    ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(count) + 0.5) / max(count, 1))).astype(np.float32)
    samples = samples.copy()
    samples[:count] *= ramp
    samples[len(samples) - count :] *= ramp[::-1]
    return samples


def _smooth(least: int) -> int:
    """The smallest 2^a 3^b 5^c at or above this length (with b, c few)."""
    best = 1 << max(0, least - 1).bit_length()
    for odd in (3, 5, 9, 15, 25, 27, 45, 75):
        size = odd << max(0, math.ceil(math.log2(max(1.0, least / odd))))
        if least <= size < best:
            best = size
    return best

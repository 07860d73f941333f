"""Is what is heard in time with what is seen, and is it what was asked for?

Films of the world that training has never seen are spotted from their pixels alone, at 12 and at 24 frames a second;
what was found is made heard, and the beginnings of sounds in that are compared with the true contacts. The true cues
through the same synthesis and the same listener are the ceiling, peaks of the picture's motion the baseline. Letters:
T frames, S samples, F frequencies, N windows.
"""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from vitascope.evaluate.suite import Metric, Outcome, Shown, Studio, Table, mean
from vitascope.shot import media
from vitascope.shot.shot import Cue, Sound
from vitascope.sound import foley
from vitascope.sound.blocks import RATE, Blocks, Stereo, whole
from vitascope.sound.dub import dub
from vitascope.sound.mix import LOUDNESS
from vitascope.sound.soundtrack import Soundtrack, compose_sound
from vitascope.sound.spot import Spotted, spot
from vitascope.sound.spotter import KINDS, MOMENTS
from vitascope.train.spotter import TEST_SEED, Lesson, rendered

SIZE = (256, 144)
RATES = (12.0, 24.0)
CLIPS = 60, 16  # of each rate; in a quick run
NEAR = 0.05  # seconds within which a sound is in time
HOP = 256  # samples from window to window of the listener
WINDOW = 1024
LEAST_RISE = 3.0  # of a beginning's flux over the usual one around it
APART = 0.06  # seconds between two beginnings

Mono = npt.NDArray[np.float32]
Times = Sequence[float]


# ---- listening


def spectrum(sound: Mono) -> npt.NDArray[np.float32]:
    """Magnitudes [N, F] of windows HOP samples apart."""
    padded = np.pad(sound, WINDOW // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP] * np.hanning(WINDOW).astype(np.float32)
    return np.abs(np.fft.rfft(windows, axis=1)).astype(np.float32)


def beginnings(sound: Mono) -> list[float]:
    """When sounds begin, in seconds: where the spectrum grows much more than it usually does around (Bello et al., A
    Tutorial on Onset Detection in Music Signals, 2005)."""
    if len(sound) < WINDOW:
        return []
    loud = np.log1p(1000 * spectrum(sound))
    flux = np.maximum(np.diff(loud, axis=0, prepend=loud[:1]), 0).mean(1)  # N
    half = round(0.15 * RATE / HOP)
    around = np.array([np.median(flux[max(0, i - half) : i + half + 1]) for i in range(len(flux))])
    rise = flux - LEAST_RISE * np.maximum(around, 0.02)
    apart = round(APART * RATE / HOP)
    found = []
    for i in np.flatnonzero(rise > 0):
        if flux[i] >= flux[max(0, i - apart) : i + apart + 1].max():
            found.append(_sharpened(sound, int(i) * HOP))
    return found


def _sharpened(sound: Mono, sample: int) -> float:
    """When the sound near a sample begins: where its envelope first reaches a third of its highest."""
    first, last = max(0, sample - WINDOW), min(len(sound), sample + WINDOW)
    envelope = np.convolve(np.abs(sound[first:last]), np.ones(48) / 48, mode="same")
    floor = float(envelope[: WINDOW // 4].mean())
    over = np.flatnonzero(envelope - floor > (envelope.max() - floor) / 3)
    return float(first + (over[0] if len(over) else sample - first)) / RATE


# ---- comparing


@dataclass(frozen=True)
class Match:
    """Which of the true times were found: pairs of numbers, and how many were found and true."""

    pairs: tuple[tuple[int, int], ...]
    num_found: int
    num_true: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 1 where nothing was to be found and nothing was."""
        if self.num_found + self.num_true == 0:
            return 1.0
        return 2 * len(self.pairs) / (self.num_found + self.num_true)


def matched(found: Times, true: Times, near: float = NEAR) -> Match:
    """Each true time with at most one of those found within `near` seconds, the closest pairs first."""
    close = sorted(
        (abs(a - b), i, j) for i, a in enumerate(found) for j, b in enumerate(true) if abs(a - b) <= near + 1e-9
    )
    pairs: list[tuple[int, int]] = []
    for _, i, j in close:
        if all(i != k for k, _ in pairs) and all(j != k for _, k in pairs):
            pairs.append((i, j))
    return Match(tuple(sorted(pairs)), len(found), len(true))


def together(matches: Sequence[Match]) -> float:
    """F1 over all films."""
    hits, count = sum(len(m.pairs) for m in matches), sum(m.num_found + m.num_true for m in matches)
    return 2 * hits / count if count else 1.0


def moments(cues: Sequence[Cue]) -> list[float]:
    """When something begins abruptly, each moment once: two feet that come down together are heard as one."""
    found: list[float] = []
    for cue in sorted(_sudden(cues), key=lambda cue: cue.time):
        if not found or cue.time - found[-1] >= APART:
            found.append(cue.time)
    return found


def motion_peaks(frames: npt.NDArray[np.uint8], fps: float) -> list[float]:
    """Where a film's motion changes most: the trivial answer."""
    small = np.stack([cv2.resize(frame, (64, 36), interpolation=cv2.INTER_AREA) for frame in frames]).astype(np.float32)
    energy = np.abs(np.diff(small, axis=0)).mean((1, 2, 3))  # T - 1
    change = np.abs(np.diff(energy, prepend=energy[:1]))
    least = change.mean() + change.std()
    peaks = [i for i in range(len(change)) if change[i] > least and change[i] >= change[max(0, i - 2) : i + 3].max()]
    return [(i + 0.5) / fps for i in peaks]


# ---- films of the world


@dataclass(frozen=True, eq=False)
class Heard:
    """A film of the world, what was found in it, and how each sounds."""

    lesson: Lesson
    spotted: Spotted
    sound: Mono
    true_sound: Mono


def heard(index: int, fps: float) -> Heard:
    """Held-out film number `index` at this rate."""
    lesson = rendered(TEST_SEED, index, fps, SIZE)
    spotted = spot(lesson.frames, fps)
    # Only moments, without a room: what lasts hides soft ones from this listener, in the truth as well.
    sounds = [
        whole(foley.effects(_sudden(cues), spotted.seconds, seed=1, reverb=False)).mean(1)
        for cues in (spotted.cues, lesson.cues)
    ]
    return Heard(lesson, spotted, *sounds)


def _sudden(cues: Sequence[Cue]) -> list[Cue]:
    """The cues that begin abruptly, and can be seen."""
    return [cue for cue in cues if cue.kind in MOMENTS and cue.kind != "whoosh" and cue.place is not None]


def in_time(films: Sequence[Heard], fps: float) -> dict[str, Metric]:
    """Beginnings of sounds against true contacts, and what was found of each."""
    name = f"{fps:g}"
    true = [moments(film.lesson.cues) for film in films]
    found = [beginnings(film.sound) for film in films]
    best = [beginnings(film.true_sound) for film in films]
    plain = [motion_peaks(film.lesson.frames, fps) for film in films]
    sides = [[matched(a, b) for a, b in zip(side, true, strict=True)] for side in (found, best, plain)]
    scores = [together(side) for side in sides]
    low, high = _resampled(sides[0])
    metrics = {
        f"onset_f1_{name}": Metric(scores[0], low, high, scores[1], scores[2], "F1 of beginnings within 50 ms"),
    }
    errors = [_errors(side, times, true) for side, times in zip(sides, (found, best, plain), strict=True)]
    middle = [float(np.median(e)) if e else float("nan") for e in errors]
    spread = _median_interval(errors[0])
    metrics[f"onset_error_{name}"] = Metric(
        middle[0], *spread, middle[1], middle[2], "ms, median of those within 50 ms"
    )
    return metrics | _named(films, name)


def _errors(side: Sequence[Match], found: Sequence[Times], true: Sequence[Times]) -> list[float]:
    return [1000 * abs(found[k][i] - true[k][j]) for k, match in enumerate(side) for i, j in match.pairs]


def _resampled(matches: Sequence[Match], seed: int = 0) -> tuple[float, float]:
    picks = np.random.default_rng(seed).integers(len(matches), size=(500, len(matches)))
    scores = [together([matches[i] for i in pick]) for pick in picks]
    low, high = np.quantile(scores, (0.025, 0.975))
    return float(low), float(high)


def _median_interval(values: Sequence[float], seed: int = 0) -> tuple[float, float]:
    if not values:
        return float("nan"), float("nan")
    numbers = np.asarray(values)
    picks = np.random.default_rng(seed).integers(len(numbers), size=(500, len(numbers)))
    low, high = np.quantile(np.median(numbers[picks], 1), (0.025, 0.975))
    return float(low), float(high)


def _named(films: Sequence[Heard], name: str) -> dict[str, Metric]:
    """Kinds and materials of the cues that were found in time; the trivial answer is always the most frequent one."""
    kinds: list[tuple[str, str]] = []
    stuffs: list[tuple[str, str]] = []
    grounds: list[tuple[str, str]] = []
    for film in films:
        true = [cue for cue in film.lesson.cues if cue.kind in MOMENTS and cue.place is not None]
        found = [cue for cue in film.spotted.cues if cue.kind in MOMENTS]
        for i, j in matched([c.time for c in found], [c.time for c in true]).pairs:
            kinds.append((found[i].kind, true[j].kind))
            if found[i].materials and true[j].materials:
                stuffs.append((found[i].materials[0], true[j].materials[0]))
            if len(found[i].materials) > 1 and len(true[j].materials) > 1:
                grounds.append((found[i].materials[1], true[j].materials[1]))
    told = {"kind": kinds, "material": stuffs, "ground": grounds}
    metrics = {}
    for what, pairs in told.items():
        if pairs:
            answers = [b for _, b in pairs]
            usual = max(answers.count(one) for one in set(answers)) / len(answers)
            right = mean([float(a == b) for a, b in pairs])
            metrics[f"{what}_{name}"] = Metric(*right, 1.0, usual, "share of moments found")
    lasting = [
        _lasting_right(film)
        for film in films
        if any(c.kind in KINDS and c.kind not in MOMENTS for c in film.lesson.cues)
    ]
    if lasting:
        metrics[f"lasting_{name}"] = Metric(*mean(lasting), 1.0, None, "overlap in time of what lasts, union = 1")
    return metrics


def _lasting_right(film: Heard) -> float:
    """How much of what lasts was found: intersection over union of kinds in time, of all kinds together."""
    grid = np.arange(0, film.spotted.seconds, 0.02)
    both = either = 0
    for kind in ("roll", "slide", "engine", "speech", "cloth"):
        sides = []
        for cues in (film.spotted.cues, film.lesson.cues):
            on = np.zeros(len(grid), bool)
            for cue in cues:
                if cue.kind == kind:
                    on |= (grid >= cue.time) & (grid <= cue.time + cue.seconds)
            sides.append(on)
        both += int((sides[0] & sides[1]).sum())
        either += int((sides[0] | sides[1]).sum())
    return both / either if either else 1.0


# ---- the whole way


def delivered(film: Heard, folder: Path) -> dict[str, Metric]:
    """A film with a soundtrack as a file: where its sound stands, and how loud it is."""
    source = folder / "film.mp4"
    frames, fps = film.lesson.frames, film.lesson.fps
    media.write_film(source, frames, fps)
    clap = Cue(time=1.0, kind="impact", strength=1.0, materials=("wood", "wood"), place=(0.5, 0.5))
    one = Spotted((clap,), len(frames) / fps, film.spotted.energy, ())
    offsets = []
    for name, codec in (("a.mp4", None), ("b.mkv", "opus"), ("c.mov", None)):
        made = dub(source, folder / name, spotted=one, codec=codec)
        direct, decoded = whole(again(made)).mean(1), media.read_sound(folder / name).mean(1)
        offsets.append(1000 * _lag(direct, decoded) / RATE)
    worst = max(offsets, key=abs)
    metrics = {"mux_offset": Metric(abs(worst), abs(worst), abs(worst), 0.0, None, "ms after decoding, the worst of 3")}
    return metrics


def again(made: Soundtrack) -> Blocks:
    """The effects once more as they were mixed: the stems' files are gone when the film is written."""
    return foley.effects(made.cues, made.mix.whole.num_samples / RATE)


def _lag(first: Mono, second: Mono) -> int:
    """Samples by which the second sound comes later than the first."""
    size = 1 << (len(first) + len(second)).bit_length()
    product = np.fft.rfft(second, size) * np.conj(np.fft.rfft(first, size))
    correlation = np.fft.irfft(product, size)
    best = int(np.argmax(correlation))
    return best if best < size // 2 else best - size


def obeyed(film: Heard, folder: Path) -> dict[str, Metric]:
    """Loudness against what was asked, and how loud what a negative prompt names still is."""
    asked = {"": None, "music": "music", "effects": "effects"}
    misses, left = [], []
    for number, (target, negative) in enumerate(
        ((LOUDNESS, ""), (-23.0, ""), (LOUDNESS, "music"), (LOUDNESS, "effects"))
    ):
        place = folder / f"mix-{number}"
        place.mkdir()
        wanted = Sound(score="tense strings", negative=negative)
        made = compose_sound(film.spotted, wanted, place, loudness=target)
        misses.append(abs(made.mix.whole.loudness.integrated - target))
        if (name := asked.get(negative)) is not None:
            stem = made.stems.get(name)
            left.append(-100.0 if stem is None else _level(whole(stem.blocks())))
    return {
        "loudness": Metric(*mean(misses), 0.0, None, "LU from what was asked, mean"),
        "loudness_worst": Metric(max(misses), max(misses), max(misses), 0.0, None, "LU from what was asked, worst"),
        "negative": Metric(max(left), max(left), max(left), -100.0, 0.0, "dBFS of a stem that is not wanted, worst"),
    }


def _level(sound: Stereo) -> float:
    power = float((sound.astype(np.float64) ** 2).mean()) if len(sound) else 0.0
    return max(-100.0, 10 * np.log10(power + 1e-20))


def paced(film: Heard, folder: Path) -> Metric:
    """How much faster than it plays a film of some length gets its soundtrack, the look through it and the score
    included."""
    fps, frames = film.lesson.fps, film.lesson.frames
    times = 10
    run = np.concatenate([frames if i % 2 == 0 else frames[::-1] for i in range(times)])
    source = folder / "long.mp4"
    media.write_film(source, run, fps)
    took = []
    for number in range(2):
        since = time.perf_counter()
        dub(source, folder / f"long-{number}.mp4", Sound(score="tense strings"))
        took.append(len(run) / fps / (time.perf_counter() - since))
    return Metric(max(took), min(took), max(took), None, None, "× real time, film with effects and score")


# ---- the picture of a sound


def shown(film: Heard, number: int) -> Shown:
    """The frames of a film above the spectrogram of what is heard; true moments are white ticks, those found orange."""
    width, height = 960, 200
    frames = film.lesson.frames
    columns = 8
    picks = np.linspace(0, len(frames) - 1, columns).round().astype(int)
    strip = np.concatenate([cv2.resize(frames[i], (width // columns, width // columns * 9 // 16)) for i in picks], 1)
    magnitudes = 20 * np.log10(spectrum(film.sound).T[1:400] + 1e-4)  # F N
    grey = np.clip((magnitudes + 60) / 90, 0, 1)[::-1]
    coloured = cv2.applyColorMap((255 * cv2.resize(grey, (width, height))).astype(np.uint8), cv2.COLORMAP_INFERNO)
    picture = np.concatenate([strip, np.zeros((12, width, 3), np.uint8), coloured[..., ::-1]])
    for times, colour, top in (
        (moments(film.lesson.cues), (255, 255, 255), 0),
        (moments([c for c in film.spotted.cues if c.place is not None]), (255, 160, 40), 6),
    ):
        for moment in times:
            x = min(width - 3, round(moment / film.spotted.seconds * width))
            picture[strip.shape[0] + top : strip.shape[0] + top + 6, max(0, x - 1) : x + 2] = colour
    told = ", ".join(f"{cue.kind} {cue.time:.2f}" for cue in film.spotted.cues if cue.kind in KINDS)
    return Shown(f"film {number}: found from pixels", picture[None], note=told or "nothing")


def measure(studio: Studio, quick: bool) -> Outcome:
    """The suite. `studio` makes nothing here: the soundtrack of any film is what is judged."""
    metrics: dict[str, Metric] = {}
    all_shown: list[Shown] = []
    rows: list[tuple[str, ...]] = []
    for fps in RATES:
        films = [heard(index, fps) for index in range(CLIPS[quick])]
        metrics |= in_time(films, fps)
        if fps == RATES[-1]:
            all_shown = [shown(film, number) for number, film in enumerate(films[:8])]
            rows = _by_kind(films)
            with tempfile.TemporaryDirectory() as folder:
                metrics |= delivered(films[0], Path(folder))
                metrics |= obeyed(films[0], Path(folder))
                metrics["speed"] = paced(films[0], Path(folder))
    tables = (Table("moments at 24 frames a second, by kind", ("kind", "true", "found in time", "wrong"), tuple(rows)),)
    return Outcome(metrics, tuple(all_shown), tables)


def _by_kind(films: Sequence[Heard]) -> list[tuple[str, ...]]:
    """How many moments of each kind there are, were found, and were told where there are none."""
    rows: list[tuple[str, ...]] = []
    for kind in MOMENTS:
        true = hit = wrong = 0
        for film in films:
            truth = [cue for cue in film.lesson.cues if cue.kind in MOMENTS and cue.place is not None]
            found = [cue for cue in film.spotted.cues if cue.kind in MOMENTS]
            match = matched([c.time for c in found], [c.time for c in truth])
            true += sum(cue.kind == kind for cue in truth)
            hit += sum(truth[j].kind == kind for _, j in match.pairs)
            paired = {i for i, _ in match.pairs}
            wrong += sum(cue.kind == kind for i, cue in enumerate(found) if i not in paired)
        rows.append((kind, str(true), str(hit), str(wrong)))
    return rows

"""Is what is heard in time with what is seen, and is it what was asked for?

Films of the world that training has never seen are spotted from their pixels alone, at 12 and at 24 frames a second;
what was found is made heard, and the beginnings of sounds in that are compared with the true contacts. The true cues
through the same synthesis and the same listener are the ceiling, peaks of the picture's motion the baseline. Letters:
T frames, S samples, F frequencies, N windows.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from vitascope.evaluate import delivery, dialogue, spectrogram
from vitascope.evaluate.listener import ECHO, Match, Mono, Times, beginnings, matched, together
from vitascope.evaluate.suite import Metric, Outcome, Shown, Studio, Table, mean
from vitascope.shot.shot import Cue, Shot, Sound
from vitascope.sound import foley
from vitascope.sound.blocks import whole
from vitascope.sound.soundtrack import compose_sound
from vitascope.sound.spot import Spotted, spot
from vitascope.sound.spotter import KINDS, MOMENTS
from vitascope.train.spotter import TEST_SEED, Lesson, rendered

SIZE = (256, 144)
RATES = (12.0, 24.0)
CLIPS = 60, 16  # of each rate; in a quick run
OWN = 12, 4  # clips of our own
PROMPTS = (
    *("a red rubber ball bounces on the tiles", "a wooden cube falls onto the road", "a metal can topples on the road"),
    *("a blue plastic ball bounces on grass", "a stone brick falls onto the grass", "a yellow ball bounces on sand"),
    *("a green cylinder topples on the road", "a rubber egg bounces on the road", "a metal ball drops on the tiles"),
    *("a white cube falls onto the snow", "a pink capsule bounces on the road", "a wooden block tips over on the road"),
)
APART = 0.06  # seconds between two moments; closer ones are one


# ---- when something begins


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
    """The cues that begin abruptly, and can be seen. Of what falls over only the blow is listened to: the world tells
    its later knocks as cues of their own, the foley adds some to each."""
    sudden = (cue for cue in cues if cue.kind in MOMENTS and cue.kind != "whoosh" and cue.place is not None)
    return [cue.model_copy(update={"kind": "impact"}) if cue.kind == "topple" else cue for cue in sudden]


def in_time(films: Sequence[Heard], fps: float) -> dict[str, Metric]:
    """Beginnings of sounds against true contacts, and what was found of each."""
    name = f"{fps:g}"
    true = [moments(film.lesson.cues) for film in films]
    found = [beginnings(film.sound) for film in films]
    best = [beginnings(film.true_sound) for film in films]
    plain = [motion_peaks(film.lesson.frames, fps) for film in films]
    sides = [[matched(a, b, echo=ECHO) for a, b in zip(side, true, strict=True)] for side in (found, best, plain)]
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


# ---- clips of our own


@dataclass(frozen=True, eq=False)
class Own:
    """A clip that the studio has made, what is found in it, and the mix of that. What is true of it nobody knows."""

    prompt: str
    frames: npt.NDArray[np.uint8]
    fps: float
    spotted: Spotted
    sound: Mono


def own_clips(studio: Studio, prompts: Sequence[str]) -> list[Own]:
    """What the studio makes of these words, at its own size and rate, and its sound."""
    size, fps, seconds = studio.card.size, studio.card.fps, studio.card.num_frames / studio.card.fps
    shots = [Shot(text=text, size=size, fps=fps, seconds=seconds, seed=seed) for seed, text in enumerate(prompts)]
    made = []
    for shot, frames in zip(shots, studio.draw(shots), strict=True):
        spotted = spot(frames, fps)
        made.append(Own(shot.text, frames, fps, spotted, mixed_moments(spotted)))
    return made


def mixed_moments(spotted: Spotted) -> Mono:
    """The whole way from what was found to the mix, limiter and all, of moments alone."""
    with tempfile.TemporaryDirectory() as folder:
        made = compose_sound(replace(spotted, cues=tuple(_sudden(spotted.cues))), Sound(), Path(folder))
        return whole(made.mix.whole.blocks()).mean(1)


def own_in_time(clips: Sequence[Own], films: Sequence[Heard]) -> dict[str, Metric]:
    """What is found in clips of our own against what is heard in their mix, beside films of the world; and in how many
    something is found, where all were asked for something that is heard."""
    own = [(beginnings(clip.sound), moments(clip.spotted.cues)) for clip in clips]
    world = [(beginnings(mixed_moments(film.spotted)), moments(film.spotted.cues)) for film in films]
    plain = [(motion_peaks(clip.frames, clip.fps), moments(clip.spotted.cues)) for clip in clips]
    sides = [[matched(heard, found, echo=ECHO) for heard, found in side] for side in (own, world, plain)]
    scores = [together(side) for side in sides]
    errors = [
        _errors(side, [heard for heard, _ in pairs], [found for _, found in pairs])
        for side, pairs in zip(sides, (own, world, plain), strict=True)
    ]
    middle = [float(np.median(e)) if e else float("nan") for e in errors]
    something = [float(bool(found)) for _, found in own]
    asked = [float(bool(moments(film.spotted.cues))) for film in films if moments(film.lesson.cues)]
    told = f"F1 within 50 ms of what is heard in the mix, {len(clips)} clips of our own, by what is found in them"
    return {
        "own_f1": Metric(scores[0], *_resampled(sides[0]), scores[1], scores[2], told),
        "own_error": Metric(middle[0], *_median_interval(errors[0]), middle[1], middle[2], "ms, median of these"),
        "own_found": Metric(*mean(something), mean(asked)[0] if asked else None, None, "share with a moment found"),
    }


# ---- the picture of a sound


def shown_film(film: Heard, number: int) -> Shown:
    """A film of the world: what is found in it and what is true, as moments and as sounds."""
    marks = {"true": moments(film.lesson.cues), "found": moments(film.spotted.cues)}
    sounds = {"found": film.sound, "true": film.true_sound}
    sheet = spectrogram.picture(film.lesson.frames, film.spotted.seconds, marks, sounds)
    return Shown(f"film {number} of the world, moments alone", sheet[None], note=_told(film.spotted))


def shown_clip(clip: Own) -> Shown:
    """A clip of our own: what is found in it, and what is heard of that in its mix."""
    marks = {"found": moments(clip.spotted.cues), "heard": beginnings(clip.sound)}
    sheet = spectrogram.picture(clip.frames, clip.spotted.seconds, marks, {"mix": clip.sound})
    return Shown(f"“{clip.prompt}”", sheet[None], note=_told(clip.spotted))


def _told(spotted: Spotted) -> str:
    found = [cue for cue in spotted.cues if cue.kind in KINDS]
    told = (f"{' of '.join([cue.kind, *cue.materials[:1]])} at {cue.time:.2f} s" for cue in found)
    return ", ".join(told) or "nothing is found"


def measure(studio: Studio, quick: bool) -> Outcome:
    """The suite. The soundtrack of any film is what is judged: of the world's, and of some that the studio makes."""
    metrics: dict[str, Metric] = {}
    for fps in RATES:
        films = [heard(index, fps) for index in range(CLIPS[quick])]
        metrics |= in_time(films, fps)
    clips = own_clips(studio, PROMPTS[: OWN[quick]])
    metrics |= own_in_time(clips, films)
    with tempfile.TemporaryDirectory() as folder:
        metrics |= delivery.delivered(films[0].lesson, Path(folder))
        metrics |= delivery.obeyed(films[0].spotted, Path(folder))
        metrics["speed"] = delivery.paced(films[0].lesson, Path(folder))
    columns = ("kind", "true", "found in time", "wrong")
    tables = [Table("moments at 24 frames a second, by kind", columns, _by_kind(films))]
    missing = {"dialogue": reason} if (reason := dialogue.missing()) else {}
    if missing:
        tables.append(Table("not measured", ("what", "why"), tuple(missing.items())))
    else:
        metrics |= dialogue.understood(quick)
    loud = [number for number, film in enumerate(films) if moments(film.lesson.cues) or moments(film.spotted.cues)]
    shown = [shown_film(films[number], number) for number in loud[:6]]
    shown += [shown_clip(clip) for clip in clips[:4]]
    return Outcome(metrics, tuple(shown), tuple(tables), details={"not_measured": missing})


def _by_kind(films: Sequence[Heard]) -> tuple[tuple[str, ...], ...]:
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
    return tuple(rows)

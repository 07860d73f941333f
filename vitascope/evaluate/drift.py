"""How far does a film wander from itself when it is gone on with again and again?

A true second of a thing that rests is extended eight times, each part made from the one before, the whole way that a
user goes. And a film of two minutes (quick: twelve seconds) that begins with a true picture of such a thing is made in
one go, window by window. In truth nothing changes: neither the mean colour, nor how sharp and colourful the picture is,
nor the thing. Letters: T frames, H W pixels, N extensions.
"""

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from vitascope.evaluate.identity import Reference, reference_of
from vitascope.evaluate.pins import picture
from vitascope.evaluate.suite import Frames, Metric, Outcome, Plot, Shown, Studio, mean
from vitascope.model.layout import layout
from vitascope.shot import edit, splice
from vitascope.shot.clip import Clip
from vitascope.shot.shot import Pin, Shot
from vitascope.world import footage
from vitascope.world.footage import Take

SEED = 42_000  # of scenes that training has never seen
SIZE, FPS = (144, 80), 12.0
PART = 12  # frames of the beginning and of each extension
EXTENSIONS = 8
SECONDS = PART * (1 + EXTENSIONS) / FPS

Numbers = npt.NDArray[np.float64]


# ---- what is measured of a second


def mean_colour(frames: Frames) -> Numbers:
    """Mean red, green and blue, as shares of full scale: [3]."""
    return frames.reshape(-1, 3).mean(0) / 255


def sharpness(frames: Frames) -> float:
    """The mean step between neighbouring pixels, grey levels."""
    grey = frames.astype(np.float64).mean(-1)
    return float((np.abs(np.diff(grey, axis=1)).mean() + np.abs(np.diff(grey, axis=2)).mean()) / 2)


def colourfulness(frames: Frames) -> float:
    """How colourful a picture looks (Hasler & Süsstrunk 2003): 0 grey, 15 slightly, 60 quite, 110 extremely."""
    red, green, blue = frames.astype(np.float64).reshape(-1, 3).T
    first, second = red - green, (red + green) / 2 - blue
    spread = np.hypot(first.std(), second.std())
    return float(spread + 0.3 * np.hypot(first.mean(), second.mean()))


def course(frames: Frames, reference: Reference) -> dict[str, Numbers]:
    """What a film is in its first second and after each extension: `colour` [N + 1, 3], the others [N + 1]."""
    parts = frames.reshape(-1, PART, *frames.shape[1:])
    seen = [part[PART // 2 :] for part in parts]  # its later half: what it has become
    return {
        "colour": np.stack([mean_colour(part) for part in seen]),
        "sharpness": np.array([sharpness(part) for part in seen]),
        "colourful": np.array([colourfulness(part) for part in seen]),
        "identity": np.array([reference.kept(part[-1])["thing"] for part in seen]),
    }


def changes(told: dict[str, Numbers]) -> dict[str, float]:
    """How much a film has changed from its first second to its last, an extension: 0 where nothing does."""
    steps = len(told["sharpness"]) - 1

    def doublings(name: str) -> float:
        first, last = np.maximum(told[name][[0, -1]], 0.05)
        return float(abs(np.log2(last / first)) / steps)

    return {
        "mean_colour": float(np.abs(told["colour"][-1] - told["colour"][0]).mean() / steps),
        "sharpness": doublings("sharpness"),
        "colourful": doublings("colourful"),
        "identity": float(max(0.0, told["identity"][0] - told["identity"][-1]) / steps),
    }


LENGTH = 120.0, 12.0  # seconds of the long film, and of the quick one
KEPT = 0.5  # of the thing's size; below that, it is another

WINDOW_UNITS = {
    "window_colour": "change of the mean colour from the first window, a window, share of full scale (0 is none)",
    "window_sharpness": "change of the mean step between pixels from the first window, a window, doublings or halvings",
    "subject_changes": "windows at whose end the thing is not there in half its size, share (0 is none)",
}


def window_changes(parts: Sequence[Frames], reference: Reference) -> dict[str, Numbers]:
    """How much a film's windows [T, H, W, 3] differ from the first, each by how many windows it is away: [N - 1]."""
    away = np.arange(1, len(parts))
    colours = np.stack([mean_colour(part) for part in parts])  # N 3
    sharp = np.maximum([sharpness(part) for part in parts], 0.05)
    kept = np.array([reference.kept(part[-1])["thing"] for part in parts])
    return {
        "window_colour": np.abs(colours[1:] - colours[0]).mean(1) / away,
        "window_sharpness": np.abs(np.log2(sharp[1:] / sharp[0])) / away,
        "subject_changes": (kept[1:] < KEPT).astype(np.float64),
    }


def long_film(studio: Studio, quick: bool) -> tuple[dict[str, Metric], Shown]:
    """A long film from a true picture. The trivial answer is another true film from the second window on."""
    seconds = LENGTH[quick]
    (take, reference), (other, _) = rests(2)
    count = round(seconds * FPS)
    true, another = (to_and_fro(one.clip.array(), count) for one in (take, other))
    pin = Pin(media=picture(true[0]))
    shot = Shot(text=take.captions[0], size=SIZE, seconds=seconds, fps=FPS, seed=SEED, pins=(pin,))
    made = studio.make(shot).array()
    spans = [slice(window.first, window.first + window.num_frames) for window in layout(shot, studio.card).windows]
    cut = np.concatenate((true[spans[0]], another[spans[0].stop :]))
    found = [window_changes([film[span] for span in spans], reference) for film in (made, true, cut)]
    metrics = {}
    for name, unit in WINDOW_UNITS.items():
        answers, truths, trivial = (one[name] for one in found)
        metrics[name] = Metric(*mean(answers.tolist()), mean(truths.tolist())[0], mean(trivial.tolist())[0], unit)
    note = ", ".join(f"{name} {metric.value:.3f}" for name, metric in metrics.items())
    shown = [span.stop - 1 for span in spans if span.stop <= len(true)]
    return metrics, Shown(take.captions[0], made[shown], true[shown], note)


def to_and_fro(frames: Frames, count: int) -> Frames:
    """So many frames of a film that is played forwards and backwards: of things at rest, as a longer one would be."""
    last = len(frames) - 1
    return frames[last - np.abs(np.arange(count) % (2 * last) - last)]


UNITS = {
    "mean_colour": "change of the mean colour an extension, share of full scale (0 is none)",
    "sharpness": "change of the mean step between pixels an extension, doublings or halvings (0 is none)",
    "colourful": "change of how colourful it is an extension, doublings or halvings (0 is none)",
    "identity": "loss of the thing's size by its colours an extension, share (0 is none)",
}


# ---- the films


def rests(count: int) -> list[tuple[Take, Reference]]:
    """The first true films of the seed in which a thing rests before a camera that stands still, as long as an
    extended one is, whose thing can be told by its colours."""
    found: list[tuple[Take, Reference]] = []
    for index in itertools.count():
        if len(found) == count:
            break
        scene, _ = footage.happening(SEED, index, size=SIZE)
        if scene.things[0].action == "stand":
            still = scene.with_(camera=scene.camera.model_copy(update={"moves": ()}))
            take = footage.take_of(
                still, SEED, index, size=SIZE, seconds=SECONDS, fps=FPS, num_captions=1, num_tracks=1
            )
            reference, _ = reference_of(take)
            if reference.clear:
                found.append((take, reference))
    return found


def extended(studio: Studio, take: Take, number: int) -> Frames:
    """The first second of a true film and eight extensions, each made from all that is there: [T, H, W, 3]."""
    film = Clip.from_array(take.clip.array()[:PART], FPS)
    for extension in range(EXTENSIONS):
        seed = SEED + 100 * number + extension
        shot = Shot(text=take.captions[0], size=SIZE, seconds=PART / FPS, fps=FPS, seed=seed)
        made = studio.make(edit.extend(shot, film))
        film = Clip.from_array(splice.joined(film, made, film.seconds, film.seconds).array(), FPS)
    return film.array()


def measure(studio: Studio, quick: bool) -> Outcome:
    """One film (quick) or four, and a long one. The trivial answer is another true film at every extension."""
    chosen = rests(2 if quick else 5)
    rows: dict[str, list[tuple[float, float, float]]] = {name: [] for name in UNITS}
    shown, lines = [], {}
    for number, ((take, reference), (other, _)) in enumerate(itertools.pairwise(chosen)):
        true = take.clip.array()
        cut = np.concatenate((true[:PART], other.clip.array()[PART:]))
        made = extended(studio, take, number)
        told = [course(film, reference) for film in (made, true, cut)]
        found = [changes(one) for one in told]
        for name in UNITS:
            rows[name].append((found[0][name], found[1][name], found[2][name]))
        note = ", ".join(f"{name} {value:.3f}" for name, value in found[0].items())
        shown.append(Shown(take.captions[0], made[PART - 1 :: PART], true[PART - 1 :: PART], note))
        for name in ("sharpness", "colourful", "identity"):
            lines[f"{name}, {number + 1}"] = _line(told[0][name])
    metrics = {}
    for name, values in rows.items():
        made_, true_, trivial = zip(*values, strict=True)
        metrics[name] = Metric(*mean(made_), mean(true_)[0], mean(trivial)[0], UNITS[name])
    in_windows, long_shown = long_film(studio, quick)
    metrics |= in_windows
    shown.append(long_shown)
    plot = Plot("What an extended film keeps of its first second", "extensions", "share of the first second's", lines)
    details = {"texts": [take.captions[0] for take, _ in chosen[:-1]], "extensions": EXTENSIONS}
    return Outcome(metrics, tuple(shown), plots=(plot,), details=details)


def _line(values: Numbers) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y / max(values[0], 1e-6))) for x, y in enumerate(values))

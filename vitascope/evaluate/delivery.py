"""Is a soundtrack delivered as asked: in its place in the file, as loud, without what is not wanted, and fast?"""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from vitascope.evaluate.listener import Mono
from vitascope.evaluate.suite import Metric, mean
from vitascope.shot import media
from vitascope.shot.shot import Cue, CueKind, Sound
from vitascope.sound import foley
from vitascope.sound.blocks import RATE, Blocks, Stereo, whole
from vitascope.sound.dub import dub
from vitascope.sound.mix import LOUDNESS
from vitascope.sound.soundtrack import Soundtrack, compose_sound
from vitascope.sound.spot import Spotted
from vitascope.train.spotter import Lesson

SILENCE = -100.0  # dBFS that is written for no sound at all
# A word for each kind of sound, and the kinds that it should remove.
UNWANTED: dict[str, tuple[CueKind, ...]] = {
    "hits": ("impact", "bounce", "topple"), "bounces": ("bounce",), "rolling": ("roll",), "scraping": ("slide",),
    "footsteps": ("footstep",), "rustling": ("cloth",), "whooshes": ("whoosh",), "splashes": ("splash",),
    "engines": ("engine",), "animals": ("animal",), "voices": ("speech",), "crowds": ("crowd",),
    "ambience": ("place",),
}  # fmt: skip
# One of each kind, so that each has something to be removed.
EVERY_KIND = (
    Cue(time=0.0, kind="place", text="park", strength=0.5),
    Cue(time=0.1, kind="engine", seconds=1.5, strength=0.5, materials=("car", "asphalt"), place=(0.2, 0.6)),
    Cue(time=0.2, kind="impact", strength=0.6, materials=("wood", "tile"), place=(0.5, 0.5)),
    Cue(time=0.4, kind="bounce", strength=0.5, materials=("rubber", "grass"), place=(0.6, 0.7)),
    Cue(time=0.5, kind="roll", seconds=0.8, strength=0.5, materials=("metal", "wood"), place=(0.3, 0.7), across=0.3),
    Cue(time=0.6, kind="slide", seconds=0.6, strength=0.5, materials=("wood", "stone"), place=(0.7, 0.7), across=0.4),
    Cue(time=0.7, kind="footstep", strength=0.5, materials=("shoe", "wood"), place=(0.4, 0.8)),
    Cue(time=0.8, kind="cloth", seconds=0.4, strength=0.6, materials=("cloth",), place=(0.4, 0.5)),
    Cue(time=0.9, kind="whoosh", strength=0.6, materials=("air",), place=(0.5, 0.3)),
    Cue(time=1.0, kind="topple", strength=0.6, materials=("wood", "wood"), place=(0.5, 0.6), across=0.6),
    Cue(time=1.1, kind="splash", strength=0.6, materials=("stone", "water"), place=(0.5, 0.8)),
    Cue(time=1.2, kind="animal", seconds=0.5, strength=0.5, materials=("dog",), place=(0.8, 0.6)),
    Cue(time=1.3, kind="speech", seconds=0.6, strength=0.5, materials=("voice", "woman"), place=(0.3, 0.3)),
    Cue(time=1.4, kind="crowd", seconds=0.5, strength=0.5),
)


def delivered(lesson: Lesson, folder: Path) -> dict[str, Metric]:
    """A film with a soundtrack as a file: where its sound stands, and how loud it is."""
    source = folder / "film.mp4"
    frames, fps = lesson.frames, lesson.fps
    media.write_film(source, frames, fps)
    clap = Cue(time=1.0, kind="impact", strength=1.0, materials=("wood", "wood"), place=(0.5, 0.5))
    one = Spotted((clap,), len(frames) / fps, (0.1,) * 8, ())
    offsets = []
    for name, codec in (("a.mp4", None), ("b.mkv", "opus"), ("c.mov", None)):
        made = dub(source, folder / name, spotted=one, codec=codec)
        direct, decoded = whole(_again(made)).mean(1), media.read_sound(folder / name).mean(1)
        offsets.append(1000 * _lag(direct, decoded) / RATE)
    worst = max(offsets, key=abs)
    return {"mux_offset": Metric(abs(worst), abs(worst), abs(worst), 0.0, None, "ms after decoding, the worst of 3")}


def _again(made: Soundtrack) -> Blocks:
    """The effects once more as they were mixed: the stems' files are gone when the film is written."""
    return foley.effects(made.cues, made.mix.whole.num_samples / RATE)


def _lag(first: Mono, second: Mono) -> int:
    """Samples by which the second sound comes later than the first."""
    size = 1 << (len(first) + len(second)).bit_length()
    product = np.fft.rfft(second, size) * np.conj(np.fft.rfft(first, size))
    correlation = np.fft.irfft(product, size)
    best = int(np.argmax(correlation))
    return best if best < size // 2 else best - size


def obeyed(spotted: Spotted, folder: Path) -> dict[str, Metric]:
    """Loudness against what was asked, and what negative prompts leave of what they name."""
    misses, left = [], []
    asked = ((LOUDNESS, ""), (-23.0, ""), (LOUDNESS, "music"), (LOUDNESS, "effects"), (LOUDNESS, "dialogue"))
    for number, (target, negative) in enumerate(asked):
        place = folder / f"mix-{number}"
        place.mkdir()
        script = "ANNA: Hello there." if negative == "dialogue" else ""
        wanted = Sound(score="tense strings", negative=negative, dialogue=script)
        made = compose_sound(spotted, wanted, place, loudness=target)
        misses.append(abs(made.mix.whole.loudness.integrated - target))
        if negative:
            stem = made.stems.get(negative)
            left.append(SILENCE if stem is None else _level(whole(stem.blocks())))
    return {
        "loudness": Metric(*mean(misses), 0.0, None, "LU from what was asked, mean"),
        "loudness_worst": Metric(max(misses), max(misses), max(misses), 0.0, None, "LU from what was asked, worst"),
    } | unheard(folder, left)


def unheard(folder: Path, stems: Sequence[float]) -> dict[str, Metric]:
    """What is left of each kind that a negative prompt names, and what of the others has changed: against effects that
    were made without these cues. `stems` are the levels of unwanted stems. The baseline is what is not asked for."""
    spotted = Spotted(EVERY_KIND, 2.0, (0.1,) * 8, ())
    everything = _effects(spotted, "", folder / "all")
    left, heard, changed = [], [], []
    for word, kinds in UNWANTED.items():
        others = tuple(cue for cue in EVERY_KIND if cue.kind not in kinds)
        truth = _effects(replace(spotted, cues=others), "", folder / f"without-{word}")
        made = _effects(spotted, word, folder / f"no-{word}")
        removed = everything - truth  # the sound of these kinds alone
        share = float((made - truth).ravel() @ removed.ravel() / max(float((removed**2).sum()), 1e-12))
        left.append(_level(share * removed))
        heard.append(_level(removed))
        changed.append(_level(made - truth - share * removed))
    names = "dBFS, the worst of "
    return {
        "negative_stems": Metric(*(max(stems),) * 3, SILENCE, 0.0, f"{names}{len(stems)} stems that are not wanted"),
        "negative_kinds": Metric(*(max(left),) * 3, SILENCE, max(heard), f"{names}{len(left)} kinds, not wanted"),
        "negative_others": Metric(*(max(changed),) * 3, SILENCE, None, f"{names}changes to what was not named"),
    }


def _effects(spotted: Spotted, negative: str, folder: Path) -> Stereo:
    """The effects as they are made with this negative prompt; silence where there are none."""
    folder.mkdir()
    stem = compose_sound(spotted, Sound(negative=negative), folder).stems["effects"]
    return whole(stem.blocks())


def _level(sound: Stereo) -> float:
    power = float((sound.astype(np.float64) ** 2).mean()) if len(sound) else 0.0
    return max(SILENCE, 10 * np.log10(power + 1e-20))


def paced(lesson: Lesson, folder: Path) -> Metric:
    """How much faster than it plays a film of some length gets its soundtrack, the look through it and the score
    included."""
    fps, frames = lesson.fps, lesson.frames
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

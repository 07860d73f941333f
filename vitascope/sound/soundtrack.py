"""A soundtrack for any film: it is looked through once, then effects, music and dialogue are made, and mixed.

`compose_sound` is its architecture, read from the top. Everything lasting lies in a folder while it is made, so that
an hour of film takes no more memory than a minute.
"""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from vitascope.model.flow import Cancelled
from vitascope.shot.clip import Frame
from vitascope.shot.shot import Cue, Sound
from vitascope.sound import dialogue, foley
from vitascope.sound.blocks import Blocks, Stereo, lengths, whole
from vitascope.sound.dialogue import Spoken
from vitascope.sound.mix import LOUDNESS, Mix, Stem, mixed, stored
from vitascope.sound.rehearsal import Rehearsal, SoundError, lines_of, spoken_lines
from vitascope.sound.spot import Spotted, spot
from vitascope.sound.wishes import EVERYTHING, Wishes, places_told, read_wishes

if TYPE_CHECKING:
    from vitascope.sound.score import Piece

__all__ = ["SoundError", "Soundtrack", "compose_sound", "performed", "strongest"]

HITS_APART = 2.0  # seconds between the moments that the music must meet
MOST_HITS = 0.25  # of them a second
HIT_KINDS = ("impact", "bounce", "topple")

Progress = Callable[[str, int, int], None]  # stage, done, of how many


@dataclass(frozen=True)
class Soundtrack:
    """The sound of a film: the mix, its stems and what they were made from. The stems' files belong to the folder that
    was given; `notes` tell what of the wishes could not be met."""

    mix: Mix
    stems: Mapping[str, Stem]
    cues: tuple[Cue, ...]
    piece: "Piece | None" = None
    spoken: tuple[Spoken, ...] = ()
    notes: tuple[str, ...] = ()


def compose_sound(
    spotted: Spotted,
    wanted: Sound,
    folder: Path,
    *,
    seed: int = 0,
    loudness: float = LOUDNESS,
    spoken: tuple[Spoken, ...] | None = None,
    original: Iterable[Stereo] | None = None,
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
) -> Soundtrack:
    """The soundtrack of a film that was spotted, as it is wanted, with its files in `folder`.

    `spoken` are lines that were placed already (None: those of `wanted`, script or quotations); `original` is the
    film's own sound, which is kept beside the new one. Raises SoundError for a script that cannot be spoken here,
    flow.Cancelled when `cancel()` turns true."""
    told = progress or (lambda stage, done, total: None)
    wishes = read_wishes(wanted.prompt, wanted.negative)
    seconds = spotted.seconds
    notes = [f"{word!r} was not understood" for word in wishes.unknown]
    if spoken is None:
        spoken, unsaid = _spoken(wanted, wishes, spotted)
        notes += unsaid
    cues = tuple(cue for cue in wishes.heard(spotted.cues) if not (spoken and cue.kind == "speech"))
    piece = _composed(wanted, wishes, spotted, cues, seed)
    made: dict[str, Blocks] = {}
    if "effects" not in wishes.removed:
        loud: dict[str, float] = {kind: wishes.gain(kind) for kind in EVERYTHING}
        room = foley.room_of(wishes.changed(spotted.cues))  # also where the place itself is not to be heard
        made["effects"] = foley.effects(cues, seconds, seed=seed, room=room, gains=loud)
    if piece is not None:
        from vitascope.sound.play import play

        made["music"] = play(piece)
    if spoken and "dialogue" not in wishes.removed:
        made["dialogue"] = dialogue.speech(spoken, seconds)
    if original is not None and "original" not in wishes.removed:
        made["original"] = _of_length(original, seconds)
    stems = {
        name: stored(_watched(blocks, name, seconds, told, cancel), folder / f"{name}.f32")
        for name, blocks in made.items()
    }
    if not stems:
        stems = {"effects": stored(_of_length((), seconds), folder / "effects.f32")}
    told("mix", 0, 1)
    mix = mixed(stems, folder / "mix.f32", loudness, wishes.gains)
    told("mix", 1, 1)
    return Soundtrack(mix, stems, cues, piece, spoken, tuple(notes))


def performed(
    said: Rehearsal,
    frames: Iterable[Frame],
    fps: float,
    seconds: float,
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
) -> tuple[Stereo, tuple[str, ...]]:
    """The sound of a Shot that was made: of its cues, or of what is found in its frames, with what was said at the
    rehearsal; whole, in memory. And what is to be noted. Raises as `compose_sound` does."""
    shot = said.asked
    found = spot(frames, fps, cancel=cancel)
    there = Wishes(places=places_told(shot.text))  # words say better than pixels where it happens
    found = replace(found, seconds=seconds, cues=shot.cues or there.changed(found.cues))
    with tempfile.TemporaryDirectory() as folder:
        made = compose_sound(
            *(found, shot.sound or Sound(), Path(folder)),
            seed=shot.seed % 2**32,
            spoken=said.spoken,
            progress=progress,
            cancel=cancel,
        )
        return whole(made.mix.whole.blocks()), (*said.notes, *made.notes)


def _spoken(wanted: Sound, wishes: Wishes, spotted: Spotted) -> tuple[tuple[Spoken, ...], tuple[str, ...]]:
    lines = lines_of(wanted)
    if not lines or "dialogue" in wishes.removed:
        return (), ()
    mouths = [cue for cue in spotted.cues if cue.kind == "speech"]
    return spoken_lines(lines, spotted.seconds, mouths, required=bool(wanted.dialogue))


def _composed(wanted: Sound, wishes: Wishes, spotted: Spotted, cues: Iterable[Cue], seed: int) -> "Piece | None":
    """The score, where words ask for one."""
    words = ", ".join(part for part in (wanted.score, wishes.music) if part)
    if not words or "music" in wishes.removed:
        return None
    from vitascope.sound.score import Picture, compose

    picture = Picture(spotted.seconds, spotted.energy, spotted.cuts, strongest(cues, spotted.seconds))
    return compose(words, picture, seed)


def strongest(cues: Iterable[Cue], seconds: float) -> tuple[float, ...]:
    """The moments (seconds) that music should meet: the hardest hits, some seconds apart, in order."""
    hits = sorted((cue for cue in cues if cue.kind in HIT_KINDS), key=lambda cue: -cue.strength)
    found: list[float] = []
    for cue in hits:
        if len(found) >= max(1, MOST_HITS * seconds):
            break
        if all(abs(cue.time - time) >= HITS_APART for time in found):
            found.append(cue.time)
    return tuple(sorted(found))


def _of_length(blocks: Iterable[Stereo], seconds: float) -> Blocks:
    """The sound cut, or followed by silence, so that it has this length."""
    import numpy as np

    coming, held = iter(blocks), np.zeros((0, 2), np.float32)
    for length in lengths(seconds):
        while len(held) < length and (block := next(coming, None)) is not None:
            held = np.concatenate([held, block])
        part, held = held[:length], held[length:]
        yield np.pad(part, ((0, length - len(part)), (0, 0)))


def _watched(blocks: Blocks, stage: str, seconds: float, told: Progress, cancel: Callable[[], bool] | None) -> Blocks:
    total = max(1, round(seconds))
    for number, block in enumerate(blocks):
        if cancel is not None and cancel():
            raise Cancelled(f"stopped after {number} s of the {stage} were made")
        told(stage, min(number, total), total)
        yield block

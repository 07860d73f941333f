"""True renders of the world with what is to be read of them: the critic's lessons, and the truth beside a made clip.

Letters: N lessons, T read frames, H W pixels, h w cells.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vitascope.evaluate.critic import ANSWERS, CELL, FPS, LOOKS_OF, SECONDS, SIZE, read_times
from vitascope.shot.camera import CameraPath
from vitascope.world import render
from vitascope.world.framing import in_view, sample_camera
from vitascope.world.physics import Motion, played, simulate, went_as_planned
from vitascope.world.reel import Reel
from vitascope.world.render import Picture
from vitascope.world.sample import recolour, sample_scene
from vitascope.world.scene import MATERIALS, STYLES, Person, Scene, Sign, Thing, subjects
from vitascope.world.stage import path_of, stage
from vitascope.world.words import GREY_STYLES

SEED = 101  # the video network's footage is that of seed 0
TEST_SEED = 102
SHARD = 50  # motions in one file of the cache
LOOKS = 3  # of each motion
# How often each kind of lesson is given: most are of one thing on open ground, which is all that level 1 shows.
KINDS: dict[str, float] = {"thing": 0.58, "things": 0.14, "face": 0.10, "sign": 0.10, "person": 0.08}
LEVELS = {"thing": 1, "things": 2, "face": 4, "sign": 4, "person": 4}  # of the world that each kind is drawn from

Frames = npt.NDArray[np.uint8]  # T H W 3
Masks = npt.NDArray[np.uint8]  # T h w 2
Answer = dict[str, str]  # a word for those attributes that apply


@dataclass(frozen=True)
class Lesson:
    """What is read of a clip, where the one or two things it is about are (share of each cell, 0..255), and what is to
    be read."""

    frames: Frames
    masks: Masks
    answer: Answer


# ---- answers


def direction_of(thing: Thing) -> str:
    """Where it goes: what topples goes to the side it falls to, what drops goes down, what stands is still."""
    return thing.direction or ("down" if thing.action in ("bounce", "fall") else "still")


def camera_of(scene: Scene) -> str | None:
    """What the camera does, "still" or as "pan left"; None for several moves at once and those of later levels."""
    moves = scene.camera.moves
    if not moves:
        return "still"
    said = f"{moves[0].kind} {moves[0].direction}"
    return said if len(moves) == 1 and said in ANSWERS["camera"] else None


def answer_of(scene: Scene, order: tuple[int, ...] = (0, 1)) -> Answer:
    """What a clip of the scene should be read as; `order` has the things from left to right."""
    things, members = subjects(scene)
    answer: Answer = {"style": scene.style, "place": scene.place}
    if scene.style == "natural" and scene.place == "open":
        answer |= {"ground": scene.ground, "time": scene.time}
    if (camera := camera_of(scene)) is not None:
        answer["camera"] = camera
    if things:
        first, *rest = (things[k] for k in order[: len(things)])
        answer |= {"shape": first.shape, "count": "two" if rest else "one"}
        coloured = scene.style not in GREY_STYLES
        if coloured:
            answer["colour"] = first.colour
        if scene.style == "natural":
            answer["material"] = LOOKS_OF[first.material]
        if rest:
            answer["other shape"] = rest[0].shape
            if coloured:
                answer["other colour"] = rest[0].colour
        elif first.action in ANSWERS["action"]:
            answer |= {"action": first.action, "direction": direction_of(first)}
    elif members and isinstance(members[0], Person):
        answer |= {"shot size": scene.shot_size, "count": "two" if len(members) > 1 else "one"}
        if len(members) == 1 and scene.shot_size == "close":
            answer["expression"] = members[0].expression
    elif members and isinstance(members[0], Sign):
        answer["word"] = members[0].word
    return answer


# ---- scenes


def happening(
    kind: str, rng: np.random.Generator, suits: Callable[[Scene], bool] | None = None
) -> tuple[Scene, Motion]:
    """A scene of this kind of lesson (one that `suits`) and its motion."""
    while True:
        scene = sample_scene(rng, LEVELS[kind], "any")
        if not _is_of(kind, scene) or (suits is not None and not suits(scene)):
            continue
        if suits is None and kind == "thing" and scene.things[0].shape == "ball" and rng.random() < 0.6:
            continue  # balls are the commonest things of the world; here all shapes matter alike
        motion = simulate(scene, SECONDS, FPS)
        if went_as_planned(scene, motion):
            return scene, motion


def _is_of(kind: str, scene: Scene) -> bool:
    if kind in ("thing", "things"):
        return len(scene.things) == (1 if kind == "thing" else 2)
    first = scene.cast[0] if scene.cast and not scene.things else None
    if kind == "sign":
        return isinstance(first, Sign)
    close = scene.shot_size == "close"
    return isinstance(first, Person) and (close if kind == "face" else not close)


def looked(scene: Scene, kind: str, rng: np.random.Generator) -> Scene:
    """The scene with other colours, place, hour, style and stuff. What a thing is made of is read by its looks, so it
    is drawn apart from how the thing moves: else the critic would read rubber wherever something bounces."""
    styled = str(rng.choice(STYLES)) if rng.random() < (0.15 if kind == "thing" else 0.6) else "natural"
    other = recolour(scene, rng, "any").with_(style=styled)
    if not other.things:
        return other
    things = tuple(t.model_copy(update={"material": str(rng.choice(list(MATERIALS)))}) for t in other.things)
    return other.with_(things=things)


def framed(scene: Scene, motion: Motion, rng: np.random.Generator, *, moving: bool) -> Scene | None:
    """The scene with a camera that keeps what matters in the picture, and moves or not; None if none was found."""
    for _ in range(12):
        camera = sample_camera(scene, rng, still=not moving)
        while moving and not camera.moves:
            camera = sample_camera(scene, rng)
        other = scene.with_(camera=camera)
        if in_view(other, motion, SIZE):
            return other
    return None


def filmed(scene: Scene, camera: str, rng: np.random.Generator) -> Scene:
    """The scene with a camera that does what one of the answers for cameras says."""
    while True:
        other = scene.with_(camera=sample_camera(scene, rng, still=camera == "still"))
        if camera_of(other) == camera:
            return other


# ---- pictures


def film(scene: Scene, motion: Motion, *, whole: bool = False) -> tuple[Picture, Frames]:
    """The picture (ids, depth) and the styled frames of the moments that are read (or of all): [T, H, W, 3]."""
    path = path_of(scene.camera, len(motion.position) / motion.fps, motion.fps)
    if not whole:  # drawing is what costs, so draw no frame that is not read
        times = read_times(len(motion.position))
        path = CameraPath(path.position[times], path.rotation[times], path.fov[times])
        bones = tuple(
            replace(
                one,
                position=one.position[times],
                rotation=one.rotation[times],
                face=None if one.face is None else one.face[times],
            )
            for one in motion.cast
        )
        motion = replace(motion, position=motion.position[times], rotation=motion.rotation[times], cast=bones)
    picture = Reel(stage(scene, motion, path), SIZE, scene.style, scene.look % 10_000).whole
    return picture, picture.frames


def masks_of(scene: Scene, motion: Motion, picture: Picture) -> tuple[Masks, tuple[int, ...]]:
    """Where what the clip is about is seen (a thing, a face, a sign's panel, a person far off), and the things' order
    from left to right in the first frame. Of two things the left one comes first in every frame."""
    things, members = subjects(scene)
    ids, T = picture.ids, len(picture.ids)
    shown = np.zeros((T, *ids.shape[1:], 2), bool)
    order: tuple[int, ...] = (0,)
    if things:
        objects = picture.objects
        found = [objects == 1 + p for p in range(len(things))]
        if len(things) > 1:
            at = np.array([[_middle(mask) for mask in found[k]] for k in (0, 1)])  # 2 T
            order = (0, 1) if at[0, 0] <= at[1, 0] else (1, 0)
            for t in range(T):
                left = 0 if at[0, t] <= at[1, t] else 1
                shown[t, ..., 0], shown[t, ..., 1] = found[left][t], found[1 - left][t]
        else:
            shown[..., 0] = found[0]
    elif isinstance(members[0], Person) and scene.shot_size != "close":
        shown[..., 0] = picture.objects == 1
    else:
        texture = render.SIGN if isinstance(members[0], Sign) else render.FACE
        parts = np.flatnonzero((_textures(scene, motion) == texture) & (picture.owner == 0))
        shown[..., 0] = np.isin(ids, parts + 1)
    h, w = SIZE[1] // CELL, SIZE[0] // CELL
    share = shown.reshape(T, h, CELL, w, CELL, 2).mean((2, 4))
    return np.rint(255 * share).astype(np.uint8), order


def _middle(mask: npt.NDArray[np.bool_]) -> float:
    columns = np.flatnonzero(mask.any(0))
    return float(columns.mean()) if len(columns) else float("inf")


def _textures(scene: Scene, motion: Motion) -> npt.NDArray[np.int32]:
    path = path_of(scene.camera, len(motion.position) / motion.fps, motion.fps)
    return stage(scene, motion, path).texture


def lessons(seed: int, index: int) -> list[Lesson]:
    """A motion in several looks."""
    rng = np.random.default_rng([seed, index])
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    scene, motion = happening(kind, rng)
    found = []
    for _ in range(LOOKS):
        moving = rng.random() < (0.55 if kind in ("thing", "things") else 0.2)
        look = framed(looked(scene, kind, rng), motion, rng, moving=moving)
        if look is None:
            continue
        acted = played(look, motion)
        picture, frames = film(look, acted)
        masks, order = masks_of(look, acted, picture)
        found.append(Lesson(frames, masks, answer_of(look, order)))
    return found


def numbers(answers: list[Answer]) -> npt.NDArray[np.int64]:
    """Answers as places in the tables of ANSWERS, -1 for what does not apply: [B, number of attributes]."""
    return np.array(
        [[words.index(one[name]) if name in one else -1 for name, words in ANSWERS.items()] for one in answers]
    )


@dataclass(frozen=True)
class Lessons:
    """Many lessons, stacked: frames [N, 8, H, W, 3], masks [N, 8, h, w, 2], answers [N, number of attributes]."""

    frames: npt.NDArray[np.uint8]
    masks: npt.NDArray[np.uint8]
    answers: npt.NDArray[np.int64]


def gather(seed: int, num_motions: int, folder: Path | None = None) -> Lessons:
    """The lessons of the first motions of a seed, kept in `folder` for the next time."""
    shards = [_shard(seed, number, folder) for number in range(-(-num_motions // SHARD))]
    return Lessons(
        np.concatenate([shard.frames for shard in shards]),
        np.concatenate([shard.masks for shard in shards]),
        np.concatenate([shard.answers for shard in shards]),
    )


def _shard(seed: int, number: int, folder: Path | None) -> Lessons:
    kept = folder / f"{seed}-{number:04d}.npz" if folder else None
    if kept is not None and kept.is_file():
        with np.load(kept) as file:
            return Lessons(file["frames"], file["masks"], file["answers"])
    rows = [row for index in range(number * SHARD, (number + 1) * SHARD) for row in lessons(seed, index)]
    made = Lessons(
        np.stack([row.frames for row in rows]),
        np.stack([row.masks for row in rows]),
        numbers([row.answer for row in rows]),
    )
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        beside = kept.with_suffix(".part.npz")
        np.savez(beside, frames=made.frames, masks=made.masks, answers=made.answers)
        beside.rename(kept)
        print(f"rendered {kept.name}: {len(rows)}", flush=True)
    return made

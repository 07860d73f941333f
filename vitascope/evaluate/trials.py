"""Scenes in which one law of motion can be seen, the Shots that ask for them, and where the balls are in pictures.

Every trial is a scene of the world before a camera that stands still, of which the network is told the words and the
beginning: the first picture where a ball begins at rest (falls, bounces), a run of four frames where it is on its way
already (rolling, collisions, behind an occluder). Camera and ball are known, so that a place in the picture is one in
metres. Letters: T frames, H W pixels, N balls.
"""

import io
import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from vitascope.evaluate.suite import Frames
from vitascope.shot.camera import CameraPath
from vitascope.shot.media import write_film
from vitascope.shot.shot import Media, Pin, Shot
from vitascope.world import render
from vitascope.world.caption import GROUND_WORDS, TIME_WORDS, caption
from vitascope.world.framing import in_view, sample_camera
from vitascope.world.physics import Motion, simulate, went_as_planned
from vitascope.world.sample_things import actor
from vitascope.world.scene import Camera, Colour, Scene, Thing
from vitascope.world.stage import path_of, stage

Law = Literal["fall", "bounce", "roll", "meet", "hide"]
Floats = npt.NDArray[np.float64]

SIZE, FPS = (144, 80), 12.0
FRAMES = 24  # that are made
GIVEN = 4  # frames before them that are known, where something is on its way already
SEED = 51_000  # of scenes which training has never seen
GROUNDS = ("tiles", "asphalt", "snow")  # without colours of their own
HOURS = ("noon", "overcast")
LEAST = 0.2  # of its first size: below this a patch of its colour is no ball


@dataclass(frozen=True, eq=False)
class Trial:
    """A scene, how it truly goes, and the Shot that asks for it. Frames of what is known come first."""

    law: Law
    scene: Scene
    motion: Motion
    path: CameraPath
    true: Frames  # T H W 3
    given: int  # frames of it that come before the Shot's
    shot: Shot

    @property
    def balls(self) -> tuple[Thing, ...]:
        return tuple(thing for thing in self.scene.things if thing.shape == "ball")

    def whole(self, made: Frames) -> Frames:
        """What was known and what was made of it, [T, H, W, 3]."""
        return np.concatenate((self.true[: self.given], made))

    @property
    def met(self) -> float:
        """The second in which the ball first meets the ground or, where there are two, the other ball."""
        other = 0 if len(self.balls) > 1 else -1
        touches = [contact for contact in self.motion.contacts if contact.kind in ("impact", "bounce")]
        return min(contact.time for contact in touches if min(contact.things) == other)


# ---- scenes


def trial(law: Law, index: int) -> Trial:
    """Trial number `index` of a law: scenes are drawn by lot until one goes as planned and stays in the picture."""
    rng = np.random.default_rng([SEED, LAWS.index(law), index])
    given = 0 if law in ("fall", "bounce") else GIVEN
    seconds = (FRAMES + given) / FPS
    while True:
        things = DRAWN[law](rng)
        looks: dict[str, Any] = {"ground": str(rng.choice(GROUNDS)), "time": str(rng.choice(HOURS))}
        scene = Scene(things=things, look=int(rng.integers(2**31)), level=min(len(things), 2), **looks)
        motion = simulate(scene, seconds, FPS)
        if law == "hide":
            scene = scene.with_(camera=Camera(distance=4.0, height=1.2, pitch=-9.0))
        elif not went_as_planned(scene, motion):
            continue
        else:
            scene = scene.with_(camera=sample_camera(scene, rng, still=True))
            if not in_view(scene, motion, SIZE):
                continue
        path = path_of(scene.camera, seconds, FPS)
        true = render.draw(stage(scene, motion, path), SIZE).frames
        words = _behind(scene) if law == "hide" else caption(scene, rng)
        return Trial(law, scene, motion, path, true, given, asked(words, true, given, index))


def asked(words: str, true: Frames, given: int, seed: int) -> Shot:
    """The Shot that asks for the rest of a true render."""
    if given:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "before.mp4"
            write_film(path, true[:given], FPS)
            pin = Pin(media=Media.of(path.read_bytes(), "film"), time=-given / FPS)
    else:
        from PIL import Image

        file = io.BytesIO()
        Image.fromarray(true[0]).save(file, "PNG")
        pin = Pin(media=Media.of(file.getvalue()))
    return Shot(text=words, size=SIZE, seconds=FRAMES / FPS, fps=FPS, seed=SEED + seed, pins=(pin,))


def _behind(scene: Scene) -> str:
    """What a scene with an occluder shows."""
    where, when = GROUND_WORDS[scene.ground][0], TIME_WORDS[scene.time][0]
    return f"a red ball rolls to the {scene.things[0].direction} behind a green cube {where} {when}"


def _drawn(rng: np.random.Generator, action: Literal["fall", "bounce", "roll"]) -> tuple[Thing, ...]:
    """A red ball that falls, bounces or rolls across the picture."""
    while True:
        thing = actor(rng, action=action)
        if thing.shape == "ball" and thing.direction not in ("near", "away"):
            return (thing,)


def _meeting(rng: np.random.Generator) -> tuple[Thing, ...]:
    """A red ball that rolls into a green one like it: then friction takes from one what it gives to the other."""
    radius, speed, ahead = rng.uniform(0.38, 0.46), rng.uniform(1.5, 2.0), rng.choice((-1.0, 1.0))
    material = str(rng.choice(("plastic", "wood", "metal")))
    struck = rng.uniform(-0.1, 0.2)
    start = struck - 2 * radius - speed * rng.uniform(0.45, 0.6)
    runner = _ball("red", radius, ahead * start, 0.0, ahead * speed, "collide", material)
    return runner, _ball("green", radius, ahead * struck, 0.0, 0.0, "collide", material)


def _hiding(rng: np.random.Generator) -> tuple[Thing, ...]:
    """A red ball that rolls behind a green cube and comes out on its other side."""
    radius, speed, ahead = rng.uniform(0.33, 0.38), rng.uniform(1.5, 1.8), rng.choice((-1.0, 1.0))
    runner = _ball("red", radius, -ahead * rng.uniform(1.2, 1.4), 0.75, ahead * speed, "roll", "rubber")
    cube = {"shape": "cube", "colour": "green", "material": "plastic", "size": (0.5, 0.5, 0.5), "action": "stand"}
    return runner, Thing.model_validate(cube | {"position": (0.0, -0.1, 0.5)})


def _ball(colour: Colour, radius: float, x: float, y: float, speed: float, action: str, material: str) -> Thing:
    values = {"shape": "ball", "colour": colour, "material": material, "action": action}
    place = {"size": (radius, 0.0, 0.0), "position": (x, y, radius), "velocity": (speed, 0.0, 0.0)}
    direction = None if speed == 0 else "right" if speed > 0 else "left"
    return Thing.model_validate({**values, **place, "spin": (0.0, speed / radius, 0.0), "direction": direction})


DRAWN: dict[Law, Callable[[np.random.Generator], tuple[Thing, ...]]] = {
    "fall": lambda rng: _drawn(rng, "fall"),
    "bounce": lambda rng: _drawn(rng, "bounce"),
    "roll": lambda rng: _drawn(rng, "roll"),
    "meet": _meeting,
    "hide": _hiding,
}
LAWS: tuple[Law, ...] = tuple(DRAWN)


# ---- where the balls are


@dataclass(frozen=True, eq=False)
class Spots:
    """Of one ball: its middle in pixels [T, 2] (where it is not seen, where it last was, or will be first, or the
    picture's middle), its size in pixels [T] (0: not there), and how many patches of its colour there are [T]."""

    middle: Floats
    size: Floats
    count: npt.NDArray[np.int64]


def spots(frames: Frames, colour: Colour, first: float | None = None) -> Spots:
    """The largest patch of a colour (red or green) in each frame, with its holes (gloss) filled. `first` is the ball's
    usual size in pixels, that of the first frame if left out."""
    colours = frames.astype(np.float32)
    own = 0 if colour == "red" else 1
    others = colours[..., [channel for channel in range(3) if channel != own]].max(-1)
    marked = (colours[..., own] - others) / (colours.max(-1) + 20) > 0.18  # T H W
    middle, size, count = np.full((len(frames), 2), np.nan), np.zeros(len(frames)), np.zeros(len(frames), np.int64)
    usual = first
    for t, mask in enumerate(marked.astype(np.uint8)):
        closed = cv2.morphologyEx(np.pad(mask, 2), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
        outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        patches = []
        for outline in outlines:
            filled = cv2.drawContours(np.zeros_like(closed), [outline], -1, 1, cv2.FILLED)
            rows, columns = np.nonzero(filled[2:-2, 2:-2])
            patches.append((len(rows), columns, rows))
        patches.sort(key=lambda patch: -patch[0])
        if usual is None and patches:
            usual = float(patches[0][0])
        patches = [patch for patch in patches if usual is not None and patch[0] >= LEAST * usual]
        count[t] = len(patches)
        if patches:
            size[t] = patches[0][0]
            middle[t] = patches[0][1].mean() + 0.5, patches[0][2].mean() + 0.5
    seen = np.flatnonzero(count)
    if len(seen):
        middle = middle[seen[np.maximum(np.searchsorted(seen, np.arange(len(frames)), "right") - 1, 0)]]
    else:
        middle[:] = frames.shape[2] / 2, frames.shape[1] / 2
    return Spots(middle, size, count)


def metres(middle: Floats, ball: Thing, path: CameraPath) -> Floats:
    """Pixels [T, 2] as x and z [T, 2] on the upright plane in which the ball moves. A ball beside the middle of the
    picture is seen a little further out than its middle is; that is taken back."""
    camera, rotation = path.position[0], path.rotation[0]
    half = math.tan(math.radians(float(path.fov[0])) / 2)
    wide, high = SIZE
    right = (middle[:, 0] / wide * 2 - 1) * half * wide / high
    up = (1 - middle[:, 1] / high * 2) * half
    away = float(np.linalg.norm(np.array(ball.position) - camera))
    further = 1 + ball.size[0] ** 2 / (away**2 - ball.size[0] ** 2)
    rays = np.stack((right / further, up / further, np.full(len(middle), -1.0)), -1) @ rotation.T
    return (camera + rays * ((ball.position[1] - camera[1]) / rays[:, 1])[:, None])[:, [0, 2]]


def followed(one: Trial, frames: Frames) -> list[Spots]:
    """Each ball of a trial in some frames; its usual size is that in the first true one."""
    return [spots(frames, ball.colour, float(spots(one.true[:1], ball.colour).size[0])) for ball in one.balls]

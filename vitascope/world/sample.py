"""Draws scenes by lot: who does what, where, at what hour, in what style and before which camera.

Levels tell how much of the world takes part: 1 one thing on open ground; 2 several things, vehicles, furniture, trees,
places and styles; 3 people and animals as well; 4 faces, signs and everything.
"""

from __future__ import annotations

from typing import Any, get_args

import numpy as np

from vitascope.world.framing import sample_camera
from vitascope.world.places import PLACE_GROUND, PLACE_LOOKS, STAGE, Clear, furnish
from vitascope.world.sample_cast import dressed, sample_subjects, suits
from vitascope.world.sample_things import actor, two_things
from vitascope.world.scene import (
    COLOURS,
    GROUNDS,
    STYLES,
    TIMES,
    Cast,
    Scene,
    SceneError,
    ShotSize,
    Split,
    Style,
    Thing,
    allowed,
    subjects,
)

# For each level, how often each kind of subject is drawn.
MIX: dict[int, dict[str, float]] = {
    1: {"thing": 1.0},
    2: {"thing": 0.22, "things": 0.36, "vehicle": 0.22, "furniture": 0.10, "tree": 0.10},
    3: {
        "thing": 0.08,
        "things": 0.12,
        "vehicle": 0.10,
        "furniture": 0.03,
        "tree": 0.03,
        "person": 0.36,
        "animal": 0.28,
    },
    4: {
        "thing": 0.05,
        "things": 0.08,
        "vehicle": 0.08,
        "furniture": 0.02,
        "person": 0.50,
        "animal": 0.13,
        "sign": 0.14,
    },
}
OPEN_SHARE = 0.45  # of the scenes above level 1 that are not in a furnished place
NATURAL_SHARE = 0.6


def sample_scene(rng: np.random.Generator, level: int = 1, split: Split = "train", style: Style | None = None) -> Scene:
    """Draw a scene by lot; `split` says which colour × kind × action triples may appear in it, `style` fixes the style
    (None: by lot, and natural at level 1). Raises SceneError for what is not a level, split or style."""
    if level not in MIX:
        raise SceneError(f"level was {level}; allowed are {', '.join(map(str, MIX))}")
    if split not in get_args(Split):
        raise SceneError(f"split was {split!r}; allowed are {', '.join(get_args(Split))}")
    if style is not None and style not in STYLES:
        raise SceneError(f"style was {style!r}; allowed are {', '.join(STYLES)}")
    kinds = list(MIX[level])
    for _ in range(10_000):
        kind = kinds[int(rng.choice(len(kinds), p=list(MIX[level].values())))]
        scene = _drawn(rng, kind, level, style)
        for _ in range(30):  # colours again, before everything again: keeps the actions evenly spread
            scene = coloured(scene, rng)
            if allowed(scene, split):
                return scene.with_(camera=sample_camera(scene, rng))
    raise SceneError(f"no scene found for split {split!r}")  # not reached: every action has triples on both sides


def _drawn(rng: np.random.Generator, kind: str, level: int, style: Style | None) -> Scene:
    """A scene with subjects of one kind, in a place that suits them."""
    things: tuple[Thing, ...] = ()
    members: tuple[Cast, ...] = ()
    size: ShotSize = "wide"
    if kind == "thing":
        things = (actor(rng),)
    elif kind == "things":
        lot = rng.random()
        things = two_things(rng) if lot < 0.55 else (actor(rng, action="throw" if lot < 0.78 else "swing"),)
    else:
        members, size = sample_subjects(rng, kind, faces=level >= 4)
    look = int(rng.integers(2**31))
    ground, time = _pick(rng, GROUNDS), _pick(rng, TIMES)
    scene = Scene(things=things, cast=members, ground=ground, time=time, look=look, level=level, shot_size=size)
    if level == 1:
        return scene.with_(style=style or "natural")
    return _placed(scene.with_(style=style or _style(rng)), rng)


def _style(rng: np.random.Generator) -> Style:
    styled: Style = _pick(rng, STYLES[1:])
    return "natural" if rng.random() < NATURAL_SHARE else styled


def _placed(scene: Scene, rng: np.random.Generator) -> Scene:
    """The scene's subjects somewhere: on open ground or in a place that suits them, under some sky."""
    scene = scene.with_(cast=subjects(scene)[1], sky=_pick(rng, ("fair", "fair", "clear", "cloudy")))
    fitting = suits(scene)
    if rng.random() < OPEN_SHARE or not fitting:
        return scene.with_(place="open", ground=_pick(rng, GROUNDS))
    place = _pick(rng, fitting)
    hours = PLACE_LOOKS[place].hours
    time = scene.time if scene.time in hours else _pick(rng, hours)
    wide = any(member.kind == "vehicle" for member in scene.cast)
    backdrop = furnish(place, rng, Clear(5.5, 3.2) if wide else STAGE)
    return scene.with_(place=place, ground=PLACE_GROUND[place], time=time, cast=scene.cast + backdrop)


def recolour(scene: Scene, rng: np.random.Generator, split: Split = "train") -> Scene:
    """The same motion with other colours, clothes, place, hour, style and camera: one simulation serves many looks."""
    for _ in range(1_000):
        other = scene.with_(ground=_pick(rng, GROUNDS), time=_pick(rng, TIMES), look=int(rng.integers(2**31)))
        if scene.level > 1:
            other = _placed(other.with_(style=_style(rng)), rng)
        other = coloured(other, rng)
        if allowed(other, split):
            return other.with_(camera=sample_camera(other, rng))
    raise SceneError(f"no colours found for split {split!r}")


def coloured(scene: Scene, rng: np.random.Generator) -> Scene:
    """The scene with other colours; two subjects never share one, so that captions can tell them apart."""
    names = [str(name) for name in rng.permutation(list(COLOURS))]
    things = tuple(thing.model_copy(update={"colour": names.pop()}) for thing in scene.things)
    members = tuple(dressed(member, names.pop(), rng) for member in subjects(scene)[1])
    return scene.with_(things=things, cast=members + scene.cast[len(members) :])


def _pick(rng: np.random.Generator, choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]

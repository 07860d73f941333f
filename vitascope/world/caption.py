"""Says in many ways what a scene shows, from two words to two sentences, and never says what is not so."""

from __future__ import annotations

from typing import Any

import numpy as np

from vitascope.shot.camera import describe_moves
from vitascope.world.scene import Direction, GroundName, Hour, MaterialName, Scene, Shape, Thing

SHAPE_WORDS: dict[Shape, tuple[str, ...]] = {
    "ball": ("ball", "ball", "ball", "sphere"),
    "egg": ("egg", "egg", "egg", "ellipsoid"),
    "pill": ("pill", "pill", "capsule"),
    "cube": ("cube", "cube", "box", "block"),
    "brick": ("brick", "brick", "long box", "long block"),
    "can": ("can", "can", "cylinder"),
}
MATERIAL_WORDS: dict[MaterialName, tuple[str, ...]] = {
    "rubber": ("rubber",),
    "plastic": ("plastic",),
    "wood": ("wooden",),
    "metal": ("metal", "metal", "shiny metal"),
    "stone": ("stone",),
}
GROUND_WORDS: dict[GroundName, tuple[str, ...]] = {
    "grass": ("on the grass", "on the grass", "on grass", "on a lawn", "on the lawn", "in a meadow", "on a meadow"),
    "sand": ("on the sand", "on the sand", "on sand", "on a beach", "on the beach", "on a sandy beach"),
    "snow": ("in the snow", "in the snow", "on snow", "on the snow", "on a snowy field"),
    "wood": ("on a wooden floor", "on a wooden floor", "on the wooden floor", "on a wood floor", "on wooden planks"),
    "tiles": ("on a tiled floor", "on a tiled floor", "on tiles", "on a checkered floor", "on the tiles"),
    "asphalt": (
        "on a road",
        "on the road",
        "on asphalt",
        "on the asphalt",
        "on a street",
        "on an asphalt road",
        "in the street",
    ),
}
TIME_WORDS: dict[Hour, tuple[str, ...]] = {
    "dawn": ("at dawn", "at dawn", "in the morning", "in the early morning", "early in the morning"),
    "noon": (
        "at noon",
        "at noon",
        "in bright sunlight",
        "on a sunny day",
        "in daylight",
        "at midday",
        "in the sunshine",
    ),
    "overcast": (
        "under an overcast sky",
        "on a cloudy day",
        "on an overcast day",
        "under a cloudy sky",
        "in cloudy weather",
    ),
    "sunset": ("at sunset", "at sunset", "in the evening", "in the evening light", "in the light of the sunset"),
    "night": ("at night", "at night", "by night", "under the stars", "in the moonlight", "in the dark"),
}
DIRECTION_WORDS: dict[Direction, tuple[str, ...]] = {
    "left": ("to the left", "to the left", "left", "from right to left", "leftwards"),
    "right": ("to the right", "to the right", "right", "from left to right", "rightwards"),
    "near": ("towards the camera", "toward the camera", "towards us", "closer"),
    "away": ("away from the camera", "away", "into the distance", "away from us"),
}
# Each verb: he does it, doing it, plural. The words after it that say where to are added later.
_VERBS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "bounce": (
        ("bounces", "bouncing", "bounce"),
        ("bounces", "bouncing", "bounce"),
        ("bounces up and down", "bouncing up and down", "bounce up and down"),
        ("jumps up and down", "jumping up and down", "jump up and down"),
        ("falls and bounces", "falling and bouncing", "fall and bounce"),
        ("drops and bounces", "dropping and bouncing", "drop and bounce"),
    ),
    "fall": (
        ("falls", "falling", "fall"),
        ("falls down", "falling down", "fall down"),
        ("drops", "dropping", "drop"),
        ("drops down", "dropping down", "drop down"),
        ("falls to the ground", "falling to the ground", "fall to the ground"),
    ),
    "roll": (("rolls", "rolling", "roll"),),
    "slide": (("slides", "sliding", "slide"), ("slides", "sliding", "slide"), ("glides", "gliding", "glide")),
    "topple": (
        ("falls over", "falling over", "fall over"),
        ("topples over", "toppling over", "topple over"),
        ("tips over", "tipping over", "tip over"),
        ("topples", "toppling", "topple"),
    ),
    "stand": (
        ("stands still", "standing still", "stand still"),
        ("rests", "resting", "rest"),
        ("lies still", "lying still", "lie still"),
        ("does not move", "staying still", "do not move"),
    ),
}
_HITS = (
    ("hits", "hitting"),
    ("hits", "hitting"),
    ("bumps into", "bumping into"),
    ("crashes into", "crashing into"),
    ("runs into", "running into"),
    ("collides with", "colliding with"),
    ("knocks into", "knocking into"),
)
_MEETS = (
    ("collide", "colliding"),
    ("hit each other", "hitting each other"),
    ("bump into each other", "bumping into each other"),
    ("crash into each other", "crashing into each other"),
)
_BESIDE = ("next to", "beside", "near", "close to")


def caption(scene: Scene, rng: np.random.Generator) -> str:
    """One true sentence (or two words, or two sentences) for the scene; draw again for another."""
    lot = rng.random()
    if lot < 0.06 and len(scene.things) == 1:
        text = _name(scene.things[0], rng, article=False, material=0.0)
    elif lot < 0.16:
        text = _happening(scene, rng, direction=0.5, material=0.0)
        if rng.random() < 0.4:
            text += " " + _pick(rng, GROUND_WORDS[scene.ground] + TIME_WORDS[scene.time])
    else:
        text = _sentence(scene, rng)
    moves = describe_moves(scene.camera.moves)
    if moves and rng.random() < 0.72:
        text = _with_camera(text, moves, rng)
    return _cased(text, rng)


def _sentence(scene: Scene, rng: np.random.Generator) -> str:
    """What happens, mostly with ground and hour, which come first, last or in a sentence of their own."""
    what = _happening(scene, rng, direction=0.85, material=0.33)
    ground = _pick(rng, GROUND_WORDS[scene.ground]) if rng.random() < 0.86 else ""
    time = _pick(rng, TIME_WORDS[scene.time]) if rng.random() < 0.8 else ""
    lot = rng.random()
    if lot < 0.10 and time:
        return f"{time}, {what} {ground}".rstrip()
    if lot < 0.16 and ground:
        return f"{ground}, {what} {time}".rstrip()
    if lot < 0.22 and time and ground:
        return f"{what} {time} {ground}"
    if lot < 0.28 and time:
        return f"{what} {ground}, {time}" if ground else f"{what}, {time}"
    return " ".join(part for part in (what, ground, time) if part)


def _happening(scene: Scene, rng: np.random.Generator, direction: float, material: float) -> str:
    """Who does what, without where and when. `direction` and `material` are how likely those are told."""
    form = _pick(rng, ("does", "does", "is doing", "doing"))
    if len(scene.things) == 1:
        return _does(scene.things[0], rng, form, direction, material)
    if any(thing.action == "collide" for thing in scene.things):
        return _meets(scene, rng, form, direction, material)
    acting = [thing for thing in scene.things if thing.action != "stand"]
    still = [thing for thing in scene.things if thing.action == "stand"]
    if not acting:
        return " and ".join(_name(thing, rng, material=material) for thing in scene.things)
    if still:
        act, other = _does(acting[0], rng, form, direction, material), _name(still[0], rng, material=material)
        lot = rng.random()
        if lot < 0.15:
            return f"{_name(acting[0], rng, material=material)} and {other}"
        if lot < 0.7:
            return f"{act} {_pick(rng, _BESIDE)} {other}"
        return (
            f"{act} and {other} {_pick(rng, ('stays where it is', 'does not move', 'stands still'))}"
            if (form != "doing" and lot < 0.85)
            else f"{act}, {other} {_pick(rng, ('beside it', 'next to it', 'nearby'))}"
        )
    if rng.random() < 0.15:
        return " and ".join(_name(thing, rng, material=material) for thing in scene.things)
    order = scene.things if rng.random() < 0.5 else scene.things[::-1]
    link = _pick(rng, (" and ", " and ", " while ")) if form != "doing" else " and "
    return link.join(_does(thing, rng, form, direction, material) for thing in order)


def _does(thing: Thing, rng: np.random.Generator, form: str, direction: float, material: float) -> str:
    """One thing and its action: "a red ball rolls to the left"."""
    does, doing, _ = _pick(rng, _verbs(thing))
    name = _name(thing, rng, material=material)
    words = {"does": does, "is doing": f"is {doing}", "doing": doing}[form]
    text = f"{name} {words}"
    if thing.direction and rng.random() < direction:
        text += " " + _pick(
            rng, DIRECTION_WORDS[thing.direction][:3] if thing.action == "topple" else DIRECTION_WORDS[thing.direction]
        )
    return text


def _verbs(thing: Thing) -> tuple[tuple[str, str, str], ...]:
    verbs = _VERBS[thing.action]
    if thing.action == "stand":  # a ball or an egg cannot stand, a can stands upright and does not lie
        skip = {"ball": "lies still", "cube": "lies still", "can": "lies still"}.get(thing.shape, "stands still")
        return tuple(verb for verb in verbs if verb[0] != skip)
    return verbs


def _meets(scene: Scene, rng: np.random.Generator, form: str, direction: float, material: float) -> str:
    """A collision: one thing runs into another, or both into each other."""
    runners = [thing for thing in scene.things if thing.direction]
    if len(runners) == 2:
        names = [_name(thing, rng, material=material) for thing in (runners if rng.random() < 0.5 else runners[::-1])]
        meet, meeting = _pick(rng, _MEETS)
        return f"{names[0]} and {names[1]} {({'does': meet, 'is doing': 'are ' + meeting, 'doing': meeting})[form]}"
    runner = runners[0]
    target = next(thing for thing in scene.things if thing is not runner)
    one, other = _name(runner, rng, material=material), _name(target, rng, material=material)
    goes, going = ("rolls", "rolling") if runner.rolls else ("slides", "sliding")
    hits, hitting = _pick(rng, _HITS)
    where = ""
    if runner.direction and rng.random() < direction:
        where = " " + _pick(rng, DIRECTION_WORDS[runner.direction][:3])
    lot = rng.random()
    if lot < 0.45:
        words = {
            "does": f"{goes}{where} and {hits}",
            "is doing": f"is {going}{where} and {hitting}",
            "doing": f"{going}{where} and {hitting}",
        }
        return f"{one} {words[form]} {other}"
    if lot < 0.6:
        return f"{one} {goes if form != 'doing' else going}{where} into {other}"
    if lot < 0.75:
        passive = {"does": "is hit by", "is doing": "is being hit by", "doing": "being hit by"}[form]
        return f"{other} {passive} {one}"
    return f"{one} {({'does': hits, 'is doing': 'is ' + hitting, 'doing': hitting})[form]} {other}"


def _name(thing: Thing, rng: np.random.Generator, *, article: bool = True, material: float) -> str:
    """Its noun phrase: colour and shape nearly always, stuff with the given likelihood."""
    shape = _pick(rng, SHAPE_WORDS[thing.shape])
    told = rng.random()
    colour = thing.colour if told < 0.95 or not article else ""
    stuff = _pick(rng, MATERIAL_WORDS[thing.material]) if rng.random() < material else ""
    after = ""
    if stuff and stuff.startswith("shiny "):
        words = ["shiny", colour, stuff.removeprefix("shiny "), shape]
    elif stuff and rng.random() < 0.12:
        words, after = [colour, shape], f" made of {thing.material}"
    else:
        words = [colour, stuff, shape]
    text = " ".join(word for word in words if word) + after
    if not article:
        return text
    return f"{'an' if text[0] in 'aeiou' else 'a'} {text}"


def _with_camera(text: str, moves: str, rng: np.random.Generator) -> str:
    lot = rng.random()
    if lot < 0.35:
        return f"{text}, {moves}"
    if lot < 0.55:
        return f"{text} while {moves}"
    if lot < 0.68:
        return f"{text} as {moves}"
    if lot < 0.76:
        return f"{moves}, {text}"
    return f"{text}. {moves[0].upper()}{moves[1:]}."


def _cased(text: str, rng: np.random.Generator) -> str:
    """Lower case mostly; else a capital and sometimes a full stop. Two sentences always look like sentences."""
    if text.endswith("."):
        return text[0].upper() + text[1:]
    if rng.random() < 0.4:
        text = text[0].upper() + text[1:]
        if rng.random() < 0.6:
            text += "."
    return text


def _pick(rng: np.random.Generator, choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]

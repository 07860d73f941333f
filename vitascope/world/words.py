"""The words that captions are made of: for every value of a scene, the phrases that say it in English.

A phrase that stands twice in a row of choices is said twice as often. Verbs are given three times: does it, doing it,
and do it; `{their}` in them stands for the doer's her, his, its or their.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

from vitascope.shot.camera import DIRECTIONS, Move, describe_moves
from vitascope.world import scene as world
from vitascope.world import words_cast
from vitascope.world.words_cast import (
    OF_PLACE_WORDS,
    PROP_WORDS,
    SIGN_WORDS,
    SPECIES_WORDS,
    VEHICLE_WORDS,
    WHO_WORDS,
    Verb,
    Words,
)

# ---- things

SHAPE_WORDS: dict[world.Shape, Words] = {
    "ball": ("ball", "ball", "ball", "sphere"),
    "egg": ("egg", "egg", "egg", "ellipsoid"),
    "pill": ("pill", "pill", "capsule"),
    "cube": ("cube", "cube", "box", "block"),
    "brick": ("brick", "brick", "long box", "long block"),
    "can": ("can", "can", "cylinder"),
}
MATERIAL_WORDS: dict[world.MaterialName, Words] = {
    "rubber": ("rubber",),
    "plastic": ("plastic",),
    "wood": ("wooden",),
    "metal": ("metal", "metal", "shiny metal"),
    "stone": ("stone",),
}
THING_VERBS: dict[world.Action, tuple[Verb, ...]] = {
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
    "throw": (
        ("flies through the air", "flying through the air", "fly through the air"),
        ("is thrown", "being thrown", "are thrown"),
        ("is thrown through the air", "being thrown through the air", "are thrown through the air"),
        ("is tossed", "being tossed", "are tossed"),
        ("is flung through the air", "being flung through the air", "are flung through the air"),
        ("flies in an arc", "flying in an arc", "fly in an arc"),
        ("sails through the air", "sailing through the air", "sail through the air"),
    ),
    "swing": (
        ("swings on a rope", "swinging on a rope", "swing on ropes"),
        ("swings on a rope", "swinging on a rope", "swing on ropes"),
        ("swings back and forth", "swinging back and forth", "swing back and forth"),
        ("swings from side to side", "swinging from side to side", "swing from side to side"),
        ("hangs from a rope and swings", "hanging from a rope and swinging", "hang from ropes and swing"),
        ("swings like a pendulum", "swinging like a pendulum", "swing like pendulums"),
        ("swings", "swinging", "swing"),
    ),
    "roll": (("rolls", "rolling", "roll"),),
    "slide": (("slides", "sliding", "slide"), ("slides", "sliding", "slide"), ("glides", "gliding", "glide")),
    "topple": (
        ("falls over", "falling over", "fall over"),
        ("topples over", "toppling over", "topple over"),
        ("tips over", "tipping over", "tip over"),
        ("topples", "toppling", "topple"),
    ),
    "collide": (  # said only of one whose partner is not in the scene: what it does is run along
        ("moves along the ground", "moving along the ground", "move along the ground"),
    ),
    "stand": (
        ("stands still", "standing still", "stand still"),
        ("rests", "resting", "rest"),
        ("lies still", "lying still", "lie still"),
        ("does not move", "staying still", "do not move"),
    ),
}
HITS = (
    ("hits", "hitting"),
    ("hits", "hitting"),
    ("bumps into", "bumping into"),
    ("crashes into", "crashing into"),
    ("runs into", "running into"),
    ("collides with", "colliding with"),
    ("knocks into", "knocking into"),
)
MEETS = (
    ("collide", "colliding"),
    ("hit each other", "hitting each other"),
    ("bump into each other", "bumping into each other"),
    ("crash into each other", "crashing into each other"),
)
BESIDE: Words = ("next to", "beside", "near", "close to")
DIRECTION_WORDS: dict[world.Direction, Words] = {
    "left": ("to the left", "to the left", "left", "from right to left", "leftwards"),
    "right": ("to the right", "to the right", "right", "from left to right", "rightwards"),
    "near": ("towards the camera", "toward the camera", "towards us", "closer"),
    "away": ("away from the camera", "away", "into the distance", "away from us"),
}
FACING_WORDS: dict[world.Direction, Words] = {
    "left": ("facing left", "facing to the left", "turned to the left"),
    "right": ("facing right", "facing to the right", "turned to the right"),
    "near": ("facing the camera", "facing us"),
    "away": ("seen from behind", "seen from behind", "facing away", "facing away from the camera"),
}

# ---- how many

PLURALS: dict[str, str] = {
    "woman": "women", "man": "men", "child": "children", "person": "people", "sheep": "sheep", "bus": "buses",
    "lorry": "lorries", "bunny": "bunnies", "shelf": "shelves", "bookshelf": "bookshelves", "bench": "benches",
    "bush": "bushes", "box": "boxes", "birch": "birches", "cactus": "cacti", "couch": "couches", "lady": "ladies",
}  # fmt: skip
NUMBERS: Words = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "many")

# ---- where and when

GROUND_WORDS: dict[world.GroundName, Words] = {
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
OVER_WORDS: dict[world.GroundName, Words] = {  # for what is in the air
    "grass": ("over the grass", "above the grass", "over a lawn", "over a meadow", "above a meadow"),
    "sand": ("over the sand", "above the sand", "over a beach", "above a sandy beach"),
    "snow": ("over the snow", "above the snow", "over a snowy field"),
    "wood": ("over a wooden floor", "above a wooden floor", "above wooden planks"),
    "tiles": ("over a tiled floor", "above a tiled floor", "over a checkered floor"),
    "asphalt": ("over a road", "above the road", "over the asphalt", "above a street"),
}
PLACE_WORDS: dict[world.PlaceName, Words] = {
    "open": (),
    "park": ("in a park", "in a park", "in the park", "in a green park"),
    "forest": ("in a forest", "in a forest", "in the forest", "in the woods", "among the trees of a forest"),
    "street": (
        "on a street",
        "on the street",
        "in a street",
        "in the street",
        "on a city street",
        "in a city",
        "in town",
    ),
    "beach": ("on a beach", "on the beach", "at the beach", "by the sea", "at the seaside", "on a beach by the sea"),
    "desert": ("in a desert", "in the desert", "in the desert", "in a sandy desert"),
    "village": ("in a village", "in a village", "in the village", "in a small village"),
    "room": ("in a room", "in a living room", "in a living room", "in the living room", "indoors", "inside a room"),
    "kitchen": ("in a kitchen", "in a kitchen", "in the kitchen"),
}
ROAD_WORDS: Words = (
    "on the road",
    "down the road",
    "along the road",
    "along a street",
    "down a street",
)  # for who drives
PLACE_NOUNS: dict[world.PlaceName, Words] = {
    "open": (),
    "park": ("park",),
    "forest": ("forest",),
    "street": ("street", "city street"),
    "beach": ("beach",),
    "desert": ("desert",),
    "village": ("village",),
    "room": ("room", "living room"),
    "kitchen": ("kitchen",),
}
GROUND_NOUNS: dict[world.GroundName, Words] = {
    "grass": ("grass", "lawn", "meadow"),
    "sand": ("sand", "beach"),
    "snow": ("snow",),
    "wood": ("wooden floor",),
    "tiles": ("tiled floor",),
    "asphalt": ("road", "asphalt"),
}
INDOORS: tuple[world.PlaceName, ...] = ("room", "kitchen")
TIME_WORDS: dict[world.Hour, Words] = {
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
SUNNY: Words = ("in bright sunlight", "on a sunny day", "in the sunshine", "under the stars", "in the moonlight")
OUTDOOR: Words = (*SUNNY, "under an overcast sky", "under a cloudy sky", "in cloudy weather", "in the dark")
TIME_NOUNS: dict[world.Hour, Words] = {
    "dawn": ("dawn", "early morning"),
    "noon": ("noon", "daylight", "midday"),
    "overcast": ("cloudy day", "overcast day"),
    "sunset": ("sunset", "evening"),
    "night": ("night", "nighttime"),
}
TIME_SENTENCES: dict[world.Hour, Words] = {
    "dawn": ("It is early morning", "It is early in the morning", "The day begins"),
    "noon": ("It is noon", "It is midday"),
    "overcast": ("It is a cloudy day", "The day is overcast"),
    "sunset": ("It is evening", "The sun is setting"),
    "night": ("It is night", "Night has fallen"),
}
SKY_WORDS: dict[world.SkyName, Words] = {
    "fair": (),
    "clear": ("under a clear sky", "under a clear sky", "under a cloudless sky"),
    "cloudy": ("under a cloudy sky", "with clouds in the sky", "under drifting clouds"),
}
SKY_SENTENCES: dict[world.SkyName, Words] = {
    "fair": (),
    "clear": ("The sky is clear", "There are no clouds in the sky"),
    "cloudy": ("The sky is cloudy", "There are clouds in the sky"),
}

# ---- how it is shown

STYLE_OF: dict[world.Style, Words] = {  # before "a dog running"
    "natural": ("a photo of", "a realistic video of", "a video of", "footage of"),
    "cartoon": ("a cartoon of", "a cartoon of", "a cartoon drawing of", "an animated cartoon of"),
    "pencil": ("a pencil drawing of", "a pencil drawing of", "pencil drawing of", "a pencil sketch of"),
    "watercolour": (
        "a watercolour of", "a watercolor of", "a watercolour painting of", "a watercolor painting of",
    ),
    "noir": ("a black and white film of", "a film noir scene of", "a film noir shot of", "black and white footage of"),
    "pixel art": ("a pixel art picture of", "pixel art of", "a pixel art scene of", "a pixel art animation of"),
}  # fmt: skip
STYLE_TAGS: dict[world.Style, Words] = {  # a comma on the side of the sentence
    "natural": ("realistic", "photorealistic", "realistic style"),
    "cartoon": ("cartoon", "cartoon style", "as a cartoon", "in cartoon style", "in the style of a cartoon"),
    "pencil": ("pencil drawing", "pencil sketch", "drawn in pencil", "as a pencil drawing", "in pencil"),
    "watercolour": (
        "in watercolour", "in watercolor", "watercolour painting", "watercolor painting", "painted in watercolour",
        "watercolor style", "as a watercolour",
    ),
    "noir": ("film noir", "in black and white", "black and white", "film noir, black and white", "in film noir style"),
    "pixel art": ("pixel art", "in pixel art", "in pixel art style", "as pixel art", "retro pixel art"),
}  # fmt: skip
STYLE_ADJECTIVES: dict[world.Style, Words] = {
    "natural": ("realistic",),
    "cartoon": ("cartoon",),
    "pencil": ("pencil-drawn",),
    "watercolour": ("watercolour", "watercolor"),
    "noir": ("black and white", "film noir"),
    "pixel art": ("pixel art",),
}
GREY_STYLES: dict[world.Style, float] = {"noir": 0.2, "pencil": 0.2}  # how often colours are told where none are seen
SHOT_OF: dict[world.ShotSize, Words] = {
    "wide": ("a wide shot of", "a wide shot of", "wide shot of"),
    "medium": ("a medium shot of", "a medium shot of", "medium shot of"),
    "close": ("a close-up of", "a close-up of", "close-up of", "a close-up shot of", "a close shot of"),
}
SHOT_TAGS: dict[world.ShotSize, Words] = {
    "wide": ("wide shot", "in a wide shot"),
    "medium": ("medium shot", "in a medium shot"),
    "close": ("close-up", "in close-up", "close shot", "seen from close up"),
}
SHOT_NOUNS: dict[world.ShotSize, Words] = {
    "wide": ("wide shot",),
    "medium": ("medium shot",),
    "close": ("close-up", "close-up", "close shot"),
}
JOINING = (  # all that holds phrases together
    "a an the and while as with is are being in on by of to it its his her she he they we see more there someone "
    "beside next past near nearby does not move stays where stands still rolls rolling slides sliding hit made wood "
    "front some trees background parked has have wears wear wearing left right word"
)


_NOUNS = (SHAPE_WORDS, WHO_WORDS, SPECIES_WORDS, VEHICLE_WORDS, PROP_WORDS, OF_PLACE_WORDS, SIGN_WORDS)


def words_in(text: str) -> Words:
    """The words of a text in lower case, without stops and quotes; "close-up" and "t-shirt" are one word each."""
    return tuple(re.findall(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*", text.lower()))


def vocabulary() -> frozenset[str]:
    """All words that captions can contain, in lower case, as `words_in` splits them."""
    tables = {**vars(words_cast), **globals()}
    phrases = (*_texts([value for name, value in tables.items() if name.isupper()]), *get_args(world.Colour))
    plurals = [plural_of(noun) for nouns in _NOUNS for noun in _texts(nouns)]
    text = " ".join((*phrases, *plurals, *world.WORDS, *_camera_words()))
    return frozenset(words_in(re.sub(r"{\w+}", " ", text)))


def plural_of(noun: str) -> str:
    """More than one of it: "women", "pine trees", "buses"."""
    *first, last = noun.split(" ")
    return " ".join((*first, PLURALS.get(last, f"{last}s")))


def _texts(value: Any) -> Iterator[str]:
    """Every text in nested tables."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _texts(tuple(value.values()))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)


def _camera_words() -> Iterator[str]:
    for kind, ways in DIRECTIONS.items():
        for way in ways or ("",):  # a camera that shakes goes nowhere
            yield describe_moves((Move.towards(kind, way),))

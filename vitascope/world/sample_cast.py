"""Draws the cast by lot: people, animals, vehicles, furniture, trees and signs that are a scene's subjects."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np

from vitascope.world.scene import (
    ABILITIES,
    COLOURS,
    WORDS,
    Animal,
    Bottom,
    Cast,
    Coat,
    Expression,
    HairColour,
    HairStyle,
    Person,
    PersonAction,
    PlaceName,
    Prop,
    PropKind,
    Scene,
    ShotSize,
    Sign,
    SignForm,
    Skin,
    Species,
    Vehicle,
    VehicleKind,
    Who,
)

FURNITURE: tuple[PropKind, ...] = ("chair", "table", "sofa", "bed", "lamp", "shelf", "bench")
TREES: tuple[PropKind, ...] = ("oak", "pine", "palm", "birch")
GOING: tuple[PersonAction, ...] = ("walk", "run")
CALM: tuple[PersonAction, ...] = ("stand", "talk", "nod", "wave", "clap", "point")  # that can be seen from close by
EXPRESSIONS: tuple[Expression, ...] = get_args(Expression)
INKS = {"white": "black", "yellow": "black", "pink": "black", "orange": "black"}  # on all others: white

YOUNG_HAIR: tuple[HairColour, ...] = ("black", "brown", "blond", "red")

RUN = (1.9, 2.5)  # m/s: unhurried, or two seconds would not show it
PHASES: dict[PersonAction, float] = {"point": 0.4, "bow": 0.15}  # begun later, two seconds would miss the gesture
_PEERS: dict[Who, tuple[Who, ...]] = {  # who is tall enough to share a medium shot with whom
    "woman": ("woman", "man"),
    "man": ("woman", "man"),
    "girl": ("girl", "boy"),
    "boy": ("girl", "boy"),
}

_SUITS: dict[str, tuple[PlaceName, ...]] = {
    "person": ("park", "forest", "street", "beach", "desert", "village", "room", "kitchen"),
    "animal": ("park", "forest", "beach", "village", "desert"),
    "vehicle": ("street", "street", "village", "desert"),
    "furniture": ("room", "kitchen", "park"),
    "tree": ("park", "village", "desert"),
    "sign": ("street", "park", "village", "beach"),
    "thing": ("park", "street", "beach", "desert", "room", "kitchen", "village", "forest"),
}


def suits(scene: Scene) -> tuple[PlaceName, ...]:
    """The places where the scene's subjects may be met."""
    if not scene.cast:
        return _SUITS["thing"]
    first = scene.cast[0]
    if isinstance(first, Prop):
        return _SUITS["tree" if first.prop in TREES else "furniture"]
    if isinstance(first, Animal) and first.species in ("elephant", "cow", "horse", "sheep"):
        return ("park", "village", "desert") if first.species == "elephant" else ("park", "village")
    return _SUITS[first.kind]


def sample_subjects(rng: np.random.Generator, kind: str, *, faces: bool = False) -> tuple[tuple[Cast, ...], ShotSize]:
    """Subjects of a kind, and from how close they are shown. `faces` brings expressions and close shots."""
    if kind == "person":
        return _people(rng, faces)
    if kind == "animal":
        return _animals(rng)
    if kind == "vehicle":
        return _vehicles(rng), "wide"
    if kind == "sign":
        return (_sign(rng),), "medium" if rng.random() < 0.7 else "wide"
    if kind == "tree":
        return (Prop(prop=_pick(rng, TREES), size=_size(rng), look=int(rng.integers(1000))),), "wide"
    position = (_near(rng, 0.3), _near(rng, 0.3))
    return (Prop(prop=_pick(rng, FURNITURE), position=position, facing=_near(rng, 40.0)),), "wide"


def dressed(member: Cast, colour: str, rng: np.random.Generator) -> Cast:
    """The same member in other looks; what is painted or dyed takes this colour."""
    if isinstance(member, Person):
        others = [name for name in COLOURS if name != colour]
        grown = member.who in ("woman", "man")
        bald = member.who == "man" and rng.random() < 0.12
        styles = tuple(style for style in get_args(HairStyle) if style != "bald")
        if member.who in ("man", "boy"):
            styles = ("short", "short", "curly")
        return member.model_copy(
            update={
                "top_colour": colour,
                "bottom_colour": _pick(rng, others),
                "skin": _pick(rng, get_args(Skin)),
                "hair": "bald" if bald else _pick(rng, styles),
                "hair_colour": _pick(rng, get_args(HairColour) if grown else YOUNG_HAIR),
            }
        )
    if isinstance(member, Animal):
        return member.model_copy(update={"coat": _pick(rng, get_args(Coat))})
    if isinstance(member, Sign):
        return member.model_copy(update={"colour": colour, "ink": INKS.get(colour, "white")})
    return member.model_copy(update={"colour": colour})


def _people(rng: np.random.Generator, faces: bool) -> tuple[tuple[Cast, ...], ShotSize]:
    size: ShotSize = "wide"
    if faces:
        size = _pick(rng, ("close", "close", "medium", "medium", "wide"))
    elif rng.random() < 0.15:
        size = "medium"
    actions: tuple[PersonAction, ...] = get_args(PersonAction) if size == "wide" else CALM
    if size == "close":
        actions = ("stand", "stand", "talk", "nod")
    first = _person(rng, _pick(rng, actions), faces)
    if size == "close" or rng.random() < 0.7:
        return (first,), size
    apart = float(rng.uniform(0.75, 1.0)) * (1 if rng.random() < 0.5 else -1)
    action = _pick(rng, CALM if size == "medium" or first.action in GOING else [a for a in actions if a not in GOING])
    second = _person(rng, action, faces, _PEERS[first.who] if size == "medium" else get_args(Who))
    if first.action in GOING:  # one passes behind the other
        return (
            first.model_copy(update={"position": (first.position[0], -0.4)}),
            second.model_copy(update={"position": (apart, 0.9)}),
        ), size
    half = 0.36 if size == "medium" else 0.6
    return (
        first.model_copy(update={"position": (half if apart < 0 else -half, 0.0)}),
        second.model_copy(update={"position": (-half if apart < 0 else half, 0.1)}),
    ), size


def _person(
    rng: np.random.Generator, action: PersonAction, faces: bool, whos: tuple[Who, ...] = get_args(Who)
) -> Person:
    who: Who = _pick(rng, whos)
    low, high = {"woman": (1.58, 1.78), "man": (1.68, 1.9), "girl": (1.15, 1.4), "boy": (1.15, 1.42)}[who]
    top = _pick(
        rng, ("t-shirt", "jumper", "coat", "dress") if who in ("woman", "girl") else ("t-shirt", "jumper", "coat")
    )
    bottoms: tuple[Bottom, ...] = (
        ("trousers", "skirt", "shorts") if who in ("woman", "girl") else ("trousers", "shorts")
    )
    facing = float(rng.uniform(-35.0, 35.0))
    if action in GOING:
        facing = {"left": -90.0, "right": 90.0, "near": 0.0, "away": 180.0}[
            _pick(rng, ("left", "right", "left", "right", "near", "away"))
        ] + float(rng.uniform(-8.0, 8.0))
    elif action == "point":
        facing = float(rng.uniform(30.0, 70.0)) * (1 if rng.random() < 0.5 else -1)
    return Person(
        position=(_near(rng, 0.15), _near(rng, 0.2)),
        facing=round(facing, 2),
        who=who,
        height=round(float(rng.uniform(low, high)), 3),
        top=top,
        bottom=_pick(rng, bottoms),
        action=action,
        expression=_pick(rng, EXPRESSIONS) if faces or rng.random() < 0.3 else "neutral",
        phase=round(float(rng.random()) * PHASES.get(action, 1.0), 3),
        speed=round(float(rng.uniform(*RUN)), 2) if action == "run" else 0.0,
    )


def _animals(rng: np.random.Generator) -> tuple[tuple[Cast, ...], ShotSize]:
    first = _animal(rng)
    size: ShotSize = "medium" if first.action in ("stand", "eat") and rng.random() < 0.35 else "wide"
    if size == "medium" or first.species in ("elephant", "horse", "cow") or rng.random() < 0.8:
        return (first,), size
    second = _animal(rng, calm=True)
    return (
        first.model_copy(update={"position": (first.position[0] - 0.2, -0.3)}),
        second.model_copy(update={"position": (float(rng.uniform(0.7, 1.1)), 0.9)}),
    ), size


def _animal(rng: np.random.Generator, *, calm: bool = False) -> Animal:
    species: Species = _pick(rng, ("dog", "cat", "sheep", "rabbit") if calm else get_args(Species))
    known = ABILITIES[species]
    action = _pick(rng, [a for a in known if not calm or a in ("stand", "eat")])
    across = _pick(rng, (-90.0, 90.0))
    facing = across + float(rng.uniform(-12.0, 12.0))
    if action in ("stand", "eat"):
        facing = across * float(rng.uniform(0.35, 1.0))
    return Animal(
        position=(_near(rng, 0.15), _near(rng, 0.2)),
        facing=round(facing, 2),
        species=species,
        action=action,
        size=round(float(rng.uniform(0.9, 1.15)), 3),
        phase=round(float(rng.random()), 3),
        speed=round(float(rng.uniform(*RUN)), 2) if action == "run" else 0.0,
    )


def _vehicles(rng: np.random.Generator) -> tuple[Cast, ...]:
    kind: VehicleKind = _pick(rng, get_args(VehicleKind))
    across = _pick(rng, (-90.0, 90.0))
    if rng.random() < 0.3:
        return (
            Vehicle(
                vehicle=kind, position=(_near(rng, 0.4), 0.6), facing=round(across * float(rng.uniform(0.5, 1.0)), 2)
            ),
        )
    speed = round(float(rng.uniform(1.6, 3.2)), 2)
    return (Vehicle(vehicle=kind, position=(_near(rng, 0.3), 0.6), facing=across, action="drive", speed=speed),)


def _sign(rng: np.random.Generator) -> Sign:
    form: SignForm = _pick(rng, get_args(SignForm))
    return Sign(
        form=form,
        word=_pick(rng, WORDS),
        position=(_near(rng, 0.1), _near(rng, 0.2)),
        facing=round(_near(rng, 22.0), 2),
        size=round(float(rng.uniform(0.9, 1.2)), 3),
    )


def _size(rng: np.random.Generator) -> float:
    return round(float(rng.uniform(0.85, 1.15)), 3)


def _near(rng: np.random.Generator, most: float) -> float:
    return round(float(rng.uniform(-most, most)), 3)


def _pick(rng: np.random.Generator, choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]

"""What the subjects of a scene are called: "a red rubber ball", "a blond girl in a green dress", "two black cats"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from vitascope.world.scene import Animal, Direction, Person, Prop, Sign, Thing, Vehicle
from vitascope.world.words import (
    FACING_WORDS,
    MATERIAL_WORDS,
    NUMBERS,
    SHAPE_WORDS,
    plural_of,
)
from vitascope.world.words_cast import (
    BOTTOM_WORDS,
    COAT_WORDS,
    EXPRESSION_WORDS,
    FACE_WORDS,
    HAIR_COLOUR_WORDS,
    HAIR_WORDS,
    HAIRED_WORDS,
    LETTERS,
    OF_PLACE_WORDS,
    PAINTED,
    PROP_WORDS,
    SAYING,
    SIGN_WORDS,
    SIZE_WORDS,
    SKIN_WORDS,
    SPECIES_WORDS,
    STYLED_WORDS,
    TOP_WORDS,
    VEHICLE_WORDS,
    WEARING,
    WHO_WORDS,
)

Subject = Thing | Person | Animal | Vehicle | Prop | Sign
OF_PLACE = 10_000  # looks of props from here on are for what only a place asks for
MOVING = ("walk", "run", "fly", "drive")  # what takes a member along


@dataclass(frozen=True)
class Detail:
    """How likely each kind of detail is told, 0..1; `still` is for saying that somebody does nothing."""

    direction: float = 0.85
    material: float = 0.33
    colour: float = 1.0
    clothes: float = 0.7
    hair: float = 0.2
    face: float = 0.3
    still: float = 0.5
    feeling: bool = True  # whether a face may be told with a verb of its own


PLAIN = Detail(direction=0.0, material=0.0, colour=0.0, clothes=0.0, hair=0.0, face=0.0, still=0.0)


def pick(rng: np.random.Generator, choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]


def with_article(text: str) -> str:
    """ "an orange ball", "a cat"; a word in quotes counts like any other."""
    return f"{'an' if text.lstrip(chr(34))[0].lower() in 'aeiou' else 'a'} {text}"


def is_still(subject: Subject) -> bool:
    """Whether it does nothing."""
    return isinstance(subject, Prop | Sign) or subject.action == "stand"


def is_moving(subject: Subject) -> bool:
    """Whether it goes somewhere, so that its direction can be told."""
    if isinstance(subject, Thing):
        return subject.direction is not None
    return not isinstance(subject, Prop | Sign) and subject.action in MOVING


def way(subject: Subject) -> Direction | None:
    return subject.direction


def name(
    subject: Subject,
    rng: np.random.Generator,
    detail: Detail,
    *,
    article: bool = True,
    face: Literal["", "before", "after"] = "",
) -> str:
    """Its noun phrase. `face` says where a person's expression is told, if at all."""
    if isinstance(subject, Thing):
        return _thing(subject, rng, detail, article)
    if isinstance(subject, Person):
        text = _person(subject, rng, detail, face, article)
    elif isinstance(subject, Sign):
        text = _sign(subject, rng, detail)
    else:
        text = " ".join((*_adjectives(subject, rng, detail), noun(subject, rng)))
    if article and detail.direction > 0.0 and not is_moving(subject) and not isinstance(subject, Prop | Sign):
        told = {"away": 0.5, "left": 0.1, "right": 0.1, "near": 0.04}[subject.direction]
        if rng.random() < told:
            text += " " + pick(rng, FACING_WORDS[subject.direction])
    return with_article(text) if article and not text.startswith("someone") else text


def noun(subject: Subject, rng: np.random.Generator) -> str:
    """The bare word for it."""
    if isinstance(subject, Thing):
        return pick(rng, SHAPE_WORDS[subject.shape])
    if isinstance(subject, Person):
        return pick(rng, WHO_WORDS[subject.who])
    if isinstance(subject, Animal):
        return pick(rng, SPECIES_WORDS[subject.species])
    if isinstance(subject, Vehicle):
        return pick(rng, VEHICLE_WORDS[subject.vehicle])
    if isinstance(subject, Sign):
        return pick(rng, SIGN_WORDS[subject.form])
    special = OF_PLACE_WORDS.get(subject.prop, ()) if subject.look >= OF_PLACE else ()
    return pick(rng, special or PROP_WORDS[subject.prop])


def counted(subjects: Sequence[Subject], rng: np.random.Generator, detail: Detail) -> str:
    """All of them in one list; what is of one kind is counted: "two dogs, a red ball and three people"."""
    groups: dict[object, list[Subject]] = {}
    for subject in subjects:
        groups.setdefault(_kind(subject), []).append(subject)
    return listed(
        [name(group[0], rng, detail) if len(group) == 1 else several(group, rng, detail) for group in groups.values()]
    )


def several(group: Sequence[Subject], rng: np.random.Generator, detail: Detail) -> str:
    """More than one of a kind: "three red balls", "two people"."""
    number = NUMBERS[min(len(group), len(NUMBERS) + 1) - 2]
    first = group[0]
    word = noun(first, rng)
    if isinstance(first, Person) and len({one.who for one in group if isinstance(one, Person)}) > 1:
        word = "person"
    coats = {one.coat for one in group if isinstance(one, Animal)}
    colours = {one.colour for one in group if isinstance(one, Thing | Vehicle)}
    same = coats or colours
    colour = f"{next(iter(same))} " if len(same) == 1 and rng.random() < 0.8 * detail.colour else ""
    return f"{number} {colour}{plural_of(word)}"


def listed(names: Sequence[str]) -> str:
    """ "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _kind(subject: Subject) -> object:
    if isinstance(subject, Thing):
        return subject.shape
    if isinstance(subject, Person):
        return "person"
    if isinstance(subject, Animal):
        return subject.species
    if isinstance(subject, Vehicle):
        return subject.vehicle
    return subject.form if isinstance(subject, Sign) else (subject.prop, subject.look >= OF_PLACE)


def _thing(thing: Thing, rng: np.random.Generator, detail: Detail, article: bool) -> str:
    """Colour and shape nearly always, stuff now and then."""
    shape = pick(rng, SHAPE_WORDS[thing.shape])
    told = rng.random()
    colour = thing.colour if told < 0.95 * detail.colour or (not article and detail.colour == 1.0) else ""
    stuff = pick(rng, MATERIAL_WORDS[thing.material]) if rng.random() < detail.material else ""
    after = ""
    if stuff and stuff.startswith("shiny "):
        words = ["shiny", colour, stuff.removeprefix("shiny "), shape]
    elif stuff and rng.random() < 0.12:
        words, after = [colour, shape], f" made of {thing.material}"
    else:
        words = [colour, stuff, shape]
    text = " ".join(word for word in words if word) + after
    return with_article(text) if article else text


def _person(person: Person, rng: np.random.Generator, detail: Detail, face: str, article: bool) -> str:
    """Who it is, with what is told of face, hair and clothes, without an article."""
    word = noun(person, rng)
    before: list[str] = []
    after: list[str] = []
    if face == "before":
        before.append(pick(rng, EXPRESSION_WORDS[person.expression]))
    elif face == "after":
        after.append(pick(rng, FACE_WORDS[person.expression]))
    if rng.random() < 0.15 * detail.hair:
        before.append(pick(rng, SKIN_WORDS[person.skin]))
    if rng.random() < detail.hair:
        if rng.random() < 0.5 and not after:
            after.append(hair(person, rng, detail))
        elif shown := _haired(person, rng, detail):
            before.append(shown)
    clothes = outfit(person, rng, detail) if rng.random() < detail.clothes else ""
    if clothes:
        # "with long hair and a red coat" is one way, "with long hair wearing a red coat" the other
        one = clothes.startswith(("a ", "an ")) and " and " not in clothes
        joins = bool(after) and not face and one and rng.random() < 0.4
        after.append(f"and {clothes}" if joins else f"{'wearing' if after else pick(rng, WEARING)} {clothes}")
    if not before and article and rng.random() < 0.03:
        word = "someone"
    if word.startswith(("little ", "young ")) and len(before) > 1:
        word = word.split(" ")[1]
    return " ".join((*before, word, *after))


def hair(person: Person, rng: np.random.Generator, detail: Detail) -> str:
    """ "with long black hair"."""
    colour = pick(rng, HAIR_COLOUR_WORDS[person.hair_colour]) if rng.random() < 0.8 * detail.colour else ""
    choices = [words for words in HAIR_WORDS[person.hair] if colour or words != "with {colour} hair"]
    return " ".join(pick(rng, choices).replace("{colour}", colour).split())


def _haired(person: Person, rng: np.random.Generator, detail: Detail) -> str:
    """ "blond" or "curly-haired"; "" if neither can be said."""
    styled = STYLED_WORDS[person.hair]
    if person.hair == "bald" or (styled and rng.random() < 0.4):
        return pick(rng, styled)
    return pick(rng, HAIRED_WORDS[person.hair_colour]) if rng.random() < detail.colour else ""


def outfit(person: Person, rng: np.random.Generator, detail: Detail) -> str:
    """ "a red coat", "a red t-shirt and blue shorts" or "green trousers", in a few cases only "red"."""
    top, bottom = pick(rng, TOP_WORDS[person.top]), pick(rng, BOTTOM_WORDS[person.bottom])
    seen = rng.random() < 0.95 * detail.colour
    top = with_article(f"{person.top_colour} {top}" if seen else top)
    bottom = f"{person.bottom_colour} {bottom}" if seen else bottom
    if person.bottom == "skirt":
        bottom = with_article(bottom)
    lot = rng.random()
    if person.top == "dress":  # it hides what else is worn
        return person.top_colour if seen and lot < 0.1 else top
    if lot < 0.66:
        return top
    return f"{top} and {bottom}" if lot < 0.88 else bottom


def _adjectives(subject: Animal | Vehicle | Prop, rng: np.random.Generator, detail: Detail) -> list[str]:
    """Size, where it is unusual, and colour."""
    words: list[str] = []
    if isinstance(subject, Animal):
        if not 0.75 < subject.size < 1.35 and rng.random() < 0.4:
            words.append(pick(rng, SIZE_WORDS[int(subject.size > 1.0)]))
        if rng.random() < 0.85 * detail.colour:
            words.append(pick(rng, COAT_WORDS[subject.coat]))
    elif (isinstance(subject, Vehicle) or is_painted(subject)) and rng.random() < 0.9 * detail.colour:
        words.append(subject.colour)
    return words


def is_painted(prop: Prop) -> bool:
    """Whether its colour is seen and worth a word."""
    return prop.prop in PAINTED and prop.look < OF_PLACE


def _sign(sign: Sign, rng: np.random.Generator, detail: Detail) -> str:
    """A sign and what it says, without an article."""
    board = bare_sign(sign, rng, detail)
    if rng.random() < 0.2:
        *colour, word = board.split(" ")
        return " ".join((*colour, f'"{sign.word}"', word))
    return f"{board} {said(sign, rng, detail)}"


def bare_sign(sign: Sign, rng: np.random.Generator, detail: Detail) -> str:
    """ "white sign"."""
    word = noun(sign, rng)
    return f"{sign.colour} {word}" if rng.random() < 0.7 * detail.colour else word


def said(sign: Sign, rng: np.random.Generator, detail: Detail) -> str:
    """'that says "OPEN" in black letters'."""
    text: str = pick(rng, SAYING).replace("{word}", f'"{sign.word}"')
    if "written" in text or rng.random() >= 0.25 * detail.colour:
        return text
    return f"{text} {pick(rng, LETTERS).replace('{ink}', sign.ink)}"

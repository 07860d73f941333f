"""Whatever a scene is, its caption is true: every kind, colour, action, face, place, hour and style in it is so.

What a text claims is read from the tables of words, what may be claimed from the scene.
"""

import functools
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, get_args

import numpy as np
import pytest

from vitascope.shot.camera import DIRECTIONS, Move, describe_moves
from vitascope.world import scene as world
from vitascope.world import words, words_cast
from vitascope.world.caption import caption, subjects, vocabulary, words_in
from vitascope.world.scene import COLOURS, Animal, Camera, Person, Prop, Scene, Sign, Thing, Vehicle
from vitascope.world.words import DIRECTION_WORDS, GROUND_WORDS, MATERIAL_WORDS, SHAPE_WORDS, TIME_WORDS

Told = list[tuple[Scene, str]]
FAR_LOOK = 10_001  # a prop that only furnishes a place


# ---- scenes of every kind, by lot


def drawn(rng: np.random.Generator, choices: Any) -> Any:
    choices = get_args(choices) or choices
    return choices[int(rng.integers(len(choices)))]


def random_thing(rng: np.random.Generator) -> Thing:
    action = drawn(rng, world.Action)
    goes = action in ("roll", "slide", "topple", "throw", "collide")
    return Thing(
        shape=drawn(rng, world.Shape),
        colour=drawn(rng, world.Colour),
        material=drawn(rng, world.MaterialName),
        size=(0.3, 0.3, 0.3),
        position=(float(rng.uniform(-2.0, 2.0)), float(rng.uniform(-2.0, 2.0)), 1.0),
        action=action,
        direction=drawn(rng, world.Direction) if goes else None,
        pivot=(0.0, 0.0, 3.0) if action == "swing" else None,
    )


def random_member(rng: np.random.Generator) -> world.Cast:
    kind: Any = drawn(rng, (Person, Person, Person, Animal, Animal, Vehicle, Prop, Prop, Sign))
    known: dict[str, Any] = {
        "position": (float(rng.uniform(-3.0, 3.0)), float(rng.uniform(-1.5, 6.0))),
        "facing": float(rng.uniform(-180.0, 180.0)),
        "word": drawn(rng, world.WORDS),
        "look": drawn(rng, (3, FAR_LOOK)),
        "size": float(rng.uniform(0.5, 2.0)),
        "height": 1.6,
        "phase": 0.5,
        "speed": 1.0,
    }
    fields = kind.model_fields.items()
    if kind is Animal:
        known["species"] = drawn(rng, world.Species)
        known["action"] = drawn(rng, world.ABILITIES[known["species"]])
    return kind(**{name: known[name] if name in known else drawn(rng, field.annotation) for name, field in fields})


def random_scene(rng: np.random.Generator) -> Scene:
    num = drawn(rng, (1, 1, 1, 1, 2, 2, 2, 3, 3, 5, 9, 32))
    lot = rng.random()
    moves: tuple[Move, ...] = ()
    if rng.random() < 0.35:
        kind = drawn(rng, tuple(DIRECTIONS))
        moves = (Move.towards(kind, drawn(rng, DIRECTIONS[kind] or ("",))), Move.towards("tilt", "up"))[
            : drawn(rng, (1, 2))
        ]
    return Scene(
        things=tuple(random_thing(rng) for _ in range(num if lot < 0.25 else int(lot < 0.5))),
        cast=tuple(random_member(rng) for _ in range(num if lot >= 0.25 else 0)),
        ground=drawn(rng, world.GroundName),
        place=drawn(rng, world.PlaceName) if rng.random() < 0.7 else "open",
        time=drawn(rng, world.Hour),
        sky=drawn(rng, world.SkyName),
        style=drawn(rng, world.Style),
        shot_size=drawn(rng, world.ShotSize),
        camera=Camera(moves=moves),
        level=4,
    )


@pytest.fixture(scope="module")
def wide() -> Told:
    """Captions of scenes in which every field is drawn by lot."""
    scenes = [random_scene(np.random.default_rng([7, i])) for i in range(2000)]
    return [(scene, caption(scene, np.random.default_rng([8, i]))) for i, scene in enumerate(scenes)]


# ---- what a text claims, and what a scene allows to be claimed


def claims() -> dict[str, set[tuple[str, object]]]:
    """Every phrase that says something of a scene, with all that it may mean."""
    owner: dict[str, set[tuple[str, object]]] = {}

    def add(meaning: tuple[str, object], phrases: Iterable[str]) -> None:
        for phrase in phrases:
            owner.setdefault(phrase, set()).add(meaning)

    tables: dict[str, Any] = {
        "shape": SHAPE_WORDS, "who": words_cast.WHO_WORDS, "species": words_cast.SPECIES_WORDS,
        "vehicle": words_cast.VEHICLE_WORDS, "prop": words_cast.PROP_WORDS, "of place": words_cast.OF_PLACE_WORDS,
        "sign": words_cast.SIGN_WORDS,
    }  # fmt: skip
    for kind, table in tables.items():
        for value, nouns in table.items():
            add((kind, value), (*nouns, *(words.plural_of(noun) for noun in nouns)))
    add(("some person", None), ("people", "someone"))
    tables = {
        "ground": GROUND_WORDS, "place": words.PLACE_WORDS, "time": TIME_WORDS, "sky": words.SKY_WORDS,
        "direction": DIRECTION_WORDS, "facing": words.FACING_WORDS, "skin": words_cast.SKIN_WORDS,
        "top": words_cast.TOP_WORDS, "bottom": words_cast.BOTTOM_WORDS, "style": words.STYLE_OF,
        "shot": words.SHOT_OF, "expression": words_cast.EXPRESSION_WORDS, "haired": words_cast.HAIRED_WORDS,
    }  # fmt: skip
    for kind, table in tables.items():
        for value, phrases in table.items():
            add((kind, value), phrases)
    more: tuple[tuple[str, Any], ...] = (
        ("ground", words.OVER_WORDS), ("ground", words.GROUND_NOUNS), ("place", words.PLACE_NOUNS),
        ("time", words.TIME_NOUNS), ("time", words.TIME_SENTENCES), ("sky", words.SKY_SENTENCES),
        ("expression", words_cast.FACE_WORDS), ("hair", words_cast.STYLED_WORDS), ("style", words.STYLE_TAGS),
        ("style", words.STYLE_ADJECTIVES), ("shot", words.SHOT_TAGS), ("shot", words.SHOT_NOUNS),
    )  # fmt: skip
    for kind, table in more:
        for value, phrases in table.items():
            add((kind, value), (phrase.lower() for phrase in phrases))
    add(("place", "street"), words.ROAD_WORDS)
    for kind, table in (("thing", words.THING_VERBS), ("person", words_cast.PERSON_VERBS),
                        ("animal", words_cast.ANIMAL_VERBS), ("vehicle", words_cast.VEHICLE_VERBS)):  # fmt: skip
        for value, verbs in table.items():
            for verb in verbs:
                add((kind, value), {form.replace("{their}", who) for form in verb for who in ("her", "his", "their")})
    for (_, value), verbs in words_cast.SPECIES_VERBS.items():
        for verb in verbs:
            add(("animal", value), verb)
    for value, verbs in (*words_cast.PASSING.items(), *words_cast.NEAR_VERBS.items()):
        for kind in ("person", "animal", "vehicle"):
            for verb in verbs:
                add((kind, value), verb)
    for value, verbs in words_cast.EXPRESSION_VERBS.items():
        for verb in verbs:
            add(("expression", value), verb)
    for hits in (*words.HITS, *words.MEETS, ("is hit", "being hit"), ("rolls", "rolling"), ("slides", "sliding")):
        add(("thing", "collide"), hits)
    for verb in (*words_cast.PROP_VERBS, *(verb for verbs in words_cast.SIGN_VERBS.values() for verb in verbs)):
        add(("stands about", None), verb)
    add(("thing", "stand"), ("stays where it is", "does not move", "stands still"))
    add(("vehicle", "stand"), ("parked",))
    add(("way", "aside"), ("on the left", "on the right"))
    add(("some trees", None), ("in front of trees", "in front of some trees"))
    return owner


OWNERS = claims()


def matching(phrases: Iterable[str]) -> re.Pattern[str]:
    longest_first = sorted(phrases, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])")


LONG = matching(phrase for phrase in OWNERS if phrase.count(" ") > 1)
SHORT = matching(phrase for phrase in OWNERS if phrase.count(" ") <= 1)


def truths(scene: Scene) -> set[tuple[str, object]]:
    """All that may be claimed of the scene, in the words of `claims`."""
    true: set[tuple[str, object]] = {("style", scene.style), ("shot", scene.shot_size), ("time", scene.time)}
    true |= {("sky", scene.sky)} if scene.time != "overcast" and scene.place not in ("room", "kitchen") else set()
    true |= {("ground", scene.ground)} if scene.place == "open" else {("place", scene.place)}
    for thing in scene.things:
        true |= {("shape", thing.shape), ("thing", thing.action), ("direction", thing.direction)}
        true |= {("thing", "roll" if thing.rolls else "slide")} if thing.action == "collide" else set()
    for member in scene.cast:
        if isinstance(member, Person):
            true |= {("who", member.who), ("some person", None), ("person", member.action), ("skin", member.skin)}
            true |= {("top", member.top), ("hair", member.hair)}
            true |= {("bottom", member.bottom)} if member.top != "dress" else set()
            true |= {("haired", member.hair_colour)} if member.hair != "bald" else set()
            true |= {("expression", member.expression)} if member.direction != "away" else set()
        elif isinstance(member, Animal):
            true |= {("species", member.species), ("animal", member.action)}
        elif isinstance(member, Vehicle):
            true |= {("vehicle", member.vehicle), ("vehicle", member.action)}
        elif isinstance(member, Sign):
            true |= {("sign", member.form), ("stands about", None)}
        else:
            of_place = member.look >= FAR_LOOK - 1 and member.prop in words_cast.OF_PLACE_WORDS
            true |= {("of place" if of_place else "prop", member.prop), ("stands about", None)}
            true |= {("some trees", None)} if member.prop in words_cast.TREES else set()
        moves = not isinstance(member, Prop | Sign) and member.action in ("walk", "run", "fly", "drive")
        true.add(("direction" if moves else "facing", member.direction))
    if len(scene.cast) + len(scene.things) > 1:
        true.add(("way", "aside"))
    return true


def bare(scene: Scene, text: str) -> str:
    """The text in lower case, without what is quoted and what the camera does."""
    text = re.sub(r'"[^"]*"', "", text.lower())
    return text.replace(describe_moves(scene.camera.moves) or "#", "#")


def said(scene: Scene, text: str) -> tuple[str, ...]:
    return phrases_in(bare(scene, text))


@functools.cache
def phrases_in(text: str) -> tuple[str, ...]:
    """The phrases of `claims` in a text; long ones first, so that "runs into the distance" is no collision."""
    return (*LONG.findall(text), *SHORT.findall(LONG.sub("#", text)))


# ---- the wide world


def test_all_that_is_said_is_so(wide: Told) -> None:
    for scene, text in wide:
        true = truths(scene)
        for phrase in said(scene, text):
            assert OWNERS[phrase] & true, f"{phrase!r} in {text!r}"


@pytest.mark.parametrize(
    ("text", "lie"),
    [
        ("a woman runs in a park", "runs"),
        ("a sad woman walks in a park", "sad"),
        ("a woman walks in a kitchen", "in a kitchen"),
        ("a cartoon of a woman walking", "a cartoon of"),
        ("a woman walks to the left", "to the left"),
        ("a woman in a coat walks at noon", "coat"),
        ("a black-haired woman walks", "black-haired"),
        ("a dog walks in a park", "dog"),
        ("a woman walks under a cloudy sky", "under a cloudy sky"),
        ("close-up of a woman walking", "close-up of"),
    ],
)
def test_a_lie_would_be_found(text: str, lie: str) -> None:
    person = Person(action="walk", facing=90.0, expression="happy", top="jumper")
    scene = Scene(cast=(person,), place="park", ground="grass", time="noon")
    assert [phrase for phrase in said(scene, text) if not OWNERS[phrase] & truths(scene)] == [lie]


def colours_of(scene: Scene) -> dict[str, set[str]]:
    """For each noun that may follow a colour, the colours that it has in the scene."""
    has: dict[str, set[str]] = {}

    def add(colour: str, nouns: Iterable[str]) -> None:
        for noun in nouns:
            for form in (noun, words.plural_of(noun)):
                for word in form.split(" "):  # of "tower block" one word or the other
                    has.setdefault(word, set()).add(colour)

    for thing in scene.things:
        add(thing.colour, SHAPE_WORDS[thing.shape])
    for member in scene.cast:
        if isinstance(member, Person):
            add(member.top_colour, words_cast.TOP_WORDS[member.top])
            add(member.bottom_colour, words_cast.BOTTOM_WORDS[member.bottom])
            if member.hair != "bald":
                add(member.hair_colour, ("hair", "curl", "bun", "ponytail", *words_cast.WHO_WORDS[member.who]))
        elif isinstance(member, Animal):
            add(member.coat, words_cast.SPECIES_WORDS[member.species])
        elif isinstance(member, Vehicle):
            add(member.colour, words_cast.VEHICLE_WORDS[member.vehicle])
        elif isinstance(member, Sign):
            add(member.colour, words_cast.SIGN_WORDS[member.form])
            add(member.ink, ("letters", "written"))
        elif member.prop in words_cast.PAINTED and member.look < FAR_LOOK - 1:
            add(member.colour, words_cast.PROP_WORDS[member.prop])
    return has


COLOURED = re.compile(
    rf"(?:(in|written in|wears?|wearing) )?\b({'|'.join(COLOURS)}|grey|gray|ginger|blonde?)\b(?!-)"
    r"((?: (?:rubber|plastic|wooden|metal|stone|long|little|young))*) ?([\w-]*)"
)


def test_every_colour_belongs_to_what_it_is_said_of(wide: Told) -> None:
    tables = (words.STYLE_OF, words.STYLE_TAGS, words.STYLE_ADJECTIVES)
    others = matching(phrase for table in tables for phrases in table.values() for phrase in phrases)
    found = 0
    for scene, text in wide:
        plain = others.sub("", bare(scene, text).replace("in a green park", ""))
        has = colours_of(scene)
        for lead, colour, _, noun in COLOURED.findall(re.sub(r" +", " ", plain)):
            colour = {"gray": "grey", "blonde": "blond"}.get(colour, colour)
            allowed = has.get(noun, has.get("written" if "written" in lead else "dress", set()) if lead else set())
            assert colour in allowed, f"{colour} {noun} in {text!r}"
            found += 1
    assert found > 1500


def test_quoted_words_are_on_the_signs(wide: Told) -> None:
    found = 0
    for scene, text in wide:
        quoted = re.findall(r'"([^"]*)"', text)
        assert not Counter(quoted) - Counter(m.word for m in scene.cast if isinstance(m, Sign)), text
        found += len(quoted)
    assert found > 150
    alone = [(subjects(scene), text) for scene, text in wide]
    assert np.mean(['"' in text for who, text in alone if len(who) == 1 and isinstance(who[0], Sign)]) > 0.9


def test_the_style_is_nearly_always_said_and_the_shot_size_mostly(wide: Told) -> None:
    def tells(scene: Scene, text: str, kind: str, value: str) -> bool:
        return any((kind, value) in OWNERS[phrase] for phrase in said(scene, text))

    styled = [tells(s, t, "style", s.style) for s, t in wide if s.style != "natural"]
    assert np.mean(styled) > 0.85
    natural = [tells(s, t, "style", "natural") for s, t in wide if s.style == "natural"]
    assert 0.0 < np.mean(natural) < 0.12
    for size, least, most in (("wide", 0.02, 0.2), ("medium", 0.35, 0.65), ("close", 0.6, 0.9)):
        assert least < np.mean([tells(s, t, "shot", size) for s, t in wide if s.shot_size == size]) < most


def test_every_kind_of_subject_is_named(wide: Told) -> None:
    named = []
    for scene, text in wide:
        meant = set().union(*(OWNERS[phrase] for phrase in said(scene, text)))
        for subject in subjects(scene):
            kind = {
                Thing: ("shape", getattr(subject, "shape", None)),
                Person: ("who", getattr(subject, "who", None)),
                Animal: ("species", getattr(subject, "species", None)),
                Vehicle: ("vehicle", getattr(subject, "vehicle", None)),
                Sign: ("sign", getattr(subject, "form", None)),
            }.get(type(subject), ("prop", getattr(subject, "prop", None)))
            people = isinstance(subject, Person) and ("some person", None) in meant
            named.append(kind in meant or ("of place", kind[1]) in meant or people)
    assert np.mean(named) > 0.95


def test_captions_of_the_wide_world_are_many_short_and_neat(wide: Told) -> None:
    texts = [text for _, text in wide]
    assert len(set(texts)) >= 1500
    for text in texts:
        assert len(text) <= 300, text
        assert "  " not in text
        assert not re.search(r"\s[,.]|,,|\.\.|[{}#]|,$", text), text
        assert not re.search(r'\ba "?[aeiou]|\ban "?[^aeiou"]', text, re.IGNORECASE), text
        assert not re.search(r"\b(\w+) \1\b", text.lower()), text
        assert len(re.findall(r"\. [A-Z]", text)) <= 1, text
    assert min(len(words_in(text)) for text in texts) == 2


def test_the_vocabulary_covers_every_word(wide: Told) -> None:
    known = vocabulary()
    assert not {word for _, text in wide for word in words_in(text)} - known
    assert all(word == word.lower() for word in known)
    assert {"watercolour", "watercolor", "close-up", "t-shirt", "open", "zooms", "women", "jogging", "her"} <= known
    assert not {"film-maker", "dragon", "their}", "colour"} & known


def test_every_value_of_a_scene_has_words() -> None:
    tables: tuple[tuple[Any, Any], ...] = (
        (world.Shape, SHAPE_WORDS), (world.MaterialName, MATERIAL_WORDS), (world.GroundName, GROUND_WORDS),
        (world.GroundName, words.OVER_WORDS), (world.Hour, TIME_WORDS), (world.Hour, words.TIME_NOUNS),
        (world.Action, words.THING_VERBS), (world.Style, words.STYLE_OF), (world.Style, words.STYLE_TAGS),
        (world.ShotSize, words.SHOT_OF), (world.ShotSize, words.SHOT_TAGS), (world.Direction, DIRECTION_WORDS),
        (world.Direction, words.FACING_WORDS), (world.Who, words_cast.WHO_WORDS), (world.Skin, words_cast.SKIN_WORDS),
        (world.HairStyle, words_cast.HAIR_WORDS), (world.HairColour, words_cast.HAIR_COLOUR_WORDS),
        (world.Top, words_cast.TOP_WORDS), (world.Bottom, words_cast.BOTTOM_WORDS),
        (world.PersonAction, words_cast.PERSON_VERBS), (world.Expression, words_cast.EXPRESSION_WORDS),
        (world.Expression, words_cast.FACE_WORDS), (world.Expression, words_cast.EXPRESSION_VERBS),
        (world.Species, words_cast.SPECIES_WORDS), (world.AnimalAction, words_cast.ANIMAL_VERBS),
        (world.Coat, words_cast.COAT_WORDS), (world.VehicleKind, words_cast.VEHICLE_WORDS),
        (world.PropKind, words_cast.PROP_WORDS), (world.SignForm, words_cast.SIGN_WORDS),
    )  # fmt: skip
    for values, table in tables:
        assert set(table) == set(get_args(values))
        assert all(table.values()), values
    assert all(words.PLACE_WORDS[place] and words.PLACE_NOUNS[place] for place in world.PLACES if place != "open")
    assert all(words.SKY_WORDS[sky] for sky in get_args(world.SkyName) if sky != "fair")


def test_the_camera_is_told_only_when_it_moves_and_mostly_then(wide: Told) -> None:
    told = [describe_moves(s.camera.moves) in text.lower() for s, text in wide if s.camera.moves]
    assert 0.6 < np.mean(told) < 0.8
    still = [text for scene, text in wide if not scene.camera.moves]
    assert not any("camera pans" in text or "handheld" in text or "camera zooms" in text for text in still)

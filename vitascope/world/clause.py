"""Who does what, in words: clauses for everything that can be the subject of a scene, alone and together."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from vitascope.world.naming import (
    Detail,
    Subject,
    bare_sign,
    counted,
    is_moving,
    is_still,
    listed,
    name,
    pick,
    several,
    with_article,
)
from vitascope.world.scene import Animal, Person, Prop, Sign, Thing, Vehicle
from vitascope.world.words import (
    BESIDE,
    DIRECTION_WORDS,
    HITS,
    MEETS,
    THING_VERBS,
)
from vitascope.world.words_cast import (
    ANIMAL_VERBS,
    EXPRESSION_VERBS,
    NEAR_VERBS,
    PASSING,
    PERSON_VERBS,
    PRONOUNS,
    PROP_VERBS,
    SAYS,
    SIGN_VERBS,
    SPECIES_VERBS,
    VEHICLE_VERBS,
    Verb,
)

Form = Literal["does", "is doing", "doing"]
FORMS: tuple[Form, ...] = ("does", "does", "is doing", "doing")
CLOSE_BY = 3.0  # metres within which one is said to be next to another
_AND: tuple[str, ...] = (" and ", " and ", " while ")


def happening(told: Sequence[Subject], rng: np.random.Generator, detail: Detail, form: Form | None = None) -> str:
    """Who does what, without where and when; `form` (None: by lot) is that of the verbs."""
    form = form or pick(rng, FORMS)
    things = [subject for subject in told if isinstance(subject, Thing)]
    if len(things) == len(told) <= 2:
        return _things(things, rng, form, detail)
    return _all(list(told), rng, form, detail)


# ---- one subject


def clause(subject: Subject, rng: np.random.Generator, form: Form, detail: Detail) -> str:
    """One subject and what it does: "a red ball rolls to the left", "a happy girl waving"."""
    if isinstance(subject, Thing):
        words = _worded(pick(rng, _thing_verbs(subject)), form)
        text = f"{name(subject, rng, detail)} {words}"
        return text + _where_to(subject, rng, detail, words)
    if isinstance(subject, Sign) and rng.random() < 0.4:
        board = with_article(bare_sign(subject, rng, detail))
        return f'{board} {_worded(pick(rng, SAYS), "doing" if form == "is doing" else form)} "{subject.word}"'
    if isinstance(subject, Person):
        return _person(subject, rng, form, detail)
    text = name(subject, rng, detail)
    silent = isinstance(subject, Sign) and form == "doing"
    if silent or (is_still(subject) and rng.random() >= detail.still):
        return text
    words = _worded(pick(rng, verbs_of(subject)), form)
    return f"{text} {words}" + _where_to(subject, rng, detail, words)


def _person(person: Person, rng: np.random.Generator, form: Form, detail: Detail) -> str:
    """A person with an action, an expression, or both."""
    shown = person.direction != "away" and rng.random() < detail.face * (0.2 if person.expression == "neutral" else 1.0)
    face: Literal["", "before", "after"] = ""
    feeling: Verb | None = None
    if shown:
        lot = rng.random()
        if lot < 0.34 and detail.feeling:
            feeling = pick(rng, EXPRESSION_VERBS[person.expression])
        else:
            face = "before" if lot < 0.72 else "after"
    text = name(person, rng, detail, face=face)
    acts = person.action != "stand" or (feeling is None and rng.random() < detail.still)
    if not acts:
        return f"{text} {_worded(feeling, form)}" if feeling else text
    words = _worded(_with_pronoun(pick(rng, verbs_of(person)), text), form)
    text += f" {words}" + _where_to(person, rng, detail, words)
    if feeling is None:
        return text
    if form == "does" and rng.random() < 0.6:
        return f"{text} and {feeling[0]}"
    return f"{text}{' and' if form != 'does' and rng.random() < 0.5 else ','} {feeling[1]}"


def _with_pronoun(verb: Verb, text: str) -> Verb:
    """The verb with "her", "his" or "their", whichever goes with who is named in the text."""
    owner = {"she": "her", "he": "his", "they": "their"}[pronoun(text)]
    does, doing, do = (form.replace("{their}", owner) for form in verb)
    return does, doing, do


def pronoun(text: str) -> str:
    """ "she", "he" or "they", for who is named first in the text."""
    return next((PRONOUNS[word] for word in text.split(" ") if word in PRONOUNS), "they")


def _worded(verb: Verb, form: Form, *, plural: bool = False) -> str:
    does, doing, do = verb
    if form == "doing":
        return doing
    if form == "does":
        return do if plural else does
    return f"{'are' if plural else 'is'} {doing}"


def _thing_verbs(thing: Thing) -> tuple[Verb, ...]:
    verbs = THING_VERBS[thing.action]
    if thing.action == "collide":  # alone: it only comes along
        verbs = THING_VERBS[("roll" if thing.rolls else "slide") if thing.direction else "stand"]
    if thing.action == "stand":  # a ball or an egg cannot stand, a can stands upright and does not lie
        skip = {"ball": "lies still", "cube": "lies still", "can": "lies still"}.get(thing.shape, "stands still")
        return tuple(verb for verb in verbs if verb[0] != skip)
    return verbs


def verbs_of(member: Person | Animal | Vehicle | Prop | Sign) -> tuple[Verb, ...]:
    """All that can be said of what a member of the cast does."""
    if isinstance(member, Prop):
        return PROP_VERBS
    if isinstance(member, Sign):
        return SIGN_VERBS[member.form]
    passing = PASSING.get(member.action, ()) if member.direction in ("left", "right") else ()
    if isinstance(member, Vehicle):
        return VEHICLE_VERBS[member.action] + passing
    if isinstance(member, Animal):
        return ANIMAL_VERBS[member.action] + SPECIES_VERBS.get((member.species, member.action), ()) + passing
    return (
        PERSON_VERBS[member.action]
        + passing
        + (NEAR_VERBS.get(member.action, ()) if member.direction == "near" else ())
    )


def _where_to(subject: Subject, rng: np.random.Generator, detail: Detail, verb: str) -> str:
    """Where it goes, with a space before it; short words such as "left" only after a short verb."""
    if not is_moving(subject) or subject.direction is None or rng.random() >= detail.direction:
        return ""
    words = DIRECTION_WORDS[subject.direction]
    if isinstance(subject, Thing) and subject.action == "topple":
        words = words[:3]
    elif " " in verb.removeprefix("is ").removeprefix("are "):
        words = tuple(way for way in words if " " in way)
    return " " + pick(rng, words)


# ---- solids


def _things(things: Sequence[Thing], rng: np.random.Generator, form: Form, detail: Detail) -> str:
    """One or two solids: a collision, one beside another, or each for itself."""
    if len(things) == 1:
        return clause(things[0], rng, form, detail)
    if any(thing.action == "collide" for thing in things) and any(thing.direction for thing in things):
        return _meets(things, rng, form, detail)
    acting = [thing for thing in things if thing.action != "stand"]
    still = [thing for thing in things if thing.action == "stand"]
    if not acting:
        return " and ".join(name(thing, rng, detail) for thing in things)
    if still:
        act, other = clause(acting[0], rng, form, detail), name(still[0], rng, detail)
        lot = rng.random()
        if lot < 0.15:
            return f"{name(acting[0], rng, detail)} and {other}"
        if lot < 0.7:
            return f"{act} {pick(rng, BESIDE)} {other}"
        return (
            f"{act} and {other} {pick(rng, ('stays where it is', 'does not move', 'stands still'))}"
            if (form != "doing" and lot < 0.85)
            else f"{act}, {other} {pick(rng, ('beside it', 'next to it', 'nearby'))}"
        )
    if rng.random() < 0.15:
        return " and ".join(name(thing, rng, detail) for thing in things)
    order = things if rng.random() < 0.5 else things[::-1]
    link = pick(rng, _AND) if form != "doing" else " and "
    return link.join(clause(thing, rng, form, detail) for thing in order)


def _meets(things: Sequence[Thing], rng: np.random.Generator, form: Form, detail: Detail) -> str:
    """A collision: one thing runs into another, or both into each other."""
    runners = [thing for thing in things if thing.direction]
    if len(runners) == 2:
        names = [name(thing, rng, detail) for thing in (runners if rng.random() < 0.5 else runners[::-1])]
        meet, meeting = pick(rng, MEETS)
        return f"{names[0]} and {names[1]} {({'does': meet, 'is doing': 'are ' + meeting, 'doing': meeting})[form]}"
    runner = runners[0]
    target = next(thing for thing in things if thing is not runner)
    one, other = name(runner, rng, detail), name(target, rng, detail)
    goes, going = ("rolls", "rolling") if runner.rolls else ("slides", "sliding")
    hits, hitting = pick(rng, HITS)
    where = ""
    if runner.direction and rng.random() < detail.direction:
        where = " " + pick(rng, DIRECTION_WORDS[runner.direction][:3])
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


# ---- several of any kind


def _all(told: list[Subject], rng: np.random.Generator, form: Form, detail: Detail) -> str:
    """Subjects of any kind: up to three each with what it does, more of them counted."""
    pair = [subject for subject in told if isinstance(subject, Thing) and subject.action == "collide"]
    if len(pair) == 2 and any(thing.direction for thing in pair) and len(told) > 2:  # they are told as one
        others = [subject for subject in told if subject not in pair]
        return f"{_meets(pair, rng, form, detail)} and {happening(others, rng, detail, form)}"
    if len(told) == 1:
        return clause(told[0], rng, form, detail)
    if len(told) > 3:
        first, rest = told[0], counted(told[1:], rng, detail)
        return f"{clause(first, rng, form, detail)} with {rest}"
    detail = replace(detail, feeling=False, still=detail.still if form == "doing" else 1.0)
    if rng.random() < 0.12:
        return counted(told, rng, detail)
    if len({_deed(subject) for subject in told}) == 1 and rng.random() < 0.6:
        return _together(told, rng, form, detail)
    if len(told) == 2:
        return _two(told[0], told[1], rng, form, detail)
    link = pick(rng, _AND) if form != "doing" else " and "
    clauses = [clause(subject, rng, form, detail) for subject in told]
    return f"{', '.join(clauses[:-1])}{link}{clauses[-1]}"


def _two(one: Subject, two: Subject, rng: np.random.Generator, form: Form, detail: Detail) -> str:
    """Two subjects that do different things: side by side, one past or beside the other, or each for itself."""
    lot = rng.random()
    (x1, _), (x2, _) = place(one), place(two)
    if not is_moving(one) and not is_moving(two) and abs(x1 - x2) > 0.6 and lot < 0.3:
        left, right = (one, two) if x1 < x2 else (two, one)
        return (
            f"{clause(left, rng, 'doing', detail)} on the left and {clause(right, rng, 'doing', detail)} on the right"
        )
    if is_still(one) != is_still(two):
        actor, rests = (two, one) if is_still(one) else (one, two)
        if apart(actor, rests) < CLOSE_BY and lot < 0.8:
            act, other = clause(actor, rng, form, detail), name(rests, rng, detail)
            crosses = is_moving(actor) and not isinstance(actor, Thing) and actor.direction in ("left", "right")
            if not crosses or abs(x1 - x2) >= 1.0 or lot >= 0.6 or re.search(r" (by|past) ", act):
                return f"{act} {pick(rng, BESIDE)} {other}"
            return f"{act} {other}" if act.endswith((" by", " past")) else f"{act} past {other}"
    link = pick(rng, _AND) if form != "doing" else " and "
    order = (one, two) if rng.random() < 0.6 else (two, one)
    return link.join(clause(subject, rng, form, detail) for subject in order)


def _together(told: Sequence[Subject], rng: np.random.Generator, form: Form, detail: Detail) -> str:
    """Several that do the same: "a woman and a black dog walk to the left", "two men wave"."""
    first = told[0]
    same = len({(type(one), getattr(one, "who", ""), getattr(one, "species", "")) for one in told}) == 1
    if same and isinstance(first, Person | Animal) and rng.random() < 0.4:
        names = several(told, rng, detail)
    else:
        names = listed([name(subject, rng, detail) for subject in told])
    if is_still(first) and rng.random() >= detail.still:
        return names
    verbs = _thing_verbs(first) if isinstance(first, Thing) else verbs_of(first)
    if not same:  # only what can be said of each of them
        verbs = verbs[:1]
    words = _worded(_with_pronoun(pick(rng, verbs), ""), form, plural=True)
    return f"{names} {words}" + _where_to(first, rng, detail, words)


def _deed(subject: Subject) -> object:
    """What must be equal for subjects to be told with one verb."""
    if isinstance(subject, Sign | Prop | Vehicle):
        return id(subject)
    kind = "thing" if isinstance(subject, Thing) else "member"
    if kind == "thing" and subject.action in ("collide", "stand"):
        return id(subject)
    return kind, subject.action, subject.direction if is_moving(subject) else None


def place(subject: Subject) -> tuple[float, float]:
    """Where it is on the ground, metres."""
    return subject.position[0], subject.position[1]


def apart(one: Subject, other: Subject) -> float:
    """Metres between two subjects."""
    (x1, y1), (x2, y2) = place(one), place(other)
    return math.hypot(x1 - x2, y1 - y2)

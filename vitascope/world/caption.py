"""Says in many ways what a scene shows, from two words to two sentences, and never says what is not so."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vitascope.shot.camera import describe_moves
from vitascope.world import words, words_cast
from vitascope.world.clause import Form, apart, happening, pronoun, verbs_of
from vitascope.world.naming import (
    OF_PLACE,
    PLAIN,
    Detail,
    Subject,
    bare_sign,
    counted,
    hair,
    is_painted,
    is_still,
    name,
    noun,
    outfit,
    pick,
    with_article,
)
from vitascope.world.scene import Animal, Cast, Person, Prop, Scene, Sign, Thing, Vehicle
from vitascope.world.words import (
    DIRECTION_WORDS,
    GROUND_WORDS,
    MATERIAL_WORDS,
    SHAPE_WORDS,
    TIME_WORDS,
    vocabulary,
    words_in,
)

__all__ = [
    "DIRECTION_WORDS", "GROUND_WORDS", "MATERIAL_WORDS", "SHAPE_WORDS", "TIME_WORDS",
    "caption", "subjects", "vocabulary", "words_in",
]  # fmt: skip

LONGEST = 300  # characters
IN_THE_AIR = ("throw", "swing", "fly")


@dataclass(frozen=True)
class _Look:
    """How style and shot size are said: `of` before a phrase ("a cartoon of"), tags before and after a sentence."""

    of: str = ""
    before: str = ""
    after: str = ""
    sized: bool = False  # whether the shot size is among them


def subjects(scene: Scene) -> tuple[Subject, ...]:
    """What the scene is about: its people, animals, signs, vehicles that drive, and all things, in this order.

    Where there is none of those: on open ground all that stands about; elsewhere the first of the cast, unless it only
    furnishes the place. Then the place itself is what is shown, and this is empty.
    """
    actors = tuple(member for member in scene.cast if not _stands_about(member))
    if scene.things or actors:
        return actors + scene.things
    if scene.place == "open":
        return scene.cast
    first = scene.cast[0]
    return () if isinstance(first, Prop) and first.look >= OF_PLACE else (first,)


def _stands_about(member: Cast) -> bool:
    return isinstance(member, Prop) or (isinstance(member, Vehicle) and member.action == "stand")


def caption(scene: Scene, rng: np.random.Generator) -> str:
    """One true sentence (or two words, or two sentences) for the scene; draw again for another."""
    for _ in range(10):
        text = _told(scene, rng)
        if len(text) <= LONGEST:
            return text
    few = counted(subjects(scene)[:6], rng, PLAIN)  # a crowd of all kinds
    return _styled(f"{few} and more", _look(scene, rng))


def _told(scene: Scene, rng: np.random.Generator) -> str:
    about = subjects(scene)
    plain = _is_plain(scene)
    detail = _detail(scene)
    lot = rng.random()
    look = _Look() if plain else _look(scene, rng, sized=bool(about))
    form: Form | None = "doing" if look.of else None
    if not about:
        sentences = [_landscape(scene, rng)]
    elif lot < 0.06 and len(about) == 1:
        few = _two_words(about[0], rng, detail)
        sentences = [with_article(few) if look.of and not few.startswith(("a ", "an ")) else few]
    elif lot < 0.16:
        brief = replace(detail, direction=0.5, material=0.0, clothes=0.35, hair=0.1)
        text = happening(about, rng, brief, form)
        if rng.random() < 0.4:
            text = _spaced(text, pick(rng, _where(scene, about) + _when(scene)))
        sentences = [text]
    elif plain:
        sentences = [_placed(scene, about, happening(about, rng, detail, form), rng)]
    elif lot > 0.96:
        sentences = [_listed(scene, about, rng, detail)]
    elif lot > 0.82:
        sentences = _two_sentences(scene, about, rng, detail, look)
    else:
        sentences = [_sentence(scene, about, rng, detail, look)]
    moves = describe_moves(scene.camera.moves)
    if moves and rng.random() < 0.72:
        sentences = _with_camera(sentences, moves, rng, first=not look.of)
    sentences[0] = _styled(sentences[0], look)
    return _cased(sentences, rng)


def _is_plain(scene: Scene) -> bool:
    """Whether nothing but things on a ground at an hour is to be told."""
    usual = scene.style == "natural" and scene.shot_size == "wide" and scene.sky == "fair"
    return usual and not scene.cast and scene.place == "open"


def _detail(scene: Scene) -> Detail:
    """How much is told of whoever is seen from this close, in this style."""
    face, looks, still = {"wide": (0.3, 0.15, 0.6), "medium": (0.75, 0.3, 0.5), "close": (0.92, 0.45, 0.2)}[
        scene.shot_size
    ]
    return Detail(colour=words.GREY_STYLES.get(scene.style, 1.0), face=face, hair=looks, still=still)


# ---- what, where and when


def _sentence(scene: Scene, about: Sequence[Subject], rng: np.random.Generator, detail: Detail, look: _Look) -> str:
    """What happens, mostly with place and hour, and now and then with what stands about."""
    form: Form | None = "doing" if look.of else None
    front, lead, beside = not (look.of or look.before), "", ""
    if len(about) == 1:
        beside = _backdrop(scene, about[0], rng) if rng.random() < (0.5 if scene.place == "open" else 0.25) else ""
        if not look.of and rng.random() < 0.06:
            lead, form, front = pick(rng, ("there is", "there is", "we see")), "doing", False
    last = beside if beside.startswith("with ") else ""
    what = _spaced(lead, happening(about, rng, detail, form), beside.removeprefix(last))
    return _spaced(_placed(scene, about, what, rng, front=front), last)


def _placed(scene: Scene, about: Sequence[Subject], what: str, rng: np.random.Generator, *, front: bool = True) -> str:
    """`what` with where and when it is; these may come first if `front`."""
    where = pick(rng, _where(scene, about)) if rng.random() < 0.86 else ""
    time = pick(rng, _when(scene)) if rng.random() < 0.8 else ""
    lot = rng.random()
    sky = _sky(scene, rng) if _sky_is_seen(scene) and not time.startswith("under") else ""
    if lot < 0.10 and time and front:
        return _spaced(f"{time},", what, where, sky)
    if lot < 0.16 and where and front:
        return _spaced(f"{where},", what, time, sky)
    if lot < 0.22 and time and where:
        return _spaced(what, time, where, sky)
    if lot < 0.28 and time:
        return f"{_spaced(what, where, sky)}, {time}"
    return _spaced(what, where, time, sky)


def _spaced(*parts: str) -> str:
    """The parts that are there, in a row; "walks by" and "by the sea" share their "by"."""
    return " ".join(part for part in parts if part).replace(" by by ", " by ")


def _where(scene: Scene, about: Sequence[Subject]) -> tuple[str, ...]:
    """Ways to say where it is."""
    if scene.place != "open":
        drive = all(isinstance(subject, Vehicle) and subject.action == "drive" for subject in about)
        return words.PLACE_WORDS[scene.place] + (words.ROAD_WORDS if scene.place == "street" and drive else ())
    flies = all(not isinstance(subject, Prop | Sign) and subject.action in IN_THE_AIR for subject in about)
    return (words.OVER_WORDS if flies else GROUND_WORDS)[scene.ground]


def _when(scene: Scene) -> tuple[str, ...]:
    """Ways to say when it is that suit the place and the sky."""
    wrong = words.OUTDOOR if scene.place in words.INDOORS else words.SUNNY if scene.sky == "cloudy" else ()
    return tuple(time for time in TIME_WORDS[scene.time] if time not in wrong)


def _sky_is_seen(scene: Scene) -> bool:
    return scene.place not in words.INDOORS and scene.time != "overcast" and scene.sky != "fair"


def _sky(scene: Scene, rng: np.random.Generator) -> str:
    return pick(rng, words.SKY_WORDS[scene.sky]) if rng.random() < 0.35 else ""


def _backdrop(scene: Scene, main: Subject, rng: np.random.Generator) -> str:
    """What stands about near `main`, or behind it: "next to a bench", "in front of a house"."""
    seen = [member for member in _seen(scene) if member is not main]
    if not seen:
        return ""
    trees = [member for member in seen if isinstance(member, Prop) and member.prop in words_cast.TREES]
    y = main.position[1]
    behind = len(trees) > 2 and all(tree.position[1] > y + 1.0 for tree in trees)
    if behind and scene.place != "forest" and rng.random() < 0.5:
        return pick(rng, ("in front of trees", "in front of some trees"))
    other = min(seen, key=lambda member: apart(member, main)) if rng.random() < 0.6 else pick(rng, seen)
    called = _called(other, rng)
    ahead, aside = other.position[1] - y, abs(other.position[0] - main.position[0])
    if 0.6 < ahead < 8.0 and aside < 1.5:
        return f"in front of {called}"
    if apart(other, main) < 2.5:
        return f"{pick(rng, ('next to', 'near', 'by', 'beside'))} {called}"
    return f"with {called} in the background" if ahead > 2.0 else ""


def _called(member: Cast, rng: np.random.Generator) -> str:
    """What a member of the backdrop is called: "a bench", "a parked red car"."""
    text = name(member, rng, Detail(colour=0.5, direction=0.0), article=False)
    return with_article(f"parked {text}" if isinstance(member, Vehicle) else text)


def _seen(scene: Scene) -> list[Cast]:
    """What stands about well inside the picture of a camera that does not move."""
    widest = 0.7 * math.tan(math.radians(scene.camera.fov) / 2) * 16 / 9  # of what is a metre away
    found = []
    for member in scene.cast:
        x, y = member.position
        ahead = y + scene.camera.distance
        if _stands_about(member) and ahead > 1.5 and abs(x) < widest * ahead and getattr(member, "prop", "") != "wall":
            found.append(member)
    return found


# ---- other ways than one sentence


def _two_words(subject: Subject, rng: np.random.Generator, detail: Detail) -> str:
    """Two words, or nearly: "red ball", "happy girl", "running dog", '"OPEN" sign'."""
    if isinstance(subject, Thing):
        return name(subject, rng, replace(detail, material=float(detail.colour < 1.0)), article=False)
    word = noun(subject, rng)
    if not isinstance(subject, Prop):
        word = word.split(" ")[-1]
    coloured = rng.random() < detail.colour
    if isinstance(subject, Sign):
        return f"{subject.colour} {word}" if coloured and rng.random() < 0.3 else f'"{subject.word}" {word}'
    choices: list[str] = []
    if isinstance(subject, Person | Animal):
        choices += [doing for _, doing, _ in verbs_of(subject) if " " not in doing][:1]
    if isinstance(subject, Person):
        if subject.direction != "away" and subject.expression != "neutral":
            choices += 2 * [pick(rng, words_cast.EXPRESSION_WORDS[subject.expression])]
        if subject.hair == "bald":
            choices.append("bald")
    elif isinstance(subject, Animal):
        choices += [pick(rng, words_cast.COAT_WORDS[subject.coat])] if coloured else []
    elif isinstance(subject, Vehicle):
        choices += [subject.colour] if coloured else ["parked" if subject.action == "stand" else "driving"]
    elif is_painted(subject) and coloured:
        choices.append(subject.colour)
    return f"{pick(rng, choices)} {word}" if choices else with_article(word)


def _two_sentences(
    scene: Scene, about: Sequence[Subject], rng: np.random.Generator, detail: Detail, look: _Look
) -> list[str]:
    """What happens, and in a sentence of its own one thing more: the place, the hour, the sky, clothes, hair, face."""
    form: Form | None = "doing" if look.of else None
    ways = ["time"] if look.sized else ["place", "time"]
    first = about[0]
    if len(about) == 1:
        ways += ["clothes", "hair", "clothes"] if isinstance(first, Person) else []
        ways += ["word", "word"] if isinstance(first, Sign) else []
        if isinstance(first, Person) and first.direction != "away" and first.expression != "neutral":
            ways += ["face"] * {"wide": 1, "medium": 3, "close": 5}[scene.shot_size]
    ways += ["sky", "sky"] if _sky_is_seen(scene) else []
    way = pick(rng, ways)
    if way == "place":
        if len(about) == 1 and is_still(first) and rng.random() < 0.7:
            second = f"there is {happening(about, rng, replace(detail, still=0.0), 'doing')}"
        else:
            second = happening(about, rng, replace(detail, still=1.0), "does" if rng.random() < 0.6 else "is doing")
        return [_landscape(scene, rng, bare=True), second]
    if way in ("time", "sky"):
        choices = words.TIME_SENTENCES[scene.time] if way == "time" else words.SKY_SENTENCES[scene.sky]
        what = happening(about, rng, detail, form)
        return [_spaced(what, pick(rng, _where(scene, about))), pick(rng, choices)]
    if isinstance(first, Sign):
        verb = pick(rng, words_cast.SIGN_VERBS[first.form])[1 if form == "doing" else 0]
        what = f"{with_article(bare_sign(first, rng, detail))} {verb}"
        says = pick(rng, ("It says", "It says", "It reads", "The sign says", "The word on it is"))
        return [_placed(scene, about, what, rng, front=False), f'{says} "{first.word}"']
    assert isinstance(first, Person)
    less = {
        "clothes": replace(detail, clothes=0.0),
        "hair": replace(detail, hair=0.0),
        "face": replace(detail, face=0.0),
    }
    what = happening(about, rng, less[way], form)
    return [_placed(scene, about, what, rng, front=False), _about_person(first, what, way, rng, detail)]


def _about_person(person: Person, what: str, way: str, rng: np.random.Generator, detail: Detail) -> str:
    """ "She wears a red coat", "He has short grey hair", "They look happy", for who is named in `what`."""
    who = pronoun(what)
    many = who == "they"
    if way == "clothes":
        wears = ("wear", "are wearing") if many else ("wears", "is wearing")
        return f"{who} {pick(rng, wears)} {outfit(person, rng, detail)}"
    if way == "hair":
        return f"{who} {'have' if many else 'has'} {hair(person, rng, detail).removeprefix('with ')}"
    looks, looking, look = pick(rng, words_cast.EXPRESSION_VERBS[person.expression])
    return f"{who} {look if many else pick(rng, (looks, f'is {looking}'))}"


def _landscape(scene: Scene, rng: np.random.Generator, *, bare: bool = False) -> str:
    """The place itself: "a park at dawn", "a street with a bench at night"."""
    where = with_article(pick(rng, words.PLACE_NOUNS[scene.place])) if scene.place != "open" else _ground(scene, rng)
    around = ""
    seen = [] if bare else _seen(scene)
    if seen:
        shown = [seen[k] for k in rng.permutation(len(seen))[: 1 + int(rng.random() < 0.3)]]
        around = f"with {counted(shown, rng, Detail(colour=0.5, direction=0.0))}"
    time = pick(rng, _when(scene)) if bare or rng.random() < 0.8 else ""
    return _spaced(where, around, time)


def _ground(scene: Scene, rng: np.random.Generator) -> str:
    """ "a lawn", "grass"."""
    text: str = pick(rng, words.GROUND_NOUNS[scene.ground])
    return text if text in ("grass", "sand", "snow", "asphalt") else with_article(text)


def _listed(scene: Scene, about: Sequence[Subject], rng: np.random.Generator, detail: Detail) -> str:
    """In pieces, as prompts are often written: "a woman in a red coat waving, park, night"."""
    where = words.PLACE_NOUNS[scene.place] or words.GROUND_NOUNS[scene.ground]
    pieces = [happening(about, rng, detail, "doing"), pick(rng, where)]
    if rng.random() < 0.8:
        pieces.append(pick(rng, words.TIME_NOUNS[scene.time]))
    return ", ".join(pieces)


# ---- how it is shown


def _look(scene: Scene, rng: np.random.Generator, *, sized: bool = True) -> _Look:
    """Style (nearly always, if it is not the natural one) and shot size (mostly, if it is not wide), said by lot; the
    size only if `sized`."""
    shot = scene.shot_size
    style = scene.style if rng.random() < (0.06 if scene.style == "natural" else 0.94) else None
    size = shot if sized and rng.random() < {"wide": 0.1, "medium": 0.5, "close": 0.75}[shot] else None
    lot = rng.random()
    if style and size:
        if lot < 0.3:
            return _Look(of=pick(rng, words.SHOT_OF[size]), after=pick(rng, words.STYLE_TAGS[style]), sized=True)
        if lot < 0.5:
            return _Look(of=pick(rng, words.STYLE_OF[style]), after=pick(rng, words.SHOT_TAGS[size]), sized=True)
        if lot < 0.75:
            both = f"{pick(rng, words.STYLE_ADJECTIVES[style])} {pick(rng, words.SHOT_NOUNS[size])}"
            return _Look(of=f"{with_article(both)} of", sized=True)
        tags = pick(rng, words.STYLE_TAGS[style]), pick(rng, words.SHOT_TAGS[size])
        return _Look(after=", ".join(tags if lot < 0.87 else tags[::-1]), sized=True)
    if not style and not size:
        return _Look()
    phrases = words.STYLE_OF[style] if style else words.SHOT_OF[shot]
    tagged = words.STYLE_TAGS[style] if style else words.SHOT_TAGS[shot]
    if lot < 0.52:
        return _Look(of=pick(rng, phrases), sized=size is not None)
    tag = pick(rng, tagged)
    return _Look(after=tag, sized=size is not None) if lot < 0.84 else _Look(before=tag, sized=size is not None)


def _styled(text: str, look: _Look) -> str:
    text = f"{look.of} {text}" if look.of else text
    text = f"{look.before}, {text}" if look.before else text
    return f"{text}, {look.after}" if look.after else text


def _with_camera(sentences: list[str], moves: str, rng: np.random.Generator, *, first: bool) -> list[str]:
    """What the camera does, joined to the first sentence, or in one of its own where there is only one."""
    text, *rest = sentences
    lot = rng.random()
    if 0.68 <= lot < 0.76 and first:
        text = f"{moves}, {text}"
    elif rest:  # no comma, or "it" of the second might be the camera
        text = f"{text} {'while' if lot < 0.5 else 'as'} {moves}"
    elif lot < 0.35:
        text = f"{text}, {moves}"
    elif lot < 0.68:
        text = f"{text} {'while' if lot < 0.55 else 'as'} {moves}"
    else:
        return [text, moves]
    return [text, *rest]


def _cased(sentences: Sequence[str], rng: np.random.Generator) -> str:
    """Lower case mostly; else a capital and sometimes a full stop. Two sentences always look like sentences."""
    capital = [text[0].upper() + text[1:] for text in sentences]
    if len(sentences) > 1:
        return ". ".join(capital) + "."
    if rng.random() < 0.4:
        return capital[0] + ("." if rng.random() < 0.6 else "")
    return sentences[0]

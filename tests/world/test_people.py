"""People look as they were asked to: colours, clothes, hair, proportions, within the budget of parts."""

from itertools import pairwise, product
from typing import get_args

import numpy as np
import pytest

from vitascope.world.acting import act
from vitascope.world.figure import BEARD, BLUSH, EYE_SCALE, FACE_MOTION, Figure
from vitascope.world.hair import HAIRS
from vitascope.world.people import SKINS, Bone, build, face_look, measures
from vitascope.world.render import FACE, HAIR
from vitascope.world.scene import COLOURS, Bottom, Colour, HairColour, HairStyle, Person, Skin, Top, Who

ARMS = (Bone.FOREARM_L, Bone.FOREARM_R)
SHINS = (Bone.SHIN_L, Bone.SHIN_R)


def figure(**fields: object) -> Figure:
    return build(Person(**fields), np.random.default_rng(0))  # type: ignore[arg-type]


def on(made: Figure, bones: tuple[Bone, ...], colour: tuple[float, float, float]) -> int:
    """How many parts of exactly this colour hang on these bones."""
    return int((np.isin(made.bone, bones) & np.isclose(made.albedo, colour, atol=1e-6).all(axis=1)).sum())


def test_every_kind_of_person_keeps_within_its_parts() -> None:
    for who, hair, top, bottom in product(("woman", "man"), get_args(HairStyle), get_args(Top), get_args(Bottom)):
        made = figure(who=who, hair=hair, top=top, bottom=bottom)
        assert len(made.kind) <= 44, (who, hair, top, bottom)
        assert made.bone.max() < len(Bone)
        assert (made.texture == FACE).sum() == 1
        assert (made.albedo >= 0.0).all() and (made.albedo <= 0.92).all()


@pytest.mark.parametrize("top", get_args(Top))
@pytest.mark.parametrize("bottom", get_args(Bottom))
def test_clothes_have_the_colours_that_were_asked_for(top: Top, bottom: Bottom) -> None:
    colours: tuple[Colour, ...] = get_args(Colour)
    for above, below in zip(colours, colours[1:] + colours[:1], strict=True):
        made = figure(top=top, bottom=bottom, top_colour=above, bottom_colour=below)
        trunk = np.isin(made.bone, (Bone.CHEST,)) & np.isclose(made.albedo, COLOURS[above], atol=1e-6).all(axis=1)
        assert trunk.sum() >= 3
        legs = (Bone.PELVIS, Bone.THIGH_L, Bone.THIGH_R, Bone.SHIN_L, Bone.SHIN_R, Bone.SKIRT_FRONT, Bone.SKIRT_BACK)
        shown = on(made, legs, COLOURS[below])
        assert shown == 0 if top == "dress" else shown >= 2


def test_clothes_cover_what_they_cover() -> None:
    skin = SKINS["tan"]
    for top, bare in (("t-shirt", True), ("dress", True), ("jumper", False), ("coat", False)):
        assert (on(figure(top=top, skin="tan"), ARMS, skin) > 0) == bare
    for bottom, bare in (("trousers", False), ("shorts", True), ("skirt", True)):
        assert (on(figure(bottom=bottom, skin="tan"), SHINS, skin) > 0) == bare
    assert on(figure(top="dress", bottom="trousers", skin="tan"), SHINS, skin) > 0
    hem = {top: figure(top=top, top_colour="red") for top in ("t-shirt", "coat")}
    thighs = (Bone.THIGH_L, Bone.THIGH_R)
    assert on(hem["coat"], thighs, COLOURS["red"]) >= 2  # a coat is longer
    assert on(hem["t-shirt"], thighs, COLOURS["red"]) == 0


def test_hair_has_its_colour_and_style() -> None:
    counts = set()
    for style in get_args(HairStyle):
        for colour in get_args(HairColour):
            made = figure(hair=style, hair_colour=colour)
            strands = made.texture == HAIR
            assert strands.any() == (style != "bald")
            assert np.allclose(made.albedo[strands], HAIRS[colour], atol=1e-6)
            assert (made.bone[strands] == Bone.HEAD).all()
        counts.add(made.offset[strands].tobytes())
    assert len(counts) == 6


def test_skins_differ_and_are_all_over() -> None:
    for skin in get_args(Skin):
        made = figure(skin=skin)
        for bones in ((Bone.HEAD,), (Bone.HAND_L,), (Bone.HAND_R,), (Bone.CHEST,)):  # the last: the neck
            assert on(made, bones, SKINS[skin]) >= 1
    light = [sum(SKINS[skin]) for skin in get_args(Skin)]
    assert all(a > 1.2 * b for a, b in pairwise(light))


def test_children_have_bigger_heads_and_shorter_legs() -> None:
    woman, man = measures(Person(who="woman", height=1.7)), measures(Person(who="man", height=1.8))
    for who in ("girl", "boy"):
        child = measures(Person(who=who, height=1.15))  # type: ignore[arg-type]
        for adult in (woman, man):
            assert child.head / child.height > 1.2 * adult.head / adult.height
            assert child.hip / child.height < 0.9 * adult.hip / adult.height
    assert man.shoulders / man.height > 1.1 * woman.shoulders / woman.height


@pytest.mark.parametrize("who", get_args(Who))
def test_people_are_as_tall_as_they_were_asked_to_be(who: Who) -> None:
    for height in (0.9, 1.3, 1.7, 2.1):
        person = Person(who=who, height=height, hair="bald")
        made = build(person, np.random.default_rng(0))
        bones, _ = act(person, np.zeros(1))
        position, _ = made.posed(bones)
        head = made.texture == FACE
        top = (position[0, head, 2] + made.size[head, 2]).max()
        assert top == pytest.approx(height, rel=0.03)
        assert (position[0, :, 2].max() - position[0, :, 2].min()) < height


def test_left_and_right_mirror_each_other() -> None:
    made = figure(hair="bald", top="coat")
    for left, right in ((Bone.ARM_L, Bone.ARM_R), (Bone.HAND_L, Bone.HAND_R), (Bone.SHIN_L, Bone.SHIN_R)):
        a, b = made.offset[made.bone == left], made.offset[made.bone == right]
        np.testing.assert_allclose(a * (1.0, -1.0, 1.0), b, atol=1e-9)


def test_faces_differ_between_people_and_not_between_calls() -> None:
    looks = [face_look(Person(who=who, skin=skin)) for who, skin in product(get_args(Who), get_args(Skin))]
    for look in looks:
        assert look.shape == (12,) and look.dtype == np.float32
        assert (look >= 0.0).all() and look[: EYE_SCALE - FACE_MOTION].max() < 0.92
        assert 0.8 <= look[EYE_SCALE - FACE_MOTION] <= 1.25
        assert look[BLUSH - FACE_MOTION] <= 1.0
    assert len({look.tobytes() for look in looks}) == len(looks)
    beards = [face_look(Person(who="man", height=1.6 + 0.01 * k))[BEARD - FACE_MOTION] for k in range(40)]
    assert len(set(beards)) >= 3
    assert face_look(Person(who="woman"))[BEARD - FACE_MOTION] == 0.0
    assert (face_look(Person()) == face_look(Person(action="walk", expression="sad"))).all()


def test_the_same_numbers_build_the_same_person() -> None:
    person = Person(who="boy", height=1.2, hair="curly")
    one, two = (build(person, np.random.default_rng(5)) for _ in range(2))
    for name in ("kind", "size", "albedo", "offset", "turn", "bone"):
        assert (getattr(one, name) == getattr(two, name)).all()
    shoes = {build(person, np.random.default_rng(k)).albedo.tobytes() for k in range(12)}
    assert len(shoes) >= 3

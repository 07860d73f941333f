"""Props and signs stand on the ground, have the colour asked for, keep to their parts, and say their words large."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from vitascope.world.figure import Figure, heading
from vitascope.world.props import OF_PLACE, TREES, Bone, act, bounds, build, extent
from vitascope.world.render import GLOW, SIGN, WINDOWS
from vitascope.world.scene import COLOURS, WORDS, Colour, Prop, PropKind, Sign, SignForm
from vitascope.world.solids import BOX

KINDS: tuple[PropKind, ...] = get_args(PropKind)
FORMS: tuple[SignForm, ...] = get_args(SignForm)
HANGING = ("window",)
LOOKS = (0, 1, 2, 3, 17)


def figure(member: Prop | Sign, seed: int = 0) -> Figure:
    return build(member, np.random.default_rng(seed))


def seen_widest(prop: Prop) -> NDArray[np.float64]:
    """The colour of the part with the largest sides. [3]"""
    made = figure(prop)
    low_high = [bounds(_only(made, k)) for k in range(len(made.kind))]
    spans = [np.sort(high - low)[1:].prod() for low, high in low_high]
    return np.asarray(made.albedo[int(np.argmax(spans))], np.float64)


def _only(made: Figure, k: int) -> Figure:
    fields = ("kind", "size", "albedo", "texture", "gloss", "metal", "detail", "bone", "offset", "turn")
    return Figure(**{name: getattr(made, name)[k : k + 1] for name in fields})


@pytest.mark.parametrize("kind", KINDS)
def test_a_prop_stands_on_the_ground(kind: PropKind) -> None:
    for look in LOOKS:
        for size in (0.6, 1.0, 1.4):
            low, _ = bounds(figure(Prop(prop=kind, look=look, size=size)))
            if kind in HANGING:
                assert low[2] > 0.5 * size
            else:
                assert abs(low[2]) < 0.03


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_place_asks_for_never_floats(kind: PropKind) -> None:
    low, _ = bounds(figure(Prop(prop=kind, look=OF_PLACE + 5)))
    assert low[2] < 0.03 or kind in HANGING


@pytest.mark.parametrize("form", FORMS)
def test_a_sign_stands_on_the_ground(form: SignForm) -> None:
    low, _ = bounds(figure(Sign(form=form)))
    assert abs(low[2]) < 0.03


def test_props_keep_to_their_parts() -> None:
    for kind in KINDS:
        for look in (*LOOKS, OF_PLACE, OF_PLACE + 1):
            most = 16 if kind in TREES else 14
            assert len(figure(Prop(prop=kind, look=look)).kind) <= most, kind
    for form in FORMS:
        for word in WORDS:
            assert len(figure(Sign(form=form, word=word)).kind) <= 5


def test_every_part_is_a_solid_with_a_size_and_a_bone() -> None:
    for kind in KINDS:
        made = figure(Prop(prop=kind, look=3))
        used = np.array([0, 1, 3, 2, 3, 2])[made.kind]
        assert (np.where(np.arange(3) < used[:, None], made.size, 1.0) > 0.0).all()
        assert made.bone.max() < len(Bone) and made.bone.min() >= 0
        np.testing.assert_allclose(
            made.turn @ made.turn.transpose(0, 2, 1), np.tile(np.eye(3), (len(used), 1, 1)), atol=1e-9
        )
        assert (np.linalg.det(made.turn) > 0.99).all()
        assert (made.albedo >= 0.0).all() and (made.albedo <= 1.0).all()


@pytest.mark.parametrize("kind", ["chair", "table", "sofa", "bench", "house", "tower", "fence", "wall", "bed"])
@pytest.mark.parametrize("colour", ["red", "blue", "yellow", "white"])
def test_what_is_painted_has_the_colour_asked_for(kind: PropKind, colour: Colour) -> None:
    for look in LOOKS:
        made = figure(Prop(prop=kind, colour=colour, look=look))
        asked = np.array(COLOURS[colour])
        near = np.abs(made.albedo - asked).max(axis=1) < 0.11
        assert near.sum() >= 1
        if kind not in ("house", "bed"):  # these show as much of a roof or of linen
            shown = seen_widest(Prop(prop=kind, colour=colour, look=look))
            assert min(COLOURS, key=lambda name: float(np.abs(np.array(COLOURS[name]) - shown).sum())) == colour


def test_trees_and_rocks_have_their_own_colour() -> None:
    for kind in (*TREES, "rock"):
        red, blue = (figure(Prop(prop=kind, colour=colour)).albedo for colour in ("red", "blue"))
        np.testing.assert_array_equal(red, blue)
    for kind in TREES:
        assert (figure(Prop(prop=kind)).albedo.mean(axis=0).argmax()) == 1  # green on the whole


def test_lamps_shine_and_towers_have_windows() -> None:
    for kind in ("lamp", "street lamp"):
        assert (figure(Prop(prop=kind)).texture == GLOW).any()
    assert (figure(Prop(prop="tower")).texture == WINDOWS).any()


def test_the_extent_holds_every_part_and_grows_with_size() -> None:
    for kind in KINDS:
        for look in LOOKS:
            prop = Prop(prop=kind, look=look)
            wide, deep, high = extent(prop)
            low, top = bounds(figure(prop, seed=9))
            assert (np.abs([low[1], top[1]]) <= wide + 1e-6).all()
            assert (np.abs([low[0], top[0]]) <= deep + 1e-6).all()
            assert top[2] <= high + 1e-6
            np.testing.assert_allclose(
                extent(prop.model_copy(update={"size": 2.0})), (2 * wide, 2 * deep, 2 * high), rtol=1e-5
            )


def test_things_have_believable_heights() -> None:
    tall = {kind: extent(Prop(prop=kind))[2] for kind in KINDS}
    assert 0.7 < tall["table"] < 0.8 < tall["chair"] < 1.1
    assert tall["chair"] < tall["lamp"] < tall["shelf"] < tall["house"] < tall["tower"]
    assert 3.5 < tall["oak"] < 7.0 and 3.5 < tall["palm"] < 7.0
    assert tall["bush"] < 1.3 < tall["street lamp"]


def test_the_shape_comes_from_the_fields_and_the_rng_only_shades() -> None:
    for kind in KINDS:
        one, two = figure(Prop(prop=kind), seed=1), figure(Prop(prop=kind), seed=2)
        np.testing.assert_array_equal(one.size, two.size)
        np.testing.assert_array_equal(one.offset, two.offset)
        assert np.abs(one.albedo - two.albedo).max() < 0.13
    crowns = [figure(Prop(prop="oak", look=look)).offset for look in (1, 2)]
    assert np.abs(crowns[0] - crowns[1]).max() > 0.05


@pytest.mark.parametrize("form", FORMS)
def test_every_word_has_a_panel_wide_enough_for_it(form: SignForm) -> None:
    for word in WORDS:
        made = figure(Sign(form=form, word=word, colour="yellow"))
        panel = made.texture == SIGN
        assert panel.sum() == 1 and made.words == (word,)
        assert (made.kind[panel] == BOX).all() and made.detail[panel] == 0
        thick, half_width, half_height = made.size[panel][0]
        assert thick < 0.03
        letter = 2.0 * half_width / len(word)
        assert letter > 0.5 * 2.0 * half_height  # letters are at least half as wide as the panel is high
        # When the panel fills half of 256 pixels, a letter has at least 14 of them, and 14 upwards.
        assert 128.0 / len(word) > 14.0 and 128.0 * half_height / half_width > 14.0
        np.testing.assert_allclose(made.albedo[panel][0], COLOURS["yellow"], rtol=1e-5)


def test_nothing_of_a_sign_hides_its_panel() -> None:
    for form in FORMS:
        made = figure(Sign(form=form, word="HELLO"))
        front = float((made.offset[:, 0] + made.size[:, 0])[made.texture == SIGN][0])
        panel = int(np.flatnonzero(made.texture == SIGN)[0])
        half = made.size[panel, 1]
        for k in range(len(made.kind)):
            low, high = bounds(_only(made, k))
            beside = low[1] > half - 0.01 or high[1] < 0.01 - half
            apart = low[2] > made.offset[panel, 2] + made.size[panel, 2] - 0.01
            if k != panel and not beside and not apart:
                assert high[0] < front


def test_a_prop_stands_still_where_it_is_put() -> None:
    times = np.linspace(0.0, 3.0, 7)
    for member in (Prop(prop="lamp", position=(1.0, 2.0), facing=30.0), Sign(position=(1.0, 2.0), facing=30.0)):
        bones, heard = act(member, times)
        assert heard == () and bones.position.shape == (7, len(Bone), 3)
        np.testing.assert_allclose(bones.position, np.broadcast_to((1.0, 2.0, 0.0), bones.position.shape))
        np.testing.assert_allclose(bones.rotation, np.broadcast_to(heading(30.0), bones.rotation.shape))


@pytest.mark.parametrize("kind", TREES)
def test_trees_sway_a_little_smoothly_and_come_back(kind: PropKind) -> None:
    tree = Prop(prop=kind, position=(2.0, 5.0), facing=40.0)
    made, times = figure(tree), np.arange(0.0, 8.0, 1.0 / 24.0)
    bones, _ = act(tree, times)
    places, turns = made.posed(bones)
    top = places[:, np.argmax(made.offset[:, 2])]
    moved = np.ptp(top, axis=0).max()
    assert 0.004 < moved / made.offset[:, 2].max() < 0.06
    assert np.abs(np.diff(top, axis=0)).max() < 0.02
    np.testing.assert_allclose(places[: len(times) // 2], places[len(times) // 2 :], atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(turns[::40]), 1.0, atol=1e-9)
    rooted = made.bone == Bone.ROOT
    assert rooted.any() and np.ptp(places[:, rooted], axis=0).max() == 0.0


def test_the_front_of_a_sign_looks_where_the_sign_faces() -> None:
    sign = Sign(word="STOP", facing=0.0)
    made = figure(sign)
    places, turns = made.posed(act(sign, np.zeros(1))[0])
    panel = int(np.flatnonzero(made.texture == SIGN)[0])
    np.testing.assert_allclose(turns[0, panel] @ (1.0, 0.0, 0.0), (0.0, -1.0, 0.0), atol=1e-9)  # to the camera
    np.testing.assert_allclose(
        turns[0, panel] @ (0.0, 1.0, 0.0), (1.0, 0.0, 0.0), atol=1e-9
    )  # writing runs to the right
    assert places[0, panel, 1] == places[0, :, 1].min()

"""Tests of animals: planted feet stay, bones keep their lengths, leaps follow gravity, coats are the ones asked for."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from vitascope.world.animals import BODIES, COATS, LEGS, Bone, act, build, height, length
from vitascope.world.figure import Bones, Figure, heading
from vitascope.world.scene import ABILITIES, Animal, AnimalAction, Coat, Species
from vitascope.world.solids import BOX, CAPSULE, CYLINDER, SPHERE, hit

SPECIES: tuple[Species, ...] = get_args(Species)
DOINGS = [(species, action) for species in SPECIES for action in ABILITIES[species]]
TIMES = np.arange(121) / 40.0
MOST = 24  # parts


def looks(animal: Animal, seed: int = 0) -> Figure:
    return build(animal, np.random.default_rng(seed))


def reach(figure: Figure, bones: Bones, axis: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and greatest world coordinate of every part along an axis: [T, P] each."""
    position, rotation = figure.posed(bones)
    turn = np.abs(rotation[:, :, axis])  # [T, P, 3] of the axis in each part's own frame
    size, kind = figure.size.astype(np.float64), figure.kind
    pipe = size[:, 0] + size[:, 1] * turn[..., 2]
    can = size[:, 0] * np.hypot(turn[..., 0], turn[..., 1]) + size[:, 1] * turn[..., 2]
    far = np.linalg.norm(turn * size, axis=-1)
    far = np.where(kind == SPHERE, size[:, 0], np.where(kind == CAPSULE, pipe, np.where(kind == CYLINDER, can, far)))
    far = np.where(kind == BOX, (turn * size).sum(axis=-1), far)
    return position[..., axis] - far, position[..., axis] + far


def feet(animal: Animal) -> tuple[int, ...]:
    """The bones of the feet that it stands on."""
    return tuple(leg + 2 for leg in (LEGS[2:] if animal.species == "bird" else LEGS))


def soles(animal: Animal, bones: Bones) -> list[tuple[NDArray[np.float64], NDArray[np.bool_]]]:
    """For each foot its ankle [T, 3], and when it stands on the ground [T]."""
    body, found = BODIES[animal.species], []
    for bone in feet(animal):
        leg = body.fore if bone < Bone.HIND_LEFT else body.hind
        ankle = bones.position[:, bone]
        found.append((ankle, ankle[:, 2] < (leg.ankle + 0.0005) * animal.size))
    return found


@pytest.mark.parametrize(("species", "action"), [d for d in DOINGS if d[1] != "fly"])
@pytest.mark.parametrize("speed", [0.0, 1.7])
def test_a_planted_foot_does_not_slide(species: Species, action: AnimalAction, speed: float) -> None:
    animal = Animal(species=species, action=action, facing=63.0, phase=0.37, size=1.2, speed=speed)
    for ankle, down in soles(animal, act(animal, TIMES)[0]):
        assert down.mean() > 0.1
        assert down.all() == (action in ("stand", "eat"))
        starts = np.flatnonzero(np.diff(np.concatenate([[False], down, [False]]).astype(int)))
        for first, last in zip(starts[::2], starts[1::2], strict=True):
            assert np.ptp(ankle[first:last, :2], axis=0).max() < 0.015 * max(1.0, height(animal))


@pytest.mark.parametrize(("species", "action"), DOINGS)
def test_nothing_goes_under_the_ground_and_the_parts_stay_within_the_budget(
    species: Species, action: AnimalAction
) -> None:
    for phase in (0.0, 0.61):
        animal = Animal(species=species, action=action, phase=phase)
        figure, (bones, _) = looks(animal), act(animal, TIMES)
        low, _ = reach(figure, bones, 2)
        assert low.min() > -0.003 * height(animal)
        assert len(figure.kind) <= MOST
        assert figure.bone.max() < len(Bone) == bones.position.shape[1]
        if action in ("stand", "eat"):
            assert low.min(axis=1).max() < 0.01 * height(animal)


@pytest.mark.parametrize(("species", "action"), DOINGS)
def test_limbs_keep_their_lengths_and_bones_are_never_bent_out_of_shape(species: Species, action: AnimalAction) -> None:
    animal = Animal(species=species, action=action, size=0.8, phase=0.2)
    bones, _ = act(animal, TIMES)
    body = BODIES[species]
    rows = [(Bone.NECK, Bone.HEAD, body.neck[2])]
    for bone in LEGS[2:] if species == "bird" else LEGS:
        leg = body.fore if bone < Bone.HIND_LEFT else body.hind
        rows += [(bone, bone + 1, leg.upper), (bone + 1, bone + 2, leg.lower)]  # type: ignore[list-item]
    for one, other, long in rows:
        apart = np.linalg.norm(bones.position[:, one] - bones.position[:, other], axis=1)
        assert np.abs(apart / (0.8 * long) - 1.0).max() < 1e-6
        if one in LEGS or one - 1 in LEGS:  # the next bone hangs straight down from it
            down = bones.position[:, one] - 0.8 * long * bones.rotation[:, one, :, 2]
            assert np.abs(bones.position[:, other] - down).max() < 1e-9
    product = bones.rotation @ np.swapaxes(bones.rotation, -1, -2)
    assert np.abs(product - np.eye(3)).max() < 1e-9
    assert np.linalg.det(bones.rotation).min() > 0.0


@pytest.mark.parametrize(("species", "action"), DOINGS)
def test_motion_is_smooth(species: Species, action: AnimalAction) -> None:
    """Nothing jumps: in a tenth of the time each bone moves and turns about a tenth as far."""
    animal = Animal(species=species, action=action, phase=0.9)
    coarse, fine = act(animal, np.linspace(0.0, 1.7, 103))[0], act(animal, np.linspace(0.0, 1.7, 1021))[0]
    for some, more in ((coarse.position, fine.position), (coarse.rotation, fine.rotation)):
        step, short = np.abs(np.diff(some, axis=0)).max(), np.abs(np.diff(more, axis=0)).max()
        assert short < 0.35 * step
    assert np.abs(np.diff(coarse.rotation, axis=0)).max() < 1.3  # in a sixtieth of a second


@pytest.mark.parametrize("species", [s for s in SPECIES if "jump" in ABILITIES[s]])
@pytest.mark.parametrize("size", [0.6, 1.5])
def test_a_leap_is_a_parabola_under_gravity(species: Species, size: float) -> None:
    animal = Animal(species=species, action="jump", size=size, phase=0.4)
    times = np.arange(901) / 300.0
    bones, _ = act(animal, times)
    up = np.all([~down for _, down in soles(animal, bones)], axis=0)
    up &= np.roll(up, 12) & np.roll(up, -12)
    z = bones.position[:, Bone.CHEST, 2]
    pull = (z[2:] - 2.0 * z[1:-1] + z[:-2]) * 300.0**2
    assert up.mean() > 0.1
    assert np.abs(pull[up[1:-1]] / -9.81 - 1.0).max() < 0.02
    assert z.max() > BODIES[species].spine * size + 0.8 * BODIES[species].leap[0] * size


@pytest.mark.parametrize("species", ["dog", "cat", "horse", "cow", "sheep", "rabbit"])
def test_a_run_has_moments_with_all_feet_in_the_air_and_a_walk_has_none(species: Species) -> None:
    for action in ("walk", "run"):
        animal = Animal(species=species, action=action)
        down = np.array([down for _, down in soles(animal, act(animal, TIMES)[0])])
        if action == "run":
            assert (down.sum(axis=0) == 0).mean() > 0.05
        elif species != "rabbit":  # which hops
            assert down.sum(axis=0).min() >= 2


def test_a_walk_is_four_beats_that_are_evenly_apart() -> None:
    animal = Animal(species="horse", action="walk")
    steps = [c.time for c in act(animal, TIMES)[1] if c.kind == "footstep"]
    assert len(steps) >= 8
    assert np.ptp(np.diff(steps)) < 0.01


@pytest.mark.parametrize("species", SPECIES)
def test_a_step_is_heard_when_and_where_a_foot_comes_down(species: Species) -> None:
    animal = Animal(species=species, action="walk", facing=-90.0, phase=0.15)
    bones, heard = act(animal, TIMES)
    marks = [
        (ankle[i], TIMES[i]) for ankle, down in soles(animal, bones) for i in np.flatnonzero(down[1:] & ~down[:-1]) + 1
    ]
    assert len(marks) > 3
    for place, time in marks:
        near = [c for c in heard if c.kind == "footstep" and abs(c.time - time) < 0.05]
        assert min(np.hypot(*(np.array(c.point)[:2] - place[:2])) for c in near) < 0.1 * max(1.0, height(animal))


@pytest.mark.parametrize("species", SPECIES)
@pytest.mark.parametrize("action", ["walk", "run"])
def test_it_goes_along_its_facing_with_its_speed_and_is_at_its_position_halfway(
    species: Species, action: AnimalAction
) -> None:
    animal = Animal(species=species, action=action, facing=90.0, position=(0.3, -0.2), speed=1.1)
    chest = act(animal, TIMES)[0].position[:, Bone.CHEST]
    assert chest[60, :2] == pytest.approx([0.3, -0.2], abs=1e-9)
    assert chest[-1, :2] - chest[0, :2] == pytest.approx([3.3, 0.0], abs=1e-9)


@pytest.mark.parametrize("species", [s for s in SPECIES if s != "elephant"])
def test_eating_brings_the_head_to_the_ground(species: Species) -> None:
    animal = Animal(species=species, action="eat", facing=20.0)
    figure, (bones, _) = looks(animal), act(animal, TIMES)
    low = reach(figure, bones, 2)[0][:, figure.bone == Bone.HEAD].min(axis=1)
    assert low.min() < 0.05 * height(animal)
    ahead = (bones.position[:, Bone.HEAD] - bones.position[:, Bone.CHEST]) @ heading(20.0)[:, 0]
    assert ahead.min() > 0.0


def test_an_elephant_eats_from_its_trunk() -> None:
    animal = Animal(species="elephant", action="eat")
    figure, (bones, _) = looks(animal), act(animal, np.arange(240) / 60.0)
    tip = reach(figure, bones, 2)[0][:, figure.bone == Bone.TRUNK_TIP].min(axis=1)
    assert tip.min() < 0.35
    assert tip.max() > 0.9


def test_a_bird_flies_level_with_beating_wings_and_then_glides() -> None:
    animal = Animal(species="bird", action="fly", facing=90.0)
    bones, _ = act(animal, np.arange(288) / 60.0)
    height_above = bones.position[:, Bone.CHEST, 2]
    assert height_above.min() > 1.0
    assert np.ptp(height_above) < 0.3
    raised = bones.rotation[:, Bone.WING_LEFT, 2, 1]  # the height that a metre of wing gains
    assert raised.max() > 0.5
    assert raised.min() < -0.4
    beats = np.abs(np.diff(raised))
    assert beats[60:120].max() > 3.0 * min(beats[i : i + 20].max() for i in range(0, 260, 10))
    mirrored = bones.rotation[:, Bone.WING_RIGHT, 2, 1]
    assert np.abs(mirrored + raised).max() < 1e-9


@pytest.mark.parametrize("species", SPECIES)
def test_what_a_species_cannot_do_is_refused_by_name(species: Species) -> None:
    for action in get_args(AnimalAction):
        if action not in ABILITIES[species]:
            with pytest.raises(ValueError, match=f"'{action}'; of a {species}, stand"):
                Animal(species=species, action=action)
    assert ("fly" in ABILITIES[species]) == (species == "bird")


@pytest.mark.parametrize("species", SPECIES)
def test_height_and_length_are_those_of_the_figure(species: Species) -> None:
    animal = Animal(species=species, facing=90.0, size=1.4)
    figure, (bones, _) = looks(animal), act(animal, TIMES)
    (left, right), (_, top) = reach(figure, bones, 0), reach(figure, bones, 2)
    assert top.max(axis=1).mean() == pytest.approx(height(animal), rel=0.04)
    assert (right.max(axis=1) - left.min(axis=1)).mean() == pytest.approx(length(animal), rel=0.06)


def seen(figure: Figure, bones: Bones, tall: float) -> NDArray[np.int64]:
    """The parts met by an even grid of level rays from the left, one entry for each ray that meets one."""
    position, rotation = (poses[0] for poses in figure.posed(bones))
    away, found = np.array([0.0, 1.0, -0.2]), []
    for x in np.linspace(-0.7, 0.7, 26):
        for z in np.linspace(0.02, 1.0, 16):
            start = np.einsum("pij,pi->pj", rotation, tall * np.array([x, 0.0, z]) - 20.0 * away - position)
            ray = np.einsum("pij,i->pj", rotation, away)
            far = [
                hit(int(k), *map(float, (*s, *o, *d)))
                for k, s, o, d in zip(figure.kind, figure.size, start, ray, strict=True)
            ]
            if min(far) < 1e29:
                found.append(int(np.argmin(far)))
    return np.array(found)


@pytest.mark.parametrize("species", SPECIES)
def test_the_coat_is_the_one_asked_for(species: Species) -> None:
    """What is seen from its side is on the whole nearer to its own coat than to any other."""
    animal = Animal(species=species, facing=90.0)
    parts = seen(looks(animal), act(animal, TIMES[:1])[0], height(animal))
    assert len(parts) > 60
    for coat in get_args(Coat):
        figure = looks(Animal(species=species, coat=coat), seed=5)
        shown = np.median(figure.albedo[parts], axis=0)
        names = list(COATS)
        away = [float(np.linalg.norm(np.sqrt(shown) - np.sqrt(COATS[name]))) for name in names]
        assert names[int(np.argmin(away))] == coat
        assert min(away) < 0.13


def test_coats_are_clearly_told_apart() -> None:
    shown = [np.sqrt(np.array(colour)) for colour in COATS.values()]
    apart = [np.linalg.norm(a - b) for i, a in enumerate(shown) for b in shown[:i]]
    assert min(apart) > 0.2


@pytest.mark.parametrize("species", SPECIES)
def test_same_generator_same_figure_and_measures_do_not_hang_on_it(species: Species) -> None:
    animal = Animal(species=species)
    one, same, other = looks(animal, 3), looks(animal, 3), looks(animal, 4)
    assert np.array_equal(one.albedo, same.albedo)
    assert not np.array_equal(one.albedo, other.albedo)
    assert np.array_equal(one.size, other.size)
    first, again = act(animal, TIMES), act(animal, TIMES)
    assert np.array_equal(first[0].position, again[0].position)
    assert first[1] == again[1]


def test_some_that_stand_are_heard_and_not_all() -> None:
    heard = [c for k in range(20) for c in act(Animal(species="dog", phase=k / 20), TIMES)[1] if c.kind == "animal"]
    assert 3 <= len(heard) <= 17
    assert {c.materials for c in heard} == {("dog",)}
    assert all(0.0 <= c.time <= 3.0 and c.point[2] > 0.4 for c in heard)


@pytest.mark.parametrize(("species", "action"), DOINGS)
def test_a_single_picture_can_be_taken(species: Species, action: AnimalAction) -> None:
    bones, _ = act(Animal(species=species, action=action, position=(1.0, 2.0)), np.array([0.4]))
    assert bones.position.shape == (1, len(Bone), 3)
    assert bones.position[0, Bone.CHEST, :2] == pytest.approx([1.0, 2.0], abs=1e-9)

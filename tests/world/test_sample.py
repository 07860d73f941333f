"""Scenes are drawn the same way every time, with every word, and the held-out triples stay out of training."""

from collections import Counter
from typing import get_args

import numpy as np
import pytest

from vitascope.shot.camera import MoveKind
from vitascope.world.sample import recolour, sample_scene
from vitascope.world.scene import (
    ACTIONS,
    COLOURS,
    GROUNDS,
    PLACES,
    SHAPES,
    STYLES,
    TIMES,
    Animal,
    Expression,
    Person,
    PersonAction,
    Scene,
    SceneError,
    ShotSize,
    Sign,
    SkyName,
    Species,
    Split,
    Vehicle,
    VehicleKind,
    Who,
    held_out,
    subjects,
    triples,
)


def scenes(count: int, split: Split = "train") -> list[Scene]:
    return [sample_scene(np.random.default_rng([7, i]), split=split) for i in range(count)]


def test_the_same_numbers_draw_the_same_scene() -> None:
    assert scenes(20) == scenes(20)


def test_held_out_triples_never_enter_training() -> None:
    for scene in scenes(2000):
        assert not any(held_out(t.colour, t.shape, t.action) for t in scene.things)


def test_held_out_scenes_act_only_in_held_out_ways() -> None:
    for scene in scenes(200, "held_out"):
        acting = [t for t in scene.things if t.action != "stand"] or list(scene.things)
        assert all(held_out(t.colour, t.shape, t.action) for t in acting)


def test_every_word_is_drawn() -> None:
    made = scenes(600)
    both = [sample_scene(np.random.default_rng([7, i]), level=2) for i in range(200)]
    assert {t.action for scene in both for t in scene.things} >= {"collide"}
    things = [thing for scene in made for thing in scene.things]
    assert {t.shape for t in things} == set(SHAPES)
    assert {t.colour for t in things} == set(COLOURS)
    assert {t.action for t in things} == set(ACTIONS) - {"collide", "throw", "swing"}
    assert {s.ground for s in made} == set(GROUNDS)
    assert {s.time for s in made} == set(TIMES)
    still = Counter(all(t.action == "stand" for t in scene.things) for scene in made)[True] / len(made)
    assert 0.02 < still < 0.12


def test_recolouring_keeps_the_motion_and_the_split() -> None:
    for i, scene in enumerate(scenes(100)):
        other = recolour(scene, np.random.default_rng([8, i]))
        for before, after in zip(scene.things, other.things, strict=True):
            assert before.model_copy(update={"colour": after.colour}) == after
            assert not held_out(after.colour, after.shape, after.action)


def test_unknown_levels_and_splits_are_refused() -> None:
    with pytest.raises(SceneError, match="level was 9"):
        sample_scene(np.random.default_rng(0), level=9)
    with pytest.raises(SceneError, match="split was 'test'"):
        sample_scene(np.random.default_rng(0), split="test")  # type: ignore[arg-type]


@pytest.mark.parametrize("level", [2, 3, 4])
def test_higher_levels_draw_all_that_they_promise(level: int) -> None:
    made = [sample_scene(np.random.default_rng([9, i]), level) for i in range(700)]
    members = [member for scene in made for member in subjects(scene)[1]]
    assert {scene.style for scene in made} == set(STYLES)
    assert {scene.place for scene in made} == set(PLACES)
    assert {scene.sky for scene in made} == set(get_args(SkyName))
    vehicles = {member.vehicle for member in members if isinstance(member, Vehicle)}
    assert vehicles == set(get_args(VehicleKind))
    people = [member for member in members if isinstance(member, Person)]
    animals = [member for member in members if isinstance(member, Animal)]
    if level == 2:
        assert not people and not animals
        assert {t.action for scene in made for t in scene.things} == set(ACTIONS)
    else:
        assert {person.who for person in people} == set(get_args(Who))
        assert {person.action for person in people} == set(get_args(PersonAction))
        assert {animal.species for animal in animals} == set(get_args(Species))
        assert {animal.action for animal in animals} >= {"stand", "walk", "run", "jump", "eat"}
    if level == 4:
        assert {person.expression for person in people} == set(get_args(Expression))
        assert {scene.shot_size for scene in made} == set(get_args(ShotSize))
        assert len({member.word for member in members if isinstance(member, Sign)}) > 15
    moves = {move.kind for scene in made for move in scene.camera.moves}
    assert moves == set(get_args(MoveKind))


@pytest.mark.parametrize("level", [2, 4])
def test_held_out_triples_of_the_cast_stay_out_of_training(level: int) -> None:
    for i in range(300):
        scene = sample_scene(np.random.default_rng([10, i]), level)
        assert not any(held_out(*triple) for triple in triples(scene))
    for i in range(40):
        scene = sample_scene(np.random.default_rng([11, i]), level, "held_out")
        assert any(held_out(*triple) for triple in triples(scene))


def test_a_style_can_be_fixed() -> None:
    assert all(sample_scene(np.random.default_rng(i), 2, style="noir").style == "noir" for i in range(9))
    with pytest.raises(SceneError, match="style was 'baroque'"):
        sample_scene(np.random.default_rng(0), 2, style="baroque")  # type: ignore[arg-type]

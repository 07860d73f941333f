"""Scenes are drawn the same way every time, with every word, and the held-out triples stay out of training."""

from collections import Counter

import numpy as np
import pytest

from vitascope.world.sample import recolour, sample_scene
from vitascope.world.scene import ACTIONS, COLOURS, GROUNDS, SHAPES, TIMES, Scene, SceneError, Split, held_out


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

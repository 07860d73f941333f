"""Scenes are valid values, drawn the same way every time, and the held-out triples stay out of training."""

from collections import Counter

import numpy as np
import pytest

from vitascope.world.scene import (
    ACTIONS,
    COLOURS,
    GROUNDS,
    SHAPES,
    TIMES,
    Scene,
    SceneError,
    Split,
    held_out,
    recolour,
    sample_scene,
)


def scenes(count: int, split: Split = "train") -> list[Scene]:
    return [sample_scene(np.random.default_rng([7, i]), split=split) for i in range(count)]


def test_held_out_triples_never_enter_training() -> None:
    for scene in scenes(2000):
        assert not any(held_out(t.colour, t.shape, t.action) for t in scene.things)


def test_held_out_scenes_act_only_in_held_out_ways() -> None:
    for scene in scenes(200, "held_out"):
        acting = [t for t in scene.things if t.action != "stand"] or list(scene.things)
        assert all(held_out(t.colour, t.shape, t.action) for t in acting)


def test_about_a_tenth_of_the_triples_is_held_out() -> None:
    triples = [held_out(c, s, a) for c in COLOURS for s in SHAPES for a in ACTIONS]
    assert 0.07 < np.mean(triples) < 0.13


def test_the_held_out_choice_is_fixed_for_ever() -> None:
    assert held_out("green", "ball", "bounce")
    assert held_out("pink", "ball", "bounce")
    assert held_out("yellow", "ball", "fall")
    assert held_out("blue", "ball", "collide")
    assert not held_out("red", "ball", "bounce")
    assert not held_out("blue", "cube", "slide")


def test_every_word_is_drawn() -> None:
    made = scenes(600)
    things = [thing for scene in made for thing in scene.things]
    assert {t.shape for t in things} == set(SHAPES)
    assert {t.colour for t in things} == set(COLOURS)
    assert {t.action for t in things} == set(ACTIONS)
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


def test_a_scene_comes_back_from_json() -> None:
    for scene in scenes(20):
        assert Scene.from_json(scene.to_json()) == scene


def test_wrong_json_is_refused_in_one_line_that_names_the_field() -> None:
    text = scenes(1)[0].to_json().replace('"ground"', '"floor"')
    with pytest.raises(SceneError, match=r"ground|floor") as caught:
        Scene.from_json(text)
    assert "\n" not in str(caught.value)


def test_a_thing_under_the_ground_is_refused() -> None:
    thing = scenes(1)[0].things[0].model_dump()
    with pytest.raises(ValueError, match="z must be 0 or more"):
        type(scenes(1)[0].things[0]).model_validate({**thing, "position": (0.0, 0.0, -1.0)})


def test_unknown_levels_and_splits_are_refused() -> None:
    with pytest.raises(SceneError, match="level was 9"):
        sample_scene(np.random.default_rng(0), level=9)
    with pytest.raises(SceneError, match="split was 'test'"):
        sample_scene(np.random.default_rng(0), split="test")  # type: ignore[arg-type]

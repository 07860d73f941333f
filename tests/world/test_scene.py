"""Scenes are valid values that go through JSON unchanged, and which triples are held out never changes."""

import numpy as np
import pytest

from vitascope.world.sample import sample_scene
from vitascope.world.scene import ACTIONS, COLOURS, SHAPES, Scene, SceneError, held_out


def scenes(count: int) -> list[Scene]:
    return [sample_scene(np.random.default_rng([7, i])) for i in range(count)]


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

"""Captions are true: every word of colour, shape, ground, hour, direction and camera in them is the scene's."""

import re

import numpy as np
import pytest

from vitascope.shot.camera import describe_moves
from vitascope.world.caption import (
    DIRECTION_WORDS,
    GROUND_WORDS,
    MATERIAL_WORDS,
    SHAPE_WORDS,
    TIME_WORDS,
    caption,
)
from vitascope.world.sample import sample_scene
from vitascope.world.scene import COLOURS, Scene


@pytest.fixture(scope="module")
def captions() -> list[tuple[Scene, str]]:
    scenes = [sample_scene(np.random.default_rng([5, i]), split="any") for i in range(2000)]
    return [(scene, caption(scene, np.random.default_rng([6, i]))) for i, scene in enumerate(scenes)]


def found(text: str, words: dict[str, tuple[str, ...]]) -> set[str]:
    """Which entries' words stand in the text, the longest words claimed first."""
    text = text.lower()
    owner: dict[str, set[str]] = {}
    for name, choices in words.items():
        for choice in choices:
            owner.setdefault(choice, set()).add(name)
    names: set[str] = set()
    for choice in sorted(owner, key=len, reverse=True):
        pattern = rf"\b{re.escape(choice)}\b"
        if re.search(pattern, text):
            names |= owner[choice]
            text = re.sub(pattern, "#", text)
    return names


def test_named_colours_are_the_scenes(captions: list[tuple[Scene, str]]) -> None:
    for scene, text in captions:
        assert found(text, {c: (c,) for c in COLOURS}) <= {t.colour for t in scene.things}, text


def test_named_shapes_are_the_scenes(captions: list[tuple[Scene, str]]) -> None:
    for scene, text in captions:
        named = found(text, SHAPE_WORDS)  # type: ignore[arg-type]
        assert named <= {t.shape for t in scene.things}, text
        assert named, text


def test_named_grounds_and_hours_are_the_scenes(captions: list[tuple[Scene, str]]) -> None:
    for scene, text in captions:
        assert found(text, GROUND_WORDS) <= {scene.ground}, text  # type: ignore[arg-type]
        assert found(text, TIME_WORDS) <= {scene.time}, text  # type: ignore[arg-type]


def test_named_materials_are_the_things(captions: list[tuple[Scene, str]]) -> None:
    for scene, text in captions:
        for choices in GROUND_WORDS.values():
            for choice in sorted(choices, key=len, reverse=True):
                text = text.replace(choice, "#").replace(choice[0].upper() + choice[1:], "#")
        words = {name: (*choices, f"made of {name}") for name, choices in MATERIAL_WORDS.items()}
        assert found(text, words) <= {t.material for t in scene.things}, text  # type: ignore[arg-type]


def test_named_directions_are_the_scenes(captions: list[tuple[Scene, str]]) -> None:
    for scene, text in captions:
        text = text.lower().replace(describe_moves(scene.camera.moves) or "#", "#")
        assert found(text, DIRECTION_WORDS) <= {t.direction for t in scene.things}, text  # type: ignore[arg-type]


def test_the_camera_is_told_only_when_it_moves_and_mostly_then(captions: list[tuple[Scene, str]]) -> None:
    told = []
    for scene, text in captions:
        words = describe_moves(scene.camera.moves)
        if words:
            told.append(words in text.lower())
        else:
            assert "the camera pans" not in text.lower()
            assert "the camera zooms" not in text.lower()
    assert 0.6 < np.mean(told) < 0.8


def test_phrasings_are_many_and_neat(captions: list[tuple[Scene, str]]) -> None:
    texts = [text for _, text in captions]
    assert len(set(texts)) > 1800
    for text in texts:
        assert "  " not in text
        assert not re.search(r"\s[,.]|\ba [aeiou]\w|\ban [^aeiou]", text, re.IGNORECASE), text
        assert len(text) < 240
    assert min(len(text.split()) for text in texts) == 2


def test_the_plainest_sentence_is_among_them() -> None:
    thing = {"shape": "ball", "colour": "red", "material": "rubber", "size": (0.4, 0, 0), "position": (0, 0, 2)}
    scene = Scene.model_validate({"things": [{**thing, "action": "bounce"}], "ground": "grass", "time": "sunset"})
    rng = np.random.default_rng(0)
    assert "a red ball bounces on the grass at sunset" in {caption(scene, rng) for _ in range(3000)}


def test_material_is_told_about_a_third_of_the_time(captions: list[tuple[Scene, str]]) -> None:
    single = [(s, t) for s, t in captions if len(s.things) == 1]
    told = [
        any(f" {word} " in f" {t.lower()} " for word in MATERIAL_WORDS[s.things[0].material] if word != "wooden")
        for s, t in single
        if s.things[0].material != "wood"
    ]
    assert 0.18 < np.mean(told) < 0.4

"""The prompts ask for unseen things in words that say them, and a true render shows what its prompt asks for."""

from collections import Counter

import numpy as np
import pytest

from vitascope.evaluate import prompts, renders
from vitascope.evaluate.critic import ANSWERS, PAIR, pair_of
from vitascope.evaluate.prompts import LATER, PROMPTS, USUAL, LaterPrompt, Prompt
from vitascope.world.caption import GROUND_WORDS, TIME_WORDS
from vitascope.world.scene import GROUNDS, MATERIALS, SHAPES, STYLES, TIMES, Scene, held_out

FORTY = PROMPTS[:40]  # in the world's own words


def test_all_prompts_are_of_held_out_triples() -> None:
    assert len({prompt.text for prompt in PROMPTS + LATER}) == len(PROMPTS) + len(LATER) == 85
    assert all(held_out(prompt.colour, prompt.shape, prompt.action) for prompt in PROMPTS)


def test_prompts_cover_every_ground_evenly_and_every_other_answer() -> None:
    assert Counter(prompt.ground for prompt in PROMPTS[:USUAL]) == dict.fromkeys(GROUNDS, 4)
    assert {prompt.shape for prompt in PROMPTS} == set(SHAPES)
    assert {prompt.time for prompt in PROMPTS} == set(TIMES)
    assert {prompt.direction for prompt in PROMPTS} == set(ANSWERS["direction"])
    assert {prompt.material for prompt in PROMPTS} - {None} == set(MATERIALS)
    assert {prompt.camera for prompt in PROMPTS} - {None} == set(ANSWERS["camera"]) - {"still"}
    assert len({prompt.colour for prompt in PROMPTS}) == 9  # no triple with white is held out
    assert {prompt.asked["style"] for prompt in LATER if "style" in prompt.asked} == set(STYLES)


@pytest.mark.parametrize("prompt", FORTY, ids=lambda prompt: prompt.text)
def test_a_prompt_says_what_it_asks_for(prompt: Prompt) -> None:
    assert f" {prompt.colour} {prompt.shape} " in prompt.text
    assert any(words in prompt.text for words in GROUND_WORDS[prompt.ground])
    assert any(words in prompt.text for words in TIME_WORDS[prompt.time])
    said = {"left": "to the left", "right": "to the right", "near": "towards the camera", "away": "away from"}
    verbs = {"bounce": "bounces", "fall": "falls", "stand": "rests", "roll": "rolls", "topple": "topples over"}
    assert f"{verbs[prompt.action]} {said.get(prompt.direction, '')}".strip() in prompt.text
    assert prompt.direction in said or not any(words in prompt.text for words in said.values())


@pytest.mark.parametrize("prompt", PROMPTS[40:], ids=lambda prompt: prompt.text)
def test_a_prompt_in_other_words_names_colour_shape_stuff_and_camera(prompt: Prompt) -> None:
    stuff = "wood" if prompt.material == "wood" else str(prompt.material)
    kind = str(prompt.camera).split()[0]
    said = {"dolly": ("forward", "backs away", "pushes in"), "zoom": ("zoom",), "truck": ("truck",)}
    assert prompt.colour in prompt.text
    assert prompt.shape in prompt.text
    assert stuff in prompt.text
    assert any(word in prompt.text for word in said.get(kind, (kind,)))


def test_answers_are_words_that_the_critic_knows() -> None:
    for prompt in PROMPTS + LATER:
        for name, word in prompt.answer.items():
            assert name == PAIR or word in ANSWERS[name]


def test_a_true_render_is_the_same_each_time_and_another_by_another_number() -> None:
    first = prompts.render(PROMPTS[0], 1)
    assert first.shape == (24, 80, 144, 3)
    assert (first == prompts.render(PROMPTS[0], 1)).all()
    assert (first != prompts.render(PROMPTS[0], 2)).any()


@pytest.mark.parametrize("prompt", [PROMPTS[3], PROMPTS[45], LATER[0], LATER[12], LATER[18], LATER[25]])
def test_the_rendered_scene_is_what_the_prompt_asks_for(
    prompt: Prompt | LaterPrompt, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenes: list[Scene] = []

    def seen(scene: Scene, motion: object, *, whole: bool) -> tuple[None, np.ndarray]:  # type: ignore[type-arg]
        scenes.append(scene)
        return None, np.zeros((1, 1, 1, 3), np.uint8)

    monkeypatch.setattr(renders, "film", seen)
    prompts.render(prompt, 0)
    answer = renders.answer_of(scenes[0])
    if PAIR in prompt.answer:
        answer[PAIR] = pair_of((answer["colour"], answer["shape"]), (answer["other colour"], answer["other shape"]))
    assert prompt.answer.items() <= answer.items()

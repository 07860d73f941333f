"""True renders come with answers that are so and masks that lie on what they are about."""

import numpy as np

from vitascope.evaluate import renders
from vitascope.evaluate.critic import ANSWERS, NUM_READ, SIZE
from vitascope.world.sample import sample_scene


def test_the_answers_are_those_of_the_scene() -> None:
    for index in range(60):
        scene = sample_scene(np.random.default_rng([9, index]), split="any")
        thing, answer = scene.things[0], renders.answer_of(scene)
        assert all(word in ANSWERS[name] for name, word in answer.items())
        assert (answer["direction"] == "down") == (thing.action in ("bounce", "fall"))
        assert (answer["shape"], answer["colour"], answer["action"]) == (thing.shape, thing.colour, thing.action)
        kinds = {move.kind for move in scene.camera.moves}
        assert ("camera" in answer) == (len(scene.camera.moves) < 2 and not kinds & {"roll", "pedestal", "orbit"})
        assert (answer.get("camera") == "still") == (not scene.camera.moves)


def test_of_two_things_the_left_one_comes_first() -> None:
    rng = np.random.default_rng(3)
    scene, _ = renders.happening("things", rng)
    one, other = renders.answer_of(scene, (0, 1)), renders.answer_of(scene, (1, 0))
    assert one["count"] == "two"
    assert "action" not in one
    assert (one["shape"], one["other shape"]) == (other["other shape"], other["shape"])
    assert one["shape"] == scene.things[0].shape


def test_the_same_lesson_is_the_same_bytes_and_its_mask_lies_on_the_thing() -> None:
    first, second = renders.lessons(3, 1), renders.lessons(3, 1)
    assert first[0].answer == second[0].answer
    assert (first[0].frames == second[0].frames).all()
    assert first[0].frames.shape == (NUM_READ, SIZE[1], SIZE[0], 3)
    assert first[0].masks.shape == (NUM_READ, 20, 36, 2)
    assert 0.003 < first[0].masks[..., 0].mean() / 255 < 0.4


def test_grey_styles_have_no_colour_to_be_read() -> None:
    scene = sample_scene(np.random.default_rng(1), split="any")
    assert {"colour", "ground", "time"} <= set(renders.answer_of(scene))
    assert not {"colour", "ground", "time"} & set(renders.answer_of(scene.with_(style="noir")))


def test_what_a_thing_is_made_of_is_drawn_apart_from_what_it_does() -> None:
    rng = np.random.default_rng(4)
    scene, _ = renders.happening("thing", rng, lambda scene: scene.things[0].action == "bounce")
    assert scene.things[0].material in ("rubber", "plastic")
    drawn = {renders.looked(scene, "thing", rng).things[0].material for _ in range(40)}
    assert {"wood", "stone", "metal"} <= drawn


def test_a_camera_is_found_that_does_what_is_asked() -> None:
    rng = np.random.default_rng(5)
    scene = sample_scene(rng, split="any")
    for camera in ("still", "pan left", "zoom in", "dolly out"):
        assert renders.camera_of(renders.filmed(scene, camera, rng)) == camera

"""The camera shows what the scene is about, as large as its shot size says."""

import numpy as np
import pytest

from vitascope.shot.camera import Move
from vitascope.world.framing import in_view, reframe, sample_camera
from vitascope.world.people import Bone
from vitascope.world.physics import simulate
from vitascope.world.scene import Camera, Person, Scene, ShotSize, Sign, Thing
from vitascope.world.stage import path_of
from vitascope.world.tracks import project_all

SIZE = (256, 144)


def person(shot_size: ShotSize, seed: int) -> Scene:
    rng = np.random.default_rng([3, seed])
    scene = Scene(
        cast=(Person(height=float(rng.uniform(1.2, 1.9)), action="talk"),),
        ground="grass",
        time="noon",
        shot_size=shot_size,
        level=4,
    )
    return scene.with_(camera=sample_camera(scene, rng, still=True))


@pytest.mark.parametrize(
    ("shot_size", "least", "most"), [("close", 1.6, 9.0), ("medium", 0.9, 2.2), ("wide", 0.3, 0.75)]
)
def test_a_shot_size_is_how_much_of_a_person_is_seen(shot_size: ShotSize, least: float, most: float) -> None:
    """The whole height of the person, in picture heights."""
    for seed in range(20):
        scene = person(shot_size, seed)
        path = path_of(scene.camera, 2.0, 12.0)
        ends = np.broadcast_to([[0.0, 0.0, 0.0], [0.0, 0.0, scene.cast[0].height]], (24, 2, 3))  # type: ignore[union-attr]
        points, _ = project_all(ends, path, SIZE)
        assert least < points[0, 0, 1] - points[0, 1, 1] < most


def test_a_close_shot_shows_the_head() -> None:
    for seed in range(20):
        scene = person("close", seed)
        motion = simulate(scene)
        head = motion.cast[0].position[:, [Bone.HEAD]]
        points, _ = project_all(head, path_of(scene.camera, 2.0, 12.0), SIZE)
        assert (np.abs(points - 0.5) < (0.2, 0.3)).all()


def test_what_leaves_the_picture_is_seen_to() -> None:
    ball = Thing(shape="ball", colour="red", material="rubber", size=(0.4, 0, 0), position=(0, 0, 0.4))
    scene = Scene(things=(ball,), ground="grass", time="noon")
    motion = simulate(scene)
    assert in_view(scene, motion, SIZE)
    away = scene.with_(camera=Camera(moves=(Move(kind="pan", amount=90.0),)))
    assert not in_view(away, motion, SIZE)
    found = reframe(away, motion, np.random.default_rng(1), SIZE)
    assert found is not None and in_view(found, motion, SIZE)


def test_orbits_go_round_the_subject() -> None:
    scene = person("wide", 1)
    around = scene.with_(camera=scene.camera.model_copy(update={"moves": (Move(kind="orbit", amount=30.0),)}))
    middle = np.broadcast_to([[0.0, 0.0, 0.8]], (24, 1, 3))
    points, _ = project_all(middle, path_of(around.camera, 2.0, 12.0), SIZE)
    assert np.ptp(points[:, 0, 0]) < 0.02


def test_signs_fill_much_of_a_medium_shot() -> None:
    for seed in range(10):
        scene = Scene(cast=(Sign(word="WELCOME"),), ground="grass", time="noon", shot_size="medium", level=4)
        scene = scene.with_(camera=sample_camera(scene, np.random.default_rng(seed), still=True))
        assert in_view(scene, simulate(scene), SIZE)

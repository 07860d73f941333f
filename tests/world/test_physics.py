"""Things move as they would: falling, bouncing, rolling and sliding follow the laws that can be checked by hand."""

import time

import numpy as np
import pytest
from pydantic import ValidationError

from vitascope.world.physics import GRAVITY, mass, simulate, went_as_planned
from vitascope.world.sample import sample_scene
from vitascope.world.scene import MATERIALS, MaterialName, Scene, Thing

RADIUS = 0.4


def ball(**changes: object) -> Thing:
    fields = {
        "shape": "ball",
        "colour": "red",
        "material": "rubber",
        "size": (RADIUS, 0, 0),
        "position": (0, 0, RADIUS),
    }
    return Thing.model_validate({**fields, **changes})


def scene(*things: Thing) -> Scene:
    return Scene(things=things, ground="grass", time="noon")


def test_the_first_frame_shows_the_start() -> None:
    motion = simulate(scene(ball(position=(0.3, 0.2, 1.7))))
    np.testing.assert_allclose(motion.position[0, 0], (0.3, 0.2, 1.7))


def test_free_fall_follows_gravity() -> None:
    fps = 60.0
    motion = simulate(scene(ball(position=(0, 0, 3.0), action="fall")), 0.6, fps)
    t = np.arange(len(motion.position)) / fps
    fallen = 3.0 - motion.position[:, 0, 2]
    np.testing.assert_allclose(fallen[10:], (GRAVITY * t**2 / 2)[10:], rtol=0.005)


@pytest.mark.parametrize("material", list(MATERIALS))
@pytest.mark.parametrize("height", [0.7, 1.0, 1.5])
def test_bounces_follow_restitution(material: MaterialName, height: float) -> None:
    fps = 240.0
    motion = simulate(scene(ball(material=material, position=(0, 0, height + RADIUS), action="fall")), 1.4, fps)
    z = motion.position[:, 0, 2] - RADIUS
    low = int(np.argmin(z[: int(fps * (np.sqrt(2 * height / GRAVITY) + 0.06))]))
    again = z[low : low + 120].max()
    assert np.sqrt(again / height) == pytest.approx(MATERIALS[material].restitution, rel=0.03)


def test_a_rolling_ball_turns_as_far_as_it_travels() -> None:
    speed, fps = 1.3, 24.0
    motion = simulate(scene(ball(velocity=(speed, 0, 0), spin=(0, speed / RADIUS, 0), action="roll")), 2.0, fps)
    steps = np.einsum("tij,tkj->tik", motion.rotation[1:, 0], motion.rotation[:-1, 0])
    angle = np.arccos(np.clip((np.trace(steps, axis1=1, axis2=2) - 1) / 2, -1, 1)).sum()
    travelled = motion.position[-1, 0, 0] - motion.position[0, 0, 0]
    assert travelled > 2.0
    assert angle * RADIUS == pytest.approx(travelled, rel=0.01)


def test_sliding_stops_as_friction_says() -> None:
    cube = Thing.model_validate(
        {
            "shape": "cube",
            "colour": "blue",
            "material": "plastic",
            "size": (0.35, 0.35, 0.35),
            "position": (-1, 0, 0.35),
            "velocity": (2.0, 0, 0),
            "action": "slide",
        }
    )
    motion = simulate(scene(cube), 2.0, 12.0)
    expected = 2.0**2 / (2 * MATERIALS["plastic"].friction * GRAVITY)
    assert motion.position[-1, 0, 0] + 1 == pytest.approx(expected, rel=0.05)


def test_a_drop_is_heard_when_it_lands() -> None:
    motion = simulate(scene(ball(position=(0, 0, 1.2 + RADIUS), action="fall")))
    first = motion.contacts[0]
    assert first.time == pytest.approx(np.sqrt(2 * 1.2 / GRAVITY), abs=0.03)
    assert first.things == (0, -1)
    assert first.materials == ("rubber", "grass")


def test_rolling_is_heard_from_start_to_end() -> None:
    motion = simulate(scene(ball(velocity=(1.2, 0, 0), spin=(0, 1.2 / RADIUS, 0), action="roll")))
    assert [c.kind for c in motion.contacts] == ["roll"]
    assert motion.contacts[0].time == 0.0
    assert motion.contacts[0].seconds > 1.7


def test_a_collision_names_both_and_pushes_both() -> None:
    runner = ball(position=(-1, 0, RADIUS), velocity=(1.5, 0, 0), spin=(0, 1.5 / RADIUS, 0), action="collide")
    motion = simulate(scene(runner, ball(position=(0.5, 0, RADIUS), material="wood", action="collide")))
    hits = [c for c in motion.contacts if set(c.things) == {0, 1}]
    assert hits
    assert set(hits[0].materials) == {"rubber", "wood"}
    assert motion.velocity[-1, 1, 0] > 0.3


def test_what_rests_stays() -> None:
    motion = simulate(scene(ball()))
    assert np.abs(motion.position - motion.position[0]).max() < 0.005
    assert motion.contacts == ()


def test_most_sampled_scenes_go_as_planned() -> None:
    made = [sample_scene(np.random.default_rng([3, i])) for i in range(30)]
    assert np.mean([went_as_planned(s, simulate(s)) for s in made]) > 0.8


def test_same_scene_same_motion() -> None:
    made = sample_scene(np.random.default_rng(11))
    one, two = simulate(made), simulate(made)
    assert one.position.tobytes() == two.position.tobytes()
    assert one.rotation.tobytes() == two.rotation.tobytes()
    assert one.contacts == two.contacts


@pytest.mark.slow
def test_two_seconds_take_well_under_a_tenth_of_a_second() -> None:
    made = [sample_scene(np.random.default_rng([4, i])) for i in range(20)]
    start = time.process_time()
    for s in made:
        simulate(s)
    assert (time.process_time() - start) / len(made) < 0.1


def test_what_is_thrown_flies_a_parabola() -> None:
    fps = 60.0
    thrown = ball(position=(-1.0, 0, 1.0), velocity=(1.8, 0, 3.2), action="throw", direction="right")
    motion = simulate(scene(thrown), 0.6, fps)
    t = np.arange(len(motion.position)) / fps
    np.testing.assert_allclose(motion.position[:, 0, 0], -1.0 + 1.8 * t, atol=1e-3)
    np.testing.assert_allclose(motion.position[:, 0, 2], 1.0 + 3.2 * t - GRAVITY * t**2 / 2, atol=5e-3)


def test_what_swings_keeps_its_rope_and_the_period_of_a_pendulum() -> None:
    length, angle, fps = 1.6, np.radians(25.0), 120.0
    pivot = (0.0, 0.0, 2.2)
    start = (length * np.sin(angle), 0.0, pivot[2] - length * np.cos(angle))
    motion = simulate(scene(ball(position=start, pivot=pivot, action="swing")), 4.0, fps)
    path = motion.position[:, 0] - pivot
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), length, rtol=0.005)
    crossings = np.flatnonzero(np.diff(np.sign(path[:, 0])) != 0)
    half = np.diff(crossings).mean() / fps
    inertia = length**2 + 0.4 * RADIUS**2  # of a solid ball about the pivot, per kilogram
    small = 2 * np.pi * np.sqrt(inertia / (GRAVITY * length))
    swing = small * (1 + angle**2 / 16 + 11 * angle**4 / 3072)
    assert 2 * half == pytest.approx(swing, rel=0.01)
    assert motion.contacts == ()


@pytest.mark.parametrize("fields", [{"action": "swing"}, {"pivot": (0, 0, 2)}])
def test_only_what_swings_has_a_pivot(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="pivot"):
        ball(**fields)


def test_a_pair_that_meets_in_the_air_keeps_its_momentum() -> None:
    heavy = ball(material="stone", position=(-0.9, 0, 4.0), velocity=(1.5, 0, 0), action="collide")
    light = ball(material="rubber", position=(0.9, 0.1, 4.0), velocity=(-1.0, 0, 0), action="collide")
    fps = 120.0
    motion = simulate(scene(heavy, light), 0.75, fps)
    masses = np.array([mass(heavy), mass(light)])
    momentum = np.einsum("p,tpi->ti", masses, motion.velocity)  # kg m/s
    assert np.abs(motion.velocity[-1, :, 0] - motion.velocity[0, :, 0]).min() > 0.2  # they did meet
    np.testing.assert_allclose(momentum[-1, :2], momentum[0, :2], atol=0.01 * np.abs(momentum[0, 0]))
    assert any(set(contact.things) == {0, 1} for contact in motion.contacts)

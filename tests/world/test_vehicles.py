"""Tests of vehicles: they roll without slipping, stand on the ground, measure what they say and wear their colour."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from vitascope.world import vehicles
from vitascope.world.figure import Bones, Figure, heading
from vitascope.world.scene import COLOURS, Colour, Vehicle, VehicleKind
from vitascope.world.solids import BOX, CAPSULE, CYLINDER, SPHERE, hit
from vitascope.world.vehicles import FRAMES, Bone, act, build, height, length

KINDS: tuple[VehicleKind, ...] = get_args(VehicleKind)
TIMES = np.arange(121) / 60.0
MOST = 26  # parts


def looks(vehicle: Vehicle, seed: int = 0) -> Figure:
    return build(vehicle, np.random.default_rng(seed))


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


@pytest.mark.parametrize("kind", KINDS)
def test_a_wheel_rolls_without_slipping(kind: VehicleKind) -> None:
    vehicle = Vehicle(vehicle=kind, action="drive", facing=37.0, size=0.8)
    bones, _ = act(vehicle, TIMES)
    ahead = heading(37.0)[:, 0]
    for bone, (_, radius, _, _) in vehicles._wheels(FRAMES[kind]):
        hub, turn = bones.position[:, bone], bones.rotation[:, bone]
        assert hub[:, 2] == pytest.approx(radius * 0.8)
        # The mark that touches the ground at one moment is at rest there.
        for i in (10, 70):
            mark = turn[i].T @ np.array([0.0, 0.0, -radius * 0.8])
            path = hub + turn @ mark
            speed = (path[i + 1] - path[i - 1]) * 30.0
            going = float((hub[i + 1] - hub[i - 1]) @ ahead) * 30.0
            assert going > 1.0
            assert np.linalg.norm(speed) < 0.01 * going


@pytest.mark.parametrize("kind", KINDS)
def test_the_wheels_stand_on_the_ground_and_nothing_is_below_it(kind: VehicleKind) -> None:
    for action in ("stand", "drive"):
        vehicle = Vehicle(vehicle=kind, action=action, size=1.3)
        figure, (bones, _) = looks(vehicle), act(vehicle, TIMES)
        low, _ = reach(figure, bones, 2)
        wheels = figure.bone != Bone.BODY
        assert np.abs(low[:, wheels]).max() < 1e-5
        assert low[:, ~wheels].min() > 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_length_and_height_are_those_of_the_figure(kind: VehicleKind) -> None:
    vehicle = Vehicle(vehicle=kind, facing=90.0, size=0.7)
    figure, (bones, _) = looks(vehicle), act(vehicle, TIMES[:1])
    (left, right), (_, top) = reach(figure, bones, 0), reach(figure, bones, 2)
    assert right.max() - left.min() == pytest.approx(length(vehicle), rel=0.03)
    assert top.max() == pytest.approx(height(vehicle), rel=0.02)


def seen(figure: Figure, bones: Bones, facing: float) -> NDArray[np.int64]:
    """The parts met by an even grid of rays from far away, one entry for each ray that meets one."""
    position, rotation = (poses[0] for poses in figure.posed(bones))
    away = heading(facing)[:, 0] + np.array([0.0, 0.0, -0.35])
    middle = np.array([0.0, 0.0, position[:, 2].mean()])
    found = []
    for across in np.linspace(-0.5, 0.5, 30):
        for up in np.linspace(-0.5, 0.5, 16):
            aim = middle + length(Vehicle(vehicle="bus")) * (
                across * heading(facing)[:, 1] + np.array([0.0, 0.0, 0.5 * up])
            )
            start = np.einsum("pij,pi->pj", rotation, aim - 20.0 * away - position)
            ray = np.einsum("pij,i->pj", rotation, away)
            far = [
                hit(int(k), *map(float, (*s, *o, *d)))
                for k, s, o, d in zip(figure.kind, figure.size, start, ray, strict=True)
            ]
            if min(far) < 1e29:
                found.append(int(np.argmin(far)))
    return np.array(found)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("colour", ["red", "white", "black"])
def test_its_own_colour_is_exact_and_seen_most(kind: VehicleKind, colour: Colour) -> None:
    vehicle = Vehicle(vehicle=kind, colour=colour, size=1.0 if kind in ("bus", "truck") else 1.8)
    figure, (bones, _) = looks(vehicle), act(vehicle, TIMES[:1])
    assert len(figure.kind) <= MOST
    painted = (figure.albedo == np.array(COLOURS[colour], np.float32)).all(axis=1)
    assert set(figure.bone[painted].tolist()) == {int(Bone.BODY)}
    parts = seen(figure, bones, 62.0)
    parts = parts[figure.bone[parts] == Bone.BODY]
    assert len(parts) > 60
    assert painted[parts].mean() > 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_it_drives_along_its_facing_and_is_at_its_position_halfway(kind: VehicleKind) -> None:
    vehicle = Vehicle(vehicle=kind, action="drive", facing=-90.0, position=(0.4, 1.5), speed=2.5)
    bones, heard = act(vehicle, TIMES)
    body = bones.position[:, Bone.BODY]
    assert body[60, :2] == pytest.approx([0.4, 1.5])
    assert body[-1, :2] - body[0, :2] == pytest.approx([-5.0, 0.0], abs=1e-9)
    assert [c.kind for c in heard] == ["engine"]
    assert (heard[0].time, heard[0].seconds, heard[0].speed) == (0.0, 2.0, 2.5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_usual_speed_keeps_it_in_the_picture_and_the_body_moves_gently(kind: VehicleKind) -> None:
    bones, heard = act(Vehicle(vehicle=kind, action="drive"), TIMES)
    assert 2.0 <= heard[0].speed <= 5.0
    lift = bones.position[:, Bone.BODY, 2]
    assert 0.003 < np.ptp(lift) < 0.05
    assert np.abs(bones.rotation[:, Bone.BODY, 2, 2]).min() > np.cos(0.03)


def test_a_parked_one_neither_moves_nor_sounds_whatever_its_speed() -> None:
    bones, heard = act(Vehicle(action="stand", speed=9.0), TIMES)
    assert heard == ()
    assert np.ptp(bones.position, axis=0).max() == 0.0
    assert np.ptp(bones.rotation, axis=0).max() == 0.0


def test_a_tractor_has_large_wheels_behind_and_a_truck_three_axles() -> None:
    front, rear = FRAMES["tractor"].axles
    assert rear[1] > 1.6 * front[1]
    assert len(FRAMES["truck"].axles) == 3
    for kind in KINDS:
        wheels = set(looks(Vehicle(vehicle=kind)).bone.tolist()) - {int(Bone.BODY)}
        assert len(wheels) == 2 * len(FRAMES[kind].axles)


def test_same_generator_same_figure_and_measures_do_not_hang_on_it() -> None:
    vehicle = Vehicle(vehicle="van")
    one, same, other = looks(vehicle, 3), looks(vehicle, 3), looks(vehicle, 4)
    assert np.array_equal(one.albedo, same.albedo)
    assert not np.array_equal(one.albedo, other.albedo)
    assert np.array_equal(one.size, other.size)
    assert np.array_equal(one.offset, other.offset)


def test_a_single_picture_is_taken_where_it_stands() -> None:
    bones, _ = act(Vehicle(action="drive", position=(1.0, 2.0)), np.array([0.7]))
    assert bones.position.shape == (1, len(Bone), 3)
    assert bones.position[0, Bone.BODY, :2] == pytest.approx([1.0, 2.0])

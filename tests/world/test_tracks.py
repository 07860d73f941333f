"""Tracks are exact: points sit on surfaces, move with them, and show exactly where the depth says that they do."""

import numpy as np
import pytest

from vitascope.shot.camera import CameraPath, project
from vitascope.world.footage import Take, take
from vitascope.world.physics import simulate
from vitascope.world.reel import Reel
from vitascope.world.scene import Scene
from vitascope.world.stage import path_of, stage
from vitascope.world.tracks import follow, project_all

SIZE = (96, 54)


@pytest.fixture(scope="module", params=[3, 8])
def made(request: pytest.FixtureRequest) -> Take:
    return take(21, request.param, size=SIZE, num_tracks=200)


def test_projection_agrees_with_the_camera(made: Take) -> None:
    points = np.random.default_rng(1).uniform(-2, 2, size=(len(made.motion.position), 50, 3))
    ours, depth = project_all(points, made.camera, SIZE)
    for t in range(0, len(points), 7):
        theirs, deep = project(points[t], made.camera, SIZE, t)
        ahead = deep > 0.1
        np.testing.assert_allclose(ours[t][ahead], theirs[ahead], atol=1e-9)
        np.testing.assert_allclose(depth[t], deep)


def test_tracks_reproject_within_half_a_pixel(made: Take) -> None:
    """A track that shows at time s, put back on its surface there and carried to time t by hand, lands on itself."""
    W, H = SIZE
    checked = 0
    for k in range(0, 200, 3):
        shown = np.flatnonzero(made.visible[k])
        if len(shown) < 2:
            continue
        s, t = shown[0], shown[-1]
        column, row = int(made.points[k, s, 0] * W), int(made.points[k, s, 1] * H)
        part = made.ids[s, row, column] - 1
        if part < -1:
            continue
        world = _on_surface(made, k, s, part)
        if world is None:
            continue
        if part >= 0:
            local = made.motion.rotation[s, part].T @ (world - made.motion.position[s, part])
            world = made.motion.rotation[t, part] @ local + made.motion.position[t, part]
        point, _ = project(world, made.camera, SIZE, int(t))
        assert np.abs((point - made.points[k, t]) * SIZE).max() < 0.5
        checked += 1
    assert checked > 10


def _on_surface(made: Take, k: int, s: int, part: int) -> np.ndarray | None:
    """The world point under track k at frame s: where its ray meets the ground or a ball; None for other shapes."""
    W, H = SIZE
    x, y = made.points[k, s].astype(np.float64)
    half = np.tan(np.radians(made.camera.fov[s]) / 2)
    ahead = made.camera.rotation[s] @ np.array([(2 * x - 1) * half * W / H, (1 - 2 * y) * half, -1.0])
    eye = made.camera.position[s]
    if part < 0:
        return eye - ahead * eye[2] / ahead[2]
    thing = made.scene.things[part]
    if thing.shape != "ball":
        return None
    to = eye - made.motion.position[s, part]
    a, b, c = ahead @ ahead, 2 * ahead @ to, to @ to - thing.size[0] ** 2
    inside = b * b - 4 * a * c
    return None if inside < 1e-3 else eye + ahead * (-b - np.sqrt(inside)) / (2 * a)


def test_visibility_agrees_with_depth(made: Take) -> None:
    W, H = SIZE
    inside = ((made.points >= 0) & (made.points < 1)).all(axis=-1)
    assert not made.visible[~inside].any()
    k, t = np.nonzero(made.visible)
    column, row = (made.points[k, t, 0] * W).astype(int), (made.points[k, t, 1] * H).astype(int)
    ids = made.ids[t, row, column]
    for track in np.unique(k):  # one track stays on one part
        assert len(set(ids[k == track])) == 1
    depth = made.depth[t, row, column]
    assert np.isfinite(depth[ids >= 0]).all()
    assert np.isinf(depth[ids < 0]).all()


def test_points_of_a_rolling_ball_show_while_they_face_the_camera() -> None:
    turning = {"position": (-1, 0, 0.5), "velocity": (1.2, 0, 0), "spin": (0, 2.4, 0), "action": "roll"}
    ball = {"shape": "ball", "colour": "red", "material": "rubber", "size": (0.5, 0, 0), **turning}
    scene = Scene.model_validate({"things": [ball], "ground": "sand", "time": "noon"})
    motion = simulate(scene)
    path = path_of(scene.camera, 2.0, 12.0)
    looks = stage(scene, motion, path)
    points, visible = follow(Reel(looks, SIZE), np.random.default_rng(5), 300)
    agree = []
    for k in range(150):  # the first half lies on the ball
        s = int(np.argmax(visible[k]))
        local = motion.rotation[s, 0].T @ (
            _on_ball(points[k, s], path, motion.position[s, 0], s) - motion.position[s, 0]
        )
        world = motion.position[:, 0] + np.einsum("tij,j->ti", motion.rotation[:, 0], local)
        facing = ((path.position - world) * (world - motion.position[:, 0])).sum(axis=1) > 0
        agree += list(facing == visible[k])
    assert np.mean(agree) > 0.95


def _on_ball(point: np.ndarray, path: CameraPath, centre: np.ndarray, t: int) -> np.ndarray:
    half = np.tan(np.radians(path.fov[t]) / 2)
    x, y = point.astype(np.float64)
    ahead = path.rotation[t] @ np.array([(2 * x - 1) * half * SIZE[0] / SIZE[1], (1 - 2 * y) * half, -1.0])
    to = path.position[t] - centre
    a, b, c = ahead @ ahead, 2 * ahead @ to, to @ to - 0.25
    return path.position[t] + ahead * (-b - np.sqrt(max(b * b - 4 * a * c, 0.0))) / (2 * a)


def test_every_track_is_seen_and_half_lie_on_things(made: Take) -> None:
    assert made.visible.any(axis=1).mean() > 0.98
    on_things = 0
    for k in range(200):
        t = int(np.argmax(made.visible[k]))
        column, row = int(made.points[k, t, 0] * SIZE[0]), int(made.points[k, t, 1] * SIZE[1])
        on_things += made.ids[t, row, column] > 0
    assert on_things >= 80

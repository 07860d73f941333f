"""Follows points of surfaces exactly through the motion of things and camera: where each is, and whether it shows."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from vitascope.shot.camera import CameraPath
from vitascope.world.reel import Reel
from vitascope.world.render import Picture
from vitascope.world.solids import BOX, CAPSULE, CYLINDER

FAR = 10_000.0  # metres at which a point of the sky is taken to hang
MAX_SEEDED = 24  # frames from which points are taken
SLACK = 0.15  # metres by which a visible point may lie behind the depth at its pixel's centre: edges slope away


def project_all(
    points: NDArray[np.float64], path: CameraPath, size: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """World points [T, K, 3], one set for each frame, as picture coordinates [T, K, 2] and depths [T, K]."""
    local = np.einsum("tki,tij->tkj", points - path.position[:, None], path.rotation)  # [T, K, 3] right, up, backward
    depth = -local[..., 2]
    scale = 0.5 / np.tan(np.radians(path.fov) / 2)[:, None] / np.where(depth > 1e-6, depth, 1e-6)  # [T, K]
    x = 0.5 + local[..., 0] * scale * size[1] / size[0]
    y = 0.5 - local[..., 1] * scale
    return np.stack([x, y], axis=-1), depth


def follow(reel: Reel, rng: np.random.Generator, count: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """`count` points of random pixels of random frames, followed: points [K, T, 2] (0..1) and visible [K, T].

    About half are taken from things, the rest anywhere. A point is visible where it lies inside the picture, on the
    part that its pixel shows, facing the camera, and no deeper than the picture there (within SLACK).
    """
    stage, path, size, T = reel.stage, reel.stage.camera, reel.size, reel.num_frames
    chosen = np.arange(T) if T <= MAX_SEEDED else np.sort(rng.choice(T, MAX_SEEDED, replace=False))
    traced = reel.trace(chosen)
    at, row, column = _seeds(traced.ids, rng, count)  # [K] each
    frame, ids = chosen[at], traced.ids[at, row, column].astype(np.int64)  # [K]
    world = _unproject(path, frame, row, column, traced.depth[at, row, column], size)  # [K, 3]
    moved = np.repeat(world[None], T, axis=0)  # [T, K, 3]
    facing = np.ones((T, count), np.bool_)  # ground and sky cannot hide themselves
    for part in range(len(stage.kind)):
        on = np.flatnonzero(ids == part + 1)
        if len(on):
            rotation, position = stage.rotation[:, part].astype(np.float64), stage.position[:, part].astype(np.float64)
            local = np.einsum("kij,ki->kj", rotation[frame[on]], world[on] - position[frame[on]])
            moved[:, on] = np.einsum("tij,kj->tki", rotation, local) + position[:, None]
            normal = np.einsum("tij,kj->tki", rotation, _normals(int(stage.kind[part]), stage.size[part], local))
            facing[:, on] = (normal * (path.position[:, None] - moved[:, on])).sum(axis=-1) > 0.0
    points, depth = project_all(moved, path, size)  # [T, K, 2], [T, K]
    visible, start = facing, 0
    for picture in reel.traces():
        part_of = slice(start, start + len(picture.ids))
        visible[part_of] &= _visible(picture, points[part_of], depth[part_of], ids)
        start = part_of.stop
    return np.ascontiguousarray(points.transpose(1, 0, 2), np.float32), np.ascontiguousarray(visible.T)


def _seeds(
    ids: NDArray[np.int16], rng: np.random.Generator, count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Frame, row and column of `count` pixels: the first half on things where there are any, the rest anywhere."""
    on_things = np.flatnonzero(ids > 0)
    anywhere = rng.integers(ids.size, size=count)
    if len(on_things):
        half = count // 2
        anywhere[:half] = on_things[rng.integers(len(on_things), size=half)]
    frame, row, column = np.unravel_index(anywhere, ids.shape)
    return frame, row, column


def _unproject(
    path: CameraPath,
    frame: NDArray[np.int64],
    row: NDArray[np.int64],
    column: NDArray[np.int64],
    depth: NDArray[np.float32],
    size: tuple[int, int],
) -> NDArray[np.float64]:
    """World points [K, 3] at these pixels' centres, at these depths; the sky at FAR."""
    W, H = size
    half = np.tan(np.radians(path.fov[frame]) / 2)
    right = ((column + 0.5) / W - 0.5) * 2 * half * W / H
    up = (0.5 - (row + 0.5) / H) * 2 * half
    local = np.stack([right, up, np.full(len(frame), -1.0)], axis=-1)
    ahead = np.einsum("kij,kj->ki", path.rotation[frame], local)
    deep = np.where(np.isfinite(depth), depth, FAR).astype(np.float64)
    return path.position[frame] + deep[:, None] * ahead


def _normals(kind: int, size: NDArray[np.float32], local: NDArray[np.float64]) -> NDArray[np.float64]:
    """Outward directions (of any length) at points [K, 3] of a part's surface, in its own axes; parts are convex."""
    if kind == BOX:
        share = np.abs(local) / size
        return np.where(share >= share.max(axis=1, keepdims=True), np.sign(local), 0.0)
    if kind == CYLINDER:
        cap = np.abs(local[:, 2]) / size[1] > np.hypot(local[:, 0], local[:, 1]) / size[0]
        return np.where(cap[:, None], local * (0.0, 0.0, 1.0), local * (1.0, 1.0, 0.0))
    if kind == CAPSULE:
        straight = np.clip(local[:, 2], -size[1], size[1])
        return np.stack([local[:, 0], local[:, 1], local[:, 2] - straight], axis=-1)
    radii = np.where(size > 0.0, size, size[0]).astype(np.float64)  # a sphere has one radius
    return local / radii**2


def _visible(
    picture: Picture, points: NDArray[np.float64], depth: NDArray[np.float64], ids: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether each point shows, [T, K]."""
    T, H, W = picture.ids.shape
    inside = ((points >= 0.0) & (points < 1.0)).all(axis=-1) & (depth > 0.01)
    safe = np.where(inside[..., None], points, 0.0)
    column, row = (safe[..., 0] * W).astype(np.int64), (safe[..., 1] * H).astype(np.int64)
    frame = np.arange(T)[:, None]
    same = picture.ids[frame, row, column] == ids[None]
    near = depth <= picture.depth[frame, row, column] + SLACK
    return inside & same & (near | (ids <= 0)[None])


def place_of(
    point: tuple[float, float, float], path: CameraPath, size: tuple[int, int], frame: int
) -> tuple[float, float] | None:
    """Where a world point stands in the picture of one frame; None when outside."""
    frame = min(max(frame, 0), path.num_frames - 1)
    local = (np.array(point) - path.position[frame]) @ path.rotation[frame]
    if local[2] > -0.01:
        return None
    scale = 0.5 / math.tan(math.radians(path.fov[frame]) / 2) / -local[2]
    x, y = float(0.5 + local[0] * scale * size[1] / size[0]), float(0.5 - local[1] * scale)
    return (round(x, 4), round(y, 4)) if 0.0 <= x <= 1.0 and 0.0 <= y <= 1.0 else None

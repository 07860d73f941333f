"""Tests of what is not drawn again: the pictures are those of frames drawn one by one, and much is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from vitascope.world import kernels, render
from vitascope.world.footage import happening
from vitascope.world.render import Stage, draw, draw_stream
from vitascope.world.scene import Scene
from vitascope.world.stage import path_of, stage

SIZE = (96, 54)


def staged(scene: Scene, motion: Any) -> Stage:
    return stage(scene, motion, path_of(scene.camera, len(motion.position) / motion.fps, motion.fps))


def still_cameras(level: int, count: int) -> Iterator[Stage]:
    """Stages of takes whose camera stands."""
    for index in range(40):
        scene, motion = happening(11, index, level=level)
        made = staged(scene, motion)
        path = made.camera
        if not any(np.ptp(array, axis=0).any() for array in (path.position, path.rotation, path.fov)):
            yield made
            count -= 1
        if not count:
            return


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The share of tiles that each drawing did not draw."""
    shares: list[float] = []
    genuine = kernels.find_edges

    def watch(frames: Any, ids: Any, levels: Any, same: Any, *rest: Any) -> None:
        shares.append(float(same.mean()))
        genuine(frames, ids, levels, same, *rest)

    monkeypatch.setattr(kernels, "find_edges", watch)
    return shares


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_frames_together_are_the_frames_one_by_one(level: int, kept: list[float]) -> None:
    for made in still_cameras(level, 4):
        together = draw(made, SIZE)
        single = list(draw_stream(made, SIZE, batch=1))
        for name in ("frames", "depth", "ids"):
            assert np.concatenate([getattr(one, name) for one in single]).tobytes() == getattr(together, name).tobytes()
    assert max(kept) > 0.4


def test_the_sea_is_drawn_in_every_frame(kept: list[float]) -> None:
    for made in still_cameras(3, 3):
        shore = replace(made, ground=replace(made.ground, texture=render.SHORE))
        frames = draw(shore, SIZE).frames
        single = np.concatenate([one.frames for one in draw_stream(shore, SIZE, batch=1)])
        np.testing.assert_array_equal(frames, single)
    assert max(kept) > 0.05  # the sky


def test_nothing_is_kept_when_the_camera_moves(kept: list[float]) -> None:
    made = next(still_cameras(2, 1))
    path = made.camera
    moved = path.position + np.linspace(0.0, 0.5, len(path.fov))[:, None] * (1.0, 0.0, 0.0)
    draw(replace(made, camera=replace(path, position=moved)), SIZE)
    assert kept
    assert max(kept) == 0.0

"""Tests of drawing with CUDA, in Numba's simulator: the picture is the CPU's, so a ray alone sees what a block sees."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from vitascope.world import cuda, render
from vitascope.world.footage import Take, take
from vitascope.world.render import Device, Ground, Sky, Stage, draw
from vitascope.world.solids import BOX, CAPSULE, CYLINDER, ELLIPSOID, SPHERE

SIZE = (24, 14)
KINDS = (SPHERE, ELLIPSOID, CAPSULE, BOX, CYLINDER)


def crowd() -> Stage:
    """Two frames of parts of all kinds and most textures, turned at random, at night on a shore with a lamp."""
    rng = np.random.default_rng(4)
    count = 24
    turns = np.linalg.qr(rng.normal(size=(2, count, 3, 3)))[0]
    turns *= np.sign(np.linalg.det(turns))[..., None, None]
    texture = np.array([*range(22), render.FACE, render.LEAVES], np.int32) % 21
    texture[texture == 7] = render.SMOOTH
    kind = np.array([KINDS[i % 5] for i in range(count)], np.int32)
    kind[[render.FACE, render.SIGN, 22]] = (ELLIPSOID, BOX, ELLIPSOID)
    faces = np.zeros((2, 1, 20), np.float32)
    faces[..., [4, 17]] = 1.0
    return Stage(
        kind=kind,
        size=rng.uniform(0.1, 0.4, (count, 3)).astype(np.float32),
        position=rng.uniform((-2.0, -1.0, 0.0), (2.0, 4.0, 2.0), (2, count, 3)).astype(np.float32),
        rotation=turns.astype(np.float32),
        albedo=rng.uniform(0.1, 0.8, (count, 3)).astype(np.float32),
        texture=texture,
        gloss=rng.uniform(0.0, 1.0, count).astype(np.float32),
        metal=rng.uniform(0.0, 0.6, count).astype(np.float32),
        ground=Ground(render.SHORE, (0.6, 0.45, 0.25), (0.75, 0.6, 0.35)),
        sky=Sky((0.01, 0.02, 0.1), (0.1, 0.1, 0.2), (-0.4, -0.5, 0.8), (0.6, 0.6, 0.6), (0.15, 0.15, 0.2), 0.5, 0.5),
        camera=SimpleNamespace(  # type: ignore[arg-type]
            position=np.array([(0.0, -4.0, 1.4), (0.3, -4.0, 1.5)]),
            rotation=np.tile(np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]]), (2, 1, 1)),
            fov=np.full(2, 45.0),
        ),
        faces=faces,
        signs=("STOP",),
        inks=np.array([(0.5, 0.02, 0.02)], np.float32),
    )


def small_take(device: Device) -> Take:
    return take(0, 1, size=(24, 16), seconds=2 / 12, num_captions=1, num_tracks=8, device=device)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process with the simulator draws: the crowd, and a take in the main thread and in another."""
    path = tmp_path_factory.mktemp("cuda") / "cuda.npz"
    root = Path(render.__file__).parents[2]
    # Without compiling: the simulator's arrays are not Numba's.
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1", "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, __file__, str(path)],
        env=environment, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(np.load(path))


def test_the_simulated_gpu_draws_the_picture_of_the_cpu(simulated: dict[str, Any]) -> None:
    picture = draw(crowd(), SIZE)
    np.testing.assert_array_equal(simulated["ids"], picture.ids)
    np.testing.assert_allclose(simulated["depth"], picture.depth, rtol=1e-5)
    apart = np.abs(simulated["frames"].astype(int) - picture.frames)
    assert (apart > 2).mean() < 0.002
    assert apart.mean() < 0.05
    assert len(np.unique(picture.ids)) > 15  # there is much to get wrong


def test_a_take_of_the_simulated_gpu_is_that_of_the_cpu(simulated: dict[str, Any]) -> None:
    made = small_take("cpu")
    for points, visible in (("points", "visible"), ("thread_points", "thread_visible")):
        np.testing.assert_allclose(simulated[points], made.points, atol=1e-4)
        assert (simulated[visible] == made.visible).mean() > 0.99
    for name in ("take", "thread_take"):
        apart = np.abs(simulated[name].astype(int) - made.clip.array())
        assert (apart > 2).mean() < 0.005 and apart.mean() < 0.05
    assert np.ptp(made.clip.array()) > 100


@pytest.mark.skipif(cuda.available(), reason="there is a GPU here")
def test_without_a_gpu_cuda_is_refused() -> None:
    with pytest.raises(ValueError, match="no CUDA GPU was found here"):
        draw(crowd(), SIZE, device="cuda")


def test_a_device_that_is_not_known_is_refused() -> None:
    unknown: Any = "tpu"
    with pytest.raises(ValueError, match="device must be 'cpu' or 'cuda', not 'tpu'"):
        draw(crowd(), SIZE, device=unknown)


if __name__ == "__main__":  # in the simulator's process
    made = draw(crowd(), SIZE, device="cuda")
    arrays = {"frames": made.frames, "depth": made.depth, "ids": made.ids}
    with ThreadPoolExecutor(1) as thread:  # as training draws
        for prefix, film in (("", small_take("cuda")), ("thread_", thread.submit(small_take, "cuda").result())):
            arrays |= {f"{prefix}take": film.clip.array(), f"{prefix}points": film.points}
            arrays |= {f"{prefix}visible": film.visible}
    np.savez(sys.argv[1], **arrays)  # type: ignore[arg-type]

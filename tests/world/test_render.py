"""Tests of the renderer: its geometry against projection by hand, its shadows, its determinism and its refusals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from vitascope.shot.camera import CameraPath
from vitascope.world import kernels
from vitascope.world.render import (
    FACE,
    GRASS,
    PLAIN,
    SIGN,
    SMOOTH,
    SNOW,
    TILES,
    WOOD,
    Ground,
    Sky,
    Stage,
    draw,
    draw_stream,
)
from vitascope.world.solids import BOX, CAPSULE, CYLINDER, ELLIPSOID, SPHERE

SIZE = (96, 54)
FOV = 40.0
SKY = Sky((0.05, 0.15, 0.6), (0.5, 0.7, 0.9), (0.8, 0.0, 0.6), (1.1, 1.0, 0.9), (0.3, 0.35, 0.45), clouds=0.4)
SNOWFIELD = Ground(SNOW, (0.8, 0.82, 0.86), (0.7, 0.74, 0.82))


def camera(num_frames: int = 1, pitch: float = -10.0) -> CameraPath:
    """A camera at (0, -4.5, 1.5) that looks along +y, tilted by `pitch` degrees."""
    c, s = np.cos(np.radians(pitch)), np.sin(np.radians(pitch))
    turn = np.array([[1.0, 0.0, 0.0], [0.0, -s, -c], [0.0, c, -s]])
    return CameraPath(
        position=np.tile(np.array([0.0, -4.5, 1.5]), (num_frames, 1)),
        rotation=np.tile(turn, (num_frames, 1, 1)),
        fov=np.full(num_frames, FOV),
    )


def stage(parts: list[tuple[int, tuple[float, float, float], tuple[float, float, float]]], frames: int = 1) -> Stage:
    """A stage of (kind, size, position) parts at rest, red and smooth, on snow."""
    count = len(parts)
    position = np.array([p[2] for p in parts], np.float32).reshape(1, count, 3)
    return Stage(
        kind=np.array([p[0] for p in parts], np.int32),
        size=np.array([p[1] for p in parts], np.float32).reshape(count, 3),
        position=np.tile(position, (frames, 1, 1)),
        rotation=np.tile(np.eye(3, dtype=np.float32), (frames, count, 1, 1)),
        albedo=np.tile(np.array([0.7, 0.05, 0.05], np.float32), (count, 1)),
        texture=np.full(count, SMOOTH, np.int32),
        gloss=np.full(count, 0.3, np.float32),
        metal=np.zeros(count, np.float32),
        ground=SNOWFIELD,
        sky=SKY,
        camera=camera(frames),
    )


def five_kinds(frames: int = 1) -> Stage:
    """One part of each kind, side by side."""
    return stage(
        [
            (SPHERE, (0.3, 0.0, 0.0), (-1.6, 0.0, 0.3)),
            (ELLIPSOID, (0.4, 0.25, 0.3), (-0.8, 0.0, 0.6)),
            (CAPSULE, (0.2, 0.25, 0.0), (0.0, 0.0, 0.45)),
            (BOX, (0.25, 0.3, 0.35), (0.8, 0.0, 0.35)),
            (CYLINDER, (0.25, 0.3, 0.0), (1.6, 0.0, 0.3)),
        ],
        frames,
    )


def rays(size: tuple[int, int]) -> NDArray[np.float64]:
    """World directions [H, W, 3] through pixel centres, of length 1 along the view axis."""
    wide, high = size
    slope = np.tan(np.radians(FOV / 2))
    x = ((np.arange(wide) + 0.5) / wide * 2.0 - 1.0) * slope * wide / high
    y = (1.0 - (np.arange(high) + 0.5) / high * 2.0) * slope
    local = np.stack(np.broadcast_arrays(x[None, :], y[:, None], -1.0), axis=-1)  # [H, W, 3]
    return np.asarray(local @ camera().rotation[0].T)


def test_sphere_covers_exactly_the_pixels_whose_rays_pass_within_its_radius() -> None:
    centre, radius = np.array([0.2, 0.0, 0.8]), 0.5
    picture = draw(stage([(SPHERE, (radius, 0.0, 0.0), (0.2, 0.0, 0.8))]), SIZE)
    unit = rays(SIZE) / np.linalg.norm(rays(SIZE), axis=-1, keepdims=True)
    offset = centre - camera().position[0]
    passing = np.linalg.norm(offset - (unit @ offset)[..., None] * unit, axis=-1)
    clear = np.abs(passing - radius) > 1e-4
    np.testing.assert_array_equal((picture.ids[0] == 1)[clear], (passing < radius)[clear])


def test_many_balls_are_sorted_and_none_is_culled_wrongly() -> None:
    rng = np.random.default_rng(3)
    centres = rng.uniform((-3, -2, 0), (3, 6, 3), (60, 3)).astype(np.float32)
    radii = rng.uniform(0.05, 0.6, 60).astype(np.float32)
    scene = stage([(SPHERE, (float(r), 0.0, 0.0), tuple(c)) for r, c in zip(radii, centres, strict=True)])
    picture = draw(scene, SIZE)
    eye, ray = camera().position[0], rays(SIZE)
    offset = centres.astype(np.float64) - eye
    square = (ray**2).sum(axis=-1)[..., None]
    near = ray @ offset.T / square  # [H, W, P]
    left = radii.astype(np.float64) ** 2 - ((offset**2).sum(axis=-1) - near**2 * square)
    time = np.where(left > 0.0, near - np.sqrt(np.maximum(left, 0.0) / square), np.inf)
    time[time <= 0.0] = np.inf
    down = np.minimum(ray[..., 2:], -1e-9)
    time = np.concatenate([np.where(ray[..., 2:] < -1e-9, -eye[2] / down, np.inf), time], axis=-1)
    expected = np.where(np.isinf(time.min(axis=-1)), -1, time.argmin(axis=-1))
    assert (picture.ids[0] != expected).mean() < 0.001
    hit = (picture.ids[0] == expected) & (expected >= 0)
    np.testing.assert_allclose(picture.depth[0][hit], time.min(axis=-1)[hit], rtol=1e-5)


def test_ground_depth_is_the_distance_along_the_view_axis() -> None:
    picture = draw(stage([]), SIZE)
    down = rays(SIZE)[..., 2]
    ground = down < -1e-6
    np.testing.assert_array_equal(picture.ids[0], np.where(ground, 0, -1))
    np.testing.assert_allclose(picture.depth[0][ground], 1.5 / -down[ground], rtol=1e-5)
    assert np.isinf(picture.depth[0][~ground]).all()


def test_ids_at_projected_centres_name_the_part() -> None:
    scene = five_kinds()
    picture = draw(scene, SIZE)
    for part, centre in enumerate(scene.position[0]):
        x, y, z = camera().rotation[0].T @ (centre - camera().position[0])
        slope = np.tan(np.radians(FOV / 2))
        column = int((x / -z / slope * SIZE[1] / SIZE[0] + 1.0) / 2.0 * SIZE[0])
        row = int((1.0 - y / -z / slope) / 2.0 * SIZE[1])
        assert picture.ids[0, row, column] == 1 + part
        assert -z - 0.5 < picture.depth[0, row, column] < -z


def test_box_is_hit_on_its_front_face() -> None:
    picture = draw(stage([(BOX, (0.5, 0.25, 0.5), (0.0, 0.0, 0.9))]), SIZE)
    middle = picture.depth[0, SIZE[1] // 2, SIZE[0] // 2]
    hit = camera().position[0] + middle * rays(SIZE)[SIZE[1] // 2, SIZE[0] // 2]
    np.testing.assert_allclose(hit[1], -0.25, atol=1e-5)


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_shadow_falls_away_from_the_sun(side: float) -> None:
    scene = replace(stage([(SPHERE, (0.4, 0.0, 0.0), (0.0, 0.0, 0.4))]), sky=replace(SKY, sun_direction=(side, 0, 1)))
    with_ball = draw(scene, SIZE).frames[0].astype(int).sum(axis=-1)
    bare = draw(replace(stage([]), sky=scene.sky), SIZE).frames[0].astype(int).sum(axis=-1)
    darker = np.where(draw(scene, SIZE).ids[0] == 0, bare - with_ball, 0)
    columns = np.arange(SIZE[0])
    assert np.sign((darker.sum(axis=0) * (columns - SIZE[0] / 2)).sum()) == -side
    assert darker.max() > 150


def test_shadow_edges_are_soft() -> None:
    scene = replace(
        stage([(SPHERE, (0.4, 0.0, 0.0), (0.0, 0.0, 2.2))]),
        sky=replace(SKY, sun_direction=(0, 0, 1)),
        ground=Ground(SNOW, (0.7, 0.7, 0.7), (0.7, 0.7, 0.7)),
    )
    row = draw(scene, (256, 144), samples=1).frames[0, 101, :, 1].astype(int)
    assert row[128] < row[60] - 40
    assert np.abs(np.diff(row)).max() < 40


def test_same_stage_gives_the_same_bytes_with_any_number_of_threads() -> None:
    scene = five_kinds(2)
    first = draw(scene, SIZE)
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        second = draw(scene, SIZE)
    finally:
        numba.set_num_threads(before)
    for name in ("frames", "depth", "ids"):
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()


def test_a_stream_is_the_same_picture_in_pieces() -> None:
    scene = five_kinds(7)
    scene = replace(scene, position=scene.position + np.linspace(0, 0.3, 7, dtype=np.float32)[:, None, None])
    whole = draw(scene, (48, 27))
    pieces = list(draw_stream(scene, (48, 27), batch=3))
    assert [len(piece.frames) for piece in pieces] == [3, 3, 1]
    for name in ("frames", "depth", "ids"):
        assert np.concatenate([getattr(piece, name) for piece in pieces]).tobytes() == getattr(whole, name).tobytes()
    with pytest.raises(ValueError, match="batch must be 1 or more"):
        next(draw_stream(scene, SIZE, batch=0))


def test_pixels_of_parts_are_counted_to_their_owners() -> None:
    picture = draw(replace(five_kinds(), owner=np.array([0, 0, 1, 1, 2], np.int16)), SIZE)
    expected = np.array([-1, 0, 1, 1, 2, 2, 3])[picture.ids + 1]
    np.testing.assert_array_equal(picture.objects, expected)
    alone = draw(five_kinds(), SIZE)
    np.testing.assert_array_equal(alone.objects, alone.ids)


def test_stages_of_any_arrays_are_compiled_for_once() -> None:
    scene = five_kinds()
    draw(scene, SIZE)
    before = len(kernels.draw_tiles.signatures)
    frozen = replace(scene, position=scene.position.astype(np.float64), size=scene.size[:, ::-1][:, ::-1])
    for array in (frozen.position, frozen.rotation, frozen.albedo, frozen.camera.position, frozen.camera.fov):
        array.flags.writeable = False
    draw(frozen, SIZE)
    draw(replace(scene, signs=("GO",), faces=np.zeros((1, 2, 20), np.float32)), SIZE)
    assert len(kernels.draw_tiles.signatures) == before


def test_samples_soften_edges_and_leave_depth_and_ids() -> None:
    one, four = draw(five_kinds(), SIZE, samples=1), draw(five_kinds(), SIZE, samples=4)
    changed = (one.frames != four.frames).any(axis=-1)
    assert 0.005 < changed.mean() < 0.3
    np.testing.assert_array_equal(one.ids, four.ids)
    np.testing.assert_array_equal(one.depth, four.depth)


def test_samples_come_near_to_a_picture_four_times_as_large() -> None:
    def light(frames: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Display light: what samples are averaged in."""
        shown = frames / 255.0
        return np.asarray(np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4))

    scene = replace(five_kinds(), texture=np.full(5, SMOOTH, np.int32))
    large = light(draw(scene, (4 * SIZE[0], 4 * SIZE[1]), samples=1).frames)
    wanted = large.reshape(-1, SIZE[1], 4, SIZE[0], 4, 3).mean(axis=(2, 4))
    one, many = draw(scene, SIZE, samples=1), draw(scene, SIZE, samples=16)
    edges = (one.frames != many.frames).any(axis=-1)
    before, after = (np.abs(light(picture.frames) - wanted)[edges].mean() for picture in (one, many))
    assert after < 0.3 * before


def test_without_samples_there_are_depth_and_ids_alone() -> None:
    whole, bare = draw(five_kinds(2), SIZE), draw(five_kinds(2), SIZE, samples=0)
    np.testing.assert_array_equal(bare.ids, whole.ids)
    np.testing.assert_array_equal(bare.depth, whole.depth)
    assert not bare.frames.any()


def test_rolling_shows_on_a_plain_ball() -> None:
    scene = replace(stage([(SPHERE, (0.5, 0.0, 0.0), (0.0, 0.0, 0.5))], 2), texture=np.array([PLAIN], np.int32))
    for axis in range(3):
        turns = scene.rotation.copy()
        u, v = [i for i in range(3) if i != axis]
        turns[1, 0][np.ix_([u, v], [u, v])] = [[0.8, -0.6], [0.6, 0.8]]
        frames = draw(replace(scene, rotation=turns), SIZE).frames.astype(int)
        assert (np.abs(frames[1] - frames[0]).max(axis=-1) > 25).sum() > 20


def test_no_frames_dark_or_white_all_over() -> None:
    for texture in range(GRASS, TILES + 2):
        scene = replace(five_kinds(), ground=Ground(texture, (0.1, 0.3, 0.05), (0.3, 0.5, 0.1)))
        frame = draw(replace(scene, texture=np.full(5, WOOD, np.int32)), SIZE).frames[0]
        assert 60 < frame.mean() < 220
        assert frame.std() > 20


BAD: list[tuple[dict[str, Any], str]] = [
    ({"kind": np.full(5, 9, np.int32)}, "kind must be within 1..5, not 9"),
    ({"texture": np.full(5, -1, np.int32)}, "texture must be within"),
    ({"position": np.zeros((1, 4, 3), np.float32)}, r"position must have shape \(1, 5, 3\), not \(1, 4, 3\)"),
    ({"rotation": np.zeros((1, 5, 3), np.float32)}, "rotation must have shape"),
    ({"position": np.full((1, 5, 3), np.nan, np.float32)}, "position must be finite"),
    ({"size": np.zeros((5, 3), np.float32)}, "size must be above 0"),
    ({"ground": Ground(0, (1, 1, 1), (1, 1, 1))}, "ground.texture must be within"),
    ({"ground": Ground(GRASS, (1, 1, 1), (1, 1, 1), scale=0.0)}, "ground.scale must be above 0"),
    ({"detail": np.zeros(4, np.int32)}, "detail must have shape"),
    ({"owner": np.zeros(4, np.int16)}, "owner must have shape"),
    ({"faces": np.zeros((2, 1, 20), np.float32)}, r"faces must have shape \(1, F, 20\), not \(2, 1, 20\)"),
    ({"texture": np.full(5, FACE, np.int32)}, "detail must be one of the stage's 0 faces, not 0"),
    ({"texture": np.full(5, SIGN, np.int32), "signs": ("GO",), "detail": np.full(5, 1)}, "one of the stage's 1 signs"),
    ({"inks": np.zeros((2, 3), np.float32), "signs": ("GO",)}, "inks must have shape"),
    ({"fps": 0.0}, "fps must be above 0"),
    ({"sky": replace(SKY, haze=2.0)}, "sky.haze must be within 0..1, not 2.0"),
    ({"sky": replace(SKY, sun_direction=(0, 0, 0))}, "sun_direction must not be zero"),
    ({"sky": replace(SKY, zenith=())}, "sky.zenith must have shape"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("changes", "message"), BAD)
def test_a_stage_that_does_not_fit_together_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw(replace(five_kinds(), **changes), SIZE)


@pytest.mark.parametrize("size", [(0, 54), (96, 0), (-1, 5), (9000, 10)])
def test_a_size_out_of_range_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="size must be"):
        draw(five_kinds(), size)


def test_samples_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="samples must be within"):
        draw(five_kinds(), SIZE, samples=-1)


def test_one_pixel_is_a_picture() -> None:
    assert draw(five_kinds(), (1, 1)).frames.shape == (1, 1, 1, 3)

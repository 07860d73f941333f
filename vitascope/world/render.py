"""Draws stages of simple solids on a ground plane under a sky: colour, depth and ids, ray cast on the CPU."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from vitascope.world import shading
from vitascope.world.light import SHADOW_REACH, shade, trace
from vitascope.world.shading import inlined, scalar
from vitascope.world.solids import BOX, CAPSULE, CYLINDER, ELLIPSOID, SPHERE, SUN_RADIUS

if TYPE_CHECKING:
    from vitascope.shot.camera import CameraPath

# Textures of parts. SMOOTH is one even colour; PLAIN adds quiet panels to all but boxes, so that rolling can be seen.
SMOOTH, PLAIN, WOOD, STONE, STRIPES, CHECKER, DOTS = 0, 1, 2, 3, 4, 5, 6
# Textures of the ground.
GRASS, SAND, SNOW, PLANKS, TILES, ASPHALT = 1, 2, 3, 4, 5, 6

MAX_PARTS = 64
MAX_SAMPLES = 16
TILE = 16  # pixels; parts are culled once for each tile
CONTRAST = 36  # steps of 255 between neighbours from which a pixel is drawn with all samples


@dataclass(frozen=True)
class Ground:
    """The plane z = 0: a texture between two linear RGB colours; `scale` 1 is the texture's natural size."""

    texture: int
    colour_a: tuple[float, float, float]
    colour_b: tuple[float, float, float]
    scale: float = 1.0


@dataclass(frozen=True)
class Sky:
    """Light and air. Colours are linear RGB; a sun of 1.0 facing a surface shows that surface's albedo as it is.

    `sun_direction` points towards the sun (or the moon); `ambient` is the light from straight above without the sun;
    `clouds`, `stars` and `haze` are amounts in 0..1.
    """

    zenith: tuple[float, float, float]
    horizon: tuple[float, float, float]
    sun_direction: tuple[float, float, float]
    sun_colour: tuple[float, float, float]
    ambient: tuple[float, float, float]
    clouds: float = 0.0
    stars: float = 0.0
    haze: float = 0.3
    seed: int = 0


@dataclass(frozen=True)
class Stage:
    """All that a run of pictures needs: P parts over T frames, a ground, a sky and a camera."""

    kind: NDArray[np.int32]  # [P]
    size: NDArray[np.float32]  # [P, 3] metres
    position: NDArray[np.float32]  # [T, P, 3] metres
    rotation: NDArray[np.float32]  # [T, P, 3, 3] local -> world
    albedo: NDArray[np.float32]  # [P, 3] linear RGB
    texture: NDArray[np.int32]  # [P]
    gloss: NDArray[np.float32]  # [P] 0..1
    metal: NDArray[np.float32]  # [P] 0..1
    ground: Ground
    sky: Sky
    camera: CameraPath


@dataclass(frozen=True)
class Picture:
    """What was drawn: sRGB frames, and for each pixel's centre the depth in metres along the view axis and the id.

    ids are -1 for the sky, 0 for the ground, 1 + p for part p; depth is infinite in the sky.
    """

    frames: NDArray[np.uint8]  # [T, H, W, 3]
    depth: NDArray[np.float32]  # [T, H, W]
    ids: NDArray[np.int16]  # [T, H, W]


# The kernels below are compiled once and cached beside this file, or where that cannot be written in Numba's folder for
# the user. The cache sees changes of this file only: save it too (or delete __pycache__) after changing solids.py,
# light.py or shading.py, whose functions are compiled into the kernels.


def kernel(function: Callable[..., None]) -> Any:
    """Compile for all cores; each use takes its time anew where no folder for the cache can be written."""
    options = {"parallel": True, "fastmath": True, "error_model": "numpy", "nogil": True}
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # Numba's "no locator available"
        return njit(**options)(function)


# --- frames -----------------------------------------------------------------------------------------------------------


@scalar
def seen_parts(
    places: Any, radius: Any, eye: Any, view: Any, left: float, right: float, top: float, bottom: float, listed: Any
) -> int:
    """List the parts whose bounding spheres meet the cone around a tile, given on the plane one metre ahead."""
    u, v = 0.5 * (left + right), 0.5 * (top + bottom)
    ax = view[0, 0] * u + view[0, 1] * v - view[0, 2]
    ay = view[1, 0] * u + view[1, 1] * v - view[1, 2]
    az = view[2, 0] * u + view[2, 1] * v - view[2, 2]
    k = 1.0 / math.sqrt(ax * ax + ay * ay + az * az)
    ax, ay, az = ax * k, ay * k, az * k
    cosine = 1.0
    for i in range(4):
        x = left if i % 2 == 0 else right
        y = top if i < 2 else bottom
        cosine = min(cosine, k * (x * u + y * v + 1.0) / math.sqrt(x * x + y * y + 1.0))
    sine = math.sqrt(max(1.0 - cosine * cosine, 0.0))
    count = 0
    for p in range(radius.shape[0]):
        x, y, z = places[p, 0] - eye[0], places[p, 1] - eye[1], places[p, 2] - eye[2]
        ahead = x * ax + y * ay + z * az
        aside = math.sqrt(max(x * x + y * y + z * z - ahead * ahead, 0.0))
        if ahead > -radius[p] and aside * cosine - ahead * sine <= radius[p]:
            listed[count] = p
            count += 1
    return count


@scalar
def shading_parts(
    places: Any, radius: Any, look: Any, cx: float, cy: float, cz: float, reach: float, listed: Any
) -> int:
    """List the parts that may take light from points within `reach` of (cx, cy, cz)."""
    sx, sy, sz = look[shading.SUN], look[shading.SUN + 1], look[shading.SUN + 2]
    count = 0
    for p in range(radius.shape[0]):
        x, y, z = places[p, 0] - cx, places[p, 1] - cy, places[p, 2] - cz
        r = radius[p] + reach
        gap2 = x * x + y * y + z * z
        along = x * sx + y * sy + z * sz
        wide = r + SUN_RADIUS * max(along + reach, 0.0) + 0.01
        near = r + 1.1 * radius[p]
        if gap2 < near * near or (along > -r and gap2 - along * along < wide * wide):
            listed[count] = p
            count += 1
    return count


@inlined
def tile_reach(depth: Any, lens: Any, x0: int, x1: int, y0: int, y1: int, wide: int, high: int) -> Any:
    """Centre and radius of a ball around all points seen in a tile (radius -1 where only sky or distance is seen)."""
    eye, view, slope = lens
    lx, ly, lz, hx, hy, hz = 1e30, 1e30, 1e30, -1e30, -1e30, -1e30
    for j in range(y0, y1):
        for i in range(x0, x1):
            t = depth[j, i]
            if t < SHADOW_REACH:
                u, v = ray_place(i + 0.5, j + 0.5, slope, wide, high)
                x = eye[0] + t * (view[0, 0] * u + view[0, 1] * v - view[0, 2])
                y = eye[1] + t * (view[1, 0] * u + view[1, 1] * v - view[1, 2])
                z = eye[2] + t * (view[2, 0] * u + view[2, 1] * v - view[2, 2])
                lx, ly, lz = min(lx, x), min(ly, y), min(lz, z)
                hx, hy, hz = max(hx, x), max(hy, y), max(hz, z)
    if hx < lx:
        return 0.0, 0.0, 0.0, -1.0
    reach = 0.5 * math.sqrt((hx - lx) ** 2 + (hy - ly) ** 2 + (hz - lz) ** 2)
    return 0.5 * (lx + hx), 0.5 * (ly + hy), 0.5 * (lz + hz), 1.1 * reach + 0.05


@inlined
def ray_place(x: Any, y: Any, slope: Any, wide: Any, high: Any) -> Any:
    """Where the ray through picture point (x, y) in pixels meets the plane one metre ahead: (right, up)."""
    unit = 2.0 * slope / high
    return (x - 0.5 * wide) * unit, (0.5 * high - y) * unit


@inlined
def shown(value: Any) -> Any:
    """Display light in 0..1 by the film curve: straight up to 0.6, then a soft shoulder."""
    u = max(value, 0.0)
    if u > 0.6:
        u = (u - 0.6) / 0.4
        u = 0.6 + 0.4 * u / (1.0 + u)
    return u


@inlined
def tile_box(tile: Any, across: Any, wide: Any, high: Any) -> Any:
    """(x0, x1, y0, y1) of a tile in pixels."""
    x0, y0 = tile % across * TILE, tile // across * TILE
    return x0, min(x0 + TILE, wide), y0, min(y0 + TILE, high)


@inlined
def ray(x: Any, y: Any, lens: Any, wide: Any, high: Any) -> Any:
    """Direction (world) of the ray through picture point (x, y) in pixels, one metre long along the view axis."""
    _, view, slope = lens
    u, v = ray_place(x, y, slope, wide, high)
    dx = view[0, 0] * u + view[0, 1] * v - view[0, 2]
    dy = view[1, 0] * u + view[1, 1] * v - view[1, 2]
    dz = view[2, 0] * u + view[2, 1] * v - view[2, 2]
    return dx, dy, dz


@inlined
def tile_parts(
    places: Any, radius: Any, lens: Any, x0: Any, x1: Any, y0: Any, y1: Any, wide: Any, high: Any, listed: Any
) -> Any:
    """List the parts that can be seen in a tile."""
    eye, view, slope = lens
    left, top = ray_place(x0, y0, slope, wide, high)
    right, bottom = ray_place(x1, y1, slope, wide, high)
    return seen_parts(places, radius, eye, view, left, right, top, bottom, listed)


@kernel
def draw_centres(parts: Any, poses: Any, lenses: Any, look: Any, table: Any, frames: Any, depth: Any, ids: Any) -> None:
    """Fill frames, depth and ids with one ray through each pixel's centre; `table` turns light into bytes.

    `parts` and `poses` are as in `light`, poses with T first; `lenses` is (eye [T, 3], view [T, 3, 3], slope [T]).
    """
    places, turns, eyes = poses
    eye, view, slope = lenses
    radius = parts[2]
    total, high, wide = ids.shape
    across, down = (wide + TILE - 1) // TILE, (high + TILE - 1) // TILE
    for job in prange(total * across * down):
        f = job // (across * down)
        pose, lens = (places[f], turns[f], eyes[f]), (eye[f], view[f], slope[f])
        far, found_at, frame = depth[f], ids[f], frames[f]
        x0, x1, y0, y1 = tile_box(job % (across * down), across, wide, high)
        listed = np.empty(radius.shape[0], np.int32)
        count = tile_parts(places[f], radius, lens, x0, x1, y0, y1, wide, high, listed)
        for j in range(y0, y1):
            for i in range(x0, x1):
                dx, dy, dz = ray(i + 0.5, j + 0.5, lens, wide, high)
                far[j, i], found_at[j, i] = trace(parts, pose, listed, count, eye[f, 2], dx, dy, dz)
        cx, cy, cz, reach = tile_reach(far, lens, x0, x1, y0, y1, wide, high)
        count = shading_parts(places[f], radius, look, cx, cy, cz, reach, listed) if reach >= 0.0 else 0
        pixel = 2.0 * slope[f] / high
        for j in range(y0, y1):
            for i in range(x0, x1):
                dx, dy, dz = ray(i + 0.5, j + 0.5, lens, wide, high)
                t, found = float(far[j, i]), int(found_at[j, i])
                r, g, b = shade(parts, pose, look, eye[f], listed, count, t, found, dx, dy, dz, pixel)
                frame[j, i, 0] = table[int(shown(r) * 4095.0 + 0.5)]
                frame[j, i, 1] = table[int(shown(g) * 4095.0 + 0.5)]
                frame[j, i, 2] = table[int(shown(b) * 4095.0 + 0.5)]


@inlined
def differ(frames: Any, ids: Any, f: Any, j: Any, i: Any, y: Any, x: Any) -> Any:
    """Whether two pixels show different things or very different colours."""
    if ids[f, j, i] != ids[f, y, x]:
        return True
    for c in range(3):  # noqa: SIM110 (a generator would not compile)
        if abs(np.int32(frames[f, j, i, c]) - np.int32(frames[f, y, x, c])) > CONTRAST:
            return True
    return False


@kernel
def find_edges(frames: Any, ids: Any, edges: Any) -> None:
    """Mark the pixels that differ from one of their four neighbours."""
    total, high, wide = ids.shape
    for job in prange(total * high):
        f, j = job // high, job % high
        for i in range(wide):
            edges[f, j, i] = (
                (i > 0 and differ(frames, ids, f, j, i, j, i - 1))
                or (i + 1 < wide and differ(frames, ids, f, j, i, j, i + 1))
                or (j > 0 and differ(frames, ids, f, j, i, j - 1, i))
                or (j + 1 < high and differ(frames, ids, f, j, i, j + 1, i))
            )


@kernel
def draw_edges(
    parts: Any, poses: Any, lenses: Any, look: Any, table: Any, frames: Any, depth: Any, edges: Any, offsets: Any
) -> None:
    """Draw the marked pixels again with a ray at each of `offsets` [S, 2] in the pixel, averaged as shown."""
    places, turns, eyes = poses
    eye, view, slope = lenses
    radius = parts[2]
    total, high, wide = edges.shape
    across, down = (wide + TILE - 1) // TILE, (high + TILE - 1) // TILE
    for job in prange(total * across * down):
        f = job // (across * down)
        x0, x1, y0, y1 = tile_box(job % (across * down), across, wide, high)
        edge, frame = edges[f], frames[f]
        if not edge[y0:y1, x0:x1].any():
            continue
        pose, lens = (places[f], turns[f], eyes[f]), (eye[f], view[f], slope[f])
        seen, near = np.empty(radius.shape[0], np.int32), np.empty(radius.shape[0], np.int32)
        count = tile_parts(places[f], radius, lens, x0, x1, y0, y1, wide, high, seen)
        cx, cy, cz, reach = tile_reach(depth[f], lens, x0, x1, y0, y1, wide, high)
        count_near = shading_parts(places[f], radius, look, cx, cy, cz, reach, near) if reach >= 0.0 else 0
        pixel = 2.0 * slope[f] / high
        for j in range(y0, y1):
            for i in range(x0, x1):
                if not edge[j, i]:
                    continue
                red, green, blue = 0.0, 0.0, 0.0
                for k in range(offsets.shape[0]):
                    dx, dy, dz = ray(i + offsets[k, 0], j + offsets[k, 1], lens, wide, high)
                    t, found = trace(parts, pose, seen, count, eye[f, 2], dx, dy, dz)
                    r, g, b = shade(parts, pose, look, eye[f], near, count_near, t, found, dx, dy, dz, pixel)
                    red, green, blue = red + shown(r), green + shown(g), blue + shown(b)
                part = 4095.0 / offsets.shape[0]
                frame[j, i, 0] = table[int(red * part + 0.5)]
                frame[j, i, 1] = table[int(green * part + 0.5)]
                frame[j, i, 2] = table[int(blue * part + 0.5)]


# --- from a stage to a picture ----------------------------------------------------------------------------------------


def _array(name: str, value: Any, shape: tuple[int, ...], dtype: type) -> NDArray[Any]:
    """`value` as a contiguous finite array of this shape, or a ValueError that names it."""
    array = np.asarray(value)
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, not {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite everywhere")
    return np.ascontiguousarray(array, dtype)


def _codes(name: str, value: Any, shape: tuple[int, ...], low: int, high: int) -> NDArray[np.int32]:
    """`value` as int32 codes within low..high."""
    array = _array(name, value, shape, np.int32)
    wrong = array[(array < low) | (array > high)]
    if wrong.size:
        raise ValueError(f"{name} must be within {low}..{high}, not {int(wrong[0])}")
    return array


def _mean_ground(ground: Ground) -> NDArray[np.float64]:
    return 0.5 * (np.asarray(ground.colour_a, np.float64) + np.asarray(ground.colour_b, np.float64))


def _pack_look(ground: Ground, sky: Sky) -> NDArray[np.float64]:
    """Ground and sky as the one vector that the kernels read; checks both."""
    look = np.zeros(shading.LOOK_SIZE)
    for at, name, value in (
        (shading.ZENITH, "sky.zenith", sky.zenith),
        (shading.HORIZON, "sky.horizon", sky.horizon),
        (shading.SUN, "sky.sun_direction", sky.sun_direction),
        (shading.SUN_COLOUR, "sky.sun_colour", sky.sun_colour),
        (shading.AMBIENT, "sky.ambient", sky.ambient),
        (shading.COLOUR_A, "ground.colour_a", ground.colour_a),
        (shading.COLOUR_B, "ground.colour_b", ground.colour_b),
    ):
        look[at : at + 3] = _array(name, value, (3,), np.float64)
    length = float(np.linalg.norm(look[shading.SUN : shading.SUN + 3]))
    if length < 1e-6:
        raise ValueError("sky.sun_direction must not be zero")
    look[shading.SUN : shading.SUN + 3] /= length
    for at, name, amount in (
        (shading.CLOUDS, "sky.clouds", sky.clouds),
        (shading.STARS, "sky.stars", sky.stars),
        (shading.HAZE, "sky.haze", sky.haze),
    ):
        if not 0.0 <= amount <= 1.0:
            raise ValueError(f"{name} must be within 0..1, not {amount}")
        look[at] = amount
    if not (math.isfinite(ground.scale) and ground.scale > 0.0):
        raise ValueError(f"ground.scale must be above 0, not {ground.scale}")
    look[shading.SEED] = sky.seed % 9973
    look[shading.GROUND] = _codes("ground.texture", [ground.texture], (1,), GRASS, ASPHALT)[0]
    look[shading.SCALE] = ground.scale
    light = look[shading.AMBIENT : shading.AMBIENT + 3] + look[shading.SUN_COLOUR : shading.SUN_COLOUR + 3] * max(
        look[shading.SUN + 2], 0.0
    )
    look[shading.BOUNCE : shading.BOUNCE + 3] = 0.75 * _mean_ground(ground) * light
    return look


def _bounding_radius(kind: NDArray[np.int32], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Radius of the ball around each part's centre that holds the part. [P]"""
    r, half = size[:, 0], size[:, 1]
    radius = np.where(kind == ELLIPSOID, size.max(axis=1), r)
    radius = np.where(kind == CAPSULE, r + half, radius)
    radius = np.where(kind == CYLINDER, np.hypot(r, half), radius)
    return np.asarray(np.where(kind == BOX, np.linalg.norm(size, axis=1), radius))


def _texture_radius(kind: NDArray[np.int32], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """The length to which each part's texture is scaled. [P]"""
    mean = size.mean(axis=1)
    return np.asarray(np.where((kind == BOX) | (kind == ELLIPSOID), mean, size[:, 0]))


def _pack_parts(stage: Stage) -> tuple[NDArray[Any], ...]:
    """(kind [P], size [P, 3], bounding radius [P], paint [P, 6], texture [P]), checked."""
    count = len(np.asarray(stage.kind))
    if count > MAX_PARTS:
        raise ValueError(f"a stage holds at most {MAX_PARTS} parts, not {count}")
    kind = _codes("kind", stage.kind, (count,), SPHERE, CYLINDER)
    size = _array("size", stage.size, (count, 3), np.float64)
    used = np.array([0, 1, 3, 2, 3, 2])[kind]
    if (np.where(np.arange(3) < used[:, None], size, 1.0) <= 0.0).any():
        raise ValueError("size must be above 0 metres in each number that a part's kind uses")
    paint = np.empty((count, 6))
    paint[:, :3] = _array("albedo", stage.albedo, (count, 3), np.float64)
    paint[:, 3] = _array("gloss", stage.gloss, (count,), np.float64).clip(0.0, 1.0)
    paint[:, 4] = _array("metal", stage.metal, (count,), np.float64).clip(0.0, 1.0)
    paint[:, 5] = _texture_radius(kind, size)
    texture = _codes("texture", stage.texture, (count,), SMOOTH, DOTS)
    # A box shows its turning by its shape, and only a ball carries caps well.
    plain = texture == PLAIN
    texture = np.where(plain & (kind == BOX), SMOOTH, np.where(plain & (kind != SPHERE), shading.PANELS, texture))
    texture = texture.astype(np.int32)
    return kind, size, _bounding_radius(kind, size), paint, texture


def _curve_table() -> NDArray[np.uint8]:
    """sRGB bytes for 4096 even steps of display light in 0..1."""
    light = np.linspace(0.0, 1.0, 4096)
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255.0 * encoded), np.uint8)


def _sample_offsets(samples: int) -> NDArray[np.float64]:
    """Where the rays go in a pixel: an even, fixed spread. [S, 2] in 0..1"""
    if samples == 4:  # the rotated grid
        return np.array([(0.375, 0.125), (0.875, 0.375), (0.125, 0.625), (0.625, 0.875)])
    k = np.arange(samples)
    return np.stack([(k + 0.5) / samples, (0.5 + k * 0.6180339887498949) % 1.0], axis=1)


def draw(stage: Stage, size: tuple[int, int], *, samples: int = 4) -> Picture:
    """Draw every frame of `stage` at `size` (width, height).

    One ray goes through each pixel's centre; where `samples` > 1, pixels on edges are drawn again with that many. The
    same stage gives the same bytes, whatever the number of threads. Raises ValueError for a stage whose arrays do not
    fit together, unknown kinds or textures, and sizes or samples out of range.
    """
    wide, high = size
    if not (1 <= wide <= 8192 and 1 <= high <= 8192):
        raise ValueError(f"size must be (width, height) within 1..8192 pixels, not {size}")
    if not 1 <= samples <= MAX_SAMPLES:
        raise ValueError(f"samples must be within 1..{MAX_SAMPLES}, not {samples}")
    kind, part_size, radius, paint, texture = _pack_parts(stage)
    total, count = len(np.asarray(stage.camera.fov)), len(kind)
    if total < 1:
        raise ValueError("a stage needs at least one frame")
    places = _array("position", stage.position, (total, count, 3), np.float64)
    turns = _array("rotation", stage.rotation, (total, count, 3, 3), np.float64)
    eye = _array("camera.position", stage.camera.position, (total, 3), np.float64)
    view = _array("camera.rotation", stage.camera.rotation, (total, 3, 3), np.float64)
    fov = _array("camera.fov", stage.camera.fov, (total,), np.float64)
    if (fov <= 0.0).any() or (fov >= 180.0).any():
        raise ValueError("camera.fov must be within 0..180 degrees")
    slope = np.tan(np.radians(fov) / 2.0)
    eyes = np.ascontiguousarray(np.einsum("tpij,tpi->tpj", turns, eye[:, None] - places))
    look, table = _pack_look(stage.ground, stage.sky), _curve_table()
    frames = np.empty((total, high, wide, 3), np.uint8)
    depth = np.empty((total, high, wide), np.float32)
    ids = np.empty((total, high, wide), np.int16)
    parts, poses, lenses = (kind, part_size, radius, paint, texture), (places, turns, eyes), (eye, view, slope)
    draw_centres(parts, poses, lenses, look, table, frames, depth, ids)
    if samples > 1:
        edges = np.empty((total, high, wide), np.bool_)
        find_edges(frames, ids, edges)
        draw_edges(parts, poses, lenses, look, table, frames, depth, edges, _sample_offsets(samples))
    depth[ids < 0] = np.inf
    return Picture(frames, depth, ids)

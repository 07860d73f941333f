"""A stage checked and packed into the arrays that the kernels read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vitascope.world import shading
from vitascope.world.face import FACE_SIZE
from vitascope.world.grounds import CARPET, GRASS
from vitascope.world.lettering import sheets
from vitascope.world.paint import FACE, GLOW, PANELS, PLAIN, SIGN, SMOOTH
from vitascope.world.solids import BOX, CAPSULE, CYLINDER, ELLIPSOID, SPHERE

if TYPE_CHECKING:
    from vitascope.world.render import Ground, Sky, Stage

MAX_PARTS = 256
MAX_LAMPS, LAMP_POWER = 6, 16.0  # how many lamps light their surroundings, and how brightly for their radius
NIGHT_FROM, NIGHT_TO = 0.26, 0.12  # mean of the sky's ambient light where windows begin to be lit, and where all are


@dataclass(frozen=True)
class Packed:
    """A whole stage for the kernels: T frames of P parts."""

    parts: tuple[NDArray[Any], ...]  # kind [P], size [P, 3], bounding radius [P], paint [P, 7], texture [P], detail [P]
    position: NDArray[np.floating[Any]]  # [T, P, 3]
    rotation: NDArray[np.floating[Any]]  # [T, P, 3, 3]
    faces: NDArray[np.float32]  # [T, F, 20]
    signs: tuple[NDArray[Any], ...]  # sums [S, ...], extent [S, 2], inks [S, 3]
    lamps: NDArray[np.int64]  # [L] the parts that light what is around them
    look: NDArray[np.float64]  # [LOOK_SIZE]
    seconds: NDArray[np.float64]  # [T] since the first frame
    eye: NDArray[np.float64]  # [T, 3]
    view: NDArray[np.float64]  # [T, 3, 3]
    slope: NDArray[np.float64]  # [T]

    @property
    def total(self) -> int:
        """T."""
        return len(self.slope)

    def frames(self, start: int, stop: int) -> tuple[tuple[NDArray[Any], ...], ...]:
        """(poses, art, looks, lenses) of some frames, each with the frames first; see `light`."""
        # Rounded, so that what lies still by all but its last digits is seen to lie still.
        places = np.round(np.array(self.position[start:stop], np.float64, order="C"), 6)
        turns = np.round(np.array(self.rotation[start:stop], np.float64, order="C"), 6)
        eye = self.eye[start:stop]
        eyes = np.ascontiguousarray(np.einsum("tpij,tpi->tpj", turns, eye[:, None] - places))
        looks = np.tile(self.look, (stop - start, 1))
        looks[:, shading.CLOCK] = self.seconds[start:stop]
        power = self.look[shading.NIGHT] * LAMP_POWER * self.parts[2][self.lamps]  # [L]
        colour = np.broadcast_to(power[:, None] * self.parts[3][self.lamps, :3], (stop - start, len(power), 3))
        lamps = np.ascontiguousarray(np.concatenate([places[:, self.lamps], colour], axis=2))  # [T, L, 6]
        art = (self.faces[start:stop], *self.signs, lamps)
        return (places, turns, eyes), art, (looks,), (eye, self.view[start:stop], self.slope[start:stop])


def pack(stage: Stage) -> Packed:
    """Check and pack a stage; raises ValueError that names the field which does not fit."""
    parts = _pack_parts(stage)
    total, count = len(np.asarray(stage.camera.fov)), len(parts[0])
    if total < 1:
        raise ValueError("a stage needs at least one frame")
    faces = np.array(stage.faces, np.float32, order="C")
    if faces.ndim != 3 or faces.shape[0] != total or faces.shape[2] != FACE_SIZE:
        raise ValueError(f"faces must have shape ({total}, F, {FACE_SIZE}), not {faces.shape}")
    if not np.isfinite(faces).all():
        raise ValueError("faces must be finite")
    for what, name, rows in ((FACE, "faces", faces.shape[1]), (SIGN, "signs", len(stage.signs))):
        wrong = parts[5][(parts[4] == what) & ((parts[5] < 0) | (parts[5] >= rows))]
        if wrong.size:
            raise ValueError(f"detail must be one of the stage's {rows} {name}, not {int(wrong[0])}")
    inks = _array("inks", stage.inks, (len(stage.signs), 3), np.float64)
    fov = _array("camera.fov", stage.camera.fov, (total,), np.float64)
    if (fov <= 0.0).any() or (fov >= 180.0).any():
        raise ValueError("camera.fov must be within 0..180 degrees")
    if not (math.isfinite(stage.fps) and stage.fps > 0.0):
        raise ValueError(f"fps must be above 0, not {stage.fps}")
    look = _pack_look(stage.ground, stage.sky)
    return Packed(
        parts=parts,
        position=_array("position", stage.position, (total, count, 3), None),
        rotation=_array("rotation", stage.rotation, (total, count, 3, 3), None),
        faces=faces if faces.shape[1] else np.zeros((total, 1, FACE_SIZE), np.float32),
        signs=(*sheets(stage.signs), inks if len(inks) else np.zeros((1, 3))),
        lamps=_lamps(parts, look),
        look=look,
        seconds=np.arange(total) / stage.fps,
        eye=_array("camera.position", stage.camera.position, (total, 3), np.float64),
        view=_array("camera.rotation", stage.camera.rotation, (total, 3, 3), np.float64),
        slope=np.tan(np.radians(fov) / 2.0),
    )


def _lamps(parts: tuple[NDArray[Any], ...], look: NDArray[np.float64]) -> NDArray[np.int64]:
    """The largest and brightest of the parts that glow, MAX_LAMPS at most; none by day."""
    glowing = np.flatnonzero(parts[4] == GLOW)
    bright = parts[2][glowing] * parts[3][glowing, :3].sum(axis=1)
    return glowing[np.argsort(-bright, kind="stable")][:MAX_LAMPS] if look[shading.NIGHT] > 0.0 else glowing[:0]


def _array(name: str, value: Any, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """`value` as an array of this shape and type (None: any floating one) with finite numbers only."""
    # A copy: what is read-only would be another type to Numba, and have it compile everything once more.
    array = np.asarray(value) if dtype is None else np.array(value, dtype, order="C")
    if dtype is None and array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float64)
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, not {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite")
    return array


def _codes(name: str, value: Any, shape: tuple[int, ...], low: int, high: int) -> NDArray[np.int32]:
    """`value` as int32 codes within low..high."""
    array = _array(name, value, shape, np.int32)
    wrong = array[(array < low) | (array > high)]
    if wrong.size:
        raise ValueError(f"{name} must be within {low}..{high}, not {int(wrong[0])}")
    return array


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
    look[shading.GROUND] = _codes("ground.texture", [ground.texture], (1,), GRASS, CARPET)[0]
    look[shading.SCALE] = ground.scale
    ambient = look[shading.AMBIENT : shading.AMBIENT + 3]
    light = ambient + look[shading.SUN_COLOUR : shading.SUN_COLOUR + 3] * max(look[shading.SUN + 2], 0.0)
    mean = 0.5 * (look[shading.COLOUR_A : shading.COLOUR_A + 3] + look[shading.COLOUR_B : shading.COLOUR_B + 3])
    look[shading.BOUNCE : shading.BOUNCE + 3] = 0.75 * mean * light
    look[shading.NIGHT] = min(max((NIGHT_FROM - ambient.mean()) / (NIGHT_FROM - NIGHT_TO), 0.0), 1.0)
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


def _dimming_reach(kind: NDArray[np.int32], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far from its surface each part dims the light of the sky, metres: what is slim in two ways, not far. [P]"""
    girth = np.where((kind == BOX) | (kind == ELLIPSOID), np.median(size, axis=1), size[:, 0])
    share = np.array([0.0, 0.55, 0.55, 0.9, 0.9, 0.8])[kind]
    return np.asarray(np.clip(share * girth, 0.015, 0.7))


def _pack_parts(stage: Stage) -> tuple[NDArray[Any], ...]:
    """(kind [P], size [P, 3], bounding radius [P], paint [P, 7], texture [P], detail [P]), checked."""
    count = len(np.asarray(stage.kind))
    if count > MAX_PARTS:
        raise ValueError(f"a stage holds at most {MAX_PARTS} parts, not {count}")
    kind = _codes("kind", stage.kind, (count,), SPHERE, CYLINDER)
    size = _array("size", stage.size, (count, 3), np.float64)
    used = np.array([0, 1, 3, 2, 3, 2])[kind]
    if (np.where(np.arange(3) < used[:, None], size, 1.0) <= 0.0).any():
        raise ValueError("size must be above 0 metres in each number that a part's kind uses")
    paint = np.empty((count, 7))
    paint[:, :3] = _array("albedo", stage.albedo, (count, 3), np.float64)
    paint[:, 3] = _array("gloss", stage.gloss, (count,), np.float64).clip(0.0, 1.0)
    paint[:, 4] = _array("metal", stage.metal, (count,), np.float64).clip(0.0, 1.0)
    paint[:, 5] = _texture_radius(kind, size)
    paint[:, 6] = _dimming_reach(kind, size)
    texture = _codes("texture", stage.texture, (count,), SMOOTH, GLOW)
    detail = _array("detail", stage.detail, (count,), np.int32)
    _array("owner", stage.owner, (count,), np.int16)
    # A box shows its turning by its shape, and only a ball carries caps well.
    plain = texture == PLAIN
    texture = np.where(plain & (kind == BOX), SMOOTH, np.where(plain & (kind != SPHERE), PANELS, texture))
    return (kind, size, _bounding_radius(kind, size), paint, texture.astype(np.int32), detail)

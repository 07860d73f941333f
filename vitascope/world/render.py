"""Draws stages of simple solids on a ground plane under a sky: colour, depth and ids, ray cast on CPU or CUDA."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from vitascope.world import kernels
from vitascope.world.grounds import ASPHALT, CARPET, EARTH, GRASS, PLANKS, ROAD, SAND, SHORE, SNOW, TILES
from vitascope.world.packing import MAX_PARTS, Packed, pack
from vitascope.world.paint import (
    BARK,
    BRICKS,
    CHECKER,
    CLOTH,
    DOTS,
    FACE,
    FUR,
    GLASS,
    GLOW,
    HAIR,
    LEAVES,
    PATCHES,
    PLAIN,
    SIGN,
    SMOOTH,
    STONE,
    STRIPES,
    TYRE,
    WINDOWS,
    WOOD,
)

if TYPE_CHECKING:
    from vitascope.shot.camera import CameraPath

__all__ = [
    "ASPHALT", "BARK", "BRICKS", "CARPET", "CHECKER", "CLOTH", "DOTS", "EARTH", "FACE", "FUR", "GLASS", "GLOW", "GRASS",
    "HAIR", "LEAVES", "MAX_PARTS", "PATCHES", "PLAIN", "PLANKS", "ROAD", "SAND", "SHORE", "SIGN", "SMOOTH", "SNOW",
    "STONE", "STRIPES", "TILES", "TYRE", "WINDOWS", "WOOD",
    "Ground", "Picture", "Sky", "Stage", "draw", "draw_stream",
]  # fmt: skip


BATCH = 24  # frames that are drawn together: what is between stage and picture never holds more

Device = Literal["cpu", "cuda"]


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
    """All that a run of pictures needs: P parts over T frames, a ground, a sky and a camera.

    The last six may be left out: `detail` is the row of a part's face or sign (0), `faces` are F painted faces in
    numbers (see `figure`), `signs` are S words with `inks` the linear RGB of their letters (black), and `owner` is the
    number of the object that a part belongs to (its own); `fps` is how fast the sea moves with the frames.
    """

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
    detail: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))  # [P]
    faces: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0, 20), np.float32))  # [T, F, 20]
    signs: tuple[str, ...] = ()
    inks: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 3), np.float32))  # [S, 3]
    owner: NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))  # [P]
    fps: float = 12.0

    def at(self, frames: NDArray[np.int64]) -> Stage:
        """The same of some of its frames alone [N]."""
        path = self.camera
        return replace(
            self,
            position=self.position[frames],
            rotation=self.rotation[frames],
            faces=self.faces[frames],
            camera=type(path)(path.position[frames], path.rotation[frames], path.fov[frames]),
        )

    def __post_init__(self) -> None:
        """What was left out gets its meaning."""
        count = len(np.asarray(self.kind))
        left_out: list[tuple[str, NDArray[Any], NDArray[Any]]] = [
            ("detail", self.detail, np.zeros(count, np.int32)),
            ("faces", self.faces, np.zeros((len(np.asarray(self.camera.fov)), 0, 20), np.float32)),
            ("inks", self.inks, np.zeros((len(self.signs), 3), np.float32)),
            ("owner", self.owner, np.arange(count, dtype=np.int16)),
        ]
        for name, given, usual in left_out:
            if np.asarray(given).size == 0:
                object.__setattr__(self, name, usual)


@dataclass(frozen=True)
class Picture:
    """What was drawn: sRGB frames, and for each pixel's centre the depth in metres along the view axis and the id.

    ids are -1 for the sky, 0 for the ground, 1 + p for part p; depth is infinite in the sky.
    """

    frames: NDArray[np.uint8]  # [T, H, W, 3]
    depth: NDArray[np.float32]  # [T, H, W]
    ids: NDArray[np.int16]  # [T, H, W]
    owner: NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))  # [P] the stage's

    @property
    def objects(self) -> NDArray[np.int16]:
        """Like ids, by objects: -1 sky, 0 ground, 1 + o where a part of object o is seen. [T, H, W]"""
        number = np.concatenate([[-1, 0], 1 + self.owner]).astype(np.int16)
        return number[self.ids + 1]


def _curves() -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """sRGB bytes for 4096 even steps of display light in 0..1, and the light of each byte."""
    light = np.linspace(0.0, 1.0, 4096)
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    shown = np.arange(256) / 255.0
    decoded = np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.rint(255.0 * encoded), np.uint8), np.asarray(decoded, np.float64)


def _sample_offsets(samples: int) -> NDArray[np.float64]:
    """Where the rays go in a pixel: an even, fixed spread. [S, 2] in 0..1"""
    if samples == 1:
        return np.array([(0.5, 0.5)])
    if samples == 4:  # the rotated grid
        return np.array([(0.375, 0.125), (0.875, 0.375), (0.125, 0.625), (0.625, 0.875)])
    k = np.arange(samples)
    return np.stack([(k + 0.5) / samples, (0.5 + k * 0.6180339887498949) % 1.0], axis=1)


def draw(stage: Stage, size: tuple[int, int], *, samples: int = 4, device: Device = "cpu") -> Picture:
    """Draw every frame of `stage` at `size` (width, height).

    One ray goes through each pixel's centre; where `samples` > 1, pixels on edges are drawn again with that many. With
    0 frames stay black, and depth and ids are found several times faster. The same stage gives the same bytes on one
    device, whatever the number of threads. `device` "cuda" draws the same picture with a CUDA GPU (see `cuda`). Raises
    ValueError for a stage whose arrays do not fit together, unknown kinds or textures, sizes or samples out of range,
    and where no such device is there.
    """
    packed = _checked(stage, size, samples, device)
    wide, high = size
    frames = np.zeros((packed.total, high, wide, 3), np.uint8)
    depth = np.empty((packed.total, high, wide), np.float32)
    ids = np.empty((packed.total, high, wide), np.int16)
    for start in range(0, packed.total, BATCH):
        part = slice(start, min(start + BATCH, packed.total))
        _draw_batch(packed, part, samples, device, frames[part], depth[part], ids[part])
    return Picture(frames, depth, ids, np.asarray(stage.owner, np.int16))


def draw_stream(
    stage: Stage, size: tuple[int, int], *, samples: int = 4, device: Device = "cpu", batch: int = BATCH
) -> Iterator[Picture]:
    """Like `draw`, in pictures of `batch` frames one after the other, so that a clip of any length fits in memory."""
    if batch < 1:
        raise ValueError(f"batch must be 1 or more frames, not {batch}")
    packed = _checked(stage, size, samples, device)
    wide, high = size
    for start in range(0, packed.total, batch):
        part = slice(start, min(start + batch, packed.total))
        count = part.stop - part.start
        frames = np.zeros((count, high, wide, 3), np.uint8)
        depth, ids = np.empty((count, high, wide), np.float32), np.empty((count, high, wide), np.int16)
        _draw_batch(packed, part, samples, device, frames, depth, ids)
        yield Picture(frames, depth, ids, np.asarray(stage.owner, np.int16))


def _checked(stage: Stage, size: tuple[int, int], samples: int, device: Device) -> Packed:
    wide, high = size
    if not (1 <= wide <= 8192 and 1 <= high <= 8192):
        raise ValueError(f"size must be (width, height) within 1..8192 pixels, not {size}")
    if not 0 <= samples <= kernels.MAX_SAMPLES:
        raise ValueError(f"samples must be within 0..{kernels.MAX_SAMPLES}, not {samples}")
    if device not in ("cpu", "cuda"):
        raise ValueError(f"device must be 'cpu' or 'cuda', not {device!r}")
    if device == "cuda":
        from vitascope.world import cuda

        if not cuda.available():
            raise ValueError("device was 'cuda', but no CUDA GPU was found here; use 'cpu'")
    return pack(stage)


def _draw_batch(
    packed: Packed,
    part: slice,
    samples: int,
    device: Device,
    frames: NDArray[np.uint8],
    depth: NDArray[np.float32],
    ids: NDArray[np.int16],
) -> None:
    """Fill frames, depth and ids with the frames `part` of a packed stage."""
    given = packed.frames(part.start, part.stop)
    offsets = tuple(_sample_offsets(count) for count in ((1,) if samples <= 1 else (1, samples)))
    if device == "cuda":
        from vitascope.world import cuda  # loads drivers: only where they are asked for

        cuda.draw_frames(packed.parts, given, _curves(), offsets, samples > 0, frames, depth, ids)
    else:
        kernels.draw_frames(packed.parts, given, _curves(), offsets, samples > 0, frames, depth, ids)
    depth[ids < 0] = np.inf

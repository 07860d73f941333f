"""What all surfaces and the sky are made with: the places of the `look` vector, noise, soft edges, lines and waves.

Everything here is a scalar Numba function without allocations, so that a CUDA kernel can call the same code. All
textures are filtered: each takes the size of a pixel's footprint and lets detail smaller than that fade into its mean,
so that nothing shimmers when the camera moves.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

# Places in the `look` vector that describes ground and sky (see `packing`).
ZENITH, HORIZON, SUN, SUN_COLOUR, AMBIENT = 0, 3, 6, 9, 12
CLOUDS, STARS, HAZE, SEED = 15, 16, 17, 18
GROUND, COLOUR_A, COLOUR_B, SCALE, BOUNCE = 19, 20, 23, 26, 27
NIGHT, CLOCK = 30, 31  # how dark it is in 0..1; seconds since the first frame
LOOK_SIZE = 32

# Functions of one pixel. No checks for division by zero: the formulas keep away from it, and checks are slow.
scalar = njit(fastmath=True, error_model="numpy", _nrt=False)
# Functions that take many arrays: passing those costs more than the work.
inlined = njit(fastmath=True, error_model="numpy", _nrt=False, forceinline=True)
# Functions of many pixels, for the CPU alone. Without counting references to arrays, which costs a tenth of the time.
whole = njit(fastmath=True, error_model="numpy", nogil=True, _nrt=False)


# Random bytes on a small torus of lattice points: reading them is several times faster than hashing coordinates.
LATTICE = np.random.default_rng(20240601).integers(0, 256, (128, 128), dtype=np.uint8)


@inlined
def lesser(a: Any, b: Any) -> Any:
    """The smaller of two numbers (`min` itself does not compile for CUDA with Numba 0.68)."""
    return a if a < b else b


@inlined
def greater(a: Any, b: Any) -> Any:
    """The larger of two numbers."""
    return a if a > b else b


# Numbers of lattices are floats: Numba compiles a function anew for each whole number that is written in a call.


@scalar
def lattice(ix: Any, iy: Any, layer: float) -> float:
    """An even pseudo-random number in 0..1 for a point of the integer lattice; `layer` picks one of many lattices."""
    k = int(layer)
    return LATTICE[(int(iy) + 57 * k) & 127, (int(ix) + 37 * k) & 127] * (1.0 / 255.0)


@inlined
def step(low: Any, high: Any, x: Any) -> Any:
    """Smooth rise from 0 at `low` to 1 at `high`."""
    u = lesser(greater((x - low) / (high - low), 0.0), 1.0)
    return u * u * (3.0 - 2.0 * u)


@scalar
def noise2(x: float, y: float, layer: float) -> float:
    """Value noise of the plane in 0..1, mean 0.5."""
    fx, fy = math.floor(x), math.floor(y)
    u, v = x - fx, y - fy
    u, v = u * u * (3.0 - 2.0 * u), v * v * (3.0 - 2.0 * v)
    k = int(layer)
    ix, iy = (int(fx) + 37 * k) & 127, (int(fy) + 57 * k) & 127
    jx, jy = (ix + 1) & 127, (iy + 1) & 127
    a, b = float(LATTICE[iy, ix]), float(LATTICE[iy, jx])
    c, d = float(LATTICE[jy, ix]), float(LATTICE[jy, jx])
    return (a + (b - a) * u + (c - a + (a - b - c + d) * u) * v) * (1.0 / 255.0)


@scalar
def noise3(x: float, y: float, z: float) -> float:
    """Value noise of space in 0..1, mean 0.5."""
    fz = float(math.floor(z))
    w = z - fz
    w = w * w * (3.0 - 2.0 * w)
    low, high = noise2(x, y, fz), noise2(x, y, fz + 1.0)
    return low + (high - low) * w


@scalar
def detail(wavelength: Any, footprint: Any) -> Any:
    """How much of a texture detail of this wavelength a pixel of this footprint can show: 0..1."""
    return step(1.2, 3.5, wavelength / footprint)


@inlined
def sine(turns: Any) -> Any:
    """Sine of an angle in full turns, to a thousandth: several times faster than the exact one."""
    u = turns - math.floor(turns + 0.5)
    s = 8.0 * u * (1.0 - 2.0 * abs(u))
    return 0.225 * (s * abs(s) - s) + s


@scalar
def wave(x: float, width: float) -> float:
    """Square wave of period 1 in -1..1, averaged over about `width` periods (0 once that is wide)."""
    s = sine(x)
    return lesser(greater(s / (2.0 * width + 0.02), -1.0), 1.0) * (1.0 - step(0.25, 0.7, width))


@scalar
def line(x: float, half: float, width: float) -> float:
    """Coverage in 0..1 of thin lines at the integers, `half` wide to each side, seen through a footprint of `width`."""
    away = abs(x - math.floor(x + 0.5))
    reach = half + 0.5 * width
    return step(reach + 0.3 * width, greater(reach - 0.7 * width, 0.0), away) * lesser(2.0 * half / width, 1.0)


@inlined
def cover(away: float, fine: float) -> float:
    """Share of a pixel `fine` wide that lies on the negative side of an edge `away` from its middle."""
    return lesser(greater(0.5 - away / fine, 0.0), 1.0)


@inlined
def stroke(away: float, half: float, fine: float) -> float:
    """Share of a pixel that a line of this half width covers, its middle `away`."""
    return greater(lesser(away + 0.5 * fine, half) - greater(away - 0.5 * fine, -half), 0.0) / fine

"""Vehicles: car, van, bus, truck and tractor as figures in the named colours, and how they stand and drive.

Lengths inside are metres for size 1, in a figure's own axes (+x forward, +y to its left, +z up).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from vitascope.world.contact import Contact
from vitascope.world.figure import Bones, Build, Colour, Figure, Matrix, Point, heading, turned
from vitascope.world.render import GLASS, GLOW, TYRE
from vitascope.world.scene import COLOURS, Vehicle, VehicleKind

Array = NDArray[np.float64]
RUBBER: Colour = (0.022, 0.022, 0.024)
TRIM: Colour = (0.035, 0.036, 0.040)
PANE: Colour = (0.030, 0.042, 0.052)
LAMP: Colour = (0.92, 0.88, 0.74)
REAR_LAMP: Colour = (0.55, 0.012, 0.010)
STEEL: Colour = (0.34, 0.35, 0.37)
PALE: Colour = (0.80, 0.80, 0.78)
AMBER: Colour = (0.88, 0.42, 0.03)


class Bone(IntEnum):
    """The body, and the wheels, each turning about its own y axis; only a truck has those in the middle."""

    BODY, FRONT_LEFT, FRONT_RIGHT, REAR_LEFT, REAR_RIGHT, MIDDLE_LEFT, MIDDLE_RIGHT = range(7)


@dataclass(frozen=True)
class Frame:
    """Outer measures, and for each axle (front, rear, middle): its x, the wheels' radius, half width and |y|."""

    long: float
    wide: float
    tall: float
    axles: tuple[tuple[float, float, float, float], ...]
    speed: float  # m/s, the usual one
    rise: float  # metres that the body moves up and down while it drives


FRAMES: dict[VehicleKind, Frame] = {
    "car": Frame(4.28, 1.80, 1.44, ((1.28, 0.34, 0.11, 0.79), (-1.28, 0.34, 0.11, 0.79)), 4.0, 0.010),
    "van": Frame(4.95, 2.02, 2.20, ((1.55, 0.36, 0.12, 0.87), (-1.50, 0.36, 0.12, 0.87)), 3.6, 0.012),
    "bus": Frame(9.10, 2.56, 3.05, ((2.75, 0.50, 0.16, 1.11), (-2.60, 0.50, 0.16, 1.11)), 3.4, 0.012),
    "truck": Frame(
        7.20, 2.46, 3.15, ((2.45, 0.50, 0.16, 1.06), (-2.55, 0.50, 0.16, 1.06), (-1.45, 0.50, 0.16, 1.06)), 3.2, 0.014
    ),
    "tractor": Frame(3.60, 2.08, 2.75, ((1.20, 0.46, 0.15, 0.72), (-0.85, 0.84, 0.24, 0.80)), 2.4, 0.020),
}


def length(vehicle: Vehicle) -> float:
    """Metres from bumper to bumper."""
    return FRAMES[vehicle.vehicle].long * vehicle.size


def height(vehicle: Vehicle) -> float:
    """Metres from the ground to the highest point."""
    return FRAMES[vehicle.vehicle].tall * vehicle.size


# ---- motion


def act(vehicle: Vehicle, times: Array) -> tuple[Bones, tuple[Contact, ...]]:
    """Bones at these times [T] in seconds, and the engine's sound while it drives.

    It drives straight along its facing and passes its position in the middle of `times`; its wheels roll without
    slipping.
    """
    frame, size, times = FRAMES[vehicle.vehicle], vehicle.size, np.asarray(times, np.float64)
    speed = (vehicle.speed or frame.speed * math.sqrt(size)) if vehicle.action == "drive" else 0.0
    way = speed * (times - (times[0] + times[-1]) / 2.0)  # [T]
    turn, place = heading(vehicle.facing), np.array([*vehicle.position, 0.0])
    position, rotation = np.zeros((len(times), len(Bone), 3)), np.zeros((len(times), len(Bone), 3, 3))
    position[:, :, 0] = way[:, None]
    rotation[:] = np.eye(3)
    if speed:  # unevenness of the road, and the engine's shaking
        bumps = 2.0 * np.pi * way / (frame.long * size)
        position[:, Bone.BODY, 2] = frame.rise * size * (0.6 * np.sin(1.7 * bumps) + 0.4 * np.sin(4.3 * bumps + 1.0))
        rotation[:, Bone.BODY] = turned("y", 0.5 * frame.rise * np.sin(2.3 * bumps + 0.5))
    for bone, (x, radius, _, y) in _wheels(frame):
        position[:, bone] += size * np.array([x, y, radius])
        rotation[:, bone] = turned("y", way / (radius * size))
    bones = Bones(position @ turn.T + place, turn @ rotation)
    if not speed:
        return bones, ()
    start, middle = float(times[0]), bones.position[len(times) // 2, Bone.BODY]
    point = (float(middle[0]), float(middle[1]), 0.6 * size)
    engine = Contact(start, "engine", (-2, -1), point, 0.0, speed, (vehicle.vehicle,), seconds=float(times[-1]) - start)
    return bones, (engine,)


def _wheels(frame: Frame) -> list[tuple[Bone, tuple[float, float, float, float]]]:
    """Each wheel's bone with its x, radius, half width and y."""
    wheels = []
    for k, (x, radius, half, y) in enumerate(frame.axles):
        wheels += [(Bone(1 + 2 * k), (x, radius, half, y)), (Bone(2 + 2 * k), (x, radius, half, -y))]
    return wheels


# ---- looks


@dataclass
class Coachwork:
    """A figure in the making, with the ways in which vehicles are put together."""

    look: Build
    colour: Colour
    gloss: float

    def panel(self, half: Point, at: Point, *, pitch: float = 0.0) -> None:
        """A painted box; `pitch` in degrees, above 0 its front end goes down."""
        self.look.box(half, self.colour, at=at, turn=_pitched(pitch), gloss=self.gloss)

    def bar(self, radius: float, x: float, z: float, half: float) -> None:
        """A painted round edge across the vehicle."""
        self.look.can(radius, (x, -half, z), (x, half, z), self.colour, gloss=self.gloss)

    def pane(self, half: Point, at: Point, *, pitch: float = 0.0) -> None:
        self.look.box(half, PANE, at=at, turn=_pitched(pitch), texture=GLASS, gloss=0.85)

    def trim(self, half: Point, at: Point, colour: Colour = TRIM, *, gloss: float = 0.2, texture: int = 0) -> None:
        self.look.box(half, colour, at=at, gloss=gloss, texture=texture)

    def slope(
        self, low: tuple[float, float], high: tuple[float, float], half: float, glass: float, thick: float = 0.12
    ) -> None:
        """A painted slab, upper side on a line from (x, z) to (x, z), and in it a pane; widths and depth are halves."""
        (x0, z0), (x1, z1) = low, high
        run = math.hypot(x1 - x0, z1 - z0)
        front = 1.0 if x0 > x1 else -1.0
        pitch = front * math.degrees(math.atan2(z1 - z0, abs(x1 - x0)))
        out = np.array([front * (z1 - z0), abs(x1 - x0)]) / run
        x, z = np.array([(x0 + x1) / 2.0, (z0 + z1) / 2.0]) - thick * out
        self.panel((run / 2.0, half, thick), (float(x), 0.0, float(z)), pitch=pitch)
        x, z = np.array([x, z]) + 0.015 * out
        self.pane((run / 2.0 - 0.07, glass, thick), (float(x), 0.0, float(z)), pitch=pitch)

    def lamps(self, x: float, y: float, z: float, radii: Point) -> None:
        for side in (y, -y):
            self.look.egg(radii, LAMP, at=(x, side, z), texture=GLOW, gloss=0.5)

    def wheels(self, frame: Frame, half: float = 0.0) -> None:
        """The tyres and, where the body is `half` wide, the dark arches over them."""
        for bone, (_, radius, wide, _) in _wheels(frame):
            self.look.can(radius, (0.0, -wide, 0.0), (0.0, wide, 0.0), RUBBER, bone=bone, texture=TYRE, gloss=0.15)
        for x, radius, _, _ in frame.axles if half else ():
            z = 1.22 * radius
            self.look.can(1.14 * radius, (x, -half, z), (x, half, z), TRIM)


def _pitched(degrees: float) -> Matrix:
    return turned("y", math.radians(degrees))


def build(vehicle: Vehicle, rng: np.random.Generator) -> Figure:
    """The vehicle's parts on the bones of `Bone`, painted in exactly its colour. `rng` shades rubber and trim only."""
    # On black all light is reflected light: with full gloss it would take on the sky's colour.
    work = Coachwork(Build(), COLOURS[vehicle.colour], 0.2 if vehicle.colour == "black" else 0.5)
    LOOKS[vehicle.vehicle](work, FRAMES[vehicle.vehicle], PALE if vehicle.colour != "white" else STEEL)
    figure = work.look.figure()
    albedo = figure.albedo.copy()
    dull = np.isin(albedo[:, 0], np.array([RUBBER[0], TRIM[0]], np.float32))
    albedo[dull] *= np.float32(rng.uniform(0.8, 1.3))
    return dataclasses.replace(
        figure, albedo=albedo, size=figure.size * np.float32(vehicle.size), offset=figure.offset * vehicle.size
    )


def _car(work: Coachwork, frame: Frame, second: Colour) -> None:
    work.panel((1.84, 0.87, 0.25), (0.0, 0.0, 0.52))
    work.bar(0.25, 1.84, 0.52, 0.86)
    work.bar(0.25, -1.84, 0.52, 0.86)
    work.panel((0.62, 0.80, 0.10), (1.24, 0.0, 0.735), pitch=5.0)
    work.panel((0.62, 0.78, 0.08), (-1.38, 0.0, 0.76))
    work.panel((0.62, 0.72, 0.32), (-0.36, 0.0, 1.06))
    work.slope((0.98, 0.80), (0.22, 1.38), 0.72, 0.63)
    work.slope((-1.66, 0.82), (-0.94, 1.38), 0.72, 0.62)
    work.pane((0.70, 0.735, 0.17), (-0.36, 0.0, 1.15))
    work.trim((0.045, 0.742, 0.18), (-0.34, 0.0, 1.15), work.colour, gloss=work.gloss)
    work.panel((0.62, 0.68, 0.03), (-0.36, 0.0, 1.405))
    work.trim((0.07, 0.84, 0.08), (2.06, 0.0, 0.38))
    work.trim((0.07, 0.84, 0.08), (-2.06, 0.0, 0.38))
    work.trim((0.03, 0.36, 0.07), (2.08, 0.0, 0.56))
    work.trim((0.03, 0.78, 0.06), (-2.06, 0.0, 0.62), REAR_LAMP, gloss=0.5)
    work.trim((0.07, 0.94, 0.055), (0.50, 0.0, 0.94), work.colour, gloss=work.gloss)
    work.lamps(2.0, 0.62, 0.60, (0.10, 0.16, 0.10))
    work.wheels(frame, 0.876)


def _van(work: Coachwork, frame: Frame, second: Colour) -> None:
    work.panel((1.68, 0.95, 0.93), (-0.68, 0.0, 1.27))
    work.panel((1.20, 0.95, 0.42), (1.16, 0.0, 0.74))
    work.bar(0.16, 2.30, 0.98, 0.94)
    work.slope((2.08, 1.14), (0.98, 2.20), 0.945, 0.85, 0.24)
    work.panel((0.30, 0.94, 0.30), (1.16, 0.0, 1.36))
    work.pane((0.27, 0.957, 0.22), (1.15, 0.0, 1.46))
    work.pane((0.26, 0.957, 0.28), (0.52, 0.0, 1.66))
    work.pane((0.03, 0.74, 0.28), (-2.35, 0.0, 1.72))
    work.trim((2.30, 0.962, 0.035), (-0.05, 0.0, 1.06), second, gloss=0.4)
    work.trim((0.08, 0.95, 0.12), (2.38, 0.0, 0.46))
    work.trim((0.06, 0.95, 0.10), (-2.40, 0.0, 0.42))
    work.trim((0.03, 0.42, 0.10), (2.42, 0.0, 0.78))
    work.trim((0.03, 0.90, 0.10), (-2.35, 0.0, 1.14), REAR_LAMP, gloss=0.5)
    work.trim((0.05, 1.00, 0.13), (1.62, 0.0, 1.30), TRIM)
    work.lamps(2.36, 0.72, 0.84, (0.09, 0.17, 0.12))
    work.wheels(frame, 0.957)


def _bus(work: Coachwork, frame: Frame, second: Colour) -> None:
    work.panel((4.45, 1.24, 1.15), (0.0, 0.0, 1.55))
    work.panel((4.30, 1.10, 0.14), (0.0, 0.0, 2.76))
    work.trim((1.30, 0.70, 0.10), (-1.4, 0.0, 2.95), second, gloss=0.4)
    work.pane((3.55, 1.256, 0.40), (-0.72, 0.0, 2.05))
    for k in range(5):
        work.panel((0.06, 1.264, 0.42), (-3.08 + 1.18 * k, 0.0, 2.05))
    work.pane((0.50, 1.262, 0.94), (3.52, 0.0, 1.52))
    work.trim((4.46, 1.252, 0.07), (0.0, 0.0, 1.30), second, gloss=0.4)
    work.pane((0.03, 1.12, 0.55), (4.44, 0.0, 1.88))
    work.trim((0.03, 0.85, 0.14), (4.45, 0.0, 2.58), AMBER, texture=GLOW)
    work.pane((0.03, 0.95, 0.38), (-4.44, 0.0, 2.05))
    work.trim((0.08, 1.22, 0.15), (4.46, 0.0, 0.58))
    work.trim((0.08, 1.22, 0.15), (-4.46, 0.0, 0.58))
    work.trim((0.03, 1.12, 0.10), (-4.45, 0.0, 1.05), REAR_LAMP, gloss=0.5)
    work.lamps(4.44, 0.88, 0.95, (0.07, 0.18, 0.13))
    work.wheels(frame, 1.25)


def _truck(work: Coachwork, frame: Frame, second: Colour) -> None:
    work.panel((2.42, 1.20, 1.05), (-1.10, 0.0, 2.06))
    for x in (-3.50, 1.30):
        work.trim((0.045, 1.215, 1.07), (x, 0.0, 2.06), second, gloss=0.4)
    work.trim((2.40, 1.212, 0.10), (-1.10, 0.0, 2.35), second, gloss=0.4)
    work.panel((0.80, 1.14, 0.62), (2.62, 0.0, 1.16))
    work.panel((0.54, 1.12, 0.44), (2.36, 0.0, 2.10))
    work.slope((3.41, 1.72), (2.96, 2.56), 1.12, 1.02, 0.24)
    work.pane((0.46, 1.135, 0.30), (2.42, 0.0, 2.08))
    work.panel((0.55, 1.05, 0.12), (2.30, 0.0, 2.62), pitch=-9.0)
    work.trim((3.30, 0.50, 0.16), (-0.20, 0.0, 0.78))
    work.trim((0.10, 1.18, 0.20), (3.42, 0.0, 0.56))
    work.trim((0.03, 0.70, 0.22), (3.43, 0.0, 1.16))
    work.trim((0.04, 1.10, 0.09), (-3.55, 0.0, 0.86), REAR_LAMP, gloss=0.5)
    work.look.can(0.075, (1.48, 1.0, 0.9), (1.48, 1.0, 3.12), STEEL, gloss=0.6, metal=0.3)
    work.look.can(0.26, (0.30, 0.72, 0.72), (1.35, 0.72, 0.72), STEEL, gloss=0.6, metal=0.3)
    work.lamps(3.42, 0.90, 0.98, (0.07, 0.17, 0.13))
    work.wheels(frame)


def _tractor(work: Coachwork, frame: Frame, second: Colour) -> None:
    work.panel((0.86, 0.36, 0.32), (0.98, 0.0, 1.14))
    work.look.can(0.34, (0.16, 0.0, 1.42), (1.80, 0.0, 1.30), work.colour, gloss=work.gloss)
    work.trim((0.05, 0.30, 0.28), (1.84, 0.0, 1.12))
    work.trim((1.20, 0.24, 0.16), (0.45, 0.0, 0.80))
    work.trim((0.10, 0.66, 0.09), (1.20, 0.0, 0.50))
    work.trim((0.12, 0.68, 0.12), (-0.85, 0.0, 0.84))
    work.panel((0.55, 0.55, 0.30), (-0.55, 0.0, 1.24))
    for side in (1.0, -1.0):
        work.look.box((0.44, 0.20, 0.05), work.colour, at=(-0.80, side * 0.76, 1.76), gloss=work.gloss)
        work.look.box(
            (0.36, 0.20, 0.05), work.colour, at=(-0.17, side * 0.76, 1.56), turn=_pitched(42.0), gloss=work.gloss
        )
    work.pane((0.52, 0.56, 0.55), (-0.55, 0.0, 2.08))
    for x in (-1.05, -0.05):
        for side in (1.0, -1.0):
            work.look.pill(0.045, (x, side * 0.55, 1.5), (x, side * 0.55, 2.62), TRIM)
    work.panel((0.68, 0.68, 0.07), (-0.55, 0.0, 2.68))
    work.look.can(0.055, (0.75, 0.22, 1.5), (0.75, 0.22, 2.45), STEEL, gloss=0.6, metal=0.3)
    work.lamps(1.86, 0.22, 1.32, (0.05, 0.09, 0.09))
    work.wheels(frame)


LOOKS: dict[VehicleKind, Callable[[Coachwork, Frame, Colour], None]] = {
    "car": _car,
    "van": _van,
    "bus": _bus,
    "truck": _truck,
    "tractor": _tractor,
}

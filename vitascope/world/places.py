"""Places: the ground, the hours and the backdrop that make a park of a park and a kitchen of a kitchen.

A backdrop stands behind and beside a stage that stays free for whoever acts: nothing of it is in the stage, between it
and the camera (which looks from about y = -4.5 along +y), or in another member of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from vitascope.world import props, render
from vitascope.world.render import Ground
from vitascope.world.scene import TIMES, Cast, Colour, GroundName, Hour, PlaceName, Prop, PropKind, Scene, Sign, Vehicle

MOST_PARTS = 140  # of a whole backdrop
CAR = (2.3, 1.0, 26)  # half length and half width of a parked car in metres, and the parts it may have
OF_PLACE = props.OF_PLACE
LOOKS = 400  # how many looks of a kind a backdrop chooses from

GROUND_LOOKS: dict[GroundName, Ground] = {
    "grass": Ground(render.GRASS, (0.075, 0.20, 0.022), (0.16, 0.29, 0.04)),
    "sand": Ground(render.SAND, (0.66, 0.47, 0.24), (0.78, 0.60, 0.34)),
    "snow": Ground(render.SNOW, (0.86, 0.89, 0.94), (0.74, 0.80, 0.90)),
    "wood": Ground(render.PLANKS, (0.30, 0.145, 0.055), (0.42, 0.22, 0.09)),
    "tiles": Ground(render.TILES, (0.68, 0.66, 0.62), (0.20, 0.25, 0.29)),
    "asphalt": Ground(render.ASPHALT, (0.095, 0.098, 0.105), (0.15, 0.152, 0.16)),
}
PLACE_GROUND: dict[PlaceName, GroundName] = {  # what a scene's `ground` says where the place decides ("open" leaves it)
    "open": "grass", "park": "grass", "forest": "grass", "street": "asphalt", "beach": "sand", "desert": "sand",
    "village": "grass", "room": "wood", "kitchen": "tiles",
}  # fmt: skip


@dataclass(frozen=True)
class Clear:
    """What stays free: |x| up to `half_width` and all y below `far`, metres: the stage, and the way from the camera."""

    half_width: float = 2.6
    far: float = 2.2

    def meets(self, box: Box) -> bool:
        return box[0] < self.half_width and box[1] > -self.half_width and box[2] < self.far


STAGE = Clear()
Box = tuple[float, float, float, float, float, float]  # left, right, front, back, bottom, top: metres


@dataclass
class Backdrop:
    """Collects members that keep out of each other's way and out of the stage."""

    rng: np.random.Generator
    clear: Clear
    members: list[Cast] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    parts: int = 0

    def pick(self, *choices: Colour) -> Colour:
        return choices[int(self.rng.integers(len(choices)))]

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def side(self) -> float:
        return 1.0 if self.rng.random() < 0.5 else -1.0

    def add(self, member: Prop | Vehicle, gap: float = 0.0) -> bool:
        """Add a member if it fits with this much room around it, and say whether it did."""
        box, parts = box_of(member), part_count(member)
        if (
            self.clear.meets(box)
            or self.parts + parts > MOST_PARTS
            or any(near(box, other, gap) for other in self.boxes)
        ):
            return False
        self.members.append(member)
        self.boxes.append(box)
        self.parts += parts
        return True

    def put(
        self,
        prop: PropKind,
        x: float,
        y: float,
        *,
        colour: Colour = "brown",
        facing: float = 0.0,
        size: float = 1.0,
        special: bool = False,
        gap: float = 0.0,
    ) -> bool:
        return self.add(self.make(prop, x, y, colour=colour, facing=facing, size=size, special=special), gap)

    def make(
        self,
        prop: PropKind,
        x: float = 0.0,
        y: float = 0.0,
        *,
        colour: Colour = "brown",
        facing: float = 0.0,
        size: float = 1.0,
        special: bool = False,
    ) -> Prop:
        """A prop with a look drawn by lot; numbers are kept short, for scenes are read by people too."""
        look = int(self.rng.integers(LOOKS)) + (OF_PLACE if special else 0)
        place = (round(x, 3), round(y, 3))
        return Prop(prop=prop, position=place, facing=round(facing, 1), colour=colour, size=round(size, 3), look=look)

    def scatter(
        self,
        kinds: tuple[PropKind, ...],
        count: int,
        xs: tuple[float, float],
        ys: tuple[float, float],
        *,
        sizes: tuple[float, float] = (0.85, 1.2),
        special: bool = False,
        gap: float = 0.0,
    ) -> None:
        """Put `count` props at random places in a strip, evenly spread over its width, each turned its own way."""
        for k in self.rng.permutation(count):
            # What is far has a broad and a narrow side: it shows the broad one.
            turn = 20.0 if special else 180.0
            prop = self.make(kinds[int(self.rng.integers(len(kinds)))], special=special)
            size = self.between(*sizes)
            for attempt in range(16):
                stray = 0.5 * min(1.0, 0.3 + 0.1 * attempt)
                x = xs[0] + (xs[1] - xs[0]) * (k + 0.5 + self.between(-stray, stray)) / count
                place = (round(x, 3), round(self.between(*ys), 3))
                facing = round(self.between(-turn, turn), 1)
                fitted = round(size * (1.0 - 0.025 * attempt), 3)  # what finds no room may grow less
                if self.add(prop.model_copy(update={"position": place, "facing": facing, "size": fitted}), gap):
                    break


def box_of(member: Cast) -> Box:
    """The box, square to the axes, that holds a prop, sign or parked vehicle as it is turned."""
    if isinstance(member, Vehicle):
        wide, deep, low, high = CAR[1] * member.size, CAR[0] * member.size, 0.0, 2.0 * member.size
    elif isinstance(member, Prop | Sign):
        (wide, deep, high), low = props.extent(member), props.foot(member)
    else:
        raise ValueError(f"{member.kind} was given; only what stands still has a place of its own")
    c, s = abs(math.cos(math.radians(member.facing))), abs(math.sin(math.radians(member.facing)))
    across, along = wide * c + deep * s, wide * s + deep * c
    x, y = member.position
    return x - across, x + across, y - along, y + along, low, high


def near(a: Box, b: Box, gap: float = 0.0) -> bool:
    """Whether two boxes overlap, or come closer than `gap` metres to each other on the ground."""
    beside = a[0] - gap < b[1] and a[1] + gap > b[0] and a[2] - gap < b[3] and a[3] + gap > b[2]
    return beside and a[4] < b[5] and a[5] > b[4]


def part_count(member: Cast) -> int:
    """How many parts a prop, sign or parked vehicle is drawn with; for a vehicle the most it may have."""
    if isinstance(member, Prop | Sign):
        return props.part_count(member)
    if isinstance(member, Vehicle):
        return CAR[2]
    raise ValueError(f"{member.kind} was given; only what stands still belongs to a backdrop")


# --- the places -------------------------------------------------------------------------------------------------------


def _open(_: Backdrop) -> None:
    """Nothing: the scene's own ground under the sky."""


def _park(b: Backdrop) -> None:
    """An oak to one side, a bench under a lamp to the other, bushes, and a line of trees along the horizon."""
    side, edge, far = b.side(), b.clear.half_width, b.clear.far
    b.put("oak", side * (edge + b.between(0.8, 1.8)), far + b.between(4.6, 5.8), size=b.between(0.78, 0.9))
    x, y = -side * b.between(1.3, 2.2), far + b.between(1.4, 2.2)
    b.put("bench", x, y, colour=b.pick("brown", "green", "white", "red"), facing=side * b.between(0.0, 20.0))
    b.put("street lamp", x - side * b.between(1.3, 1.7), y + 0.5, colour="black", size=0.78)
    b.put("birch", -side * (edge + b.between(2.2, 3.4)), far + b.between(4.0, 6.0), size=b.between(0.75, 0.9))
    b.scatter(("bush",), 2, (-7.0, 7.0), (far + 4.0, far + 7.0), gap=0.3)
    b.scatter(("oak", "birch"), 4, (-12.0, 12.0), (far + 10.0, far + 12.0), sizes=(0.75, 1.0), special=True)
    b.scatter(("oak", "oak", "pine"), 9, (-20.0, 20.0), (far + 17.0, far + 19.0), sizes=(1.05, 1.3), special=True)


def _forest(b: Backdrop) -> None:
    """Trees without end: tall ones close by on both sides, ever more of them towards the back."""
    kinds: tuple[PropKind, ...] = (("pine", "pine", "birch"), ("oak", "birch", "oak"))[int(b.rng.integers(2))]
    edge, far = b.clear.half_width, b.clear.far
    for side in (-1.0, 1.0):
        x, y = side * (edge + b.between(1.3, 2.0)), far + b.between(0.0, 2.4)
        b.put(kinds[int(b.rng.integers(3))], x, y, size=b.between(0.9, 1.2), facing=b.between(-180.0, 180.0))
    b.scatter(kinds, 3, (-4.8, 4.8), (far + 3.6, far + 6.0), sizes=(0.85, 1.1))
    b.scatter(("bush", "rock"), 2, (-4.5, 4.5), (far + 0.9, far + 2.2), sizes=(0.45, 0.8))
    b.scatter(kinds, 9, (-19.0, 19.0), (far + 14.0, far + 17.0), sizes=(1.3, 1.6), special=True)
    b.scatter(kinds, 7, (-12.0, 12.0), (far + 8.5, far + 11.0), sizes=(1.0, 1.25), special=True)


def _street(b: Backdrop) -> None:
    """Houses and shops behind the pavement, towers over their roofs, lamps, a parked car and a young tree."""
    paints: list[Colour] = ["white", "brown", "yellow", "orange", "red", "white", "pink", "blue"]
    paints = [paints[k] for k in b.rng.permutation(len(paints))]
    x, first = -13.0 + b.between(0.0, 3.0), int(b.rng.integers(2))
    for k in range(6):
        kind: PropKind = "house" if (k + first) % 2 else "tower"
        size = round(b.between(0.78, 0.84) if kind == "house" else b.between(0.68, 0.74), 3)
        member = b.make(kind, colour=paints[k], size=size)
        wide, deep, _ = props.extent(member)
        x += wide + b.between(0.05, 0.5)
        b.add(member.model_copy(update={"position": (round(x, 3), round(7.4 + deep, 3))}))
        x += wide
    side = b.side()
    paint = b.pick("red", "blue", "white", "yellow", "green", "black")
    place = (round(side * b.between(3.2, 4.6), 3), round(b.clear.far + 1.06, 3))
    b.add(Vehicle(position=place, facing=90.0 * b.side(), colour=paint))
    for place_x in (-side * 1.4, side * 5.6):
        b.put("street lamp", place_x, 4.6, colour="black", size=0.8)
    b.put("birch", -side * b.between(3.4, 4.4), 5.7, size=0.66)
    b.put("bush", side * b.between(1.5, 3.0), 6.4, size=0.7)
    greys: list[Colour] = ["white", "brown", "blue", "white"]
    for k in range(4):
        at = -15.0 + 9.0 * k + b.between(0.0, 4.0)
        b.put("tower", at, b.between(21.0, 26.0), colour=greys[k], size=b.between(0.8, 1.2), special=True)


def _beach(b: Backdrop) -> None:
    """Palms that frame the sea, rocks on the sand and out in the water."""
    side, edge, far = b.side(), b.clear.half_width, b.clear.far
    b.put(
        "palm", side * (edge + b.between(0.9, 1.7)), far + b.between(1.5, 2.4), size=0.66, facing=b.between(-180, 180)
    )
    b.put(
        "palm", -side * (edge + b.between(1.3, 2.1)), far + b.between(2.6, 3.6), size=0.72, facing=b.between(-180, 180)
    )
    for way in (-1.0, 1.0):
        b.scatter(("palm",), 2, (way * (edge + 1.6), way * (edge + 7.6)), (far + 1.8, far + 4.2), sizes=(0.55, 0.75))
    b.scatter(("rock",), 2, (-5.0, 5.0), (far + 1.2, far + 3.6), sizes=(0.35, 0.7), gap=0.3)
    b.scatter(("rock",), 2, (-11.0, 11.0), (far + 11.0, far + 16.0), sizes=(0.8, 1.5))
    b.scatter(("bush",), 2, (-7.0, 7.0), (far + 0.9, far + 3.0), sizes=(0.35, 0.55))


def _desert(b: Backdrop) -> None:
    """Cactuses and stones on warm sand; far off, mesas."""
    side, edge, far = b.side(), b.clear.half_width, b.clear.far
    x = side * (edge + b.between(0.7, 1.3))
    b.put("bush", x, far + b.between(0.8, 1.6), size=1.15, special=True, facing=b.between(-40.0, 40.0))
    b.put(
        "rock", -side * (edge + b.between(0.6, 1.2)), far + b.between(0.6, 1.6), size=b.between(1.1, 1.6), special=True
    )
    b.scatter(("bush",), 4, (-9.0, 9.0), (far + 4.0, far + 10.0), sizes=(0.8, 1.25), special=True, gap=0.5)
    b.scatter(("rock",), 5, (-7.0, 7.0), (far + 1.4, far + 7.0), sizes=(0.3, 0.9), special=True, gap=0.2)
    b.scatter(("rock",), 5, (-22.0, 22.0), (22.0, 30.0), sizes=(3.6, 5.0), special=True)


def _village(b: Backdrop) -> None:
    """Houses at odd angles around a green, one of them behind a garden fence, and trees between and behind them."""
    side, edge, far = b.side(), b.clear.half_width, b.clear.far
    paints: list[Colour] = ["white", "yellow", "orange", "pink", "blue", "red"]
    paints = [paints[k] for k in b.rng.permutation(len(paints))]
    b.put("house", side * b.between(3.6, 4.4), far + b.between(6.4, 7.4), colour=paints[0], facing=-side * 14.0,
          size=0.85)  # fmt: skip
    b.put("house", -side * b.between(4.8, 6.0), far + b.between(9.4, 10.6), colour=paints[1], facing=side * 20.0)
    b.put(
        "house", -side * b.between(-0.5, 1.0), far + b.between(16.0, 17.0), colour=paints[2], facing=b.between(-20, 20)
    )
    b.put("house", side * b.between(11.0, 12.0), far + b.between(13.0, 15.0), colour=paints[3], facing=-side * 30.0)
    for k in range(2):
        b.put("fence", side * (edge - 0.3 + 2.42 * k), far + 2.1, colour="white")
    b.put("oak", -side * (edge + b.between(0.6, 1.4)), far + b.between(3.4, 4.6), size=b.between(0.68, 0.78))
    b.scatter(("bush",), 2, (side * 1.5, side * 6.0), (far + 2.9, far + 3.4), sizes=(0.5, 0.7))
    b.scatter(("oak", "birch", "pine"), 6, (-18.0, 18.0), (far + 18.0, far + 22.0), sizes=(1.0, 1.4), special=True)


def _indoors(b: Backdrop, paint: Colour) -> float:
    """The walls of a room; gives the y of the back wall's face."""
    face, size = b.clear.far + 1.05, 1.55
    for k in (-1, 0, 1):
        b.put("wall", 5.0 * size * k, face + 0.12, colour=paint, size=size, special=True)
    # The side walls stand on what the picture shows only when the camera turns, and leave the sun its way in.
    for side in (-1.0, 1.0):
        b.put("wall", side * (b.clear.half_width + 5.0), face - 2.5 * size - 0.02, colour=paint, facing=-90.0 * side,
              size=size, special=True)  # fmt: skip
    return face


def _room(b: Backdrop) -> None:
    """A sofa with a lamp at its arm, a window, books on the other side and a table in the corner."""
    side = b.side()
    face = _indoors(b, b.pick("white", "yellow", "blue", "green", "pink", "orange"))
    x = side * b.between(1.0, 1.5)
    b.put("sofa", x, face - 0.50, colour=b.pick("red", "blue", "green", "orange", "purple", "brown"))
    b.put("lamp", x + side * 1.42, face - 0.45, colour=b.pick("yellow", "white", "orange"))
    b.put("window", -side * b.between(0.55, 0.9), face - 0.09, colour="white")
    b.put("shelf", -side * b.between(2.3, 2.5), face - 0.2, colour=b.pick("brown", "white", "black"), size=1.05)
    b.put("shelf", -side * b.between(3.5, 3.7), face - 0.2, colour="brown", size=1.05)
    b.put("table", side * 3.95, face - 1.2, colour="brown", facing=90.0)
    b.put("chair", side * 3.85, face - 2.3, colour="brown", facing=180.0 + 20.0 * side)


def _kitchen(b: Backdrop) -> None:
    """Cupboards along the wall under a window, a shelf, and a table with two chairs at the side."""
    side = b.side()
    face = _indoors(b, b.pick("white", "yellow", "green", "blue"))
    paint = b.pick("white", "blue", "green", "red", "yellow")
    for x in (0.95, -1.07, -3.09):
        b.put("shelf", side * x, face - 0.34, colour=paint, special=True)
    b.put("window", -side * b.between(0.2, 1.2), face - 0.10, colour="white", size=1.08)
    wood = b.pick("brown", "white", "red")
    b.put("shelf", side * 2.55, face - 0.2, colour=wood)
    b.put("table", side * 3.85, face - 1.3, colour=wood, facing=90.0)
    b.put("chair", side * 3.1, face - 1.3, colour=wood, facing=90.0 * side)
    b.put("chair", side * 3.85, face - 2.35, colour=wood, facing=180.0)


@dataclass(frozen=True)
class Place:
    """What a place looks like: its ground (None: the scene's own), when it may be, and who sets up its backdrop."""

    ground: Ground | None
    arrange: Callable[[Backdrop], None]
    hours: tuple[Hour, ...] = TIMES
    indoors: bool = False  # light should come from the camera's side, where a fourth wall would be


PLACE_LOOKS: dict[PlaceName, Place] = {
    "open": Place(None, _open),
    "park": Place(Ground(render.GRASS, (0.070, 0.19, 0.022), (0.15, 0.28, 0.04)), _park),
    "forest": Place(Ground(render.EARTH, (0.085, 0.050, 0.025), (0.060, 0.105, 0.022)), _forest),
    "street": Place(Ground(render.ROAD, (0.085, 0.088, 0.095), (0.13, 0.132, 0.14)), _street),
    "beach": Place(Ground(render.SHORE, (0.66, 0.50, 0.29), (0.78, 0.63, 0.40)), _beach),
    "desert": Place(Ground(render.SAND, (0.58, 0.31, 0.12), (0.74, 0.45, 0.20)), _desert),
    "village": Place(Ground(render.GRASS, (0.085, 0.20, 0.025), (0.19, 0.29, 0.05)), _village),
    "room": Place(
        Ground(render.PLANKS, (0.26, 0.125, 0.05), (0.38, 0.20, 0.085)), _room, ("noon", "overcast", "night"), True
    ),
    "kitchen": Place(
        Ground(render.TILES, (0.70, 0.67, 0.61), (0.24, 0.28, 0.31)), _kitchen, ("noon", "overcast", "night"), True
    ),
}


def furnish(place: PlaceName, rng: np.random.Generator, keep_clear: Clear = STAGE) -> tuple[Cast, ...]:
    """The backdrop of a place around a stage that stays free; at most `MOST_PARTS` parts in all."""
    backdrop = Backdrop(rng, keep_clear)
    PLACE_LOOKS[place].arrange(backdrop)
    return tuple(backdrop.members)


def ground_of(scene: Scene) -> Ground:
    """The look of the ground: the place's, or in the open the one that the scene names."""
    ground = PLACE_LOOKS[scene.place].ground
    return GROUND_LOOKS[scene.ground] if ground is None else ground

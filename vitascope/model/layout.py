"""How a Shot becomes work for a network: the size and rate it is made at, and the windows that its length is cut into.

A window is as many groups as the network has been trained on at once. It begins with frames that are known (the last
ones of the window before, or a film that was pinned before the shot), and its clock is 0 at the first of those, as in
training.
"""

import math
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from vitascope.model.grid import GROUP, PATCH
from vitascope.shot.shot import Shot

if TYPE_CHECKING:
    from vitascope.model.card import Card

CONTEXT = 2  # groups that a window knows of the one before
MAX_CONTEXT = 4  # groups that are looked at of a film which was pinned before or after the shot
LARGER = (
    1.3  # how much larger than the network's first pictures a Shot is, when they are refined before they are scaled
)
SHAPES = (0.5, 2.0)  # width over height that the trained shapes cover, with a little to either side


@dataclass(frozen=True)
class Window:
    """A run of groups that are made together."""

    first: int  # the frame of the shot, at the network's rate, with which it begins
    num_groups: int
    num_context: int  # groups of the window before that it knows

    @property
    def num_frames(self) -> int:
        return self.num_groups * GROUP

    def zero(self, fps: float) -> float:
        """The second of the shot at which its clock is 0."""
        return (self.first - self.num_context * GROUP) / fps


@dataclass(frozen=True)
class Layout:
    """What the network makes for a Shot."""

    size: tuple[int, int]  # made from noise at this size
    larger: tuple[int, int] | None  # and refined at this one, where the Shot is larger and the network has learned to
    fps: float
    num_frames: int  # at that rate; 1 is a picture
    windows: tuple[Window, ...]

    @property
    def num_tokens(self) -> int:
        """In the longest call of the network, without pins."""
        width, height = self.larger or self.size
        most = max(window.num_groups + window.num_context for window in self.windows)
        return most * (width // PATCH) * (height // PATCH)


def layout(shot: Shot, card: "Card") -> Layout:
    """How a network of this card makes a Shot."""
    size = near_size(shot.size, card.size)
    beyond = math.sqrt(math.prod(shot.size) / math.prod(size))
    larger_card = max((kind[:2] for kind in card.formats), key=math.prod, default=card.size)
    refines = math.prod(larger_card) > LARGER * math.prod(card.size)
    larger = near_size(shot.size, larger_card) if refines and beyond > LARGER else None
    if shot.num_frames == 1:
        return Layout(size, larger, card.fps, 1, (Window(0, 1, 0),))
    num_frames = max(2, round(shot.seconds * card.fps))
    return Layout(size, larger, card.fps, num_frames, windows(-(-num_frames // GROUP), longest(card)))


def longest(card: "Card") -> int:
    """Groups that the network has seen at once, at its own rate."""
    frames = [frames for *_, frames, fps in card.formats if fps == card.fps]
    return max([card.num_frames, *frames]) // GROUP


def windows(num_groups: int, most: int) -> tuple[Window, ...]:
    """Cut a length into windows of at most `most` groups, all but the first with CONTEXT known ones, evenly long."""
    if num_groups <= most:
        return (Window(0, num_groups, 0),)
    fresh = most - CONTEXT
    count = 1 + -(-(num_groups - most) // fresh)
    # Evenly, so that no window is left with a single group: the first is longer by the context that it lacks.
    total = num_groups + CONTEXT * (count - 1)
    ends = [round(total * (i + 1) / count) - CONTEXT * i for i in range(count)]
    starts = [0, *ends[:-1]]
    return tuple(
        Window(start * GROUP, end - start, CONTEXT if start else 0) for start, end in zip(starts, ends, strict=True)
    )


def near_size(wanted: tuple[int, int], trained: tuple[int, int]) -> tuple[int, int]:
    """The size in whole patches that has nearly the wanted shape and about as many patches as the trained one."""
    if abs(math.log(wanted[0] * trained[1] / (wanted[1] * trained[0]))) < 0.06:
        return trained
    num = math.prod(trained) / PATCH**2
    columns = math.sqrt(num * wanted[0] / wanted[1])
    choices = chain.from_iterable(
        ((w, round(num / columns)), (w, math.ceil(num / columns)), (w, math.floor(num / columns)))
        for w in (math.floor(columns), math.ceil(columns))
    )
    # A tenth more or fewer patches do less harm than a tenth of stretching.
    w, h = min(
        (choice for choice in choices if min(choice) > 0),
        key=lambda choice: (
            abs(math.log(choice[0] * wanted[1] / (choice[1] * wanted[0])))
            + 0.3 * abs(math.log(math.prod(choice) / num))
        ),
    )
    return w * PATCH, h * PATCH


def fits(wanted: tuple[int, int]) -> bool:
    """Whether a size's shape is one that the network has learned, or lies between those."""
    return SHAPES[0] <= wanted[0] / wanted[1] <= SHAPES[1]

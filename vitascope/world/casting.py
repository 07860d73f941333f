"""The cast by kind: which module builds a member's figure, and which moves it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitascope.world import acting, animals, people, props, vehicles
from vitascope.world.contact import Contact
from vitascope.world.figure import Bones, Figure
from vitascope.world.scene import Animal, Cast, Person, Prop, Sign, Vehicle


def build(member: Cast, rng: np.random.Generator) -> Figure:
    """How a member looks: its parts, hung on bones; `rng` varies what has no name."""
    if isinstance(member, Person):
        return people.build(member, rng)
    if isinstance(member, Animal):
        return animals.build(member, rng)
    if isinstance(member, Vehicle):
        return vehicles.build(member, rng)
    return props.build(member, rng)


def act(member: Cast, times: NDArray[np.float64]) -> tuple[Bones, tuple[Contact, ...]]:
    """What a member does at these times [T], and what is heard of it."""
    if isinstance(member, Person):
        return acting.act(member, times)
    if isinstance(member, Animal):
        return animals.act(member, times)
    if isinstance(member, Vehicle):
        return vehicles.act(member, times)
    return props.act(member, times)


def height(member: Cast) -> float:
    """How tall a member stands, metres."""
    if isinstance(member, Person):
        return member.height
    if isinstance(member, Animal):
        return animals.height(member)
    if isinstance(member, Vehicle):
        return vehicles.height(member)
    return props.extent(member)[2]


def half_width(member: Prop | Sign) -> float:
    """Half of what a prop or sign measures from side to side, metres."""
    return props.extent(member)[0]

"""Where a sound is: left or right, and in what kind of place, which answers with echoes and reverberation."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vitascope.sound.blocks import BLOCK, RATE, Blocks, Stereo
from vitascope.sound.resonators import Floats
from vitascope.sound.signals import Band, decibels, noise, times

WIDTH = 0.7  # how far to the side the picture's edge is heard; all the way would leave one ear alone
LATER = 0.00025  # seconds by which the far ear hears later what is at the picture's edge
OFF_SCREEN = -3.0  # dB
LONGEST = 3.2  # seconds of what a room says


def placed(sound: NDArray[np.float32], sides: Floats) -> Stereo:
    """A sound [S] heard from sides [S] (or [1]) between 0, left, and 1, right: [S + D, 2]. In the middle both ears hear
    it as it is; power stays the same on the way to a side."""
    aside = np.clip(2 * sides - 1, -1, 1)
    angle = 0.25 * np.pi * (1 + WIDTH * aside)
    late = LATER * RATE * aside
    room = int(np.ceil(LATER * RATE)) + 1
    out = np.zeros((len(sound) + room, 2), np.float32)
    out[:, 0] = _delayed(sound * (np.sqrt(2) * np.cos(angle)).astype(np.float32), np.maximum(late, 0), room)
    out[:, 1] = _delayed(sound * (np.sqrt(2) * np.sin(angle)).astype(np.float32), np.maximum(-late, 0), room)
    return out


def _delayed(sound: NDArray[np.float32], late: Floats, room: int) -> NDArray[np.float32]:
    """The sound [S] so many samples later, in S + room samples."""
    padded = np.concatenate([sound, np.zeros(room, np.float32)])
    if len(late) == 1:
        whole = round(float(late[0]))
        return np.concatenate([np.zeros(whole, np.float32), padded[: len(padded) - whole]])
    at = np.arange(len(padded)) - np.concatenate([late, np.full(room, late[-1])])
    below = np.maximum(np.floor(at), 0).astype(np.int64)
    share = np.clip(at - below, 0, 1).astype(np.float32)
    return padded[below] * (1 - share) + padded[np.minimum(below + 1, len(padded) - 1)] * share


@dataclass(frozen=True)
class Room:
    """`seconds` until its sound has fallen by 60 dB, `wet` how loud all of it is to what makes it (dB), `dark` how much
    sooner high frequencies die, `first` when its first reflection comes (s), `echoes` are single ones: (s, dB)."""

    seconds: float
    wet: float
    dark: float = 0.5
    first: float = 0.004
    echoes: tuple[tuple[float, float], ...] = ()


ROOMS = {
    "open": Room(0.25, -34, 0.3, 0.012),
    "small room": Room(0.24, -12, 0.55, 0.002, ((0.003, -12), (0.005, -13), (0.008, -15))),
    "room": Room(0.42, -13, 0.5, 0.005, ((0.007, -14), (0.011, -15), (0.017, -18))),
    "kitchen": Room(0.6, -11, 0.85, 0.004, ((0.006, -12), (0.009, -13), (0.014, -16))),
    "bathroom": Room(0.85, -9, 0.9, 0.003, ((0.004, -11), (0.007, -12), (0.010, -14))),
    "hall": Room(1.4, -10, 0.5, 0.018, ((0.023, -14), (0.037, -16))),
    "church": Room(3.0, -9, 0.45, 0.025, ((0.031, -15), (0.052, -16))),
    "tunnel": Room(1.9, -8, 0.6, 0.008, ((0.012, -11), (0.055, -16))),
    "cave": Room(2.3, -9, 0.35, 0.016, ((0.024, -13), (0.049, -15), (0.13, -19))),
    "canyon": Room(1.2, -25, 0.4, 0.06, ((0.35, -20), (0.62, -25))),
    "forest": Room(1.1, -23, 0.25, 0.03),
    "street": Room(0.9, -20, 0.4, 0.02, ((0.045, -24), (0.11, -28), (0.17, -32))),
    "village": Room(0.5, -25, 0.35, 0.025, ((0.06, -28),)),
    "underwater": Room(1.0, -8, 0.12, 0.003),
}

# What places are called, and the room that each is; longer names go before those that stand in them.
PLACES_OF: dict[str, str] = {
    "small room": "closet, cupboard, cabin, tent, booth, elevator, lift, tiny room, little room",
    "room": "living room, bedroom, office, studio, classroom, indoors, cellar, basement, shop, library",
    "kitchen": "laboratory, laundry",
    "bathroom": "shower, toilet, swimming bath",
    "hall": "concert hall, large room, big room, huge room, empty room, corridor, museum, train station, gym, theatre, "
    "theater, warehouse, garage, ballroom, lobby, factory, castle",
    "church": "cathedral, chapel, temple, abbey, monastery, mosque",
    "tunnel": "underpass, subway, sewer",
    "cave": "cavern, grotto, crypt, dungeon",
    "canyon": "gorge, ravine, mountains, mountain",
    "forest": "woods, jungle, rainforest",
    "street": "city, alley, courtyard, town",
    "underwater": "under water",
    "open": "park, garden, meadow, field, beach, desert, sea, space",
}
_NAMES = {name: room for room, names in PLACES_OF.items() for name in names.split(", ")} | {
    room: room for room in ROOMS
}
_NAMED = re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, _NAMES), key=len, reverse=True))})\b")


def room_named(words: str) -> str | None:
    """The room (of ROOMS) of the first place that these words name; None where they name none."""
    found = _NAMED.search(words.lower())
    return None if found is None else _NAMES[found[0]]


def impulse_response(room: Room, rng: np.random.Generator) -> Floats:
    """What a room says after a click [S, 2]: noise that dies, high frequencies first. Its power is `wet`, that of its
    echoes theirs."""
    length = round(min(room.seconds * 1.05, LONGEST) * RATE)
    at = times(length)
    out = np.zeros((length, 2))
    bands = ((60.0, 300.0), (300.0, 1200.0), (1200.0, 4500.0), (4500.0, 14000.0))
    for k, (low, high) in enumerate(bands):
        falls = room.seconds * (1 - (1 - room.dark) * k / (len(bands) - 1))
        for ear in range(2):
            out[:, ear] += noise(rng, length, Band(low, high)) * np.exp(-6.9 * at / falls) * (1, 1, 0.8, 0.5)[k]
    # reflections come one by one at first, and thicken
    sparse = rng.random((length, 2)) < np.clip((at[:, None] / 0.04) ** 2, 0.02, 1)
    out *= np.where(at[:, None] < 0.04, sparse, 1.0)
    out[: round(room.first * RATE)] = 0.0
    out *= decibels(room.wet) / np.sqrt(np.mean(np.sum(out**2, axis=0)))
    for seconds, level in room.echoes:
        for ear in range(2):
            out[min(length - 1, round(seconds * rng.uniform(0.9, 1.1) * RATE)), ear] += decibels(level)
    return out


def reverberated(blocks: Blocks, room: Room, *, seed: int = 0) -> Blocks:
    """The same sound [S, 2] with what the room adds to it; what still sounds at the end is cut."""
    response = impulse_response(room, np.random.default_rng([seed, 0x20011]))
    size = 1 << (BLOCK + len(response) - 1).bit_length()
    spectrum = np.fft.rfft(response.T.astype(np.float32), size)
    across = np.array([[0.8, 0.2], [0.2, 0.8]], np.float32)  # each ear hears something of the other's side
    still = np.zeros((2, size), np.float32)  # what earlier blocks have left to say
    left = 0  # how many samples of it there are
    for block in blocks:
        if block.any():
            still += np.fft.irfft(np.fft.rfft(across @ block.T, size) * spectrum, size)
            left = size
        if left <= 0:
            yield block
            continue
        yield block + still[:, : len(block)].T
        still = np.concatenate([still[:, len(block) :], np.zeros((2, len(block)), np.float32)], axis=1)
        left -= len(block)

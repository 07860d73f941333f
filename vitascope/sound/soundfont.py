"""Recorded instruments: reads a SoundFont (SF3: SoundFont 2.04 with samples in Ogg Vorbis), tells what a key sounds.

SoundFont Technical Specification 2.04 (E-mu Systems, 2006); SF3 is MuseScore's compressed form of it.
"""

import functools
import hashlib
import io
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FONT = Path(__file__).resolve().parent.parent / "weights" / "sound" / "instruments.sf3"
SHA256 = "1d77cd584d9ebda6102ea66eb33d388b98e5196f313252a6a68b705285bf4b8b"
DRUM_BANK = 128

Generators = dict[int, int]  # generator number → amount, as in the specification's section 8.1

# The generators that are used, by their numbers there
START, END, LOOP_START, LOOP_END, START_COARSE = 0, 1, 2, 3, 4
VIBRATO_TO_PITCH, MOD_ENVELOPE_TO_PITCH, FILTER, FILTER_Q = 6, 7, 8, 9
MOD_ENVELOPE_TO_FILTER, END_COARSE, PAN, VIBRATO_DELAY, VIBRATO_RATE = 11, 12, 17, 23, 24
MOD_DELAY, MOD_ATTACK, MOD_HOLD, MOD_DECAY, MOD_SUSTAIN, MOD_RELEASE = 25, 26, 27, 28, 29, 30
DELAY, ATTACK, HOLD, DECAY, SUSTAIN, RELEASE, KEY_TO_HOLD, KEY_TO_DECAY = 33, 34, 35, 36, 37, 38, 39, 40
INSTRUMENT, KEYS, VELOCITIES, LOOP_START_COARSE, ATTENUATION, LOOP_END_COARSE = 41, 43, 44, 45, 48, 50
COARSE_TUNE, FINE_TUNE, SAMPLE, MODES, SCALE, CLASS, ROOT = 51, 52, 53, 54, 56, 57, 58

DEFAULTS: Generators = {
    FILTER: 13500, VIBRATO_DELAY: -12000, MOD_DELAY: -12000, MOD_ATTACK: -12000, MOD_HOLD: -12000, MOD_DECAY: -12000,
    MOD_RELEASE: -12000, DELAY: -12000, ATTACK: -12000, HOLD: -12000, DECAY: -12000, RELEASE: -12000,
    SCALE: 100, ROOT: -1,
}  # fmt: skip
# Amounts of a preset are added to those of its instrument, but these stand in instruments only
_NOT_ADDED = {START, END, LOOP_START, LOOP_END, START_COARSE, END_COARSE, LOOP_START_COARSE, LOOP_END_COARSE}
_NOT_ADDED |= {INSTRUMENT, KEYS, VELOCITIES, SAMPLE, MODES, CLASS, ROOT}


class SoundFontError(ValueError):
    """A SoundFont is missing, is not one, or is not the one that was shipped."""


@dataclass(frozen=True)
class SampleHeader:
    """Where a sample stands: bytes `start` to `end` of the pool (compressed), its loop in samples of its own."""

    name: str
    start: int
    end: int
    loop_start: int
    loop_end: int
    rate: int  # samples a second
    root: int  # the key at which it sounds as recorded
    correction: int  # cents
    kind: int  # 1 mono, 2 right, 4 left; +16 compressed


@dataclass(frozen=True)
class Zone:
    """One recording under some keys and velocities (both ends included), with all its generators."""

    keys: tuple[int, int]
    velocities: tuple[int, int]
    sample: int
    generators: Generators


@dataclass(frozen=True)
class Preset:
    name: str
    zones: tuple[Zone, ...]

    def sounding(self, key: int, velocity: int) -> list[Zone]:
        """The zones that sound for this key (0 to 127) at this velocity (1 to 127)."""
        return [
            zone
            for zone in self.zones
            if zone.keys[0] <= key <= zone.keys[1] and zone.velocities[0] <= velocity <= zone.velocities[1]
        ]


class SoundFont:
    """A SoundFont in memory; samples are decoded when they are first asked for.

    `presets` has (bank, program) → Preset, bank 128 being drums. Raises SoundFontError for anything else than SF3."""

    def __init__(self, data: bytes) -> None:
        if data[:4] != b"RIFF" or data[8:12] != b"sfbk":
            raise SoundFontError(f"soundfont: should begin with RIFF…sfbk, but began with {data[:12]!r}")
        self._chunks = dict(_chunks(data, 12, len(data)))
        try:
            self._read()
        except (KeyError, IndexError, struct.error) as error:
            raise SoundFontError(f"soundfont: the file is damaged or cut short ({error!r})") from error
        self._decoded: dict[int, NDArray[np.float32]] = {}
        self._padded: dict[tuple[int, tuple[int, int] | None], NDArray[np.float32]] = {}

    def _read(self) -> None:
        records = {
            name: [struct.unpack_from(form, chunk, at) for at in range(0, len(chunk), struct.calcsize(form))]
            for name, form in _RECORDS.items()
            for chunk in (self._chunks[name],)
        }
        self.pool = self._chunks["smpl"]
        self.samples = [
            SampleHeader(_text(r[0]), r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[9]) for r in records["shdr"][:-1]
        ]
        instruments = [
            _zones(records["ibag"], self._chunks["igen"], one[1], after[1], SAMPLE)
            for one, after in zip(records["inst"], records["inst"][1:], strict=False)
        ]
        self.presets = {}
        for one, after in zip(records["phdr"], records["phdr"][1:], strict=False):
            layers = _zones(records["pbag"], self._chunks["pgen"], one[3], after[3], INSTRUMENT)
            zones = [
                merged
                for layer in layers
                for zone in instruments[layer[INSTRUMENT]]
                if (merged := _merged(layer, zone)) is not None
            ]
            self.presets[one[2], one[1]] = Preset(_text(one[0]), tuple(zones))

    def sample(self, index: int) -> NDArray[np.float32]:
        """The sample as decoded, [S] at its own rate, about -1 to 1."""
        if index not in self._decoded:
            header = self.samples[index]
            if not header.kind & 16:
                raise SoundFontError(f"soundfont: sample {header.name!r} should be Ogg Vorbis (SF3), but is plain")
            self._decoded[index] = decoded(bytes(self.pool[header.start : header.end]))
        return self._decoded[index]

    def padded(self, index: int, loop: tuple[int, int] | None) -> NDArray[np.float32]:
        """The sample with one more before it and three after it, [S + 4], for a player that looks around each: silence,
        or, where it is looped, what comes after the loop's end, which is its beginning."""
        if (index, loop) not in self._padded:
            sound = self.sample(index)
            around = np.zeros(3, np.float32)
            if loop is not None:
                around = sound[loop[0] + np.arange(3) % (loop[1] - loop[0])]
                sound = sound[: loop[1]]
            self._padded[index, loop] = np.concatenate([np.zeros(1, np.float32), sound, around])
        return self._padded[index, loop]


_RECORDS = {"phdr": "<20sHHHIII", "pbag": "<HH", "inst": "<20sH", "ibag": "<HH", "shdr": "<20sIIIIIBbHH"}


def _text(raw: bytes) -> str:
    return raw.split(b"\0")[0].decode("latin-1")


def _chunks(data: bytes, at: int, end: int) -> list[tuple[str, bytes]]:
    found = []
    while at + 8 <= end:
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"LIST":
            found += _chunks(data, at + 12, at + 8 + size)
        else:
            found.append((name.decode("latin-1"), data[at + 8 : at + 8 + size]))
        at += 8 + size
        at += data[at : at + 1] == b"\0"  # odd chunks are padded, except by some writers of SF3
    return found


def _zones(bags: list[tuple], generators: bytes, first: int, last: int, closing: int) -> list[Generators]:
    """The zones of one preset or instrument; a first one without its `closing` generator holds for all of them."""
    common: Generators = {}
    zones: list[Generators] = []
    for bag in range(first, last):
        zone = dict(common)
        for at in range(bags[bag][0], bags[bag + 1][0]):
            number, amount = struct.unpack_from("<Hh", generators, 4 * at)
            zone[number] = amount
        if closing in zone:
            zones.append(zone)
        elif bag == first:
            common = zone
    return zones


def _span(zone: Generators, number: int) -> tuple[int, int]:
    """Two bytes in one amount: the lowest and the highest."""
    amount = zone.get(number, 127 << 8)
    return amount & 255, (amount >> 8) & 255


def _merged(layer: Generators, zone: Generators) -> Zone | None:
    keys, velocities = (
        (max(_span(layer, number)[0], _span(zone, number)[0]), min(_span(layer, number)[1], _span(zone, number)[1]))
        for number in (KEYS, VELOCITIES)
    )
    if keys[0] > keys[1] or velocities[0] > velocities[1]:
        return None
    generators = DEFAULTS | {n: a for n, a in zone.items() if n not in (KEYS, VELOCITIES, SAMPLE)}
    for number, amount in layer.items():
        if number not in _NOT_ADDED:
            generators[number] = generators.get(number, 0) + amount
    return Zone(keys, velocities, zone[SAMPLE], generators)


def decoded(ogg: bytes) -> NDArray[np.float32]:
    """Ogg Vorbis of one channel to samples, [S]."""
    import av

    with av.open(io.BytesIO(ogg)) as container:
        stream = container.streams.audio[0]
        # Of files of one page FFmpeg cuts off a window too many (3 ms, where a loop ends): it is not told where to cut
        codec = av.CodecContext.create("vorbis", "r")
        codec.extradata = stream.codec_context.extradata
        packets = [av.Packet(bytes(packet)) for packet in container.demux(stream) if packet.size]
        frames = [frame for packet in packets for frame in codec.decode(packet)]
        length = stream.duration
    sound = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    return np.ascontiguousarray(sound[:length], np.float32)


@functools.cache
def shipped() -> SoundFont:
    """The process's one SoundFont, the one inside the package. Raises SoundFontError."""
    try:
        data = FONT.read_bytes()
    except OSError as error:
        raise SoundFontError(f"soundfont: {FONT} cannot be read ({error.strerror}); reinstall vitascope") from None
    if (found := hashlib.sha256(data).hexdigest()) != SHA256:
        raise SoundFontError(
            f"soundfont: {FONT} has checksum {found[:12]}…, expected {SHA256[:12]}…; reinstall vitascope"
        )
    return SoundFont(data)

"""Pieces as Standard MIDI Files (format 1, MIDI Manufacturers Association 1996), for any sequencer."""

import itertools
import struct
from pathlib import Path

import numpy as np

from vitascope.sound.score import Piece

TICKS = 480  # of a beat
_DRUM_CHANNEL = 9


def write_midi(piece: Piece, path: str | Path) -> None:
    """Writes the piece to a .mid file: a track with tempo, metre and key, then one for each part. Bars and beats of the
    file are those of the piece; music that begins a little late has a short bar before it. Raises OSError."""
    times, ticks = _grid(piece)
    tracks = [_conductor(piece, times, ticks)]
    channels = [channel for channel in range(16) if channel != _DRUM_CHANNEL]
    for number, part in enumerate(piece.parts):
        channel = _DRUM_CHANNEL if part.is_drums else channels.pop(0)
        tracks.append(_part(piece, number, channel, times, ticks))
    header = struct.pack(">4sIHHH", b"MThd", 6, 1, len(tracks), TICKS)
    Path(path).write_bytes(header + b"".join(struct.pack(">4sI", b"MTrk", len(t)) + t for t in tracks))


def _grid(piece: Piece) -> tuple[np.ndarray, np.ndarray]:
    """Times (seconds) and the ticks at them, from the beginning to the end."""
    beats = np.asarray(piece.beats)
    late = beats[0] > 0.001
    times = np.concatenate([[0.0], beats] if late else [beats])
    last = piece.tempo[-1][1]
    times = np.append(times, max(piece.seconds, times[-1] + 1e-3))
    ticks = np.arange(len(times), dtype=float) * TICKS
    ticks[-1] = ticks[-2] + (times[-1] - times[-2]) * last / 60 * TICKS
    return times, ticks


def _conductor(piece: Piece, times: np.ndarray, ticks: np.ndarray) -> bytes:
    events = [(0, b"\xff\x03" + _text("Vitascope"))]
    seconds_of_a_beat = np.diff(times) / np.diff(ticks) * TICKS
    before = 0
    for tick, beat in zip(ticks, seconds_of_a_beat, strict=False):
        micros = int(np.clip(round(beat * 1e6), 1, 0xFFFFFF))
        if abs(micros - before) > 1:
            events.append((round(tick), b"\xff\x51\x03" + micros.to_bytes(3, "big")))
            before = micros
    lines = np.round(np.interp(piece.bars, times, ticks) / TICKS).astype(int)
    metres = [(int(lines[0]), 0)] if lines[0] else []
    metres = [(int(lines[0]), 0)] * bool(lines[0]) + [
        (int(b - a), int(a)) for a, b in itertools.pairwise(lines)
    ] + [(piece.metre, int(lines[-1]))]  # fmt: skip
    now = 0
    for metre, line in metres:
        if metre != now:
            events.append((line * TICKS, bytes([0xFF, 0x58, 4, metre, 2, 24, 8])))
            now = metre
    # sharps or flats of the major key with these tones
    relative = (piece.key.tonic + (3 if piece.key.minor else 0)) % 12
    sharps = (7 * relative + 5) % 12 - 5
    events.append((0, bytes([0xFF, 0x59, 2, sharps & 255, int(piece.key.minor)])))
    return _track(events)


def _part(piece: Piece, number: int, channel: int, times: np.ndarray, ticks: np.ndarray) -> bytes:
    part = piece.parts[number]
    events = [
        (0, b"\xff\x03" + _text(part.name)),
        (0, bytes([0xC0 | channel, part.program])),
        (0, bytes([0xB0 | channel, 7, round(127 * part.volume)])),
        (0, bytes([0xB0 | channel, 10, round(63.5 + 63 * part.pan)])),
        (0, bytes([0xB0 | channel, 91, round(127 * part.hall)])),
    ]
    last: dict[int, int] = {}  # by pitch: where its latest note goes off
    for note in sorted((one for one in piece.notes if one.part == number), reverse=True):
        on, off = (round(float(np.interp(t, times, ticks))) for t in (note.start, note.start + note.seconds))
        # a key that is struck again was let go before
        off = max(on + 1, min(off, last.get(note.pitch, off)))
        last[note.pitch] = on
        events.append((on, bytes([0x90 | channel, note.pitch, note.velocity])))
        events.append((off, bytes([0x80 | channel, note.pitch, 0])))
    return _track(events)


def _track(events: list[tuple[int, bytes]]) -> bytes:
    out = bytearray()
    now = 0
    # at the same tick: what tells about the track, then keys let go, then keys struck
    for tick, message in sorted(events, key=lambda e: (e[0], message_rank(e[1]))):
        out += _length(tick - now) + message
        now = tick
    return bytes(out) + b"\x00\xff\x2f\x00"


def message_rank(message: bytes) -> int:
    return 2 if message[0] & 0xF0 == 0x90 else 1 if message[0] & 0xF0 == 0x80 else 0


def _length(value: int) -> bytes:
    """A variable-length quantity: seven bits a byte, the highest first."""
    found = bytes([value & 127])
    while value := value >> 7:
        found = bytes([value & 127 | 128]) + found
    return found


def _text(text: str) -> bytes:
    raw = text.encode("latin-1", "replace")
    return _length(len(raw)) + raw

"""Plays a piece: recorded instruments in a hall, as a stream of blocks."""

import functools
from collections.abc import Iterable, Iterator

import numpy as np

from vitascope.sound import sampler
from vitascope.sound.blocks import RATE, Blocks, Stereo, lengths
from vitascope.sound.score import Piece
from vitascope.sound.soundfont import DRUM_BANK, SoundFont, shipped

PEAK = 0.89  # no sample is beyond
LOUDNESS = 0.16  # -20 dBFS: about what the fuller half of a piece has (RMS)
_WET = 0.5


def play(piece: Piece) -> Blocks:
    """The piece as blocks of 48 kHz stereo, exactly as long as it; it dies away within its last second. What it needs
    of memory does not grow with its length. Raises SoundFontError where the package's instruments are missing."""
    return rendered(piece, lengths(piece.seconds))


def rendered(piece: Piece, sizes: Iterable[int]) -> Blocks:
    """As play, in blocks of these sizes (samples): the same samples whatever they are."""
    total = round(piece.seconds * RATE)
    limiter = sampler.Limiter(PEAK)
    wanted = iter(sizes)
    kept = np.zeros((0, 2), np.float32)
    sent = 0
    size = next(wanted, None)
    first = True
    for block in _mixed(piece, total + sampler.Limiter.LATE):
        out = limiter(block)
        kept = np.concatenate([kept, out[sampler.Limiter.LATE :] if first else out])
        first = False
        while size is not None and len(kept) >= size:
            yield np.clip(kept[:size] * _faded(sent, size, total), -PEAK, PEAK).astype(np.float32)
            kept, sent = kept[size:], sent + size
            size = next(wanted, None)


def _faded(begin: int, size: int, total: int) -> Stereo:
    """The fade over the end of the stream, for its samples from `begin` on: [S, 1]."""
    silent = min(round(0.04 * RATE), total // 20)
    length = min(round(0.9 * RATE), total // 4)
    left = (total - silent - np.arange(begin, begin + size)) / length
    return (np.sin(np.pi / 2 * np.clip(left, 0, 1)) ** 2).astype(np.float32)[:, None]


def _mixed(piece: Piece, total: int) -> Iterator[Stereo]:
    """The instruments with their hall, before the limiter, in blocks of a second."""
    font = shipped()
    gain = _gain(piece)
    hall = sampler.Hall(piece.room)
    levels = np.array([part.volume / _own_level(piece, number) for number, part in enumerate(piece.parts)]) * gain
    # constant power: an instrument is as loud at the side as in the middle
    angles = [(part.pan * 0.8 + 1) * np.pi / 4 for part in piece.parts]
    sides = np.array([[np.cos(angle), np.sin(angle)] for angle in angles], np.float32)
    notes = iter(piece.notes)
    coming = next(notes, None)
    voices: list[sampler.Voice] = []
    for begin in range(0, total, RATE):
        size = min(RATE, total - begin)
        while coming is not None and coming.start * RATE < begin + size:
            voices += _voices(font, piece, coming)
            coming = next(notes, None)
        dry, sent = np.zeros((size, 2), np.float32), np.zeros((size, 2), np.float32)
        for number, part in enumerate(piece.parts):
            own = [voice for voice in voices if voice.part == number]
            if not own:
                continue
            mono = np.zeros(size, np.float32)
            for voice in own:
                sampler.sound(voice, mono, begin)
            placed = mono[:, None] * (sides[number] * np.float32(levels[number]))
            dry += placed
            sent += placed * np.float32(part.hall * _WET)
        voices = [voice for voice in voices if not voice.over]
        yield dry + hall(sent)


def _voices(font: SoundFont, piece: Piece, note: tuple) -> list[sampler.Voice]:
    start, seconds, pitch, velocity, number = note
    part = piece.parts[number]
    preset = font.presets[DRUM_BANK if part.is_drums else 0, part.program]
    # drums ring out by themselves
    end = start + (6.0 if part.is_drums else seconds)
    return [
        sampler.voice(font, zone, pitch, velocity, round(start * RATE), round(end * RATE), number)
        for zone in preset.sounding(pitch, velocity)
    ]


def _own_level(piece: Piece, number: int) -> float:
    pitches = [note.pitch for note in piece.notes if note.part == number]
    if piece.parts[number].is_drums or not pitches:
        return _reference(True, piece.parts[number].program, (36, 38)) if pitches else 1.0
    middle = 4 * round(float(np.median(pitches)) / 4)
    return _reference(False, piece.parts[number].program, (middle - 4, middle, middle + 4))


@functools.cache
def _reference(drums: bool, program: int, keys: tuple[int, ...]) -> float:
    """How loud an instrument is by itself: RMS over the loudest quarter of a second (of drums: 0.1 s) of some keys at
    velocity 100, so that a part's volume means the same for all."""
    font = shipped()
    preset = font.presets[DRUM_BANK if drums else 0, program]
    window = (RATE // 10 if drums else RATE // 4) // 8
    found = []
    for key in keys:
        sound = np.zeros(RATE, np.float32)
        for zone in preset.sounding(key, 100):
            sampler.sound(sampler.voice(font, zone, key, 100, 0, RATE, 0), sound, 0)
        sums = np.cumsum(sound[::8].astype(float) ** 2)
        found.append(float(np.sqrt((sums[window:] - sums[:-window]).max() / window)))
    return max(1e-3, float(np.median(found)))


def _gain(piece: Piece) -> float:
    """What makes the piece about as loud as it should be, judged by its notes: the power of each second, from how loud
    its notes are and how long they last; of the fuller half of the seconds the mean."""
    power = np.zeros(int(piece.seconds) + 1)
    for start, seconds, _, velocity, number in piece.notes:
        part = piece.parts[number]
        loud = (part.volume * (velocity / 100) ** 2) ** 2
        begin = int(start)
        for second in range(begin, min(len(power), begin + 1 + int(seconds))):
            overlap = min(start + seconds, second + 1) - max(start, second)
            power[second] += (
                loud * max(0.0, min(overlap, 0.4 if part.is_drums else 1.0)) * (0.5 if part.is_drums else 1)
            )
    full = np.sort(power)[len(power) // 2 :]
    return LOUDNESS / float(np.sqrt(max(1e-6, full.mean())))

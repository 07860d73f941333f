"""A piece written as MIDI is the same piece, as another library reads it."""

from pathlib import Path

import mido
import numpy as np
import pytest

from vitascope.sound.midi import write_midi
from vitascope.sound.score import Picture, compose


@pytest.mark.parametrize("words", ["epic orchestral trailer", "a slow waltz", "jazz in Bb minor"])
def test_round_trip(words: str, tmp_path: Path) -> None:
    piece = compose(words, Picture(25, (0.6,) * 100, (), (6.3, 13.1, 19.9)))
    write_midi(piece, tmp_path / "piece.mid")
    file = mido.MidiFile(tmp_path / "piece.mid")
    tracks = file.tracks[1:]
    assert [track.name for track in tracks] == [part.name for part in piece.parts]
    conductor = mido.merge_tracks(file.tracks[:1])
    assert next(m.key for m in conductor if m.type == "key_signature").endswith("m") == piece.key.minor
    assert piece.metre in {m.numerator for m in conductor if m.type == "time_signature"}
    used = set()
    for number, (track, part) in enumerate(zip(tracks, piece.parts, strict=True)):
        found, drums, program = played(file, track)
        wanted = sorted((n.start, n.pitch, n.velocity) for n in piece.notes if n.part == number)
        assert program == part.program and drums == part.is_drums
        assert len(found) == len(wanted)
        np.testing.assert_allclose([n[0] for n in found], [n[0] for n in wanted], atol=0.004)
        assert sorted(n[1:] for n in found) == sorted(n[1:] for n in wanted)
        channel = next(m.channel for m in track if m.type == "program_change")
        assert part.is_drums or channel not in used
        used.add(channel)


def played(file: mido.MidiFile, track: mido.MidiTrack) -> tuple[list[tuple[float, int, int]], bool, int]:
    """Notes (start in seconds, pitch, velocity) of a track, whether they are on the drum channel, and its program."""
    alone = mido.MidiFile(type=1, ticks_per_beat=file.ticks_per_beat)
    alone.tracks += [file.tracks[0], track]
    now, notes, sounding = 0.0, [], 0
    channel = program = 0
    for message in alone:
        now += message.time
        if message.type == "program_change":
            channel, program = message.channel, message.program
        elif message.type == "note_on" and message.velocity:
            notes.append((now, message.note, message.velocity))
            sounding += 1
        elif message.type == "note_off":
            sounding -= 1
    assert sounding == 0  # no note hangs
    return sorted(notes), channel == 9, program


def test_bars_of_the_file_are_bars_of_the_piece(tmp_path: Path) -> None:
    piece = compose("march", Picture(30, (), (11.0,), (8.2, 17.7)))
    write_midi(piece, tmp_path / "piece.mid")
    file = mido.MidiFile(tmp_path / "piece.mid")
    changes = [(0, 4)]
    tick = 0
    for message in file.tracks[0]:
        tick += message.time
        if message.type == "time_signature":
            changes.append((tick, message.numerator))
    lines = []
    for (at, beats), (until, _) in zip(changes, [*changes[1:], (tick + 1, 0)], strict=True):
        lines += list(range(at, until, beats * file.ticks_per_beat))
    tempi = [(t, m.tempo) for t, m in with_ticks(file.tracks[0]) if m.type == "set_tempo"]
    times = [seconds(line, tempi, file.ticks_per_beat) for line in lines]
    for bar in piece.bars:
        assert np.abs(np.array(times) - bar).min() < 0.003


def with_ticks(track: mido.MidiTrack) -> list[tuple[int, mido.Message]]:
    tick, found = 0, []
    for message in track:
        tick += message.time
        found.append((tick, message))
    return found


def seconds(tick: int, tempi: list[tuple[int, int]], resolution: int) -> float:
    total = 0.0
    for (at, tempo), (until, _) in zip(tempi, [*tempi[1:], (tick + 1, 0)], strict=True):
        total += max(0, min(tick, until) - at) * tempo / 1e6 / resolution
    return total

"""Makes the SoundFont that ships, a part of FluidR3Mono_GM.sf3 (MIT), from the Debian package that has it.

    apt-get download fluidr3mono-gm-soundfont && dpkg-deb -x fluidr3mono-gm-soundfont_*.deb font
    cd font/usr/share/fluidr3mono-gm-soundfont
    python runs/soundfont.py FluidR3Mono_GM.sf3 vitascope/weights/sound/instruments.sf3

The recordings are copied as they are (Ogg Vorbis), never coded again. Of each instrument in
vitascope/sound/orchestra.py those that its range needs are kept, spread evenly, at most as many as it names; neighbours
take over the keys of those left out.
"""

import argparse
import hashlib
import itertools
import struct
from dataclasses import replace
from pathlib import Path

from vitascope.sound import soundfont as sf
from vitascope.sound.orchestra import INSTRUMENTS, Instrument
from vitascope.sound.soundfont import DRUM_BANK, Preset, SoundFont, Zone

# Drum keys that ship: General MIDI's kick, snare, toms, hats, cymbals, and small things; the orchestra's own kit
DRUM_KEYS = {
    0: (35, 36, 37, 38, 39, 42, 44, 45, 46, 48, 50, 51, 54, 57, 70, 76, 77, 81),
    25: (36, 38, 39, 42, 46, 57),
    40: (36, 38, 39, 40, 42, 44, 51, 57),
    48: (35, 36, 38, 40, 57, 86, 87),
}


def thinned(preset: Preset, font: SoundFont, instrument: Instrument) -> tuple[Zone, ...]:
    """At most `instrument.samples` recordings, evenly spread over its range, whose keys cover all that were covered."""
    groups: dict[tuple[int, int], list[Zone]] = {}
    for zone in preset.zones:
        groups.setdefault(zone.keys, []).append(zone)
    ranges = sorted(groups)
    if any(after[0] <= one[1] for one, after in itertools.pairwise(ranges)):
        return preset.zones  # layers lie over each other: left as they are
    inside = [keys for keys in ranges if keys[1] >= instrument.low and keys[0] <= instrument.high] or ranges
    count = min(instrument.samples, len(inside))
    step = (len(inside) - 1) / max(1, count - 1)
    kept = [inside[round(i * step)] for i in range(count)] if count > 1 else [inside[len(inside) // 2]]
    zones: list[Zone] = []
    low = 0
    for one, after in zip(kept, [*kept[1:], None], strict=True):
        # keys between two that are kept go to the nearer one; upwards a recording may be taken a little less far
        high = 127 if after is None else one[1] + (after[0] - 1 - one[1]) // 2
        zones += [replace(zone, keys=(low, high)) for zone in groups[one]]
        low = high + 1
    return tuple(zones)


def written(font: SoundFont, presets: dict[tuple[int, int], Preset]) -> bytes:
    """An SF3 file of these presets, each with one instrument of its own; what several use stands in it once."""
    pool, shdr = bytearray(), b""
    new_index: dict[int, int] = {}
    for index in sorted({zone.sample for preset in presets.values() for zone in preset.zones}):
        header = font.samples[index]
        start = len(pool)
        pool += font.pool[header.start : header.end]
        shdr += struct.pack("<20sIIIIIBbHH", header.name.encode("latin-1"), start, len(pool), header.loop_start,
                            header.loop_end, header.rate, header.root, header.correction, 0, header.kind)  # fmt: skip
        new_index[index] = len(new_index)
    shdr += struct.pack("<20s26x", b"EOS")
    pool += b"\0" * (len(pool) % 2)
    phdr = pbag = pgen = inst = ibag = igen = b""
    zones_so_far = generators_so_far = 0
    for number, ((bank, program), preset) in enumerate(sorted(presets.items())):
        phdr += struct.pack("<20sHHHIII", preset.name.encode("latin-1"), program, bank, number, 0, 0, 0)
        pbag += struct.pack("<HH", number, 0)
        pgen += struct.pack("<HH", sf.INSTRUMENT, number)
        inst += struct.pack("<20sH", preset.name.encode("latin-1"), zones_so_far)
        for zone in preset.zones:
            amounts = [(sf.KEYS, zone.keys[0] | zone.keys[1] << 8),
                       (sf.VELOCITIES, zone.velocities[0] | zone.velocities[1] << 8)]  # fmt: skip
            amounts += [(n, a & 0xFFFF) for n, a in sorted(zone.generators.items()) if a != sf.DEFAULTS.get(n, 0)]
            amounts.append((sf.SAMPLE, new_index[zone.sample]))
            ibag += struct.pack("<HH", generators_so_far, 0)
            igen += b"".join(struct.pack("<HH", *amount) for amount in amounts)
            zones_so_far, generators_so_far = zones_so_far + 1, generators_so_far + len(amounts)
    count = len(presets)
    phdr += struct.pack("<20sHHHIII", b"EOP", 0, 0, count, 0, 0, 0)
    pbag, pgen = pbag + struct.pack("<HH", count, 0), pgen + bytes(4)
    inst, ibag, igen = (
        inst + struct.pack("<20sH", b"EOI", zones_so_far),
        ibag + struct.pack("<HH", generators_so_far, 0),
        igen + bytes(4),
    )
    information = {"ifil": struct.pack("<HH", 3, 0), "isng": b"EMU8000\0", "INAM": b"Vitascope instruments\0",
                   "ICOP": b"MIT; see NOTICE: Frank Wen, Michael Cowgill and others\0"}  # fmt: skip
    hydra = {"phdr": phdr, "pbag": pbag, "pmod": bytes(10), "pgen": pgen, "inst": inst, "ibag": ibag,
             "imod": bytes(10), "igen": igen, "shdr": shdr}  # fmt: skip
    body = b"sfbk" + _list("INFO", information) + _list("sdta", {"smpl": bytes(pool)}) + _list("pdta", hydra)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _list(name: str, chunks: dict[str, bytes]) -> bytes:
    padded = {key: data + b"\0" * (len(data) % 2) for key, data in chunks.items()}
    body = name.encode() + b"".join(key.encode() + struct.pack("<I", len(data)) + data for key, data in padded.items())
    return b"LIST" + struct.pack("<I", len(body)) + body


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("font", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    font = SoundFont(options.font.read_bytes())
    presets: dict[tuple[int, int], Preset] = {}
    for instrument in sorted(INSTRUMENTS.values(), key=lambda one: one.low):  # the widest range of a program goes first
        bank = DRUM_BANK if instrument.kit else 0
        preset = font.presets[bank, instrument.program]
        if instrument.kit:
            keys = DRUM_KEYS[instrument.program]
            zones = tuple(
                replace(zone, keys=(key, key))
                for key in keys
                for zone in preset.zones
                if zone.keys[0] <= key <= zone.keys[1]
            )
        else:
            zones = thinned(preset, font, instrument)
        presets.setdefault((bank, instrument.program), Preset(preset.name, zones))
    data = written(font, presets)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_bytes(data)
    for key, preset in sorted(presets.items()):
        used = {zone.sample for zone in preset.zones}
        size = sum(font.samples[i].end - font.samples[i].start for i in used)
        print(f"{key[0]:3d} {key[1]:3d} {preset.name:24s} {len(used):3d} recordings {size / 1e3:6.0f} kB")
    print(f"{len(data) / 1e6:.2f} MB  {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()

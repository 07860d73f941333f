"""The instruments that ship are whole, and what is no SoundFont is refused."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from vitascope.sound import soundfont
from vitascope.sound.soundfont import FONT, SHA256, SoundFont, SoundFontError, shipped


def test_the_file_is_the_one_that_was_noted() -> None:
    data = FONT.read_bytes()
    assert len(data) < 6_000_000
    assert hashlib.sha256(data).hexdigest() == SHA256
    assert (FONT.parent / "SHA256SUMS").read_text() == f"{SHA256}  {FONT.name}\n"
    assert "MIT" in (FONT.parent / "NOTICE").read_text()


def test_all_samples_decode_to_their_whole_length() -> None:
    font = shipped()
    for index, header in enumerate(font.samples):
        sound = font.sample(index)
        # a window that is missing at the end would be silence in every turn of the loop
        assert header.loop_end <= len(sound), header
        assert 0.003 < np.abs(sound).max() < 1.5 and sound.dtype == np.float32


def test_loops_go_on_smoothly() -> None:
    font = shipped()
    for preset in font.presets.values():
        for zone in preset.zones:
            header = font.samples[zone.sample]
            if zone.generators.get(soundfont.MODES, 0) & 1:
                loop = header.loop_start, header.loop_end
                padded = font.padded(zone.sample, loop)
                assert len(padded) == header.loop_end + 4
                np.testing.assert_array_equal(padded[-3:-1], font.sample(zone.sample)[loop[0] : loop[0] + 2])


def test_damaged_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SoundFontError, match="RIFF"):
        SoundFont(b"no font at all")
    with pytest.raises(SoundFontError, match="damaged or cut short"):
        SoundFont(FONT.read_bytes()[:100_000])
    (tmp_path / "other.sf3").write_bytes(b"x")
    monkeypatch.setattr(soundfont, "FONT", tmp_path / "other.sf3")
    with pytest.raises(SoundFontError, match="checksum"):
        soundfont.shipped.__wrapped__()
    monkeypatch.setattr(soundfont, "FONT", tmp_path / "none.sf3")
    with pytest.raises(SoundFontError, match="cannot be read"):
        soundfont.shipped.__wrapped__()

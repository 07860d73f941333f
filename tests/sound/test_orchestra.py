"""Words bring the instruments that they name, and keep out those that they rule out."""

import pytest

from vitascope.sound.orchestra import CASTS, INSTRUMENTS, SECTIONS, cast, named
from vitascope.sound.soundfont import DRUM_BANK, shipped


@pytest.mark.parametrize(
    ("words", "wanted", "unwanted"),
    [
        ("happy ukulele at 120 bpm", ("ukulele",), ()),
        ("piano and cellos, no drums", ("piano", "cello"), ("drum kit",)),
        ("jazz without piano or saxes", (), ("piano", "saxophone")),
        ("tremolo strings", ("tremolo strings",), ()),
        ("no strings but a harp", ("harp",), ("strings",)),
        ("french horns, solo violin", ("french horn", "violin"), ()),
        ("sad", (), ()),
    ],
)
def test_names(words: str, wanted: tuple[str, ...], unwanted: tuple[str, ...]) -> None:
    assert named(words)[:2] == (wanted, unwanted)


@pytest.mark.parametrize("kind", CASTS)
def test_every_cast_can_do_without(kind: str) -> None:
    usual = {player.instrument.name for player in cast(kind, (), (), False)}
    for name in usual:
        left = cast(kind, (), (name,), False)
        assert left and name not in {player.instrument.name for player in left}
        assert "melody" in {player.role for player in left}
    assert not any(player.instrument.kit for player in cast(kind, (), ("drum kit",), False))
    for section, own in SECTIONS.items():
        assert not {player.instrument.name for player in cast(kind, (), (section,), False)} & set(own)


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_who_is_named_plays_and_alone_if_told(name: str) -> None:
    for kind in ("neutral", "rock"):
        assert name in {player.instrument.name for player in cast(kind, (name,), (), False)}
    alone = {player.instrument.name for player in cast("sad", (name,), (), True)}
    assert alone == {name} if name not in SECTIONS else alone <= {name, *SECTIONS[name]}


def test_all_of_them_ship() -> None:
    font = shipped()
    for one in INSTRUMENTS.values():
        preset = font.presets[DRUM_BANK if one.kit else 0, one.program]
        if not one.kit:
            assert all(
                preset.sounding(key, velocity) for key in range(one.low, one.high + 1) for velocity in (1, 60, 127)
            )

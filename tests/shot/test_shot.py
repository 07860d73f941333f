"""Shots are checked when made, say clearly what is wrong, and come back from JSON as they were."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from vitascope.shot.shot import (
    MAX_CARRIED_BYTES,
    MAX_JSON_BYTES,
    Cue,
    Media,
    Pin,
    Region,
    Shot,
    ShotError,
    Sound,
    Span,
    Track,
    load_tracks,
    save_tracks,
    track_arrays,
    tracks_from_arrays,
)


def full_shot() -> Shot:
    """A shot that uses every field."""
    picture = Media.of(b"a picture", "picture")
    return Shot.checked(
        text="a red ball «rolls» 🎈",
        negative="rain",
        spans=[Span(start=0.5, end=1.0, text="it stops")],
        size=[224, 160],
        seconds=1.5,
        fps=24,
        seed=2**63 - 1,
        pins=[
            Pin(media=picture, region=Region(x=0, y=0, width=0.5, height=1), mask=picture, strength=0.5),
            Pin(media=Media(sha256="0" * 64, kind="film"), time=1.5, seconds=0.5, role="style"),
        ],
        tracks=[Track(times=(0, 0.5, 1), points=((0.1, 0.2), (1 / 3, -0.5), (1.5, 0.9)), visible=(True, False, True))],
        cues=[Cue(time=0.25, kind="bounce", materials=("rubber", "wood"), place=(0.5, 0.5))],
        sound=Sound(prompt="a ball"),
        model="small",
        steps=20,
        guidance=3,
        pin_guidance=1.5,
        track_guidance=0,
        quality="fast",
    )


def test_importing_the_package_stays_light() -> None:
    code = "import sys, vitascope.shot; print([n for n in ('torch', 'av', 'numba', 'PIL') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_json_round_trip_gives_an_equal_shot() -> None:
    shot = full_shot()
    assert Shot.from_json(shot.to_json()) == shot


def test_json_carries_media_as_base64() -> None:
    assert json.loads(full_shot().to_json())["pins"][0]["media"]["data"] == "YSBwaWN0dXJl"


def test_fields_left_out_of_json_take_their_defaults() -> None:
    assert Shot.from_json('{"text": "a cat"}') == Shot(text="a cat")


def test_the_json_schema_names_every_field_and_its_limits() -> None:
    schema = Shot.model_json_schema()
    assert set(schema["properties"]) == set(Shot.model_fields)
    assert schema["properties"]["fps"]["maximum"] == 60


@pytest.mark.parametrize(
    ("fields", "parts"),
    [
        ({}, ["text", "missing"]),
        ({"text": "  "}, ["text", "at least 1 character"]),
        ({"text": "a" * 2001}, ["text", "2000"]),
        ({"text": "a", "fps": 100}, ["fps", "60", "100"]),
        ({"text": "a", "fps": float("nan")}, ["fps", "nan"]),
        ({"text": "a", "seconds": 0}, ["seconds", "greater than 0"]),
        ({"text": "a", "seconds": float("inf")}, ["seconds", "inf"]),
        ({"text": "a", "size": (8, 144)}, ["size[0]", "16", "8"]),
        ({"text": "a", "size": (4096, 4096)}, ["size", "8.9 megapixels", "4096x4096"]),
        ({"text": "a", "seed": -1}, ["seed", "0", "-1"]),
        ({"text": "a", "guidance": 31}, ["guidance", "30", "31"]),
        ({"text": "a", "pin_guidance": -1}, ["pin_guidance", "0", "-1"]),
        ({"text": "a", "track_guidance": float("nan")}, ["track_guidance", "nan"]),
        ({"text": "a", "quality": "good"}, ["quality", "'fast' or 'best'", "'good'"]),
        ({"text": "a", "seed": 2**63}, ["seed", str(2**63 - 1)]),
        ({"text": "a", "prompt": "b"}, ["prompt", "not a known field", "negative", "guidance"]),
        (
            {"text": "a", "pins": [{"media": {"sha256": "0" * 64, "url": "x"}}]},
            ["pins[0].media.url", "sha256, kind, data"],
        ),
        ({"text": "a", "pins": [{"media": {"sha256": "zz"}}]}, ["pins[0].media.sha256", "'zz'"]),
        ({"text": "a", "pins": [{"media": {"sha256": "0" * 64, "data": "YQ=="}}]}, ["pins[0].media", "sha256"]),
        ({"text": "a", "pins": [{"media": {"sha256": "0" * 64, "data": "?"}}]}, ["pins[0].media.data", "base64"]),
        ({"text": "a", "pins": [{"media": {"sha256": "0" * 64, "kind": "sound"}}]}, ["pins[0]", "media.kind", "sound"]),
        ({"text": "a", "pins": [{"media": {"sha256": "0" * 64}, "time": 3}]}, ["pins[0].time", "2 s", "3"]),
        ({"text": "a", "pins": [{"media": {"sha256": "0" * 64}, "seconds": 1}]}, ["pins[0]", "seconds", "film"]),
        ({"text": "a", "spans": [{"start": 1, "end": 1, "text": "b"}]}, ["spans[0]", "end", "after start"]),
        ({"text": "a", "cues": [{"time": 0, "kind": "bang"}]}, ["cues[0].kind", "impact", "'bang'"]),
        ({"text": "a", "cues": [{"time": 0, "kind": "roll"}] * 1001}, ["cues", "1000"]),
        ({"text": "a", "tracks": [{"times": [0, 0], "points": [[0, 0], [1, 1]]}]}, ["tracks[0].times", "increase"]),
        ({"text": "a", "tracks": [{"times": [0], "points": [[0, 0], [1, 1]]}]}, ["tracks[0]", "1 times", "2 points"]),
        ({"text": "a", "tracks": [{"times": [0], "points": [[0, 7]]}]}, ["tracks[0].points[0][1]", "2", "7"]),
    ],
)
def test_refusals_name_the_field_and_what_is_allowed_in_one_line(fields: dict[str, object], parts: list[str]) -> None:
    with pytest.raises(ShotError) as caught:
        Shot.checked(**fields)
    message = str(caught.value)
    assert all(part in message for part in parts), message
    assert "\n" not in message
    assert len(message) < 400


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"text": "\\ud800"}', '{"text": "a", "fps": NaN}', b"\xff"])
def test_json_that_is_no_shot_is_refused_in_one_line(text: str | bytes) -> None:
    with pytest.raises(ShotError) as caught:
        Shot.from_json(text)
    assert "\n" not in str(caught.value)


def test_a_changed_copy_is_checked_and_the_original_stays() -> None:
    shot = Shot(text="a cat")
    assert shot.with_(seconds=4).num_frames == 48
    assert shot.num_frames == 24
    with pytest.raises(ShotError, match="fps"):
        shot.with_(fps=0)


def test_a_changed_copy_remembers_what_was_given() -> None:
    assert "seconds" not in Shot(text="a cat").with_(fps=24).model_fields_set
    assert "seconds" in Shot(text="a cat", seconds=2).with_(fps=24).model_fields_set


def test_all_that_a_shot_carries_has_a_limit_together_but_equal_media_count_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert MAX_CARRIED_BYTES * 4 // 3 < MAX_JSON_BYTES  # as base64
    monkeypatch.setattr("vitascope.shot.shot.MAX_CARRIED_BYTES", 1000)
    large = [Media.of(bytes([i]) * 300, "film") for i in range(4)]
    assert Shot.checked(text="a", pins=[Pin(media=large[0])] * 4)
    with pytest.raises(ShotError, match=r"pins should carry at most 1000 bytes .* carried 1200; .* media store"):
        Shot.checked(text="a", pins=[Pin(media=media) for media in large])
    assert Shot.checked(text="a", pins=[Pin(media=media.without_data()) for media in large])


def test_json_that_is_too_long_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vitascope.shot.shot.MAX_JSON_BYTES", 100)
    with pytest.raises(ShotError, match="at most 100 bytes of JSON, but had 2"):
        Shot.from_json('{"text": "a"' + " " * 200 + "}")


@pytest.mark.parametrize(
    ("fields", "parts"),
    [
        ({"tracks": [Track(times=(0,), points=((0, 0),))] * 4097}, ["tracks", "4096"]),
        (
            {"tracks": [Track(times=[i / 4 for i in range(250)], points=((0, 0),) * 250)] * 4096, "seconds": 120},  # type: ignore[arg-type]
            ["tracks", "1000000 points", "1024000"],
        ),
        ({"tracks": [{"times": [0] * 4097, "points": [(0, 0)] * 4097}]}, ["tracks[0]", "4096"]),
        ({"pins": [{"media": {"sha256": "0" * 64}}] * 65}, ["pins", "64"]),
        ({"spans": [{"start": 0, "end": 1, "text": "b"}] * 101}, ["spans", "100"]),
        ({"negative": "x" * 10_000_000}, ["negative", "2000"]),
        ({"size": (5000, 100)}, ["size[0]", "4096", "5000"]),
        ({"steps": 10**9}, ["steps", "1000"]),
    ],
)
def test_no_field_grows_without_a_limit(fields: dict[str, object], parts: list[str]) -> None:
    with pytest.raises(ShotError) as caught:
        Shot.checked(text="a", **fields)
    assert all(part in str(caught.value) for part in parts), str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_very_short_shot_has_one_frame() -> None:
    assert Shot(text="a cat", seconds=0.01).num_frames == 1


def test_media_from_a_path_carries_its_bytes_and_kind(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"film")
    assert Media.from_path(tmp_path / "film.mp4") == Media.of(b"film", "film")
    with pytest.raises(ShotError, match=r"none\.png"):
        Media.from_path(tmp_path / "none.png")


def test_tracks_move_straight_between_their_times_and_are_invisible_outside() -> None:
    track = Track(times=(0.25, 0.75), points=((0, 0), (1, 0.5)))
    points, visible = track_arrays([track], num_frames=5, fps=4)
    np.testing.assert_allclose(points[0], [(0, 0), (0, 0), (0.5, 0.25), (1, 0.5), (1, 0.5)])
    assert visible[0].tolist() == [False, True, True, True, False]


def test_a_track_is_invisible_where_it_says_so() -> None:
    track = Track(times=(0, 1, 2, 3), points=((0, 0),) * 4, visible=(True, False, True, True))
    _, visible = track_arrays([track], num_frames=7, fps=2)
    assert visible[0].tolist() == [True, False, False, False, True, True, True]


@pytest.mark.parametrize("fps", [12, 24, 23.976, 29.97, 60])
def test_arrays_to_tracks_and_back_are_the_same(fps: float) -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(-0.5, 1.5, (5, 30, 2)).astype(np.float32)
    visible = rng.random((5, 30)) < 0.7
    tracks = tuple(
        Track.model_validate_json(track.model_dump_json()) for track in tracks_from_arrays(points, visible, fps)
    )
    again, shown = track_arrays(tracks, 30, fps)
    np.testing.assert_allclose(again, points, atol=1e-3)
    assert (shown == visible).all()


def test_points_that_are_no_numbers_or_far_away_become_invisible() -> None:
    points = np.array([[[0.5, 0.5], [np.nan, 0], [9, 0.5]]])
    (track,) = tracks_from_arrays(points, np.ones((1, 3), bool), 12)
    assert track.visible == (True, False, False)


def test_no_tracks_are_empty_arrays() -> None:
    points, visible = track_arrays([], 24, 12)
    assert points.shape == (0, 24, 2)
    assert visible.shape == (0, 24)
    assert tracks_from_arrays(points, visible, 12) == ()


def test_saved_tracks_come_back(tmp_path: Path) -> None:
    tracks = (
        Track(times=(0, 1), points=((0, 0.12345), (1, 1))),
        Track(times=(0.5,), points=((0, 0),), visible=(False,)),
    )
    for suffix in ("npz", "json"):
        save_tracks(tmp_path / f"tracks.{suffix}", tracks)
        assert load_tracks(tmp_path / f"tracks.{suffix}") == tracks
        save_tracks(tmp_path / f"none.{suffix}", ())
        assert load_tracks(tmp_path / f"none.{suffix}") == ()
    assert len(list(tmp_path.iterdir())) == 4


def test_tracks_are_compact_in_json_and_more_so_in_arrays(tmp_path: Path) -> None:
    t = np.arange(24) / 24
    points = np.stack([np.stack([0.1 + k / 200 + t / 3, 0.5 + np.sin(t + k) / 7], -1) for k in range(100)])
    tracks = tracks_from_arrays(points, np.ones((100, 24), bool), 12)
    for suffix, most in (("json", 30), ("npz", 10)):
        save_tracks(tmp_path / f"tracks.{suffix}", tracks)
        assert (tmp_path / f"tracks.{suffix}").stat().st_size < most * 100 * 24  # bytes a point


def test_a_failed_write_of_tracks_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nowhere"):
        save_tracks(tmp_path / "nowhere" / "tracks.npz", ())
    with pytest.raises(ShotError, match=r"tracks\.txt.*\.npz or \.json"):
        save_tracks(tmp_path / "tracks.txt", ())
    with pytest.raises(AttributeError):
        save_tracks(tmp_path / "tracks.npz", ["no track"])  # type: ignore[list-item]
    assert not list(tmp_path.iterdir())


def test_a_file_that_holds_no_tracks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tracks.npz").write_bytes(b"nothing of the kind")
    with pytest.raises(ShotError, match=r"tracks\.npz"):
        load_tracks(tmp_path / "tracks.npz")


def npz(path: Path, **changes: object) -> Path:
    """A file of one track of two points, with some of its arrays changed."""
    arrays: dict[str, object] = {
        "lengths": np.array([2]),
        "times": np.array([0.0, 1.0]),
        "points": np.zeros((2, 2)),
        "visible": np.ones(2, bool),
    }
    np.savez_compressed(path, **(arrays | changes))  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lengths": np.array([3])}, "do not fit"),
        ({"lengths": np.array([5, -3])}, "do not fit"),
        ({"times": np.array([1.0, 0.0])}, "times should increase"),
        ({"points": np.full((2, 2), 7.0)}, "points"),
        ({"points": np.zeros((2, 3))}, "points"),
        ({"times": np.array(["a", "b"])}, "times should be"),
        ({"times": np.array([{}, {}], object)}, "times should be"),
        ({"points": np.zeros((2_000_000, 2), np.float32)}, "points should be at most 2000000"),  # a bomb: 16 kB
    ],
)
def test_arrays_that_are_no_tracks_or_would_fill_the_memory_are_refused(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(ShotError, match=words) as caught:
        load_tracks(npz(tmp_path / "tracks.npz", **changes))
    assert "\n" not in str(caught.value)


def test_truncated_and_lying_files_of_tracks_are_refused(tmp_path: Path) -> None:
    data = npz(tmp_path / "whole.npz").read_bytes()
    for share in (0.1, 0.5, 0.9):
        (tmp_path / "tracks.npz").write_bytes(data[: int(share * len(data))])
        with pytest.raises(ShotError, match=r"tracks\.npz"):
            load_tracks(tmp_path / "tracks.npz")
    with zipfile.ZipFile(tmp_path / "lying.npz", "w") as folder, zipfile.ZipFile(tmp_path / "whole.npz") as whole:
        for name in whole.namelist():
            folder.writestr(name, whole.read(name).replace(b"'shape': (2,)", b"'shape': (9,)"))
    with pytest.raises(ShotError, match=r"lying\.npz"):
        load_tracks(tmp_path / "lying.npz")
    for text in ("", "{}", "[1]", '[{"times": [0], "points": [[9, 9]]}]', '[{"times": [0]}]'):
        (tmp_path / "tracks.json").write_text(text)
        with pytest.raises(ShotError, match=r"tracks\.json") as caught:
            load_tracks(tmp_path / "tracks.json")
        assert "\n" not in str(caught.value)

"""Shots are checked when made, say clearly what is wrong, and come back from JSON as they were."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vitascope.shot.shot import (
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
    save_tracks(tmp_path / "tracks.npz", tracks)
    assert load_tracks(tmp_path / "tracks.npz") == tracks
    save_tracks(tmp_path / "none.npz", ())
    assert load_tracks(tmp_path / "none.npz") == ()


def test_a_file_that_holds_no_tracks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tracks.npz").write_bytes(b"nothing of the kind")
    with pytest.raises(ShotError, match=r"tracks\.npz"):
        load_tracks(tmp_path / "tracks.npz")

"""The director's timeline: times and words become spans and moves, overlaps and mistakes are named."""

import numpy as np
import pytest

from vitascope.shot.brush import Stroke, brush_tracks, combine
from vitascope.shot.camera import Move, camera_tracks, parse_moves
from vitascope.shot.media import mask_media
from vitascope.shot.shot import Shot, ShotError, Span, track_arrays
from vitascope.shot.timeline import Timeline, apply_timeline, parse_timeline


def test_words_become_spans_and_moves_at_their_times() -> None:
    timeline = parse_timeline("0–1.5 s: a ball rolls; pan left 20deg, 1.5-4s: it stops, dolly in 1m ease; a dog barks")
    assert timeline.spans == (
        Span(start=0, end=1.5, text="a ball rolls"),
        Span(start=1.5, end=4, text="it stops; a dog barks"),
    )
    assert timeline.moves == (
        Move(kind="pan", amount=-20, start=0, end=1.5),
        Move(kind="dolly", amount=1, start=1.5, end=4, ease="ease"),
    )
    assert timeline.end == 4
    assert Timeline.model_validate_json(timeline.model_dump_json()) == timeline


@pytest.mark.parametrize(
    "text",
    [
        "0-2s: a cat, 2-3s: a dog",
        "0 – 2 s: a cat; 2 — 3 s: a dog",
        "0s to 2s: a cat\n2s to 3s: a dog\n",
        "from 0 until 2 seconds: a cat. 2-3: a dog",
        "[0:00-0:02] a cat [0:02-0:03] a dog",
        "  [00:00 - 00:02]: a cat,\n[00:02 - 00:03]: a dog;",
        "2-3s: a dog, 0-2s: a cat",
    ],
)
def test_times_may_be_written_in_many_ways(text: str) -> None:
    spans = parse_timeline(text).spans
    assert [(span.start, span.end, span.text.rstrip(".")) for span in spans] == [(0, 2, "a cat"), (2, 3, "a dog")]


def test_minutes_count_and_clock_times_in_the_story_do_not() -> None:
    timeline = parse_timeline("0-90s: the clock shows 10:30, 1:30-1:40: it rings")
    assert [(span.start, span.end) for span in timeline.spans] == [(0, 90), (90, 100)]
    assert timeline.spans[0].text == "the clock shows 10:30"


def test_camera_words_are_found_in_sentences() -> None:
    timeline = parse_timeline("0-2s: A man walks. The camera pans left. He waves while the handheld camera pushes in")
    assert timeline.spans == (Span(start=0, end=2, text="A man walks. He waves"),)
    kinds = [(move.kind, move.start, move.end) for move in timeline.moves]
    assert kinds == [("pan", 0, 2), ("handheld", 0, 2), ("dolly", 0, 2)]


def test_a_span_may_be_only_a_move_and_a_move_may_have_its_own_times_within_it() -> None:
    timeline = parse_timeline("0-1s: tilt up, 1-4s: a bird; pan right 10deg from 2s to 3s; the camera is still")
    assert timeline.spans == (Span(start=1, end=4, text="a bird"),)
    assert timeline.moves == (
        Move(kind="tilt", amount=12, start=0, end=1),
        Move(kind="pan", amount=10, start=2, end=3),
    )


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ["''", "no time before it"]),
        ("a ball rolls", ["'a ball rolls'", "no time before it"]),
        ("first a cat, 0-1s: a dog", ["'first a cat'", "no time"]),
        ("0-2s: a cat, 1-3s: a dog", ["1-3s: a dog", "starts at 1 s", "0-2s: a cat", "ends at 2 s"]),
        ("2-1s: a cat", ["2-1s: a cat", "end after its start"]),
        ("1-1s: a cat", ["1-1s: a cat", "end after its start"]),
        ("0-200s: a cat", ["0-200s: a cat", "120 s", "200 s"]),
        ("0-1s: , 1-2s: a cat", ["0-1s:", "says nothing"]),
        ("0-1s: pan left 900deg", ["0-1s: pan left 900deg", "360deg"]),
        ("0-1s: camera wobbles", ["camera wobbles", "wobbles", "not a move"]),
        ("0-1s: pan left from 0.5s to 2s", ["0.5 s to 2 s", "within 0 s to 1 s"]),
        ("0-1s: " + "a" * 3000, ["0-1s: aaa", "2000"]),
        ("0-1s: a, " * 3000, ["20000 characters", "27000"]),
        (", ".join(f"{i}-{i + 1}s: a" for i in range(101)), ["at most 100 spans", "101"]),
    ],
)
def test_mistakes_are_named_in_one_short_line(text: str, parts: list[str]) -> None:
    with pytest.raises(ShotError) as caught:
        parse_timeline(text)
    message = str(caught.value)
    assert all(part in message for part in parts), message
    assert "\n" not in message
    assert len(message) < 400


def test_a_timeline_made_by_hand_is_checked_too() -> None:
    a, b = Span(start=0, end=2, text="a"), Span(start=1, end=3, text="b")
    with pytest.raises(ValueError, match="should not overlap"):
        Timeline(spans=(a, b), end=3)
    with pytest.raises(ValueError, match="what ends last, at 3 s"):
        Timeline(spans=(b,), end=2)


def test_a_shot_becomes_as_long_as_its_timeline_unless_it_says_how_long_it_is() -> None:
    timeline = parse_timeline("0-1s: a ball rolls; pan left 20deg, 1-3s: it stops")
    shot = apply_timeline(Shot(text="a ball"), timeline)
    assert (shot.seconds, shot.spans) == (3, timeline.spans)
    assert shot.tracks == camera_tracks(timeline.moves, shot.size, 3, 12)
    assert apply_timeline(Shot(text="a ball").with_(size=(512, 288)), timeline).seconds == 3
    assert apply_timeline(Shot(text="a ball", seconds=5), timeline).seconds == 5
    with pytest.raises(ShotError, match="it ends at 3 s, but the shot has 2 s"):
        apply_timeline(Shot(text="a ball", seconds=2), timeline)


def test_moves_of_a_timeline_happen_in_their_spans_and_whole() -> None:
    shot = apply_timeline(Shot(text="a"), parse_timeline("0-1s: zoom in 1.5x, 1-2s: still life, 2-3s: zoom in 1.2x"))
    points, _ = track_arrays(shot.tracks, shot.num_frames, shot.fps)
    size = np.abs(points[0] - 0.5)  # T 2, from the middle
    assert size[12] == pytest.approx(1.5 * size[0], rel=1e-3)
    assert size[24] == pytest.approx(size[12], rel=1e-4)
    assert size[35] == pytest.approx(1.5 * 1.2 * size[0], rel=1e-3)


def test_a_shots_own_tracks_go_on_top_of_the_timelines_moves() -> None:
    mask = np.zeros((144, 256), bool)
    mask[60:90, 100:140] = True
    brush = brush_tracks([Stroke(mask=mask_media(mask), arrow=(0.2, 0))], (256, 144), 2, 12)
    moves = parse_moves("zoom in 1.5x from 0s to 2s")
    shot = apply_timeline(Shot(text="a", seconds=2, tracks=brush), parse_timeline("0-2s: zoom in 1.5x"))
    assert shot.tracks == combine(camera_tracks(moves, shot.size, 2, 12), brush, shot.size, 2, 12)
    assert shot.tracks != brush

"""Tracks painted, pictures as patches, times in seconds."""

from pathlib import Path

import numpy as np
import pytest
import torch

from vitascope.model import condition, flow, patches
from vitascope.model.condition import Known, Row
from vitascope.model.layout import Window
from vitascope.model.text import encoder
from vitascope.shot.media import MediaError, mask_media, write_film, write_picture
from vitascope.shot.shot import Media, Pin, Region, Shot, Span, Track


def _paint(points: list, visible: list) -> np.ndarray:  # type: ignore[type-arg]
    rng = np.random.default_rng(0)
    return condition.paint(np.array(points, np.float32), np.array(visible, bool), (5, 9), rng)


def test_a_track_is_laid_down_where_it_goes_and_only_there() -> None:
    painted = _paint([[(0.05, 0.1), (0.95, 0.9)]], [[True, True]])
    assert np.flatnonzero(painted[0].any(-1)).tolist() == [0]
    assert np.flatnonzero(painted[1].any(-1)).tolist() == [44]
    assert np.array_equal(painted[0, 0, :9], painted[1, 44, :9]), "the identity goes along"


def test_a_mark_says_how_far_its_track_has_come() -> None:
    path = [(0.05, 0.1), (0.05 + 1 / 18, 0.1), (0.05 + 1 / 18, 0.3)]  # half a patch to the right, then one down
    painted = _paint([path], [[True] * 3])
    marks = [painted[frame][painted[frame].any(-1)][0] for frame in range(3)]
    steps, ways = [mark[9:11] / condition.STEP_SCALE for mark in marks], [mark[11:13] for mark in marks]
    np.testing.assert_allclose(steps, [(0.5, 0), (0.5, 0), (0, 1)], atol=1e-5)
    np.testing.assert_allclose(np.array(ways) / condition.WAY_SCALE, [(0, 0), (0.5, 0), (0.5, 1)], atol=1e-5)
    rng = np.random.default_rng(0)
    later = condition.paint(np.array([path], np.float32), np.ones((1, 3), bool), (5, 9), rng, start=1)
    np.testing.assert_allclose(later[2][later[2].any(-1)][0, 11:13] / condition.WAY_SCALE, (0, 1), atol=1e-5)


def test_hidden_and_outside_points_leave_no_mark() -> None:
    assert not _paint([[(0.5, 0.5), (1.5, 0.5)]], [[False, True]]).any()


def test_tracks_in_one_patch_are_averaged() -> None:
    painted = _paint([[(0.5, 0.5)], [(0.5, 0.5)]], [[True], [True]])
    cell = painted[0].any(-1).argmax()
    alone = _paint([[(0.5, 0.5)]], [[True]])
    assert np.allclose(painted[0, cell, 9:], alone[0, cell, 9:])


def test_groups_see_the_marks_of_their_four_frames() -> None:
    painted = np.arange(8 * 45 * 16, dtype=np.float32).reshape(8, 45, 16)
    grouped = condition.group_tracks(painted)
    assert grouped.shape == (2, 45, 64)
    assert torch.equal(grouped[1, 7, 16:32], torch.from_numpy(painted[5, 7]))


def test_groups_stand_at_the_middle_of_their_frames() -> None:
    assert torch.allclose(condition.group_seconds(2, 12.0), torch.tensor([1.5 / 12, 5.5 / 12]))


def _row(**fields: object) -> Row:
    text = np.zeros((3, 384), np.float32)
    return Row(text, np.zeros((4, 6, 16), np.float32), torch.zeros(1), **fields)  # type: ignore[arg-type]


def test_quoted_words_are_spelled_and_nothing_else() -> None:
    letters = condition.spelled(['a sign says "Ab 1"', "no quotes, it's plain", "the word “é” and 'B'"])
    assert letters is not None
    assert letters.tolist() == [[1, 2, 37, 28], [0, 0, 0, 0], [len(condition.LETTERS), 37, 2, 0]]
    assert condition.spelled(["it's a dog's day"]) is None
    long = condition.spelled(['"' + "X" * 100 + '"'])
    assert long is not None and long.shape == (1, condition.MAX_LETTERS)


def test_what_is_known_weakly_is_noised_as_much_as_its_time_says() -> None:
    picture = np.full((32, 48, 3), 255, np.uint8)
    clean = condition.gather([_row(pins=[Known(picture, 0.0)])], 1 / 12, (2, 3))
    assert clean.pins is not None and torch.allclose(clean.pins, torch.full((1, 1, 6, 768), 2.0))
    time = flow.time_of_share(0.6)
    weak = condition.gather([_row(pins=[Known(picture, 0.0, time=time)])], 1 / 12, (2, 3), seed=1)
    assert weak.pins is not None and weak.pin_time is not None
    assert float(weak.pin_time) == pytest.approx(time)
    assert float(weak.pins.mean()) == pytest.approx(2 * 0.6, abs=0.05), "the share of what is seen that is the picture"
    assert float(weak.pins.std()) == pytest.approx(0.8, abs=0.05)


def test_a_part_of_a_picture_is_grey_elsewhere_and_says_where_it_is_known() -> None:
    shown = np.zeros((32, 48), np.float32)
    shown[:16, 16:24] = 1  # half of the second patch
    picture = np.full((32, 48, 3), 255, np.uint8)
    found = condition.gather([_row(pins=[Known(picture, 0.0, None, shown)])], 1 / 12, (2, 3))
    assert found.pins is not None and found.pin_known is not None
    assert found.pin_known.sum((0, 1, 3)).tolist() == [0, 8, 0, 0, 0, 0]
    assert found.pin_known[0, 0, 1].reshape(4, 4)[0].tolist() == [1, 1, 0, 0]
    assert found.pins[0, 0, 1].reshape(16, 16, 3)[0, :, 0].tolist() == [2.0] * 8 + [0.0] * 8


def _filmed(path: Path, num_frames: int, fps: float = 12.0) -> Pin:
    frames = [np.full((32, 48, 3), 10 * i, np.uint8) for i in range(num_frames)]
    write_film(path, frames, fps)
    return Pin(media=Media.from_path(path))


def test_a_film_before_the_shot_is_known_up_to_its_last_frame(tmp_path: Path) -> None:
    pin = _filmed(tmp_path / "before.mp4", 11).model_copy(update={"time": -11 / 12})
    shot = Shot(text="a ball", size=(48, 32), seconds=8 / 12, pins=(pin,))
    known = condition.condition([shot], Window(0, 2, 0))
    both = condition.condition([shot], Window(0, 2, 0), None, [None, "text"])
    assert known.context is not None and known.context_seconds is not None
    # Eight whole frames, 3 to 10, of which the first is where the clock is 0.
    assert known.context_seconds[0].tolist() == pytest.approx([1.5 / 12, 5.5 / 12])
    assert known.seconds[0].tolist() == pytest.approx([9.5 / 12, 13.5 / 12])
    frames = patches.to_frames(known.context / 2, (2, 3))[0, :, 0, 0, 0]
    assert ((frames + 1) * 127.5).tolist() == pytest.approx([10 * i for i in range(3, 11)], abs=4)
    assert both.context is not None and both.context.shape[0] == 2


def test_a_film_after_the_shot_and_pictures_stand_at_their_seconds(tmp_path: Path) -> None:
    after = _filmed(tmp_path / "after.mp4", 5).model_copy(update={"time": 1.0})
    write_picture(tmp_path / "last.png", np.zeros((32, 48, 3), np.uint8))
    last = Pin(media=Media.from_path(tmp_path / "last.png"), time=1.0)
    shot = Shot(text="a ball", size=(48, 32), seconds=1.0, pins=(after, last))
    known = condition.condition([shot], Window(0, 3, 0))
    assert known.context_seconds is not None and known.pin_seconds is not None
    assert known.context_seconds[0].tolist() == pytest.approx([1 + 1.5 / 12])
    assert known.pin_seconds[0].tolist() == pytest.approx([11 / 12]), "the last frame there is"


def test_a_later_window_has_its_own_clock_and_only_what_is_near(tmp_path: Path) -> None:
    write_picture(tmp_path / "x.png", np.zeros((32, 48, 3), np.uint8))
    media = Media.from_path(tmp_path / "x.png")
    shot = Shot(text="a ball", size=(48, 32), seconds=8, pins=(Pin(media=media), Pin(media=media, time=5.0)))
    before = np.zeros((8, 32, 48, 3), np.uint8)
    known = condition.condition([shot], Window(48, 10, 2), [before])
    assert known.context_seconds is not None and known.pin_seconds is not None and known.tracks is not None
    assert known.context_seconds[0].tolist() == pytest.approx([1.5 / 12, 5.5 / 12])
    assert float(known.seconds[0, 0]) == pytest.approx(9.5 / 12)
    assert known.pin_seconds[0].tolist() == pytest.approx([5.0 - 40 / 12])
    assert known.tracks.shape[1] == 10


def test_a_reference_stands_at_no_moment_and_is_known_in_every_window(tmp_path: Path) -> None:
    picture = np.full((64, 32, 3), 200, np.uint8)
    write_picture(tmp_path / "hero.png", picture)
    hero = Pin(media=Media.from_path(tmp_path / "hero.png"), role="character")
    shot = Shot(text="a ball", size=(48, 32), seconds=8, pins=(hero, hero.model_copy(update={"role": "frame"})))
    first = condition.condition([shot], Window(0, 12, 0))
    later = condition.condition([shot], Window(48, 10, 2), [np.zeros((8, 32, 48, 3), np.uint8)])
    assert first.pin_reference is not None and first.pin_reference.tolist() == [[True, False]]
    assert first.pin_seconds is not None and first.pin_seconds.tolist() == [[condition.REFERENCE_SECOND, 0.0]]
    assert later.pin_seconds is not None and later.pin_seconds.tolist() == [[condition.REFERENCE_SECOND]]
    known = list(condition.known_frames(shot))
    assert [number for number, _, _ in known] == [0], "nor is it put back into the film"


def test_a_picture_is_shown_whole_on_the_colour_of_its_border() -> None:
    picture = np.full((64, 32, 3), (10, 20, 30), np.uint8)
    picture[16:48, 8:24] = 250
    whole = condition.contained(picture, (48, 32))
    assert whole.shape == (32, 48, 3)
    assert (whole[:, :14] == (10, 20, 30)).all() and (whole[:, 34:] == (10, 20, 30)).all()
    assert whole[16, 24].tolist() == [250, 250, 250]


def test_spans_are_read_by_the_groups_of_their_time_alone() -> None:
    spans = (Span(start=0, end=0.6, text="at noon"), Span(start=1.0, end=2.0, text="at night"))
    shot = Shot(text="a ball", size=(48, 32), seconds=2, spans=spans)
    known = condition.condition([shot, shot.with_(spans=())], Window(0, 6, 0), None, [None, "text"])
    texts = ["a ball. at noon", "a ball", "a ball. at night"]
    ends = np.cumsum([0, *(len(encoder()(text)) for text in texts)])
    assert known.text_at is not None and known.text_at.shape == (4, 6, ends[-1])
    for group, said in enumerate([0, 0, 1, 2, 2, 2]):  # the middles of groups are at 1/8, 11/24, 19/24 ... seconds
        assert known.text_at[0, group].nonzero()[:, 0].tolist() == list(range(ends[said], ends[said + 1]))
    plain = len(encoder()("a ball"))
    assert known.text_at[1].sum(1).tolist() == [plain] * 6, "a clip without spans reads all of its text"
    assert known.text_at[2].sum(1).tolist() == [len(encoder()(""))] * 6, "nor do those without text change"
    assert condition.condition([shot.with_(spans=())], Window(0, 6, 0)).text_at is None


def test_clips_are_conditioned_without_one_thing_at_a_time(tmp_path: Path) -> None:
    write_picture(tmp_path / "x.png", np.zeros((32, 48, 3), np.uint8))
    track = Track(times=(0.0, 1.0), points=((0.2, 0.2), (0.8, 0.8)), visible=(True, True))
    shot = Shot(
        text="a ball", size=(48, 32), seconds=1, tracks=(track,), pins=(Pin(media=Media.from_path(tmp_path / "x.png")),)
    )
    known = condition.condition([shot], Window(0, 3, 0), None, [None, "tracks", "text"])
    assert known.tracks is not None and known.pin_tracks is not None and known.pins is not None
    assert known.tracks[0].any() and not known.tracks[1].any() and torch.equal(known.tracks[2], known.tracks[0])
    assert known.pin_tracks[0].any() and not known.pin_tracks[1].any()
    assert known.pins.shape[0] == 3 and torch.equal(known.text[0], known.text[1])
    assert condition.condition([shot], Window(0, 3, 0), None, ["pins"]).pins is None


def test_a_film_that_is_too_short_is_refused(tmp_path: Path) -> None:
    shot = Shot(text="a ball", size=(48, 32), seconds=1, pins=(_filmed(tmp_path / "short.mp4", 3),))
    with pytest.raises(MediaError, match=r"0\.25 s of a film were pinned, at least 0\.33"):
        condition.condition([shot], Window(0, 3, 0))


def test_a_region_and_a_mask_say_where_a_picture_is_known(tmp_path: Path) -> None:
    write_picture(tmp_path / "x.png", np.full((20, 20, 3), 200, np.uint8))
    media = Media.from_path(tmp_path / "x.png")
    picture, shown = condition.placed(Pin(media=media, region=Region(x=0.5, y=0.0, width=0.5, height=0.5)), (48, 32))
    assert shown is not None and shown.sum() == 24 * 16 and (picture[shown > 0] == 200).all()
    half = np.zeros((20, 20), bool)
    half[:, 10:] = True
    _, shown = condition.placed(Pin(media=media, mask=mask_media(half)), (32, 32))
    assert shown is not None and shown[:, :14].max() == 0 and shown[:, 18:].min() == 1
    assert condition.placed(Pin(media=media), (32, 32))[1] is None

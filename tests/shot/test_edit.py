"""Each direction is a function from Shot to Shot: what is known stands at its moment, to the frame and the pixel."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vitascope.shot import edit
from vitascope.shot.brush import Stroke
from vitascope.shot.clip import Clip
from vitascope.shot.media import MediaError, mask_media, read_mask, write_film, write_picture
from vitascope.shot.moves import parse_moves
from vitascope.shot.shot import Cue, Media, Pin, Region, Shot, ShotError, Span, Track, track_arrays
from vitascope.shot.splice import film_of, joined
from vitascope.shot.timeline import parse_timeline

SIZE = (48, 32)


def noise(num: int, seed: int = 0, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Frames that no two are alike: uint8 [T, H, W, 3]."""
    return np.random.default_rng(seed).integers(0, 256, (num, size[1], size[0], 3), dtype=np.uint8)


def film(num: int = 24, fps: float = 12.0, **more: Any) -> Clip:
    return Clip.from_array(noise(num, **more), fps)


def picture(path: Path, light: int = 200) -> Path:
    write_picture(path, np.full((20, 30, 3), light, np.uint8))
    return path


def known(shot: Shot) -> dict[int, np.ndarray]:
    """The frames of the films that a Shot pins, by their number in it (before it: negative)."""
    found: dict[int, np.ndarray] = {}
    for pin in shot.pins:
        if pin.media.kind == "film":
            for number, frame in enumerate(film_of(pin.media).array()):
                found[round(pin.time * shot.fps) + number] = frame
    return found


# Pictures


def test_pictures_are_pinned_whole_in_part_and_weakly(tmp_path: Path) -> None:
    media, mask = Media.from_path(picture(tmp_path / "a.png")), mask_media(np.eye(8, dtype=bool))
    region = Region(x=0.25, y=0.25, width=0.5, height=0.5)
    shot = edit.pinned(Shot(text="a ball"), media, 1.0)
    shot = edit.pinned(shot, media, 0.5, strength=0.7, region=region, mask=mask)
    assert shot.pins == (Pin(media=media, time=0.5, strength=0.7, region=region, mask=mask), Pin(media=media, time=1.0))
    with pytest.raises(ShotError, match=r"pins\[0\].time should be at most the shot's 2 s, but was 3"):
        edit.pinned(Shot(text="a ball"), media, 3.0)
    with pytest.raises(ShotError, match="strength"):
        edit.pinned(Shot(text="a ball"), media, 1.0, strength=1.5)


def test_a_whole_picture_takes_the_place_of_one_at_the_same_frame_only(tmp_path: Path) -> None:
    old, new = (Media.from_path(picture(tmp_path / f"{light}.png", light)) for light in (10, 20))
    region = Region(x=0, y=0, width=0.5, height=0.5)
    shot = edit.pinned(edit.pinned(Shot(text="a ball"), old, 23 / 12), old, 0.0, region=region)
    shot = edit.pinned(edit.pinned(shot, new, 2.0), new, 0.01)  # 2 s is the last frame, at 23 / 12 s
    assert [(pin.media, pin.time, pin.region) for pin in shot.pins] == [
        (old, 0.0, region),
        (new, 0.01, None),
        (new, 2.0, None),
    ]


def test_pins_are_read_from_words(tmp_path: Path) -> None:
    path, mask = picture(tmp_path / "a@b.png"), tmp_path / "m@1.png"
    write_picture(mask, np.zeros((8, 8, 3), np.uint8))
    media = Media.from_path(path)
    region = Region(x=0.25, y=0.25, width=0.5, height=0.5)
    for words, fields in {
        "@2.0s": {"time": 2},
        "@2": {"time": 2},
        "@.5s*0.7": {"time": 0.5, "strength": 0.7},
        "@0s:0.25,0.25,0.5,0.5": {"region": region},
        "@0s: 0.25, 0.25, 0.5, 0.5 * .3": {"region": region, "strength": 0.3},
        f"@1s mask {mask}": {"time": 1, "mask": Media.from_path(mask)},
        f"@1s*0.5 mask {mask}": {"time": 1, "strength": 0.5, "mask": Media.from_path(mask)},
    }.items():
        assert edit.read_pin(f"{path}{words}") == Pin(media=media, **fields), words  # type: ignore[arg-type]
    write_film(tmp_path / "c.mp4", noise(4), 12.0)
    assert edit.read_pin(f"{tmp_path}/c.mp4@-1s") == Pin(media=Media.from_path(tmp_path / "c.mp4"), time=-1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("{}/a.png", "a moment"),
        ("{}/a.png@soon", "a moment"),
        ("{}/a.png@1s*", "a moment"),
        ("{}/a.png@1s*2", "strength"),
        ("{}/a.png@1s*0", "strength"),
        ("{}/a.png@1s:0.5,0.5,0.6,0.6", "inside the picture"),
        ("{}/a.png@1s:0.5,0.5,0.6", "a moment"),
        ("{}/a.png@500s", "time"),
        ("{}/none.png@1s", "none.png"),
        ("{}/text.png@1s", "text.png"),
        ("{}/a.png@1s mask {}/none.png", "none.png"),
        ("{}/a.png@1s mask {}/text.png", "text.png"),
        ("{}/a.txt@1s", "kind"),
        ("@1s", "a moment"),
        ("x" * 3000, "a moment"),
    ],
)
def test_mistaken_pins_are_one_line(tmp_path: Path, words: str, said: str) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises((ShotError, MediaError), match=said) as caught:
        edit.read_pin(words.replace("{}", str(tmp_path)))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_pictures_to_go_by_have_their_role(tmp_path: Path) -> None:
    path = picture(tmp_path / "hero.png")
    media = Media.from_path(path)
    assert edit.reference(Shot(text="a dog"), media).pins == (Pin(media=media, role="character"),)
    assert edit.read_reference(str(path)) == (media, "character")
    assert edit.read_reference(f"{path}: style") == (media, "style")
    assert edit.read_reference(f"{path}:Character") == (media, "character")
    with pytest.raises(ShotError, match=r"none\.png"):
        edit.read_reference(f"{tmp_path}/none.png")


# Motion


def test_camera_moves_add_up_and_are_said() -> None:
    shot = edit.filmed(Shot(text="a dog."), parse_moves("pan left 10deg + zoom in 1.2x"))
    assert shot.text == "a dog, the camera pans left and zooms in"
    apart = [edit.filmed(Shot(text="a dog"), parse_moves(words)) for words in ("pan left 10deg", "zoom in 1.2x")]
    both, pan, zoom = (
        np.diff(track_arrays(one.tracks, 24, 12)[0][:, [0, 23]], axis=1)[:40] for one in (shot, *apart)
    )  # 40 1 2: how far the points of the first frame's grid went
    assert np.abs(both).max() > 0.1
    inside = np.abs(pan + zoom).max(-1) < 0.5  # far out, perspective multiplies
    assert np.abs(both - pan * 1.2 - zoom)[inside].max() < 0.02, "the pan is seen through the longer lens"


def test_a_camera_is_added_to_what_moves_already() -> None:
    mask = np.zeros((36, 64), bool)
    mask[10:26, 20:40] = True
    brushed = edit.painted(Shot(text="a dog"), [Stroke(mask=mask_media(mask), arrow=(0.2, 0))])
    both = edit.filmed(brushed, parse_moves("truck left 0.5m"))
    moved = track_arrays(both.tracks, 24, 12)[0][0]
    alone = track_arrays(brushed.tracks, 24, 12)[0][0]
    assert moved[-1, 0] - moved[0, 0] > alone[-1, 0] - alone[0, 0] + 0.03


def test_six_regions_with_paths_and_stillness() -> None:
    motions: list[dict[str, Any]] = [{"still": True}, {"path": ((0, 0), (0, 0.1), (0.1, 0.1))}, {"arrow": (0, 0.2)}]
    strokes = []
    for number in range(6):
        mask = np.zeros((36, 64), bool)
        mask[4:32, 10 * number + 2 : 10 * number + 10] = True
        motion = motions[number % 3]
        strokes.append(Stroke(mask=mask_media(mask), **motion))
    points, _ = track_arrays(edit.painted(Shot(text="a dog"), strokes).tracks, 24, 12)
    went = (points[:, -1] - points[:, 0]).reshape(6, -1, 2)
    expected = np.array([(0, 0), (0.1, 0.1), (0, 0.2)] * 2)[:, None]
    assert np.abs(went - expected).max() < 1e-3
    with pytest.raises(ShotError, match="at most 6"):
        edit.painted(Shot(text="a dog"), [*strokes, strokes[0]])


def test_a_film_lends_its_motion() -> None:
    wide = np.kron(noise(1, size=(40, 12))[0], np.ones((6, 6, 1), np.uint8))
    pan = Clip.from_array(np.stack([wide[:, 4 * t : 4 * t + 128] for t in range(12)]), 12.0)
    shot = edit.motion_from(Shot(text="a dog", seconds=1), pan)
    moved = np.median([track.points[-1][0] - track.points[0][0] for track in shot.tracks])
    assert moved == pytest.approx(-44 / 128, abs=0.12)


def test_a_timeline_is_words_and_moves_that_are_said_too() -> None:
    timeline = parse_timeline("0-1s: a ball rolls; pan left 10deg, 1-2s: it stops, 2-3s: zoom in 1.2x; tilt up 5deg")
    shot = edit.timed(Shot(text="a red ball"), timeline)
    assert shot.seconds == 3
    assert shot.text == "a red ball"
    assert shot.spans == (
        Span(start=0, end=1, text="a ball rolls, the camera pans left"),
        Span(start=1, end=2, text="it stops"),
        Span(start=2, end=3, text="the camera zooms in and tilts up"),
    )
    points, _ = track_arrays(shot.tracks, 36, 12)
    assert abs(points[:40, 12] - points[:40, 0]).max() > 0.05 > abs(points[:40, 24] - points[:40, 12]).max()


# Films


def test_the_end_of_a_film_stands_before_what_goes_on_with_it() -> None:
    source = film(60)
    shot = edit.extend(Shot(text="a ball", seconds=1), source)
    assert (shot.size, shot.fps, shot.seconds) == (SIZE, 12.0, 1.0)
    frames = known(shot)
    assert sorted(frames) == list(range(-24, 0))
    for number, frame in frames.items():
        assert np.array_equal(frame, source.array()[60 + number])


def test_the_beginning_of_a_film_stands_after_what_leads_up_to_it() -> None:
    source = film(60)
    frames = known(edit.before(Shot(text="a ball", seconds=1), source))
    assert sorted(frames) == list(range(12, 36))
    assert all(np.array_equal(frame, source.array()[number - 12]) for number, frame in frames.items())


def test_two_films_can_be_led_into_each_other_and_one_into_itself() -> None:
    first, second = film(24), film(24, seed=1)
    frames = known(edit.before(edit.extend(Shot(text="a ball", seconds=1), first), second))
    assert np.array_equal(frames[-1], first.array()[-1]) and np.array_equal(frames[12], second.array()[0])
    for shot in (edit.extend(Shot(text="a ball", seconds=1), first, loop=True),
                 edit.before(Shot(text="a ball", seconds=1), first, loop=True)):  # fmt: skip
        frames = known(shot)
        assert np.array_equal(frames[-1], first.array()[-1]) and np.array_equal(frames[12], first.array()[0])


def test_going_on_twice_knows_one_film_only() -> None:
    shot = edit.extend(edit.extend(Shot(text="a ball"), film()), film(seed=1))
    assert [pin.time for pin in shot.pins] == [-2.0]
    shot = edit.before(edit.before(shot, film()), film(seed=1))
    assert [pin.time for pin in shot.pins] == [-2.0, 2.0]


def test_a_size_and_rate_of_its_own_stays_and_the_film_is_fitted() -> None:
    shot = edit.extend(Shot(text="a ball", size=(64, 64), fps=6, seconds=1), film(24))
    assert (shot.size, shot.fps) == ((64, 64), 6)
    assert sorted(known(shot)) == list(range(-12, 0))
    assert known(shot)[-1].shape == (64, 64, 3)
    large = edit.extend(Shot(text="a ball", size=(1280, 720)), film(4))
    assert known(large)[-1].shape == (360, 640, 3), "what is only looked at need not be large"


def test_of_a_very_short_film_the_outermost_frame_is_held() -> None:
    source = film(2)
    frames = known(edit.extend(Shot(text="a ball"), source))
    assert sorted(frames) == list(range(-6, 0))
    assert all(np.array_equal(frames[number], source.array()[0]) for number in range(-6, -1))
    frames = known(edit.before(Shot(text="a ball"), source))
    assert all(np.array_equal(frames[24 + number], source.array()[1]) for number in range(1, 6))


@pytest.mark.parametrize(("start", "end"), [(1.0, 1.5), (7 / 12, 18 / 12), (0.0, 0.25), (1.75, 2.0), (1.5, None)])
def test_a_retake_knows_all_around_it_and_changes_nothing_else(start: float, end: float | None) -> None:
    source, frames = film(24), noise(24)
    shot = edit.retake(Shot(text="a ball"), source, start, end)
    first, last = round(start * 12), 24 if end is None else round(end * 12)
    assert shot.num_frames == last - first
    for number, frame in known(shot).items():
        assert not 0 <= number < shot.num_frames, "nothing of the part itself is known"
        assert np.array_equal(frame, frames[min(23, max(0, number + first))])
    held = {number + first for number in known(shot) if 0 <= number + first < 24}
    assert held == set(range(24)) - set(range(first, last)), "all of so short a film is known"
    made = Clip.from_array(noise(shot.num_frames, seed=1), shot.fps, shot)
    whole = joined(source, made, start, source.seconds if end is None else end).array()
    assert whole.shape == frames.shape
    assert np.array_equal(whole[:first], frames[:first]) and np.array_equal(whole[last:], frames[last:])
    assert np.array_equal(whole[first:last], made.array())


@pytest.mark.parametrize(
    ("start", "end", "loop", "said"),
    [
        (1.0, 3.0, False, r"1-3 s was given; it should lie within the film's 0 to 2 s"),
        (1.5, 1.0, False, "it should lie within"),
        (2.0, None, False, "2- s was given"),
        (1.0, 1.05, False, r"at least 0.17 s long|lie within"),
        (1.0, 1.1, False, r"at least 0.17 s long"),
        (0.5, 1.0, True, "begin or end with the film"),
    ],
)
def test_parts_that_are_not_in_the_film_are_refused(start: float, end: float | None, loop: bool, said: str) -> None:
    with pytest.raises(ShotError, match=said):
        edit.retake(Shot(text="a ball"), film(24), start, end, loop)


def test_a_retake_keeps_what_was_directed_within_it(tmp_path: Path) -> None:
    media = Media.from_path(picture(tmp_path / "a.png"))
    still = Track(times=(0.0, 2.0), points=((0.0, 0.5), (1.0, 0.5)))
    gone = Track(times=(0.0, 0.4), points=((0.0, 0.5), (1.0, 0.5)))
    shot = Shot(
        text="a ball",
        pins=(Pin(media=media, time=0), Pin(media=media, time=1.0), Pin(media=media, role="style")),
        spans=(Span(start=0, end=0.5, text="a"), Span(start=0.25, end=1, text="b"), Span(start=1, end=2, text="c")),
        tracks=(still, gone),
        cues=(Cue(time=0.2, kind="impact"), Cue(time=0.75, kind="bounce")),
    )
    part = edit.retake(shot, film(24), 0.5, 1.5)
    assert [(pin.time, pin.role) for pin in part.pins if pin.media == media] == [(0.5, "frame"), (0.0, "style")]
    assert part.spans == (Span(start=0, end=0.5, text="b"), Span(start=0.5, end=1, text="c"))
    assert [cue.time for cue in part.cues] == [0.25]
    assert len(part.tracks) == 1
    points, visible = track_arrays(part.tracks, 12, 12)
    assert visible.all() and points[0, :, 0] == pytest.approx((np.arange(12) / 12 + 0.5) / 2, abs=1e-4)


@pytest.mark.parametrize(("num", "made"), [(24, 12), (30, 12), (120, 24), (7, 3), (4, 2)])
def test_a_loop_makes_the_end_again_between_what_comes_before_it_and_the_beginning(num: int, made: int) -> None:
    source = film(num)
    tracked = edit.filmed(Shot(text="a ball", seconds=num / 12, seed=3), parse_moves("pan left"))
    shot = edit.loop(tracked, source)
    assert (shot.num_frames, shot.seed, shot.tracks) == (made, 3, ())
    frames = known(shot)
    assert np.array_equal(frames[-1], source.array()[num - made - 1])
    assert np.array_equal(frames[made], source.array()[0]) and np.array_equal(frames[made + 1], source.array()[1])
    clip = joined(source, Clip.from_array(noise(made, seed=1), 12.0), source.seconds - shot.seconds, source.seconds)
    assert clip.num_frames == num
    assert np.array_equal(clip.array()[: num - made], source.array()[: num - made])


def test_a_film_too_short_to_loop_is_refused() -> None:
    with pytest.raises(ShotError, match="the film has 3 frames; it should have at least 4"):
        edit.loop(Shot(text="a ball"), film(3))


def test_what_a_mask_marks_is_made_anew_and_the_rest_is_known(tmp_path: Path) -> None:
    write_film(tmp_path / "a.mp4", noise(30), 12.0)
    media = Media.from_path(tmp_path / "a.mp4")
    mask = np.zeros((16, 24), bool)
    mask[4:8, 4:20] = True
    shot = edit.inpaint(Shot(text="a ball"), media, mask_media(mask))
    assert (shot.size, shot.fps, shot.num_frames) == (SIZE, 12.0, 30)
    (pin,) = shot.pins
    assert (pin.media, pin.time, pin.seconds, pin.strength) == (media, 0.0, 0.0, 1.0)
    assert pin.mask is not None and pin.mask.data is not None
    assert np.array_equal(read_mask(pin.mask.data), ~mask), "in a pin, white is known"
    with pytest.raises(ShotError, match="mask: it should mark"):
        edit.inpaint(Shot(text="a ball"), media, mask_media(np.zeros((16, 24), bool)))
    with pytest.raises(ShotError, match=r"mask: it should have the film's shape, 48x32, but was 16x16"):
        edit.inpaint(Shot(text="a ball"), media, mask_media(np.ones((16, 16), bool)))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("clip.mp4@1.0-2.5", ("clip.mp4", 1.0, 2.5)),
        ("a@b.mp4@1s-2s", ("a@b.mp4", 1.0, 2.0)),
        ("a-1.mp4 @ 1 – 2.5 s", ("a-1.mp4 ", 1.0, 2.5)),
        ("clip.mp4@.5-", ("clip.mp4", 0.5, None)),
    ],
)
def test_retakes_are_read_from_words(words: str, found: tuple[str, float, float | None]) -> None:
    assert edit.parse_retake(words) == found


@pytest.mark.parametrize("words", ["clip.mp4", "clip.mp4@1", "@1-2", "clip.mp4@-1-2", "clip.mp4@a-b", "x" * 3000])
def test_mistaken_retakes_are_one_line(words: str) -> None:
    with pytest.raises(ShotError, match=r"like 'clip\.mp4@1\.0-2\.5'") as caught:
        edit.parse_retake(words)
    assert len(str(caught.value)) < 300

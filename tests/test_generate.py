"""What `make` refuses, and what the stages around the network do."""

from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vitascope import generate
from vitascope.finish.frames import Finished
from vitascope.generate import Refused
from vitascope.model import recipe
from vitascope.model.checkpoint import Card
from vitascope.model.condition import fit
from vitascope.model.flow import Cancelled
from vitascope.model.layout import layout
from vitascope.shot.clip import Clip
from vitascope.shot.media import MediaError, mask_media, read_film, write_film, write_picture
from vitascope.shot.shot import Media, Pin, Region, Shot, ShotError, Sound, Span, Track
from vitascope.sound.casting import Voice
from vitascope.sound.dialogue import Line, Phone, Speech
from vitascope.sound.rehearsal import rehearse

CARD = Card("tiny", (144, 80), 24, 12.0, 1)
LARGER = Card("tiny", (144, 80), 24, 12.0, 1, formats=((144, 80, 24, 12.0), (256, 144, 24, 12.0)))


def test_what_does_not_fit_into_memory_is_refused_before_anything_runs(
    tiny_engine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shot = Shot(text="a ball", model="tiny", size=(1280, 720))
    tiny = generate.engine("tiny")
    monkeypatch.setattr(generate, "free_memory", lambda: 10**7)
    with pytest.raises(Refused, match=r"memory: 0\.1 GB would be taken and 0\.0 GB are free; ask for a smaller size"):
        generate.refuse(shot, tiny)
    monkeypatch.setattr(generate, "free_memory", lambda: None)
    generate.refuse(shot, tiny)


@pytest.mark.parametrize(
    ("fps", "seconds"), [(12, 2), (12, 1.25), (6, 2), (6, 1.4), (4, 0.6), (1, 1.5), (24, 1.3), (25, 2), (60, 0.7)]
)
def test_other_lengths_and_rates_have_the_frames_they_should(fps: float, seconds: float) -> None:
    shot = Shot(text="a ball", fps=fps, seconds=seconds)
    planned = layout(shot, CARD)
    made = np.zeros((planned.num_frames, 80, 144, 3), np.uint8)
    assert len(made) <= CARD.num_frames
    clip = Clip(Finished(made, planned.num_frames, 12.0, shot), fps)
    assert clip.array().shape == (shot.num_frames, 144, 256, 3)


def test_an_unknown_model_is_refused_with_the_known_ones(tiny_engine: Path) -> None:
    with pytest.raises(Refused, match=r"'huge' was given, there are .*tiny"):
        generate.engine("huge")
    with pytest.raises(Refused):
        generate.engine("../small")


def test_a_picture_is_fitted_without_being_squeezed() -> None:
    picture = np.zeros((100, 300, 3), np.uint8)
    picture[:, 100:200] = 255
    fitted = fit(picture, (80, 80))
    assert fitted.shape == (80, 80, 3) and fitted.min() > 200


def test_cancelling_leaves_nothing(tiny_engine: Path, tmp_path: Path) -> None:
    told: list[str] = []
    with pytest.raises(Cancelled):
        generate.make(
            Shot(text="a ball", model="tiny", steps=3),
            tmp_path / "x.mp4",
            progress=lambda stage, done, total: told.append(stage),
            cancel=lambda: told.count("sample") == 3,
        )
    assert told == ["load", "sample", "sample", "sample"]
    assert not list(tmp_path.iterdir())


def test_texts_and_seeds_and_pins_change_the_outcome(tiny_engine: Path, tmp_path: Path) -> None:
    write_picture(tmp_path / "first.png", np.full((80, 144, 3), 200, np.uint8))
    base = Shot(text="a red ball", model="tiny", steps=3, size=(144, 80), seconds=1)
    first = generate.make(base).array()
    pin = Pin(media=Media.from_path(tmp_path / "first.png"))
    for change in ({"text": "a blue cube"}, {"seed": 1}, {"negative": "grass"}, {"pins": (pin,)}, {"guidance": 1.0}):
        other = generate.make(base.with_(**change)).array()
        assert (other[1:] != first[1:]).mean() > 0.05, change


def test_pinned_pictures_come_back_exactly(tiny_engine: Path) -> None:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, (80, 144, 3), dtype=np.uint8) for _ in range(3)]
    pins = tuple(
        Pin(media=picture_media(picture), time=time) for picture, time in zip(pictures, (0, 0.5, 1.0), strict=True)
    )
    shot = Shot(text="a red ball", model="tiny", steps=2, size=(144, 80), seconds=13 / 12, pins=pins)
    frames = generate.make(shot).array()
    for picture, at in zip(pictures, (0, 6, 12), strict=True):
        np.testing.assert_array_equal(frames[at], picture)
    free = generate.make(shot.with_(pins=())).array()
    assert (free[3] != frames[3]).mean() > 0.05


def test_a_weakly_pinned_picture_is_not_put_back_but_matters(tiny_engine: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (80, 144, 3), dtype=np.uint8)
    shot = Shot(text="a red ball", model="tiny", steps=2, size=(144, 80), seconds=0.5)
    weak, weaker = (
        generate.make(shot, pins=(Pin(media=picture_media(picture), strength=strength),)).array()
        for strength in (0.9, 0.3)
    )
    assert (weak[0] != picture).mean() > 0.05
    assert (weak != weaker).mean() > 0.05


def test_a_part_of_a_picture_comes_back_in_its_place_and_nowhere_else(tiny_engine: Path) -> None:
    picture = np.full((40, 72, 3), 255, np.uint8)
    pin = Pin(media=picture_media(picture), region=Region(x=0.5, y=0.5, width=0.5, height=0.5))
    frames = generate.make("a ball", model="tiny", steps=2, size=(144, 80), seconds=0.5, pins=(pin,)).array()
    assert (frames[0, 40:, 72:] == 255).all()
    assert (frames[0, :40] != 255).mean() > 0.5 and (frames[1, 40:, 72:] != 255).mean() > 0.5


def test_a_film_goes_on_where_another_ends(tiny_engine: Path, tmp_path: Path) -> None:
    base: dict[str, Any] = {"model": "tiny", "steps": 2, "size": (144, 80), "seconds": 0.5}
    made = {}
    for name, light in (("dark", 30), ("light", 220)):
        write_film(tmp_path / f"{name}.mp4", [np.full((80, 144, 3), light, np.uint8)] * 8, 12.0)
        pin = Pin(media=Media.from_path(tmp_path / f"{name}.mp4"), time=-8 / 12)
        made[name] = generate.make("a ball", pins=(pin,), **base).array()
    assert len(made["dark"]) == 6
    assert (made["dark"] != made["light"]).mean() > 0.05
    inside = Pin(media=Media.from_path(tmp_path / "dark.mp4"), time=0, seconds=4 / 12)
    frames = generate.make("a ball", pins=(inside,), **base).array()
    assert np.abs(frames[:4].astype(int) - 30).max() <= 4, "frames that are known come back"


def test_of_a_film_with_a_mask_only_the_rest_is_made_new(tiny_engine: Path, tmp_path: Path) -> None:
    frames = [np.random.default_rng(i).integers(0, 255, (80, 144, 3), dtype=np.uint8) for i in range(7)]
    write_film(tmp_path / "x.mp4", frames, 12.0)
    known = np.ones((80, 144), np.bool_)
    known[32:48, 48:96] = False
    pin = Pin(media=Media.from_path(tmp_path / "x.mp4"), mask=mask_media(known))
    shot = Shot(text="a ball", model="tiny", steps=3, size=(144, 80), seconds=7 / 12, pins=(pin,))
    made = generate.make(shot).array()
    film = np.stack(list(read_film((tmp_path / "x.mp4").read_bytes())))
    assert len(made) == 7
    sure = np.zeros((80, 144), np.bool_)
    sure[:31], sure[49:], sure[:, :47], sure[:, 97:] = True, True, True, True  # scaling the mask softens its edge
    np.testing.assert_array_equal(made[:, sure], film[:, sure])
    assert (made[:, 34:46, 50:94] != film[:, 34:46, 50:94]).mean() > 0.5
    free = generate.draw(generate.engine("tiny").network, [shot.with_(pins=())])[0]
    held = generate.draw(generate.engine("tiny").network, [shot])[0]
    assert np.abs(held[:7, sure].astype(int) - film[:, sure]).max() <= 1, "already as the network makes it"
    assert (held[:, 34:46, 50:94] != free[:, 34:46, 50:94]).mean() > 0.5, "and the rest is made to go with it"


def test_the_middle_of_a_film_is_made_again_and_the_rest_stays(tiny_engine: Path, tmp_path: Path) -> None:
    frames = [np.full((80, 144, 3), 10 * i, np.uint8) for i in range(18)]
    write_film(tmp_path / "x.mp4", frames, 12.0)
    media, film = Media.from_path(tmp_path / "x.mp4"), np.stack(list(read_film((tmp_path / "x.mp4").read_bytes())))
    write_film(tmp_path / "end.mp4", list(film[11:]), 12.0)
    pins = (Pin(media=media, seconds=5 / 12), Pin(media=Media.from_path(tmp_path / "end.mp4"), time=11 / 12))
    made = generate.make("a ball", model="tiny", steps=2, size=(144, 80), seconds=1.5, pins=pins).array()
    end = np.stack(list(read_film((tmp_path / "end.mp4").read_bytes())))
    np.testing.assert_array_equal(made[:5], film[:5])
    np.testing.assert_array_equal(made[11:], end)
    assert (made[5:11] != film[5:11]).mean() > 0.5


def test_each_condition_has_its_own_guidance(tiny_engine: Path) -> None:
    track = Track(times=(0.0, 0.5), points=((0.2, 0.2), (0.8, 0.8)))
    pin = Pin(media=picture_media(np.full((80, 144, 3), 200, np.uint8)), strength=0.9)  # of no animatic
    fields: dict[str, Any] = {"model": "tiny", "steps": 2, "size": (144, 80), "seconds": 0.5}
    shot = Shot(text="a red ball", pins=(pin,), tracks=(track,), guidance=1.0, **fields)
    first = generate.make(shot.with_(track_guidance=1.0, pin_guidance=1.0)).array()
    for name in ("guidance", "track_guidance", "pin_guidance"):
        plain = {"guidance": 1.0, "track_guidance": 1.0, "pin_guidance": 1.0}
        other = generate.make(shot.with_(**{**plain, name: 4.0})).array()
        assert (other[1:] != first[1:]).mean() > 0.05, name
    assert recipe.guidance_of(Shot(text="x", track_guidance=4.0), recipe.LEADING) == {"text": 3.0}


def test_a_pinned_frame_with_tracks_is_moved_in_full_size_without_the_network(tiny_engine: Path) -> None:
    picture = np.full((360, 640, 3), (40, 160, 60), np.uint8)
    picture[135:225, 90:180] = (220, 30, 30)
    picture[::2, ::2] //= 2  # finer than the network could draw
    track = Track(times=(0.0, 2.9), points=((30 / 144, 0.5), (110 / 144, 0.5)))
    shot = Shot(text="a red box", model="tiny", size=(640, 360), fps=24, seconds=3)
    shot = shot.with_(pins=(Pin(media=picture_media(picture)),), tracks=(track,))
    stages: list[str] = []
    frames = generate.make(shot, progress=lambda name, *of: stages.append(name)).array()
    assert "refine" not in stages and "sample" not in stages
    np.testing.assert_array_equal(frames[0], picture)
    assert set(generate.shares(shot)) == {"write"} and generate.plan(shot).calls == 0
    for number in (24, 69):
        red = frames[number, ..., 0].astype(int) - frames[number, ..., 1]
        where = np.argwhere(red > red.max() / 2).mean(0)[1]
        assert abs(where - (135 + 80 / 144 * 640 * min(1, number / 24 / 2.9))) < 8
        there = frames[number, 165:195, round(where) - 20 : round(where) + 20].astype(int)
        assert np.abs(np.diff(there, axis=0)).mean() > 10, "as fine as it was"


def test_what_the_network_draws_is_set_in_motion_by_tracks_and_when_gone_on_with_too(
    tiny_engine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = np.full((80, 144, 3), (40, 160, 60), np.uint8)
    first[30:50, 20:40] = (220, 30, 30)
    drawn = generate.draw

    def network(*given: Any, **more: Any) -> np.ndarray:
        return np.concatenate((np.broadcast_to(first, (1, 1, 80, 144, 3)), drawn(*given, **more)[:, 1:]), 1)

    monkeypatch.setattr(generate, "draw", network)  # an untrained one draws nothing that could be moved
    track = Track(times=(0.0, 2.9), points=((30 / 144, 0.5), (110 / 144, 0.5)))
    shot = Shot(text="a red box", model="tiny", steps=2, size=(144, 80), seconds=3, tracks=(track,))
    told: list[tuple[str, int]] = []
    whole = generate.make(shot, progress=lambda stage, done, total: told.append((stage, done))).array()
    assert max(done for stage, done in told if stage == "sample") == 2, "one window of two"
    for number, x in ((0, 30), (12, 30 + 80 * 12 / 35), (35, 110)):  # in the first window, and after it
        red = whole[number, ..., 0].astype(int) - whole[number, ..., 1]
        assert abs(np.argwhere(red > red.max() / 2).mean(0)[1] - x) < 2
    assert set(generate.shares(shot)) == {"sample", "write"} and generate.plan(shot).calls == 2
    with pytest.raises(Cancelled):
        generate.make(shot, tmp_path / "box.mp4", cancel=lambda: True)
    np.testing.assert_array_equal(generate.make(shot, tmp_path / "box.mp4", resume=True).array(), whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["box.mp4"]


def test_tracks_near_nothing_leave_the_film_to_the_network(tiny_engine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grey = np.full((1, 48, 80, 144, 3), 90, np.uint8)
    monkeypatch.setattr(generate, "draw", lambda network, shots, window, *more: grey[:, : 4 * window.num_groups])
    track = Track(times=(0.0, 2.9), points=((0.3, 0.5), (0.8, 0.5)))
    for seconds in (1, 3):
        shot = Shot(text="a ball", model="tiny", size=(144, 80), seconds=seconds, tracks=(track,))
        assert (generate.make(shot).array() == 90).all()


def test_directions_change_in_time(tiny_engine: Path) -> None:
    shot = Shot(text="a red ball", model="tiny", steps=2, size=(144, 80), seconds=1)
    spans = (Span(start=0, end=0.5, text="at night"), Span(start=0.5, end=1, text="at noon"))
    first = generate.make(shot).array()
    timed = generate.make(shot.with_(spans=spans)).array()
    swapped = generate.make(shot.with_(spans=(spans[0], spans[1].model_copy(update={"text": "at sunset"})))).array()
    assert (timed != first).mean() > 0.05 and (timed != swapped).mean() > 0.05


def test_long_shots_are_made_in_windows_and_large_ones_refined(
    tiny_engine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_by = generate.engine("tiny")
    shot = Shot(text="a ball", model="tiny", steps=2, size=(256, 144), seconds=3)
    planned = layout(shot, LARGER)
    told: list[tuple[str, int, int]] = []
    parts = [take.frames for take in generate.windows(made_by, shot, planned, lambda *words: told.append(words))]
    assert [len(part) for part in parts] == [window.num_frames for window in planned.windows]
    assert len(parts) == 2 and parts[0].shape[1:] == (144, 256, 3)
    assert [one for one in told if one[0] == "sample"][-1] == ("sample", 4, 4)
    assert [one for one in told if one[0] == "refine"][-1] == ("refine", 8, 8)
    other = [take.frames for take in generate.windows(made_by, shot.with_(seed=5), planned, lambda *words: None)]
    assert (other[1] != parts[1]).mean() > 0.05
    # What comes before matters: the same window after other frames is another.
    small = generate.inner(shot, planned)
    after = [
        generate.draw(made_by.network, [small], planned.windows[1], [np.full((8, 80, 144, 3), light, np.uint8)])
        for light in (0, 255)
    ]
    assert (after[0] != after[1]).mean() > 0.05


def test_a_long_film_that_was_stopped_goes_on_as_if_it_had_not_been(tiny_engine: Path, tmp_path: Path) -> None:
    shot = Shot(text="a ball", model="tiny", steps=2, size=(144, 80), seconds=5)  # four windows
    whole = generate.make(shot).array()
    done: list[tuple[int, int]] = []

    def note(stage: str, step: int, total: int) -> None:
        if stage == "sample":
            done.append((step, total))

    with pytest.raises(Cancelled):
        generate.make(shot, tmp_path / "ball.mp4", progress=note, cancel=lambda: bool(done) and done[-1][0] >= 3)
    rushes = tmp_path / "ball.mp4.rushes"
    assert (rushes / "000.npy").is_file() and not (tmp_path / "ball.mp4").exists()
    done.clear()
    clip = generate.make(shot, tmp_path / "ball.mp4", resume=True, progress=note)
    assert done[0] == (2, 8), "the first window is not made again"
    assert np.array_equal(clip.array(), whole)
    assert (tmp_path / "ball.mp4").is_file()
    del clip
    assert not rushes.exists()


def test_a_film_of_another_shot_is_not_gone_on_with(tiny_engine: Path, tmp_path: Path) -> None:
    shot = Shot(text="a ball", model="tiny", steps=1, size=(144, 80), seconds=3)
    stop = iter([False, True])
    with pytest.raises(Cancelled):
        generate.make(shot, tmp_path / "ball.mp4", cancel=lambda: next(stop))
    with pytest.raises(MediaError, match=r"resume: .* of another shot"):
        generate.make(shot, tmp_path / "ball.mp4", seed=7, resume=True)


def test_words_become_a_shot(tiny_engine: Path) -> None:
    fields: dict[str, Any] = {"model": "tiny", "steps": 2, "size": (144, 80), "seconds": 0.5}
    clip = generate.make("a red ball", seed=3, **fields)
    shot = Shot(text="a red ball", seed=3, **fields)
    assert clip.shot == shot
    np.testing.assert_array_equal(clip.array(), generate.make(shot).array())
    assert generate.make(shot, seed=4).shot == shot.with_(seed=4)
    with pytest.raises(ShotError, match="seconds"):
        generate.make("a red ball", seconds=-1)


def test_what_stages_take_grows_with_what_is_asked(tiny_engine: Path) -> None:
    short = generate.shares(Shot(text="a", model="tiny", seconds=1))
    long = generate.shares(Shot(text="a", model="tiny", seconds=3, size=(640, 360), guidance=1.0))
    assert long["write"] > 10 * short["write"]
    assert 1 < long["sample"] / short["sample"] < 3  # more windows, but no guidance


def test_a_plan_counts_what_the_work_would_take(tiny_engine: Path) -> None:
    shot = Shot(text="a red ball", model="tiny", size=(144, 80), seconds=1, steps=5)
    plan = generate.plan(shot)
    assert (plan.tokens, plan.calls) == (3 * 45, 5)
    assert plan.seconds > 0
    picture = Pin(media=picture_media(np.zeros((80, 144, 3), np.uint8)))
    pinned = generate.plan(shot.with_(pins=(picture,), size=(1296, 720), seconds=2))
    assert pinned.tokens == 7 * 45
    assert pinned.memory > plan.memory
    long = generate.plan(shot.with_(seconds=60))
    assert long.windows > 20 and long.calls == 5 * long.windows and long.seconds > plan.seconds
    with pytest.raises(Refused):
        generate.plan(shot.with_(size=(400, 100)))


def test_words_that_were_never_read_are_found(tiny_engine: Path) -> None:
    assert generate.unknown_words(Shot(text="a crimson ball", model="tiny")) == {"crimson": "red"}


def picture_media(picture: np.ndarray) -> Media:
    """A picture as the medium of a pin."""
    from io import BytesIO

    from PIL import Image

    held = BytesIO()
    Image.fromarray(picture).save(held, "PNG")
    data = held.getvalue()
    return Media(sha256=sha256(data).hexdigest(), kind="picture", data=data)


def test_what_is_said_is_spoken_once_seen_by_the_network_and_heard_in_the_film(
    tiny_engine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    seen: list[Shot] = []

    def speaker(line: Line, voice: Voice, faster: float = 1.0) -> Speech:
        said.append(line.words)
        tone = 0.1 * np.sin(2 * np.pi * 440 * np.arange(24_000) / 48_000)
        return Speech(tone.astype(np.float32), (Phone("ɑ", 0.0, 0.5),))

    def remember(made_by: generate.Engine, shot: Shot, *others: Any) -> Clip:
        seen.append(shot)
        return make_with(made_by, shot, *others)

    make_with = generate.make_with
    monkeypatch.setattr(generate, "rehearse", partial(rehearse, speaker=speaker))
    monkeypatch.setattr(generate, "make_with", remember)
    asked = Shot(text='a woman says "ah"', model="tiny", seconds=1.0, steps=1, sound=Sound(), size=(144, 80))
    clip = generate.make(asked, tmp_path / "a.mp4")
    assert said == ["ah"] and len(seen[0].tracks) == 4
    assert clip.shot == asked == Clip.open(tmp_path / "a.mp4").shot, "made again, it is rehearsed again"
    assert clip.sound is not None and any("mouths are taken to be" in note for note in clip.notes)
    heard = clip.sound[24_000:40_000, 0]
    assert int(np.abs(np.fft.rfft(heard)).argmax()) * 3 == pytest.approx(440, abs=4)

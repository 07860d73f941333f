"""Batches: what is in them, and that they follow from their seed."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from vitascope.model import flow, patches
from vitascope.model.condition import REFERENCE_SECOND
from vitascope.train import video
from vitascope.train.stream import Format, Ring, Sample, Source, mirror

MAIN = Format((48, 32), 24, 12.0)
SOURCE = Source(formats=(MAIN,))
# The second is of three groups, the third twice as large; each has its own rate.
SEVERAL = Source(formats=(replace(MAIN, share=0.5), Format((32, 32), 12, 8.0, 0.3), Format((64, 48), 8, 24.0, 0.2)))
UNTEXTED = torch.zeros(2, 384)


def _ring(source: Source) -> Ring:
    """A ring of made-up clips: in clip i every pixel of frame f is 10·i + f, and the upper half is a thing."""

    def sample(index: int) -> Sample:
        kind = source.formats[source.format(index)]
        F, (width, height) = kind.num_frames, kind.size
        grey = np.arange(F, dtype=np.uint8)[:, None, None, None] + 10 * index
        frames = np.ascontiguousarray(np.broadcast_to(grey, (F, height, width, 3)))
        points = np.full((8, F, 2), 0.5, np.float32)
        texts = (np.full((4, 384), index + 1, np.float16),)
        things = np.zeros((F, height, width), bool)
        things[:, : height // 2] = True
        return Sample(frames, texts, (f"clip '{index}'",), points, np.ones((8, F), bool), things)

    made = Ring(source, 16, workers=0)
    made._kept.update({index: sample(index) for index in range(16)})
    return made


@pytest.fixture(scope="module")
def ring() -> Ring:
    return _ring(SOURCE)


@pytest.fixture(scope="module")
def batches(ring: Ring) -> list[video.Batch]:
    return [video.batch(ring, 0, 16, 12, 1500, (0, step), UNTEXTED) for step in range(150)]


@pytest.fixture(scope="module")
def mixed() -> list[video.Batch]:
    ring = _ring(SEVERAL)
    return [video.batch(ring, 0, 16, 12, 1500, (0, step), UNTEXTED) for step in range(150)]


def _number(made: video.Batch) -> int:
    """Which of SEVERAL a batch is of."""
    (number,) = (at for at, kind in enumerate(SEVERAL.formats) if kind.grid == made.conditions.grid)
    return number


def _grey(x: torch.Tensor) -> torch.Tensor:
    """The mean byte of each group [B, G] of patches [B, G, n, width] in -1…1."""
    return ((x.float() + 1) * 127.5).mean((-1, -2))


def _index(made: video.Batch) -> torch.Tensor:
    """Which clip each row is of, [B, 1]; -1 where the text is dropped."""
    return made.conditions.text[:, 0, :1] - 1


def test_a_seed_makes_the_same_batch(ring: Ring) -> None:
    first, again, other = (video.batch(ring, 0, 16, 12, 1500, (0, seed), UNTEXTED) for seed in (1, 1, 2))
    assert torch.equal(first.clean, again.clean) and torch.equal(first.noise, again.noise)
    assert torch.equal(first.time, again.time)
    assert first.clean.shape != other.clean.shape or not torch.equal(first.noise, other.noise)


def test_there_are_pictures_short_parts_and_whole_clips_with_and_without_pins(batches: list[video.Batch]) -> None:
    kinds = set()
    for made in batches:
        known = made.conditions
        context = 0 if known.context is None else known.context.shape[1]
        kinds.add((made.clean.shape[1] + context, made.clean.shape[3], known.pins is not None))
    moving, still = patches.MOVING_WIDTH, patches.STILL_WIDTH
    assert kinds == {(1, still, False), (1, still, True), (1, moving, False), (2, moving, False), (2, moving, True)} | {
        (6, moving, False),
        (6, moving, True),
    }


def test_batches_cost_about_their_budget_and_say_what_they_use_up(batches: list[video.Batch]) -> None:
    for made in batches:
        known = made.conditions
        there = [group for group in (made.clean, known.context, known.pins) if group is not None]
        assert made.num_tokens == sum(group.shape[0] * group.shape[1] * group.shape[2] for group in there)
        assert 8 * MAIN.num_patches <= made.num_tokens <= 16 * MAIN.num_patches
        assert made.clips_used == pytest.approx(made.num_tokens / (MAIN.num_patches * MAIN.num_groups))


def test_times_and_words_belong_to_their_frames(batches: list[video.Batch]) -> None:
    for made in batches:
        index = _index(made)
        kept = index[:, 0] >= 0
        torch.testing.assert_close(
            _grey(made.clean)[kept], (made.conditions.seconds * 12 + 10 * index)[kept], atol=0.1, rtol=0
        )
        letters = made.conditions.letters
        if letters is not None:
            assert torch.equal(letters[:, 0] > 0, kept)


def test_about_a_tenth_of_the_texts_are_dropped(batches: list[video.Batch]) -> None:
    dropped = torch.cat([made.conditions.text[:, 0, 0] == 0 for made in batches]).float().mean()
    assert 0.05 < dropped < 0.16


def test_a_batch_is_of_one_format_at_its_own_rate(mixed: list[video.Batch]) -> None:
    for made in mixed:
        number = _number(made)
        kind = SEVERAL.formats[number]
        index = _index(made)
        kept = index[:, 0] >= 0
        assert all(SEVERAL.format(int(one)) == number for one in index[kept])
        assert made.clean.shape[2] == kind.num_patches
        rate = 1 / kind.fps if made.clean.shape[-1] == patches.MOVING_WIDTH else 0.0
        assert torch.allclose(made.conditions.interval, torch.tensor(rate))
        frames = made.conditions.seconds * kind.fps
        torch.testing.assert_close(_grey(made.clean)[kept], (frames + 10 * index)[kept], atol=0.1, rtol=0)
        assert made.num_tokens <= 1.4 * 12 * MAIN.num_patches


def test_formats_have_their_shares_of_the_steps() -> None:
    rng = np.random.default_rng(0)
    drawn = [SEVERAL.formats.index(video._format(SEVERAL, 0, 16, rng)[0]) for _ in range(600)]
    counts = np.bincount(drawn, minlength=3) / len(drawn)
    np.testing.assert_allclose(counts, [kind.share for kind in SEVERAL.formats], atol=0.06)


def test_formats_that_the_ring_does_not_hold_leave_their_steps_to_the_others() -> None:
    ring = _ring(SEVERAL)
    first = next(index for index in range(16) if SEVERAL.format(index) == 1)
    for step in range(10):
        assert _number(video.batch(ring, first, first + 1, 12, 1500, (0, step), UNTEXTED)) == 1


def test_larger_pictures_are_trained_nearer_to_their_end(mixed: list[video.Batch]) -> None:
    usual, larger = (torch.cat([made.time[:, 0] for made in mixed if _number(made) in of]) for of in ([0, 1], [2]))
    fine = flow.time_of_noise(torch.tensor(flow.FINE[1]))
    usual, larger = usual[usual < fine], larger[larger < fine]  # the rest is the same for both
    assert 0.4 < usual.median() < larger.median() < 0.75


def test_whole_clips_become_more_frequent() -> None:
    shares = [video.whole_share(step) for step in (0, 1500, 3000, 9000)]
    assert shares == sorted(shares) and shares[0] < 0.2 and shares[-1] == shares[-2] <= 0.8


# What is known


def test_pins_stand_at_their_own_times_and_hold_what_is_known_there(batches: list[video.Batch]) -> None:
    counts, parts, times = set(), [], []
    for made in batches:
        known = made.conditions
        if known.pins is None:
            continue
        assert known.pin_seconds is not None and known.pin_time is not None and known.pin_tracks is not None
        B, P, n, _ = known.pins.shape
        counts.add(P)
        assert known.pin_reference is not None
        frame = ~known.pin_reference
        part = torch.ones(B, P, n, 16) if known.pin_known is None else known.pin_known
        if made.clean.shape[-1] == patches.MOVING_WIDTH:  # of a picture, only parts are known
            parts.append(part.flatten(2).mean(-1)[frame])
        times.append(known.pin_time.flatten())
        # each of the 4×4 parts of a patch, [B, P, n, 4, 4, 48]
        pixels = known.pins.unflatten(-1, (4, 4, 4, 4, 3)).transpose(4, 5).flatten(5) * flow.DEVIATION
        grey = (pixels.mean(-1).flatten(3) + 1) * 127.5  # B P n 16
        index = _index(made)
        there = (known.pin_seconds * MAIN.fps + 10 * index)[:, :, None, None].expand_as(grey)
        clean = ((known.pin_time == 1) & (index >= 0) & frame)[:, :, None, None].expand_as(grey)
        shown, hidden = clean & (part == 1), clean & (part == 0)
        torch.testing.assert_close(grey[shown], there[shown], atol=0.1, rtol=0)
        torch.testing.assert_close(grey[hidden], torch.full_like(grey[hidden], 127.5))
    assert counts == {1, 2, 3}
    part, time = torch.cat(parts), torch.cat(times)
    assert (part < 1).float().mean() == pytest.approx(video.PART_SHARE, abs=0.06)
    assert (part > 0).all()
    assert (time < 1).float().mean() == pytest.approx(video.WEAK_SHARE, abs=0.05)
    assert time.min() >= flow.time_of_share(0.5) > 0


def test_some_pins_show_who_is_to_be_seen_and_no_frame(batches: list[video.Batch]) -> None:
    shown, pinned = 0, 0
    for made in batches:
        known = made.conditions
        if known.pin_reference is None or made.clean.shape[-1] == patches.STILL_WIDTH:
            continue
        assert known.pin_seconds is not None and known.pin_tracks is not None
        assert torch.equal(known.pin_seconds == REFERENCE_SECOND, known.pin_reference)
        assert not known.pin_tracks[known.pin_reference].any()
        assert (known.pin_reference.sum(1) <= 1).all()
        shown, pinned = shown + int(known.pin_reference.any(1).sum()), pinned + len(known.pin_reference)
    assert shown / pinned == pytest.approx(video.REFERENCE_SHARE, abs=0.1)


def test_a_caption_beside_a_reference_often_leaves_its_looks_to_it(ring: Ring) -> None:
    told = _ring(SOURCE)
    for index in range(16):
        sample = told[index]
        plain = np.full((4, 384), 99, np.float16)
        told._kept[index] = replace(sample, texts=(*sample.texts, plain), captions=("a", "b"), num_plain=1)
    looks = {True: [], False: []}  # type: dict[bool, list[bool]]
    for step in range(120):
        known = video.batch(told, 0, 16, 12, 1500, (0, step), UNTEXTED).conditions
        for row, text in enumerate(known.text[:, 0, 0].tolist()):
            referred = known.pin_reference is not None and bool(known.pin_reference[row].any())
            looks[referred].append(text == 99)
    assert not any(looks[False])
    assert np.mean(looks[True]) == pytest.approx(video.PLAIN_TOLD * (1 - video.NO_TEXT), abs=0.12)


def test_a_thing_is_cut_out_larger_and_by_itself() -> None:
    rng = np.random.default_rng(0)
    frame = np.full((80, 144, 3), (20, 200, 20), np.uint8)
    things = np.zeros((80, 144), bool)
    things[40:60, 100:125] = True
    frame[things] = (220, 30, 30)
    alone, shares = 0, []
    for _ in range(60):
        view = video.cut_out(frame, things, rng).astype(int)
        assert view.shape == frame.shape
        assert np.abs(view[40, 72] - (220, 30, 30)).max() <= 1
        alone += not (np.abs(view - (20, 200, 20)).max(-1) < 5).any()
        shares.append((np.abs(view - (220, 30, 30)).max(-1) < 5).mean())
    assert 30 < alone < 55
    assert min(shares) > 2.5 * things.mean() and max(shares) < 0.9


def test_weak_pins_are_noised_as_much_as_their_time_says(batches: list[video.Batch]) -> None:
    num_weak = 0
    for made in batches:
        known = made.conditions
        if known.pins is None or known.pin_known is not None:
            continue
        assert known.pin_seconds is not None and known.pin_time is not None
        index, t = _index(made), known.pin_time
        spread = torch.sqrt((t * flow.DEVIATION) ** 2 + ((1 - t) * flow.SCALE) ** 2)
        picture = (known.pin_seconds * MAIN.fps + 10 * index) / 127.5 - 1  # the one value of all its pixels, B P
        noise = (known.pins * spread[..., None, None]) - (t * picture)[..., None, None]
        assert known.pin_reference is not None
        kept = (index >= 0).expand_as(t) & ~known.pin_reference
        torch.testing.assert_close(noise.std((-1, -2))[kept], ((1 - t) * flow.SCALE)[kept], rtol=0.05, atol=1e-3)
        assert (noise.mean((-1, -2))[kept].abs() < 0.1).all()
        num_weak += int((t[kept] < 1).sum())
    assert num_weak >= 3


@pytest.mark.parametrize("size", [(48, 32), (256, 144)])
def test_a_part_is_a_rectangle_or_all_but_one(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    inverted = 0
    for _ in range(200):
        shown = video._part(size, rng)
        assert shown.shape == size[::-1] and set(np.unique(shown)) == {0, 1}
        rows, columns = np.nonzero(shown)
        box = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
        if box > shown.sum():  # not full: a rectangle is missing
            rows, columns = np.nonzero(1 - shown)
            assert (np.ptp(rows) + 1) * (np.ptp(columns) + 1) == len(rows)
            inverted += 1
        assert 0.05 < len(rows) / shown.size < 0.7
    assert 40 < inverted < 95


def test_some_whole_clips_go_on_from_known_groups_or_lead_to_them(batches: list[video.Batch]) -> None:
    whole, before, after, weak = 0, 0, 0, 0
    for made in batches:
        known = made.conditions
        G, C = made.clean.shape[1], 0 if known.context is None else known.context.shape[1]
        assert (made.time < 1).all()
        whole += G + C == 6
        if known.context is None:
            continue
        assert known.context_seconds is not None and known.context_time is not None
        assert G + C == 6 and C <= 2 and known.seconds.shape[1] == G
        # the groups of a clip, each once; those that are made are next to each other
        seconds, _ = torch.cat((known.seconds, known.context_seconds), 1).sort(1)
        torch.testing.assert_close(seconds, ((torch.arange(6) * 4 + 1.5) / MAIN.fps).expand(len(seconds), 6))
        torch.testing.assert_close(known.seconds.diff(), torch.full((len(seconds), G - 1), 4 / MAIN.fps))
        earlier = (known.context_seconds < known.seconds[:, :1]).sum(1)
        assert (earlier == earlier[0]).all()
        before, after = before + (int(earlier[0]) == C), after + (int(earlier[0]) == 0)
        index = _index(made)
        clean = (known.context_time == 1) & (index >= 0)
        grey = (known.context * flow.DEVIATION + 1).mean((-1, -2)) * 127.5
        torch.testing.assert_close(
            grey[clean], (known.context_seconds * MAIN.fps + 10 * index)[clean], atol=0.1, rtol=0
        )
        assert (known.context_time == known.context_time[:, :1]).all()
        assert (known.context_time >= flow.time_of_share(0.8)).all()
        weak += int((known.context_time < 1).sum())
    assert before > 0 and after > 0 and weak > 0
    assert 0.06 < (before + after) / whole < 0.3


def test_some_clips_are_known_before_and_after_what_is_made(ring: Ring) -> None:
    for seed in range(400):
        known = video.batch(ring, 0, 16, 6, 5000, (3, seed), UNTEXTED).conditions
        if known.context_seconds is not None:
            around = known.context_seconds[0]
            if around.min() < known.seconds[0, 0] and around.max() > known.seconds[0, -1]:
                return
    pytest.fail("never on both sides")


# Tracks


def _with_camera() -> Sample:
    """A clip of eight tracks in the sixth patch of six, whose camera's move would be seen in the other five."""
    points = np.full((8, 24, 2), 0.9, np.float32)
    told = np.array([(1, 1), (3, 1), (5, 1), (1, 3), (3, 3)], np.float32) / (6, 4)
    camera = np.repeat(told[:, None].astype(np.float32), 24, 1), np.ones((5, 24), bool)
    frames = np.zeros((24, 32, 48, 3), np.uint8)
    texts = (np.zeros((4, 384), np.float16),)
    things = np.zeros((24, 32, 48), bool)
    return Sample(frames, texts, ("",), points, np.ones((8, 24), bool), things, texts, camera)


def test_tracks_of_a_moving_camera_are_half_of_the_time_those_of_a_flat_world() -> None:
    rng = np.random.default_rng(0)
    sample = _with_camera()
    marked = np.stack([video._painted(sample, (2, 3), rng)[0, :, -1] for _ in range(1000)]) > 0  # 1000 6
    flat, real = marked[:, :5].any(1), marked[:, 5]
    assert not (flat & real).any()
    assert flat.mean() == pytest.approx(video.WITH_TRACKS * video.PLANE_TRACKS, abs=0.04)
    assert real.mean() == pytest.approx(video.WITH_TRACKS * (1 - video.PLANE_TRACKS), abs=0.04)
    assert 0.45 < marked[flat, :5].all(1).mean() < 0.65  # half are all that the command line would give, half thinned
    still = replace(sample, camera=None)
    marked = np.stack([video._painted(still, (2, 3), rng)[0, :, -1] for _ in range(300)]) > 0
    assert not marked[:, :5].any() and marked[:, 5].mean() == pytest.approx(video.WITH_TRACKS, abs=0.08)


# What counts


def test_things_count_more_at_first_and_where_they_have_been_placed(ring: Ring) -> None:
    for step, early in ((500, 3.0), (1250, 1.5), (2000, 0.0)):
        made = video.batch(ring, 0, 16, 12, step, (0, 3), UNTEXTED)
        things = 1 + early + video.late_care(made.time)[..., None, None].expand_as(made.care)
        torch.testing.assert_close(made.care[:, :, :3], things[:, :, :3])
        below, as_things = (x[:, :, 3:].unflatten(-1, (-1, 16, 16, 3)) for x in (made.care, things))
        near = video.AROUND  # pixels below the things count as they do
        torch.testing.assert_close(below[..., :near, :, :], as_things[..., :near, :, :])
        assert below[..., near:, :, :].eq(1).all()


def test_late_care_begins_when_places_are_decided() -> None:
    care = video.late_care(torch.tensor([[0.0, 0.3, 0.45, 0.6, 1.0]]))
    torch.testing.assert_close(care, torch.tensor([[0.0, 0.0, 2.0, 4.0, 4.0]]))


# Mirrors


def test_a_mirrored_clip_has_all_of_it_in_the_mirror() -> None:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 255, (24, 32, 48, 3), dtype=np.uint8)
    points = rng.random((8, 24, 2)).astype(np.float32)
    texts = tuple(np.full((4, 384), value, np.float16) for value in (1, 2))
    things = frames[..., 0] > 128
    camera = rng.random((5, 24, 2)).astype(np.float32), rng.random((5, 24)) < 0.5
    visible = np.ones((8, 24), bool)
    sample = Sample(frames, texts[:1], ("left",), points, visible, things, texts[1:], camera)
    turned = video._in_the_mirror(sample)
    np.testing.assert_array_equal(turned.frames, frames[:, :, ::-1])
    np.testing.assert_array_equal(turned.things, things[:, :, ::-1])
    assert turned.camera is not None
    for was, now in ((points, turned.points), (camera[0], turned.camera[0])):
        np.testing.assert_allclose(now[..., 0], 1 - was[..., 0], atol=1e-6)
        np.testing.assert_array_equal(now[..., 1], was[..., 1])
        assert now.dtype == np.float32
    np.testing.assert_array_equal(turned.camera[1], camera[1])
    assert turned.texts is sample.mirrored
    np.testing.assert_array_equal(sample.points, points)  # the clip in the ring stays as it is


@pytest.mark.parametrize(
    ("caption", "turned"),
    [
        ("A ball rolls to the left, from right to left.", "A ball rolls to the right, from left to right."),
        ("the camera rolls clockwise", "the camera rolls counterclockwise"),
        ("the camera rolls anticlockwise and pans Right", "the camera rolls clockwise and pans left"),
        ("leftwards in bright sunlight", "rightwards in bright sunlight"),
    ],
)
def test_captions_are_told_as_in_the_mirror(caption: str, turned: str) -> None:
    assert mirror(caption) == turned

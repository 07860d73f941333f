"""Tests of the styles: each looks as it is called, colours and shapes stay true, and nothing flickers."""

from __future__ import annotations

from typing import get_args

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from vitascope.world.scene import COLOURS, Colour, Style
from vitascope.world.style import stylise

STYLES = tuple(style for style in get_args(Style) if style != "natural")
SIZE = (128, 72)

Given = tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.int16]]


def shown(colour: tuple[float, float, float]) -> NDArray[np.float64]:
    """Linear RGB as sRGB 0..255."""
    return 255.0 * np.array(colour) ** (1 / 2.2)


def ball(
    colour: tuple[float, float, float] = COLOURS["red"],
    num_frames: int = 2,
    size: tuple[int, int] = SIZE,
    distance: float = 4.0,
    light: float = 1.0,
) -> Given:
    """A still ball, shaded from its upper left, over pale ground under a blue sky: frames, depth and ids."""
    wide, high = size
    y, x = np.mgrid[0:high, 0:wide] + 0.5
    u, v = (x - wide / 2) / high, (y - high * 0.5) / high
    ground = v > -0.08
    image = np.where(ground[..., None], (196.0, 186.0, 160.0), (120.0, 172.0, 232.0))
    depth = np.where(ground, 1.1 / np.maximum(v + 0.08, 1e-3), np.inf)
    inside = np.hypot(u, v) < 0.27
    up = np.sqrt(np.maximum(0.27**2 - u * u - v * v, 0.0)) / 0.27
    lit = np.clip(0.55 + 0.45 * up - 0.5 * (u + v) / 0.27 * 0.6, 0.0, 1.0)
    image = np.where(inside[..., None], shown(colour) * lit[..., None], image)
    depth = np.where(inside, distance - 0.4 * up, np.maximum(depth, distance + 0.5))
    ids = np.where(inside, 1, np.where(ground, 0, -1))
    frames = np.rint(np.clip(image * light, 0, 255)).astype(np.uint8)
    given = frames, depth.astype(np.float32), ids.astype(np.int16)
    return tuple(np.repeat(array[None], num_frames, axis=0) for array in given)  # type: ignore[return-value]


def grey(frames: NDArray[np.uint8]) -> NDArray[np.float64]:
    return frames.astype(np.float64) @ (0.30, 0.59, 0.11)


def inside_of(ids: NDArray[np.int16], share: float = 0.16) -> NDArray[np.bool_]:
    """The inner part of the ball. [H, W]"""
    high, wide = ids.shape[1:]
    y, x = np.mgrid[0:high, 0:wide] + 0.5
    return np.asarray(np.hypot(x - wide / 2, y - high / 2) < share * high)


def test_natural_is_left_alone() -> None:
    given = ball()
    assert stylise(*given, "natural") is given[0]


@pytest.mark.parametrize("style", STYLES)
def test_the_same_input_gives_the_same_bytes_with_one_thread_or_more(style: Style) -> None:
    given = ball()
    kept = [array.copy() for array in given]
    threads = numba.get_num_threads()
    first = stylise(*given, style, seed=4)
    try:
        numba.set_num_threads(1)
        again = stylise(*given, style, seed=4)
    finally:
        numba.set_num_threads(threads)
    np.testing.assert_array_equal(first, again)
    assert first.dtype == np.uint8 and first.shape == given[0].shape
    for now, before in zip(given, kept, strict=True):
        np.testing.assert_array_equal(now, before)


@pytest.mark.parametrize("style", STYLES)
def test_what_stands_still_stays_still(style: Style) -> None:
    out = stylise(*ball(), style)
    if style == "noir":  # but for its grain, which is slight
        assert 0.5 < np.abs(grey(out[:1]) - grey(out[1:])).mean() < 8.0
    else:
        np.testing.assert_array_equal(out[0], out[1])


@pytest.mark.parametrize("style", STYLES)
def test_a_slow_change_of_light_gives_a_slow_change(style: Style) -> None:
    num_frames = 24
    frames, depth, ids = ball(num_frames=num_frames)
    frames = np.rint(frames * np.linspace(0.75, 1.0, num_frames)[:, None, None, None]).astype(np.uint8)
    out = stylise(frames, depth, ids, style)
    change = np.abs(np.diff(out.astype(int), axis=0)).mean(axis=(1, 2, 3))
    given = np.abs(np.diff(frames.astype(int), axis=0)).mean(axis=(1, 2, 3))
    grain = np.abs(np.diff(stylise(*ball(), style).astype(int), axis=0)).mean()
    most = 16.0 if style == "cartoon" else 6.0  # where all of a flat sky goes from one tone to the next
    assert (change < most * given + 1.5 * grain).all()


@pytest.mark.parametrize("style", STYLES)
def test_styles_are_far_from_the_picture_and_from_each_other(style: Style) -> None:
    given = ball(num_frames=1)
    out = stylise(*given, style).astype(float)
    assert np.abs(out - given[0]).mean() > 6.0
    for other in STYLES:
        if other != style:
            assert np.abs(out - stylise(*given, other)).mean() > 6.0


@pytest.mark.parametrize("style", ["cartoon", "watercolour", "pixel art"])
@pytest.mark.parametrize("name", COLOURS)
def test_a_thing_keeps_the_colour_that_captions_name(style: Style, name: Colour) -> None:
    given = ball(COLOURS[name], num_frames=1)
    mean = stylise(*given, style)[0][inside_of(given[2])].mean(axis=0)
    tint = {other: shown(colour) - shown(colour).mean() for other, colour in COLOURS.items()}
    # Styles may lighten and saturate, so hue decides among the coloured ones, and light with hue among all.
    apart = {
        other: np.hypot(np.linalg.norm(mean - mean.mean() - tint[other]), 0.6 * (mean.mean() - shown(colour).mean()))
        for other, colour in COLOURS.items()
    }
    assert min(apart, key=lambda other: apart[other]) == name


def test_cartoon_has_few_tones_and_a_dark_outline() -> None:
    frames, depth, ids = ball(num_frames=1, size=(256, 144))
    out = stylise(frames, depth, ids, "cartoon")[0]
    inner = inside_of(ids, 0.22)
    fine = len(np.unique(grey(frames)[0][inner].round()))
    most = np.sort(np.bincount(grey(out[None])[0][inner].round().astype(int)))[::-1]
    assert fine > 40 and most[:12].sum() > 0.7 * inner.sum()
    y, x = np.mgrid[0:144, 0:256] + 0.5
    rim = np.abs(np.hypot(x - 128, y - 72) - 0.27 * 144) < 0.7
    assert np.median(grey(out[None])[0][rim]) < 60
    assert grey(out[None])[0][(ids[0] == 0)].mean() > 140


def test_outlines_are_thicker_nearby() -> None:
    def dark(distance: float) -> float:
        given = ball(COLOURS["white"], num_frames=1, distance=distance)
        return float((grey(stylise(*given, "cartoon")) < 90).sum())

    assert dark(2.0) > 1.3 * dark(12.0) > 0.0


def test_things_apart_in_depth_are_outlined_within_one_id() -> None:
    frames = np.full((1, 72, 128, 3), 200, np.uint8)
    ids = np.ones((1, 72, 128), np.int16)
    depth = np.full((1, 72, 128), 4.0, np.float32)
    flat = stylise(frames, depth, ids, "cartoon")
    depth[:, :, 64:] = 4.6  # an arm before a body
    stepped = stylise(frames, depth, ids, "cartoon")
    slope = 1.0 / (np.float32(0.25) + np.float32(0.001) * np.arange(128, dtype=np.float32))  # a wall seen aslant
    sloped = stylise(frames, np.broadcast_to(slope, (1, 72, 128)).copy(), ids, "cartoon")
    assert grey(flat).min() > 150 and grey(sloped).min() > 150
    assert (grey(stepped)[0, :, 63:65] < 90).all() and grey(stepped)[0, :, :58].min() > 150


def test_pencil_is_grey_on_pale_paper_and_darker_where_the_picture_is() -> None:
    out = stylise(*ball(num_frames=1), "pencil")[0].astype(int)
    assert np.abs(out[..., 0] - out[..., 2]).max() < 30
    assert np.percentile(grey(out[None].astype(np.uint8)), 95) > 220
    ramp = np.repeat(np.repeat(np.linspace(10, 245, 160).round()[None, :], 90, axis=0)[..., None], 3, axis=2)
    frames = ramp.astype(np.uint8)[None]
    depth, ids = np.full((1, 90, 160), np.inf, np.float32), np.full((1, 90, 160), -1, np.int16)
    bands = grey(stylise(frames, depth, ids, "pencil"))[0].reshape(90, 8, 20).mean(axis=(0, 2))
    assert (np.diff(bands) > 1.5).all()


def test_pencil_strokes_have_a_direction() -> None:
    frames = np.full((1, 144, 256, 3), 110, np.uint8)
    frames[:, :4], frames[:, -4:] = 0, 255  # so that the rest is middle grey
    depth, ids = np.full((1, 144, 256), np.inf, np.float32), np.full((1, 144, 256), -1, np.int16)
    drawn = grey(stylise(frames, depth, ids, "pencil"))[0, 20:-20]
    wave = np.abs(np.fft.fft2(drawn - drawn.mean())) ** 2
    fy, fx = np.meshgrid(np.fft.fftfreq(wave.shape[0]), np.fft.fftfreq(wave.shape[1]), indexing="ij")
    strokes = (np.hypot(fy, fx) > 0.18) & (np.hypot(fy, fx) < 0.34)
    falling, rising = wave[strokes & (fx * fy > 0)].sum(), wave[strokes & (fx * fy < 0)].sum()
    assert max(falling, rising) > 1.5 * min(falling, rising)


def test_paper_and_strokes_are_fixed_to_the_page_and_chosen_by_the_seed() -> None:
    frames, depth, ids = ball(num_frames=2)
    frames[1], depth[1], ids[1] = (np.roll(array[1], 9, axis=1) for array in (frames, depth, ids))
    for style in ("pencil", "watercolour"):
        out = stylise(frames, depth, ids, style).astype(int)  # type: ignore[arg-type]
        sky = np.s_[4:20, 4:30]
        assert np.abs(out[0][sky] - out[1][sky]).mean() < 0.5
        other = stylise(frames, depth, ids, style, seed=1).astype(int)  # type: ignore[arg-type]
        assert np.abs(out[0][sky] - other[0][sky]).mean() > 2.0


def test_watercolour_is_pale_and_leaves_bare_paper_around() -> None:
    given = ball(num_frames=1, light=0.8)
    out = stylise(*given, "watercolour")[0]
    assert grey(out[None]).mean() > grey(given[0]).mean() + 10
    border = np.concatenate([out[0], out[-1], out[:, 0], out[:, -1]])
    assert border.min(axis=-1).mean() > 215


def test_noir_is_black_and_white_with_dark_corners() -> None:
    frames, depth, ids = ball(num_frames=1)
    out = stylise(frames, depth, ids, "noir")
    assert (out[..., 0] == out[..., 1]).all() and (out[..., 1] == out[..., 2]).all()
    assert out.min() < 12
    even = stylise(np.full_like(frames, 150), depth, ids, "noir")[0, ..., 0].astype(float)
    corners = np.mean([even[:6, :6], even[:6, -6:], even[-6:, :6], even[-6:, -6:]])
    assert corners < 0.6 * even[30:42, 54:74].mean()


def test_pixel_art_is_of_even_blocks_in_few_colours_with_a_dark_outline() -> None:
    frames, depth, ids = ball(num_frames=1, size=(256, 144))
    out = stylise(frames, depth, ids, "pixel art")[0]
    assert len(np.unique(out.reshape(-1, 3), axis=0)) < 24
    steps_x = np.flatnonzero((out[:, 1:] != out[:, :-1]).any(axis=(0, 2))) + 1
    steps_y = np.flatnonzero((out[1:] != out[:-1]).any(axis=(1, 2))) + 1
    block = int(np.gcd.reduce(np.concatenate([steps_x, steps_y])))
    assert 64 <= 256 / block <= 86 and 36 <= 144 / block <= 48
    small = out[::block, ::block]
    ink = (small == np.array((0x18, 0x12, 0x1F))).all(axis=-1)
    assert ink.sum() > 2 * np.pi * 0.27 * 144 / block * 0.8  # all around the ball
    assert not ink[inside_of(ids)[::block, ::block]].any()


@pytest.mark.parametrize("style", STYLES)
def test_a_larger_picture_looks_the_same(style: Style) -> None:
    small, large = (grey(stylise(*ball(num_frames=1, size=size), style))[0] for size in ((144, 80), (576, 320)))
    coarse = large.reshape(10, 32, 18, 32).mean(axis=(1, 3)) - small.reshape(10, 8, 18, 8).mean(axis=(1, 3))
    assert np.abs(coarse).mean() < 14.0


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("size", [(80, 144), (33, 17), (5, 5)])
def test_any_size_can_be_drawn(style: Style, size: tuple[int, int]) -> None:
    given = ball(num_frames=1, size=size)
    assert stylise(*given, style).shape == given[0].shape


def test_wrong_input_is_refused() -> None:
    frames, depth, ids = ball()
    with pytest.raises(ValueError, match=r"'oil'.*allowed are natural, cartoon"):
        stylise(frames, depth, ids, "oil")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="frames must be uint8"):
        stylise(frames.astype(np.float32), depth, ids, "noir")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="depth"):
        stylise(frames, depth[:1], ids, "noir")
    with pytest.raises(ValueError, match="above 0"):
        stylise(frames, 0.0 * ids.astype(np.float32), ids, "noir")

"""Tests of what is painted on parts and grounds: it shows, it does what its name says, and it stays calm from afar."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vitascope.world import render
from vitascope.world.lettering import mask
from vitascope.world.render import Ground, Sky, Stage, draw
from vitascope.world.solids import BOX, CAPSULE, CYLINDER, ELLIPSOID, SPHERE

SIZE = (128, 72)
DAY = Sky((0.1, 0.25, 0.7), (0.5, 0.7, 0.9), (-0.5, -0.6, 0.7), (1.0, 0.96, 0.9), (0.32, 0.36, 0.42), haze=0.0)
NIGHT = Sky(
    (0.004, 0.008, 0.03), (0.02, 0.03, 0.09), (-0.5, -0.6, 0.7), (0.25, 0.3, 0.4), (0.065, 0.08, 0.13), haze=0.0
)
LAWN = Ground(render.GRASS, (0.08, 0.2, 0.02), (0.16, 0.29, 0.04))
TO_CAMERA = np.array([(0.0, 1.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 0.0, 1.0)])  # a part's +x towards the camera (-y)
STUFFS = {
    name: getattr(render, name)
    for name in (
        *("CLOTH", "HAIR", "FUR", "PATCHES", "BARK", "LEAVES", "WINDOWS"),
        *("BRICKS", "TYRE", "WOOD", "STONE", "STRIPES", "CHECKER", "DOTS"),
    )
}
GROUNDS = ["GRASS", "SAND", "SNOW", "PLANKS", "TILES", "ASPHALT", "ROAD", "SHORE", "EARTH", "CARPET"]

Picture = NDArray[np.float64]
Part = tuple[int, tuple[float, float, float], tuple[float, float, float], tuple[float, float, float], int]


def camera(frames: int = 1, away: float = 4.0, up: float = 1.0, pitch: float = 0.0, aside: float = 0.0) -> Any:
    c, s = np.cos(np.radians(pitch)), np.sin(np.radians(pitch))
    turn = np.array([[1.0, 0.0, 0.0], [0.0, -s, -c], [0.0, c, -s]])
    return SimpleNamespace(
        position=np.tile((aside, -away, up), (frames, 1)),
        rotation=np.tile(turn, (frames, 1, 1)),
        fov=np.full(frames, 40.0),
    )


def stage(parts: list[Part], frames: int = 1, turn: NDArray[np.float64] = TO_CAMERA, **more: Any) -> Stage:
    """Parts of (kind, size, place, albedo, texture), all turned alike."""
    count = len(parts)
    fields: dict[str, Any] = {
        "kind": np.array([p[0] for p in parts], np.int32),
        "size": np.array([p[1] for p in parts], np.float32).reshape(count, 3),
        "position": np.tile(np.array([p[2] for p in parts], np.float32).reshape(1, count, 3), (frames, 1, 1)),
        "rotation": np.tile(turn.astype(np.float32), (frames, count, 1, 1)),
        "albedo": np.array([p[3] for p in parts], np.float32).reshape(count, 3),
        "texture": np.array([p[4] for p in parts], np.int32),
        "gloss": np.zeros(count, np.float32),
        "metal": np.zeros(count, np.float32),
        "ground": LAWN,
        "sky": DAY,
        "camera": camera(frames),
    }
    return Stage(**{**fields, **more})


def light(stage: Stage, size: tuple[int, int] = SIZE, samples: int = 4) -> Picture:
    """Linear light [T, H, W, 3] of a stage's frames, as shown."""
    shown = draw(stage, size, samples=samples).frames / 255.0
    return np.asarray(np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4))


def shape_of(texture: int) -> tuple[int, tuple[float, float, float]]:
    if texture in (render.WINDOWS, render.BRICKS):
        return BOX, (1.0, 1.0, 0.8)
    if texture == render.TYRE:
        return CYLINDER, (0.8, 0.3, 0.0)
    return (CAPSULE, (0.4, 0.5, 0.0)) if texture == render.BARK else (ELLIPSOID, (0.7, 0.7, 0.8))


@pytest.mark.parametrize("name", STUFFS)
def test_each_texture_shows_from_close_by(name: str) -> None:
    kind, size = shape_of(STUFFS[name])
    turn = TO_CAMERA @ np.array([(0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (-1.0, 0.0, 0.0)]) if name == "TYRE" else TO_CAMERA
    part: Part = (kind, size, (0.0, 0.0, 1.0), (0.4, 0.3, 0.2), STUFFS[name])
    painted = light(stage([part], turn=turn))
    plain = light(stage([(*part[:4], render.SMOOTH)], turn=turn))
    inside = draw(stage([part], turn=turn), SIZE).ids[0] == 1
    assert np.abs(painted - plain)[0][inside].mean() > 0.005


@pytest.mark.parametrize("name", STUFFS)
def test_textures_do_not_shimmer_from_afar(name: str) -> None:
    """The light of a part some pixels high changes little when the camera moves by parts of a pixel."""
    kind, size = shape_of(STUFFS[name])
    place = (0.0, 40.0, 1.0)
    part: Part = (kind, size, place, (0.4, 0.3, 0.2), STUFFS[name])
    frames = 6
    view = camera(frames)
    view.position[:, 0] = np.linspace(0.0, 0.4, frames)  # a pixel is 0.45 m there
    for kind_of in (STUFFS[name], render.SMOOTH):
        seen = stage([(*part[:4], kind_of)], frames, camera=view)
        total = light(seen, samples=16)[:, 30:40, 56:72].sum(axis=(1, 2, 3))
        if kind_of == render.SMOOTH:
            least = np.ptp(total) / total.mean()
        else:
            textured = np.ptp(total) / total.mean()
    assert textured < least + 0.02


@pytest.mark.parametrize("name", GROUNDS)
def test_grounds_show_close_by_and_do_not_shimmer_far_off(name: str) -> None:
    ground = Ground(getattr(render, name), (0.1, 0.08, 0.05), (0.3, 0.25, 0.2))
    frames = 4
    view = camera(frames, away=20.0 if name in ("ROAD", "SHORE") else 4.0, up=1.2, pitch=-8.0)
    view.position[:, 0] = np.linspace(0.0, 0.03, frames)
    seen = light(stage([], frames, ground=ground, camera=view, fps=1e6), samples=1)
    assert seen[0, 45:].std(axis=(0, 1)).max() > 0.004
    far = seen[:, 29:34]  # rows just below the horizon
    assert np.abs(np.diff(far, axis=0)).mean() < 0.012


def test_a_word_on_a_sign_can_be_read_in_the_picture() -> None:
    scores = {}
    for word in ("OPEN", "STOP", "CAFE", "BOOKS"):
        board: Part = (BOX, (0.02, 0.8, 0.4), (0.0, 0.0, 1.0), (0.85, 0.85, 0.85), render.SIGN)
        picture = draw(stage([board], signs=(word,), inks=np.array([(0.01, 0.01, 0.01)], np.float32)), SIZE)
        rows, columns = np.nonzero(picture.ids[0] == 1)
        shown = picture.frames[0, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1, 1].astype(float)
        inner = 255.0 - shown[4:-4, 4:-4]
        dark = inner > inner.max() * 0.5
        y, x = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
        found = inner[y[0] : y[-1] + 1, x[0] : x[-1] + 1]
        for other in ("OPEN", "STOP", "CAFE", "BOOKS"):
            letters = mask(other).astype(float)
            j = np.linspace(0, letters.shape[0], found.shape[0] + 1).round().astype(int)[:-1]
            i = np.linspace(0, letters.shape[1], found.shape[1] + 1).round().astype(int)[:-1]
            small = np.add.reduceat(np.add.reduceat(letters, j, axis=0), i, axis=1)
            scores[word, other] = np.corrcoef(small.ravel(), found.ravel())[0, 1]
        assert max(("OPEN", "STOP", "CAFE", "BOOKS"), key=lambda other: scores[word, other]) == word
        assert scores[word, word] > 0.7


def test_a_face_looks_only_to_the_front() -> None:
    face = np.zeros((1, 1, 20), np.float32)
    face[0, 0, [4, 17]] = 1.0
    head: Part = (ELLIPSOID, (0.45, 0.4, 0.5), (0.0, 0.0, 1.0), (0.7, 0.5, 0.4), render.FACE)
    front = light(stage([head], faces=face))
    back = light(stage([head], turn=TO_CAMERA @ np.diag((-1.0, -1.0, 1.0)), faces=face))
    plain = light(stage([(*head[:4], render.SMOOTH)]))
    assert np.abs(front - plain).max() > 0.3
    np.testing.assert_allclose(back, plain, atol=0.02)


def test_a_wheel_shows_that_it_turns() -> None:
    flat = np.array([(1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0)])  # its axis (z) towards the camera
    wheel: Part = (CYLINDER, (0.8, 0.2, 0.0), (0.0, 0.0, 1.0), (0.03, 0.03, 0.03), render.TYRE)
    c, s = np.cos(0.6), np.sin(0.6)
    turned = flat @ np.array([(c, -s, 0.0), (s, c, 0.0), (0.0, 0.0, 1.0)])
    one, other = light(stage([wheel], turn=flat)), light(stage([wheel], turn=turned))
    assert (np.abs(one - other).max(axis=-1) > 0.1).sum() > 80


def test_windows_are_lit_at_night_and_dark_by_day() -> None:
    house: Part = (BOX, (1.5, 1.5, 1.5), (0.0, 2.0, 1.5), (0.6, 0.5, 0.4), render.WINDOWS)
    day, night = (light(stage([house], sky=sky)) for sky in (DAY, NIGHT))
    wall = draw(stage([house]), SIZE).ids[0] == 1
    assert night[0][wall].max() > 0.5
    assert np.median(night[0][wall]) < 0.45 * np.median(day[0][wall])


def test_what_glows_lights_the_ground_at_night_only() -> None:
    for sky, least, most in ((NIGHT, 0.02, 1.0), (DAY, -0.001, 0.02)):
        lamp: Part = (SPHERE, (0.15, 0.0, 0.0), (0.0, 0.0, 1.2), (1.0, 0.8, 0.5), render.GLOW)
        view = camera(up=1.2, pitch=-10.0)
        lit, dark = (
            light(stage([(*lamp[:4], texture)], sky=sky, camera=view))[0, 50:60, 50:78].mean()
            for texture in (render.GLOW, render.SMOOTH)
        )
        assert least < lit - dark < most


def test_glass_mirrors_the_sky() -> None:
    pane: Part = (BOX, (0.8, 0.8, 0.8), (0.0, 0.0, 0.9), (0.05, 0.05, 0.05), render.GLASS)
    view = camera(up=2.6, pitch=-25.0)
    top = draw(stage([pane], camera=view), SIZE)
    inside = (top.ids[0] == 1) & (np.arange(SIZE[1])[:, None] < 19)  # the lid
    red = light(stage([pane], camera=view, sky=replace(DAY, zenith=(0.8, 0.1, 0.1), horizon=(0.8, 0.1, 0.1))))
    assert (red[0][inside][:, 0] > 1.5 * red[0][inside][:, 2]).mean() > 0.9


def test_crowns_are_frayed_and_bark_is_not() -> None:
    def outline(texture: int) -> float:
        """How often the outline of a round part turns, against that of a smooth one."""
        ids = draw(stage([(SPHERE, (0.8, 0.0, 0.0), (0.0, 0.0, 1.0), (0.1, 0.3, 0.05), texture)]), (256, 144)).ids[0]
        edge = (ids == 1).argmax(axis=1)[40:104]
        return float(np.abs(np.diff(edge, 2)).sum())

    assert outline(render.LEAVES) > 2.0 * outline(render.SMOOTH)
    assert outline(render.BARK) == outline(render.SMOOTH)


def test_the_sea_moves_and_the_beach_does_not() -> None:
    shore = Ground(render.SHORE, (0.6, 0.45, 0.25), (0.75, 0.6, 0.35))
    view = camera(2, away=1.0, up=1.6, pitch=-8.0)
    seen = stage([], 2, ground=shore, camera=view, fps=1.0)
    picture = draw(seen, SIZE)
    moved = np.abs(np.diff(picture.frames.astype(int), axis=0))[0].max(axis=-1)
    y = -1.0 + picture.depth[0] * np.cos(np.radians(8.0))
    ground = picture.ids[0] == 0
    assert (moved[ground & (y > 9.0) & (y < 30.0)] > 4).mean() > 0.3
    assert moved[ground & (y < 5.0)].max() == 0


def test_the_road_has_a_line_between_pavements() -> None:
    road = Ground(render.ROAD, (0.095, 0.098, 0.105), (0.15, 0.152, 0.16))
    view = camera(up=12.0, away=12.0, pitch=-45.0)
    picture = light(stage([], ground=road, camera=view), (256, 144))[0].mean(axis=(1, 2))  # by rows
    y = 12.0 * np.tan(
        np.radians(45.0) + np.arctan(np.tan(np.radians(20.0)) * (1.0 - 2.0 * (np.arange(144) + 0.5) / 144))
    )
    y -= 12.0
    asphalt = picture[(y > 1.6) & (y < 3.2)].mean()
    assert picture[(y > 0.6) & (y < 0.9)].mean() > 1.2 * asphalt  # the line
    assert picture[(y > 4.6) & (y < 6.6)].mean() > 1.8 * asphalt  # the far pavement

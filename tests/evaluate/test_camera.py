"""Camera moves are read off true renders as they were made, and off clips that do not move as nothing."""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from vitascope.evaluate import camera
from vitascope.evaluate.camera import KINDS, QUICK_SHARES, SEED, SETTINGS, SHARES, Order
from vitascope.evaluate.follow import Frames
from vitascope.shot.camera import DIRECTIONS, MoveKind, camera_tracks, parse_moves, usual_grid
from vitascope.shot.shot import Shot
from vitascope.world.framing import MOVES

rendered = functools.cache(camera.true_render)


def order(kind: MoveKind, share: float, setting: int = 0) -> Order:
    return Order(kind, share, SETTINGS[setting], SEED)


def test_every_kind_is_asked_for_both_ways_within_what_the_footage_has() -> None:
    for shares in (SHARES, QUICK_SHARES):
        asked = camera.orders(shares)
        assert len(asked) == len(KINDS) * len(shares)
        assert sum(shares) == pytest.approx(0)
    for kind in KINDS:
        assert camera.said(kind, camera.amount_of(kind, 1.0)) == pytest.approx(camera.said(kind, MOVES[kind][1]))
        halves = [camera.said(kind, camera.amount_of(kind, share)) for share in (-0.5, 0.5)]
        assert halves[0] == pytest.approx(-halves[1])


def test_a_shot_is_what_the_command_line_makes() -> None:
    shot = Order("pan", 1.0, SETTINGS[0], 5).shot
    moves = parse_moves("pan right 20deg")
    assert shot.text == f"{SETTINGS[0].text}, the camera pans right"
    assert shot.tracks == camera_tracks(moves, (144, 80), 2.0, 12.0, grid=usual_grid((144, 80)))
    assert Order("pan", 0.0, SETTINGS[0], 5).shot.text == SETTINGS[0].text
    assert all(track.points[0] == track.points[-1] for track in Order("pan", 0.0, SETTINGS[0], 5).shot.tracks)


@pytest.mark.parametrize(("kind", "share"), list(zip(KINDS, (-2 / 3, 1.0) * 4, strict=True)))
def test_a_move_is_read_off_a_true_render(kind: MoveKind, share: float) -> None:
    asked = order(kind, share)
    amount, points = camera.done(kind, camera.look(rendered(asked)))
    assert amount == pytest.approx(camera.said(kind, camera.amount_of(kind, share)), rel=0.06)
    assert points > 100


def test_nothing_is_read_off_a_clip_that_stands_still() -> None:
    seen = camera.look(np.repeat(rendered(order("pan", 0.0))[:1], 24, 0))
    for kind in KINDS:
        amount, points = camera.done(kind, seen)
        assert points > 100
        assert abs(amount) < 0.01 * camera.said(kind, camera.amount_of(kind, 1.0))


def test_points_on_what_stands_on_the_ground_are_not_asked() -> None:
    frames = rendered(order("orbit", 1.0)).copy()
    rows, columns = np.mgrid[0:24, 0:24]
    checks = np.where(((rows // 6 + columns // 6) % 2 == 0)[..., None], (60, 200, 60), (40, 130, 40)).astype(np.uint8)
    frames[:, 44:68, 8:32] = checks
    for seen in camera.look(frames):
        on_it = (seen.row >= 44) & (seen.row < 68) & (seen.column >= 8) & (seen.column < 32)
        assert not on_it.any() and len(seen.row) > 100


def test_a_clip_of_plain_paint_tells_nothing() -> None:
    assert camera.done("pan", camera.look(np.full((24, 80, 144, 3), 90, np.uint8))) == (0.0, 0)


def test_a_clip_played_backwards_is_the_opposite_move() -> None:
    frames = rendered(order("truck", 1.0))
    forth, _ = camera.done("truck", camera.look(frames))
    back, _ = camera.done("truck", camera.look(frames[::-1]))
    assert back == pytest.approx(-forth, rel=0.05)


def test_a_roll_is_not_taken_for_a_pan() -> None:
    amount, _ = camera.done("pan", camera.look(rendered(order("roll", 1.0))))
    assert abs(amount) < 4.0  # of 20 degrees


def test_what_stands_still_has_not_strayed_and_what_pans_has() -> None:
    assert camera.strayed(rendered(order("pan", 0.0))) < 0.001
    assert camera.strayed(rendered(order("pan", 1.0))) > 0.05


class Maker:
    """Stands in for a studio that follows its tracks by so much, and moves by itself where it is told nothing."""

    def __init__(self, obeys: float) -> None:
        self.obeys = obeys

    def draw(self, shots: Sequence[Shot], alone: bool = False) -> list[Frames]:
        known = {one.shot: one for one in camera.orders(QUICK_SHARES)}
        made = []
        for shot in shots:
            one = known.get(shot, order("pan", 0.0) if shot.tracks else order("pan", 0.5))
            made.append(rendered(Order(one.kind, self.obeys * one.share, one.setting, one.seed)))
        return made


def test_measure_tells_how_much_is_done_of_what_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "QUICK_KINDS", ("truck",))
    half: Any = Maker(0.5)
    outcome = camera.measure(half, quick=True)
    truck = {f"camera.truck_{name}" for name in ("slope", "r2", "slope_alone")}
    assert set(outcome.metrics) == {"camera.still", *truck}
    slope, fit = outcome.metrics["camera.truck_slope"], outcome.metrics["camera.truck_r2"]
    assert slope.value == pytest.approx(0.5, abs=0.03)
    assert slope.ceiling == pytest.approx(1, abs=0.03)
    assert slope.baseline == pytest.approx(0, abs=0.1)  # the same for both ways
    assert fit.value > 0.98
    assert fit.ceiling is not None and fit.ceiling > 0.98
    still = outcome.metrics["camera.still"]
    assert still.ceiling is not None and still.baseline is not None
    assert max(still.value, still.ceiling) < 0.001 < 10 * 0.001 < still.baseline
    assert len(outcome.shown) == 2
    assert outcome.plots[0].diagonal


def test_footage_stands_nearer_than_the_view_that_moves_are_given_in() -> None:
    views = [camera.as_footage(one) for one in camera.orders(SHARES)[:6]]
    assert all(-3.7 < view.position[1] < -2.8 for view in views)
    assert len({view.tilt for view in views}) == 6


@pytest.mark.parametrize("kind", ["pan", "tilt", "zoom", "truck", "dolly"])
def test_what_a_camera_does_has_its_name(kind: MoveKind) -> None:
    order = camera.orders((0.7, -0.7), (kind,))
    names = [camera.name_of(camera.true_render(one)) for one in order]
    assert names == [f"{kind} {way}" for way in DIRECTIONS[kind]]


def test_a_camera_that_stands_still_and_one_that_sees_nothing_have_no_other_name() -> None:
    still = camera.true_render(camera.orders((0.0,), ("pan",))[0])
    assert camera.name_of(still) == "still"
    assert camera.name_of(np.full_like(still, 128)) == "still"

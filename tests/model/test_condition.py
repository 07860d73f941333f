"""Tracks painted, pictures as patches, times in seconds."""

import numpy as np
import torch

from vitascope.model import condition


def _paint(points: list, visible: list) -> np.ndarray:  # type: ignore[type-arg]
    rng = np.random.default_rng(0)
    return condition.paint(np.array(points, np.float32), np.array(visible, bool), (5, 9), rng)


def test_a_track_is_laid_down_where_it_goes_and_only_there() -> None:
    painted = _paint([[(0.05, 0.1), (0.95, 0.9)]], [[True, True]])
    assert np.flatnonzero(painted[0].any(-1)).tolist() == [0]
    assert np.flatnonzero(painted[1].any(-1)).tolist() == [44]
    assert np.array_equal(painted[0, 0, :13], painted[1, 44, :13]), "the identity goes along"


def test_hidden_and_outside_points_leave_no_mark() -> None:
    assert not _paint([[(0.5, 0.5), (1.5, 0.5)]], [[False, True]]).any()


def test_tracks_in_one_patch_are_averaged() -> None:
    painted = _paint([[(0.5, 0.5)], [(0.5, 0.5)]], [[True], [True]])
    cell = painted[0].any(-1).argmax()
    alone = _paint([[(0.5, 0.5)]], [[True]])
    assert np.allclose(painted[0, cell, 13:], alone[0, cell, 13:])


def test_groups_see_the_marks_of_their_four_frames() -> None:
    painted = np.arange(8 * 45 * 16, dtype=np.float32).reshape(8, 45, 16)
    grouped = condition.group_tracks(painted)
    assert grouped.shape == (2, 45, 64)
    assert torch.equal(grouped[1, 7, 16:32], torch.from_numpy(painted[5, 7]))


def test_groups_stand_at_the_middle_of_their_frames() -> None:
    assert torch.allclose(condition.group_seconds(2, 12.0), torch.tensor([1.5 / 12, 5.5 / 12]))

"""How lengths become windows and sizes become whole patches."""

from itertools import pairwise

import pytest

from vitascope.model.checkpoint import Card
from vitascope.model.layout import CONTEXT, fits, layout, near_size, windows
from vitascope.shot.shot import Shot

FORMATS = ((144, 80, 24, 12.0), (144, 80, 48, 12.0), (256, 144, 24, 12.0), (144, 80, 24, 24.0))
CARD = Card("small", (144, 80), 24, 12.0, 1, formats=FORMATS)


@pytest.mark.parametrize("num_groups", [1, 6, 12, 13, 14, 20, 24, 30, 61, 360])
def test_windows_cover_a_length_without_gaps_and_none_is_too_long_or_alone(num_groups: int) -> None:
    cut = windows(num_groups, 12)
    assert cut[0].first == 0 and sum(window.num_groups for window in cut) == num_groups
    for window, following in pairwise(cut):
        assert following.first == window.first + window.num_frames
        assert following.num_context == CONTEXT
        assert following.num_groups >= 4
    assert all(window.num_groups + window.num_context <= 12 for window in cut)


def test_a_window_counts_its_seconds_from_the_first_frame_that_it_knows() -> None:
    first, second = windows(20, 12)
    assert first.zero(12.0) == 0
    assert second.zero(12.0) == pytest.approx((second.first - 8) / 12)


@pytest.mark.parametrize(
    ("wanted", "made"),
    [
        ((256, 144), (144, 80)),
        ((1280, 720), (144, 80)),
        ((720, 1280), (80, 144)),
        ((500, 500), (112, 112)),
        ((640, 480), (128, 96)),
        ((480, 640), (96, 128)),
        ((288, 144), (160, 80)),
    ],
)
def test_shapes_become_patches_of_about_the_trained_number(wanted: tuple[int, int], made: tuple[int, int]) -> None:
    assert near_size(wanted, (144, 80)) == made
    assert fits(wanted)


def test_a_shape_beyond_the_trained_ones_does_not_fit() -> None:
    assert not fits((210, 100)) and not fits((100, 210))


def test_larger_pictures_are_refined_where_the_network_has_learned_to() -> None:
    assert layout(Shot(text="a", size=(256, 144)), CARD).larger == (256, 144)
    assert layout(Shot(text="a", size=(720, 720)), CARD).larger == (192, 192)
    assert layout(Shot(text="a", size=(144, 80)), CARD).larger is None
    assert layout(Shot(text="a", size=(256, 144)), Card("small", (144, 80), 24, 12.0, 1)).larger is None


def test_a_shot_is_cut_by_what_the_network_has_seen_at_once() -> None:
    assert len(layout(Shot(text="a", seconds=4), CARD).windows) == 1
    assert len(layout(Shot(text="a", seconds=5), CARD).windows) == 2
    assert len(layout(Shot(text="a", seconds=4), Card("small", (144, 80), 24, 12.0, 1)).windows) == 3
    assert layout(Shot(text="a", seconds=1 / 12), CARD).num_frames == 1
    assert layout(Shot(text="a", seconds=4, fps=6), CARD).num_frames == 48
    long = layout(Shot(text="a", seconds=4), CARD)
    assert long.num_tokens == 12 * 144

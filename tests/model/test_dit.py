"""Shapes, gradients, and what the network's answer depends on."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from vitascope.model import patches, presets
from vitascope.model.condition import TRACK_WIDTH, WAY, WAY_SCALE, Conditions, group_tracks, paint
from vitascope.model.dit import DiT, DiTParams, attend, attend_nearby, normed, rotary_angles, rotate, turned, ways

B, G, N, L = 2, 3, 6, 7


def _marks(tracks: torch.Tensor) -> torch.Tensor:
    """Marks with a track in every patch and frame."""
    tracks[..., -1] = 1
    return tracks.flatten(-2)


def _conditions(num_pins: int = 0) -> Conditions:
    draw = torch.Generator().manual_seed(0)
    real = torch.ones(B, L, dtype=torch.bool)
    real[0, 4:] = False
    return Conditions(
        text=torch.randn(B, L, 384, generator=draw),
        text_real=real,
        seconds=torch.arange(G).expand(B, G) / 3,
        interval=torch.full((B,), 1 / 12),
        grid=(2, 3),
        tracks=_marks(torch.randn(B, G, N, 4, TRACK_WIDTH, generator=draw)),
        pins=torch.randn(B, num_pins, N, 768, generator=draw) if num_pins else None,
        pin_seconds=torch.zeros(B, num_pins) if num_pins else None,
        pin_time=torch.ones(B, num_pins) if num_pins else None,
        pin_tracks=torch.zeros(B, num_pins, N, TRACK_WIDTH) if num_pins else None,
        pin_known=torch.full((B, num_pins, N, 16), 0.5) if num_pins else None,
        letters=torch.tensor([[1, 2, 0], [3, 4, 5]]),
        context=torch.randn(B, num_pins, N, patches.MOVING_WIDTH, generator=draw) if num_pins else None,
        context_seconds=torch.full((B, num_pins), -0.3) if num_pins else None,
        context_time=torch.ones(B, num_pins) if num_pins else None,
    )


@pytest.fixture(scope="module")
def network() -> DiT:
    torch.manual_seed(0)
    made = DiT(presets.tiny())
    for parameter in made.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.1)
    return made


@pytest.mark.parametrize("num_pins", [0, 1, 2])
def test_the_answer_has_the_shape_of_the_question(network: DiT, num_pins: int) -> None:
    noisy, time = torch.randn(B, G, N, patches.MOVING_WIDTH), torch.rand(B, G)
    assert network(noisy, time, _conditions(num_pins)).shape == noisy.shape


def test_pictures_have_patches_of_their_own(network: DiT) -> None:
    conditions = replace(
        _conditions(),
        seconds=torch.zeros(B, 1),
        interval=torch.zeros(B),
        tracks=torch.zeros(B, 1, N, TRACK_WIDTH),
    )
    noisy = torch.randn(B, 1, N, patches.STILL_WIDTH)
    assert network(noisy, torch.rand(B, 1), conditions).shape == noisy.shape


def test_a_fresh_network_predicts_grey_and_learns_from_the_first_step() -> None:
    fresh = DiT(presets.tiny())
    out = fresh(torch.randn(B, G, N, patches.MOVING_WIDTH), torch.full((B, G), 0.5), _conditions())
    assert out.abs().max() < 0.01, "but for the little that so noisy a picture tells"
    nearly = fresh(torch.ones(B, G, N, patches.MOVING_WIDTH), torch.full((B, G), 0.9999), _conditions())
    assert nearly.mean().item() == pytest.approx(0.5, abs=0.01), "a picture almost without noise is believed"
    (out - 1).square().mean().backward()
    assert fresh.moving_out.bias.grad is not None and fresh.moving_out.bias.grad.any()


def test_every_parameter_that_is_used_gets_a_gradient(network: DiT) -> None:
    noisy = torch.randn(B, G, N, patches.MOVING_WIDTH)
    network.zero_grad()
    network(noisy, torch.rand(B, G), _conditions(1)).square().mean().backward()
    without = {name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()}
    stills = {f"{part}still_{end}" for part in ("", "detail.") for end in ("out.weight", "out.bias")}
    stills |= {"detail.still_in.weight", "detail.still_in.bias"}
    assert without == stills | {"still_tracks.weight"}  # no picture; empty pin tracks


def test_words_tracks_times_pins_and_levels_all_matter(network: DiT) -> None:
    noisy, time = torch.randn(B, G, N, patches.MOVING_WIDTH), torch.full((B, G), 0.5)
    base = _conditions(1)
    assert base.tracks is not None and base.pins is not None and base.pin_seconds is not None
    assert base.context is not None and base.context_seconds is not None
    with torch.no_grad():
        first = network(noisy, time, base)
        assert not torch.allclose(first, network(noisy, time * 0.5, base))
        for change in (
            {"text": base.text.flip(0)},
            {"tracks": base.tracks.flip(2)},
            {"seconds": base.seconds * 2},
            {"interval": base.interval * 2},
            {"pins": base.pins.flip(2)},
            {"pin_seconds": base.pin_seconds + 1},
            {"pin_time": base.seconds[:, :1] + 0.5},
            {"pin_reference": torch.ones(B, 1, dtype=torch.bool)},
            {"pin_known": torch.ones(B, 1, N, 16)},
            {"letters": torch.tensor([[2, 1, 0], [3, 4, 5]])},
            {"text_at": _every_other_word(base)},
            {"context": base.context.flip(2)},
            {"context_seconds": base.context_seconds - 1},
            {"context_time": base.seconds[:, :1] + 0.5},
            {"grid": (3, 2)},
        ):
            changed = network(noisy, time, replace(base, **change))  # type: ignore[arg-type]
            assert not torch.allclose(first, changed, atol=1e-5), change.keys()


def _every_other_word(base: Conditions) -> torch.Tensor:
    at = torch.arange(base.text.shape[1]) % 2 == 0
    return at.expand(B, G, -1) & base.text_real[:, None]


def test_each_group_reads_its_own_words(network: DiT) -> None:
    noisy, time, base = torch.randn(B, G, N, patches.MOVING_WIDTH), torch.full((B, G), 0.5), _conditions(1)
    all_words = base.text_real[:, None].expand(-1, G, -1)
    with torch.no_grad():
        same = network(noisy, time, replace(base, text_at=all_words))
        assert torch.allclose(same, network(noisy, time, base), atol=1e-5)
        # Words that no group being made reads are still read by what is known; without such they are nowhere.
        alone = replace(base, pins=None, pin_seconds=None, pin_time=None, pin_tracks=None, context=None)
        alone = replace(alone, context_seconds=None, context_time=None, text_at=_every_other_word(base))
        other = alone.text.clone()
        other[:, 1::2] = 7
        assert torch.allclose(network(noisy, time, alone), network(noisy, time, replace(alone, text=other)), atol=1e-5)


def test_padding_of_the_text_does_not_matter(network: DiT) -> None:
    noisy, time = torch.randn(B, G, N, patches.MOVING_WIDTH), torch.rand(B, G)
    base = _conditions()
    longer = replace(
        base,
        text=torch.cat((base.text, torch.randn(B, 5, 384)), 1),
        text_real=torch.cat((base.text_real, torch.zeros(B, 5, dtype=torch.bool)), 1),
    )
    with torch.no_grad():
        assert torch.allclose(network(noisy, time, base), network(noisy, time, longer), atol=1e-5)


def test_a_letter_that_is_not_there_does_not_matter(network: DiT) -> None:
    noisy, time = torch.randn(B, G, N, patches.MOVING_WIDTH), torch.rand(B, G)
    base = _conditions()
    assert base.letters is not None
    longer = replace(base, letters=torch.cat((base.letters, torch.zeros(B, 4, dtype=torch.int64)), 1))
    with torch.no_grad():
        assert torch.allclose(network(noisy, time, base), network(noisy, time, longer), atol=1e-5)


@pytest.mark.parametrize("num_known", [0, 2])
def test_nearby_attention_is_attention_with_the_far_groups_left_out(num_known: int) -> None:
    groups, n = 5, 3
    q, k, v = torch.randn(3, 2, 2, (groups + num_known) * n, 8).unbind(0)
    at = torch.arange(groups + num_known).repeat_interleave(n)
    far = (at[:, None] - at[None]).abs() > 1
    far &= (at[:, None] < groups) & (at[None] < groups)
    expected = attend(q, k, v, torch.zeros(far.shape).masked_fill(far, -1e9))
    assert torch.allclose(attend_nearby(q, k, v, groups, num_known), expected, atol=1e-5)
    with torch.no_grad():  # the fused kernel
        assert torch.allclose(attend_nearby(q, k, v, groups, num_known), expected, atol=1e-5)


def test_every_third_block_sees_all_groups() -> None:
    blocks = DiT(presets.small()).blocks
    assert [block.attention.everywhere for block in blocks] == [i % 3 == 1 for i in range(8)]  # type: ignore[union-attr]


def test_rotary_products_depend_on_distances_alone() -> None:
    xy = patches.positions((2, 3))
    q, k = torch.randn(1, 1, 6, 64), torch.randn(1, 1, 6, 64)

    def scores(start: float) -> torch.Tensor:
        angles = rotary_angles(torch.tensor([[start]]), (xy + start)[None, None], 64)[:, None]
        return rotate(q, angles.cos(), angles.sin()) @ rotate(k, angles.cos(), angles.sin()).transpose(-1, -2)

    assert torch.allclose(scores(0.0), scores(1.7), atol=1e-3)


def test_what_moves_is_looked_for_where_it_was() -> None:
    """A point goes two patches to the right and one down; the patches about it are taken along, the others stay."""
    h, w = grid = (5, 9)
    frames = np.linspace(0, 1, 8, dtype=np.float32)[:, None]
    points = np.array([1.5 / w, 1.5 / h], np.float32) + frames * np.array([2 / w, 1 / h], np.float32)
    painted = paint(points[None], np.ones((1, 8), bool), grid, np.random.default_rng(0))
    moved = ways(group_tracks(painted)[None], grid).view(2, h, w, 2) * (h * w) ** 0.5  # in patches
    last = (2 * frames[4:].mean().item(), frames[4:].mean().item())
    at = [(int(1.5 + frame), int(1.5 + 2 * frame)) for frame in frames[4:, 0]]
    for row, column in at:
        assert moved[1, row, column].tolist() == pytest.approx(last, abs=0.5)
    assert moved[1, 2, 5].abs().sum() > 0, "the patch beside"
    assert not moved[:, 4, 8].any() and not moved[:, 0, 7:].any()


def test_a_still_track_leaves_every_patch_in_its_place(network: DiT) -> None:
    base = _conditions(1)
    noisy = torch.zeros(B, G, N, patches.MOVING_WIDTH)
    marks = torch.zeros(B, G, N, 4, TRACK_WIDTH)
    marks[..., -1] = 1
    places = network.places(noisy, replace(base, tracks=marks.flatten(3)))
    assert torch.allclose(places, patches.positions(base.grid).expand_as(places))
    marks[..., WAY] = 0.5
    gone = network.places(noisy, replace(base, tracks=marks.flatten(3)))
    assert torch.allclose(gone[:, :G], places[:, :G] - 0.5 / WAY_SCALE / (2 * 3) ** 0.5, atol=1e-6)
    assert torch.equal(gone[:, G:], places[:, G:]), "what is pinned has tracks of its own"
    older = DiT(replace(presets.tiny(), along=False))
    assert torch.equal(older.places(noisy, replace(base, tracks=marks.flatten(3))), places)


def test_the_presets_keep_their_promised_sizes() -> None:
    def size(name: str) -> int:
        return sum(p.numel() for p in DiT(presets.params(name)).parameters())

    assert size("tiny") < 1_000_000
    assert size("small") <= 24_000_000
    with pytest.raises(ValueError, match=r"huge.*tiny, small"):
        presets.params("huge")


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(ValueError, match="100 over 3 heads"):
        DiTParams(width=100, depth=1, heads=3, hidden=8, bottleneck=8)


def test_half_precision_is_normalised_as_exactly_as_it_can_be() -> None:
    norm = torch.nn.RMSNorm(32)
    with torch.no_grad():
        norm.weight.uniform_(0.5, 1.5)
    x = torch.randn(2, 7, 4, 32)
    angles = rotary_angles(torch.rand(2, 7), torch.rand(2, 7, 1, 2), 32)[:, :, None]
    for small in (x, x.bfloat16()):
        exact = norm(small.float())
        with torch.inference_mode():
            straight, round_ = normed(small, norm), turned(small, norm, angles.cos(), angles.sin())
        assert straight.dtype == round_.dtype == small.dtype
        torch.testing.assert_close(straight.float(), exact, rtol=0.01, atol=0.01)
        torch.testing.assert_close(round_.float(), rotate(exact, angles.cos(), angles.sin()), rtol=0.02, atol=0.02)

"""The transformer: noisy groups of patches and what is known about the clip in, the clean patches out.

Letters: B batch, G groups (the ones being made, then P pins), n patches of a group, N = G·n tokens, L text tokens,
D width, H heads, d = D / H.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vitascope.model import patches
from vitascope.model.condition import TRACK_WIDTH, Conditions
from vitascope.model.text import TEXT_WIDTH


@dataclass(frozen=True)
class DiTParams:
    """The network's sizes. `text_every`: every so many blocks also look at the text."""

    width: int
    depth: int
    heads: int
    hidden: int  # of the gated MLP
    bottleneck: int  # numbers that a moving patch is squeezed to on the way in
    text_every: int = 2

    def __post_init__(self) -> None:
        if self.width % self.heads or (self.width // self.heads) % 8:
            raise ValueError(f"width {self.width} over {self.heads} heads: a head must be a multiple of 8 wide")


def fourier(x: Tensor, size: int, highest: float) -> Tensor:
    """Cosines and sines of x [...] at size/2 frequencies, geometrically from 0.5 to `highest` radians: [..., size]."""
    steps = torch.linspace(0, 1, size // 2, device=x.device, dtype=torch.float32)
    angle = x.float()[..., None] * (0.5 * (2 * highest) ** steps)
    return torch.cat((angle.cos(), angle.sin()), -1)


def rotary_angles(seconds: Tensor, xy: Tensor, size: int) -> Tensor:
    """Angles of the rotary embedding for every token: seconds [B, G], xy [n, 2] to [B, G·n, size/2].

    A quarter of each head turns with time, the rest with x and y. The highest frequencies tell neighbours apart
    (groups a third of a second, patches a sixteenth of a picture), the lowest barely turn over a window.
    """
    quarter = size // 8  # frequencies for time, and a third of the rest each for x and y
    rest = size // 2 - quarter
    across, down = rest - rest // 2, rest // 2
    B, G = seconds.shape
    n = len(xy)

    def spread(x: Tensor, num: int, low: float, high: float) -> Tensor:
        steps = torch.linspace(0, 1, num, device=x.device)
        return x.float()[..., None] * (low * (high / low) ** steps)

    time = spread(seconds, quarter, 0.3, 12.0)[:, :, None].expand(B, G, n, quarter)
    x = spread(xy[:, 0], across, 0.7, 40.0).expand(B, G, n, across)
    y = spread(xy[:, 1], down, 0.7, 40.0).expand(B, G, n, down)
    return torch.cat((time, x, y), -1).reshape(B, G * n, size // 2)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn pairs of numbers of x [B, H, N, d] by angles given as cos and sin [B, 1, N, d/2]."""
    first, second = x.chunk(2, -1)
    return torch.cat((first * cos - second * sin, first * sin + second * cos), -1)


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None = None) -> Tensor:
    """Attention, [B, H, N, d] to [B, H, N, d]. In training on a CPU the plain formula is several times faster than the
    fused kernel, whose way back is slow."""
    if q.is_cuda:
        return F.scaled_dot_product_attention(q, k, v, None if bias is None else bias.to(q.dtype))
    scores = (q * (1 / math.sqrt(q.shape[-1]))) @ k.transpose(-1, -2)  # B H N M
    if bias is not None:
        scores = scores + bias
    return scores.softmax(-1).to(v.dtype) @ v


class SelfAttention(nn.Module):
    """Every token looks at every token; positions enter by rotation."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.out = (nn.Linear(width, width, bias=False) for _ in range(4))
        self.q_norm, self.k_norm = nn.RMSNorm(width // heads), nn.RMSNorm(width // heads)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        B, N, D = x.shape
        q, k, v = (part(x).view(B, N, self.heads, -1).transpose(1, 2) for part in (self.q, self.k, self.v))  # B H N d
        q = rotate(self.q_norm(q), cos, sin).to(v.dtype)
        k = rotate(self.k_norm(k), cos, sin).to(v.dtype)
        y = attend(q, k, v)  # B H N d
        return self.out(y.transpose(1, 2).reshape(B, N, D))  # B N D


class TextAttention(nn.Module):
    """Every token looks at the words."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q, self.out = nn.Linear(width, width, bias=False), nn.Linear(width, width, bias=False)
        self.k, self.v = nn.Linear(TEXT_WIDTH, width, bias=False), nn.Linear(TEXT_WIDTH, width, bias=False)
        self.q_norm, self.k_norm = nn.RMSNorm(width // heads), nn.RMSNorm(width // heads)

    def forward(self, x: Tensor, text: Tensor, bias: Tensor) -> Tensor:
        B, N, D = x.shape
        q = self.q(x).view(B, N, self.heads, -1).transpose(1, 2)  # B H N d
        k = self.k(text).view(B, text.shape[1], self.heads, -1).transpose(1, 2)  # B H L d
        v = self.v(text).view(B, text.shape[1], self.heads, -1).transpose(1, 2)  # B H L d
        y = attend(self.q_norm(q).to(v.dtype), self.k_norm(k).to(v.dtype), v, bias)  # B H N d
        return self.out(y.transpose(1, 2).reshape(B, N, D))  # B N D


class MLP(nn.Module):
    """The gated feed-forward layer (SwiGLU, arXiv 2002.05202)."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.gate, self.up = nn.Linear(width, hidden, bias=False), nn.Linear(width, hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(F.silu(self.gate(x)) * self.up(x))


def modulate(x: Tensor, shift: Tensor, scale: Tensor, num_groups: int) -> Tensor:
    """Normalise x [B, N, D], then shift and scale it by its group's values [B, G, D], never spread out per token."""
    B, N, D = x.shape
    y = F.layer_norm(x, (D,)).view(B, num_groups, -1, D)
    return (y * (1 + scale[:, :, None]) + shift[:, :, None]).view(B, N, D)


def gated(x: Tensor, gate: Tensor, num_groups: int) -> Tensor:
    """x [B, N, D] times its group's gate [B, G, D]."""
    B, N, D = x.shape
    return (x.view(B, num_groups, -1, D) * gate[:, :, None]).view(B, N, D)


class Block(nn.Module):
    """Self-attention, in some blocks attention to the words, and the MLP; each scaled by the group's noise level.

    One projection makes all blocks' modulation, each block adds its own offset (PixArt-α, arXiv 2310.00426)."""

    def __init__(self, params: DiTParams, looks_at_text: bool) -> None:
        super().__init__()
        self.offset = nn.Parameter(torch.zeros(6, params.width))
        self.attention = SelfAttention(params.width, params.heads)
        self.text = TextAttention(params.width, params.heads) if looks_at_text else None
        self.mlp = MLP(params.width, params.hidden)

    def forward(self, x: Tensor, level: Tensor, cos: Tensor, sin: Tensor, text: Tensor, bias: Tensor) -> Tensor:
        G = level.shape[1]
        shift1, scale1, gate1, shift2, scale2, gate2 = (level + self.offset).unbind(2)  # B G D each
        x = x + gated(self.attention(modulate(x, shift1, scale1, G), cos, sin), gate1, G)
        if self.text is not None:
            x = x + self.text(F.layer_norm(x, x.shape[-1:]), text, bias)
        return x + gated(self.mlp(modulate(x, shift2, scale2, G)), gate2, G)


class DiT(nn.Module):
    """A diffusion transformer on pixels that predicts the clean patch (JiT, arXiv 2511.13720).

    `forward(noisy, time, conditions)`: noisy [B, G, n, width] scaled to unit variance, width 3072 for moving groups
    or 768 for pictures; time [B, G] in 0 (noise) … 1 (clean); returns the clean patches, shaped as noisy.
    """

    def __init__(self, params: DiTParams) -> None:
        super().__init__()
        self.params = params
        D = params.width
        self.moving_in = nn.Sequential(
            nn.Linear(patches.MOVING_WIDTH, params.bottleneck, bias=False), nn.Linear(params.bottleneck, D)
        )
        self.still_in = nn.Sequential(
            nn.Linear(patches.STILL_WIDTH, params.bottleneck // 2, bias=False), nn.Linear(params.bottleneck // 2, D)
        )
        self.moving_tracks = nn.Linear(TRACK_WIDTH * patches.GROUP, D, bias=False)
        self.still_tracks = nn.Linear(TRACK_WIDTH, D, bias=False)
        self.place = nn.Linear(64, D, bias=False)
        self.kind = nn.Parameter(torch.zeros(3, D))  # moving group, picture, pin
        self.level = nn.Sequential(nn.Linear(128, D), nn.SiLU(), nn.Linear(D, D))
        self.gist = nn.Linear(TEXT_WIDTH, D, bias=False)  # the text's mean: what the whole clip is about
        self.modulation = nn.Linear(D, 6 * D)
        self.blocks = nn.ModuleList(Block(params, i % params.text_every == 0) for i in range(params.depth))
        self.last = nn.Linear(D, 2 * D)
        self.moving_out = nn.Linear(D, patches.MOVING_WIDTH)
        self.still_out = nn.Linear(D, patches.STILL_WIDTH)
        self.init_weights()

    def init_weights(self) -> None:
        """Matrices normal with deviation 1/√(inputs); what closes a branch (gates, heads, track maps) starts at zero,
        so that a fresh network is the identity on its embeddings and predicts grey."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=module.in_features**-0.5)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        closed = [self.modulation, self.last, self.moving_out, self.still_out, self.moving_tracks, self.still_tracks]
        for block in self.blocks:
            assert isinstance(block, Block)
            if block.text is not None:
                closed.append(block.text.out)
        for layer in closed:
            nn.init.zeros_(layer.weight)
        nn.init.normal_(self.kind, std=0.02)

    def embed(self, noisy: Tensor, conditions: Conditions) -> Tensor:
        """Patches, tracks and places as tokens: [B, G+P, n, D]."""
        moving = noisy.shape[-1] == patches.MOVING_WIDTH
        place = self.place(self.places(conditions.grid, noisy.device))  # n D
        x = (self.moving_in if moving else self.still_in)(noisy) + place  # B G n D
        if conditions.tracks is not None:
            x = x + (self.moving_tracks if moving else self.still_tracks)(conditions.tracks)
        if conditions.pins is None:
            return x
        pins = self.still_in(conditions.pins * 2) + place  # B P n D; twice, since pictures deviate by a half
        if conditions.pin_tracks is not None:
            pins = pins + self.still_tracks(conditions.pin_tracks)
        return torch.cat((x, pins), 1)  # B G+P n D

    def places(self, grid: tuple[int, int], device: torch.device) -> Tensor:
        """Where each patch is, as waves: [n, 64]."""
        xy = patches.positions(grid).to(device)
        return torch.cat((fourier(xy[:, 0], 32, 40.0), fourier(xy[:, 1], 32, 40.0)), -1)

    def levels(self, time: Tensor, conditions: Conditions, moving: bool) -> Tensor:
        """What every token of a group should know: noise, time, rate, kind and the text's gist. [B, G+P, D]"""
        seconds = conditions.seconds
        kind = self.kind[0 if moving else 1].expand(*time.shape, -1)  # B G D
        if conditions.pin_seconds is not None:
            pins = conditions.pin_seconds
            time = torch.cat((time, torch.ones_like(pins)), 1)  # a pin is clean
            seconds = torch.cat((seconds, pins), 1)
            kind = torch.cat((kind, self.kind[2].expand(*pins.shape, -1)), 1)
        rate = conditions.interval[:, None].expand_as(seconds)
        waves = torch.cat((fourier(time, 64, 200.0), fourier(seconds, 32, 12.0), fourier(rate * 12, 32, 12.0)), -1)
        real = conditions.text_real[..., None]
        gist = (conditions.text * real).sum(1) / real.sum(1).clamp(min=1)  # B 384
        return self.level(waves) + kind + self.gist(gist)[:, None]

    def forward(self, noisy: Tensor, time: Tensor, conditions: Conditions) -> Tensor:
        B, G, n, width = noisy.shape
        moving = width == patches.MOVING_WIDTH
        seconds = conditions.seconds
        if conditions.pin_seconds is not None:
            seconds = torch.cat((seconds, conditions.pin_seconds), 1)  # B G+P
        xy = patches.positions(conditions.grid).to(noisy.device)  # n 2
        angles = rotary_angles(seconds, xy, self.params.width // self.params.heads)[:, None]  # B 1 N d/2
        cos, sin = angles.cos(), angles.sin()
        bias = torch.zeros_like(conditions.text_real, dtype=torch.float32)
        bias = bias.masked_fill(~conditions.text_real, -1e4)[:, None, None]  # B 1 1 L

        x = self.embed(noisy, conditions)  # B G+P n D
        groups = x.shape[1]
        x = x.reshape(B, groups * n, -1)  # B N D
        level = F.silu(self.levels(time, conditions, moving))  # B G+P D
        modulation = self.modulation(level).unflatten(-1, (6, -1))  # B G+P 6 D
        for block in self.blocks:
            x = block(x, modulation, cos, sin, conditions.text, bias)  # B N D
        shift, scale = self.last(level[:, :G]).chunk(2, -1)  # B G D
        x = modulate(x[:, : G * n], shift, scale, G).view(B, G, n, -1)  # B G n D
        out: Tensor = (self.moving_out if moving else self.still_out)(x)  # B G n width
        return out

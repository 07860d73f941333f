"""The transformer: noisy groups of patches and what is known about the clip in, the clean patches out.

Letters: B batch, G groups being made, K known groups beside them (runs of frames, then pins), n patches of a group,
N = (G + K)·n tokens, L text tokens (words, then letters), D width, H heads, d = D / H.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vitascope.model import patches
from vitascope.model.condition import KNOWN_PARTS, LETTERS, TRACK_WIDTH, WAY, WAY_SCALE, Conditions
from vitascope.model.detail import Detailer
from vitascope.model.text import TEXT_WIDTH


@dataclass(frozen=True)
class DiTParams:
    """The network's sizes. `text_every`: every so many blocks also look at the text; `global_every`: every so many
    let all groups see each other, the others only neighbours."""

    width: int
    depth: int
    heads: int
    hidden: int  # of the gated MLP
    bottleneck: int  # numbers that a moving patch is squeezed to on the way in
    text_every: int = 2
    global_every: int = 3
    channels: int = 64  # of the detailer
    along: bool = True  # whether attention goes by where things were, as far as tracks tell; older weights cannot

    def __post_init__(self) -> None:
        if self.width % self.heads or (self.width // self.heads) % 8:
            raise ValueError(f"width {self.width} over {self.heads} heads: a head must be a multiple of 8 wide")


def fourier(x: Tensor, size: int, highest: float) -> Tensor:
    """Cosines and sines of x [...] at size/2 frequencies, geometrically from 0.5 to `highest` radians: [..., size]."""
    steps = torch.linspace(0, 1, size // 2, device=x.device, dtype=torch.float32)
    angle = x.float()[..., None] * (0.5 * (2 * highest) ** steps)
    return torch.cat((angle.cos(), angle.sin()), -1)


def mean_word(text: Tensor, read: Tensor) -> Tensor:
    """The mean of the words' states [B, L, 384] that are read [B, G, L]: [B, G, 384]."""
    weight = read.to(text.dtype)
    return weight @ text / weight.sum(-1, keepdim=True).clamp(min=1)


def rotary_angles(seconds: Tensor, xy: Tensor, size: int) -> Tensor:
    """Angles of the rotary embedding for every token: seconds [B, G], xy [B, G, n, 2] to [B, G·n, size/2].

    A quarter of each head turns with time, the rest with x and y. The highest frequencies tell neighbours apart
    (groups a third of a second, patches a sixteenth of a picture), the lowest barely turn over a window.
    """
    quarter = size // 8  # frequencies for time, and a third of the rest each for x and y
    rest = size // 2 - quarter
    across, down = rest - rest // 2, rest // 2
    B, G = seconds.shape
    n = xy.shape[2]

    def spread(x: Tensor, num: int, low: float, high: float) -> Tensor:
        steps = torch.linspace(0, 1, num, device=x.device)
        return x.float()[..., None] * (low * (high / low) ** steps)

    time = spread(seconds, quarter, 0.3, 12.0)[:, :, None].expand(B, G, n, quarter)
    x, y = spread(xy[..., 0], across, 0.7, 40.0), spread(xy[..., 1], down, 0.7, 40.0)  # B G n across, B G n down
    return torch.cat((time, x, y), -1).reshape(B, G * n, size // 2)


def ways(tracks: Tensor, grid: tuple[int, int]) -> Tensor:
    """How far what each patch shows has come since the first frame, [B, G, n, 2] in the units of positions, from the
    marks of its tracks [B, G, n, frames·16]; where there are none, from those next to it, and 0 where none are near."""
    h, w = grid
    B, G = tracks.shape[:2]
    marks = tracks.view(B * G, h, w, -1, TRACK_WIDTH)
    there = marks[..., -1:]  # N h w f 1
    way = torch.cat((marks[..., WAY] * there, there), -1).sum(3).permute(0, 3, 1, 2)  # N 3 h w
    for _ in range(2):
        way = torch.where(way[:, 2:] > 0, way, F.avg_pool2d(way, 3, 1, 1))
    way = way[:, :2] / way[:, 2:].clamp(min=1e-6)  # N 2 h w
    return way.permute(0, 2, 3, 1).reshape(B, G, h * w, 2) / (WAY_SCALE * (h * w) ** 0.5)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn pairs of numbers of x [B, N, H, d] by angles given as cos and sin [B, N, 1, d/2]."""
    first, second = x.chunk(2, -1)
    return torch.cat((first * cos - second * sin, first * sin + second * cos), -1)


def normed(x: Tensor, norm: nn.RMSNorm) -> Tensor:
    """x [..., d] normalised to unit mean square and weighed, as exact as x is: PyTorch's own norm of bf16 with fp32
    weights is not fused, and six times slower."""
    if torch.is_grad_enabled() or x.is_cuda or x.dtype == torch.float32:
        return norm(x).to(x.dtype)
    y = x.float()
    length = torch.linalg.vector_norm(y, dim=-1, keepdim=True).clamp_(min=1e-6)
    return (y * norm.weight).mul_(x.shape[-1] ** 0.5 / length).to(x.dtype)


def turned(x: Tensor, norm: nn.RMSNorm, cos: Tensor, sin: Tensor) -> Tensor:
    """Normalise x [B, N, H, d] to unit mean square, weigh it, and rotate it: [B, N, H, d].

    Reading and writing costs more here than reckoning. In generation it is done in a third of the passes: the weights
    go into cos and sin, which all heads share, and the lengths are divided out last."""
    if torch.is_grad_enabled() or x.is_cuda:
        return rotate(norm(x), cos, sin).to(x.dtype)
    kind, x = x.dtype, x.float()
    half = x.shape[-1] // 2
    weight = norm.weight * half**0.5 * 2**0.5  # of a length of 1: the root of the mean square is the length by √d
    first, second = x[..., :half], x[..., half:]
    out = torch.empty_like(x)
    torch.mul(first, cos * weight[:half], out=out[..., :half]).addcmul_(second, sin * weight[half:], value=-1)
    torch.mul(first, sin * weight[:half], out=out[..., half:]).addcmul_(second, cos * weight[half:])
    return out.mul_(1 / torch.linalg.vector_norm(x, dim=-1, keepdim=True).clamp_(min=1e-6)).to(kind)


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None = None) -> Tensor:
    """Attention, [B, H, N, d] to [B, H, N, d]. Measured: in training on a CPU the plain formula is several times faster
    than the fused kernel, whose way back is slow; everywhere else the fused one is, at 1,728 tokens twice."""
    if q.is_cuda or not torch.is_grad_enabled():
        return F.scaled_dot_product_attention(q, k, v, None if bias is None else bias.to(q.dtype))
    scores = (q * (1 / math.sqrt(q.shape[-1]))) @ k.transpose(-1, -2)  # B H N M
    if bias is not None:
        scores = scores + bias
    return scores.softmax(-1).to(v.dtype) @ v


def attend_nearby(q: Tensor, k: Tensor, v: Tensor, num_groups: int, num_known: int) -> Tensor:
    """Attention in which each group [n tokens] sees itself, the groups before and after it, and what is known; what is
    known sees everything. [B, H, (G+K)·n, d] to the same: at 12 groups of 144 tokens four times faster than all."""
    n = q.shape[2] // (num_groups + num_known)
    made = num_groups * n
    seen = []
    if not num_known and not torch.is_grad_enabled():  # views: their way back would be slow
        for start in range(0, made, n):
            near = slice(max(0, start - n), start + 2 * n)
            seen.append(attend(q[:, :, start : start + n], k[:, :, near], v[:, :, near]))
        return torch.cat(seen, 2)  # B H N d
    queries, keys, values = (part[:, :, :made].unflatten(2, (num_groups, n)).unbind(2) for part in (q, k, v))
    known_k, known_v = (k[:, :, made:],), (v[:, :, made:],)  # B H K·n d
    for group in range(num_groups):
        near = slice(max(0, group - 1), group + 2)
        seen.append(attend(queries[group], torch.cat(keys[near] + known_k, 2), torch.cat(values[near] + known_v, 2)))
    if num_known:
        seen.append(attend(q[:, :, made:], k, v))  # B H K·n d
    return torch.cat(seen, 2)  # B H N d


class SelfAttention(nn.Module):
    """Tokens look at tokens: of all groups, or of neighbouring ones and what is known. Positions enter by rotation."""

    def __init__(self, width: int, heads: int, everywhere: bool) -> None:
        super().__init__()
        self.heads, self.everywhere = heads, everywhere
        self.q, self.k, self.v, self.out = (nn.Linear(width, width, bias=False) for _ in range(4))
        self.q_norm, self.k_norm = nn.RMSNorm(width // heads), nn.RMSNorm(width // heads)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, num_groups: int, num_known: int) -> Tensor:
        B, N, D = x.shape
        q, k, v = (part(x).view(B, N, self.heads, -1) for part in (self.q, self.k, self.v))  # B N H d
        q, k = turned(q, self.q_norm, cos, sin), turned(k, self.k_norm, cos, sin)  # B N H d
        q, k, v = (part.transpose(1, 2) for part in (q, k, v))  # B H N d
        if self.everywhere or num_groups <= 2:
            y = attend(q, k, v)  # B H N d
        else:
            y = attend_nearby(q, k, v, num_groups, num_known)  # B H N d
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
        y = attend(normed(q, self.q_norm), normed(k, self.k_norm), v, bias)  # B H N d
        return self.out(y.transpose(1, 2).reshape(B, N, D))  # B N D


class MLP(nn.Module):
    """The gated feed-forward layer (SwiGLU, arXiv 2002.05202)."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.gate, self.up = nn.Linear(width, hidden, bias=False), nn.Linear(width, hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gate = self.gate(x)  # B N hidden
        if torch.is_grad_enabled():
            return self.down(F.silu(gate) * self.up(x))  # B N D
        return self.down(F.silu(gate, inplace=True).mul_(self.up(x)))  # B N D


def modulate(x: Tensor, shift: Tensor, scale: Tensor, num_groups: int) -> Tensor:
    """Normalise x [B, N, D], then shift and scale it by its group's values [B, G, D], never spread out per token."""
    B, N, D = x.shape
    y = F.layer_norm(x, (D,)).view(B, num_groups, -1, D)
    return torch.addcmul(shift[:, :, None], y, 1 + scale[:, :, None]).view(B, N, D)


def added(x: Tensor, y: Tensor, gate: Tensor, num_groups: int) -> Tensor:
    """x [B, N, D], and y times its group's gate [B, G, D] added to it."""
    B, N, D = x.shape
    x, y = x.view(B, num_groups, -1, D), y.view(B, num_groups, -1, D)  # B G n D
    return torch.addcmul(x, y, gate[:, :, None]).view(B, N, D)


class Block(nn.Module):
    """Self-attention, in some blocks attention to the words, and the MLP; each scaled by the group's noise level.

    One projection makes all blocks' modulation, each block adds its own offset (PixArt-α, arXiv 2310.00426)."""

    def __init__(self, params: DiTParams, index: int) -> None:
        super().__init__()
        self.offset = nn.Parameter(torch.zeros(6, params.width))
        everywhere = index % params.global_every == params.global_every // 2
        self.attention = SelfAttention(params.width, params.heads, everywhere)
        self.text = TextAttention(params.width, params.heads) if index % params.text_every == 0 else None
        self.mlp = MLP(params.width, params.hidden)

    def forward(
        self, x: Tensor, level: Tensor, cos: Tensor, sin: Tensor, text: Tensor, bias: Tensor, num_known: int
    ) -> Tensor:
        groups = level.shape[1]
        shift1, scale1, gate1, shift2, scale2, gate2 = (level + self.offset).unbind(2)  # B G+K D each
        y = self.attention(modulate(x, shift1, scale1, groups), cos, sin, groups - num_known, num_known)  # B N D
        x = added(x, y, gate1, groups)  # B N D
        if self.text is not None:
            x = x + self.text(F.layer_norm(x, x.shape[-1:]), text, bias)  # B N D
        return added(x, self.mlp(modulate(x, shift2, scale2, groups)), gate2, groups)  # B N D


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
        self.known_parts = nn.Linear(KNOWN_PARTS**2, D, bias=False)  # of a pin that is a part of a picture
        self.place = nn.Linear(64, D, bias=False)
        self.fineness = nn.Linear(32, D, bias=False)  # how much of the picture one patch is
        self.letters = nn.Embedding(len(LETTERS) + 1, TEXT_WIDTH)
        self.letter_place = nn.Linear(32, TEXT_WIDTH, bias=False)
        self.kind = nn.Parameter(torch.zeros(4, D))  # moving group, picture, pin, reference
        self.level = nn.Sequential(nn.Linear(128, D), nn.SiLU(), nn.Linear(D, D))
        self.gist = nn.Linear(TEXT_WIDTH, D, bias=False)  # the text's mean: what the whole clip is about
        self.modulation = nn.Linear(D, 6 * D)
        self.blocks = nn.ModuleList(Block(params, i) for i in range(params.depth))
        self.last = nn.Linear(D, 2 * D)
        self.moving_out = nn.Linear(D, patches.MOVING_WIDTH)
        self.still_out = nn.Linear(D, patches.STILL_WIDTH)
        self.detail = Detailer(params.channels, D)
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
        closed += [self.known_parts, self.fineness]
        for block in self.blocks:
            assert isinstance(block, Block)
            if block.text is not None:
                closed.append(block.text.out)
        for layer in closed:
            nn.init.zeros_(layer.weight)
        self.detail.init_weights()
        nn.init.normal_(self.kind, std=0.02)
        nn.init.normal_(self.letters.weight, std=0.3)  # as large as the numbers of the words' states

    def embed(self, noisy: Tensor, conditions: Conditions, places: Tensor) -> Tensor:
        """Patches, tracks and places [B, G+K, n, 2] as tokens: [B, G+K, n, D]."""
        moving = noisy.shape[-1] == patches.MOVING_WIDTH
        x = (self.moving_in if moving else self.still_in)(noisy)  # B G n D
        if conditions.tracks is not None:
            x = x + (self.moving_tracks if moving else self.still_tracks)(conditions.tracks)  # B G n D
        tokens = [x]
        if conditions.context is not None:
            context = self.moving_in(conditions.context)  # B C n D
            if conditions.context_tracks is not None:
                context = context + self.moving_tracks(conditions.context_tracks)  # B C n D
            tokens.append(context)
        if conditions.pins is not None:
            pins = self.still_in(conditions.pins)  # B P n D
            if conditions.pin_tracks is not None:
                pins = pins + self.still_tracks(conditions.pin_tracks)  # B P n D
            if conditions.pin_known is not None:
                pins = pins + self.known_parts(conditions.pin_known - 1)  # B P n D; nothing where all is known
            tokens.append(pins)
        waves = torch.cat((fourier(places[..., 0], 32, 40.0), fourier(places[..., 1], 32, 40.0)), -1)  # B G+K n 64
        return torch.cat(tokens, 1) + self.place(waves)  # B G+K n D

    def read(self, conditions: Conditions, num_known: int) -> tuple[Tensor, Tensor]:
        """The words' states with those of quoted letters after them [B, L, 384], and 0 where there is one, far below
        where there is none: [B, 1, 1, L], or for each token [B, 1, N, L] where groups read different words. What is
        known reads all of them."""
        text, real = conditions.text, conditions.text_real  # B L 384, B L
        if conditions.letters is not None:
            at = torch.arange(conditions.letters.shape[1], device=text.device)  # M
            letters = self.letters(conditions.letters) + self.letter_place(fourier(at, 32, 3.0))  # B M 384
            text = torch.cat((text, letters.to(text.dtype)), 1)  # B L+M 384
            real = torch.cat((real, conditions.letters > 0), 1)  # B L+M
        real = real[:, None]  # B 1 L
        if conditions.text_at is not None:
            n = conditions.grid[0] * conditions.grid[1]
            made = conditions.text_at  # B G L
            others = real[:, :, made.shape[2] :].expand(-1, made.shape[1], -1)  # B G M, letters
            known = real.expand(-1, num_known, -1)  # B K L
            real = torch.cat((torch.cat((made, others), 2), known), 1).repeat_interleave(n, 1)  # B N L
        bias = torch.zeros_like(real, dtype=torch.float32).masked_fill(~real, -1e4)  # B 1 L, or B N L
        return text, bias[:, None]

    def places(self, noisy: Tensor, conditions: Conditions) -> Tensor:
        """Where what each patch shows was in the first frame, as far as tracks tell it, else where the patch is:
        [B, G+K, n, 2]. However a thing moves, its patches are then at one place, so that attention finds them."""
        xy = patches.positions(conditions.grid).to(noisy.device)  # n 2
        made = (conditions.tracks, noisy)
        context, pins = (conditions.context_tracks, conditions.context), (conditions.pin_tracks, conditions.pins)
        moved = [
            ways(tracks, conditions.grid)
            if tracks is not None and self.params.along
            else known.new_zeros(*known.shape[:3], 2)
            for tracks, known in (made, context, pins)
            if known is not None
        ]
        return xy - torch.cat(moved, 1)

    def levels(self, time: Tensor, conditions: Conditions, moving: bool) -> Tensor:
        """What every token of a group should know: noise, time, rate, kind, fineness, the text's gist. [B, G+K, D]"""
        times, seconds = [time], [conditions.seconds]  # B G each
        kinds = [self.kind[0 if moving else 1].expand(*time.shape, -1)]  # B G D
        if conditions.context_time is not None and conditions.context_seconds is not None:
            times.append(conditions.context_time)
            seconds.append(conditions.context_seconds)
            kinds.append(self.kind[0].expand(*conditions.context_seconds.shape, -1))
        if conditions.pin_time is not None and conditions.pin_seconds is not None:
            times.append(conditions.pin_time)
            seconds.append(conditions.pin_seconds)
            which = conditions.pin_reference
            pins = torch.full_like(conditions.pin_time, 2, dtype=torch.long) if which is None else 2 + which.long()
            kinds.append(self.kind[pins])
        second = torch.cat(seconds, 1)  # B G+K
        rate = conditions.interval[:, None].expand_as(second)
        waves = (fourier(torch.cat(times, 1), 64, 200.0), fourier(second, 32, 12.0), fourier(rate * 12, 32, 12.0))
        gist = mean_word(conditions.text, conditions.text_real[:, None])  # B 1 384
        if conditions.text_at is not None:
            own = mean_word(conditions.text, conditions.text_at)  # B G 384
            gist = torch.cat((own, gist.expand(-1, second.shape[1] - own.shape[1], -1)), 1)  # B G+K 384
        n = conditions.grid[0] * conditions.grid[1]
        fineness = self.fineness(fourier(torch.tensor(math.log2(n), device=time.device), 32, 12.0))  # D
        level: Tensor = self.level(torch.cat(waves, -1)) + torch.cat(kinds, 1) + self.gist(gist) + fineness
        return level  # B G+K D

    def forward(self, noisy: Tensor, time: Tensor, conditions: Conditions) -> Tensor:
        B, G, n, width = noisy.shape
        moving = width == patches.MOVING_WIDTH
        beside = (conditions.context_seconds, conditions.pin_seconds)
        seconds = torch.cat([conditions.seconds, *(when for when in beside if when is not None)], 1)  # B G+K
        places = self.places(noisy, conditions)  # B G+K n 2
        angles = rotary_angles(seconds, places, self.params.width // self.params.heads)[:, :, None]  # B N 1 d/2
        cos, sin = angles.cos(), angles.sin()  # B N 1 d/2
        x = self.embed(noisy, conditions, places)  # B G+K n D
        groups = x.shape[1]
        text, bias = self.read(conditions, groups - G)  # B L 384, B 1 1 L or B 1 N L
        level = F.silu(self.levels(time, conditions, moving))  # B G+K D
        x = x.view(B, groups * n, -1)  # B N D
        modulation = self.modulation(level).unflatten(-1, (6, -1))  # B G+K 6 D
        for block in self.blocks:
            x = block(x, modulation, cos, sin, text, bias, groups - G)  # B N D
        shift, scale = self.last(level[:, :G]).chunk(2, -1)  # B G D
        x = modulate(x[:, : G * n], shift, scale, G).view(B, G, n, -1)  # B G n D
        out: Tensor = (self.moving_out if moving else self.still_out)(x)  # B G n width
        better: Tensor = self.detail(noisy, out, x, level[:, :G], time, conditions.grid)  # B G n width
        return better

"""Reads what a clip shows: a small network that has only ever seen true renders of the world, never a generated clip.

So a clip that it reads rightly shows what was asked in the way in which the world shows it. It looks in four ways: a
finder says where the one or two things are that the clip is about; a close look reads them in crops that they fill; a
look at whole frames reads ground, hour, place and style; and changes from frame to frame, with the path of what was
found, tell what happens and what the camera does. Letters: B clips, T read frames, S shown frames, H W pixels.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vitascope.model import checkpoint
from vitascope.model.convolution import Convolution
from vitascope.world.scene import (
    COLOURS,
    GROUNDS,
    PLACES,
    SHAPES,
    STYLES,
    TIMES,
    WORDS,
    Expression,
    MaterialName,
    ShotSize,
)

WEIGHTS = Path(__file__).resolve().parents[1] / "weights" / "evaluate" / "critic.safetensors"
SIZE = (144, 80)
SECONDS, FPS = 2.0, 12.0
NUM_READ = 8  # frames that are read, evenly over the clip
CELL = 4  # pixels of a cell of the finder's maps
CROP = 48  # pixels of a close look
PAIR = "two things"  # the attribute of two things with their colours and shapes together
PAIRED = 3  # frames of two things that are read: in the first ones neither hides the other
ANSWERS: dict[str, tuple[str, ...]] = {
    "colour": tuple(COLOURS),
    "shape": SHAPES,
    "material": ("smooth", "wood", "stone"),  # rubber, plastic and metal differ by a gloss that few pixels show
    "ground": GROUNDS,
    "time": TIMES,
    "action": ("bounce", "fall", "roll", "slide", "topple", "stand"),
    "direction": ("left", "right", "near", "away", "down", "still"),
    "camera": (
        *("still", "pan left", "pan right", "truck left", "truck right", "tilt up", "tilt down"),
        *("zoom in", "zoom out", "dolly in", "dolly out"),
    ),
    "style": STYLES,
    "count": ("one", "two"),
    "shot size": get_args(ShotSize),
    "place": PLACES,
    "expression": get_args(Expression),
    "word": WORDS,
    "other colour": tuple(COLOURS),  # of the right one of two things; the others are then of the left one
    "other shape": SHAPES,
}
LOOKS_OF: dict[MaterialName, str] = {
    "rubber": "smooth",
    "plastic": "smooth",
    "metal": "smooth",
    "wood": "wood",
    "stone": "stone",
}
CLOSE = ("colour", "shape", "expression", "word")  # read in crops
WHOLE = ("style", "shot size", "place", "count")  # read in whole frames
MOVING = ("action", "camera")  # read from changes, paths and where the picture goes

Clips = npt.NDArray[np.uint8]  # B T H W 3
Answer = dict[str, str]  # a word for each of ANSWERS, or for those that apply


class CriticError(ValueError):
    """Clips that cannot be read, or a weight file that holds no critic."""


def read_times(num_frames: int) -> npt.NDArray[np.int64]:
    """Which frames of a clip are read: NUM_READ of them, evenly, some twice if the clip is shorter."""
    return np.linspace(0, num_frames - 1, NUM_READ).round().astype(np.int64)


# ---- the network


def _grid(h: int, w: int) -> Tensor:
    """Where the cells of a map are, x and y in 0..1: [h·w, 2]."""
    y, x = torch.meshgrid((torch.arange(h) + 0.5) / h, (torch.arange(w) + 0.5) / w, indexing="ij")
    return torch.stack((x.flatten(), y.flatten()), 1)


class Pool(nn.Module):
    """Sums a map up by a few learned attentions: what is there, where it is and how wide it spreads.

    In training the first of them is shown where the thing is: found by chance, so small a thing is found late."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.look = nn.Conv2d(width, heads, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x [B, D, h, w] to what [B, heads·D], where [B, heads·4] (mean and spread of x and y, 0..1) and the first
        attention's logarithm [B, h, w]."""
        log = self.look(x).flatten(2).log_softmax(-1)  # B heads hw
        weight = log.exp()
        what = weight @ x.flatten(2).transpose(1, 2)  # B heads D
        places = _grid(*x.shape[-2:])
        mean = weight @ places  # B heads 2
        spread = (weight @ places**2 - mean**2).clamp(min=1e-6).sqrt()
        return what.flatten(1), torch.cat((mean, spread), -1).flatten(1), log[:, 0].unflatten(1, x.shape[-2:])


class Boxes(NamedTuple):
    """Where something is: centre [..., 2] in 0..1, its spread along x, y (standard deviations in picture heights) and
    their correlation [..., 3], and how many cells it fills [...]."""

    centre: Tensor
    spread: Tensor
    area: Tensor

    @property
    def side(self) -> Tensor:
        """The side of a square that holds it with some room, in picture heights [...]."""
        return (5.0 * self.spread[..., :2].amax(-1)).clamp(0.15, 1.4)


def boxes(masks: Tensor) -> Boxes:
    """Boxes around masks [..., h, w] of values in 0..1; the middle of the picture where a mask is empty."""
    h, w = masks.shape[-2:]
    weight = masks.flatten(-2)
    area = weight.sum(-1)
    share = (weight + 1e-4 / (h * w)) / (area + 1e-4)[..., None]  # ... hw
    at = _grid(h, w)
    centre = share @ at
    away = (at - centre[..., None, :]) * torch.tensor([SIZE[0] / SIZE[1], 1.0])  # ... hw 2
    var = (share[..., None] * away**2).sum(-2) + 1e-5
    both = (share * away[..., 0] * away[..., 1]).sum(-1)
    spread = torch.cat((var.sqrt(), (both / var.prod(-1).sqrt())[..., None]), -1)
    return Boxes(centre, spread, area)


def cut_out(x: Tensor, centre: Tensor, side: Tensor) -> Tensor:
    """Squares of `side` [B] picture heights around points [B, 2] of pictures [B, 3, H, W]: [B, 3, CROP, CROP]."""
    share = torch.stack((side * SIZE[1] / SIZE[0], side), -1)[:, None, None]
    places = (_grid(CROP, CROP).view(CROP, CROP, 2) - 0.5) * share + centre[:, None, None]
    crops = F.grid_sample(x, places * 2 - 1, padding_mode="border", align_corners=False)
    return crops.contiguous(memory_format=torch.channels_last)


def drift(grey: Tensor) -> tuple[Tensor, Tensor]:
    """Where the picture goes from each read frame to the next: grey [B, T, H, W] to the mean motion [B, 2, 5, 9] in
    picture heights and how much there is to tell it by [B, 1, 5, 9] (Lucas & Kanade 1981, from coarse to fine)."""
    B, T = grey.shape[:2]
    flow = torch.zeros(B * (T - 1), 2, 1, 1)
    for cell in (8, 4):
        small = F.avg_pool2d(grey, cell)  # B T h w
        h, w = small.shape[-2:]
        one, two = (part.flatten(0, 1)[:, None] for part in (small[:, :-1], small[:, 1:]))
        flow = F.interpolate(flow, (h, w), mode="bilinear")
        at = _grid(h, w).view(1, h, w, 2)
        for _ in range(3):
            to = at + flow.permute(0, 2, 3, 1) * torch.tensor([SIZE[1] / SIZE[0], 1.0])
            came = F.grid_sample(two, to * 2 - 1, padding_mode="border", align_corners=False)
            mean = F.pad((one + came) / 2, (1, 1, 1, 1), mode="replicate")
            x, y = (
                (mean[:, :, 1:-1, 2:] - mean[:, :, 1:-1, :-2]) / 2,
                (mean[:, :, 2:, 1:-1] - mean[:, :, :-2, 1:-1]) / 2,
            )
            sums = F.avg_pool2d(torch.cat((x * x, y * y, x * y, x * (one - came), y * (one - came)), 1), 7, 1, 3)
            xx, yy, xy, xt, yt = sums.unbind(1)
            xx, yy = xx + 3e-5, yy + 3e-5
            step = torch.stack((yy * xt - xy * yt, xx * yt - xy * xt), 1) / (xx * yy - xy * xy)[:, None]
            flow = flow + step.clamp(-2, 2) / h
    told = torch.log(xx + yy + 1e-5)[:, None]
    flow, told = (F.adaptive_avg_pool2d(part, (5, 9)).unflatten(0, (B, T - 1)).mean(1) for part in (flow, told))
    return flow, told


def _peak(masks: Tensor) -> Tensor:
    """Where masks [..., h, w] are highest, x and y in 0..1: [..., 2]."""
    return _grid(*masks.shape[-2:])[masks.flatten(-2).argmax(-1)]


def _around(masks: Tensor, points: Tensor, reach: float) -> Tensor:
    """What is not faint of masks [..., h, w], and the less the farther it is from points [..., 2]: so what else was
    taken for a thing does not widen the box. `reach` in picture heights."""
    away = (_grid(*masks.shape[-2:]) - points[..., None, :]) * torch.tensor([SIZE[0] / SIZE[1], 1.0])
    near = torch.exp(-(away**2).sum(-1) / (2 * reach**2)).unflatten(-1, masks.shape[-2:])
    return masks * (masks > 0.4 * masks.amax((-2, -1), keepdim=True)) * near


def left_and_right(masks: Tensor) -> tuple[Tensor, Tensor]:
    """Masks [..., h, w] of two things together as those of the left one and of the right one."""
    first = boxes(_around(masks, _peak(masks), 0.13)).centre
    one = _around(masks, first, 0.13)
    away = (_grid(*masks.shape[-2:]) - first[..., None, :]) * torch.tensor([SIZE[0] / SIZE[1], 1.0])
    far = (2.4 * boxes(one).spread[..., :2].amax(-1, keepdim=True)).clamp(min=0.15)  # as far as it reaches itself
    rest = masks * ((away**2).sum(-1) > far**2).unflatten(-1, masks.shape[-2:])
    other = _around(rest, _peak(rest), 0.13)
    swapped = (boxes(one).centre[..., 0] > boxes(other).centre[..., 0])[..., None, None]
    return torch.where(swapped, other, one), torch.where(swapped, one, other)


class Features(NamedTuple):
    """What the trunks make of clips: maps [B, S, 96, 10, 18] and summaries [B, S, 480] of
    single frames, paths and changes [B, 424], and where the picture goes [B, 135]."""

    maps: Tensor
    summaries: Tensor
    changes: Tensor
    drifts: Tensor
    attention: tuple[Tensor, Tensor]  # logarithms, to single frames [B, S, 10, 18] and to the paths' [B, T, 10, 18]


class Critic(nn.Module):
    """`forward(frames)`: frames [B, 8, 3, 80, 144] in 0..1; returns log-odds for each of ANSWERS, [B, number of words],
    and for "left colour" and "left shape": of the left one, if there were two things.

    Training calls the parts: `features`, `masks`, `close`, `told`, `made_of`, `whole`,
    `moved`."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = nn.Sequential(
            Convolution(3, 20, 5, 2),
            Convolution(20, 48, 3, 2),
            Convolution(48, 80, 3, 2),
            Convolution(80, 96),
            Convolution(96, 96),
        )
        self.looks_pool = Pool(96, 4)
        self.named = nn.Sequential(nn.Linear(5 * 96, 128), nn.ReLU(), nn.Dropout(0.1))
        self.heads = nn.ModuleDict({name: nn.Linear(128, len(ANSWERS[name])) for name in ("colour", "ground", "time")})
        self.places = nn.Sequential(Convolution(3, 16, 5, 2), Convolution(16, 32, 3, 2), Convolution(32, 32))
        self.places_pool = Pool(32, 4)
        self.flow = nn.Sequential(Convolution(3 * NUM_READ, 32, 5, 2), Convolution(32, 56, 3, 2), Convolution(56, 56))
        self.flow_pool = Pool(56, 4)
        self.motion = nn.Sequential(
            nn.Linear(424, 96), nn.ReLU(), nn.Dropout(0.1), nn.Linear(96, len(ANSWERS["direction"]))
        )

        self.where = nn.Sequential(Convolution(96, 48), nn.Conv2d(48, 4, 3, padding=1))
        self.closer = nn.Sequential(
            Convolution(3, 24, 5, 2), Convolution(24, 48, 3, 2), Convolution(48, 96), Convolution(96, 96, 3, 2)
        )
        self.seen = nn.Linear(96 * 36, 160)
        self.trust = nn.Linear(160, 1)
        self.known = nn.Sequential(nn.Dropout(0.15), nn.Linear(160, 128), nn.ReLU())
        self.close_heads = nn.ModuleDict({name: nn.Linear(128, len(ANSWERS[name])) for name in CLOSE})
        self.grain = nn.Sequential(Convolution(3, 16), Convolution(16, 24, 3, 2), Convolution(24, 32))
        self.stuff = nn.Linear(64, len(ANSWERS["material"]))
        self.whole_heads = nn.ModuleDict({name: _head(480, name) for name in WHOLE})
        self.moving_heads = nn.ModuleDict(
            {name: _head({"camera": 135, "action": 424 + 135 + 160}[name], name) for name in MOVING}
        )

    def features(self, x: Tensor, shown: slice = slice(None)) -> Features:
        """Frames [B, 8, 3, H, W] as `centred` gives them, through the trunks; single ones only those `shown`."""
        B, T = x.shape[:2]
        single = x[:, shown]
        maps = self.looks(single.flatten(0, 1).contiguous(memory_format=torch.channels_last))  # B·S 96 10 18
        what, _, looked = self.looks_pool(maps)
        summaries = torch.cat((what, maps.mean((2, 3))), 1)
        half = F.avg_pool2d(x.flatten(0, 1), 2)  # B·T 3 40 72
        _, where, followed = self.places_pool(self.places(half))  # B·T 16
        changes = half.view(B, T, 3, *half.shape[-2:])
        flow = self.flow((changes - changes.mean(1, keepdim=True)).flatten(1, 2))  # B 56 10 18
        moved, spot, _ = self.flow_pool(flow)
        changed = torch.cat((where.view(B, -1), moved, flow.mean((2, 3)), spot), 1)
        drifts = torch.cat(drift(x.mean(2) / 4), 1).flatten(1)
        maps, summaries, looked = (part.unflatten(0, single.shape[:2]) for part in (maps, summaries, looked))
        return Features(maps, summaries, changed, drifts, (looked, followed.unflatten(0, (B, T))))

    def masks(self, maps: Tensor) -> Tensor:
        """Log-odds of where the things are that a clip is about, [N, 20, 36], from maps [N, 96, 10, 18]."""
        return F.pixel_shuffle(self.where(maps), 2)[:, 0]

    def close(self, crops: Tensor) -> Tensor:
        """Crops [N, 3, CROP, CROP] to what is seen in them [N, 160]."""
        return F.relu(self.seen(self.closer(crops).flatten(1)))

    def told(self, seen: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """What is seen in S crops of each clip [B, S, 160], summed up [B, 160] with more trust in some than in others,
        and the answers."""
        summed = (self.trust(seen).softmax(1) * seen).sum(1)
        known = self.known(summed)
        return summed, {name: head(known) for name, head in self.close_heads.items()}

    def whole(self, summaries: Tensor) -> dict[str, Tensor]:
        """Answers by whole frames, from summaries [B, S, 480] of S frames of each clip."""
        return {name: head(summaries).mean(1) for name, head in self.whole_heads.items()}

    def moved(self, changes: Tensor, drifts: Tensor, summed: Tensor) -> dict[str, Tensor]:
        """What happens, from changes [B, 424], drifts [B, 135] and what was seen close by [B, 160]."""
        drifts = torch.cat((20 * drifts[:, :90], (drifts[:, 90:] + 7) / 3), 1)  # both about as large as 1
        camera = self.moving_heads["camera"](drifts)
        return {"camera": camera, "action": self.moving_heads["action"](torch.cat((changes, drifts, summed), 1))}

    def made_of(self, crops: Tensor) -> Tensor:
        """The odds of each material [N, 3] by the grain in the middle of crops [N, 3, CROP, CROP]."""
        middle = self.grain(crops)[:, :, CROP // 8 : -CROP // 8, CROP // 8 : -CROP // 8].flatten(2)
        odds: Tensor = self.stuff(torch.cat((middle.mean(2), middle.std(2)), 1))
        return odds

    def crops_of(self, x: Tensor, masks: Tensor) -> Tensor:
        """Crops of what is where masks [B, S, 20, 36] of 0..1 are, in frames [B, S, 3, H, W]: [B·S, 3, CROP, CROP]."""
        found = boxes(masks)
        return cut_out(x.flatten(0, 1), found.centre.flatten(0, 1), found.side.flatten())

    def looked_at(self, x: Tensor, masks: Tensor) -> Tensor:
        """What is seen in those crops: [B, S, 160]."""
        return self.close(self.crops_of(x, masks)).unflatten(0, masks.shape[:2])

    def forward(self, frames: Tensor) -> dict[str, Tensor]:
        x = centred(frames)
        found = self.features(x)
        masks = self.masks(found.maps.flatten(0, 1)).sigmoid().unflatten(0, x.shape[:2])
        crops = self.crops_of(x, _around(masks, _peak(masks), 0.3))
        seen = self.close(crops).unflatten(0, x.shape[:2])
        summed, answers = self.told(seen)
        answers["material"] = self.made_of(crops).unflatten(0, x.shape[:2]).mean(1)
        answers |= self.whole(found.summaries) | self.moved(found.changes, found.drifts, summed)
        named = self.named(found.summaries[:, 1::2])
        answers |= {name: self.heads[name](named).mean(1) for name in ("ground", "time")}
        answers["direction"] = self.motion(found.changes)
        colour = self.heads["colour"](named).mean(1).log_softmax(1) + answers["colour"].log_softmax(1)
        # Of two things each is read by itself.
        left, right = (self.told(self.looked_at(x[:, :PAIRED], part))[1] for part in left_and_right(masks[:, :PAIRED]))
        two = (answers["count"].argmax(1) == 1)[:, None]
        answers |= {"colour": torch.where(two, left["colour"], colour)}
        answers |= {"shape": torch.where(two, left["shape"], answers["shape"])}
        answers |= {f"other {name}": right[name] for name in ("colour", "shape")}
        return answers | {f"left {name}": left[name] for name in ("colour", "shape")}


def _head(width: int, name: str) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(width), nn.Linear(width, 96), nn.ReLU(), nn.Dropout(0.2), nn.Linear(96, len(ANSWERS[name]))
    )


def centred(frames: Tensor) -> Tensor:
    """Values in 0..1 as the network takes them."""
    return (frames - 0.45) * 4


# ---- reading


@cache
def load(path: Path = WEIGHTS) -> Critic:
    """The critic in a weight file. Raises CriticError or CheckpointError, saying what is wrong with the file."""
    state, header = checkpoint.read(path)
    critic = Critic()
    try:
        critic.load_state_dict(state)
    except RuntimeError:
        preset = header.get("card", {}).get("preset")
        raise CriticError(f"critic: {path} holds no critic of this program, but {preset!r}") from None
    return critic.eval().requires_grad_(False)


def read(critic: Critic, clips: Clips, batch: int = 16) -> list[Answer]:
    """What each of the clips [B, T, H, W, 3] shows: the likeliest word for each of ANSWERS, and as PAIR what two things
    it would show if it showed two. Any T, 144×80 pixels."""
    if clips.ndim != 5 or clips.shape[2:] != (SIZE[1], SIZE[0], 3) or clips.dtype != np.uint8:
        raise CriticError(
            f"critic: clips were {clips.dtype} {list(clips.shape)}; uint8 [B, T, {SIZE[1]}, {SIZE[0]}, 3] is read"
        )
    chosen = clips[:, read_times(clips.shape[1])]
    found: list[Answer] = []
    for start in range(0, len(chosen), batch):
        with torch.inference_mode():
            odds = critic(as_input(chosen[start : start + batch]))
        best = {name: values.argmax(1).tolist() for name, values in odds.items()}
        rows = len(chosen[start : start + batch])
        for row in range(rows):
            words = {name: ANSWERS[name.removeprefix("left ")][best[name][row]] for name in best}
            left, right = ((words[f"{side} colour"], words[f"{side} shape"]) for side in ("left", "other"))
            found.append({name: words[name] for name in ANSWERS} | {PAIR: pair_of(left, right)})
    return found


def pair_of(*things: tuple[str, str]) -> str:
    """Coloured shapes in words, in an order that is theirs alone."""
    return " and ".join(sorted(f"{colour} {shape}" for colour, shape in things))


def as_input(frames: Clips) -> Tensor:
    """uint8 [B, T, H, W, 3] to float [B, T, 3, H, W] in 0..1."""
    return torch.from_numpy(frames).permute(0, 1, 4, 2, 3).float() / 255

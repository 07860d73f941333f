"""Reads what a clip of one thing shows, by a small network that has only ever seen true renders of the world.

`python -m vitascope.evaluate.reader --out reader.safetensors` renders its lessons, trains it, tests it on scenes that
it has not seen and writes the weight file that ships. Because it never sees a generated clip in training, a clip that
it reads rightly shows what was asked in the way in which the world shows it.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vitascope.evaluate.critic import Pool
from vitascope.evaluate.lessons import worsened
from vitascope.model import checkpoint
from vitascope.model.checkpoint import Card, CheckpointError
from vitascope.model.convolution import Convolution
from vitascope.shot.camera import CameraPath
from vitascope.world import render
from vitascope.world.framing import in_view, sample_camera
from vitascope.world.physics import Motion, simulate, went_as_planned
from vitascope.world.sample import recolour, sample_scene
from vitascope.world.scene import COLOURS, GROUNDS, SHAPES, TIMES, Scene, Thing
from vitascope.world.stage import path_of, stage
from vitascope.world.tracks import project_all

WEIGHTS = Path(__file__).resolve().parents[1] / "weights" / "evaluate" / "reader.safetensors"
SIZE = (144, 80)
SECONDS, FPS = 2.0, 12.0
NUM_READ = 8  # frames that are read, evenly over the clip
SEED = 101  # the video network's footage is that of seed 0
TEST_SEED = 102
CROP = 48  # pixels of the closer look at the thing
DIRECTIONS = ("left", "right", "near", "away", "down", "still")
ANSWERS: dict[str, tuple[str, ...]] = {
    "colour": tuple(COLOURS),
    "shape": SHAPES,
    "ground": GROUNDS,
    "time": TIMES,
    "direction": DIRECTIONS,
}

Frames = npt.NDArray[np.uint8]  # T H W 3
Points = npt.NDArray[np.float32]  # T 2
Answer = dict[str, str]  # one word for each of ANSWERS


class ReaderError(ValueError):
    """Clips that cannot be read, or a weight file that holds no reader."""


# ---- lessons: true renders with their answers


def answer_of(scene: Scene) -> Answer:
    """What a clip of the scene's first thing should be read as."""
    thing = scene.things[0]
    return {
        "colour": thing.colour,
        "shape": thing.shape,
        "ground": scene.ground,
        "time": scene.time,
        "direction": direction_of(thing),
    }


def direction_of(thing: Thing) -> str:
    """Where it goes: what topples goes to the side it falls to, what drops goes down, what stands is still."""
    return thing.direction or ("down" if thing.action in ("bounce", "fall") else "still")


def read_times(num_frames: int) -> npt.NDArray[np.int64]:
    """Which frames of a clip are read: NUM_READ of them, evenly, some twice if the clip is shorter."""
    return np.linspace(0, num_frames - 1, NUM_READ).round().astype(np.int64)


def film(scene: Scene, motion: Motion, *, whole: bool = False) -> Frames:
    """The frames of a scene that a reader looks at (or all of them), drawn as the world draws them: [T, H, W, 3]."""
    path = path_of(scene.camera, SECONDS, FPS)
    if not whole:  # drawing is what costs, so draw no frame that is not read
        times = read_times(len(motion.position))
        path = CameraPath(path.position[times], path.rotation[times], path.fov[times])
        motion = replace(motion, position=motion.position[times], rotation=motion.rotation[times])
    return render.draw(stage(scene, motion, path), SIZE).frames


def framed(scene: Scene, motion: Motion, rng: np.random.Generator, *, still: bool) -> Scene | None:
    """The scene with a camera that keeps the thing in the picture; None if none was found."""
    for attempt in range(12):
        other = scene.with_(camera=sample_camera(scene, rng, still=still or attempt >= 9))
        if in_view(other, motion, SIZE):
            return other
    return None


def happenings(seed: int, index: int, looks: int = 3) -> tuple[list[Scene], Motion]:
    """A motion of one thing in several looks: colours, ground, hour, camera."""
    rng = np.random.default_rng([seed, index])
    while True:
        scene = sample_scene(rng, split="any")
        if len(scene.things) > 1 or (scene.things[0].shape == "ball" and rng.random() < 0.5):
            continue  # balls are the commonest things of the world; here all shapes matter alike
        motion = simulate(scene, SECONDS, FPS)
        if went_as_planned(scene, motion):
            break
    found = [framed(recolour(scene, rng, "any"), motion, rng, still=rng.random() < 0.5) for _ in range(looks)]
    return [look for look in found if look is not None], motion


def lessons(seed: int, index: int, looks: int = 3) -> list[tuple[Frames, Answer, Points]]:
    """Read frames of a motion in several looks, with their answers and where the thing's centre is in each frame."""
    scenes, motion = happenings(seed, index, looks)
    return [(film(scene, motion), answer_of(scene), centres(scene, motion)) for scene in scenes]


def centres(scene: Scene, motion: Motion) -> Points:
    """Where the thing's centre is in the frames that are read: picture coordinates [8, 2], may lie outside."""
    path = path_of(scene.camera, SECONDS, FPS)
    points, _ = project_all(motion.position, path, SIZE)  # T 1 2
    return points[read_times(len(points)), 0].astype(np.float32)


def numbers(answers: Sequence[Answer]) -> Tensor:
    """Answers as places in the tables of ANSWERS: int64 [B, 5]."""
    return torch.tensor([[words.index(one[name]) for name, words in ANSWERS.items()] for one in answers])


@dataclass(frozen=True)
class Lessons:
    """Many lessons, stacked: frames [N, 8, H, W, 3], answers [N, 5], centres [N, 8, 2]."""

    frames: npt.NDArray[np.uint8]
    answers: Tensor
    centres: Tensor


def gather(seed: int, num_clips: int, folder: Path | None = None) -> Lessons:
    """`num_clips` lessons, kept in `folder` for the next time."""
    kept = folder / f"{seed}-{num_clips}.npz" if folder else None
    if kept is not None and kept.is_file():
        with np.load(kept) as file:
            return Lessons(file["frames"], torch.from_numpy(file["answers"]), torch.from_numpy(file["centres"]))
    rows: list[tuple[Frames, Answer, Points]] = []
    index = 0
    while len(rows) < num_clips:
        rows += lessons(seed, index)
        index += 1
        if index % 100 == 0:
            print(f"rendered {len(rows)} of {num_clips}", flush=True)
    frames, answers, points = zip(*rows[:num_clips], strict=True)
    made = Lessons(np.stack(frames), numbers(answers), torch.from_numpy(np.stack(points)))
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(kept, frames=made.frames, answers=made.answers.numpy(), centres=made.centres.numpy())
    return made


# ---- the network


def _grid(h: int, w: int) -> Tensor:
    """Where the cells of a map are, x and y in 0..1: [h·w, 2]."""
    y, x = torch.meshgrid((torch.arange(h) + 0.5) / h, (torch.arange(w) + 0.5) / w, indexing="ij")
    return torch.stack((x.flatten(), y.flatten()), 1)


def astray(log: Tensor, points: Tensor) -> Tensor:
    """How far attentions [B, h, w] (logarithms) are from looking at points [B, 2]; those outside do not count."""
    h, w = log.shape[1:]
    away = (_grid(h, w) - points[:, None]) * torch.tensor([SIZE[0] / SIZE[1], 1.0])  # B hw 2, in picture heights
    wanted = (-(away**2).sum(-1) / (2 * 0.07**2)).softmax(-1)
    inside = ((points > 0) & (points < 1)).all(1).float()
    return -((wanted * log.flatten(1)).sum(1) * inside).sum() / inside.sum().clamp(min=1)


def cut_out(x: Tensor, centres: Tensor) -> Tensor:
    """Squares of CROP pixels around points [B, 2] of pictures [B, 3, H, W]: [B, 3, CROP, CROP]."""
    share = torch.tensor([CROP / x.shape[3], CROP / x.shape[2]])
    places = (_grid(CROP, CROP).view(CROP, CROP, 2) - 0.5) * share + centres[:, None, None]
    return F.grid_sample(x, places * 2 - 1, padding_mode="border", align_corners=False)


class Reader(nn.Module):
    """Looks come from single frames at full size, their answers averaged; the shape from a closer look at the place
    where the thing was seen; motion from all frames at half size.

    `forward(frames)`: frames [B, 8, 3, 80, 144] in 0..1; returns log-odds for each of ANSWERS, [B, number of words].
    With the centres [B, 8, 2] of the thing it also returns how badly it looks at them, under "astray".
    """

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
        self.closer = nn.Sequential(
            Convolution(3, 24, 5, 2), Convolution(24, 48, 3, 2), Convolution(48, 96), Convolution(96, 96, 3, 2)
        )
        self.shape = nn.Sequential(nn.Linear(96 * 36, 96), nn.ReLU(), nn.Dropout(0.2), nn.Linear(96, len(SHAPES)))
        self.heads = nn.ModuleDict({name: nn.Linear(128, len(ANSWERS[name])) for name in ("colour", "ground", "time")})
        self.places = nn.Sequential(Convolution(3, 16, 5, 2), Convolution(16, 32, 3, 2), Convolution(32, 32))
        self.places_pool = Pool(32, 4)
        self.flow = nn.Sequential(Convolution(3 * NUM_READ, 32, 5, 2), Convolution(32, 56, 3, 2), Convolution(56, 56))
        self.flow_pool = Pool(56, 4)
        self.motion = nn.Sequential(
            nn.Linear(NUM_READ * 16 + 5 * 56 + 16, 96), nn.ReLU(), nn.Dropout(0.1), nn.Linear(96, len(DIRECTIONS))
        )

    def forward(self, frames: Tensor, centres: Tensor | None = None) -> dict[str, Tensor]:
        B, T = frames.shape[:2]
        x = (frames - 0.45) * 4
        # Training looks at two frames drawn by lot, which are enough to learn from; reading at every other one.
        shown = torch.randperm(T)[:2] if self.training else torch.arange(1, T, 2)
        looks = self.looks(x[:, shown].flatten(0, 1))  # B·S 96 10 18
        what, _, seen = self.looks_pool(looks)
        named = self.named(torch.cat((what, looks.mean((2, 3))), 1))  # B·S 128
        answers = {name: head(named).view(B, len(shown), -1).mean(1) for name, head in self.heads.items()}

        if centres is None:
            around = (seen.flatten(1).exp() @ _grid(*seen.shape[1:])).view(B, -1, 2)
        else:
            around = centres[:, shown] + 0.04 * torch.randn(B, len(shown), 2)
        crops = cut_out(x[:, shown].flatten(0, 1), around.flatten(0, 1))
        answers["shape"] = self.shape(self.closer(crops).flatten(1)).view(B, len(shown), -1).mean(1)

        half = F.avg_pool2d(x.flatten(0, 1), 2)  # B·T 3 40 72
        _, where, followed = self.places_pool(self.places(half))  # B·T 16
        changes = half.view(B, T, 3, *half.shape[-2:])
        middle = changes.mean(1, keepdim=True)
        flow = self.flow((changes - middle).flatten(1, 2))  # B 56 10 18
        moved, spot, _ = self.flow_pool(flow)
        answers["direction"] = self.motion(torch.cat((where.view(B, -1), moved, flow.mean((2, 3)), spot), 1))
        if centres is not None:
            answers["astray"] = astray(seen, centres[:, shown].flatten(0, 1)) + astray(followed, centres.flatten(0, 1))
        return answers


# ---- reading


@cache
def load(path: Path = WEIGHTS) -> Reader:
    """The reader in a weight file. Raises ReaderError or CheckpointError, saying what is wrong with the file."""
    state, header = checkpoint.read(path)
    reader = Reader()
    try:
        reader.load_state_dict(state)
    except RuntimeError:
        preset = header.get("card", {}).get("preset")
        raise ReaderError(f"reader: {path} holds no reader of this program, but {preset!r}") from None
    return reader.eval().requires_grad_(False)


def read(reader: Reader, clips: npt.NDArray[np.uint8], batch: int = 16) -> list[Answer]:
    """What each of the clips [B, T, H, W, 3] shows: the likeliest word for each of ANSWERS. Any T, 144×80 pixels."""
    if clips.ndim != 5 or clips.shape[2:] != (SIZE[1], SIZE[0], 3) or clips.dtype != np.uint8:
        raise ReaderError(
            f"reader: clips were {clips.dtype} {list(clips.shape)}; uint8 [B, T, {SIZE[1]}, {SIZE[0]}, 3] is read"
        )
    chosen = clips[:, read_times(clips.shape[1])]
    found: list[Answer] = []
    for start in range(0, len(chosen), batch):
        with torch.inference_mode():
            odds = reader(as_input(chosen[start : start + batch]))
        best = {name: values.argmax(1).tolist() for name, values in odds.items()}
        rows = len(chosen[start : start + batch])
        found += [{name: words[best[name][row]] for name, words in ANSWERS.items()} for row in range(rows)]
    return found


def as_input(frames: npt.NDArray[np.uint8]) -> Tensor:
    """uint8 [B, T, H, W, 3] to float [B, T, 3, H, W] in 0..1."""
    return torch.from_numpy(frames).permute(0, 1, 4, 2, 3).float() / 255


# ---- training


def shifted(x: Tensor, centres: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Frames [B, T, 3, H, W] and centres [B, T, 2] moved by up to six pixels, all alike."""
    H, W = x.shape[-2:]
    across, down = (int(v) - 6 for v in torch.randint(13, (2,), generator=generator))
    flat = F.pad(x.flatten(0, 1), (6, 6, 6, 6), mode="replicate")
    moved = flat[:, :, 6 + down : 6 + down + H, 6 + across : 6 + across + W].unflatten(0, x.shape[:2])
    return moved.contiguous(), centres - torch.tensor([across / W, down / H])


def mirrored(x: Tensor, answers: Tensor, centres: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The frames seen in a mirror: left is right."""
    swap = torch.tensor([1, 0, 2, 3, 4, 5])
    answers = answers.clone()
    answers[:, -1] = swap[answers[:, -1]]
    return x.flip(-1), answers, torch.stack((1 - centres[..., 0], centres[..., 1]), -1)


def accuracies(reader: Reader, frames: npt.NDArray[np.uint8], answers: Tensor) -> dict[str, float]:
    """The part of rightly read clips, for each of ANSWERS."""
    given = numbers(read(reader, frames))
    return {name: round(float((given[:, i] == answers[:, i]).float().mean()), 4) for i, name in enumerate(ANSWERS)}


def train(
    out: Path, num_clips: int, seconds: float, folder: Path | None = None, init: Path | None = None
) -> dict[str, float]:
    """Render, train for `seconds` of one core, test on unseen renders, write the weights to `out`; returns the
    accuracies. `init` is a reader to go on from."""
    torch.manual_seed(SEED)
    taught = gather(SEED, num_clips, folder)
    tests = gather(TEST_SEED, max(60, num_clips // 8), folder)
    reader = Reader()
    before: dict[str, Any] = {}
    if init is not None:
        reader.load_state_dict(load(init).state_dict())
        before = checkpoint.read(init)[1]["card"]["training"]
    reader.train()
    optimizer = torch.optim.AdamW(reader.parameters(), lr=2e-3, weight_decay=0.02)
    generator = torch.Generator().manual_seed(SEED + before.get("steps", 0))
    B, step, started = 32, 0, time.process_time()
    order = torch.empty(0, dtype=torch.int64)
    while (progress := (time.process_time() - started) / seconds) < 1 or step < 2:
        for group in optimizer.param_groups:  # a short rise, then a straight fall to nothing
            group["lr"] = 2.5e-3 * min(1.0, (step + 1) / 40) * max(0.01, 1 - progress)
        if len(order) < B:
            order = torch.randperm(len(taught.frames), generator=generator)
        chosen, order = order[:B], order[B:]
        x, wanted, centres = as_input(taught.frames[chosen.numpy()]), taught.answers[chosen], taught.centres[chosen]
        x, centres = shifted(x, centres, generator)
        if torch.rand(1, generator=generator) < 0.5:
            x, wanted, centres = mirrored(x, wanted, centres)
        if step % 4:  # a quarter stays as it was rendered
            x = worsened(x.contiguous(), generator)
        odds = reader(x, centres)
        losses = [F.cross_entropy(odds[name], wanted[:, i], label_smoothing=0.03) for i, name in enumerate(ANSWERS)]
        optimizer.zero_grad()
        (torch.stack(losses).sum() + losses[1] + 0.3 * odds["astray"]).backward()  # shape is the hardest: twice
        nn.utils.clip_grad_norm_(reader.parameters(), 5.0)
        optimizer.step()
        step += 1
        if step % 50 == 0:
            told = " ".join(f"{name} {loss.item():.2f}" for name, loss in zip(ANSWERS, losses, strict=True))
            print(
                f"{time.process_time() - started:5.0f} s, step {step}: {told} astray {odds['astray']:.2f}", flush=True
            )
    metrics = accuracies(reader.eval(), tests.frames, tests.answers)
    training = {
        "steps": step + before.get("steps", 0),
        "seconds": round(seconds + before.get("seconds", 0)),
        "rendered": len(taught.frames),
        "tested": len(tests.frames),
    }
    checkpoint.save(reader, Card("reader", SIZE, NUM_READ, FPS, 1, training, dict(metrics)), out, stored="int8")
    return metrics


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="the weight file to write")
    parser.add_argument("--clips", type=int, default=2600, help="how many clips to render as lessons")
    parser.add_argument("--seconds", type=float, default=900.0, help="how long to train, in seconds of one core")
    parser.add_argument("--cache", type=Path, default=None, help="a folder that keeps the renders")
    parser.add_argument("--init", type=Path, default=None, help="a reader to go on from")
    given = parser.parse_args()
    torch.set_num_threads(1)
    try:
        metrics = train(given.out, given.clips, given.seconds, given.cache, given.init)
    except (CheckpointError, ReaderError) as error:
        raise SystemExit(str(error)) from None
    for name, value in metrics.items():
        print(f"{name:10} {value:.1%}")


if __name__ == "__main__":
    main()

"""Shot in, Clip out: the one road from what is asked to what is made. `make` is its architecture, read from the top."""

import functools
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vitascope.finish.reframe import reframing
from vitascope.finish.rushes import Rushes, Take
from vitascope.model import checkpoint, flow, numerics, patches
from vitascope.model import recipe as recipes
from vitascope.model.card import Card, Refused, check, weights_of
from vitascope.model.condition import Conditions, condition, held
from vitascope.model.dit import DiT
from vitascope.model.layout import CONTEXT, Layout, Window, layout
from vitascope.model.recipe import BEST, DISTILLED, FAST, Recipe, Without, guidance_of
from vitascope.model.vocabulary import strangers
from vitascope.shot.clip import Clip, Frame
from vitascope.shot.said import as_said
from vitascope.shot.shot import Shot
from vitascope.sound.rehearsal import Rehearsal, rehearse

if TYPE_CHECKING:
    from vitascope.finish.animatic import Animatic
    from vitascope.finish.deliver import Delivery

# Guidance is for what is decided early; where there is little noise it only sharpens grain (arXiv 2404.07724).
GUIDED_UNTIL = 0.85
REFINE_FROM = 0.6  # a larger picture begins from the smaller one with so much noise over it (1 is clean)

Frames = npt.NDArray[np.uint8]  # T H W 3
Progress = Callable[[str, int, int], None]  # stage, done, of how many
Told = Callable[[int, int], None]
Cancel = Callable[[], bool]
Preview = Callable[[Sequence[Frame]], None]  # a window's frames as they form, small
Forming = Callable[[int, Frames], None]  # the number of the first of them, and they as the network makes them


@dataclass(frozen=True)
class Engine:
    """A trained network and what its weight file says of it; and the same distilled to few steps, where there is
    such a delta beside it (`<name>.fast.safetensors`)."""

    network: DiT
    card: Card
    distilled: DiT | None = None
    digest: str = ""  # the checksum of the weights

    def way(self, shot: Shot) -> tuple[DiT, Recipe]:
        """The network that makes a Shot of this quality, and how."""
        if shot.quality == "best":
            return self.network, BEST
        return (self.network, FAST) if self.distilled is None else (self.distilled, DISTILLED)


def make(
    shot: Shot | str,
    path: str | Path | None = None,
    *,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    resume: bool = False,
    delivery: "Delivery | None" = None,
    preview: Preview | None = None,
    **fields: Any,
) -> Clip:
    """Make what the Shot asks for, and write it to `path` (.mp4, or .png for a Shot of one frame) if there is one.

    Words in place of a Shot become one, with `fields` (seconds, size, seed, ...) put over its defaults; a Shot's own
    fields are changed by them. `progress(stage, done, total)` is told of the stages load, speak, sample, refine, sound
    and write; `preview` is shown the frames of a window as they form. When `cancel()` turns true the work stops between
    two steps with `flow.Cancelled`. The windows of a long film are kept beside it (`rushes_of`) until it is written;
    with `resume` one that was stopped goes on from there. Raises ShotError for fields that cannot be, Refused for what
    this model cannot make, CheckpointError for damaged weights, SoundError for what cannot be made heard and MediaError
    for files that cannot be read or written; nothing half-written is left.
    """
    report = progress or (lambda stage, done, total: None)
    shot = Shot.checked(text=shot, **fields) if isinstance(shot, str) else shot.with_(**fields)
    report("load", 0, 1)
    made_by = engine(shot.model)
    refuse(shot, made_by)
    said = rehearse(shot, report)  # first what is said, so that lips can move with it
    kept = None if path is None else rushes_of(made_by, said.shot, Path(path), resume)
    clip = make_with(made_by, said.shot, report, cancel, kept, preview)
    if shot.sound is not None:
        clip = heard(clip, said, report, cancel)
    if path is not None:
        from vitascope.finish.deliver import USUAL, deliver  # training needs none of what it needs

        deliver(clip, path, delivery or USUAL, partial(report, "write"), cancel)
    if kept is not None:
        kept.let_go()
    report("done", 1, 1)
    return clip


def rushes_of(made_by: Engine, shot: Shot, path: Path, resume: bool = False) -> Rushes | None:
    """Where the windows of a long Shot are kept until its film is written: beside it, in `<name>.rushes`. None for a
    Shot of one window. Raises as `make` does."""
    check(shot, made_by.card)
    if len(layout(shot, made_by.card).windows) == 1:
        return None
    return Rushes(shot, made_by.digest, path.with_name(path.name + ".rushes"), resume=resume)


def heard(clip: Clip, said: Rehearsal, progress: Progress, cancel: Cancel | None = None) -> Clip:
    """The clip with the sound that its Shot wants, and that Shot as it was asked for: making it again rehearses it
    again. Raises SoundError for what cannot be made heard."""
    from vitascope.finish.frames import Finished
    from vitascope.sound.soundtrack import performed

    frames, fps = clip.frames, clip.fps
    told = partial(_as_stage, progress, "sound")
    if isinstance(frames, Finished):  # as the network made them: there are fewer
        made, fps = islice(frames.made, frames.num_made), frames.fps
        sound, notes = performed(said, made, fps, clip.seconds, told, cancel)
    else:
        sound, notes = performed(said, frames, fps, clip.seconds, told, cancel)
    return replace(clip, shot=said.asked, sound=sound, notes=notes)


def _as_stage(progress: Progress, stage: str, part: str, done: int, total: int) -> None:
    progress(stage, done, total)


def make_with(
    made_by: Engine,
    shot: Shot,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    rushes: Rushes | None = None,
    preview: Preview | None = None,
) -> Clip:
    """What an engine makes of a Shot; raises as `make` does. The windows of a long one are kept in `rushes`, or in a
    folder of their own while the clip is there; those that are there already are not made again."""
    from vitascope.finish.frames import Finished

    report = progress or (lambda stage, done, total: None)
    refuse(shot, made_by)
    if (moved := in_motion(shot)) is not None:  # no network has to draw what is known
        return Clip(Finished(moved, shot.num_frames, shot.fps, shot, seams=False), shot.fps, shot)
    planned = layout(shot, made_by.card)
    told = as_said(shot)
    camera = reframing(told, planned.num_frames, planned.fps)
    filmed = told if camera is None else camera.shot

    def shown(number: int, frames: Frames) -> None:
        assert preview is not None
        preview(list(frames) if camera is None else camera.some(list(frames), number))

    forming = None if preview is None else shown
    first: list[Take] = []
    kept: Iterable[Frame] | None = None
    if sets_in_motion(filmed, planned):
        there = (lambda number: None) if rushes is None else rushes.get
        first = [next(windows(made_by, filmed, planned, report, cancel, there, forming))]
        kept = set_in_motion(filmed, planned, first[0].frames[0])
    moves = kept is not None
    if kept is None and len(planned.windows) == 1:
        kept = (first or [next(windows(made_by, filmed, planned, report, cancel, forming=forming))])[0].frames
    elif kept is None:
        kept = rushes = rushes or Rushes(shot, made_by.digest)
        if first and rushes.get(0) is None:
            rushes.put(0, first[0])
        for number, take in enumerate(windows(made_by, filmed, planned, report, cancel, rushes.get, forming)):
            if rushes.get(number) is None:
                rushes.put(number, take)
    seen = kept if camera is None else camera.all(kept)
    made = Finished(seen, planned.num_frames, planned.fps, shot, seams=not moves)
    return Clip(made, shot.fps, shot)


def in_motion(shot: Shot) -> "Animatic | None":
    """The Shot's first frame in motion, in its size and at its rate, where its tracks move it and no more is known."""
    from vitascope.finish.animatic import animatic  # training needs none of what it needs

    return animatic(as_said(shot), shot.num_frames, shot.fps)


def sets_in_motion(shot: Shot, planned: Layout) -> bool:
    """Whether the first frame that the network draws for a Shot may be set in motion by its tracks."""
    from vitascope.finish.animatic import moves

    return moves(inner(shot, planned), planned.num_frames, planned.fps)


def set_in_motion(shot: Shot, planned: Layout, first: Frame) -> "Animatic | None":
    """The first frame that the network has drawn in motion; None where nothing is seen that could be moved."""
    from vitascope.finish.animatic import drawn

    return drawn(inner(shot, planned, planned.larger), first, planned.num_frames, planned.fps)


@dataclass(frozen=True)
class Plan:
    """What making a Shot will take."""

    tokens: int  # in the longest call of the network, pins included
    calls: int  # of the network, those with and without the words counted as one
    windows: int
    size: tuple[int, int]  # at which the network makes its last frames
    parameters: int
    seconds: float  # of sampling, by the time that one call took here and now
    memory: int  # bytes at most, beside what the program itself takes
    free: int | None  # bytes of memory that are free now; None where the system does not say


def plan(shot: Shot) -> Plan:
    """What making this Shot will take, from one call of the network on noise at each size. Raises as `make` does, but
    for a want of memory, which it tells."""
    made_by = engine(shot.model)
    check(shot, made_by.card)
    planned = layout(shot, made_by.card)
    network, recipe = made_by.way(shot)
    seconds, calls = 0.0, 0
    num = worked(shot, planned)
    if num:
        calls = num * (shot.steps or recipe.steps)
        seconds = calls * _call_seconds(network, inner(shot, planned), planned.windows[0], recipe)
    if num and planned.larger:
        larger = unguided(inner(shot, planned, planned.larger))
        more = num * recipe.refine_steps
        seconds += more * _call_seconds(network, larger, planned.windows[0], recipe)
        calls += more
    parameters = sum(p.numel() for p in made_by.network.parameters())
    tokens, memory = _most(shot, planned, made_by.network)
    size = planned.larger or planned.size
    return Plan(tokens, calls, len(planned.windows), size, parameters, seconds, memory, free_memory())


def shares(shot: Shot) -> dict[str, float]:
    """The seconds that each stage of making this Shot takes on two cores, very roughly (see `recipe.shares`). Raises as
    `make` does."""
    made_by = engine(shot.model)
    check(shot, made_by.card)
    network, recipe = made_by.way(shot)
    planned = layout(shot, made_by.card)
    parameters = sum(p.numel() for p in network.parameters())
    stages = recipes.shares(shot, planned, parameters, recipe)
    share = worked(shot, planned) / len(planned.windows)
    return {
        stage: seconds * (1 if stage == "write" else share)
        for stage, seconds in stages.items()
        if share or stage == "write"
    }


def _call_seconds(network: DiT, shot: Shot, window: Window, recipe: Recipe) -> float:
    one = shot.with_(steps=1)
    draw(network, [one], window, recipe=recipe)  # the first call also prepares what later ones find ready
    start = time.perf_counter()
    draw(network, [one], window, recipe=recipe)
    return time.perf_counter() - start


def _most(shot: Shot, planned: Layout, network: DiT) -> tuple[int, int]:
    """Tokens of the longest call, and bytes that making this Shot takes at most."""
    params = network.params
    width, height = planned.larger or planned.size
    pinned = sum(1 if pin.media.kind == "picture" else 4 for pin in shot.pins)
    tokens = planned.num_tokens + pinned * width * height // patches.PATCH**2
    # With and without the words: some widths a token. The attention's scores are never there as a whole.
    inside = 2 * 4 * tokens * (12 * params.width + 2 * params.hidden) + 4 * sum(p.numel() for p in network.parameters())
    window = max(window.num_frames for window in planned.windows)
    outside = 3 * width * height * 41 * window + 60 * shot.size[0] * shot.size[1]  # long ones are kept on disk
    return tokens, inside + outside


def free_memory() -> int | None:
    """Bytes of memory that a program may take now, where the system says (Linux)."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        return None


def unknown_words(shot: Shot) -> dict[str, str]:
    """The words of a Shot's text that the model has never read, each with the word it knows that means most like it."""
    return strangers(shot.text, engine(shot.model).card.words)


def engine(name: str) -> Engine:
    """The engine of a name (see `card.weights_of`). Raises Refused and CheckpointError."""
    return loaded(weights_of(name))


def loaded(path: Path) -> Engine:
    """The engine of a weight file, and of the delta beside it; kept while neither changes. Raises CheckpointError."""
    files = (path, fast_of(path))
    return _loaded(path, tuple(file.stat().st_mtime_ns if file.is_file() else 0 for file in files))


@functools.lru_cache(maxsize=2)
def _loaded(path: Path, changed: tuple[int, ...]) -> Engine:
    delta = fast_of(path)
    network, card = checkpoint.load(path)
    distilled = checkpoint.load_with(path, delta) if delta.is_file() else None
    return Engine(network, card, distilled, checkpoint.digest(path))


def fast_of(path: Path) -> Path:
    """Where the delta for few steps of a weight file is, if there is one."""
    return path.with_suffix(".fast.safetensors")


def refuse(shot: Shot, made_by: Engine) -> None:
    """Raise Refused, naming the field, for what this engine cannot make, or not on this machine."""
    check(shot, made_by.card)
    _, memory = _most(shot, layout(shot, made_by.card), made_by.network)
    free = free_memory()
    if free is not None and memory > free:
        raise Refused(
            f"memory: {memory / 1e9:.1f} GB would be taken and {free / 1e9:.1f} GB are free; "
            f"ask for a smaller size or fewer seconds"
        )


def worked(shot: Shot, planned: Layout) -> int:
    """How many windows the network makes: none of a known picture in motion, one where it draws what is then moved."""
    if in_motion(shot) is not None:
        return 0
    return 1 if sets_in_motion(shot, planned) else len(planned.windows)


def inner(shot: Shot, planned: Layout, size: tuple[int, int] | None = None) -> Shot:
    """The Shot as the network makes it: at one of its own sizes (the first if none is named) and its rate."""
    seconds = shot.seconds if shot.num_frames > 1 else 1 / planned.fps
    return shot.with_(size=size or planned.size, fps=planned.fps, seconds=seconds)


def windows(
    made_by: Engine,
    shot: Shot,
    planned: Layout,
    report: Progress,
    cancel: Cancel | None = None,
    there: Callable[[int], Take | None] = lambda number: None,
    forming: Forming | None = None,
) -> Iterator[Take]:
    """The frames of each window [T, H, W, 3], at the largest size that the network makes of this Shot.

    A window knows the last frames of the one before, as they were before anything was done to them. Those that are
    `there`, by their number, are passed on."""
    small, large = inner(shot, planned), None if planned.larger is None else inner(shot, planned, planned.larger)
    network, recipe = made_by.way(shot)
    total, steps = len(planned.windows), shot.steps or recipe.steps
    known = CONTEXT * patches.GROUP  # frames
    before: list[Frames] = []
    before_large: list[Frames] = []
    for number, window in enumerate(planned.windows):
        if (take := there(number)) is not None:
            before, before_large = [take.small], [np.array(take.frames[-known:])]
            yield take
            continue

        def told(stage: str, each: int, done: int, of: int, number: int = number) -> None:
            report(stage, number * each + done, total * each)

        told("sample", steps, 0, 0)
        shown = None if forming is None else partial(forming, window.first)
        frames = draw(network, [small], window, before or None, partial(told, "sample", steps), cancel, recipe, shown)[
            0
        ]
        before = [frames[-known:]]
        if large is not None:
            told("refine", recipe.refine_steps, 0, 0)
            on_refine = partial(told, "refine", recipe.refine_steps)
            frames = refine(network, large, frames, window, before_large or None, on_refine, cancel, recipe)
            before_large = [frames[-known:]]
        yield Take(frames, before[0])


def draw(
    network: DiT,
    shots: Sequence[Shot],
    window: Window | None = None,
    before: Sequence[Frames] | None = None,
    progress: Told | None = None,
    cancel: Cancel | None = None,
    recipe: Recipe = BEST,
    preview: Callable[[Frames], None] | None = None,
) -> Frames:
    """The frames of one window (all, if none is named) of several shots of one size and length, made together from
    noise: [B, T, H, W, 3]."""
    first = shots[0]
    moving = first.num_frames > 1
    window = window or Window(0, -(-first.num_frames // patches.GROUP) if moving else 1, 0)
    steps = flow.schedule(first.steps or recipe.steps, least=recipe.least)
    made = _sampled(network, shots, window, before, None, steps, progress, cancel, recipe, preview)
    return made[:, : first.num_frames - window.first]


def refine(
    network: DiT,
    shot: Shot,
    frames: Frames,
    window: Window,
    before: Sequence[Frames] | None = None,
    progress: Told | None = None,
    cancel: Cancel | None = None,
    recipe: Recipe = BEST,
) -> Frames:
    """A window's frames [T, h, w, 3] made again at the Shot's larger size [T, H, W, 3]: scaled, noised a little, and
    cleaned by the network (SDEdit, arXiv 2108.01073). What is seen stays, its details are made new."""
    group = patches.GROUP if shot.num_frames > 1 else 1
    padded = np.concatenate((frames, np.repeat(frames[-1:], -len(frames) % group, 0)))
    larger = np.stack([scaled(frame, shot.size) for frame in padded])  # T H W 3
    start = patches.to_patches(patches.to_float(larger)[None], group)
    steps = flow.schedule(recipe.refine_steps, REFINE_FROM, recipe.least)
    made = _sampled(network, [unguided(shot)], window, before, start, steps, progress, cancel, recipe)
    return made[0, : len(frames)]


def _sampled(
    network: DiT,
    shots: Sequence[Shot],
    window: Window,
    before: Sequence[Frames] | None,
    start: Tensor | None,
    steps: list[float],
    progress: Told | None,
    cancel: Cancel | None,
    recipe: Recipe,
    preview: Callable[[Frames], None] | None = None,
) -> Frames:
    """The frames [B, F, H, W, 3] of a window; from noise, or from clean patches [B, G, n, width] to `start` with."""
    first = shots[0]
    grid = patches.grid_of(first.size)
    n = math.prod(grid)
    width = patches.MOVING_WIDTH if first.num_frames > 1 else patches.STILL_WIDTH
    noise = torch.stack([_noise(shot.seed, window, (window.num_groups, n, width)) for shot in shots])  # B G n width
    device = next(network.parameters()).device
    weights, stays = guidance_of(first, recipe.guidance), held(shots, window)
    stays = None if stays is None else (stays[0].to(device), stays[1].to(device))
    with torch.inference_mode(), numerics.products(device):
        clean = flow.sample(
            flow.guided(
                _answer(network, condition(shots, window, before).to(device)),
                _answers(network, shots, window, before, list(weights), device),
                list(weights.values()),
                (0.0, GUIDED_UNTIL),
                recipe.guided_every,
            ),
            noise.to(device),
            steps,
            method=recipe.method,
            held=stays,
            start=None if start is None else start.to(device),
            progress=progress,
            cancel=cancel,
            seen=None if preview is None else lambda x: preview(patches.to_bytes(patches.to_frames(x, grid))[0]),
        )
        frames = patches.smooth_seams(patches.to_frames(clean, grid))
        if stays is not None:
            frames = torch.lerp(frames, *(patches.to_frames(part, grid) for part in stays))
    return patches.to_bytes(frames)


def unguided(shot: Shot) -> Shot:
    """The Shot without guidance of any kind."""
    return shot.with_(guidance=1.0, track_guidance=1.0, pin_guidance=1.0)


def _noise(seed: int, window: Window, shape: tuple[int, ...]) -> Tensor:
    """Each window has its own noise; that of the first is the seed's."""
    own = seed if window.first == 0 else int(np.random.default_rng([seed, window.first]).integers(2**63))
    return torch.randn(shape, generator=torch.Generator().manual_seed(own))


def _answer(network: DiT, conditions: Conditions) -> flow.Network:
    """The network as the sampler sees it: conditions fixed, input scaled to unit variance."""
    return lambda z, time: network(flow.scaled(z, time), time, conditions).float()


def _answers(
    network: DiT,
    shots: Sequence[Shot],
    window: Window,
    before: Sequence[Frames] | None,
    without: Sequence[Without],
    device: torch.device,
) -> Callable[[Tensor, Tensor], list[Tensor]]:
    """Its answers with everything and without each of some conditions. They are made in one call of a larger batch, but
    those without pins, which have fewer tokens, in one of their own."""
    together: list[Without | None] = [None, *(kind for kind in without if kind != "pins")]
    calls = [(together, condition(shots, window, before, together).to(device))]
    if "pins" in without:
        calls.append((["pins"], condition(shots, window, before, ["pins"]).to(device)))

    def answers(z: Tensor, time: Tensor) -> list[Tensor]:
        found: dict[Without | None, Tensor] = {}
        for kinds, conditions in calls:
            num = len(kinds)
            x = network(flow.scaled(z, time).repeat(num, 1, 1, 1), time.repeat(num, 1), conditions).float()
            found |= dict(zip(kinds, x.chunk(num), strict=True))
        return [found[None], *(found[kind] for kind in without)]

    return answers


def scaled(frame: Frame, size: tuple[int, int]) -> Frame:
    """A frame [H, W, 3] at another size; as it is where the size is the same."""
    from PIL import Image

    if frame.shape[1::-1] == size:
        return frame
    return np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS))

"""Does a generated clip show what was asked? Fixed unseen prompts, read by the reader beside true renders of the same.

What a number is worth is told by two others: the ceiling (true renders of the same prompts, through the same reader)
and the baseline (each clip held against the answers of all other prompts: what a network that ignores the text gets).
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vitascope import generate
from vitascope.evaluate import reader as reading
from vitascope.evaluate.reader import ANSWERS, FPS, SECONDS, SIZE, Answer
from vitascope.model import checkpoint
from vitascope.shot.media import write_picture
from vitascope.shot.shot import Shot
from vitascope.world.physics import Motion, simulate, went_as_planned
from vitascope.world.sample import sample_scene
from vitascope.world.scene import Action, Colour, GroundName, Hour, Scene, Shape

BATCH = 8
NUM_RENDERS = 2
USUAL = 24  # prompts of the usual measure
SEED = 7_000  # of the noise of prompt 0; prompt i has SEED + i
RENDER_SEED = 103
NAMES = {"colour": "colour", "ground": "ground", "object": "shape", "direction": "direction", "time": "time"}

Frames = npt.NDArray[np.uint8]  # B T H W 3
Draw = Callable[[Sequence[Shot]], Frames]


class AdherenceError(ValueError):
    """A measurement that cannot be made as asked."""


@dataclass(frozen=True)
class Prompt:
    """A sentence and what a clip of it must show. `action` says which motion shows it; only its direction is read."""

    text: str
    colour: Colour
    shape: Shape
    action: Action
    direction: str
    ground: GroundName
    time: Hour

    @property
    def answer(self) -> Answer:
        return {name: getattr(self, name) for name in ANSWERS}


# Every triple of colour, shape and action is held out of training (none is white, and nothing slides: no such triple
# is held out). Four of the first 24 prompts are of each ground; the first eight already hold all grounds, hours and
# most directions.
PROMPTS: tuple[Prompt, ...] = (
    Prompt("a green ball bounces on the grass at sunset", "green", "ball", "bounce", "down", "grass", "sunset"),
    Prompt("a red egg rolls to the left on the sand at noon", "red", "egg", "roll", "left", "sand", "noon"),
    Prompt("a blue can rolls to the right in the snow at dawn", "blue", "can", "roll", "right", "snow", "dawn"),
    Prompt("a pink cube rests on a tiled floor at night", "pink", "cube", "stand", "still", "tiles", "night"),
    Prompt(
        "a purple brick topples over to the left on the road under an overcast sky",
        *("purple", "brick", "topple", "left", "asphalt", "overcast"),
    ),
    Prompt("a yellow ball falls on a wooden floor at noon", "yellow", "ball", "fall", "down", "wood", "noon"),
    Prompt(
        "a black can rolls to the right on the grass under an overcast sky",
        *("black", "can", "roll", "right", "grass", "overcast"),
    ),
    Prompt(
        "a red egg rolls towards the camera on a tiled floor at dawn", "red", "egg", "roll", "near", "tiles", "dawn"
    ),
    Prompt("a brown cube bounces in the snow at sunset", "brown", "cube", "bounce", "down", "snow", "sunset"),
    Prompt(
        "a pink can topples over to the right on the sand at night", "pink", "can", "topple", "right", "sand", "night"
    ),
    Prompt("a purple pill falls on the road at noon", "purple", "pill", "fall", "down", "asphalt", "noon"),
    Prompt("a blue can rolls to the left on a wooden floor at sunset", "blue", "can", "roll", "left", "wood", "sunset"),
    Prompt("a yellow egg rests on the grass at dawn", "yellow", "egg", "stand", "still", "grass", "dawn"),
    Prompt("a red cube falls on the sand under an overcast sky", "red", "cube", "fall", "down", "sand", "overcast"),
    Prompt(
        "a purple brick topples over to the right in the snow at noon",
        *("purple", "brick", "topple", "right", "snow", "noon"),
    ),
    Prompt(
        "a black can rolls to the left on a tiled floor at sunset", "black", "can", "roll", "left", "tiles", "sunset"
    ),
    Prompt("a brown pill rests on the road at dawn", "brown", "pill", "stand", "still", "asphalt", "dawn"),
    Prompt("a green egg bounces on a wooden floor at night", "green", "egg", "bounce", "down", "wood", "night"),
    Prompt("a red brick falls on the grass at night", "red", "brick", "fall", "down", "grass", "night"),
    Prompt(
        "a blue can rolls away from the camera on the sand at sunset",
        *("blue", "can", "roll", "away", "sand", "sunset"),
    ),
    Prompt("an orange can falls in the snow at night", "orange", "can", "fall", "down", "snow", "night"),
    Prompt("a pink ball bounces on a tiled floor at noon", "pink", "ball", "bounce", "down", "tiles", "noon"),
    Prompt("a red egg rolls to the right on the road at sunset", "red", "egg", "roll", "right", "asphalt", "sunset"),
    Prompt(
        "a purple ball rests on a wooden floor under an overcast sky",
        *("purple", "ball", "stand", "still", "wood", "overcast"),
    ),
    # The first 24 are the usual measure; these make forty.
    Prompt("a green ball bounces on a tiled floor at dawn", "green", "ball", "bounce", "down", "tiles", "dawn"),
    Prompt("a red egg rolls to the left on the grass at night", "red", "egg", "roll", "left", "grass", "night"),
    Prompt(
        "a blue can rolls to the right on the road under an overcast sky",
        *("blue", "can", "roll", "right", "asphalt", "overcast"),
    ),
    Prompt("a pink cube rests on the sand at sunset", "pink", "cube", "stand", "still", "sand", "sunset"),
    Prompt(
        "a purple brick topples over to the left on a wooden floor at noon",
        *("purple", "brick", "topple", "left", "wood", "noon"),
    ),
    Prompt("a yellow ball falls in the snow at night", "yellow", "ball", "fall", "down", "snow", "night"),
    Prompt("a black can rolls to the right on the sand at dawn", "black", "can", "roll", "right", "sand", "dawn"),
    Prompt("a brown cube bounces on the road at noon", "brown", "cube", "bounce", "down", "asphalt", "noon"),
    Prompt(
        "a pink can topples over to the left on the grass at dawn", "pink", "can", "topple", "left", "grass", "dawn"
    ),
    Prompt("a purple pill falls on a tiled floor at sunset", "purple", "pill", "fall", "down", "tiles", "sunset"),
    Prompt(
        "a yellow egg rests in the snow under an overcast sky", "yellow", "egg", "stand", "still", "snow", "overcast"
    ),
    Prompt("a red cube falls on a wooden floor at dawn", "red", "cube", "fall", "down", "wood", "dawn"),
    Prompt("a green egg bounces on the sand at noon", "green", "egg", "bounce", "down", "sand", "noon"),
    Prompt("a red brick falls on the road at sunset", "red", "brick", "fall", "down", "asphalt", "sunset"),
    Prompt("an orange can falls on the grass at noon", "orange", "can", "fall", "down", "grass", "noon"),
    Prompt("a purple ball rests on a tiled floor at night", "purple", "ball", "stand", "still", "tiles", "night"),
)


def shot_of(prompt: Prompt, number: int) -> Shot:
    """The Shot that asks for prompt `number` of the list."""
    return Shot(text=prompt.text, size=SIZE, seconds=SECONDS, fps=FPS, seed=SEED + number)


def asked(count: int) -> tuple[Prompt, ...]:
    """The first `count` prompts; beyond the table's end it begins again, with other seeds."""
    if count < 1:
        raise AdherenceError(f"count was {count}; at least 1 film is needed")
    return tuple(PROMPTS[i % len(PROMPTS)] for i in range(count))


# ---- the truth


def render(prompt: Prompt, number: int) -> Frames:
    """A true render of the prompt with a camera that stands still, the `number`th of any: [T, H, W, 3]."""
    rng = np.random.default_rng([RENDER_SEED, PROMPTS.index(prompt), number])
    while True:
        scene, motion = _happening(prompt, rng)
        scene = scene.with_(ground=prompt.ground, time=prompt.time, look=int(rng.integers(2**31)))
        found = reading.framed(scene, motion, rng, still=True)
        if found is not None:
            return reading.film(found, motion, whole=True)


def _happening(prompt: Prompt, rng: np.random.Generator) -> tuple[Scene, Motion]:
    """Scenes are drawn by lot until one does what the prompt says; the colour has no part in that, so it is set."""
    while True:
        scene = sample_scene(rng, split="any")
        thing = scene.things[0]
        if len(scene.things) > 1 or (thing.shape, thing.action) != (prompt.shape, prompt.action):
            continue
        if reading.direction_of(thing) != prompt.direction:
            continue
        scene = scene.with_(things=(thing.model_copy(update={"colour": prompt.colour}),))
        motion = simulate(scene, SECONDS, FPS)
        if went_as_planned(scene, motion):
            return scene, motion


# ---- the numbers


def wilson(hits: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a proportion, which is right for small numbers too (Wilson 1927)."""
    if total == 0:
        return 0.0, 1.0
    p = hits / total
    middle = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total))
    return max(0.0, middle - half), min(1.0, middle + half)


def suite(wanted: Sequence[Answer], made: Sequence[Answer], true: Sequence[Answer]) -> dict[str, dict[str, Any]]:
    """Value, interval, ceiling and baseline of each attribute. `true` holds NUM_RENDERS answers for each wanted one."""
    num = len(wanted)
    others = [[prompt.answer for prompt in PROMPTS if prompt.answer != one] for one in wanted]
    numbers: dict[str, dict[str, Any]] = {}
    for name, key in NAMES.items():
        hits = sum(made[i][key] == wanted[i][key] for i in range(num))
        known = sum(true[i][key] == wanted[i // NUM_RENDERS][key] for i in range(len(true)))
        chance = [made[i][key] == other[key] for i in range(num) for other in others[i]]
        low, high = wilson(hits, num)
        value, ceiling = hits / num, known / len(true)
        numbers[name] = {
            "value": round(value, 4),
            "low": round(low, 4),
            "high": round(high, 4),
            "ceiling": round(ceiling, 4),
            "baseline": round(sum(chance) / len(chance), 4),
            "relative": round(value / ceiling, 4) if ceiling else 0.0,
            "unit": "share of clips read as asked",
        }
    return numbers


def evaluate(weights: Path | None, out: Path, count: int = USUAL, *, draw: Draw | None = None) -> dict[str, Any]:
    """Generate the clips of `count` prompts, read them and true renders, and write out/report.json and out/sheet.png.

    `weights` None is the shipped network; `draw` stands in for it in tests. Returns the report. Raises AdherenceError
    or CheckpointError with one clear line.
    """
    prompts = asked(count)
    named = weights or generate.WEIGHTS / "small.safetensors"
    training: dict[str, Any] = {}
    if draw is None:
        network, card = checkpoint.load(named)
        training = card.training

        def draw(shots: Sequence[Shot]) -> Frames:
            return generate.draw(network, shots)

    reader = reading.load()
    shots = [shot_of(prompt, i) for i, prompt in enumerate(prompts)]
    made = np.concatenate([draw(shots[i : i + BATCH]) for i in range(0, count, BATCH)])  # B T H W 3
    again = [i // len(PROMPTS) * NUM_RENDERS for i in range(count)]  # a prompt that comes again has other renders
    true = np.stack([render(prompts[i], again[i] + k) for i in range(count) for k in range(NUM_RENDERS)])
    read_made, read_true = reading.read(reader, made), reading.read(reader, true)
    wanted = [prompt.answer for prompt in prompts]
    numbers = suite(wanted, read_made, read_true)
    report = {
        "suites": {"adherence": numbers},
        "weights": {"file": named.name, "training": training},
        "num_clips": count,
        "num_renders": len(true),
        "clips": [
            {"text": prompt.text, "seed": shot.seed, "asked": prompt.answer, "read": answer}
            for prompt, shot, answer in zip(prompts, shots, read_made, strict=True)
        ],
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise AdherenceError(f"{out} cannot be written ({error.strerror})") from None
    write_picture(out / "sheet.png", sheet(prompts, made, true[::NUM_RENDERS], read_made, read_true[::NUM_RENDERS]))
    _print(numbers, count)
    return report


# ---- what a human sees


def sheet(
    prompts: Sequence[Prompt], made: Frames, true: Frames, read_made: Sequence[Answer], read_true: Sequence[Answer]
) -> npt.NDArray[np.uint8]:
    """Generated clips on the left, true renders on the right, four frames each; above them the prompt, below what was
    read, in red where it is wrong: uint8 [H, W, 3]."""
    from PIL import Image, ImageDraw, ImageFont

    (width, height), columns, line, gap = SIZE, 4, 16, 12
    side = columns * width + gap
    row = height + 2 * line + 6
    page = Image.new("RGB", (2 * side, len(prompts) * row), (18, 18, 20))
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(size=12)
    for r, prompt in enumerate(prompts):
        pen.text((4, r * row), prompt.text, font=font, fill=(235, 235, 235))
        for s, (clip, answer) in enumerate(((made[r], read_made[r]), (true[r], read_true[r]))):
            for c, t in enumerate(np.linspace(0, len(clip) - 1, columns).round().astype(int)):
                page.paste(Image.fromarray(clip[t]), (s * side + c * width, r * row + line))
            x = s * side + 4.0
            for name, word in answer.items():
                right = word == prompt.answer[name]
                text = word if right else f"{word} (not {prompt.answer[name]})"
                fill = (130, 200, 130) if right else (255, 90, 80)
                pen.text((x, r * row + line + height), text, font=font, fill=fill)
                x += pen.textlength(text, font=font) + 14
    return np.asarray(page)


def _print(numbers: dict[str, dict[str, Any]], count: int) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"Adherence on {count} unseen prompts")
    for column in ("attribute", "generated", "95 % interval", "true renders", "other prompts", "of the ceiling"):
        table.add_column(column, justify="left" if column == "attribute" else "right")
    for name, n in numbers.items():
        interval = f"{n['low']:.0%} to {n['high']:.0%}"
        told = (f"{n['value']:.1%}", interval, f"{n['ceiling']:.1%}", f"{n['baseline']:.1%}", f"{n['relative']:.0%}")
        table.add_row(name, *told)
    Console().print(table)

"""Does a generated clip show what was asked? Held-out prompts, read by the critic beside true renders of the same.

What a number is worth is told by two others: the ceiling (true renders of the same prompts, through the same critic)
and the baseline (each clip held against the answers of all other prompts: what a network that ignores the text gets).
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vitascope.evaluate import camera
from vitascope.evaluate import critic as reading
from vitascope.evaluate.critic import PAIR, Answer
from vitascope.evaluate.prompts import LATER, PROMPTS, USUAL, LaterPrompt, Prompt, render, shot_of
from vitascope.evaluate.suite import Metric, Outcome, Shown, Studio, Table
from vitascope.model import checkpoint
from vitascope.model.card import WEIGHTS
from vitascope.shot.media import write_picture
from vitascope.shot.shot import Shot

__all__ = ["PROMPTS", "Prompt", "evaluate", "measure", "render", "shot_of", "wilson"]

BATCH = 8
NUM_RENDERS = 2
# What is told of each attribute: the critic's names for it. A prompt asks for one of them or for none.
NAMES: dict[str, tuple[str, ...]] = {
    "object": ("shape",),
    "colour": ("colour",),
    "material": ("material",),
    "place": ("ground", "place"),
    "time of day": ("time",),
    "action": ("action",),
    "direction": ("direction",),
    "camera": ("camera",),
    "count": ("count",),
    "style": ("style",),
    "shot size": ("shot size",),
    "expression": ("expression",),
    "sign text": ("word",),
    "two-object binding": (PAIR,),
}
MEASURED = ("camera",)  # not by the critic
READABLE = 0.8  # of true renders: what the critic reads rightly less often than that is not measured
# Of the short run: a part of the usual prompts, and some that ask for stuff and camera too.
QUICK = (*PROMPTS[:12], *PROMPTS[40:52])

Frames = npt.NDArray[np.uint8]  # T H W 3, or with B before
Draw = Callable[[Sequence[Shot]], Frames]
AnyPrompt = Prompt | LaterPrompt


class AdherenceError(ValueError):
    """A measurement that cannot be made as asked."""


def asked(count: int) -> tuple[Prompt, ...]:
    """The first `count` prompts; beyond the table's end it begins again, with other seeds."""
    if count < 1:
        raise AdherenceError(f"count was {count}; at least 1 film is needed")
    return tuple(PROMPTS[i % len(PROMPTS)] for i in range(count))


# ---- the numbers


def wilson(hits: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a proportion, which is right for small numbers too (Wilson 1927)."""
    if total == 0:
        return 0.0, 1.0
    p = hits / total
    middle = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total))
    return max(0.0, middle - half), min(1.0, middle + half)


def read(clips: Frames, wanted: Sequence[Answer] = ()) -> list[Answer]:
    """What each clip [B, T, H, W, 3] shows. What the camera does is measured, where it is `wanted` [B]: geometry knows
    what a critic guesses (`camera.name_of`)."""
    answers = reading.read(reading.load(), clips)
    for number, asked_for in enumerate(wanted):
        if "camera" in asked_for:
            answers[number] = {**answers[number], "camera": camera.name_of(clips[number])}
    return answers


def scores(wanted: Sequence[Answer], made: Sequence[Answer], true: Sequence[Answer]) -> dict[str, Metric]:
    """Value, interval, ceiling and baseline of each attribute that is asked for. `true` holds as many answers for each
    wanted one as for any other, in the same order."""
    renders = len(true) // len(wanted)
    metrics: dict[str, Metric] = {}
    for name, keys in NAMES.items():
        of = [(i, key) for i, answer in enumerate(wanted) for key in keys if key in answer]
        if not of:
            continue
        hits = sum(made[i][key] == wanted[i][key] for i, key in of)
        known = sum(true[i * renders + k][key] == wanted[i][key] for i, key in of for k in range(renders))
        chance = [made[i][key] == wanted[j][key] for i, key in of for j, other in of if j != i and other == key]
        low, high = wilson(hits, len(of))
        metrics[name] = Metric(
            *(round(hits / len(of), 4), round(low, 4), round(high, 4)),
            ceiling=round(known / (len(of) * renders), 4),
            baseline=round(sum(chance) / len(chance), 4) if chance else None,
            unit="share of clips read as asked",
        )
    return metrics


# ---- the suite


def measure(studio: Studio, quick: bool) -> Outcome:
    """Clips of held-out prompts: 24 of one thing, or all of those and those of later levels, beside true renders."""
    first: tuple[AnyPrompt, ...] = QUICK if quick else PROMPTS
    groups = {"level 1": first} if quick else {"level 1": first, "later levels": LATER}
    metrics: dict[str, Metric] = {}
    shown: list[Shown] = []
    clips: list[dict[str, Any]] = []
    told = _critic_card()
    for group, prompts in groups.items():
        shots = [shot_of(prompt, _number(prompt)) for prompt in prompts]
        made = np.stack(studio.draw(shots))  # B T H W 3
        renders = 1 if quick or group != "level 1" else NUM_RENDERS
        true = np.stack([render(prompt, k) for prompt in prompts for k in range(renders)])
        wanted = [prompt.answer for prompt in prompts]
        read_made, read_true = read(made, wanted), read(true, [answer for answer in wanted for _ in range(renders)])
        for name, metric in scores(wanted, read_made, read_true).items():
            if all(told["accuracy"].get(key, 1.0) >= READABLE or key in MEASURED for key in NAMES[name]):
                metrics.setdefault(name, metric)  # what level 1 has is told of level 1
        for i, prompt in enumerate(prompts):
            answer = {name: read_made[i][name] for name in prompt.answer}
            clips.append({"group": group, "text": prompt.text, "seed": shots[i].seed, "asked": prompt.answer})
            clips[-1] |= {"read": answer, "read of the true render": _of(read_true[i * renders], prompt)}
            shown.append(Shown(prompt.text, made[i], true[i * renders], _wrong(prompt, answer)))
    level = studio.card.level
    unseen = "" if quick or level >= 4 else "; what is asked of later levels it has never seen"
    unread = [name for name, accuracy in told["accuracy"].items() if accuracy < READABLE and name not in MEASURED]
    details = {
        "clips": clips,
        "critic": told,
        "not measured": unread,
        "note": f"the network has seen level {level} of the world{unseen}",
    }
    accuracy = tuple((name, f"{value:.1%}") for name, value in told["accuracy"].items() if name not in MEASURED)
    table = Table("The critic on held-out renders", ("attribute", "read rightly"), accuracy)
    return Outcome(metrics, tuple(shown), (table,), details=details)


def _number(prompt: AnyPrompt) -> int:
    """A prompt's number, which its noise has too: a prompt has the same in a short run and in a long one."""
    return PROMPTS.index(prompt) if isinstance(prompt, Prompt) else 500 + LATER.index(prompt)


def _of(answer: Answer, prompt: AnyPrompt) -> Answer:
    return {name: answer[name] for name in prompt.answer}


def _wrong(prompt: AnyPrompt, answer: Answer) -> str:
    """What was not read as asked, in words."""
    wrong = [f"{answer[name]} (not {word})" for name, word in prompt.answer.items() if answer[name] != word]
    return ", ".join(wrong) if wrong else "read as asked"


def _critic_card() -> dict[str, Any]:
    card = checkpoint.read(reading.WEIGHTS)[1]["card"]
    return {"accuracy": card["metrics"], "training": card["training"]}


# ---- one number of films, as the command line asks for it


def evaluate(weights: Path | None, out: Path, count: int = USUAL, *, draw: Draw | None = None) -> dict[str, Any]:
    """Generate the clips of `count` prompts, read them and true renders, and write out/report.json and out/sheet.png.

    `weights` None is the shipped network; `draw` stands in for it in tests. Returns the report. Raises AdherenceError
    or CheckpointError with one clear line.
    """
    prompts = asked(count)
    named = weights or WEIGHTS / "small.safetensors"
    training: dict[str, Any] = {}
    if draw is None:
        studio = Studio.of(named)
        training = studio.card.training

        def draw(shots: Sequence[Shot]) -> Frames:
            return np.stack(studio.draw(shots))

    shots = [shot_of(prompt, i) for i, prompt in enumerate(prompts)]
    made = np.concatenate([draw(shots[i : i + BATCH]) for i in range(0, count, BATCH)])  # B T H W 3
    again = [i // len(PROMPTS) * NUM_RENDERS for i in range(count)]  # a prompt that comes again has other renders
    true = np.stack([render(prompts[i], again[i] + k) for i in range(count) for k in range(NUM_RENDERS)])
    wanted = [prompt.answer for prompt in prompts]
    read_made, read_true = read(made, wanted), read(true, [answer for answer in wanted for _ in range(NUM_RENDERS)])
    metrics = scores(wanted, read_made, read_true)
    numbers = {
        name: {**asdict(metric), "relative": round(metric.value / metric.ceiling, 4) if metric.ceiling else 0.0}
        for name, metric in metrics.items()
    }
    report = {
        "suites": {"adherence": numbers},
        "weights": {"file": named.name, "training": training},
        "num_clips": count,
        "num_renders": len(true),
        "clips": [
            {"text": prompt.text, "seed": shot.seed, "asked": prompt.answer, "read": _of(answer, prompt)}
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

    (width, height), columns, line, gap = reading.SIZE, 4, 16, 12
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
            for name, wanted in prompt.answer.items():
                right = answer[name] == wanted
                text = wanted if right else f"{answer[name]} (not {wanted})"
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
        chance = "–" if n["baseline"] is None else f"{n['baseline']:.1%}"
        told = (f"{n['value']:.1%}", interval, f"{n['ceiling']:.1%}", chance, f"{n['relative']:.0%}")
        table.add_row(name, *told)
    Console().print(table)

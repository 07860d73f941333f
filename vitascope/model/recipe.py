"""How networks are sampled, and what that costs; told without torch."""

import math
from dataclasses import dataclass
from typing import Literal

from vitascope.model.grid import grid_of
from vitascope.model.layout import Layout
from vitascope.shot.shot import Shot

Without = Literal["text", "pins", "tracks"]  # a condition that is left out
Method = Literal["euler", "heun", "multistep"]
SPEED = 1e11  # operations a second of two cores, and …
PIXEL = 1e-7  # seconds that a pixel takes on its way into the file: both only to foretell how long a film takes


@dataclass(frozen=True)
class Recipe:
    """How a network is sampled: steps, how strongly each condition leads (1: not at all), the steps that a larger
    picture takes, the solver, and how much noise (its deviation beside the pixels) there is left in the last step."""

    steps: int
    guidance: dict[Without, float]
    refine_steps: int
    method: Method = "multistep"
    # Asked to take less away, our weights leave grain of their own: 6.6 grey levels from frame to frame at 0.04, 1.9 at
    # 0.4, 1.5 at 0.8, 1.7 at 1.6, with as many things read as asked. Better weights will want less.
    least: float = 0.8
    guided_every: int = 1  # calls in which it is asked anew what guidance leads away from (see `flow.guided`)


LEADING: dict[Without, float] = {"text": 3.0, "tracks": 1.0, "pins": 1.0}
# Over 48 films, 16 steps that are denser near the end had 78.8 % of all answers right, 24 even ones 79.6 %, 32 80.4 %.
BEST = Recipe(16, LEADING, 4)
# Over 112 films with 8 steps, object, action and direction were read as asked in 62, 65 and 69 % with what guidance
# leads away from asked in each call, in 62, 65 and 68 % with it asked in every second one: a fifth less work.
FAST = Recipe(8, LEADING, 2, guided_every=2)
DISTILLED = Recipe(4, {"text": 1.0, "tracks": 1.0, "pins": 1.0}, 1, "euler")


def guidance_of(shot: Shot, usual: dict[Without, float]) -> dict[Without, float]:
    """How strongly each condition that a Shot has leads, where that is not 1: by its fields, else as usual."""
    given: dict[Without, tuple[bool, float | None]] = {
        "text": (True, shot.guidance),
        "tracks": (bool(shot.tracks), shot.track_guidance),
        "pins": (bool(shot.pins), shot.pin_guidance),
    }
    weights = {kind: usual[kind] if value is None else value for kind, (there, value) in given.items() if there}
    return {kind: weight for kind, weight in weights.items() if weight != 1}


def shares(shot: Shot, planned: Layout, parameters: int, recipe: Recipe) -> dict[str, float]:
    """The seconds that each stage of making this Shot takes on two cores, very roughly: what takes longer than what, to
    tell how much of the whole is done."""
    groups = sum(window.num_groups + window.num_context for window in planned.windows)
    token = 2 * parameters / SPEED  # seconds in a call
    sides = 1 + len(guidance_of(shot, recipe.guidance)) / recipe.guided_every
    stages = {"sample": (shot.steps or recipe.steps) * sides * token * groups * math.prod(grid_of(planned.size))}
    if planned.larger:
        stages["refine"] = recipe.refine_steps * token * groups * math.prod(grid_of(planned.larger))
    return stages | {"write": shot.num_frames * math.prod(shot.size) * PIXEL}

"""What is asked of a network that has never seen it: held-out prompts, what a clip of each must show, true renders.

The first table asks for one thing on open ground, which is all that level 1 of the world shows; the second for what
later levels bring: two things, styles, faces, shot sizes, places and signs.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from vitascope.evaluate import renders
from vitascope.evaluate.critic import FPS, LOOKS_OF, PAIR, SECONDS, SIZE, Answer, pair_of
from vitascope.shot.shot import Shot
from vitascope.world.framing import in_view
from vitascope.world.physics import Motion, played
from vitascope.world.scene import Action, Colour, GroundName, Hour, MaterialName, Person, Scene, Shape, Sign, subjects

USUAL = 24  # prompts of the usual measure
SEED = 7_000  # of the noise of prompt 0; prompt i has SEED + i
RENDER_SEED = 103

Frames = npt.NDArray[np.uint8]  # T H W 3


@dataclass(frozen=True)
class Prompt:
    """A sentence and what a clip of it must show. None: it is not asked for, and then the camera stands still."""

    text: str
    colour: Colour
    shape: Shape
    action: Action
    direction: str
    ground: GroundName
    time: Hour
    material: MaterialName | None = None
    camera: str | None = None

    @property
    def answer(self) -> Answer:
        names = ("colour", "shape", "action", "direction", "ground", "time", "material", "camera")
        answer: Answer = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return answer if self.material is None else answer | {"material": LOOKS_OF[self.material]}

    @property
    def kind(self) -> str:
        """The kind of lesson that shows it."""
        return "thing"


@dataclass(frozen=True)
class LaterPrompt:
    """A sentence for a network of later levels, by the kind of lesson that shows it, and what a clip must show.

    Its true renders show that too; what else the sentence says is in them by lot, since it is not read."""

    text: str
    kind: str
    asked: dict[str, str]
    pair: tuple[tuple[Colour, Shape], ...] = field(default=())

    @property
    def answer(self) -> Answer:
        return self.asked | ({PAIR: pair_of(*self.pair)} if self.pair else {})


def _two(text: str, *pair: tuple[Colour, Shape]) -> LaterPrompt:
    return LaterPrompt(text, "things", {"count": "two"}, pair)


def _face(text: str, expression: str) -> LaterPrompt:
    return LaterPrompt(text, "face", {"expression": expression, "shot size": "close"})


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
    # The first 24 are the usual measure.
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
    # Other words than the world's own, and what things are made of and what the camera does beside the rest.
    Prompt(
        "a metal cube, red all over, drops onto the grass at noon as the camera pans left",
        *("red", "cube", "fall", "down", "grass", "noon", "metal", "pan left"),
    ),
    Prompt(
        "the camera trucks to the right past a stone brick, a red one, that is falling onto the sand at dawn",
        *("red", "brick", "fall", "down", "sand", "dawn", "stone", "truck right"),
    ),
    Prompt(
        "zooming in: an orange can made of wood tumbles down on a tiled floor by night",
        *("orange", "can", "fall", "down", "tiles", "night", "wood", "zoom in"),
    ),
    Prompt(
        "snowy ground under grey clouds, where a yellow metal ball drops while the camera tilts up",
        *("yellow", "ball", "fall", "down", "snow", "overcast", "metal", "tilt up"),
    ),
    Prompt(
        "at sunset a purple stone pill plunges to the road and the camera moves forward",
        *("purple", "pill", "fall", "down", "asphalt", "sunset", "stone", "dolly in"),
    ),
    Prompt(
        "on wooden planks in the moonlight, a green rubber ball keeps bouncing; the camera pans to the right",
        *("green", "ball", "bounce", "down", "wood", "night", "rubber", "pan right"),
    ),
    Prompt(
        "the lens zooms out from a brown plastic cube bouncing on a lawn in the early morning",
        *("brown", "cube", "bounce", "down", "grass", "dawn", "plastic", "zoom out"),
    ),
    Prompt(
        "a beach at midday: one yellow rubber can bounces, filmed by a camera that trucks to the left",
        *("yellow", "can", "bounce", "down", "sand", "noon", "rubber", "truck left"),
    ),
    Prompt(
        "rolling along to the left over the tiles in the evening, a red egg of stone; the camera tilts down",
        *("red", "egg", "roll", "left", "tiles", "sunset", "stone", "tilt down"),
    ),
    Prompt(
        "a blue metal can, lying on its side, rolls from left to right over asphalt on a cloudy day "
        "while the camera backs away",
        *("blue", "can", "roll", "right", "asphalt", "overcast", "metal", "dolly out"),
    ),
    Prompt(
        "in the snow at night a black wooden can goes rolling towards us while the camera slowly zooms in",
        *("black", "can", "roll", "near", "snow", "night", "wood", "zoom in"),
    ),
    Prompt(
        "it is dawn, and a tall purple brick of stone tips over to the right on a wood floor; the camera pans left",
        *("purple", "brick", "topple", "right", "wood", "dawn", "stone", "pan left"),
    ),
    Prompt(
        "a pink can made of rubber keels over leftwards on a grassy meadow at sundown, camera trucking right",
        *("pink", "can", "topple", "left", "grass", "sunset", "rubber", "truck right"),
    ),
    Prompt(
        "the camera pushes in on a yellow egg of plastic that lies quite still on the sand beneath clouds",
        *("yellow", "egg", "stand", "still", "sand", "overcast", "plastic", "dolly in"),
    ),
    Prompt(
        "noon on a snowy field; a pink stone cube just sits there as the view pans to the right",
        *("pink", "cube", "stand", "still", "snow", "noon", "stone", "pan right"),
    ),
    Prompt(
        "under the stars, a brown metal pill is at rest on a street and the camera zooms out",
        *("brown", "pill", "stand", "still", "asphalt", "night", "metal", "zoom out"),
    ),
)


LATER: tuple[LaterPrompt, ...] = (
    _two("a red ball next to a green cube on the grass at noon", ("red", "ball"), ("green", "cube")),
    _two("a yellow can beside a purple egg on the sand at sunset", ("yellow", "can"), ("purple", "egg")),
    _two("a pink brick and a blue ball on a tiled floor at noon", ("pink", "brick"), ("blue", "ball")),
    _two("an orange egg close to a black cube in the snow at noon", ("orange", "egg"), ("black", "cube")),
    _two("a white can next to a red brick on a wooden floor at dawn", ("white", "can"), ("red", "brick")),
    _two("a green pill and a yellow cube on the road at dawn", ("green", "pill"), ("yellow", "cube")),
    _two("a blue cube beside a red ball on the grass under an overcast sky", ("blue", "cube"), ("red", "ball")),
    _two("a purple ball near an orange can on the sand at noon", ("purple", "ball"), ("orange", "can")),
    LaterPrompt("a single red cube falls on the grass at noon", "thing", {"count": "one"}),
    LaterPrompt("just one green ball bounces in the snow at dawn", "thing", {"count": "one"}),
    LaterPrompt("a cartoon of a red cube falling on the grass", "thing", {"style": "cartoon"}),
    LaterPrompt("a pencil drawing of a blue can rolling to the left", "thing", {"style": "pencil"}),
    LaterPrompt("a watercolour of a pink ball bouncing on the sand", "thing", {"style": "watercolour"}),
    LaterPrompt("black and white film noir: a brick topples over on the road", "thing", {"style": "noir"}),
    LaterPrompt("pixel art of a yellow ball falling in the snow", "thing", {"style": "pixel art"}),
    LaterPrompt("a realistic video of a purple ball resting on tiles", "thing", {"style": "natural"}),
    _face("a close-up of a happy woman", "happy"),
    _face("a close-up of a sad man", "sad"),
    _face("a close-up of an angry girl", "angry"),
    _face("a close-up of a surprised boy", "surprised"),
    _face("a close-up of a woman with a calm face", "neutral"),
    LaterPrompt("a medium shot of a man who waves in a park", "person", {"shot size": "medium", "place": "park"}),
    LaterPrompt("a medium shot of a girl talking on a beach", "person", {"shot size": "medium", "place": "beach"}),
    LaterPrompt("a wide shot of a woman in a kitchen", "person", {"shot size": "wide", "place": "kitchen"}),
    LaterPrompt("a wide shot of a boy in a desert", "person", {"shot size": "wide", "place": "desert"}),
    LaterPrompt('a sign that says "OPEN" in a village', "sign", {"word": "OPEN", "place": "village"}),
    LaterPrompt('a banner with the word "ZOO" in a park', "sign", {"word": "ZOO", "place": "park"}),
    LaterPrompt('a poster reading "PIZZA" on a street', "sign", {"word": "PIZZA", "place": "street"}),
    LaterPrompt('a sign that says "STOP" on a beach', "sign", {"word": "STOP", "place": "beach"}),
)


def shot_of(prompt: Prompt | LaterPrompt, number: int) -> Shot:
    """The Shot that asks for prompt `number` of a list."""
    return Shot(text=prompt.text, size=SIZE, seconds=SECONDS, fps=FPS, seed=SEED + number)


# ---- the truth


def render(prompt: Prompt | LaterPrompt, number: int) -> Frames:
    """A true render of the prompt, the `number`th of any, with a camera that stands still or does what is asked:
    [T, H, W, 3]."""
    later = isinstance(prompt, LaterPrompt)
    row = LATER.index(prompt) if isinstance(prompt, LaterPrompt) else PROMPTS.index(prompt)
    rng = np.random.default_rng([RENDER_SEED, row, number, int(later)])
    while True:
        scene, motion = renders.happening(prompt.kind, rng, _suits(prompt))
        if isinstance(prompt, LaterPrompt):
            found = _later_look(prompt, scene, motion, rng)
        else:
            found = _look(prompt, scene, motion, rng)
        if found is not None:
            return renders.film(found, played(found, motion), whole=True)[1]


def _suits(prompt: Prompt | LaterPrompt) -> Callable[[Scene], bool]:
    """Whether a scene does what the prompt says; its colours, place and style are set afterwards."""

    def suits(scene: Scene) -> bool:
        if isinstance(prompt, Prompt):
            thing = scene.things[0]
            return (thing.shape, thing.action) == (prompt.shape, prompt.action) and (
                renders.direction_of(thing) == prompt.direction
            )
        if prompt.pair:
            return sorted(thing.shape for thing in scene.things) == sorted(shape for _, shape in prompt.pair)
        return prompt.kind != "person" or (
            scene.shot_size == prompt.asked["shot size"] and len(subjects(scene)[1]) == 1
        )

    return suits


def _look(prompt: Prompt, scene: Scene, motion: Motion, rng: np.random.Generator) -> Scene | None:
    looks: dict[str, str] = {"colour": prompt.colour}
    if prompt.material is not None:
        looks["material"] = prompt.material
    things = (scene.things[0].model_copy(update=looks),)
    scene = scene.with_(things=things, ground=prompt.ground, time=prompt.time, look=int(rng.integers(2**31)))
    return _filmed(scene, motion, prompt.camera or "still", rng)


def _later_look(prompt: LaterPrompt, scene: Scene, motion: Motion, rng: np.random.Generator) -> Scene | None:
    for _ in range(100):
        other = renders.looked(scene, prompt.kind, rng).with_(style=prompt.asked.get("style", "natural"))
        if "place" not in prompt.asked or other.place == prompt.asked["place"]:
            break
    else:
        return None
    if prompt.pair:
        left = list(prompt.pair)
        things = []
        for thing in other.things:
            pair = next(pair for pair in left if pair[1] == thing.shape)
            left.remove(pair)
            things.append(thing.model_copy(update={"colour": pair[0]}))
        other = other.with_(things=tuple(things))
    first = other.cast[0] if other.cast else None
    if isinstance(first, Person) and "expression" in prompt.asked:
        other = other.with_(cast=(first.model_copy(update={"expression": prompt.asked["expression"]}), *other.cast[1:]))
    if isinstance(first, Sign):
        other = other.with_(cast=(first.model_copy(update={"word": prompt.asked["word"]}), *other.cast[1:]))
    return _filmed(other, motion, "still", rng)


def _filmed(scene: Scene, motion: Motion, camera: str, rng: np.random.Generator) -> Scene | None:
    """The scene with a camera that does this and keeps what matters in the picture; None if none was found."""
    for _ in range(12):
        other = renders.filmed(scene, camera, rng)
        if in_view(other, motion, SIZE):
            return other
    return None

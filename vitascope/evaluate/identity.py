"""Does a thing, or a person, stay the same one from shot to shot?

One reference picture begins two shots in which the same thing (in networks that know people: the same person) does
different things; or, in networks that know references, it is shown by itself and begins none. What belongs to whom is
told by colour: in the reference the parts are known from the world (a thing; a person's hair, skin, clothes), each of
their colours is as likely as it is often, and so is the background's. A part is kept as far as a later frame shows as
much of it. Letters: T frames, H W pixels, C classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from vitascope.evaluate.pins import picture
from vitascope.evaluate.suite import Frames, Metric, Outcome, Shown, Studio, mean
from vitascope.shot.shot import Pin, Shot
from vitascope.train.stream import plain
from vitascope.train.video import cut_out
from vitascope.world import footage
from vitascope.world.footage import Take
from vitascope.world.framing import in_view, sample_camera
from vitascope.world.physics import Motion, simulate, went_as_planned
from vitascope.world.render import CLOTH, FACE, HAIR
from vitascope.world.sample import sample_scene
from vitascope.world.sample_things import actor
from vitascope.world.scene import Person, Scene, Thing, subjects

SEED = 41_500  # of scenes that training has never seen
SIZE, FPS, SECONDS = (144, 80), 12.0, 2.0
PEOPLE = 3  # the level of the world from which on there are people
BINS = (8, 32, 32)  # of lightness, and of both colour axes
SPREAD = 1.0  # bins: how far a colour of the reference reaches, since light and grain change it
CLEAR = {
    "thing": 0.9,
    "hair": 0.8,
    "skin": 0.8,
    "clothes": 0.9,
}  # overlap (Dice) of what the reference's own colours tell
LOOKED_AT = (11, 14, 17, 20, 23)  # frames: the first second is next to the reference, which is pinned
ACTIONS = ("wave", "clap")  # of a person, in the first shot and the second

Picture = npt.NDArray[np.uint8]  # H W 3
Labels = npt.NDArray[np.int64]  # H W
Numbers = npt.NDArray[np.float64]


# ---- colours


def bins_of(frame: Picture) -> Labels:
    """The number of each pixel's colour bin in Lab: [H, W]."""
    lab = cv2.cvtColor(frame.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)  # L 0…100, a and b about ±110
    low, high = np.array((0.0, -96.0, -96.0)), np.array((100.0, 96.0, 96.0))
    place = ((lab - low) / (high - low) * BINS).astype(np.int64).clip(0, np.array(BINS) - 1)
    return place[..., 0] * BINS[1] * BINS[2] + place[..., 1] * BINS[2] + place[..., 2]


def colours(frame: Picture, where: npt.NDArray[np.bool_]) -> Numbers:
    """How often each colour is in a part of a picture, softly: sums to the number of its pixels, or is all 0."""
    count = np.bincount(bins_of(frame)[where], minlength=int(np.prod(BINS))).astype(np.float64).reshape(BINS)
    reach = np.exp(-0.5 * (np.arange(-3, 4) / SPREAD) ** 2)
    for axis in range(3):
        count = np.apply_along_axis(np.convolve, axis, count, reach / reach.sum(), mode="same")
    return count.ravel()


def likeness(one: Numbers, other: Numbers) -> float:
    """How alike two distributions of colours are: 1 the same, 0 nothing in common (Bhattacharyya 1943)."""
    if one.sum() == 0 or other.sum() == 0:
        return 0.0
    return float(np.sqrt(one / one.sum() * (other / other.sum())).sum())


@dataclass(frozen=True, eq=False)
class Reference:
    """A picture whose parts are known: what they are called, and how often each colour is in them."""

    frame: Picture
    names: tuple[str, ...]  # C; the first is the background
    labels: Labels  # the class of each pixel
    often: Numbers  # C · bins

    @classmethod
    def of(cls, frame: Picture, names: Sequence[str], labels: Labels) -> "Reference":
        often = np.stack([colours(frame, labels == number) for number in range(len(names))])
        return cls(frame, tuple(names), labels, often)

    def told(self, frame: Picture) -> Labels:
        """The likeliest class of each pixel by its colour; what is of no colour of the reference is background. Of a
        thing, only what hangs together most counts: other ground may have its colour here and there."""
        found = self.often.argmax(0)[bins_of(frame)]
        if len(self.names) > 2:
            return found
        _, pieces, stats, _ = cv2.connectedComponentsWithStats(cv2.medianBlur(found.astype(np.uint8), 3))
        sizes = stats[1:, cv2.CC_STAT_AREA]
        return (pieces == 1 + int(sizes.argmax())).astype(np.int64) if len(sizes) else np.zeros_like(found)

    @property
    def clear(self) -> bool:
        """Whether its own colours tell its parts from each other and the background."""
        told = self.told(self.frame)
        return all(
            2 * ((told == number) & (self.labels == number)).sum()
            >= CLEAR[name] * max(1, (told == number).sum() + (self.labels == number).sum())
            for number, name in enumerate(self.names)
            if name in CLEAR
        )

    def kept(self, frame: Picture) -> dict[str, float]:
        """For each part, how far a frame shows it as large as the reference: 1 as wide and high, 0 not at all (or
        nothing else)."""
        known, told = self.told(self.frame), self.told(frame)  # what colours cannot tell is missing in both
        shares = {}
        for number, name in enumerate(self.names):
            if name in CLEAR:
                there, here = int((known == number).sum()), int((told == number).sum())
                shares[name] = float(np.sqrt(min(there, here) / max(there, here, 1)))
        return shares

    def face(self, frame: Picture, where: npt.NDArray[np.bool_]) -> float | None:
        """How alike the colours of the face are, whose place [H, W] in the reference is known: it is looked for below
        the hair. None where the reference has no hair."""
        hair = self.names.index("hair") if "hair" in self.names else 0
        if not hair or not where.any():
            return None
        there, here = self.labels == hair, self.told(frame) == hair
        if not here.any():
            return 0.0
        middle = np.argwhere(where).mean(0) - np.argwhere(there).mean(0) + np.median(np.argwhere(here), 0)
        high, wide = np.ptp(np.argwhere(where), axis=0) + 1
        top, left = (int(max(0, v)) for v in np.round(middle - np.array((high, wide)) / 2))
        window = np.zeros_like(where)
        window[top : top + high, left : left + wide] = True
        return likeness(colours(self.frame, where), colours(frame, window))


# ---- the truth


@dataclass(frozen=True, eq=False)
class Pair:
    """One thing or person in two takes of one place, with the reference, the first frame of the first."""

    takes: tuple[Take, Take]
    reference: Reference
    face: npt.NDArray[np.bool_]  # H W, where the reference shows a face

    @property
    def texts(self) -> tuple[str, str]:
        return self.takes[0].captions[0], self.takes[1].captions[0]


def pairs(count: int, level: int) -> list[Pair]:
    """The first pairs of the seed whose references are clear, each of another colour than the one before and (it is
    compared with the next, and the last with the first) the first."""
    found: list[Pair] = []
    index = 0
    while len(found) < count:
        rng = np.random.default_rng([SEED, level, index])
        scenes = _people(rng, level) if level >= PEOPLE else _balls(rng)
        if scenes is not None:
            takes = tuple(
                footage.film(scene, motion, SEED, 2 * index + k, size=SIZE, num_captions=1, num_tracks=1)
                for k, (scene, motion) in enumerate(scenes)
            )
            reference, face = reference_of(takes[0])
            near = {_colour(pair.takes[0].scene) for pair in (*found[:1], *found[-1:])}
            if reference.clear and _colour(takes[0].scene) not in near:
                found.append(Pair((takes[0], takes[1]), reference, face))
        index += 1
    return found


def _colour(scene: Scene) -> str:
    return scene.things[0].colour if scene.things else getattr(scene.cast[0], "top_colour", "")


def reference_of(take: Take, frame: int = 0) -> tuple[Reference, npt.NDArray[np.bool_]]:
    """A frame of a take with its parts as the world knows them, and where a face is."""
    picture, stage = take.reel.whole, take.reel.stage
    ids, owner, texture = picture.ids[frame], stage.owner, stage.texture
    part = np.maximum(ids - 1, 0)
    subject = (ids > 0) & (owner[part] == 0)
    if take.scene.things:
        thing = Reference.of(picture.frames[frame], ("background", "thing"), subject.astype(np.int64))
        return thing, np.zeros_like(subject)
    names = ("background", "hair", "skin", "clothes", "other")
    skin = stage.albedo[texture == FACE][0]
    kind = np.full(len(owner), 4)
    kind[np.abs(stage.albedo - skin).max(1) < 0.1 * skin.max()] = 2
    kind[texture == HAIR], kind[texture == CLOTH], kind[texture == FACE] = 1, 3, 2
    labels = np.where(subject, kind[part], 0)
    present = [number for number in range(len(names)) if number == 0 or (labels == number).any()]
    labels = np.searchsorted(present, labels)
    names_here = tuple(names[number] for number in present)
    return Reference.of(picture.frames[frame], names_here, labels), subject & (texture[part] == FACE)


Scenes = tuple[tuple[Scene, Motion], tuple[Scene, Motion]]


def _balls(rng: np.random.Generator) -> Scenes | None:
    """A ball that rolls past and the same that bounces, as far away, before one camera that stands still."""
    scene = sample_scene(rng)
    rolling = scene.things[0]
    while rolling.shape != "ball" or rolling.direction not in ("left", "right"):
        rolling = actor(rng, action="roll")
    bouncing = actor(rng, action="bounce")
    while bouncing.shape != "ball":
        bouncing = actor(rng, action="bounce")
    rolling = _as(rolling, rolling.model_copy(update={"colour": scene.things[0].colour, "material": bouncing.material}))
    return _framed(scene.with_(things=(rolling,)), scene.with_(things=(_as(bouncing, rolling),)), rng)


def _as(thing: Thing, model: Thing) -> Thing:
    """A ball that looks like another, and is as far away."""
    x, _, z = thing.position
    position = (x, model.position[1], z - thing.size[0] + model.size[0])
    looks = {"colour": model.colour, "material": model.material, "size": model.size}
    return thing.model_copy(update={**looks, "position": position})


def _people(rng: np.random.Generator, level: int) -> Scenes | None:
    """A person that does two things before one camera that stands still."""
    scene = sample_scene(rng, level, style="natural")
    things, members = subjects(scene)
    if things or len(members) != 1 or not isinstance(members[0], Person):
        return None
    scene = scene.with_(shot_size="medium")  # of a whole person, hair is some thirty pixels
    first, second = (
        scene.with_(cast=(members[0].model_copy(update={"action": action, "facing": 0.0}), *scene.cast[1:]))
        for action in ACTIONS
    )
    return _framed(first, second, rng)


def _framed(first: Scene, second: Scene, rng: np.random.Generator) -> Scenes | None:
    """Both scenes with one camera that stands still and sees what matters; None where it goes otherwise."""
    motions = [simulate(scene, SECONDS, FPS) for scene in (first, second)]
    if not all(went_as_planned(scene, motion) for scene, motion in zip((first, second), motions, strict=True)):
        return None
    for drawn in (second, first) * 6:
        camera = sample_camera(drawn, rng, still=True)
        one, other = first.with_(camera=camera), second.with_(camera=camera)
        if in_view(one, motions[0], SIZE) and in_view(other, motions[1], SIZE):
            return (one, motions[0]), (other, motions[1])
    return None


# ---- the numbers


def scores(pair: Pair, frames: Frames) -> dict[str, float]:
    """How far a clip keeps who is in the reference, by part: the mean of the frames that are looked at."""
    shown = [frames[number] for number in LOOKED_AT]
    rows = [pair.reference.kept(frame) for frame in shown]
    found = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
    faces = [face for frame in shown if (face := pair.reference.face(frame, pair.face)) is not None]
    if faces:
        found["face"] = float(np.mean(faces))
    return found


UNITS = dict.fromkeys(CLEAR, "as large as in the reference, share (its colours tell it)") | {
    "face": "likeness of the face's colours, 0 to 1",
}


def compare(chosen: Sequence[Pair], made: Sequence[Frames]) -> dict[str, Metric]:
    """The metrics of clips that were made: two of each pair, in its order. The trivial answer is the next pair's."""
    rows: dict[str, list[tuple[float, float, float]]] = {}
    for number, pair in enumerate(chosen):
        other = chosen[(number + 1) % len(chosen)]
        for k in range(2):
            clips = (made[2 * number + k], pair.takes[k].clip.array(), other.takes[k].clip.array())
            told = [scores(pair, clip) for clip in clips]
            for name in told[0]:
                rows.setdefault(name, []).append((told[0][name], told[1][name], told[2][name]))
    found = {}
    for name, values in rows.items():
        answers, truths, trivial = zip(*values, strict=True)
        found[name] = Metric(*mean(answers), mean(truths)[0], mean(trivial)[0], UNITS[name])
    return found


def measure(studio: Studio, quick: bool) -> Outcome:
    """Two shots of each of three references (quick) or of eight: things, and people where the network knows them."""
    kinds = [1, *([PEOPLE] if studio.card.level >= PEOPLE else [])]
    metrics: dict[str, Metric] = {}
    shown: list[Shown] = []
    texts: list[tuple[str, str]] = []
    for level in kinds:
        chosen = pairs(3 if quick else 8, level)
        for way in ("", "reference_") if "character" in studio.card.roles else ("",):
            made = studio.draw([shot for number, pair in enumerate(chosen) for shot in _shots(pair, number, way)])
            told = compare(chosen, made)
            metrics |= {way + name: metric for name, metric in told.items()}
            note = ", ".join(f"{way}{name} {one.value:.2f}" for name, one in told.items())
            for number, pair in enumerate(chosen[:2]):
                for k in range(2):
                    shown.append(Shown(pair.texts[k], made[2 * number + k], pair.takes[k].clip.array(), note))
        texts += [pair.texts for pair in chosen]
    details = {"texts": texts, "people": "measured" if len(kinds) > 1 else "the network has seen none"}
    return Outcome(metrics, tuple(shown), details=details)


def _shots(pair: Pair, number: int, way: str) -> list[Shot]:
    """The pair's shots with the reference as the first frame, of whichever action; or, by the other way, with who is to
    be seen cut out of it, and words that do not tell its colours."""
    if way:
        alone = cut_out(pair.reference.frame, pair.reference.labels > 0, np.random.default_rng(SEED + number))
        pin, texts = Pin(media=picture(alone), role="character"), [plain(text) for text in pair.texts]
    else:
        pin, texts = Pin(media=picture(pair.reference.frame)), list(pair.texts)
    fields = {"size": SIZE, "seconds": SECONDS, "fps": FPS, "seed": SEED + number, "pins": (pin,)}
    return [Shot.checked(text=text, **fields) for text in texts]

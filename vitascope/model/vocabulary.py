"""Which of a prompt's words a network has never read, and which of those it has read stands nearest to each."""

import functools
import re

import numpy as np
import numpy.typing as npt

from vitascope.model.text import encoder

# Words that hold sentences together: nobody needs to be told that the network has not learned them.
_COMMON = """
a about above after again all also an and any are around as at away back be been before behind being below beside
between but by can could did do does down during each every few for from has have her here hers him his how i if in
inside into is it its just like make many me more most my near no not now of off on once one only onto or other our out
over own please s she he show so some such than that the their them then there these they this those through to too
toward towards two under until up upon us very video film clip was we were what when where which while who whose will
with without you your
"""
COMMON = frozenset(_COMMON.split())


def words_of(text: str) -> list[str]:
    """A text's words in small letters, each once, in their order."""
    return list(dict.fromkeys(re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)?", text.lower())))


def strangers(text: str, known: tuple[str, ...]) -> dict[str, str]:
    """The words of a text that are not `known`, each with the known word whose meaning is nearest (by the direction of
    the encoder's states); empty where nothing is known of what is known."""
    read = frozenset(known)
    new = [word for word in words_of(text) if word not in read | COMMON]
    choice = tuple(word for word in known if word not in COMMON)
    if not new or not choice:
        return {}
    directions = _directions(choice)  # K 384
    return {word: choice[int((directions @ _direction(word)).argmax())] for word in new}


def likeness(word: str, other: str) -> float:
    """How alike two words are in meaning: the cosine of their directions, up to 1."""
    return float(_direction(word) @ _direction(other))


def _direction(word: str) -> npt.NDArray[np.float32]:
    """Where a word points: the mean of its tokens' states, of length 1. [384]"""
    mean = encoder()(word)[1:-1].mean(0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), np.float32)


@functools.lru_cache(maxsize=4)
def _directions(words: tuple[str, ...]) -> npt.NDArray[np.float32]:
    return np.stack([_direction(word) for word in words])

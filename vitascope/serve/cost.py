"""How long work takes on two cores, guessed without torch: what the queue's forecasts and fairness go by. Workers
measure how fast they really are."""

import functools
from pathlib import Path

from vitascope.model.card import Card, read_card, weights_of
from vitascope.model.layout import layout
from vitascope.model.recipe import BEST, FAST, shares
from vitascope.serve.work import Work

SOUND = 0.4  # seconds for each second of film
STAYS = 0.02  # … and megapixel, of films that are only written anew, or …
ENLARGED = 0.1  # … enlarged
BEGIN = 0.3  # of any job


def card_of(model: str) -> tuple[Card, int]:
    """A model's card and its number of parameters. Raises Refused and CheckpointError."""
    path = weights_of(model)
    return _card(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=16)
def _card(path: Path, changed: int) -> tuple[Card, int]:
    return read_card(path)


def cost_of(work: Work, films: dict[str, float]) -> float:
    """Seconds; `films` are the lengths in seconds of those that the work goes with. Raises Refused for an unknown
    model."""
    shot = work.shot
    megapixels = shot.size[0] * shot.size[1] / 1e6
    length = sum(films.values())
    if work.task == "sound":
        return BEGIN + work.takes * SOUND * (length or shot.seconds)
    if work.task == "enlarge":
        return BEGIN + ENLARGED * megapixels * length * shot.fps
    card, parameters = card_of(shot.model)
    made = sum(shares(shot, layout(shot, card), parameters, BEST if shot.quality == "best" else FAST).values())
    sound = SOUND * shot.seconds if shot.sound is not None else 0.0
    return work.takes * (BEGIN + made + sound + STAYS * megapixels * length * shot.fps)

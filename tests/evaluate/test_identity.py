"""Who is in two takes is the same one; with another colour, size or face it is not."""

import numpy as np
import pytest

from vitascope.evaluate import identity
from vitascope.evaluate.identity import LOOKED_AT, Pair, Reference, colours, compare, likeness, pairs, scores
from vitascope.evaluate.suite import Frames, Studio
from vitascope.model.checkpoint import Card
from vitascope.shot.shot import Shot


@pytest.fixture(scope="module")
def balls() -> list[Pair]:
    return pairs(3, 1)


class Fake(Studio):
    def __init__(self, made: list[Frames]) -> None:
        object.__setattr__(self, "made", made)
        object.__setattr__(self, "card", Card("tiny", (144, 80), 24, 12.0, 1))

    def draw(self, shots: list[Shot]) -> list[Frames]:  # type: ignore[override]
        assert all(len(shot.pins) == 1 for shot in shots)
        return self.made[: len(shots)]  # type: ignore[attr-defined, no-any-return]


def true_clips(chosen: list[Pair]) -> list[Frames]:
    return [take.clip.array() for pair in chosen for take in pair.takes]


def test_both_takes_of_a_pair_show_the_same_ball_doing_different_things(balls: list[Pair]) -> None:
    for pair in balls:
        one, other = (take.scene.things[0] for take in pair.takes)
        assert (one.colour, one.material, one.size) == (other.colour, other.material, other.size)
        assert (one.action, other.action) == ("roll", "bounce")
        assert pair.takes[0].scene.camera == pair.takes[1].scene.camera and pair.reference.clear
    assert len({pair.takes[0].scene.things[0].colour for pair in balls}) == 3


def test_the_same_ball_is_kept_and_another_is_not(balls: list[Pair], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "pairs", lambda count, level: balls[:count])
    found = identity.measure(Fake(true_clips(balls)), quick=True).metrics["thing"]
    assert found.value == found.ceiling and found.value > 0.85
    assert found.baseline is not None and found.baseline < 0.4


def test_networks_that_know_references_also_get_them_by_themselves(
    balls: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "pairs", lambda count, level: balls[:count])
    fake = Fake(true_clips(balls))
    object.__setattr__(fake, "card", Card("small", (144, 80), 24, 12.0, 1, roles=("frame", "character")))
    found = identity.measure(fake, quick=True).metrics
    assert found["reference_thing"] == found["thing"]
    for pair in balls:
        shots = identity._shots(pair, 0, "reference_")
        assert [shot.pins[0].role for shot in shots] == ["character"] * 2
        colour = pair.takes[0].scene.things[0].colour
        assert not any(colour in shot.text.split() for shot in shots), "only the picture tells it"


def test_a_ball_that_takes_on_another_colour_or_size_is_not_kept(balls: list[Pair]) -> None:
    pair = balls[0]
    true = pair.takes[0].clip.array()
    ids = pair.takes[0].ids
    painted, gone, small = true.copy(), true.copy(), true.copy()
    painted[ids == 1] = 255 - painted[ids == 1]
    gone[ids == 1] = np.median(true[ids == 0], 0).astype(np.uint8)
    for frames, where in zip(small, ids == 1, strict=True):
        cut = np.argwhere(where)
        if len(cut):
            frames[: int(np.median(cut[:, 0]))][where[: int(np.median(cut[:, 0]))]] = np.median(true[ids == 0], 0)
    whole = scores(pair, true)["thing"]
    assert scores(pair, painted)["thing"] < 0.3 and scores(pair, gone)["thing"] < 0.3
    assert scores(pair, small)["thing"] < 0.85 * whole


def test_each_colour_of_a_reference_is_its_own_class() -> None:
    frame = np.zeros((40, 40, 3), np.uint8)
    frame[:] = (40, 120, 40)
    labels = np.zeros((40, 40), np.int64)
    for number, (colour, at) in enumerate((((200, 30, 30), 5), ((30, 30, 200), 20)), 1):
        frame[at : at + 10, 10:20], labels[at : at + 10, 10:20] = colour, number
    reference = Reference.of(frame, ("background", "hair", "clothes"), labels)
    assert (reference.told(frame) == labels).all() and reference.clear
    swapped = frame.copy()
    swapped[labels == 1] = (30, 30, 200)
    kept = reference.kept(swapped)
    assert kept["hair"] == 0 and kept["clothes"] == pytest.approx(np.sqrt(0.5))


def test_likeness_is_one_for_the_same_and_nothing_for_strangers() -> None:
    red, blue = (np.full((4, 4, 3), colour, np.uint8) for colour in ((200, 30, 30), (30, 30, 200)))
    everywhere = np.ones((4, 4), np.bool_)
    assert likeness(colours(red, everywhere), colours(red, everywhere)) == pytest.approx(1)
    assert likeness(colours(red, everywhere), colours(blue, everywhere)) == 0
    assert likeness(colours(red, everywhere), colours(red, ~everywhere)) == 0


@pytest.mark.slow
def test_people_are_told_by_hair_skin_clothes_and_face() -> None:
    chosen = pairs(4, 3)
    found = compare(chosen, true_clips(chosen))
    assert set(found) == {"hair", "skin", "clothes", "face"}
    for name, one in found.items():
        assert one.ceiling is not None and one.ceiling > 0.85, name
        assert one.baseline is not None and one.baseline < one.ceiling - 0.25, name
    assert max(LOOKED_AT) < 24

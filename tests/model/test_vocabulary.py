"""Words that a network has not read are found, and stand near the right ones."""

from pathlib import Path

from vitascope.model import checkpoint
from vitascope.model.checkpoint import Card
from vitascope.model.dit import DiT
from vitascope.model.presets import tiny
from vitascope.model.vocabulary import strangers, words_of
from vitascope.train.ship import words_read

KNOWN = ("a", "ball", "crimson", "floor", "grass", "night", "red", "rolls", "sand", "the", "yellow")


def test_words_are_small_and_come_once() -> None:
    assert words_of("A red Ball, a RED ball's roll: 3 balls!") == ["a", "red", "ball", "ball's", "roll", "balls"]


def test_only_what_was_not_read_is_strange_and_near_words_are_near() -> None:
    assert strangers("The red ball rolls on the sand", KNOWN) == {}
    assert strangers("a golden sphere on a lawn, in the evening", KNOWN) == {
        "golden": "yellow", "sphere": "ball", "lawn": "grass", "evening": "night",
    }  # fmt: skip
    assert strangers("a golden sphere", ()) == {}


def test_the_words_of_a_level_are_those_of_its_captions(tmp_path: Path) -> None:
    words = words_read(1)
    assert {"ball", "egg", "pill", "cube", "brick", "can", "red", "grass", "sunset", "rolls", "left"} <= set(words)
    assert not {"woman", "dog", "truck"} & set(words)
    card = Card("tiny", (144, 80), 24, 12.0, 1, words=words)
    checkpoint.save(DiT(tiny()), card, tmp_path / "tiny.safetensors")
    assert checkpoint.load(tmp_path / "tiny.safetensors")[1].words == words

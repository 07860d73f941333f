"""Quotations are heard when someone says them, and only then."""

import pytest

from vitascope.sound.quotes import quoted

Said = tuple[str, str, str]  # who, how, words


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ('a woman says "good morning"', [("woman", "neutral", "good morning")]),
        (
            'An old man in a coat looks at a girl and whispers sadly: "do not go". "But why?" asks the girl.',
            [("old man", "whisper", "do not go"), ("girl", "neutral", "But why?")],
        ),
        (
            'Anna shouts "Run!" while Ben stands still. "I can\'t," he says, "my leg hurts."',
            [("Anna", "shout", "Run!"), ("Ben", "neutral", "I can't,"), ("Ben", "neutral", "my leg hurts.")],
        ),
        (
            "a boy says 'it's mine' and another boy cries 'no!'",
            [("boy", "neutral", "it's mine"), ("another boy", "shout", "no!")],
        ),
        (
            "“Hello there,” says a smiling chef. The robot: “Beep.”",
            [("chef", "happy", "Hello there,"), ("robot", "neutral", "Beep.")],
        ),
        (
            'A man waves while a woman says "good morning", then the man answers "hello"',
            [("woman", "neutral", "good morning"), ("man", "neutral", "hello")],
        ),
        ('A man holding a sign that says "HELP" asks "can you help me?"', [("man", "neutral", "can you help me?")]),
    ],
)
def test_who_says_what_and_how(prompt: str, expected: list[Said]) -> None:
    assert [(line.who, line.emotion, line.words) for line in quoted(prompt)] == expected


@pytest.mark.parametrize(
    "prompt",
    ['a sign that says "OPEN" in black letters', "two people talk in a cafe", 'a young woman under a neon sign "CAFE"'],
)
def test_what_is_only_to_be_read_is_not_said(prompt: str) -> None:
    assert quoted(prompt) == ()


def test_sex_and_age_are_told() -> None:
    girl, man, ann = quoted('a little girl says "hi", a 70-year-old man says "hello", Ann asks "who is there?"')
    assert (girl.sex, girl.age) == ("female", 8.0)
    assert (man.sex, man.age) == ("male", 70.0)
    assert (ann.sex, ann.age) == ("female", None)

"""A script is read as it stands, and says where it is wrong."""

import pytest

from vitascope.sound.script import NARRATOR, Line, parse


def test_a_full_line_says_who_how_and_when() -> None:
    (line,) = parse("ANNA (sad, 34, woman) [2.5s]: I did not mean it.")
    assert line == Line("I did not mean it.", "ANNA", "sad", 34.0, "female", 2.5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ben: No.", Line("No.", "Ben")),
        ("OLD BEN (whisper) [0:04-1:06.5]: I know.", Line("I know.", "OLD BEN", "whisper", None, None, 4.0, 66.5)),
        ("OLD BEN [2 – 4s] (girl): I know.", Line("I know.", "OLD BEN", "neutral", 8.0, "female", 2.0, 4.0)),
        ("It was late.", Line("It was late.", NARRATOR)),
        ("Nobody knew this: it was late.", Line("Nobody knew this: it was late.", NARRATOR)),
        ("(calm) [9s] It was late.", Line("It was late.", NARRATOR, "calm", start=9.0)),
        ("Narrator (tired): It was late.", Line("It was late.", NARRATOR, "tired")),
        ("Mrs Lee (off, angrily, elderly woman): Out!", Line("Out!", "Mrs Lee", "angry", 78.0, "female", off=True)),
        ("Zoë O'Hara: Why (again)? Tell me: why?", Line("Why (again)? Tell me: why?", "Zoë O'Hara")),
    ],
)
def test_everything_but_the_words_may_be_left_out(text: str, expected: Line) -> None:
    assert parse(text) == (expected,)


def test_what_is_told_once_of_a_speaker_holds_for_all_lines() -> None:
    first, told, other = parse("# a scene\nKIM: Hi.\n\nKIM (boy, 9): Look!\nANN: Where?")
    assert first.age == told.age == 9 and first.sex == told.sex == "male"
    assert other.age is None and other.sex is None


@pytest.mark.parametrize(
    ("text", "number", "what"),
    [
        ("A: Hi.\nB (purple): Hi.", 2, "'purple' is not known"),
        ("\n\nA [soon]: Hi.", 3, r"but was \[soon\]"),
        ("A [4-2]: Hi.", 1, "should begin before"),
        ("A: Hi.\nB:", 2, "should say something"),
        ("A (woman): Hi.\nB: Hi.\nA (man): Hi.", 3, "was female in line 1, but is male"),
        ("A (200): Hi.", 1, "3 to 120 years"),
        ("ann (sad): Hi.", 1, "capital letter"),
    ],
)
def test_errors_name_the_line(text: str, number: int, what: str) -> None:
    with pytest.raises(ValueError, match=f"script, line {number}: .*{what}"):
        parse(text)


def test_an_empty_script_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing is said"):
        parse("# only this\n\n")


def test_a_pace_is_told_in_parentheses() -> None:
    assert parse("ANNA (sad, 1.25x): Hello.")[0].pace == 1.25
    with pytest.raises(ValueError, match=r"0\.5 to 2 times"):
        parse("ANNA (3x): Hello.")

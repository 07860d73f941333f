"""Who says what in the quotations of a prompt: a smiling woman waves and says "good morning"."""

import re
from dataclasses import dataclass, replace

from vitascope.sound.names import sex_of
from vitascope.sound.script import AGES, EMOTIONS, MAX_LINE, NARRATOR, PEOPLE, Line, Sex


def _listed(words: str) -> list[str]:
    return words.split()


_SAYING = frozenset(
    _listed(
        """
        say says said saying ask asks asked asking reply replies replied replying answer answers answered answering
        add adds added adding tell tells told telling explain explains explained call calls called calling mutter
        mutters muttered cry cries cried crying announce announces announced declare declares declared begin begins
        continue continues speak speaks spoke speaking whisper whispers whispered whispering shout shouts shouted
        shouting yell yells yelled yelling scream screams screamed screaming exclaim exclaims exclaimed murmur
        murmurs murmured murmuring sigh sighs sighed sighing gasp gasps gasped growl growls growled hiss hisses snap
        snaps sob sobs laugh laughs laughed greet greets warn warns warned beg begs begged stammer stammers growling
        singing sing sings
        """
    )
)
# What bears letters: its quotation is read, not heard.
_WRITTEN = frozenset(
    _listed(
        """
        sign signs board billboard banner poster label labels screen display letters word words text title caption
        lettering neon logo t-shirt shirt book page note letter card headline plate reads read written spells
        """
    )
)
_CRIED = {"cry", "cries", "cried", "exclaim", "exclaims", "exclaimed", "call", "calls", "called"}
_QUOTE = re.compile(r"“([^”]+)”|\"([^\"]+)\"|(?<![\w])[‘']([^‘’']+(?:['’]\w+[^‘’']*)*)[’'](?!\w)")
_CLAUSE = re.compile(r"[.;:,!?]\s|\b(?:and|while|as|then|but|when|who|before|after|because)\b")
_SPEAKER_AFTER = re.compile(r"\s*[,—-]?\s*(?P<clause>[^.;!?\"“”]{2,80})")
_HE = {"he": "male", "she": "female"}
_NOT_NAMES = frozenset(
    _listed(
        """
        a an the this that these those in on at with and but then now when while as two three four one it his her
        their he she they after before close medium wide suddenly finally outside inside under over near later both
        """
    )
)


@dataclass(frozen=True)
class _Speaker:
    who: str
    sex: Sex | None = None
    age: float | None = None


def quoted(prompt: str) -> tuple[Line, ...]:
    """The lines said in a prompt, in its order; none where nothing is quoted, or quotations are only to be read.

    A quotation is speech where a word of saying stands in its sentence ("says", "whispers", ...), or a person and a
    colon; the speaker is who does it, a name or a noun with its "old" or "little"; the tone is what the words around
    it tell. Two who are called by the same words are one, unless one is "another" or "a second"."""
    lines: list[Line] = []
    met: list[_Speaker] = []
    matches = list(_QUOTE.finditer(prompt))
    for n, match in enumerate(matches):
        words = next(group for group in match.groups() if group).strip()
        start = matches[n - 1].end() if n else 0
        end = matches[n + 1].start() if n + 1 < len(matches) else len(prompt)
        before, after = (
            _sentence(prompt[start : match.start()]),
            _attribution(_own(prompt[match.end() : end], n + 1 < len(matches))),
        )
        if after is None and n and not _says(before) and _is_aside(prompt[start : match.start()]) and lines:
            # "Wait," she said, "I am coming": the second part goes on where the first one stopped.
            if words:
                lines.append(replace(lines[-1], words=words[:MAX_LINE]))
            continue
        clause = after if after is not None else before
        _meet(f"{prompt[start : match.start()]} ; {after or ''}", met)
        if not words or not _says(clause) or not any(letter.isalpha() for letter in words):
            continue
        speaker = _speaker(clause, met) or _speaker(before, met)
        if speaker is None:
            speaker = met[-1] if met else _Speaker(NARRATOR)
        lines.append(
            Line(words[:MAX_LINE], speaker.who, _tone(f"{before} {after or ''}"), speaker.age, speaker.sex)  # type: ignore[arg-type]
        )
    return tuple(lines)


def unquoted(prompt: str) -> str:
    """What else a prompt says: without the clauses in which something is said, where something is."""
    if not quoted(prompt):
        return prompt
    clauses = re.split(r"([,;.!\n]+)", _QUOTE.sub("\0", prompt))
    return "".join(part for part in clauses if "\0" not in part).strip(" ,;.!\n")


def _sentence(text: str) -> str:
    """The last sentence of what stands before a quotation."""
    return re.split(r"(?<=[.!?;])\s+", text.strip())[-1]


def _own(text: str, more: bool) -> str:
    """What stands after a quotation without the words that lead to the next one: «hi», a man says «hello»."""
    if more and not text.rstrip().endswith((",", ".", ";", "!", "?", "—")):
        return text[: max(text.rfind(mark) for mark in (". ", "; ", "! ", "? ")) + 1]
    return text


def _words(text: str) -> list[str]:
    return re.findall(r"[\w'’-]+", text)


def _says(clause: str) -> bool:
    words = [word.lower() for word in _words(clause)]
    saying = [k for k, word in enumerate(words) if word in _SAYING]
    if not saying:
        return clause.rstrip().endswith(":") and _find(clause) is not None
    # Whoever comes last before the saying does it, and signs say things as well.
    held = [k for k, word in enumerate(words[: saying[-1]]) if word in _WRITTEN]
    people = [k for k, word in enumerate(words[: saying[-1]]) if word in PEOPLE or word in _HE]
    return not held or bool(people and people[-1] > held[-1])


def _attribution(text: str) -> str | None:
    """What says after a quotation who said it: «, she whispers sadly.» None where that is not so."""
    match = _SPEAKER_AFTER.match(text)
    if match is None:
        return None
    words = [word.lower() for word in _words(match["clause"])][:6]
    clause = _CLAUSE.split(match["clause"], maxsplit=1)[0]
    if not words or words[0] in ("and", "while", "as", "then", "but", "to") or not _words(clause):
        return None
    if _find(clause) is not None and any(word in _SAYING for word in words[:5]):
        return match["clause"]
    return None


def _is_aside(text: str) -> bool:
    """Whether what stands between two quotations ends in a comma: the speech goes on."""
    return text.rstrip().endswith(",") and _says(text)


def _speaker(clause: str, met: list[_Speaker]) -> _Speaker | None:
    """Who speaks in a clause: the first person of its last part that has one."""
    for part in reversed(_CLAUSE.split(clause)):
        if (found := _find(part)) is not None:
            return _known(part, found, met)
    return None


def _meet(text: str, met: list[_Speaker]) -> None:
    """Add all who are mentioned, so that a later "he" or "the woman" finds them."""
    for part in _CLAUSE.split(text):
        while (found := _find(part)) is not None:
            speaker = _known(part, found, met)
            if speaker in met:
                met.remove(speaker)  # who was mentioned last stands last
            met.append(speaker)
            part = part[found.end() :]


def _find(part: str) -> re.Match[str] | None:
    """The first mention of a person: a name, a noun or a pronoun."""
    for match in re.finditer(r"[\w'’-]+", part):
        word = match[0].removesuffix("'s").removesuffix("’s")
        if word.lower() in PEOPLE or word.lower() in _HE:
            return match
        if word[0].isupper() and word.lower() not in _NOT_NAMES | _SAYING | set(EMOTIONS) | set(AGES):
            return match
    return None


def _known(part: str, found: re.Match[str], met: list[_Speaker]) -> _Speaker:
    word = found[0].removesuffix("'s").removesuffix("’s")
    if word.lower() in _HE:
        fitting = [one for one in met if one.sex == _HE[word.lower()]]
        return fitting[-1] if fitting else _Speaker(word.lower(), _HE[word.lower()])  # type: ignore[arg-type]
    if word.lower() not in PEOPLE:
        return next((one for one in met if one.who == word), _Speaker(word, sex_of(word)))
    sex, age = PEOPLE[word.lower()]
    about = [other.lower() for other in _words(part[: found.start()])][-3:]
    years = next((AGES[other] for other in about if other in AGES), age)
    number = next((re.match(r"(\d{1,3})-year-old", other) for other in about if other[0].isdigit()), None)
    years = int(number[1]) if number else years
    which = next((f"{other} " for other in about if other in ("another", "second", "third", "other")), "")
    aged = next((f"{other} " for other in about if other in AGES), "")
    who = f"{which}{aged}{word.lower()}"
    same = [one for one in met if one.who == who or (not aged and not which and one.who.endswith(f" {who}"))]
    return same[-1] if same else _Speaker(who, sex, float(years) if years else None)


def _tone(text: str) -> str:
    tones = [
        "shout" if word in _CRIED else EMOTIONS[word]
        for word in (word.lower() for word in _words(text))
        if word in _CRIED or word in EMOTIONS
    ]
    # Whispering and shouting change the voice more than any mood does.
    return next((tone for tone in tones if tone in ("whisper", "shout")), tones[-1] if tones else "neutral")

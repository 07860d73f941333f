"""The instruments that ship: what they are called, where they play, what they are good at; who plays in which music."""

import re
from dataclasses import dataclass
from typing import Literal

Role = Literal["melody", "counter", "pad", "motion", "bass", "stab", "drums"]


@dataclass(frozen=True)
class Instrument:
    """`low` to `high` is where it sounds well (MIDI keys, both included); `roles` is what it is asked for, best first;
    `motion` is how it keeps an accompaniment moving; `pan` -1 left to 1 right; `hall` 0 to 1 is how much of it the
    hall hears; `fades` says that a held note dies away (plucked, struck)."""

    name: str
    program: int  # General MIDI, counted from 0
    low: int
    high: int
    roles: tuple[Role, ...]
    motion: str = "arpeggio"
    pan: float = 0.0
    hall: float = 0.35
    fades: bool = False
    words: tuple[str, ...] = ()  # other names
    samples: int = 8  # how many of its recordings ship at most

    @property
    def kit(self) -> bool:
        return self.roles == ("drums",)


def _made(
    name: str, program: int, low: int, high: int, roles: str, motion: str, pan: float, hall: float, words: str,
    samples: int,
) -> Instrument:  # fmt: skip
    fades, motion = motion.endswith("*"), motion.rstrip("*")
    others = tuple(word.strip() for word in words.split(",") if word.strip())
    good_at: tuple[Role, ...] = tuple(roles.split())  # type: ignore[arg-type]
    return Instrument(name, program, low, high, good_at, motion, pan, hall, fades, others, samples)


# name, program, keys, roles, motion (* fades), pan, hall, other names, recordings
INSTRUMENTS: dict[str, Instrument] = {
    one[0]: _made(*one)  # type: ignore[arg-type]
    for one in (
        ("piano", 0, 33, 96, "melody motion bass pad stab", "arpeggio*", 0.0, 0.25, "pianos, grand piano, pianist", 10),
        ("electric piano", 4, 36, 90, "motion melody pad", "comp*", 0.1, 0.2, "e-piano, epiano, rhodes", 7),
        ("celesta", 8, 60, 105, "melody motion", "arpeggio*", 0.3, 0.4, "", 5),
        ("glockenspiel", 9, 72, 105, "melody motion", "arpeggio*", 0.35, 0.4, "chimes", 5),
        ("music box", 10, 60, 100, "melody motion", "arpeggio*", 0.1, 0.4, "musicbox", 6),
        ("vibraphone", 11, 53, 89, "melody motion pad", "comp*", 0.25, 0.3, "vibes", 7),
        ("marimba", 12, 45, 96, "motion melody bass", "ostinato*", -0.25, 0.3, "xylophone", 5),
        ("bells", 14, 60, 84, "stab melody", "arpeggio*", 0.3, 0.5, "bell, tubular bells, church bells", 1),
        ("organ", 19, 36, 91, "pad melody motion bass", "hold", 0.0, 0.45, "church organ, pipe organ", 6),
        ("accordion", 21, 53, 89, "melody pad motion", "comp", 0.15, 0.2, "accordeon, musette", 4),
        ("harmonica", 22, 60, 88, "melody", "hold", 0.1, 0.25, "", 4),
        ("nylon guitar", 24, 40, 83, "motion melody", "arpeggio*", -0.2, 0.2,
         "guitar, guitars, classical guitar, spanish guitar, acoustic guitar, lute", 7),
        ("ukulele", 24, 60, 88, "motion melody", "strum*", -0.15, 0.15, "ukuleles, uke", 7),
        ("steel guitar", 25, 40, 83, "motion melody", "strum*", -0.25, 0.2, "folk guitar, western guitar, mandolin", 6),
        ("clean guitar", 27, 40, 86, "melody motion", "arpeggio*", -0.25, 0.2, "electric guitar, jazz guitar", 6),
        ("overdriven guitar", 29, 40, 84, "motion melody", "power", -0.3, 0.15,
         "distorted guitar, distortion guitar, rock guitar, heavy guitar, guitar riff", 4),
        ("acoustic bass", 32, 28, 60, "bass", "hold*", 0.0, 0.1, "upright bass, double bass", 6),
        ("electric bass", 33, 28, 60, "bass", "hold*", 0.0, 0.05, "bass guitar, bass", 5),
        ("synth bass", 38, 24, 60, "bass motion", "ostinato", 0.0, 0.05, "bassline", 4),
        ("violin", 40, 55, 96, "melody counter", "hold", -0.3, 0.4, "violins, solo violin, fiddle", 8),
        ("cello", 42, 36, 76, "melody counter bass", "hold", 0.3, 0.4, "cellos, solo cello, viola", 7),
        ("contrabass", 43, 28, 55, "bass", "hold", 0.35, 0.35, "contrabasses, double basses", 5),
        ("tremolo strings", 44, 36, 91, "pad motion", "hold", -0.1, 0.4, "tremolo", 9),
        ("pizzicato", 45, 36, 91, "motion melody bass", "ostinato*", -0.2, 0.4,
         "pizzicato strings, plucked strings", 7),
        ("harp", 46, 36, 96, "motion melody", "arpeggio*", 0.35, 0.4, "harps", 7),
        ("timpani", 47, 36, 57, "stab bass", "ostinato*", 0.1, 0.45, "kettledrum, kettledrums", 3),
        ("strings", 48, 36, 91, "pad motion melody stab counter", "ostinato", -0.15, 0.4,
         "string, string section, string orchestra, string ensemble, string quartet", 9),
        ("synth strings", 50, 36, 91, "pad", "hold", 0.0, 0.35, "", 5),
        ("choir", 52, 41, 84, "pad melody", "hold", 0.0, 0.5, "choirs, chorus, voices, vocals, choral", 6),
        ("trumpet", 56, 55, 86, "melody stab counter", "hold", 0.2, 0.35, "trumpets, cornet", 5),
        ("trombone", 57, 40, 72, "melody stab counter bass", "hold", 0.25, 0.35, "trombones", 5),
        ("tuba", 58, 28, 55, "bass", "hold", 0.3, 0.35, "tubas", 4),
        ("french horn", 60, 41, 77, "melody counter pad stab", "hold", -0.25, 0.45, "french horns, horn, horns", 5),
        ("brass", 61, 43, 82, "stab pad melody motion", "ostinato", 0.2, 0.4, "brass section, fanfare", 4),
        ("saxophone", 66, 46, 76, "melody counter", "hold", 0.15, 0.25, "sax, saxes, tenor sax, alto sax", 7),
        ("oboe", 68, 59, 89, "melody counter", "hold", 0.1, 0.4, "oboes, english horn", 5),
        ("bassoon", 70, 36, 70, "bass melody counter motion", "ostinato", 0.2, 0.4, "bassoons", 6),
        ("clarinet", 71, 50, 89, "melody counter", "hold", 0.15, 0.4, "clarinets", 7),
        ("flute", 73, 60, 93, "melody counter", "hold", -0.1, 0.4, "flutes, piccolo, recorder", 6),
        ("pan flute", 75, 60, 90, "melody", "hold", -0.1, 0.45, "panflute, panpipes, shakuhachi", 5),
        ("square lead", 80, 48, 96, "melody motion", "arpeggio", 0.1, 0.15, "chiptune lead, 8-bit", 5),
        ("synth lead", 81, 36, 96, "melody motion", "arpeggio", 0.1, 0.25,
         "lead synth, synth, synths, synthesizer, saw", 5),
        ("synth pad", 89, 36, 91, "pad motion", "hold", 0.0, 0.4, "pad, pads, warm pad", 3),
        ("sweep pad", 95, 36, 91, "pad", "hold", 0.0, 0.45, "drone, atmosphere", 3),
        ("banjo", 105, 48, 84, "motion melody", "arpeggio*", -0.25, 0.15, "banjos", 4),
        ("kalimba", 108, 60, 91, "motion melody", "arpeggio*", 0.2, 0.3, "thumb piano, mbira", 4),
        ("drum kit", 0, 35, 87, "drums", "", 0.0, 0.12, "drums, drum, percussion, drumset, drummer, beat, beats", 40),
        ("electronic drums", 25, 35, 87, "drums", "", 0.0, 0.1, "808, drum machine, electronic beat", 40),
        ("brushes", 40, 35, 87, "drums", "", 0.0, 0.15, "brushed drums", 40),
        ("orchestral percussion", 48, 35, 87, "drums", "", 0.0, 0.4,
         "taiko, taikos, epic drums, war drums, big drums, orchestral drums, cymbals, snare", 40),
    )
}  # fmt: skip

FAMILIES: dict[str, tuple[str, ...]] = {
    "orchestra": ("strings", "french horn", "flute", "contrabass", "brass"),
    "woodwinds": ("flute", "clarinet", "oboe", "bassoon"),
    "woodwind": ("flute", "clarinet", "oboe", "bassoon"),
    "mallets": ("marimba", "vibraphone"),
}
SECTIONS: dict[str, tuple[str, ...]] = {  # a word for a section brings those who belong to it
    "strings": ("strings", "tremolo strings", "violin", "cello", "contrabass", "pizzicato"),
    "brass": ("brass", "french horn", "trumpet", "trombone", "tuba"),
}
_WORDS = {word: (one.name,) for one in INSTRUMENTS.values() for word in (one.name, *one.words)} | FAMILIES
_PATTERN = re.compile(r"\b(" + "|".join(re.escape(w) for w in sorted(_WORDS, key=len, reverse=True)) + r")\b")


def named(words: str) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """The instruments that these words ask for, those that they rule out ("no drums", "without piano or brass"), and
    the words without either."""
    wanted: list[str] = []
    unwanted: list[str] = []
    for clause in re.split(r"[,;.]| but | with ", words):
        for found in _PATTERN.finditer(clause):
            refused = re.search(r"\b(no|without|minus|except)\b", clause[: found.start()])
            (unwanted if refused else wanted).extend(_WORDS[found[1]])
    rest = re.sub(r"\b(no|without|minus|except)\b[^,;.]*?" + _PATTERN.pattern, " ", words)
    return tuple(dict.fromkeys(wanted)), tuple(dict.fromkeys(unwanted)), _PATTERN.sub(" ", rest)


# Who plays: "role instrument from-which-intensity", the intensity being 0 to 1
CASTS: dict[str, str] = {
    "tense": "pad tremolo strings 0; bass contrabass 0; motion strings 0.3; counter cello 0.25; "
    "melody clarinet 0.4; stab brass 0; drums orchestral percussion 0.6",
    "sad": "pad strings 0; melody cello 0; motion piano 0.1; bass contrabass 0.3; counter oboe 0.55",
    "happy": "motion pizzicato 0; melody flute 0; bass acoustic bass 0.1; pad strings 0.35; "
    "counter clarinet 0.5; drums drum kit 0.45; stab glockenspiel 0",
    "epic": "pad strings 0; motion strings 0.2; bass contrabass 0; melody french horn 0.1; counter trumpet 0.65; "
    "pad choir 0.5; bass tuba 0.55; stab brass 0; stab timpani 0; drums orchestral percussion 0.3",
    "calm": "pad strings 0; motion harp 0.05; melody piano 0; bass contrabass 0.35; counter flute 0.55",
    "mysterious": "pad choir 0; motion celesta 0.05; melody clarinet 0.15; bass contrabass 0.1; "
    "pad tremolo strings 0.5; stab bells 0; drums orchestral percussion 0.75",
    "playful": "motion pizzicato 0; melody clarinet 0; bass bassoon 0; counter flute 0.4; stab glockenspiel 0; "
    "pad strings 0.6; drums drum kit 0.55",
    "romantic": "pad strings 0; melody violin 0; motion harp 0.05; bass contrabass 0.2; counter french horn 0.45",
    "horror": "pad tremolo strings 0; bass contrabass 0; melody music box 0.1; pad choir 0.4; "
    "motion strings 0.5; stab brass 0; stab timpani 0; drums orchestral percussion 0.65",
    "action": "motion strings 0; bass contrabass 0; pad brass 0.55; melody french horn 0.2; counter trumpet 0.7; "
    "stab brass 0; stab timpani 0; drums orchestral percussion 0.1",
    "nostalgic": "melody piano 0; pad strings 0.1; motion nylon guitar 0.1; bass acoustic bass 0.25; "
    "counter clarinet 0.5",
    "triumphant": "melody trumpet 0; pad strings 0; motion strings 0.3; bass contrabass 0; "
    "counter french horn 0.35; bass tuba 0.5; stab brass 0; stab timpani 0; drums orchestral percussion 0.25",
    "dreamy": "pad synth pad 0; motion harp 0; melody celesta 0.1; bass contrabass 0.3; pad choir 0.5; "
    "counter flute 0.5",
    "neutral": "pad strings 0; melody french horn 0.15; motion piano 0.1; bass contrabass 0.2; "
    "counter flute 0.5; stab timpani 0; drums orchestral percussion 0.7",
    "jazz": "motion piano 0; bass acoustic bass 0; melody saxophone 0; drums brushes 0.1; counter vibraphone 0.55",
    "waltz": "motion strings 0; bass contrabass 0; melody violin 0; counter flute 0.4; pad french horn 0.55",
    "lo-fi": "motion electric piano 0; bass electric bass 0.05; drums drum kit 0.1; melody vibraphone 0.15; "
    "pad synth pad 0.3",
    "electronic": "motion synth lead 0.1; bass synth bass 0; pad synth pad 0; drums electronic drums 0.15; "
    "melody square lead 0.3; pad synth strings 0.6",
    "hip hop": "motion electric piano 0; bass synth bass 0; drums electronic drums 0; melody vibraphone 0.3; "
    "pad strings 0.5",
    "rock": "motion overdriven guitar 0; bass electric bass 0; drums drum kit 0; melody clean guitar 0.25; "
    "pad organ 0.6",
    "folk": "motion steel guitar 0; melody violin 0.05; bass acoustic bass 0.1; counter flute 0.5; "
    "pad accordion 0.45; drums brushes 0.65",
    "ambient": "pad synth pad 0; pad sweep pad 0.25; motion vibraphone 0.2; melody piano 0.15; bass contrabass 0.4",
    "march": "melody trumpet 0; bass tuba 0; motion brass 0; drums orchestral percussion 0; counter flute 0.45; "
    "pad french horn 0.4",
    "pop": "motion piano 0; bass electric bass 0; drums drum kit 0.15; melody clean guitar 0.2; pad strings 0.35",
}
_FALLBACKS: dict[Role, tuple[str, ...]] = {  # the ground that a lone tune would lack, and the tune
    "pad": ("strings", "choir", "synth pad"),
    "bass": ("contrabass", "acoustic bass", "tuba", "synth bass"),
    "melody": ("piano", "flute", "music box"),
}


@dataclass(frozen=True)
class Player:
    """An instrument in a role, heard from this intensity (0 to 1) on."""

    role: Role
    instrument: Instrument
    threshold: float


def cast(kind: str, wanted: tuple[str, ...], unwanted: tuple[str, ...], alone: bool) -> tuple[Player, ...]:
    """Who plays this kind of music (a key of CASTS), with the wanted instruments in front and the unwanted left out.

    Named instruments take the roles they are best at; those of the cast keep what is left, unless the named are to
    play `alone`, or are a section ("strings") that can do all of it by itself."""
    usual = []
    for line in CASTS[kind].split(";"):
        role, rest = line.strip().split(" ", 1)
        name, threshold = rest.rsplit(" ", 1)
        usual.append(Player(role, INSTRUMENTS[name], float(threshold)))  # type: ignore[arg-type]
    usual = [player for player in usual if not _refused(player.instrument, unwanted)]
    if not wanted:
        return tuple(usual + _grounds({p.role for p in usual}, unwanted, 0.2))
    taken = _placed(wanted)
    filled = {player.role for player in taken}
    chosen = set(wanted)
    if len(wanted) == 1 and wanted[0] in SECTIONS:
        own = [p for p in usual if p.instrument.name in SECTIONS[wanted[0]] and p.instrument.name not in unwanted]
        # where the usual cast has a soloist of the section, the section itself need not do that too
        taken = [p for p in taken if p.role not in {o.role for o in own} or p is taken[0]]
        own = [p for p in own if (p.role, p.instrument) != (taken[0].role, taken[0].instrument)]
        return tuple(dict.fromkeys(taken + own + _section_bass(wanted[0], own, taken, unwanted)))
    if alone:
        return tuple(taken)
    kept = [p for p in usual if p.role not in filled and p.instrument.name not in chosen]
    kept += _grounds(filled | {p.role for p in kept}, unwanted, 0.35)
    # What was not asked for stays behind what was
    kept = [Player(p.role, p.instrument, min(0.95, p.threshold + 0.1)) for p in kept if p.role != "counter"]
    return tuple(taken + kept)


def _refused(instrument: Instrument, unwanted: tuple[str, ...]) -> bool:
    if instrument.kit and any(INSTRUMENTS[name].kit for name in unwanted):
        return True  # "no drums" means no kit of any kind
    return any(instrument.name in SECTIONS.get(name, (name,)) for name in unwanted)


def _grounds(filled: set[Role], unwanted: tuple[str, ...], threshold: float) -> list[Player]:
    """Somebody for each role that music hardly does without and that nobody has."""
    found = []
    for role, names in _FALLBACKS.items():
        name = next((name for name in names if not _refused(INSTRUMENTS[name], unwanted)), None)
        if role not in filled and name:
            found.append(Player(role, INSTRUMENTS[name], 0.0 if role == "melody" else threshold))
    return found


def _placed(wanted: tuple[str, ...]) -> list[Player]:
    """Each named instrument in its best free role; the first also in others that nobody has, if it can."""
    taken: list[Player] = []
    filled: set[str] = set()
    for name in wanted:
        instrument = INSTRUMENTS[name]
        role = next((r for r in instrument.roles if r not in filled), instrument.roles[0])
        filled.add(role)
        taken.append(Player(role, instrument, 0.0))
    for player in list(taken):
        for role in player.instrument.roles:
            if role in ("melody", "motion") and role not in filled:
                filled.add(role)
                taken.append(Player(role, player.instrument, 0.05))
    return taken


def _section_bass(section: str, own: list[Player], taken: list[Player], unwanted: tuple[str, ...]) -> list[Player]:
    if any(p.role == "bass" for p in own + taken):
        return []
    name = {"strings": "contrabass", "brass": "tuba"}[section]
    return [] if name in unwanted else [Player("bass", INSTRUMENTS[name], 0.0)]

"""What accompanies a tune: pads, moving figures, basses and drums, bar by bar."""

import numpy as np

from vitascope.sound.harmony import Chord, pitches, voiced
from vitascope.sound.melody import Bar, Event, Span
from vitascope.sound.orchestra import Instrument

# What keeps a style's accompaniment moving, where it is not the instrument's own way
_MOTIONS = {"jazz": "comp", "lo-fi": "comp", "waltz": "waltz", "march": "offbeat", "hip hop": "comp", "pop": "pulse"}


def pad(bars: list[Bar], low: int, high: int) -> list[Event]:
    """Held chords whose voices move little; more voices where it is full."""
    low, high = max(low, 45), min(high, 79)
    events: list[Event] = []
    before: tuple[int, ...] | None = None
    for bar in bars:
        for span in bar.spans:
            voices = 3 if bar.level < 0.3 else 4
            before = voiced(span.chord, before if before and len(before) == voices else None, low, high, voices)
            events += [Event(span.beat, span.beats * 0.99, key, 0.6) for key in before]
    return events


def motion(style: str, player: Instrument, bars: list[Bar], bpm: float, shape: int) -> list[Event]:
    """A moving figure over chords in close position; faster where it is fuller. `shape` chooses its form."""
    way = _MOTIONS.get(style, player.motion)
    if player.motion in ("power", "strum") or (way == "comp" and not player.fades):
        way = player.motion
    low = max(player.low, 48 if way in ("arpeggio", "strum", "comp", "pulse", "offbeat", "waltz") else player.low)
    if way == "ostinato":
        low = max(player.low, 50)
    high = min(player.high, low + 26)
    events: list[Event] = []
    before: tuple[int, ...] | None = None
    for bar in bars:
        for span in bar.spans:
            before = voiced(span.chord, before, low, high, 4 if way in ("strum", "comp") else 3)
            events += _FIGURES[way](span, before, bar, _pace(bar.level, bpm), shape)
    return events


def _pace(level: float, bpm: float) -> int:
    """Notes a beat."""
    pace = 1 if level < 0.22 else 2 if level < 0.68 else 4
    return 2 if pace == 4 and bpm > 126 else 2 if pace == 1 and bpm < 72 else pace


def _arpeggio(span: Span, keys: tuple[int, ...], bar: Bar, pace: int, shape: int) -> list[Event]:
    orders = ((0, 1, 2, 1), (0, 1, 2, 3), (0, 2, 1, 2), (0, 1, 2, 3, 2, 1))[shape % 4]
    ladder = ([*keys, keys[0] + 12] * 4)[:4]
    rings = 1.6 if bar.level < 0.6 else 1.0
    count = max(1, round(span.beats * pace))
    return [
        Event(span.beat + i / pace, rings / pace, ladder[orders[i % len(orders)]], 0.52 + 0.14 * (i % pace == 0))
        for i in range(count)
    ]


def _ostinato(span: Span, keys: tuple[int, ...], bar: Bar, pace: int, shape: int) -> list[Event]:
    orders = ((0, 0, 1, 0, 0, 0, 2, 0), (0, 1, 0, 2), (0, 2, 1, 2, 0, 2, 1, 2), (0, 0, 2, 1))[shape % 4]
    count = max(1, round(span.beats * pace))
    events = []
    for i in range(count):
        accent = 0.25 if i % pace == 0 else 0.12 if (3 * i) % 8 < 3 and pace > 1 else 0.0
        events.append(Event(span.beat + i / pace, 0.6 / pace, keys[orders[i % len(orders)] % len(keys)], 0.5 + accent))
        if bar.level > 0.5 and i % pace == 0:
            events.append(
                Event(span.beat + i / pace, 0.6 / pace, keys[(orders[i % len(orders)] + 1) % len(keys)], 0.55)
            )
    return events


def _strum(span: Span, keys: tuple[int, ...], bar: Bar, pace: int, shape: int) -> list[Event]:
    """Down on the beats, up between them; down takes longer over its strings than up."""
    patterns = {1: "D...", 2: ("D.D.D.DU", "D.DU.UDU", "D..UD.DU", "D.DUD.DU")[shape % 4], 4: "DUDUDUDU"}
    strokes = patterns[pace] if pace != 1 else "D.D."
    step = 1.0 if pace == 1 else 0.5
    events = []
    for i in range(max(1, round(span.beats / step))):
        stroke = strokes[round((span.beat - bar.beat) / step + i) % len(strokes)]
        if stroke == ".":
            continue
        order = keys if stroke == "D" else keys[::-1][:3]
        loud = 0.62 if stroke == "D" else 0.48
        events += [Event(span.beat + i * step + 0.02 * n, step * 1.4, key, loud) for n, key in enumerate(order)]
    return events


def _comp(span: Span, keys: tuple[int, ...], bar: Bar, pace: int, shape: int) -> list[Event]:
    """Chords that come before or after the beat, as a pianist accompanies."""
    places = {
        1: ((0.0,), (0.0, 2.5)),
        2: ((0.0, 1.5), (0.0, 2.5), (0.5, 2.0, 3.5), (0.0, 1.5, 3.0)),
        4: ((0.0, 1.5, 2.5, 3.5), (0.5, 1.5, 3.0), (0.0, 0.5, 2.0, 3.5)),
    }[pace]
    chosen = places[(shape + bar.place) % len(places)]
    inside = [place for place in chosen if place < span.beats - 0.1] or [0.0]
    return [
        Event(span.beat + place, min(1.2, span.beats - place) if place else 1.1, key, 0.6 - 0.06 * (place % 1 > 0))
        for place in inside
        for key in keys
    ]


def _power(span: Span, keys: tuple[int, ...], bar: Bar, pace: int, shape: int) -> list[Event]:
    """Root, fifth and octave, low; driven in eighths where it is full."""
    root = 40 + (span.chord.root - 40) % 12
    step = 2.0 if bar.level < 0.3 else 1.0 if bar.level < 0.55 else 0.5
    count = max(1, round(span.beats / step))
    return [
        Event(span.beat + i * step, step * 0.9, key, 0.62 + 0.12 * (i % 2 == 0))
        for i in range(count)
        for key in (root, root + 7, root + 12)
    ]


def _hold(span: Span, keys: tuple[int, ...], bar: Bar, pace: int, shape: int) -> list[Event]:
    step = span.beats if bar.level < 0.5 else min(2.0, span.beats)
    count = max(1, round(span.beats / step))
    return [Event(span.beat + i * step, step * 0.95, key, 0.56) for i in range(count) for key in keys]


def _pulse(span: Span, keys: tuple[int, ...], bar: Bar, pace: int, shape: int) -> list[Event]:
    pace = min(pace, 2)
    count = max(1, round(span.beats * pace))
    return [
        Event(span.beat + i / pace, 0.8 / pace, key, 0.5 + 0.12 * (i % pace == 0)) for i in range(count) for key in keys
    ]


def _offbeat(span: Span, keys: tuple[int, ...], bar: Bar, pace: int, shape: int) -> list[Event]:
    first = 0.5 if bar.level > 0.3 else 1.0
    step = 2 * first
    count = max(1, int((span.beats - first) / step + 1e-6) + 1)
    return [Event(span.beat + first + i * step, 0.4, key, 0.55) for i in range(count) for key in keys
            if first + i * step < span.beats]  # fmt: skip


def _waltz(span: Span, keys: tuple[int, ...], bar: Bar, pace: int, shape: int) -> list[Event]:
    """The second and the third beat; the bass has the first."""
    events = [Event(span.beat + i, 0.5, key, 0.55) for i in range(1, round(span.beats)) for key in keys]
    if bar.level > 0.6:
        events += [Event(span.beat + i + 0.5, 0.4, keys[-1], 0.45) for i in range(1, round(span.beats))]
    return events or [Event(span.beat, 0.5, key, 0.55) for key in keys]


_FIGURES = {
    "arpeggio": _arpeggio, "ostinato": _ostinato, "strum": _strum, "comp": _comp, "power": _power, "hold": _hold,
    "pulse": _pulse, "offbeat": _offbeat, "waltz": _waltz,
}  # fmt: skip


def bass(style: str, player: Instrument, bars: list[Bar], bpm: float) -> list[Event]:
    """The ground: roots and fifths as the style has them."""
    events: list[Event] = []
    for number, bar in enumerate(bars):
        for span in bar.spans:
            root = _low_key(span.chord.root, player)
            fifth = _low_key(span.chord.tones[2 % len(span.chord.tones)], player)
            after = bars[number + 1].spans[0].chord if number + 1 < len(bars) else span.chord
            events += _bass_span(style, span, bar, root, fifth, _low_key(after.root, player), player)
    return events


def _bass_span(style: str, span: Span, bar: Bar, root: int, fifth: int, after: int, player: Instrument) -> list[Event]:
    beats = max(1, round(span.beats))
    if style == "jazz" and bar.level > 0.2:
        walk = [root, *_walk(root, after, beats - 1, span.chord, player)]
        return [Event(span.beat + i, 0.92, key, 0.68) for i, key in enumerate(walk)]
    if style in ("rock", "electronic", "action") and bar.level > 0.25:
        pace = 1 if bar.level < 0.45 else 2
        return [
            Event(span.beat + i / pace, 0.9 / pace, root, 0.62 + 0.1 * (i % pace == 0)) for i in range(beats * pace)
        ]
    if style in ("lo-fi", "hip hop", "pop") and beats >= 3:
        events = [Event(span.beat, 1.4, root, 0.72), Event(span.beat + 2.5, 0.9, fifth if bar.place % 2 else root, 0.6)]
        return [one for one in events if one.beat < span.beat + span.beats]
    if style in ("folk", "march", "happy", "playful") and beats >= 2:
        return [Event(span.beat + i, 0.8, fifth if i % 4 == 2 else root, 0.66) for i in range(0, beats, 2)]
    if style == "waltz":
        return [Event(span.beat, 0.9, fifth if bar.place % 2 else root, 0.7)]
    if style in ("tense", "epic") and bar.level > 0.45:
        pace = 1 if bar.level < 0.65 else 2
        return [Event(span.beat + i / pace, 0.7 / pace, root, 0.6 + 0.1 * (i % pace == 0)) for i in range(beats * pace)]
    return [Event(span.beat, span.beats * 0.98, root, 0.66)]


def _low_key(tone: int, player: Instrument) -> int:
    """The key of a pitch class in the lowest octave that sounds well (from E1 up)."""
    low = max(player.low, 28)
    return low + (tone - low) % 12


def _walk(root: int, after: int, count: int, chord: Chord, player: Instrument) -> list[int]:
    """Chord tones on the way, and last a half step beside the next root."""
    keys = pitches(chord.tones, player.low, min(player.high, root + 14))
    walk = [key for key in keys if key > root][: max(0, count - 1)]
    beside = after - 1 if after - 1 >= player.low else after + 1
    return [*walk, *[root] * max(0, count - 1 - len(walk)), beside][:count] if count > 0 else []


# Sixteenths of four beats, a line for a drum from a level on: X loud, x plain, o soft
_DRUMS: dict[str, tuple[tuple[float, int, str], ...]] = {
    "rock": ((0.0, 36, "X.......x......."), (0.0, 38, "....X.......X..."), (0.0, 42, "x.o.x.o.x.o.x.o."),
             (0.5, 36, "......x...x....."), (0.75, 38, ".......o.o.....o"), (0.8, 46, "..............x.")),
    "pop": ((0.0, 36, "X.........x....."), (0.0, 38, "....X.......X..."), (0.0, 42, "o.o.o.o.o.o.o.o."),
            (0.45, 70, "oooooooooooooooo"), (0.6, 36, "......x........."), (0.6, 39, "....x.......x...")),
    "lo-fi": ((0.0, 36, "X......o..x....."), (0.0, 38, "....x.......x..."), (0.0, 42, "o.o.o.o.o.o.o.o."),
              (0.5, 36, "...o............"), (0.6, 37, ".......o......o.")),
    "jazz": ((0.0, 51, "x...x.o.x...x.o."), (0.0, 44, "....x.......x..."), (0.35, 38, "......o.......o."),
             (0.5, 36, "o.......o......."), (0.6, 40, "x.......x.......")),
    "folk": ((0.0, 38, "....x.......x..."), (0.0, 36, "x.......x......."), (0.5, 40, "o.o.o.o.o.o.o.o.")),
    "electronic": ((0.0, 36, "X...X...X...X..."), (0.0, 46, "..x...x...x...x."), (0.35, 39, "....x.......x..."),
                   (0.5, 42, "ooooxoooooooxooo"), (0.75, 38, "..........o....x")),
    "hip hop": ((0.0, 36, "X.....x...x....."), (0.0, 38, "....X.......X..."), (0.0, 42, "x.x.x.x.x.x.xoxo"),
                (0.6, 42, ".....o.o.....o.o"), (0.6, 39, "....x.......x...")),
    "light": ((0.0, 70, "o.o.o.o.o.o.o.o."), (0.0, 36, "x.......x......."), (0.5, 54, "....x.......x..."),
              (0.65, 38, "....x.......x..."), (0.65, 42, "..o...o...o...o.")),
    "playful": ((0.0, 76, "x.......x......."), (0.0, 77, "....x.......x.x."), (0.5, 81, "x..............."),
                (0.6, 70, "o.o.o.o.o.o.o.o.")),
    "march": ((0.0, 38, "x..ox.o.x..oxooo"), (0.0, 36, "X.......X......."), (0.6, 40, "..o...o...o...o.")),
    "epic": ((0.0, 36, "X..............."), (0.3, 87, "x.....x...x....."), (0.45, 86, "....x..x....x.x."),
             (0.6, 87, "X..x..x.X..x..xx"), (0.75, 38, "....x..o....x.oo")),
    "action": ((0.0, 36, "X.......x......."), (0.0, 87, "x..x..x.x..x..x."), (0.4, 86, "..o.x.o...o.x.oo"),
               (0.6, 38, "....x.......x..."), (0.75, 38, "..o...oo..o...oo")),
    "sparse": ((0.0, 36, "x..............."), (0.5, 87, "........o.....o."), (0.8, 86, "....o..o....o...")),
}  # fmt: skip
_DRUMS_OF = {
    "happy": "light", "playful": "playful", "tense": "sparse", "mysterious": "sparse", "horror": "sparse",
    "neutral": "epic", "triumphant": "march",
}  # fmt: skip
_KIT_DRUMS = {"drum kit": "pop", "electronic drums": "electronic", "brushes": "folk", "orchestral percussion": "epic"}
_ORCHESTRAL = ("march", "epic", "action", "sparse")


def drums(style: str, kit: Instrument, bars: list[Bar]) -> list[Event]:
    """A groove that fits the style and that the kit can play; fills where phrases end, crashes where they begin."""
    name = _DRUMS_OF.get(style, style)
    if name not in _DRUMS or (name in _ORCHESTRAL) != (kit.name == "orchestral percussion"):
        name = _KIT_DRUMS[kit.name]
    lines = _DRUMS[name]
    events: list[Event] = []
    for bar in bars:
        fill = bar.left == 0 and bar.level > 0.45 and bar.beats > 2
        steps = 4 * bar.beats - (4 if fill else 0)
        for least, key, line in lines:
            if bar.level >= least:
                events += [
                    Event(bar.beat + i / 4, 0.25, key, {"X": 0.9, "x": 0.72, "o": 0.45}[line[i % 16]])
                    for i in range(steps)
                    if line[i % 16] != "."
                ]
        if fill:
            events += _fill(bar, name)
        if bar.place == 0 and bar.level > 0.5 and bar.phrase % 2 == 0:
            events.append(Event(bar.beat, 1.0, 57, 0.7))
    return events


def _fill(bar: Bar, name: str) -> list[Event]:
    orchestral = name in _ORCHESTRAL
    keys = (
        (86, 86, 87, 87) if orchestral else (50, 48, 45, 45) if name in ("rock", "pop", "light") else (38, 38, 38, 38)
    )
    first = bar.beat + bar.beats - 1
    return [Event(first + i / 4, 0.25, key, 0.55 + 0.09 * i) for i, key in enumerate(keys)]


def level_of(energy: np.ndarray, weight: float) -> np.ndarray:
    """How full music is (0.05 to 1) for motion energies (0 to 1) and a mood's own weight (-0.3 to 0.3)."""
    return np.clip(0.14 + 0.72 * np.clip(energy, 0, 1) ** 0.8 + 0.6 * weight, 0.05, 1.0)

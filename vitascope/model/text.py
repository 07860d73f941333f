"""Words to token states: the frozen sentence encoder all-MiniLM-L6-v2 (int8 ONNX) that ships inside the package."""

import functools
import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

TEXT_WIDTH = 384  # numbers in one token state
MAX_TOKENS = 128  # the encoder was trained on sentences of up to 128 tokens; longer texts are cut there

_FOLDER = Path(__file__).resolve().parent.parent / "weights" / "minilm"
_SHA256 = {
    "model.onnx": "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}


class TextEncoderError(ValueError):
    """The encoder's files are missing or are not the ones that were shipped."""


def _verified(name: str) -> bytes:
    path = _FOLDER / name
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TextEncoderError(f"text encoder: {path} cannot be read ({error.strerror}); reinstall vitascope") from None
    found = hashlib.sha256(content).hexdigest()
    if found != _SHA256[name]:
        raise TextEncoderError(
            f"text encoder: {path} has checksum {found[:12]}…, expected {_SHA256[name][:12]}…; reinstall vitascope"
        )
    return content


class TextEncoder:
    """Token states of a text. Each text is run by itself, because the int8 network scales its numbers over the
    whole batch: so a text has the same states whatever it is batched with, in training as in generation."""

    def __init__(self, num_threads: int = 1) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = num_threads
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            _verified("model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_str(_verified("tokenizer.json").decode())
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)

    def __call__(self, text: str) -> npt.NDArray[np.float32]:
        """States of the text's tokens, [L, 384] with 2 ≤ L ≤ 128 (a start and an end token frame the words)."""
        ids = np.array([self._tokenizer.encode(text.lower()).ids], dtype=np.int64)  # 1 L
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        states = np.asarray(self._session.run(None, inputs)[0], dtype=np.float32)  # 1 L 384
        return states[0]  # L 384


@functools.cache
def encoder() -> TextEncoder:
    """The process's one encoder, loaded on first use (about 0.2 s)."""
    return TextEncoder()


def pad(states: list[npt.NDArray[np.float32]]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Texts of different lengths as one array: states [B, L, 384], and which of the L are real, [B, L]."""
    length = max(len(one) for one in states)
    padded = np.zeros((len(states), length, TEXT_WIDTH), dtype=np.float32)
    real = np.zeros((len(states), length), dtype=bool)
    for row, one in enumerate(states):
        padded[row, : len(one)] = one
        real[row, : len(one)] = True
    return padded, real

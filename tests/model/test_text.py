"""Words to token states."""

import numpy as np
import pytest

from vitascope.model import text


def test_a_text_has_the_same_states_whatever_it_is_batched_with() -> None:
    alone, _ = text.pad([text.encoder()("a red ball")])
    padded, real = text.pad([text.encoder()("a red ball"), text.encoder()("two green cubes slide over the snow")])
    assert np.array_equal(alone[0], padded[0, : alone.shape[1]])
    assert real.sum(1).tolist() == [alone.shape[1], padded.shape[1]]
    assert not padded[0][~real[0]].any()


def test_paraphrases_are_nearer_than_other_things() -> None:
    def mean(words: str) -> np.ndarray:
        states = text.encoder()(words).mean(0)
        return states / np.linalg.norm(states)

    ball, sphere, fox = mean("a red ball bounces"), mean("a red sphere is bouncing"), mean("the stock market fell")
    assert ball @ sphere > ball @ fox + 0.3


def test_long_texts_are_cut_at_the_encoders_length() -> None:
    assert text.encoder()("grass " * 1000).shape == (text.MAX_TOKENS, text.TEXT_WIDTH)


def test_a_changed_file_is_refused(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "model.onnx").write_bytes(b"something else")
    monkeypatch.setattr(text, "_FOLDER", tmp_path)
    with pytest.raises(text.TextEncoderError, match="checksum"):
        text.TextEncoder()

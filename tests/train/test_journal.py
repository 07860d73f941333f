"""What is written down of a run, and that its arithmetic is counted right."""

import contextlib
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from vitascope.model import patches, presets
from vitascope.model.condition import Known, Row, gather, group_seconds
from vitascope.model.dit import DiT
from vitascope.shot.media import write_picture
from vitascope.train import video
from vitascope.train.journal import Journal, arithmetic, matrix_rate


def _line(journal: Journal, step: int) -> None:
    journal.line(step=step, loss=0.25, rate=1.0, groups_a_second=30.0, mfu=0.5, samples=9, seconds=12.4)


def test_a_log_of_an_older_version_is_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("step,loss,mood,seconds\n20,0.5,calm,3\n40,0.4,calm,6\n")
    for step in (60, 80):
        with contextlib.closing(Journal(tmp_path, step)) as journal:
            _line(journal, step)
    assert (tmp_path / "log.csv").read_text().splitlines() == [
        "step,loss,mood,seconds,rate,groups_a_second,mfu,samples",
        "20,0.5,calm,3,,,,",
        "40,0.4,calm,6,,,,",
        "60,0.2500,,12,1.000,30.0,0.500,9",
        "80,0.2500,,12,1.000,30.0,0.500,9",
    ]


def test_tensorboard_gets_the_curves_and_the_samples(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # type: ignore[import-untyped]

    write_picture(tmp_path / "sheet.png", np.full((8, 12, 3), 128, np.uint8))
    with contextlib.closing(Journal(tmp_path, 0)) as journal:
        _line(journal, 20)
        journal.picture(tmp_path / "sheet.png", 20)
    events = EventAccumulator(str(tmp_path)).Reload()
    curves = {name: [(event.step, event.value) for event in events.Scalars(name)] for name in events.Tags()["scalars"]}
    assert curves == {"loss": [(20, 0.25)], "rate": [(20, 1.0)], "groups_a_second": [(20, 30.0)], "mfu": [(20, 0.5)]}
    (sheet,) = events.Images("samples")
    assert (sheet.step, sheet.width, sheet.height) == (20, 12, 8)


def test_without_tensorboard_there_is_a_log_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)  # as if it were not installed
    monkeypatch.delitem(sys.modules, "torch.utils.tensorboard", raising=False)
    with contextlib.closing(Journal(tmp_path, 0)) as journal:
        _line(journal, 20)
        journal.picture(tmp_path / "none.png", 20)
    assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]


@pytest.mark.parametrize(("num_groups", "picture"), [(2, False), (4, False), (1, True)])
@pytest.mark.parametrize("known", ["nothing", "pins", "parts and context"])
def test_arithmetic_is_what_pytorch_counts(num_groups: int, picture: bool, known: str) -> None:
    """… on a CPU, where each product of attention is one matrix product, there as well as back."""
    params = replace(presets.tiny(), depth=4)
    frames = np.zeros((4, 32, 48, 3), np.uint8)
    shown = np.ones((32, 48), np.float32) if "parts" in known else None
    pins = [Known(frames[0], 0.1, None, shown), Known(frames[0], 0.2)] if known != "nothing" else []
    context = [Known(frames, -0.2)] * 3 if "context" in known else []
    words = "" if known == "nothing" else 'a sign says "OPEN"'
    count = 1 if picture else num_groups * patches.GROUP
    row = Row(np.ones((7, 384), np.float32), np.zeros((count, 6, 16), np.float32), torch.zeros(1), pins, context, words)
    row = row if picture else row._replace(seconds=group_seconds(num_groups, 12))
    width = patches.STILL_WIDTH if picture else patches.MOVING_WIDTH
    clean, time = torch.zeros(3, num_groups, 6, width), torch.full((3, num_groups), 0.5)
    conditions = gather([row] * 3, 0.0 if picture else 1 / 12, (2, 3))
    made = video.Batch(clean, clean, time, torch.ones_like(clean), conditions, 3, 0, 0.0)
    with FlopCounterMode(display=False) as counter:
        DiT(params)(clean, time, conditions).sum().backward()
    assert arithmetic(params, made) == counter.get_total_flops()


def test_the_rate_of_matrix_products_is_measured_soon() -> None:
    assert 1e9 < matrix_rate(torch.device("cpu")) < 1e14

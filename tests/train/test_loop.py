"""The loop: it learns, it resumes to the byte, and it says what is wrong."""

import csv
import multiprocessing
import signal
import socket
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from vitascope.generate import draw
from vitascope.model import checkpoint, numerics
from vitascope.model.dit import DiT
from vitascope.model.text import encoder
from vitascope.shot.media import read_picture, write_picture
from vitascope.shot.shot import Shot
from vitascope.train import loop, video
from vitascope.train.loop import Options, TrainError
from vitascope.train.sheet import write_sheet
from vitascope.train.stream import Format, Ring, Sample, Source
from vitascope.world.footage import take

QUICK = Source(formats=(Format((48, 32), 8, 12.0, 0.6), Format((32, 32), 12, 12.0, 0.4)))


@pytest.fixture(autouse=True)
def plain_footage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands in for the renderer: a few coloured clips, made at once. Nor are sheets of samples drawn or the machine's
    speed measured, which take longer than all else."""
    monkeypatch.setattr(Source, "sample", _coloured)
    monkeypatch.setattr(loop, "write_sheet", _grey_sheet)
    monkeypatch.setattr(loop, "matrix_rate", lambda device: 1e10)


def _grey_sheet(network: DiT, source: Source, prompts: tuple[str, ...], path: Path) -> None:
    write_picture(path, np.full((8, 12, 3), 128, np.uint8))


def _coloured(source: Source, index: int) -> Sample:
    kind = source.formats[source.format(index)]
    rng = np.random.default_rng(index)
    shape = kind.num_frames, kind.size[1], kind.size[0]
    frames = np.broadcast_to(rng.integers(0, 255, 3, dtype=np.uint8), (*shape, 3)).copy()
    texts = (rng.standard_normal((5, 384)).astype(np.float16),)
    points = np.full((4, kind.num_frames, 2), 0.5, np.float32)
    return Sample(frames, texts, ('says "HI"',), points, np.ones((4, kind.num_frames), bool), np.zeros(shape, bool))


def _options(out: Path, **changes: object) -> Options:
    base = Options("tiny", out, steps=100, batch=4, ring=8, uses=2.0, workers=0, source=QUICK, seed=3)
    return replace(base, **changes)  # type: ignore[arg-type]


def test_a_resumed_run_equals_an_unbroken_one(tmp_path: Path) -> None:
    loop.train(_options(tmp_path / "whole", max_steps=8))
    loop.train(_options(tmp_path / "parts", max_steps=3))
    loop.train(_options(tmp_path / "parts", max_steps=8, resume=True))
    whole, parts = (torch.load(tmp_path / name / "state.pt") for name in ("whole", "parts"))
    assert whole["step"] == parts["step"] == 8 and whole["consumed"] == parts["consumed"]
    for name in ("network", "average"):
        assert all(torch.equal(whole[name][key], parts[name][key]) for key in whole[name])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_within_a_step_still_resumes_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """The signal comes between the two optimizers' steps of the third step."""
    loop.train(_options(tmp_path / "whole", max_steps=6))
    plain, calls = loop.Muon.step, []

    def struck(self: loop.Muon, *rest: object) -> None:
        plain(self)
        calls.append(1)
        if len(calls) == 3:
            signal.raise_signal(number)

    monkeypatch.setattr(loop.Muon, "step", struck)
    loop.train(_options(tmp_path / "parts"))
    assert torch.load(tmp_path / "parts" / "state.pt")["step"] == 3
    loop.train(_options(tmp_path / "parts", max_steps=6, resume=True))
    whole, parts = (torch.load(tmp_path / name / "state.pt") for name in ("whole", "parts"))
    for name in ("network", "average"):
        assert all(torch.equal(whole[name][key], parts[name][key]) for key in whole[name])


def test_a_run_leaves_weights_a_log_and_a_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "write_sheet", write_sheet)
    path = loop.train(_options(tmp_path / "run", max_steps=20))
    _, card = checkpoint.load(path)
    assert card.training["steps"] == 20 and card.size == (48, 32)
    assert card.formats == ((48, 32, 8, 12.0), (32, 32, 12, 12.0))
    with open(tmp_path / "run" / "log.csv", newline="") as file:
        (line,) = csv.DictReader(file)
    assert line["step"] == "20" and float(line["mfu"]) > 0 and float(line["groups_a_second"]) > 0
    assert list((tmp_path / "run").glob("events.*"))
    assert read_picture(tmp_path / "run" / "sheet-000020.png").std() > 1


def test_weights_given_to_begin_with_are_those_that_a_run_begins_with(tmp_path: Path) -> None:
    path = loop.train(_options(tmp_path / "first", max_steps=3))
    given, _ = checkpoint.load(path)
    run = loop.begin(_options(tmp_path / "next", init=path))
    assert all(torch.equal(run.network.state_dict()[name], value) for name, value in given.state_dict().items())
    with pytest.raises(TrainError, match="is no 'small' network"):
        loop.begin(_options(tmp_path / "next", init=path, preset="small"))


TOGETHER: dict[str, object] = {"max_steps": 6, "batch": 3, "learning_rate": 1e-2, "matrix_rate": 1e-2}


def test_two_processes_train_what_one_does(tmp_path: Path) -> None:
    """Batches of one to six rows, so that now and then a process has none. Under torchrun the processes find these
    variables; here they are given."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    spawn = multiprocessing.get_context("spawn")
    team = [spawn.Process(target=_noted, args=(tmp_path / "two", rank, 2, port)) for rank in (0, 1)]
    for one in team:
        one.start()
    alone, expected = _noted(tmp_path / "one", 0, 1, port)
    for one in team:
        one.join(300)
        assert one.exitcode == 0
    (losses, first), (others, second) = (torch.load(tmp_path / "two" / f"process-{rank}.pt") for rank in (0, 1))
    assert losses == others and all(torch.equal(first[name], second[name]) for name in first)
    assert len({round(loss, 6) for loss in losses}) == 6
    np.testing.assert_allclose(losses, alone, rtol=1e-5)
    for name, value in expected.items():
        torch.testing.assert_close(first[name], value, rtol=1e-4, atol=1e-5)
    _, card = checkpoint.load(tmp_path / "two" / "weights.safetensors")
    assert card.training["steps"] == 6 and card.training["hardware"].startswith("2 × ")
    assert torch.load(tmp_path / "two" / "state.pt")["step"] == 6


def _noted(out: Path, rank: int, size: int, port: int) -> tuple[list[float], dict[str, torch.Tensor]]:
    """The losses and the last weights of a run, as one of `size` processes sees them; also written beside it."""
    losses: list[float] = []
    runs: list[loop.Run] = []
    advance = loop.advance

    def noted(run: loop.Run, made: video.Batch, options: Options) -> torch.Tensor:
        loss = advance(run, made, options)
        losses.append(float(loss))
        runs.append(run)
        return loss

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Source, "sample", _coloured)
        patch.setattr(loop, "write_sheet", _grey_sheet)
        patch.setattr(loop, "matrix_rate", lambda device: 1e10)
        patch.setattr(loop, "advance", noted)
        # In bf16, where the processor has it, batches of other sizes round otherwise: here sums are compared.
        patch.setattr(numerics, "computes_bf16", lambda device: False)
        if size > 1:
            place = {"RANK": rank, "WORLD_SIZE": size, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
            for name, value in place.items():
                patch.setenv(name, str(value))
            torch.set_num_threads(1)
        loop.train(_options(out, **TOGETHER))
    torch.save((losses, runs[-1].network.state_dict()), out / f"process-{rank}.pt")
    return losses, runs[-1].network.state_dict()


def test_what_cannot_be_started_or_resumed_is_said(tmp_path: Path) -> None:
    with pytest.raises(checkpoint.CheckpointError, match="holds no run"):
        loop.train(_options(tmp_path / "none", resume=True))
    assert not (tmp_path / "none").exists()
    loop.train(_options(tmp_path / "run", max_steps=1))
    with pytest.raises(TrainError, match="already holds a run"):
        loop.train(_options(tmp_path / "run", max_steps=1))
    with pytest.raises(checkpoint.CheckpointError, match="not this one"):
        loop.train(_options(tmp_path / "run", resume=True, source=replace(QUICK, seed=9)))
    (tmp_path / "run" / "state.pt").write_bytes(b"cut off")
    with pytest.raises(checkpoint.CheckpointError, match="damaged"):
        loop.train(_options(tmp_path / "run", resume=True))


def test_batches_made_ahead_are_those_of_a_run_that_makes_them_when_they_are_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.train(_options(tmp_path / "plain", max_steps=6))
    ahead = SimpleNamespace(type="cuda")  # the loop asks for no more than that to work ahead
    genuine = video.batch
    monkeypatch.setattr(loop, "device_of", lambda options: ahead)
    monkeypatch.setattr(loop, "begin", lambda options: _on_cpu(options, monkeypatch))
    monkeypatch.setattr(loop, "hardware", lambda device: "made up")
    monkeypatch.setattr(video, "batch", lambda *given: genuine(*given[:-1]))
    loop.train(_options(tmp_path / "ahead", max_steps=6))
    plain, other = (torch.load(tmp_path / name / "state.pt") for name in ("plain", "ahead"))
    assert plain["consumed"] == other["consumed"]
    assert all(torch.equal(plain["network"][key], other["network"][key]) for key in plain["network"])


GENUINE_BEGIN = loop.begin


def _on_cpu(options: Options, monkeypatch: pytest.MonkeyPatch) -> loop.Run:
    with monkeypatch.context() as patch:
        patch.setattr(loop, "device_of", lambda options: torch.device("cpu"))
        return GENUINE_BEGIN(options)


def test_a_device_that_is_not_there_is_refused(tmp_path: Path) -> None:
    for device in ("cuda", "abacus") if not torch.cuda.is_available() else ("abacus",):
        with pytest.raises(TrainError, match=f"device: '{device}' was given"):
            loop.train(_options(tmp_path / "run", device=device))
    assert not (tmp_path / "run").exists()


def test_the_rate_warms_up_stays_and_falls() -> None:
    shares = [loop.rate(step, 1000) for step in (0, 99, 500, 749, 900, 999)]
    assert shares[0] == 0.01 and shares[1] == shares[2] == 1 and 1 >= shares[3] > shares[4] > shares[5] > 0


def test_tiny_overfits_eight_clips_and_words_choose_between_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight clips of the world: in less than a minute the network knows them, and a caption brings its own back."""
    source = Source(formats=(Format((96, 64), 8, 12.0),), seed=5)
    samples = [_rendered(source, index) for index in range(8)]
    monkeypatch.setattr(Source, "sample", lambda self, index: samples[index])
    options = _options(tmp_path / "x", learning_rate=4e-3, matrix_rate=4e-3, steps=320, batch=16, source=source)
    run = loop.begin(options)
    losses = []
    with Ring(source, 8, 0) as ring:
        ring.ask(8)
        for step in range(options.steps):
            made = video.batch(ring, 0, 8, 16, 3000, (1, step), torch.zeros(2, 384))
            losses.append(float(loop.advance(run, made, options)))
            run.step += 1
    assert np.mean(losses[-20:]) < 0.25 * np.mean(losses[:10])
    shots = [
        Shot(text=sample.captions[0], size=(96, 64), seconds=8 / 12, seed=5, guidance=1.5, steps=12)
        for sample in samples
    ]
    made_clips = draw(run.average.eval(), shots).astype(np.float32)
    truth = np.stack([sample.frames for sample in samples]).astype(np.float32)
    distance = np.abs(made_clips[:, None] - truth[None]).mean((2, 3, 4, 5))  # made, meant
    assert (distance.argmin(1) == np.arange(8)).sum() >= 7, distance.round()


def _rendered(source: Source, index: int) -> Sample:
    made = take(source.seed, index, size=(96, 64), seconds=8 / 12, fps=12, num_captions=1, num_tracks=4)
    texts = tuple(encoder()(caption).astype(np.float16) for caption in made.captions)
    return Sample(made.clip.array(), texts, made.captions, made.points, made.visible, made.ids > 0)

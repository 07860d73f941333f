"""A pool of motions: simulated once, drawn again and again with other looks."""

import functools
from pathlib import Path

import numpy as np
import pytest

from vitascope.train import pool as module
from vitascope.train.pool import Group, Pool, load, main, save, shares, simulate_all
from vitascope.train.stream import FORMATS, Format, Ring, Source
from vitascope.world import footage, physics
from vitascope.world.scene import Scene

GROUPS: tuple[Group, ...] = ((24, 12.0), (12, 12.0))
FORMS = (Format((48, 32), 24, 12.0, 0.5), Format((32, 48), 12, 12.0, 0.5))
COUNT = 6


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pool") / "motions.npz"
    save(path, 1, list(simulate_all(1, GROUPS, COUNT, seed=5, workers=0)))
    return path


@pytest.fixture
def no_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*given: object, **named: object) -> None:
        raise AssertionError("simulated")

    monkeypatch.setattr(physics, "simulate", refused)
    monkeypatch.setattr(physics, "_thrown", refused)
    monkeypatch.setattr(footage, "simulate", refused)


def drawn(file: Path, index: int, size: tuple[int, int] = (48, 32), seed: int = 0) -> tuple[Scene, physics.Motion]:
    return load(str(file)).draw(seed, index, size, 24, 12.0)


def test_a_pool_holds_what_was_simulated(file: Path) -> None:
    made = load(str(file))
    assert made.level == 1 and tuple(made.groups) == GROUPS and made.named_groups == ("24@12", "12@12")
    for order, group in enumerate(GROUPS):
        for number in range(len(made.groups[group])):
            scene, motion = made.groups[group][number]
            seconds = group[0] / group[1]
            true = footage.happening(5, order * module.APART + number, size=module.SIZE, seconds=seconds, fps=12.0)
            assert scene == true[0]
            np.testing.assert_allclose(motion.position, true[1].position, atol=1e-6)
            np.testing.assert_allclose(motion.rotation, true[1].rotation, atol=1e-6)


@pytest.mark.parametrize("level", [2, 4])
def test_scenes_of_every_level_come_back_whole(level: int, tmp_path: Path) -> None:
    path = tmp_path / "motions.npz"
    save(path, level, list(simulate_all(level, GROUPS[:1], 8, seed=1, workers=0)))
    made = load(str(path))
    for number in range(8):
        scene, motion = made.groups[GROUPS[0]][number]
        true = footage.happening(1, number, level=level, size=module.SIZE, seconds=2.0)
        assert scene == true[0] and motion.position.shape == true[1].position.shape == (24, len(scene.things), 3)
    other, motion = made.draw(0, 3, (48, 32), 24, 12.0)
    assert len(motion.cast) == len(other.cast) and other.level == level


@pytest.mark.usefixtures("no_simulation")
def test_a_clip_has_a_motion_of_the_pool_with_other_looks(file: Path) -> None:
    there = load(str(file)).groups[GROUPS[0]]
    looks = set()
    for index in range(3 * len(there)):
        scene, motion = drawn(file, index)
        same = [number for number in range(len(there)) if np.array_equal(motion.position, there[number][1].position)]
        assert len(same) == 1
        was = there[same[0]][0]
        assert [thing.position for thing in scene.things] == [thing.position for thing in was.things]
        assert scene.look != was.look
        looks.add((same[0], scene.look))
    assert len(looks) == 3 * len(there)  # never the same twice
    assert any(drawn(file, i)[0].things[0].colour != there[n][0].things[0].colour for i, n in [(0, 0), (1, 0), (2, 0)])


@pytest.mark.usefixtures("no_simulation")
def test_all_motions_come_before_one_comes_again(file: Path) -> None:
    count = len(load(str(file)).groups[GROUPS[0]])
    for turn in range(4):
        came = {drawn(file, turn * count + k, (144, 80))[1].position.tobytes() for k in range(count)}
        assert len(came) == count
    orders = [
        [drawn(file, turn * count + k, (144, 80))[1].position.tobytes() for k in range(count)] for turn in (0, 1, 2)
    ]
    assert orders[0] != orders[1] or orders[1] != orders[2]


@pytest.mark.usefixtures("no_simulation")
def test_samples_of_a_pool_cost_no_simulation_and_are_the_same_whenever_asked(file: Path) -> None:
    source = Source(formats=FORMS, pool=str(file))
    kinds = set()
    for index in (7, 2, 0, 5):
        sample, kind = source.sample(index), source.format(index)
        load.cache_clear()  # as another process finds it
        again = source.sample(index)
        assert sample.frames.tobytes() == again.frames.tobytes() and sample.captions == again.captions
        assert np.array_equal(sample.points, again.points) and np.array_equal(sample.visible, again.visible)
        assert sample.frames.shape == (FORMS[kind].num_frames, *FORMS[kind].size[::-1], 3)
        assert sample.things.any()
        kinds.add(kind)
    assert kinds == {0, 1}


@pytest.mark.usefixtures("no_simulation")
def test_a_ring_that_begins_later_goes_on_with_the_same_clips(file: Path) -> None:
    source = Source(formats=FORMS, pool=str(file))
    with Ring(source, 3, workers=0) as unbroken, Ring(source, 3, workers=0) as resumed:
        for end in (3, 5):
            unbroken.ask(end)
        resumed.ask(5)
        for index in (2, 3, 4):
            assert np.array_equal(unbroken[index].frames, resumed[index].frames)


def test_a_pool_is_the_same_whatever_makes_it(file: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.npz"
    save(again, 1, list(simulate_all(1, GROUPS, COUNT, seed=5, workers=0)))
    assert again.read_bytes() == file.read_bytes()
    other = tmp_path / "other.npz"
    save(other, 1, list(simulate_all(1, GROUPS, COUNT, seed=6, workers=0)))
    assert other.read_bytes() != file.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.npz", "other.npz"]  # nothing is left beside


@pytest.mark.slow
def test_worker_processes_make_the_same_pool(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "motions.npz"
    words = f"{path} --count {COUNT} --seed 5 --workers 2 --formats 24@12 12@12"
    assert main(words.split()) == 0
    assert path.read_bytes() == file.read_bytes()
    assert "bytes each" in capsys.readouterr().out


def test_a_pool_has_as_much_of_each_length_as_training_takes() -> None:
    groups = list(dict.fromkeys((kind.num_frames, kind.fps) for kind in FORMATS))
    told = shares(groups)
    source = Source()
    chosen = [source.formats[source.format(index)] for index in range(4000)]
    found = [np.mean([(kind.num_frames, kind.fps) == group for kind in chosen]) for group in groups]
    np.testing.assert_allclose(told, found, atol=0.02)
    assert shares([(7, 3.0), (9, 3.0)]) == [0.5, 0.5]


def test_pools_that_do_not_fit_are_told_before_training(file: Path, tmp_path: Path) -> None:
    Source(formats=FORMS, pool=str(file)).check()
    wrong_level = Source(level=2, formats=FORMS, pool=str(file))
    wrong_rate = Source(formats=(Format((48, 32), 24, 8.0),), pool=str(file))
    for source, told in ((wrong_level, "--level 2 --formats 24@12 12@12"), (wrong_rate, "--level 1 --formats 24@8")):
        with pytest.raises(OSError, match=rf"level 1 with 24@12, 12@12; make it anew: .* {told}"):
            Ring(source, 4, workers=0)
    with pytest.raises(OSError, match=r"nowhere.npz is no file of motions"):
        Source(pool=str(tmp_path / "nowhere.npz")).check()
    whole = file.read_bytes()
    for name, content in (("cut.npz", whole[: len(whole) // 2]), ("other.npz", b"nothing")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(OSError, match=f"pool: .*{name} is"):
            Source(pool=str(tmp_path / name)).check()
    assert repr(wrong_rate) != repr(Source(formats=wrong_rate.formats))


def test_what_never_fits_the_picture_ends_with_a_word(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "relooked", lambda *given: None)
    with pytest.raises(OSError, match=r"none of its . motions of 24 frames fits"):
        drawn(file, 0)


def test_scenes_that_are_not_found_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    real = footage.happening

    def rare(seed: int, number: int, **how: object) -> object:
        if number % 2:
            raise module.SceneError("not found")
        return functools.partial(real, seed, number)(**how)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "happening", rare)
    (made,) = simulate_all(1, GROUPS[1:], 4, seed=0, workers=0)
    assert len(made) == 2
    assert isinstance(Pool(1, {GROUPS[1]: made}).draw(0, 1, (48, 32), 12, 12.0)[0], Scene)
    monkeypatch.setattr(module, "happening", lambda *given, **how: rare(0, 1))
    with pytest.raises(OSError, match="no scene of level 1 lasts 12 frames at 12 a second"):
        list(simulate_all(1, GROUPS[1:], 4, seed=0, workers=0))


def test_a_pool_that_cannot_be_written_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert (
        main([str(tmp_path / "no-folder" / "motions.npz"), "--count", "1", "--workers", "0", "--formats", "1@12"]) == 2
    )
    assert capsys.readouterr().err.startswith("vitascope.train.pool: ")
    with pytest.raises(SystemExit):
        main([str(tmp_path / "motions.npz"), "--formats", "twelve"])

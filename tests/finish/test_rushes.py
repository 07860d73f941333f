"""Windows kept on disk: what is there is found again, what is of another shot is refused, nothing is left."""

from pathlib import Path

import numpy as np
import pytest

from vitascope.finish.rushes import Rushes, Take
from vitascope.shot.files import MediaError
from vitascope.shot.shot import Shot

SHOT = Shot(text="a ball", seconds=10)


def _take(number: int) -> Take:
    frames = np.full((6, 4, 8, 3), 10 * number, np.uint8)
    frames[:, 0, 0, 0] += np.arange(6, dtype=np.uint8)
    return Take(frames, frames[-2:, :2])


def test_windows_are_found_again_in_their_order(tmp_path: Path) -> None:
    made = Rushes(SHOT, "abc", tmp_path / "a.mp4.rushes")
    for number in range(3):
        assert made.get(number) is None
        made.put(number, _take(number))
    again = Rushes(SHOT, "abc", tmp_path / "a.mp4.rushes", resume=True)
    for number in range(3):
        take = again.get(number)
        assert take is not None and isinstance(take.frames, np.memmap)
        assert np.array_equal(take.frames, _take(number).frames) and np.array_equal(take.small, _take(number).small)
    assert again.get(3) is None
    frames = list(again)
    assert [int(frame[0, 0, 0]) for frame in frames] == [10 * n + i for n in range(3) for i in range(6)]
    assert len(list(again)) == 18, "they can be looked at again"


def test_without_resume_all_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "a.mp4.rushes"
    Rushes(SHOT, "abc", folder).put(0, _take(1))
    assert Rushes(SHOT, "abc", folder).get(0) is None


@pytest.mark.parametrize(("shot", "weights"), [(SHOT.with_(seed=3), "abc"), (SHOT, "abd")])
def test_windows_of_another_shot_or_other_weights_are_not_gone_on_from(
    tmp_path: Path, shot: Shot, weights: str
) -> None:
    folder = tmp_path / "a.mp4.rushes"
    Rushes(SHOT, "abc", folder).put(0, _take(1))
    with pytest.raises(MediaError, match=r"resume: .*a\.mp4\.rushes is of another shot or of other weights"):
        Rushes(shot, weights, folder, resume=True)
    assert Rushes(SHOT, "abc", folder, resume=True).get(0) is not None, "they are still there"
    (folder / "shot.json").write_text("{}")
    with pytest.raises(MediaError, match="holds no film that was stopped"):
        Rushes(SHOT, "abc", folder, resume=True)


def test_a_window_that_was_being_written_is_not_there(tmp_path: Path) -> None:
    made = Rushes(SHOT, "abc", tmp_path / "rushes")
    made.put(0, _take(0))
    (tmp_path / "rushes" / "000.npy").write_bytes(b"\x93NUMPY half")
    with pytest.raises(MediaError, match=r"000\.npy is damaged .* begin anew"):
        made.get(0)
    (tmp_path / "rushes" / "000.npy").unlink()
    assert made.get(0) is None, "its end alone is none"


def test_nothing_is_left_and_nothing_else_is_taken_away(tmp_path: Path) -> None:
    made = Rushes(SHOT, "abc", tmp_path / "rushes")
    made.put(0, _take(0))
    (tmp_path / "rushes" / "notes.txt").write_text("mine")
    made.let_go()
    assert made.get(0) is not None
    del made
    assert [path.name for path in (tmp_path / "rushes").iterdir()] == ["notes.txt"]
    (tmp_path / "rushes" / "notes.txt").unlink()
    Rushes(SHOT, "abc", tmp_path / "rushes").let_go()
    assert not (tmp_path / "rushes").exists()
    nameless = Rushes(SHOT, "abc")
    nameless.put(0, _take(0))
    folder = nameless.folder
    assert folder.is_dir()
    del nameless
    assert not folder.exists()

"""Footage is the same bytes for the same numbers, keeps its split, stays in the picture, and can be saved."""

import json
import threading
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from vitascope.shot.clip import Clip
from vitascope.world.footage import Take, footage, happening, looks_of, save, take, take_of
from vitascope.world.framing import in_view
from vitascope.world.physics import GROUND_MATERIALS
from vitascope.world.scene import Scene, held_out, subjects

SIZE = (64, 36)


@pytest.fixture(scope="module")
def first() -> Take:
    return take(1, 0, size=SIZE)


def test_same_numbers_same_bytes(first: Take) -> None:
    again = take(1, 0, size=SIZE)
    assert again.clip.array().tobytes() == first.clip.array().tobytes()
    assert again.points.tobytes() == first.points.tobytes()
    assert again.visible.tobytes() == first.visible.tobytes()
    assert again.captions == first.captions
    assert again.shot == first.shot
    assert again.scene == first.scene


def test_other_numbers_are_other_takes(first: Take) -> None:
    assert take(1, 1, size=SIZE).scene != first.scene
    assert take(2, 0, size=SIZE).scene != first.scene


def test_a_take_has_the_shapes_it_promises(first: Take) -> None:
    assert first.clip.array().shape == (24, 36, 64, 3)
    assert first.depth.shape == first.ids.shape == (24, 36, 64)
    assert first.points.shape == (64, 24, 2)
    assert first.visible.shape == (64, 24)
    assert len(first.captions) == 4
    assert first.shot.text == first.captions[0]
    assert first.shot.num_frames == 24


def test_shards_share_one_stream_and_can_start_again() -> None:
    whole = [t.name for t in islice(footage(1, size=SIZE, num_tracks=4), 4)]
    even, odd = ([t.name for t in islice(footage(1, shard=k, shards=2, size=SIZE, num_tracks=4), 2)] for k in (0, 1))
    later = next(footage(1, shard=1, shards=2, start=1, size=SIZE, num_tracks=4)).name
    assert len(set(whole)) == 4
    assert whole == [even[0], odd[0], even[1], odd[1]]
    assert later == odd[1]


def test_the_stream_gives_what_single_takes_give_and_stops_when_closed() -> None:
    stream = footage(1, start=2, size=SIZE)
    for index in (2, 3):
        streamed, single = next(stream), take(1, index, size=SIZE)
        assert streamed.clip.array().tobytes() == single.clip.array().tobytes()
        assert streamed.points.tobytes() == single.points.tobytes()
        assert (streamed.shot, streamed.scene, streamed.captions) == (single.shot, single.scene, single.captions)
    stream.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("next-scene")]


def test_a_shard_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="shard was 2 of 2"):
        next(footage(1, shard=2, shards=2))


def test_held_out_footage_and_training_footage_do_not_mix() -> None:
    for i in range(6):
        trained, _ = happening(1, i, size=SIZE)
        assert not any(held_out(t.colour, t.shape, t.action) for t in trained.things)
        kept, _ = happening(1, i, size=SIZE, split="held_out")
        assert any(held_out(t.colour, t.shape, t.action) for t in kept.things)


def test_things_are_in_the_first_picture(first: Take) -> None:
    for i in range(4):
        scene, motion = happening(1, i, size=SIZE)
        assert in_view(scene, motion, SIZE)
    assert (first.ids[0] > 0).any()


def test_cues_lie_within_the_clip_and_tell_the_stuff() -> None:
    told = [take(1, i, size=(16, 16), num_tracks=1).shot.cues for i in range(4)]
    assert any(told)
    for cue in [cue for cues in told for cue in cues]:
        assert 0.0 <= cue.time <= 2.0
        assert cue.materials


def test_other_looks_keep_the_motion(first: Take) -> None:
    other = looks_of(first, 1, 0, 1)
    assert other.motion.position is first.motion.position
    assert other.clip.array().tobytes() != first.clip.array().tobytes()
    assert [t.position for t in other.scene.things] == [t.position for t in first.scene.things]


def test_a_saved_take_is_all_there(first: Take, tmp_path: Path) -> None:
    place = save(first, tmp_path)
    assert save(first, tmp_path) == place
    assert {p.name for p in place.iterdir()} == {"clip.mp4", "scene.json", "shot.json", "tracks.npz"}
    assert Scene.from_json((place / "scene.json").read_text(encoding="utf-8")) == first.scene
    assert json.loads((place / "shot.json").read_text(encoding="utf-8"))["text"] == first.captions[0]
    assert Clip.open(place / "clip.mp4").num_frames == 24
    with np.load(place / "tracks.npz") as tracks:
        assert tracks["points"].shape == (64, 24, 2)


@pytest.mark.parametrize("level", [2, 3, 4])
def test_takes_of_every_level_are_whole(level: int) -> None:
    for index in range(4):
        made = take(3, index, level=level, size=SIZE, num_tracks=32)
        objects = len(made.scene.things) + len(made.scene.cast)
        assert made.ids.max() <= objects and made.ids.min() >= -1
        things, members = subjects(made.scene)
        shown = [(made.ids == 1 + o).any() for o in range(len(things) + len(members))]
        assert all(shown), f"take 3-{index} of level {level} does not show all of whom it is about"
        assert all(max(contact.things) < objects for contact in made.motion.contacts)
        assert len(made.motion.cast) == len(made.scene.cast)
        assert made.visible.any()


def test_a_scene_from_json_films_as_the_one_that_was_drawn() -> None:
    made = take(4, 1, level=4, size=SIZE)
    again = take_of(Scene.from_json(made.scene.to_json()), 4, 1, size=SIZE)
    assert again.clip.array().tobytes() == made.clip.array().tobytes()


def test_other_looks_are_heard_on_their_own_ground() -> None:
    made = next(t for t in (take(1, i, size=SIZE) for i in range(9)) if any(-1 in c.things for c in t.motion.contacts))
    other = next(t for t in (looks_of(made, 1, 0, k) for k in range(1, 9)) if t.scene.ground != made.scene.ground)
    heard = {contact.materials[1] for contact in other.motion.contacts if -1 in contact.things}
    assert heard == {GROUND_MATERIALS[other.scene.ground]}

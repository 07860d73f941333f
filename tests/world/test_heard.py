"""What is heard of a scene is told with its place, its size and where it goes."""

from vitascope.world.footage import happening, take
from vitascope.world.heard import cues_of
from vitascope.world.physics import simulate
from vitascope.world.scene import Vehicle
from vitascope.world.stage import path_of


def test_a_take_tells_its_place_and_what_rolls_goes_somewhere() -> None:
    takes = [take(5, index, level=1, size=(64, 36), num_tracks=1) for index in range(12)]
    for made in takes:
        first = made.shot.cues[0]
        assert first.kind == "place" and first.seconds == 2.0 and first.materials
        assert list(made.shot.cues) == sorted(made.shot.cues, key=lambda cue: cue.time)
    rolling = [cue for made in takes for cue in made.shot.cues if cue.kind == "roll"]
    assert rolling
    for cue in rolling:
        assert cue.across is not None and 0.1 < cue.across < 3.0
        assert cue.place is not None and cue.to != cue.place
    assert any(cue.to is not None for cue in rolling)


def test_what_swings_makes_wind_at_its_lowest_point() -> None:
    takes = [take(5, index, level=2, size=(64, 36), num_tracks=1) for index in range(40)]
    swinging = [made for made in takes if any(thing.action == "swing" for thing in made.scene.things)]
    winds = [cue for made in swinging for cue in made.shot.cues if cue.kind == "whoosh"]
    assert winds and all(cue.materials == ("air",) and 0 < cue.strength <= 1 for cue in winds)


def test_an_engine_gets_louder_over_all_speeds_of_a_road() -> None:
    scenes = (happening(5, index, level=2, size=(64, 36))[0] for index in range(400))
    scene = next(one for one in scenes if any(isinstance(m, Vehicle) and m.action == "drive" for m in one.cast))
    loud = []
    for speed in (2.0, 5.0, 12.0):
        cast = tuple(m.model_copy(update={"speed": speed}) if isinstance(m, Vehicle) else m for m in scene.cast)
        driven = scene.with_(cast=cast)
        cues = cues_of(driven, simulate(driven), path_of(driven.camera, 2.0, 12.0), (64, 36))
        loud.append(next(cue.strength for cue in cues if cue.kind == "engine"))
    assert loud == sorted(set(loud)) and loud[0] > 0.1 and loud[-1] < 1.0

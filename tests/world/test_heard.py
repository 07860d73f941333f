"""What is heard of a scene is told with its place, its size and where it goes."""

from vitascope.world.footage import take


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

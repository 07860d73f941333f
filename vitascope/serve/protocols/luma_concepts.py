"""Luma's 34 named camera concepts: the moves of ours that each is, and the words that say what no move does."""

from collections.abc import Sequence
from dataclasses import dataclass

from vitascope.shot import edit
from vitascope.shot.moves import parse_moves
from vitascope.shot.shot import Shot


@dataclass(frozen=True)
class Concept:
    """Moves as `parse_moves` reads them, and words for the text; at least one of the two."""

    moves: str = ""
    words: str = ""


CONCEPTS: dict[str, Concept] = {
    "aerial": Concept(words="aerial shot from high above"),
    "aerial_drone": Concept(words="aerial shot from a drone that flies forward"),
    "bolt_cam": Concept("dolly in 2.5m ease", "very fast robotic camera"),
    "crane_down": Concept("pedestal down 0.8m, tilt up 8deg", "crane shot"),
    "crane_up": Concept("pedestal up 1.2m, tilt down 12deg", "crane shot"),
    # The lens widens as much as the camera comes nearer: 3.25 m to what it looks at, then 1.75 m.
    "dolly_zoom": Concept("dolly in 1.5m, zoom out 1.86x", "dolly zoom"),
    "elevator_doors": Concept(words="seen through elevator doors that open"),
    "eye_level": Concept(words="seen at eye level"),
    "ground_level": Concept(words="seen from ground level"),
    "handheld": Concept("handheld"),
    "high_angle": Concept(words="high angle, seen from above"),
    "low_angle": Concept(words="low angle, seen from below"),
    "orbit_left": Concept("orbit left"),
    "orbit_right": Concept("orbit right"),
    "over_the_shoulder": Concept(words="seen over somebody's shoulder"),
    "overhead": Concept(words="seen from straight above"),
    "pan_left": Concept("pan left"),
    "pan_right": Concept("pan right"),
    "pedestal_down": Concept("pedestal down"),
    "pedestal_up": Concept("pedestal up"),
    "pov": Concept(words="point of view shot, seen through somebody's eyes"),
    "pull_out": Concept("dolly out"),
    "push_in": Concept("dolly in"),
    "roll_left": Concept("roll counterclockwise"),
    "roll_right": Concept("roll clockwise"),
    "selfie": Concept(words="selfie, filmed at arm's length"),
    "static": Concept(words="the camera stands still"),
    "tilt_down": Concept("tilt down"),
    "tilt_up": Concept("tilt up"),
    "tiny_planet": Concept(words="tiny planet, a whole round world seen from above"),
    "truck_left": Concept("truck left"),
    "truck_right": Concept("truck right"),
    "zoom_in": Concept("zoom in"),
    "zoom_out": Concept("zoom out"),
}

# What older releases list as `camera_motion`, to be written into the prompt.
MOTIONS = tuple(f"camera {key.replace('_', ' ')}" for key, concept in CONCEPTS.items() if concept.moves)


def directed(shot: Shot, keys: Sequence[str]) -> Shot:
    """The shot filmed as these concepts say, all at once. Raises KeyError for an unknown one, and ShotError."""
    concepts = [CONCEPTS[key] for key in dict.fromkeys(keys)]
    words = [concept.words for concept in concepts if concept.words]
    if words:
        shot = shot.with_(text=", ".join([shot.text.rstrip(" ,."), *words]))
    moves = parse_moves(", ".join(concept.moves for concept in concepts if concept.moves))
    return edit.filmed(shot, moves) if moves else shot

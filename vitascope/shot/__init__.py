"""What is asked (Shot) and what was made (Clip): the two nouns of the studio, light to import (no torch, no PyAV)."""

from vitascope.shot.clip import ArrayFrames, Clip, FileFrames, FrameSource
from vitascope.shot.shot import Cue, Media, Pin, Region, Shot, ShotError, Sound, Span, Track

__all__ = [
    "ArrayFrames",
    "Clip",
    "Cue",
    "FileFrames",
    "FrameSource",
    "Media",
    "Pin",
    "Region",
    "Shot",
    "ShotError",
    "Sound",
    "Span",
    "Track",
]

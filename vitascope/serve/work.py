"""What a job is asked to make, as a frozen value: a Shot, the films it goes with, and what is done to it."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from vitascope.shot.shot import Frozen, Media, Region, Shot
from vitascope.shot.value import Seconds, Share

Task = Literal["shot", "sound", "enlarge", "reframe"]
MAX_TAKES = 9


class Work(Frozen):
    """A Shot to be made, or a film to be worked on. Media are named, not carried: the storage has their bytes.

    - "shot": the Shot; what goes on from the film `extend`, leads up to the film `before`, makes the seconds
      `start`…`end` of `retake` anew, or what `mask` marks in `inpaint`; all of these are written as one film. `restyle`
      is a film that is made anew as a whole, `strength` says how much of it stays; `motion` one whose motion is taken.
    - "sound": `film` with the Shot's sound; without a film, what the sound's own words let be heard.
    - "enlarge": `film` at the Shot's size and rate.
    - "reframe": `film` (or a picture) within `place` of the Shot's frame, and the rest made.
    """

    shot: Shot
    task: Task = "shot"
    takes: Annotated[int, Field(ge=1, le=MAX_TAKES)] = 1  # of the next seeds
    extend: Media | None = None
    before: Media | None = None
    retake: Media | None = None
    start: Seconds = 0.0
    end: Seconds | None = None
    inpaint: Media | None = None
    mask: Media | None = None
    restyle: Media | None = None
    strength: Share = 0.5
    motion: Media | None = None
    loop: bool = False
    film: Media | None = None
    place: Region | None = None
    keep: bool = False  # a film's own sound, beside the new one if there is one
    suffix: Literal[".mp4", ".png", ".jpg", ".webp", ".wav", ".mp3", ".flac"] = ".mp4"

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if (self.task == "shot") != (self.film is None) and not (self.task == "sound" and self.suffix != ".mp4"):
            raise ValueError(f"film should be given for {self.task!r}" if self.film is None else "film has no use here")
        whole = [name for name in ("retake", "inpaint", "restyle") if getattr(self, name) is not None]
        if len(whole) > 1 or (whole and (self.extend or self.before)):
            raise ValueError(f"{whole[0]} should be the only film that is changed")
        if (self.inpaint is None) != (self.mask is None):
            raise ValueError("inpaint and mask should be given together")
        if self.loop and (whole[:1] not in ([], ["retake"]) or (self.extend and self.before)):
            raise ValueError("loop should stand alone, or with one film that is extended, led up to or retaken")
        return self

    @property
    def films(self) -> dict[str, Media]:
        """The films that it goes with, by their fields' names."""
        names = ("extend", "before", "retake", "inpaint", "restyle", "motion", "film")
        return {name: media for name in names if (media := getattr(self, name)) is not None}


class Result(Frozen):
    """A file that a job made."""

    name: str  # in the job's folder of the storage, such as 0.mp4
    role: Literal["film", "picture", "sound", "thumbnail", "sheet"]
    mime: str
    bytes: int
    sha256: str
    size: tuple[int, int] | None = None
    seconds: float | None = None
    fps: float | None = None
    seed: int | None = None

"""A sheet of samples for fixed prompts: what the network under training makes now, to look at."""

from pathlib import Path

from vitascope.generate import draw
from vitascope.model.dit import DiT
from vitascope.shot.media import write_picture
from vitascope.shot.sheet import contact_sheet
from vitascope.shot.shot import Shot
from vitascope.train.stream import Source

PROMPTS = (
    "a red ball bounces on the grass at sunset",
    "a blue cube slides to the right on the snow at noon",
    "a yellow can rolls to the left on the tiles at night",
    "a green brick topples over on a wooden floor under an overcast sky",
    "a purple egg and a white ball on the sand at dawn",
    "a pink ball rolls to the right on the road at noon, the camera pans left",
    "a black cube stands still in the snow at sunset",
    "an orange pill falls on the grass at noon",
)


def write_sheet(network: DiT, source: Source, prompts: tuple[str, ...], path: Path) -> None:
    """Six frames of a clip for each prompt, in rows."""
    main = source.formats[0]
    shots = [
        Shot(text=text, size=main.size, seconds=main.num_frames / main.fps, fps=main.fps, seed=row)
        for row, text in enumerate(prompts)
    ]
    write_picture(path, contact_sheet(list(draw(network, shots)), prompts))

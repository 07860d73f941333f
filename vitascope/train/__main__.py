"""Training where there is no command line: `python -m vitascope.train --preset small --out runs/a`.

The same as `vitascope train`, with what a bare GPU machine has: no typer, no PyAV, no OpenCV (see docs/training.md).
On several GPUs: `torchrun --standalone --nproc-per-node 8 -m vitascope.train --preset small --out runs/a`.
"""

import argparse
import os
import sys
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from vitascope.model.checkpoint import CheckpointError
from vitascope.train.loop import Options, TrainError, train
from vitascope.train.stream import Source

_READERS: dict[Any, Any] = {Path | None: Path, float | None: float, int | None: int}
SOURCE_PARTS = [part for part in fields(Source) if part.name != "formats"]


def main(words: list[str] | None = None) -> int:
    """Read the words of the command line, train, and print the weight file. 2 for what the user can mend."""
    parser = argparse.ArgumentParser(prog="python -m vitascope.train", description="Train a network.")
    for field in fields(Options):
        name = "--" + field.name.replace("_", "-")
        if field.name == "source":
            for part in SOURCE_PARTS:
                name = "--source-" + part.name.replace("_", "-")
                parser.add_argument(name, type=part.type, default=part.default)
        elif field.name == "resume":
            parser.add_argument(name, action="store_true")
        else:
            default = None if field.default is MISSING else field.default
            kind = _READERS.get(field.type, field.type)
            parser.add_argument(name, type=kind, default=default, required=field.default is MISSING)
    given = vars(parser.parse_args(words))
    source = Source(**{part.name: given.pop("source_" + part.name) for part in SOURCE_PARTS})
    try:
        weights = train(Options(**given, source=source))
    except (TrainError, CheckpointError, OSError) as error:
        print(f"vitascope.train: {error}", file=sys.stderr)
        return 2
    if int(os.environ.get("RANK", 0)) == 0:  # of several processes, the one that has written it
        print(weights)
    return 0


if __name__ == "__main__":
    sys.exit(main())

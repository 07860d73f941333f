"""Training from a bare machine: with no package but those that docs/training.md lists."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from vitascope.train.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
LISTED = (
    "torch",
    "numpy",
    "numba",
    "onnxruntime",
    "tokenizers",
    "safetensors",
    "pillow",
    "rich",
    "mujoco-core",
    "pydantic",
)
# What the listed ones would bring along themselves is allowed, but not what our own code might be tempted by.
NEVER = {"av", "cv2", "typer", "click", "fontTools", "imageio", "scipy"}

BLOCKED = """
import importlib.abc, importlib.metadata as metadata, json, re, sys
listed, never = json.loads(sys.argv[1]), set(json.loads(sys.argv[2]))
allowed, coming = set(), list(listed)
while coming:
    name = re.sub("[-_.]+", "-", coming.pop()).lower()
    if name not in allowed:
        allowed.add(name)
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            needs = []
        coming += [re.split("[ ;<>=!~(\\\\[]", need)[0] for need in needs if "extra ==" not in need]
owners = metadata.packages_distributions()
def refused(top):
    theirs = {re.sub("[-_.]+", "-", owner).lower() for owner in owners.get(top, ())}
    return top in never or bool(theirs) and not theirs & (allowed | {"vitascope", "hypothesis"})  # torch looks for it
class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if refused(name.partition(".")[0]):
            raise ImportError(f"{name} is not on the runbook's list")
sys.meta_path.insert(0, Blocker())
from vitascope.train.__main__ import main
sys.exit(main(sys.argv[3:]))
"""


def test_training_needs_only_what_the_runbook_lists(tmp_path: Path) -> None:
    for name in LISTED:
        assert name in (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    script = tmp_path / "blocked.py"
    script.write_text(BLOCKED)
    words = ["--preset", "tiny", "--out", str(tmp_path / "run"), "--max-steps", "2", "--batch", "6", "--ring", "4"]
    done = subprocess.run(
        [sys.executable, str(script), json.dumps(LISTED), json.dumps(sorted(NEVER)), *words, "--workers", "0"],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_file()
    assert (tmp_path / "run" / "log.csv").is_file()
    assert not list((tmp_path / "run").glob("events*"))  # TensorBoard is not on the list, and is not missed


def test_what_can_be_mended_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--preset", "tiny", "--out", str(tmp_path), "--resume"]) == 2
    assert capsys.readouterr().err.startswith("vitascope.train: resume: ")
    with pytest.raises(SystemExit):
        main(["--preset", "tiny"])

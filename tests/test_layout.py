"""The layout keeps its promises: no drawers for anything, light imports, imports in one direction."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "vitascope"
DRAWERS = {"utils", "util", "common", "helpers", "helper", "core", "base", "manager", "misc"}
HEAVY = ("torch", "av", "numba", "mujoco", "onnxruntime", "tokenizers")


def loaded_after(statement: str) -> set[str]:
    """The heavy modules that a fresh interpreter holds after this statement."""
    code = f"{statement}\nimport sys\nprint(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_no_module_is_a_drawer_for_anything() -> None:
    found = [path for path in PACKAGE.rglob("*") if path.stem in DRAWERS and path.suffix in ("", ".py")]
    assert not found, f"give {found} the name of what they do"


def test_every_file_begins_by_saying_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in PACKAGE.rglob("*.py")
        if not path.read_text(encoding="utf-8").startswith(('"""', "# "))
    ]
    assert not silent


@pytest.mark.parametrize("statement", ["import vitascope", "import vitascope.shot", "import vitascope.cli"])
def test_reading_a_shot_loads_nothing_heavy(statement: str) -> None:
    assert loaded_after(statement) == set()


def test_unknown_names_of_the_package_are_refused() -> None:
    import vitascope

    with pytest.raises(AttributeError, match="nonsense"):
        _ = vitascope.nonsense  # type: ignore[attr-defined]


def test_imports_go_one_way() -> None:
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr

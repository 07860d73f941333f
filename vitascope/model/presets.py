"""The networks by name: a function per size. `tiny` is for tests, `small` ships, `base` is for a GPU."""

from collections.abc import Callable

from vitascope.model.dit import DiTParams


def tiny() -> DiTParams:
    """0.9 M parameters: trains and generates on a CPU in seconds, for tests."""
    return DiTParams(width=64, depth=3, heads=1, hidden=128, bottleneck=64, channels=16)


def small() -> DiTParams:
    """10 M parameters, made for two CPU cores: the weights that ship."""
    return DiTParams(width=256, depth=8, heads=2, hidden=704, bottleneck=192)


def base() -> DiTParams:
    """130 M parameters, for a GPU."""
    return DiTParams(width=768, depth=15, heads=6, hidden=2048, bottleneck=256, channels=128)


PRESETS: dict[str, Callable[[], DiTParams]] = {"tiny": tiny, "small": small, "base": base}


def params(name: str) -> DiTParams:
    """The sizes of a preset. Raises ValueError for a name that is not one."""
    if name not in PRESETS:
        raise ValueError(f"preset: {name!r} is not known, choose one of {', '.join(PRESETS)}")
    return PRESETS[name]()

"""Vitascope, an open film studio for generative video: `Shot` is what is asked, `Clip` what was made."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vitascope.generate import make
    from vitascope.shot import Clip, Shot

__version__ = "0.1.0"
__all__ = ["Clip", "Shot", "__version__", "make"]

# Fetched on first use: `make` brings torch with it, and even a Shot (pydantic, numpy) would take longer to load than
# `vitascope --help` may last.
_HOMES = {"Clip": "vitascope.shot", "Shot": "vitascope.shot", "make": "vitascope.generate"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'vitascope' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__

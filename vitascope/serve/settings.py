"""How a server is set up: by options of the command line, else by environment variables, else as it comes."""

import os
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any

DAY = 86_400.0
SERVER = "VITASCOPE_SERVER"  # the process id of the server that a worker belongs to, and ends with
LEAST = {"expire_days": 0.001, "max_body": 1024, "lease": 1.0, "hang": 10.0}


class SettingsError(ValueError):
    """A setting that cannot be: which one, what was given, what is allowed."""


@dataclass(frozen=True)
class Tier:
    """What a key may ask for, and how long the first of its waiting jobs waits at most."""

    name: str
    wait: float  # seconds, from when a job becomes the first of its key's to when it begins
    requests: int  # a minute
    running: int  # jobs at once
    waiting: int  # jobs
    gigabytes: float  # of media and results that are kept


TIERS = {
    tier.name: tier
    for tier in (
        Tier("free", wait=3600, requests=600, running=1, waiting=100, gigabytes=5),
        Tier("usual", wait=900, requests=6_000, running=4, waiting=10_000, gigabytes=50),
        Tier("first", wait=120, requests=60_000, running=16, waiting=100_000, gigabytes=500),
    )
}


@dataclass(frozen=True)
class Settings:
    """Every setting; the environment's name of each is VITASCOPE_ and its own in capitals."""

    home: Annotated[Path, "The folder of all data; the platform's user data folder if left out."] = Path()
    store: Annotated[str, "The database's URL: postgresql+psycopg://… or sqlite:///…; SQLite in the home folder."] = ""
    media: Annotated[str, "Where media and results are kept: a folder or any fsspec URL, such as s3://bucket/x."] = ""
    public_url: Annotated[str, "The URL at which clients reach the server; that of each request if left out."] = ""
    model: Annotated[str, "The model that makes what names no model of ours."] = "small"
    tier: Annotated[str, "The tier of new keys: free, usual or first."] = "usual"
    expire_days: Annotated[float, "Days that results and media are kept."] = 30.0
    allow_private: Annotated[bool, "Fetch media from, and call back, private addresses too."] = False
    webhook_url: Annotated[str, "Where events of OpenAI's protocol are sent; none if left out."] = ""
    webhook_secret: Annotated[str, "What they are signed with: whsec_… or plain text."] = ""
    max_body: Annotated[int, "Bytes of a request, at most."] = 256 * 2**20
    lease: Annotated[float, "Seconds after which the job of a worker that is silent is given to another."] = 30.0
    hang: Annotated[float, "Seconds without progress after which a worker counts as hung."] = 600.0

    @classmethod
    def of(cls, **given: Any) -> "Settings":
        """The settings of these options (those that are not None) over the environment. Raises SettingsError."""
        found: dict[str, Any] = {}
        for one in fields(cls):
            value = given.get(one.name)
            if value is None and (said := os.environ.get(_variable(one.name))):
                value = said
            if value is not None:
                found[one.name] = _as_kind(one.name, value, type(one.default))
        settings = cls(**found)
        home = settings.home if str(settings.home) != "." else _usual_home()
        settings = replace(
            settings,
            home=home,
            store=settings.store or f"sqlite:///{home / 'vitascope.db'}",
            media=settings.media or str(home / "media"),
            public_url=settings.public_url.rstrip("/"),
        )
        if settings.tier not in TIERS:
            raise SettingsError(f"tier: {settings.tier!r} was given, there are {', '.join(TIERS)}")
        for name, least in LEAST.items():
            if not getattr(settings, name) >= least:  # so that nan is refused too
                raise SettingsError(f"{name}: {getattr(settings, name):g} was given, it should be {least:g} or more")
        return settings

    def as_environment(self) -> dict[str, str]:
        """The variables that set a worker up alike. Not options: those of any process are seen by all on a machine."""
        said = {one.name: getattr(self, one.name) for one in fields(self)}
        return {_variable(name): str(int(value) if isinstance(value, bool) else value) for name, value in said.items()}


def _variable(name: str) -> str:
    return f"VITASCOPE_{name.upper()}"


def _usual_home() -> Path:
    import platformdirs

    return Path(platformdirs.user_data_dir("vitascope"))


def _as_kind(name: str, value: Any, kind: Any) -> Any:
    if isinstance(value, str) and kind is bool:
        if value.lower() not in ("1", "true", "yes", "on", "0", "false", "no", "off"):
            raise SettingsError(f"{name}: {value!r} was given, it should be 1 or 0")
        return value.lower() in ("1", "true", "yes", "on")
    try:
        return Path(value).absolute() if issubclass(kind, Path) else kind(value)
    except ValueError:
        raise SettingsError(f"{name}: {value!r} was given, it should be a number") from None

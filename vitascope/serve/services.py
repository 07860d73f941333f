"""Which protocols there are, and whose form an answer takes."""

from vitascope.serve.protocol import Protocol
from vitascope.serve.protocols import google, kling, luma, openai, ours, runway

PROTOCOLS: tuple[Protocol, ...] = (
    openai.PROTOCOL,
    runway.PROTOCOL,
    luma.PROTOCOL,
    google.PROTOCOL,
    kling.PROTOCOL,
    ours.PROTOCOL,
)


def by_name(name: str) -> Protocol | None:
    return next((one for one in PROTOCOLS if one.name == name), None)


def protocol_of(path: str) -> Protocol:
    """Whose form an answer at this path takes: the protocol with the longest prefix, else our own."""
    fitting = [one for one in PROTOCOLS if path == one.prefix or path.startswith(one.prefix + "/")]
    return max(fitting, key=lambda one: len(one.prefix), default=ours.PROTOCOL)

"""Google's Veo with the real SDK, in the Developer API's dialect and the Enterprise one; models, errors, calls back."""

import base64
import time
from typing import Any

import httpx
import pytest
from google import genai
from google.genai import errors, types

from tests.serve.conftest import ENDS, Receiver, Server
from vitascope.shot.media import probe

SHORT = types.GenerateVideosConfig(aspect_ratio="9:5", resolution="80p", duration_seconds=1)


def developer(server: Server, key: str | None = None) -> genai.Client:
    options = types.HttpOptions(base_url=f"{server.url}/google")
    return genai.Client(api_key=key or server.key, http_options=options)


def enterprise(server: Server) -> genai.Client:
    options = types.HttpOptions(base_url=f"{server.url}/google")
    return genai.Client(vertexai=True, api_key=server.key, http_options=options)


def ended(client: genai.Client, operation: Any) -> Any:
    until = time.monotonic() + ENDS
    while not operation.done:
        assert time.monotonic() < until
        time.sleep(0.2)
        operation = client.operations.get(operation)
    return operation


def test_a_film_is_made_polled_and_downloaded(server: Server) -> None:
    client = developer(server)
    operation = client.models.generate_videos(model="tiny", prompt="a red ball", config=SHORT)
    assert operation.name.startswith("models/tiny/operations/")
    done = ended(client, operation)
    video = done.response.generated_videos[0].video
    data = client.files.download(file=video)
    info = probe(data)
    assert (info.size, info.fps, info.seconds) == ((144, 80), 24.0, 1.0)

"""google-genai 3, in an environment of its own: there Veo is left to the Enterprise dialect, and Interactions make
films too."""

import json
import os
import subprocess
import sys
from base64 import b64decode
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from tests.serve.conftest import Server
from vitascope.shot.media import probe

WANTED = "google-genai==3.4.0"
FETCHES = 400  # seconds for pip
TALKS = 300  # seconds for the script

SCRIPT = """
import base64, io, json, sys, time
from google import genai
from google.genai import types

url, key = sys.argv[1:]
options = types.HttpOptions(base_url=url)
enterprise = genai.Client(enterprise=True, api_key=key, http_options=options)
config = types.GenerateVideosConfig(aspect_ratio="9:5", resolution="80p", duration_seconds=1, fps=12, seed=1)
source = types.GenerateVideosSource(prompt="a red ball")
operation = enterprise.models.generate_videos(model="tiny", source=source, config=config)
while not operation.done:
    time.sleep(0.2)
    operation = enterprise.operations.get(operation)
veo = operation.response.generated_videos[0].video.video_bytes

client = genai.Client(api_key=key, http_options=options)
try:
    client.models.generate_videos(model="tiny", source=source)
    alone = False
except ValueError:
    alone = True
form = {"type": "video", "aspect_ratio": "9:5", "resolution": "80p", "duration": "1s", "delivery": "uri"}
made = client.interactions.create(model="tiny", input="a red ball", response_format=form, background=True)
while made.status in ("queued", "in_progress"):
    time.sleep(0.2)
    made = client.interactions.get(made.id)
fetched = client.files.download(file=made.output_video.uri)
form = form | {"delivery": "inline"}
inline = client.interactions.create(model="tiny", input="a red ball", response_format=form)
file = client.files.upload(file=io.BytesIO(veo), config={"mime_type": "video/mp4"})
names = [one.name for one in client.files.list()]
try:
    enterprise.models.generate_videos(model="veo-9", source=source)
    status = None
except genai.errors.ClientError as error:
    status = error.status
try:
    client.interactions.get("none")
    missing = None
except Exception as error:
    missing = type(error).__name__
films = [veo, fetched, base64.b64decode(inline.output_video.data)]
print(json.dumps({
    "version": genai.__version__, "alone": alone, "films": [base64.b64encode(one).decode() for one in films],
    "uploaded": file.name in names, "status": status, "missing": missing,
}))
"""


@pytest.fixture(scope="module")
def python() -> Path:
    """The Python of an environment with google-genai 3, made once and kept in the user's cache folder."""
    folder = Path(platformdirs.user_cache_dir("vitascope")) / "tests" / WANTED.replace("==", "-")
    found, ready = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"), folder / "ready"
    if not ready.exists():
        try:
            subprocess.run(
                [sys.executable, "-m", "venv", "--clear", folder], check=True, capture_output=True, timeout=120
            )
            install = [str(found), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", WANTED]
            subprocess.run(install, check=True, capture_output=True, timeout=FETCHES)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"{WANTED} cannot be fetched: {error.stderr.decode(errors='replace')[-200:]}")
        except (OSError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"{WANTED} cannot be fetched: {error}")
        ready.touch()
    return found


@pytest.mark.slow
def test_version_3_makes_films_in_the_enterprise_dialect_and_by_interactions(
    server: Server, python: Path, tmp_path: Path
) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GOOGLE", "GEMINI"))}
    command = [str(python), "-c", SCRIPT, f"{server.url}/google", server.key]
    done = subprocess.run(command, env=clean, cwd=tmp_path, capture_output=True, text=True, timeout=TALKS)
    assert done.returncode == 0, done.stderr[-3000:]
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["version"] == WANTED.partition("==")[2]
    assert told["alone"], "version 3 makes films in the Developer API's dialect again: serve it that way too"
    infos = [probe(b64decode(film)) for film in told["films"]]
    assert [(info.size, info.seconds) for info in infos] == [((144, 80), 1.0)] * 3
    assert told["uploaded"]
    assert (told["status"], told["missing"]) == ("NOT_FOUND", "NotFoundError")

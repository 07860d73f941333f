"""Throws nonsense at a server: schemathesis against our own protocol's OpenAPI, mutated requests at every service's,
and files that lie. Nothing may be answered with 5xx, hang, or show a path or a stack; memory must stay flat.

`python bench/serve_fuzz.py [--examples 15] [--mutations 40]` starts a server of its own on the loopback."""

import argparse
import base64
import copy
import io
import json
import random
import re
import struct
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from threading import Thread
from typing import Any

import httpx
from serving import Serving, serving

SLOW = 20.0  # seconds after which an answer counts as a hang
FOLDERS = "|".join(re.escape(str(folder)) for folder in (Path.home(), gettempdir(), Path(__file__).parents[1]))
LEAKS = re.compile(rf"Traceback|File \"|site-packages|{FOLDERS}|\.py\b|sqlalchemy|sqlite3")
GROWTH = 400e6  # bytes that the API's memory may grow by
STRANGE: tuple[Any, ...] = (
    None, "", " ", "x" * 5000, "\x00", "🎬" * 50, -1, 0, 1e308, 2**70, True, [], {}, [[[[]]]], {"a": {"b": {}}},
    "../../etc/passwd", "file:///etc/passwd", "http://127.0.0.1:1/", "http://169.254.169.254/latest", "data:,",
    "data:image/png;base64,AAAA", "' OR 1=1 --", "%s%n", "NaN", [None] * 500,
)  # fmt: skip


def good_requests() -> list[tuple[str, str, dict[str, str], dict[str, Any]]]:
    """For each service, requests that are fine: method, path, headers and JSON body."""
    picture = "data:image/png;base64," + base64.b64encode(png(64, 64)).decode()
    runway = {"x-runway-version": "2024-11-06"}
    return [
        ("POST", "/openai/v1/videos", {}, {"prompt": "a ball", "seconds": "4", "size": "1280x720", "model": "sora-2",
                                           "input_reference": {"image_url": picture}}),
        ("POST", "/openai/v1/videos/extensions", {}, {"prompt": "a", "seconds": "4", "video": {"id": "video_0"}}),
        ("POST", "/openai/v1/videos/edits", {}, {"prompt": "a", "video": {"id": "video_0"}}),
        ("GET", "/openai/v1/videos?limit=2&order=asc&after=video_1", {}, {}),
        ("GET", "/openai/v1/videos/video_1/content?variant=video", {}, {}),
        ("POST", "/runway/v1/image_to_video", runway, {"model": "gen4_turbo", "promptImage": picture, "seed": 1,
                                                       "promptText": "a ball", "ratio": "1280:720", "duration": 5}),
        ("POST", "/runway/v1/text_to_video", runway, {"model": "veo3.1", "promptText": "a", "ratio": "1280:720",
                                                      "duration": 4}),
        ("POST", "/runway/v1/uploads", runway, {"filename": "a.png", "type": "ephemeral"}),
        ("GET", "/runway/v1/tasks/0", runway, {}),
        ("POST", "/luma/dream-machine/v1/generations/video", {}, {
            "model": "ray-2", "prompt": "a", "aspect_ratio": "16:9", "duration": "5s", "loop": False,
            "keyframes": {"frame0": {"type": "image", "url": picture}}, "concepts": [{"key": "pan_left"}]}),
        ("POST", "/luma/dream-machine/v1/generations/image", {}, {"model": "photon-1", "prompt": "a"}),
        ("GET", "/luma/dream-machine/v1/generations?limit=3&offset=0", {}, {}),
        ("POST", "/google/v1beta/models/veo-3.1-generate-preview:predictLongRunning", {}, {
            "instances": [{"prompt": "a", "image": {"bytesBase64Encoded": picture[22:], "mimeType": "image/png"}}],
            "parameters": {"durationSeconds": 4, "aspectRatio": "16:9", "sampleCount": 1}}),
        ("POST", "/google/v1beta/interactions", {}, {"model": "gemini-omni-1.1-flash", "input": "a",
                                                     "background": True}),
        ("GET", "/google/v1beta/files?pageSize=2", {}, {}),
        ("POST", "/kling/v1/videos/text2video", {}, {
            "prompt": "a", "duration": "5", "aspect_ratio": "16:9", "mode": "std",
            "camera_control": {"type": "simple", "config": {"horizontal": 3}}}),
        ("POST", "/kling/v1/videos/image2video", {}, {
            "image": picture[22:], "prompt": "a", "static_mask": picture[22:],
            "dynamic_masks": [{"mask": picture[22:], "trajectories": [{"x": 1, "y": 2}, {"x": 9, "y": 9}]}]}),
        ("GET", "/kling/v1/videos/text2video?pageNum=1&pageSize=3", {}, {}),
    ]  # fmt: skip


def mutated(value: Any, chance: random.Random) -> Any:
    """The value with one thing in it changed, taken away, doubled or put elsewhere."""
    value = copy.deepcopy(value)
    holders = [holder for holder in _holders(value) if holder]
    if not holders:
        return chance.choice(STRANGE)
    holder = chance.choice(holders)
    keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    key, how = chance.choice(keys), chance.random()
    if how < 0.15:
        del holder[key]
    elif how < 0.3 and isinstance(holder, dict):
        holder[chance.choice(["seed", "steps", "size", "ratio", "duration", "image", "n"])] = chance.choice(STRANGE)
    elif how < 0.4 and isinstance(holder[key], str):
        text = holder[key]
        at = chance.randrange(len(text) + 1)
        holder[key] = text[:at] + chance.choice(["\x00", "é", "9", "", '"', "\ud83d"]) + text[at + 1 :]
    else:
        holder[key] = chance.choice(STRANGE)
    return value


def _holders(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        yield value
        for one in value.values() if isinstance(value, dict) else value:
            yield from _holders(one)


def png(width: int, height: int, rows: int | None = None, text: int = 0) -> bytes:
    """A PNG of zeros that says to have this size, with so many rows, and so many bytes of packed text."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def packed(piece: bytes, count: int) -> bytes:
        packer = zlib.compressobj(9)
        return b"".join(packer.compress(piece) for _ in range(count)) + packer.flush()

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    note = chunk(b"zTXt", b"a\0\0" + packed(bytes(2**20), text // 2**20)) if text else b""
    body = chunk(b"IDAT", packed(b"\0" * (1 + 3 * width), height if rows is None else rows))
    return b"\x89PNG\r\n\x1a\n" + header + note + body + chunk(b"IEND", b"")


def lying_film() -> bytes:
    """A film whose header tells of hours."""
    import av
    import numpy as np

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as made:
        stream = made.add_stream("libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(6):
            made.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        made.mux(stream.encode())
    data = bytearray(file.getvalue())
    for name, offset in ((b"mvhd", 20), (b"mdhd", 20), (b"stts", 12)):
        at = data.find(name) + offset
        data[at : at + 4] = struct.pack(">I", 0x7FFFFFFF)
    return bytes(data)


class Report:
    """What was answered, and what should not have been."""

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self.wrong: list[str] = []

    def take(self, what: str, answer: httpx.Response, seconds: float) -> None:
        self.statuses[f"{answer.status_code // 100}xx"] += 1
        text = answer.text[:20_000] if "json" in answer.headers.get("content-type", "") else ""
        if answer.status_code >= 500:
            self.wrong.append(f"{what}: {answer.status_code} {text[:200]}")
        if answer.status_code >= 400 and LEAKS.search(text):
            self.wrong.append(f"{what}: shows the inside: {text[:300]}")
        if answer.status_code >= 400 and not text.startswith("{"):
            self.wrong.append(f"{what}: {answer.status_code} is no JSON object: {answer.text[:100]}")
        if seconds > SLOW:
            self.wrong.append(f"{what}: took {seconds:.1f} s")


def mutate(server: Serving, count: int, report: Report, chance: random.Random) -> None:
    with httpx.Client(base_url=server.url, timeout=3 * SLOW) as client:
        for method, path, headers, body in good_requests():
            for number in range(count):
                sent = body if number == 0 else mutated(body, chance)
                if isinstance(sent, dict) and "background" in body:
                    sent["background"] = True  # else the answer waits for a worker, and there is none
                at = path
                if "?" in path and number % 5 == 0:
                    at += chance.choice(["&limit=-1", "&after=%00", "&pageSize=x", "&x=" + "9" * 50])
                data = json.dumps(sent).encode("utf-8", "replace") if body else b""
                if number % 13 == 7:
                    data = data[: chance.randrange(len(data) + 1)]
                kind = chance.choice(["text/plain", "multipart/form-data"]) if number % 17 == 11 else "application/json"
                key = "wrong" if number % 19 == 18 else server.key
                told = {**headers, "authorization": f"Bearer {key}", "x-goog-api-key": key, "content-type": kind}
                start = time.perf_counter()
                try:
                    answer = client.request(method, at, content=data, headers=told)
                except httpx.HTTPError as error:
                    report.wrong.append(f"{method} {path}: {type(error).__name__}")
                    continue
                report.take(f"{method} {path}", answer, time.perf_counter() - start)


def liars(server: Serving, report: Report) -> None:
    """Files that lie, and addresses that lead inside; each must be refused."""
    cases: dict[str, Any] = {
        "a 100-megapixel PNG": png(10_000, 10_000),
        "a decompression bomb of pixels": png(30_000, 30_000, rows=50),
        "a decompression bomb of text": png(64, 64, text=2**29),
        "an mp4 that lies about its length": lying_film(),
        "an empty file": b"",
        "a picture that ends early": png(500, 500)[:-200],
        "a playlist": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        "an SVG": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        "a private address": {"url": "http://127.0.0.1:22/"},
        "the metadata address": {"url": "http://169.254.169.254/latest/meta-data"},
        "a file's address": {"url": "file:///etc/passwd"},
    }
    _refused(server, cases, report)


def _refused(server: Serving, cases: dict[str, Any], report: Report) -> None:
    headers = {"authorization": f"Bearer {server.key}"}
    for name, case in cases.items():
        start = time.perf_counter()
        kind = {"content": case} if isinstance(case, bytes) else {"json": case}
        answer = httpx.post(f"{server.url}/v1/media", headers=headers, timeout=3 * SLOW, **kind)
        took = time.perf_counter() - start
        report.take(name, answer, took)
        said = answer.json().get("error", {}).get("message", "")
        print(f"  {name:<36} {answer.status_code} in {took:5.2f} s  {said[:100]}")
        if answer.status_code < 400:
            report.wrong.append(f"{name}: {answer.status_code}, should be refused")


def _endless() -> str:
    class Around(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("location", self.path + "a")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Around)
    Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}/a"


def schema_says(server: Serving, examples: int, report: Report) -> None:
    """schemathesis, with whatever it makes of our OpenAPI."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json"),
        *("-H", f"Authorization: Bearer {server.key}", "--max-examples", str(examples), "--seed", "1"),
        *("--checks", "not_a_server_error", "--request-timeout", str(SLOW), "--no-color"),
        *("--exclude-path-regex", "/events$"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200)
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    print("  " + "\n  ".join(lines[-12:]))
    if done.returncode != 0:
        report.wrong.append(f"schemathesis ended with {done.returncode}: {done.stderr[-300:]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=10, help="of each operation, by schemathesis")
    parser.add_argument("--mutations", type=int, default=20, help="of each request")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    report = Report()
    with TemporaryDirectory() as folder, serving(Path(folder), workers=0) as server:
        before = server.memory()
        print("files and addresses that lie:")
        liars(server, report)
        print("requests of each service, mutated:")
        mutate(server, given.mutations, report, random.Random(given.seed))
        print("  " + ", ".join(f"{count} answered {status}" for status, count in sorted(report.statuses.items())))
        print("schemathesis against our OpenAPI:")
        schema_says(server, given.examples, report)
        after = server.memory()
    with TemporaryDirectory() as folder, serving(Path(folder), "--allow-private", workers=0) as server:
        _refused(server, {"an endless redirect": {"url": _endless()}}, report)
    print(f"the API's memory: {before / 1e6:.0f} MB before, {after / 1e6:.0f} MB after")
    if after - before > GROWTH:
        report.wrong.append(f"memory grew by {(after - before) / 1e6:.0f} MB")
    for line in report.wrong[:40]:
        print("WRONG", line)
    print(f"{len(report.wrong)} findings")
    sys.exit(bool(report.wrong))


if __name__ == "__main__":
    main()

"""Google's files with the real SDK: uploaded in one piece or more, listed, told of, used and deleted."""

import base64
import hashlib
import io
from pathlib import Path

import httpx
import numpy as np
import pytest
from google import genai
from google.genai import errors, types
from PIL import Image

from tests.serve.conftest import Server


def client_of(server: Server, key: str | None = None) -> genai.Client:
    options = types.HttpOptions(base_url=f"{server.url}/google")
    return genai.Client(api_key=key or server.key, http_options=options)


def uploaded(
    client: genai.Client, data: bytes, mime: str = "image/png", name: str | None = None, display_name: str | None = None
) -> types.File:
    config = types.UploadFileConfig(mime_type=mime, name=name, display_name=display_name)
    return client.files.upload(file=io.BytesIO(data), config=config)


def test_a_file_is_uploaded_told_of_and_deleted(server: Server, picture: bytes) -> None:
    client = client_of(server)
    file = uploaded(client, picture, display_name="a picture")
    assert file == client.files.get(name=file.name or "")
    assert (file.display_name, file.mime_type, file.size_bytes) == ("a picture", "image/png", len(picture))
    assert (file.state, file.source) == (types.FileState.ACTIVE, types.FileSource.UPLOADED)
    assert base64.b64decode(file.sha256_hash or "") == hashlib.sha256(picture).digest()
    assert file.expiration_time and file.create_time
    assert (file.expiration_time - file.create_time).total_seconds() == pytest.approx(172_800, abs=1)
    client.files.delete(name=file.name or "")
    with pytest.raises(errors.ClientError, match="404 NOT_FOUND"):
        client.files.get(name=file.name or "")


def test_a_large_file_comes_in_pieces(server: Server, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1700, 1700, 3), np.uint8)
    path = tmp_path / "large.bmp"
    Image.fromarray(noise).save(path)
    assert path.stat().st_size > 8 * 2**20  # the SDK's pieces
    client = client_of(server)
    file = client.files.upload(file=path)
    assert (file.size_bytes, file.mime_type) == (path.stat().st_size, "image/bmp")
    assert base64.b64decode(file.sha256_hash or "") == hashlib.sha256(path.read_bytes()).digest()


def test_what_a_file_is_is_told_from_its_bytes(server: Server, film: bytes) -> None:
    client = client_of(server)
    assert uploaded(client, film, "image/png").mime_type == "video/mp4"


def test_a_file_that_is_no_picture_film_or_sound_is_refused_at_once(server: Server) -> None:
    client = client_of(server)
    with pytest.raises(errors.ClientError, match="400 INVALID_ARGUMENT"):
        uploaded(client, b"<html></html>")


def test_files_are_listed_page_by_page_newest_first(server: Server, picture: bytes) -> None:
    client = client_of(server, server.new_key())
    names = [uploaded(client, picture, name=f"picture-{number}").name for number in range(3)]
    assert names == ["files/picture-0", "files/picture-1", "files/picture-2"]
    assert [file.name for file in client.files.list(config={"page_size": 2})] == names[::-1]
    with pytest.raises(errors.ClientError, match="400 INVALID_ARGUMENT"):
        list(client.files.list(config={"page_token": "x"}))


def test_a_name_is_taken_once_by_a_key_and_is_not_seen_by_others(server: Server, picture: bytes) -> None:
    mine, other = client_of(server), client_of(server, server.new_key())
    uploaded(mine, picture, name="hero")
    with pytest.raises(errors.ClientError, match="409 ALREADY_EXISTS"):
        uploaded(mine, picture, name="hero")
    with pytest.raises(errors.ClientError, match="404 NOT_FOUND"):
        other.files.get(name="hero")
    assert uploaded(other, picture, name="hero").name == "files/hero"
    with pytest.raises(errors.ClientError, match="400 INVALID_ARGUMENT"):
        uploaded(mine, picture, name="No good!")
    mine.files.delete(name="hero")
    assert other.files.get(name="hero").name == "files/hero"


def test_an_uploaded_file_is_not_downloaded(server: Server, picture: bytes) -> None:
    client = client_of(server)
    file = uploaded(client, picture)
    with pytest.raises(errors.ClientError, match="400 FAILED_PRECONDITION"):
        client.files.download(file=file.name or "")


def test_an_upload_goes_on_where_it_was_and_ends_once(server: Server, picture: bytes) -> None:
    url = f"{server.url}/google/upload/v1beta/files"
    headers = {"x-goog-api-key": server.key, "x-goog-upload-protocol": "resumable", "x-goog-upload-command": "start"}
    assert httpx.post(url, headers={"x-goog-api-key": server.key}).status_code == 400
    begun = httpx.post(url, headers=headers, json={"file": {"displayName": "x", "sizeBytes": len(picture)}})
    at = begun.headers["x-goog-upload-url"]

    def sent(command: str, offset: int, data: bytes = b"") -> httpx.Response:
        told = {"x-goog-upload-command": command, "x-goog-upload-offset": str(offset)}
        return httpx.post(at, headers=told, content=data)

    assert sent("upload", 0, picture[:100]).headers["x-goog-upload-status"] == "active"
    assert sent("query", 0).headers["x-goog-upload-size-received"] == "100"
    assert sent("upload", 50, picture[50:]).status_code == 400
    assert sent("upload, finalize", 100, picture[100:]).json()["file"]["sizeBytes"] == str(len(picture))
    assert sent("upload, finalize", 0, picture).status_code == 404


def test_a_file_that_would_be_too_large_is_refused_before_it_is_sent(server: Server) -> None:
    headers = {"x-goog-api-key": server.key, "x-goog-upload-protocol": "resumable", "x-goog-upload-command": "start"}
    headers["x-goog-upload-header-content-length"] = str(2**31)
    told = httpx.post(f"{server.url}/google/upload/v1beta/files", headers=headers)
    assert (told.status_code, told.json()["error"]["status"]) == (413, "INVALID_ARGUMENT")

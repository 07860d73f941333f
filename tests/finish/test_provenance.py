"""What is signed says who made it with which model, any later change shows, and the report says all that is found."""

import datetime
import json
import stat
import threading
from pathlib import Path

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from vitascope.finish import credentials
from vitascope.finish.provenance import ProvenanceError, sign, sign_dubbed, verify
from vitascope.finish.watermark import mark
from vitascope.shot.media import MediaError, read_film, write_film, write_picture
from vitascope.shot.shot import Media, Pin, Shot

SHOT = Shot(text="a red ball", size=(64, 48), seconds=1.0, seed=7)


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user of each test's own."""
    folder = tmp_path_factory.mktemp("user") / "vitascope"
    monkeypatch.setenv("VITASCOPE_HOME", str(folder))
    monkeypatch.delenv("VITASCOPE_CERTIFICATE", raising=False)
    monkeypatch.delenv("VITASCOPE_KEY", raising=False)
    return folder


@pytest.fixture
def film(tmp_path: Path) -> Path:
    noise = np.random.default_rng(0).integers(0, 256, (12, 48, 64, 3), np.uint8)
    write_film(tmp_path / "film.mp4", list(noise), 12, SHOT)
    return tmp_path / "film.mp4"


def flipped(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 0xFF
    path.write_bytes(data)


# --- films and pictures -----------------------------------------------------------------------------------------------


def test_a_signed_film_says_that_it_is_ai_made_and_by_which_model(film: Path) -> None:
    assert sign(film, SHOT, "small") is True
    report = verify(film)
    assert (report.manifest, report.ai_made, report.model, report.changed) == ("valid", True, "small", False)
    assert report.signer is not None and "Vitascope signer" in report.signer
    assert report.generator is not None and report.generator.startswith("Vitascope ")
    assert report.shot == SHOT
    assert report.watermark is not None and not report.watermark.present


def test_the_manifest_names_the_source_type_and_the_model_in_the_words_of_c2pa(film: Path) -> None:
    import c2pa

    sign(film, SHOT, "small")
    with c2pa.Reader(str(film)) as reader:
        manifest = reader.get_active_manifest()
    assert manifest is not None
    (action,) = next(one["data"]["actions"] for one in manifest["assertions"] if one["label"] == "c2pa.actions.v2")
    assert action["action"] == "c2pa.created"
    assert action["digitalSourceType"] == "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    assert action["softwareAgent"]["name"] == "Vitascope small"
    assert manifest["claim_generator_info"][0]["name"] == "Vitascope"


def test_a_signed_film_plays_as_before(film: Path) -> None:
    before = list(read_film(film))
    sign(film, SHOT, "small")
    np.testing.assert_array_equal(list(read_film(film)), before)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_pictures_are_signed_too_and_carry_their_shot(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"picture{suffix}"
    write_picture(path, np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8))
    assert sign(path, SHOT, "small")
    report = verify(path)
    assert (report.manifest, report.ai_made, report.shot) == ("valid", True, SHOT)
    flipped(path, path.stat().st_size - 30)
    assert verify(path).manifest.startswith("invalid")


def test_a_film_that_was_changed_afterwards_is_reported_as_such(film: Path) -> None:
    sign(film, SHOT, "small")
    flipped(film, film.read_bytes().index(b"mdat") + 500)
    report = verify(film)
    assert report.changed is True
    assert report.manifest.startswith("invalid: assertion.bmffHash.mismatch")
    assert any("yes, after it was signed" in line for line in report.lines())


def test_a_manifest_that_was_changed_is_invalid(film: Path) -> None:
    sign(film, SHOT, "small")
    flipped(film, film.read_bytes().index(b"trainedAlgorithmicMedia") + 3)
    report = verify(film)
    assert report.manifest.startswith("invalid")
    assert report.changed is not False


def test_a_signature_of_another_machine_is_valid_but_not_known(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sign(film, SHOT, "small")
    monkeypatch.setenv("VITASCOPE_HOME", str(film.parent / "elsewhere"))
    report = verify(film)
    assert report.manifest == "valid, by an authority that is not known here"
    assert report.changed is False
    assert not (film.parent / "elsewhere").exists(), "looking at a file makes no keys"


def test_a_film_may_be_signed_again_and_elsewhere(film: Path) -> None:
    before = film.read_bytes()
    out = film.with_name("out.mp4")
    sign(film, SHOT, "small", out)
    assert film.read_bytes() == before
    sign(out, SHOT, "base")
    report = verify(out)
    assert (report.manifest, report.model) == ("valid", "base")


def test_what_cannot_carry_a_manifest_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    path.write_bytes(b"anything")
    assert sign(path, SHOT, "small") is False
    assert path.read_bytes() == b"anything"


def test_a_shot_that_is_very_large_is_not_repeated_in_the_manifest(tmp_path: Path) -> None:
    path = tmp_path / "picture.jpg"
    write_picture(path, np.zeros((48, 64, 3), np.uint8))
    large = Media.of(np.random.default_rng(0).bytes(300_000), "picture")
    sign(path, SHOT.with_(pins=(Pin(media=large),)), "small")
    report = verify(path)
    assert (report.manifest, report.model, report.shot) == ("valid", "small", None)


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_a_file_that_is_no_film_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"no film at all")
    with pytest.raises(ProvenanceError, match=r"film\.mp4"):
        sign(path, SHOT, "small")
    assert path.read_bytes() == b"no film at all"
    assert list(tmp_path.iterdir()) == [path]


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"nowhere\.mp4"):
        sign(tmp_path / "nowhere.mp4", SHOT, "small")
    with pytest.raises(MediaError, match=r"nowhere\.mp4"):
        verify(tmp_path / "nowhere.mp4")


def test_the_report_of_any_other_file_says_that_there_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("nothing to see")
    report = verify(path)
    assert (report.manifest, report.watermark, report.shot) == ("none", None, None)
    assert any("cannot be looked for" in line for line in report.lines())


# --- the report -------------------------------------------------------------------------------------------------------


def test_the_report_finds_the_watermark_and_says_so(tmp_path: Path) -> None:
    size = (320, 180)
    frame = np.random.default_rng(0).normal(128, 3, (180, 320, 3)).astype(np.uint8)
    write_picture(tmp_path / "picture.png", next(mark([frame], size, 12, 1, None)), SHOT)
    sign(tmp_path / "picture.png", SHOT, "small")
    report = verify(tmp_path / "picture.png")
    assert report.watermark is not None and report.watermark.present
    lines = report.lines()
    assert any(line.startswith("watermark  present") for line in lines)
    assert any("a red ball" in line for line in lines)


def test_the_report_for_programs_holds_all_of_it(film: Path) -> None:
    sign(film, SHOT, "small")
    told = json.loads(verify(film).as_json())
    assert (told["manifest"], told["ai_made"], told["model"], told["changed"]) == ("valid", True, "small", False)
    assert told["watermark"]["present"] is False
    assert told["shot"]["text"] == "a red ball"
    assert told["path"] == str(film)


def test_the_report_of_an_unsigned_film_still_finds_its_shot(film: Path) -> None:
    report = verify(film)
    assert (report.manifest, report.changed, report.ai_made, report.shot) == ("none", None, None, SHOT)


# --- a film that was opened and got a sound ---------------------------------------------------------------------------


def plain(path: Path) -> Path:
    """A film of somebody else's."""
    write_film(path, list(np.random.default_rng(1).integers(0, 256, (12, 48, 64, 3), np.uint8)), 12)
    return path


def test_a_film_of_somebody_elses_is_not_called_ai_made_but_its_sound_is_told(tmp_path: Path) -> None:
    source, out = plain(tmp_path / "holiday.mp4"), plain(tmp_path / "heard.mp4")
    assert sign_dubbed(out, source, ("effects", "dialogue", "original"), copied=True)
    report = verify(out)
    assert (report.manifest, report.ai_made, report.model, report.changed) == ("valid", False, None, False)
    assert report.sound is not None and report.sound.startswith("made by a machine (effects, dialogue) beside the film")
    text = "\n".join(report.lines())
    assert "not said to be AI-made" in text and "pictures of the film that was opened are as they were" in text
    assert json.loads(report.as_json())["sound"] == report.sound
    flipped(out, out.stat().st_size - 30)
    assert verify(out).manifest.startswith("invalid")


def test_what_was_done_is_told_in_the_words_of_c2pa(tmp_path: Path) -> None:
    import c2pa

    source, out = plain(tmp_path / "holiday.mp4"), plain(tmp_path / "heard.mp4")
    sign_dubbed(out, source, ("effects", "dialogue"), copied=False)
    with c2pa.Reader(str(out)) as reader:
        manifest = reader.get_active_manifest()
    assert manifest is not None
    actions = next(one["data"]["actions"] for one in manifest["assertions"] if one["label"] == "c2pa.actions.v2")
    told = [(one["action"], one.get("digitalSourceType", "").rsplit("/", 1)[-1]) for one in actions]
    edits = [("c2pa.edited", "algorithmicMedia"), ("c2pa.edited", "trainedAlgorithmicMedia")]
    assert told == [("c2pa.opened", ""), ("c2pa.transcoded", ""), *edits]
    (parent,) = manifest["ingredients"]
    assert (parent["title"], parent["relationship"]) == ("holiday.mp4", "parentOf")
    assert verify(out).model is None, "no model made the pictures"


def test_pictures_that_were_said_to_be_ai_made_still_are(film: Path, tmp_path: Path) -> None:
    sign(film, SHOT, "small")
    out = plain(tmp_path / "heard.mp4")
    sign_dubbed(out, film, ("effects",), copied=True)
    report = verify(out)
    assert (report.manifest, report.ai_made, report.model) == ("valid", True, "small")


def test_a_film_that_can_carry_no_manifest_is_named_as_the_opened_one(tmp_path: Path) -> None:
    source, out = plain(tmp_path / "holiday.mkv"), plain(tmp_path / "heard.mp4")
    assert sign_dubbed(out, source, ("music",), copied=True) and verify(out).manifest == "valid"
    assert not sign_dubbed(source, source, ("music",), copied=True)


# --- keys -------------------------------------------------------------------------------------------------------------


def test_the_key_is_made_once_and_for_the_user_only(film: Path, home: Path) -> None:
    sign(film, SHOT, "small")
    key = home / "signing.pem"
    first = key.read_bytes()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    sign(film, SHOT, "small")
    assert key.read_bytes() == first
    assert list(home.iterdir()) == [key]
    assert first.count(b"BEGIN PRIVATE KEY") == 1, "the authority's own key is not kept"


def test_several_that_start_at_once_get_the_same_key(home: Path) -> None:
    barrier, keys = threading.Barrier(8), []

    def start() -> None:
        barrier.wait()
        keys.append(credentials.local().read_bytes())

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8 and len(set(keys)) == 1
    assert [path.name for path in home.iterdir()] == ["signing.pem"]


def test_without_a_folder_of_its_own_the_key_is_kept_where_the_system_keeps_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VITASCOPE_HOME")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert credentials.home() == tmp_path / "vitascope"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert credentials.home() == tmp_path / ".config" / "vitascope"


def test_a_folder_that_cannot_be_made_is_named(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITASCOPE_HOME", str(film / "inside a file"))
    with pytest.raises(ProvenanceError, match="VITASCOPE_HOME may name another folder"):
        sign(film, SHOT, "small")


# --- the user's own key -----------------------------------------------------------------------------------------------

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def certificate(key: Key, issuer: Key, subject: str, name: str, *, days: int = 10, leaf: bool = True) -> bytes:
    now = datetime.datetime.now(datetime.UTC)
    named = [x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, text)]) for text in (subject, name)]
    usage = [leaf, False, False, False, False, not leaf, not leaf, False, False]
    builder = (
        x509.CertificateBuilder(named[1], named[0], key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=20))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(not leaf, None), critical=True)
        .add_extension(x509.KeyUsage(*usage), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if leaf:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return builder.sign(issuer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def own(folder: Path, monkeypatch: pytest.MonkeyPatch, key: Key, days: int = 10) -> tuple[Path, Path]:
    """The files of a certificate and its key that the user brings."""
    root = ec.generate_private_key(ec.SECP256R1())
    chain, private = folder / "chain.pem", folder / "key.pem"
    leaf = certificate(key, root, "A Studio", "A Root", days=days)
    chain.write_bytes(leaf + certificate(root, root, "A Root", "A Root", leaf=False))
    formats = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    private.write_bytes(key.private_bytes(*formats))
    monkeypatch.setenv("VITASCOPE_CERTIFICATE", str(chain))
    monkeypatch.setenv("VITASCOPE_KEY", str(private))
    return chain, private


@pytest.mark.parametrize("kind", ["P-256", "P-384", "RSA"])
def test_the_users_own_key_signs(film: Path, home: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    curves = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}
    key: Key = rsa.generate_private_key(65537, 2048) if kind == "RSA" else ec.generate_private_key(curves[kind])
    own(film.parent, monkeypatch, key)
    sign(film, SHOT, "small")
    report = verify(film)
    assert (report.manifest, report.signer) == ("valid", "A Studio")
    assert not home.exists()


def test_a_key_without_its_certificate_is_refused(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITASCOPE_KEY", "key.pem")
    with pytest.raises(ProvenanceError, match="VITASCOPE_CERTIFICATE is not"):
        sign(film, SHOT, "small")


def test_a_key_of_another_certificate_is_refused(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chain, private = own(film.parent, monkeypatch, ec.generate_private_key(ec.SECP256R1()))
    other = ec.generate_private_key(ec.SECP256R1())
    formats = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    private.write_bytes(other.private_bytes(*formats))
    with pytest.raises(ProvenanceError, match=r"key\.pem is not that of the first certificate in .*chain\.pem"):
        sign(film, SHOT, "small")
    private.write_text("no key")
    with pytest.raises(ProvenanceError, match=r"key\.pem holds no private key"):
        sign(film, SHOT, "small")
    chain.write_text("no certificate")
    with pytest.raises(ProvenanceError, match=r"chain\.pem holds no certificates"):
        sign(film, SHOT, "small")
    chain.unlink()
    with pytest.raises(ProvenanceError, match=r"cannot read .*chain\.pem"):
        sign(film, SHOT, "small")


def test_a_certificate_that_is_over_is_refused(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own(film.parent, monkeypatch, ec.generate_private_key(ec.SECP256R1()), days=-5)
    with pytest.raises(ProvenanceError, match=r"is valid from .* not today"):
        sign(film, SHOT, "small")


def test_a_certificate_that_is_not_for_signing_is_refused_and_the_file_kept(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = film.read_bytes()
    key = ec.generate_private_key(ec.SECP256R1())
    chain, _ = own(film.parent, monkeypatch, key)
    chain.write_bytes(certificate(key, key, "A Studio", "A Studio", leaf=False))
    with pytest.raises(ProvenanceError, match="cannot sign"):
        sign(film, SHOT, "small")
    assert film.read_bytes() == before

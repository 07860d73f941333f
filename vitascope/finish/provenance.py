"""Where a film came from, in the film: a signed C2PA manifest that says it is AI-made and by which model, and the
report of what a file says of itself (C2PA specification 2.2, c2pa.org). Nothing here uses the network.

Files are signed with the user's own certificate where VITASCOPE_CERTIFICATE and VITASCOPE_KEY name it and its key, else
with one that is made on first use in `home()`. Everybody can read what that one signs, and see whether the file was
changed afterwards; that it comes from this machine, only this machine knows.
"""

import datetime
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vitascope import __version__
from vitascope.finish.watermark import Found, detect
from vitascope.shot.files import MediaError, complete, opened
from vitascope.shot.media import MAX_PICTURE_PIXELS, FilmLimits, is_picture, probe, read_film, read_picture, read_shot
from vitascope.shot.shot import Shot, ShotError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate

HOME, CERTIFICATE, KEY = "VITASCOPE_HOME", "VITASCOPE_CERTIFICATE", "VITASCOPE_KEY"  # environment variables
SOURCES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
AI_MADE = ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia")
SHOT_LABEL = "vitascope.shot"  # of what we say beyond C2PA's own words: the model, and the Shot where it is small
MOST_SHOT = 256 * 1024  # bytes of a Shot in a manifest; larger ones only stand in the file itself
YEARS = 30  # that a certificate made here is good for: without a time authority a signature ends with it

# Files that can carry a manifest. The others (.webm, .mkv, .y4m …) have no place for one.
FORMATS = {
    ".mp4": "video/mp4",
    ".m4v": "video/x-m4v",
    ".mov": "video/quicktime",
    ".avi": "video/avi",
    ".gif": "image/gif",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
}
_OFFLINE = {"remote_manifest_fetch": False, "ocsp_fetch": False}


class ProvenanceError(ValueError):
    """What cannot be signed: the file, the certificate or the key, and what is wrong with it."""


# --- signing ----------------------------------------------------------------------------------------------------------


def can_carry(path: Path) -> bool:
    """Whether a file of this name can carry a manifest."""
    return path.suffix.lower() in FORMATS


def sign(path: Path, shot: Shot | None, model: str, out: Path | None = None) -> bool:
    """Put a signed manifest into a finished file, in its place or as `out`: whole, or not at all. It is the last thing
    done to a file, since any change breaks it.

    False, and nothing done, where `can_carry` says no. Raises ProvenanceError, and MediaError when the file cannot be
    read or written."""
    if not can_carry(path):
        return False
    import c2pa

    algorithm, chain, key = _credentials()
    target = path if out is None else out
    with opened(path) as source, complete(target) as partial, open(partial, "w+b") as signed:
        try:
            signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo(algorithm, chain, key, None))
            settings = c2pa.Settings.from_dict({"verify": _OFFLINE, "builder": {"thumbnail": {"enabled": False}}})
            with c2pa.Context(settings) as context, c2pa.Builder(_manifest(shot, model, target), context) as builder:
                builder.sign(signer, FORMATS[path.suffix.lower()], source, signed)
        except c2pa.C2paError as error:
            raise ProvenanceError(f"cannot sign {str(path)!r}: {error}") from error
    return True


def _manifest(shot: Shot | None, model: str, target: Path) -> dict[str, Any]:
    agent = {"name": f"Vitascope {model}", "version": __version__}
    created = {"action": "c2pa.created", "digitalSourceType": SOURCES + AI_MADE[0], "softwareAgent": agent}
    ours: dict[str, Any] = {"model": model}
    if shot is not None and len(text := shot.to_json()) <= MOST_SHOT:
        ours["shot"] = text
    return {
        "claim_generator_info": [{"name": "Vitascope", "version": __version__}],
        "title": target.name,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [created]}, "created": True},
            {"label": SHOT_LABEL, "data": ours, "created": True},
        ],
    }


# --- keys -------------------------------------------------------------------------------------------------------------


def home() -> Path:
    """The folder of what belongs to the user: VITASCOPE_HOME, else `vitascope` where the system keeps settings."""
    if given := os.environ.get(HOME):
        return Path(given).expanduser()
    settings = os.environ.get("XDG_CONFIG_HOME")
    return (Path(settings) if settings else Path.home() / ".config") / "vitascope"


def _credentials() -> tuple[str, bytes, bytes]:
    """What signs: C2PA's name of the algorithm, the certificates from the signer's to its authority's, and the key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    certificate, key = os.environ.get(CERTIFICATE), os.environ.get(KEY)
    if bool(certificate) != bool(key):
        given, missing = (CERTIFICATE, KEY) if certificate else (KEY, CERTIFICATE)
        raise ProvenanceError(f"{given} is set, but {missing} is not: both are needed to sign with your own key")
    chain_name, key_name = (certificate, key) if certificate and key else (str(_local()),) * 2
    chain_text, key_text = _text_of(chain_name), _text_of(key_name)
    try:
        chain = x509.load_pem_x509_certificates(chain_text)
    except ValueError as error:
        raise ProvenanceError(f"{chain_name} holds no certificates in PEM format: {error}") from error
    try:
        private = serialization.load_pem_private_key(key_text, None)
    except (ValueError, TypeError) as error:  # TypeError: it has a password
        raise ProvenanceError(f"{key_name} holds no private key in PEM format without a password: {error}") from error
    if private.public_key() != chain[0].public_key():
        raise ProvenanceError(f"the key in {key_name} is not that of the first certificate in {chain_name}")
    now = datetime.datetime.now(datetime.UTC)
    if not chain[0].not_valid_before_utc <= now <= chain[0].not_valid_after_utc:
        days = f"{chain[0].not_valid_before_utc:%Y-%m-%d} to {chain[0].not_valid_after_utc:%Y-%m-%d}"
        raise ProvenanceError(f"the certificate in {chain_name} is valid from {days}, not today")
    formats = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pems = b"".join(each.public_bytes(serialization.Encoding.PEM) for each in chain)
    return _algorithm(private, key_name), pems, private.private_bytes(*formats)


def _algorithm(key: "PrivateKeyTypes", name: str) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in ("secp256r1", "secp384r1", "secp521r1"):
        return {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}[key.curve.name]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= 2048:
        return "ps256"
    raise ProvenanceError(f"the key in {name} should be of EC P-256, P-384 or P-521, Ed25519, or RSA from 2048 bits")


def _text_of(name: str) -> bytes:
    try:
        return Path(name).expanduser().read_bytes()
    except OSError as error:
        raise ProvenanceError(f"cannot read {name}: {error.strerror or error}") from error


def _local() -> Path:
    """The file of the key, the certificate and its authority that were made here, on first use."""
    path = home() / "signing.pem"
    if path.exists():
        return path
    partial = path.parent / f".{secrets.token_hex(8)}.part"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(_made())
        try:
            os.link(partial, path)  # unlike renaming it fails where another process was first, whose key is then used
        except FileExistsError:
            pass
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        reason = f"{error.strerror or error}; {HOME} may name another folder"
        raise ProvenanceError(f"cannot make a key to sign with in {path.parent}: {reason}") from error
    return path


def _made() -> bytes:
    """A new key, its certificate and that of its authority, in PEM format. The authority's own key is not kept: nobody
    can make a second certificate in its name."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, authority = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    number = secrets.token_hex(4)  # tells machines apart without naming them
    certificates = (
        _certificate(f"Vitascope signer {number}", key, number, authority, is_authority=False),
        _certificate(f"Vitascope local authority {number}", authority, number, authority, is_authority=True),
    )
    formats = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*formats) + b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)


def _certificate(
    name: str,
    key: "EllipticCurvePrivateKey",
    number: str,
    authority: "EllipticCurvePrivateKey",
    *,
    is_authority: bool,
) -> "Certificate":
    """As C2PA asks for them (specification 2.2, 14.5): an authority's, and one that may only sign what it is for."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def named(common: str) -> x509.Name:
        attributes = ((NameOID.ORGANIZATION_NAME, "Vitascope (local)"), (NameOID.COMMON_NAME, common))
        return x509.Name([x509.NameAttribute(*attribute) for attribute in attributes])

    since = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)  # clocks differ
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(f"Vitascope local authority {number}"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + datetime.timedelta(days=365 * YEARS))
        .add_extension(x509.BasicConstraints(is_authority, 0 if is_authority else None), critical=True)
        .add_extension(
            x509.KeyUsage(
                **usage,
                decipher_only=False,
                digital_signature=not is_authority,
                key_cert_sign=is_authority,
                crl_sign=is_authority,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False)
    )
    if not is_authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return builder.sign(authority, hashes.SHA256())


# --- what a file says of itself ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Report:
    """What is found in a file.

    `manifest` is "none", "valid" (by an authority known here: this machine's own, the user's, or one that the C2PA
    library trusts), "valid, by an authority that is not known here", or "invalid: " and why. Of an invalid one,
    `signer`, `model` and `ai_made` are what it claims. `changed`: the file is not what was signed (None: not signed, or
    it cannot be told). `unreadable` says why there are no pictures to look for a watermark in."""

    path: Path
    manifest: str
    signer: str | None = None
    generator: str | None = None
    model: str | None = None
    ai_made: bool | None = None
    changed: bool | None = None
    watermark: Found | None = None
    shot: Shot | None = None
    unreadable: str | None = None

    def lines(self) -> list[str]:
        """The report for people."""
        signer = f", signed by {self.signer}" if self.signer else ""
        lines = [f"manifest   {self.manifest}{signer}"]
        if self.manifest != "none":
            kind = {True: "AI-made", False: "not said to be AI-made", None: "unknown how it was made"}[self.ai_made]
            parts = (f"model {self.model}" if self.model else None, self.generator)
            lines.append("says       " + ", ".join([kind, *filter(None, parts)]))
        if self.changed is not None:
            lines.append(f"changed    {'yes, after it was signed' if self.changed else 'not since it was signed'}")
        lines.append(f"watermark  {self._watermark()}")
        if self.shot is None:
            lines.append("shot       none")
        else:
            (width, height), text = self.shot.size, " ".join(self.shot.text.split())
            text = text if len(text) <= 60 else text[:59] + "…"
            lines.append(f"shot       “{text}”, {width}x{height}, {self.shot.seconds:g} s, seed {self.shot.seed}")
        return lines

    def _watermark(self) -> str:
        if self.watermark is None:
            return f"cannot be looked for: {self.unreadable}"
        score = f"score {self.watermark.score:.1f}, a mark is above {self.watermark.threshold:.1f}"
        if not self.watermark.present:
            return f"none found ({score})"
        number = "" if self.watermark.payload is None else f", number {self.watermark.payload:012x}"
        return f"present{number} ({score})"

    def as_json(self) -> str:
        """The report for programs: the fields above; the watermark's number as a decimal, the Shot as `to_json`."""
        found = self.watermark
        mark = None
        if found is not None:
            mark = {
                "present": found.present,
                "score": round(found.score, 3),
                "threshold": found.threshold,
                "payload": found.payload,
                "scale": found.scale,
                "shift": found.shift,
            }
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        shot = None if self.shot is None else json.loads(self.shot.to_json())
        return json.dumps(fields | {"path": str(self.path), "watermark": mark, "shot": shot}, ensure_ascii=False)


def verify(path: Path) -> Report:
    """What a film or picture says of itself: manifest, watermark, Shot. Raises MediaError when it cannot be opened."""
    with opened(path):
        pass
    report = _manifest_report(path)
    try:
        report = replace(report, shot=read_shot(path) or report.shot)
    except MediaError as error:
        report = replace(report, unreadable=str(error))
    try:
        return replace(report, watermark=_watermark(path), unreadable=None)
    except MediaError as error:
        return replace(report, unreadable=str(error))


def _watermark(path: Path) -> Found:
    if is_picture(path):
        return detect([read_picture(path)])
    limits = FilmLimits(pixels=MAX_PICTURE_PIXELS, frames=2**31, seconds=86_400.0)  # only its beginning is read
    return detect(read_film(path, limits), probe(path).fps)


def _manifest_report(path: Path) -> Report:
    import c2pa

    trusted = "\n".join(_anchors())
    settings = {"verify": _OFFLINE} | ({"trust": {"user_anchors": trusted}} if trusted else {})
    try:
        with (
            c2pa.Context(c2pa.Settings.from_dict(settings)) as context,
            opened(path) as file,
            c2pa.Reader(FORMATS.get(path.suffix.lower()), file, context=context) as reader,
        ):
            state = reader.get_validation_state()
            manifest = reader.get_active_manifest() or {}
            results = (reader.get_validation_results() or {}).get("activeManifest") or {}
    except c2pa.C2paError.ManifestNotFound:
        return Report(path, "none")
    except c2pa.C2paError as error:
        kind, problem = type(error).__name__.removeprefix("_C2pa"), " ".join(str(error).split())
        return Report(path, "none" if kind == "NotSupported" else f"invalid: {problem}")
    failures = results.get("failure") or []
    codes = [failure.get("code", "") for failure in failures]
    if state in ("Trusted", "Valid"):
        text = "valid" if state == "Trusted" else "valid, by an authority that is not known here"
    else:
        reasons = [f"{failure.get('code')} ({failure.get('explanation')})" for failure in failures]
        text = "invalid: " + ("; ".join(reasons) or str(state))
    told = list(_actions(manifest))
    assertions = manifest.get("assertions", [])
    ours: object = next((one.get("data") for one in assertions if one.get("label") == SHOT_LABEL), None)
    return Report(
        path,
        text,
        signer=_signer(manifest.get("signature_info") or {}),
        generator=_generator(manifest),
        model=_model(ours, told),
        ai_made=any(str(action.get("digitalSourceType", "")).rsplit("/", 1)[-1] in AI_MADE for action in told),
        changed=any(code.endswith((".mismatch", "Hash.malformed")) for code in codes),
        shot=_shot(ours),
    )


def _anchors() -> Iterator[str]:
    """The certificates of authorities that are known here: of the key that was made here, and of the user's own."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    for name in (str(home() / "signing.pem"), os.environ.get(CERTIFICATE)):
        if not name:
            continue
        try:
            chain = x509.load_pem_x509_certificates(Path(name).expanduser().read_bytes())
        except (OSError, ValueError):
            continue  # nothing was signed here yet; signing says what is wrong with it
        yield chain[-1].public_bytes(serialization.Encoding.PEM).decode()


def _actions(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for assertion in manifest.get("assertions", []):
        if str(assertion.get("label", "")).startswith("c2pa.actions") and isinstance(assertion.get("data"), dict):
            yield from (action for action in assertion["data"].get("actions", []) if isinstance(action, dict))


def _signer(info: dict[str, Any]) -> str | None:
    names = [info.get("common_name"), info.get("issuer")]
    return ", ".join(str(name) for name in names if name) or None


def _generator(manifest: dict[str, Any]) -> str | None:
    for info in manifest.get("claim_generator_info") or []:
        return " ".join(str(info[key]) for key in ("name", "version") if info.get(key))
    return manifest.get("claim_generator")


def _model(ours: object, actions: list[dict[str, Any]]) -> str | None:
    """The model as we say it, else the program that others name."""
    if isinstance(ours, dict) and isinstance(ours.get("model"), str):
        return ours["model"]
    agents = [action.get("softwareAgent") for action in actions]
    names = [agent.get("name") if isinstance(agent, dict) else agent for agent in agents]
    return next((str(name) for name in names if name), None)


def _shot(ours: object) -> Shot | None:
    if not isinstance(ours, dict) or not isinstance(ours.get("shot"), str):
        return None
    try:
        return Shot.from_json(ours["shot"])
    except ShotError:
        return None  # of another version of Vitascope; the rest of what it says still counts

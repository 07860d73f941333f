"""Who signs: the user's own certificate where VITASCOPE_CERTIFICATE and VITASCOPE_KEY name it and its key, else one
that is made on first use in `home()`. Everybody can read what that one signs, and see whether the file was changed
afterwards; that it comes from this machine, only this machine knows.
"""

import datetime
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate

HOME, CERTIFICATE, KEY = "VITASCOPE_HOME", "VITASCOPE_CERTIFICATE", "VITASCOPE_KEY"  # environment variables
YEARS = 30  # that a certificate made here is good for: without a time authority a signature ends with it


class ProvenanceError(ValueError):
    """What cannot be signed: the file, the certificate or the key, and what is wrong with it."""


def home() -> Path:
    """The folder of what belongs to the user: VITASCOPE_HOME, else `vitascope` where the system keeps settings."""
    if given := os.environ.get(HOME):
        return Path(given).expanduser()
    settings = os.environ.get("XDG_CONFIG_HOME")
    return (Path(settings) if settings else Path.home() / ".config") / "vitascope"


def credentials() -> tuple[str, bytes, bytes]:
    """What signs: C2PA's name of the algorithm, the certificates from the signer's to its authority's, and the key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    certificate, key = os.environ.get(CERTIFICATE), os.environ.get(KEY)
    if bool(certificate) != bool(key):
        given, missing = (CERTIFICATE, KEY) if certificate else (KEY, CERTIFICATE)
        raise ProvenanceError(f"{given} is set, but {missing} is not: both are needed to sign with your own key")
    chain_name, key_name = (certificate, key) if certificate and key else (str(local()),) * 2
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


def local() -> Path:
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


def anchors() -> Iterator[str]:
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

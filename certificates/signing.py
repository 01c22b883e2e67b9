"""The PAdES signature that closes every certificate, and the key it is made with."""

import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import NameOID
from django.conf import settings
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers, timestamps
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter

from common.exceptions import Unavailable

DEVELOPMENT_KEY = "certificate-signing.p12"
DEVELOPMENT_PASSWORD = b"development"
DEVELOPMENT_ISSUER = "CPD Events development authority"
# Without a reserve pyHanko makes each signature twice, the first to learn its length.
BYTES_RESERVED = 16384
DEVELOPMENT_YEARS = 10


class NoSigningKey(Unavailable):
    """Nothing unsigned is ever delivered, so the PDF waits for the key."""

    message: ClassVar[str] = "The signing key of certificates is not available."


@dataclass(frozen=True)
class Signed:
    """A signed PDF and which key closed it."""

    content: bytes
    signer_name: str
    certificate_sha256: str


class LoadedSigner(signers.SimpleSigner):
    """A signer that keeps the loaded key; the stock one parses it at every signature."""

    def __init__(self, *, key: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.key = key

    def sign_raw(self, data: bytes, digest_algorithm: str) -> bytes:
        chosen = getattr(hashes, digest_algorithm.upper())()
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(data, padding.PKCS1v15(), chosen)
        signature: bytes = self.key.sign(data, ec.ECDSA(chosen))
        return signature


@dataclass(frozen=True)
class SigningKey:
    """The loaded key with its certificate and chain."""

    signer: LoadedSigner
    certificate: x509.Certificate
    is_development: bool

    @property
    def name(self) -> str:
        names = self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(names[0].value) if names else self.certificate.subject.rfc4514_string()


def sign(unsigned: bytes, *, certificate_number: str) -> Signed:
    """Return the PDF with one certification signature that allows no change after it."""
    key = signing_key()
    metadata = signers.PdfSignatureMetadata(
        field_name="Certificate",
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        subfilter=SigSeedSubFilter.PADES,
        md_algorithm="sha256",
        reason=f"CPD certificate {certificate_number}",
        name=key.name,
    )
    output = BytesIO()
    signers.sign_pdf(
        IncrementalPdfFileWriter(BytesIO(unsigned)),
        metadata,
        signer=key.signer,
        timestamper=_timestamper(settings.CERTIFICATE_TSA_URL),
        bytes_reserved=BYTES_RESERVED,
        output=output,
    )
    fingerprint = key.certificate.fingerprint(hashes.SHA256()).hex()
    return Signed(output.getvalue(), key.name, fingerprint)


def signing_key() -> SigningKey:
    """Return the key of this installation, loaded once per process; raise NoSigningKey."""
    path = settings.CERTIFICATE_SIGNING_P12
    if path:
        return _loaded(Path(path), settings.CERTIFICATE_SIGNING_PASSWORD.encode())
    if settings.DEBUG or settings.TESTING:
        return _loaded(_development_key(settings.KEY_DIR), DEVELOPMENT_PASSWORD)
    raise NoSigningKey


@lru_cache(maxsize=4)
def _loaded(path: Path, password: bytes) -> SigningKey:
    try:
        content = path.read_bytes()
        bundle = pkcs12.load_pkcs12(content, password)
    except (OSError, ValueError) as error:
        raise NoSigningKey from error
    if bundle.key is None or bundle.cert is None:
        raise NoSigningKey
    plain = signers.SimpleSigner.load_pkcs12_data(content, [], password)
    signer = LoadedSigner(
        key=bundle.key,
        signing_cert=plain.signing_cert,
        signing_key=plain.signing_key,
        cert_registry=plain.cert_registry,
    )
    certificate = bundle.cert.certificate
    issuers = certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
    return SigningKey(
        signer, certificate, any(issuer.value == DEVELOPMENT_ISSUER for issuer in issuers)
    )


@lru_cache(maxsize=1)
def _timestamper(url: str) -> timestamps.HTTPTimeStamper | None:
    return timestamps.HTTPTimeStamper(url) if url else None


def _development_key(folder: Path) -> Path:
    """Return the key of this machine, made on first use; two processes agree on one."""
    path = folder / DEVELOPMENT_KEY
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{secrets.token_hex(8)}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(_new_development_key())
    try:
        # Linking a finished file is exclusive and never shows half a key to another process.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path


def _new_development_key() -> bytes:
    authority_key, signer_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority_name = _named(DEVELOPMENT_ISSUER)
    authority = (
        _certificate(authority_name, authority_name, authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    certificate = (
        _certificate(_named("CPD Events development"), authority_name, signer_key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(digital_signature=True, content_commitment=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    return pkcs12.serialize_key_and_certificates(
        b"certificates",
        signer_key,
        certificate,
        [authority],
        BestAvailableEncryption(DEVELOPMENT_PASSWORD),
    )


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365 * DEVELOPMENT_YEARS))
    )


def _key_usage(**used: bool) -> x509.KeyUsage:
    everything = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(**{**everything, **used})

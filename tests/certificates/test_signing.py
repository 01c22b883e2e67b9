import re
import stat
import subprocess
import threading
from datetime import timedelta
from io import BytesIO
from shutil import which

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    pkcs12,
)
from cryptography.x509.oid import NameOID
from django.utils import timezone
from pyhanko.keys.pemder import load_certs_from_pemder_data
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader

from certificates import checks, rendering, signing
from tests.certificates.programs import needs
from tests.factories.certificates import built_in, snapshot


@pytest.fixture
def signed():
    """A certificate signed with the development key."""
    unsigned = rendering.render(snapshot(), built_in())
    return signing.sign(unsigned, certificate_number="CPD-2027-ABCDEFGH").content


def authority():
    bundle = pkcs12.load_pkcs12(
        signing._development_key(signing.settings.KEY_DIR).read_bytes(),
        signing.DEVELOPMENT_PASSWORD,
    )
    return bundle.additional_certs[0].certificate.public_bytes(Encoding.PEM)


def validated(pdf):
    context = ValidationContext(
        trust_roots=list(load_certs_from_pemder_data(authority())), allow_fetching=False
    )
    signature = PdfFileReader(BytesIO(pdf)).embedded_signatures[0]
    return validate_pdf_signature(signature, context)


def appended(pdf):
    """Return the PDF with a later change added to its end."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    writer.root["/Forged"] = writer.root["/Pages"]
    writer.update_root()
    output = BytesIO()
    writer.write(output)
    return output.getvalue()


def changed(pdf):
    """Return the PDF with one byte of a number on the page's dictionary changed."""
    position = pdf.index(b"/Producer")
    return pdf[: position + 1] + b"Q" + pdf[position + 2 :]


def p12(path, *, days=400, key=None, usage=True, password=b"secret"):
    """Write a signing key of an operator."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Provider Ltd")])
    now = timezone.now()
    builder = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
    )
    if usage is not None:
        extension = signing._key_usage(digital_signature=True, content_commitment=usage)
        builder = builder.add_extension(extension, critical=True)
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"key",
            key,
            builder.sign(key, hashes.SHA256()),
            None,
            BestAvailableEncryption(password) if password else NoEncryption(),
        )
    )
    return str(path)


@pytest.fixture
def operators_key(settings, tmp_path):
    """Let the installation sign with a key file."""

    def use(**facts):
        settings.CERTIFICATE_SIGNING_P12 = p12(tmp_path / "key.p12", **facts)
        settings.CERTIFICATE_SIGNING_PASSWORD = "secret"

    return use


def test_the_signature_is_a_certification_that_allows_no_change(signed):
    status = validated(signed)

    assert (status.intact, status.valid, status.trusted) == (True, True, True)
    assert (status.coverage.name, status.docmdp_ok) == ("ENTIRE_FILE", True)
    signature = PdfFileReader(BytesIO(signed)).embedded_signatures[0]
    assert signature.docmdp_level.name == "NO_CHANGES"
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert signature.sig_object["/Reason"] == "CPD certificate CPD-2027-ABCDEFGH"


def test_signing_leaves_the_page_as_it_was(signed):
    text = PdfReader(BytesIO(signed)).pages[0].extract_text()

    assert {"Ada Lovelace", "Advances in Anaesthesia", "Verify ABCD-EFGH"} <= set(text.splitlines())


def test_an_appended_update_breaks_the_certification(signed):
    status = validated(appended(signed))

    assert (status.intact, status.docmdp_ok) == (True, False)


def test_a_changed_byte_breaks_the_digest(signed):
    assert not validated(changed(signed)).intact


@needs("pdfsig", "certutil")
@pytest.mark.parametrize(
    ("forge", "lines"),
    [
        (
            bytes,
            ["Signature is Valid.", "Certificate is Trusted.", "Total document signed"],
        ),
        (
            appended,
            ["Signature is Valid.", "Certificate is Trusted.", "Not total document signed"],
        ),
        (changed, ["Digest Mismatch.", None, "Total document signed"]),
    ],
)
def test_an_independent_program_agrees(signed, tmp_path, forge, lines):
    (tmp_path / "ca.pem").write_bytes(authority())
    (tmp_path / "certificate.pdf").write_bytes(forge(signed))
    store = f"sql:{tmp_path}"
    certutil = which("certutil")
    subprocess.run([certutil, "-N", "-d", store, "--empty-password"], check=True)
    trust = ["-A", "-n", "ca", "-t", "C,C,C", "-i", tmp_path / "ca.pem"]
    subprocess.run([certutil, *trust, "-d", store], check=True)

    said = subprocess.run(
        [which("pdfsig"), "-nssdir", store, tmp_path / "certificate.pdf"],
        check=False,
        capture_output=True,
        text=True,
    ).stdout

    signature = re.search(r"Signature Validation: (.*)", said)
    trusted = re.search(r"Certificate Validation: (.*)", said)
    coverage = re.search(r"- (.*otal document signed)", said)
    found = [match and match[1] for match in (signature, trusted, coverage)]
    assert found == lines


def test_the_development_key_is_made_once_and_is_private(settings, tmp_path):
    settings.KEY_DIR = tmp_path / "keys"
    paths = []
    threads = [
        threading.Thread(target=lambda: paths.append(signing._development_key(settings.KEY_DIR)))
        for _ in range(4)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(paths) == {settings.KEY_DIR / "certificate-signing.p12"}
    assert [path.name for path in settings.KEY_DIR.iterdir()] == ["certificate-signing.p12"]
    assert stat.S_IMODE(paths[0].stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)],
    ids=["ecdsa", "rsa"],
)
def test_an_operators_key_signs(operators_key, key):
    operators_key(key=key)

    result = signing.sign(rendering.render(snapshot(), built_in()), certificate_number="X")

    assert result.signer_name == "Provider Ltd"
    status = PdfFileReader(BytesIO(result.content)).embedded_signatures[0]
    assert status.signer_cert.sha256.hex() == result.certificate_sha256


def test_without_a_key_nothing_is_signed_outside_development(settings):
    settings.TESTING = settings.DEBUG = False

    with pytest.raises(signing.NoSigningKey):
        signing.sign(b"", certificate_number="X")


@pytest.mark.parametrize("content", [None, b"no key"])
def test_a_missing_or_broken_key_file_signs_nothing(settings, tmp_path, content):
    path = tmp_path / "broken.p12"
    if content:
        path.write_bytes(content)
    settings.CERTIFICATE_SIGNING_P12 = str(path)

    with pytest.raises(signing.NoSigningKey):
        signing.signing_key()


def test_a_key_file_without_a_key_signs_nothing(settings, tmp_path):
    path = tmp_path / "certificates-only.p12"
    certificate = x509.load_pem_x509_certificate(authority())
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(None, None, None, [certificate], NoEncryption())
    )
    settings.CERTIFICATE_SIGNING_P12 = str(path)
    settings.CERTIFICATE_SIGNING_PASSWORD = ""

    with pytest.raises(signing.NoSigningKey):
        signing.signing_key()


def test_a_timestamp_authority_is_asked_when_one_is_set(settings):
    assert signing._timestamper("https://tsa.example.org").url == "https://tsa.example.org"


@pytest.mark.parametrize(
    ("facts", "messages"),
    [
        ({}, []),
        ({"days": 29}, ["The certificate of the signing key expires within 30 days."]),
        ({"usage": False}, ["The signing key lacks digitalSignature and nonRepudiation."]),
        ({"usage": None}, ["The signing key lacks digitalSignature and nonRepudiation."]),
    ],
)
def test_a_deployment_needs_a_fit_key(operators_key, facts, messages):
    operators_key(**facts)

    errors = checks.signing_key_is_fit()

    assert [(error.id, error.msg) for error in errors] == [
        ("certificates.E001", message) for message in messages
    ]


def test_a_deployment_with_the_development_key_is_refused():
    assert [error.msg for error in checks.signing_key_is_fit()] == [
        "Certificates are signed with the development key."
    ]


def test_a_deployment_without_a_key_is_refused(settings):
    settings.CERTIFICATE_SIGNING_P12 = "/nowhere.p12"

    assert [error.msg for error in checks.signing_key_is_fit()] == [
        "CERTIFICATE_SIGNING_P12 names no key that can be opened."
    ]

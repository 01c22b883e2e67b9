"""A device that makes and uses passkeys, as browsers hand its answers on."""

import os
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

FLAG = AuthenticatorData.FLAG
ORIGIN = "http://localhost:3000"


class Authenticator:
    """One key (ES256) with its counter; keywords bend what it says."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = os.urandom(32)
        self.user_handle = b""
        self.counter = 0

    def make(self, options, **bends):
        """Answer the options of `navigator.credentials.create`."""
        wanted = options["publicKey"]
        self.user_handle = websafe_decode(wanted["user"]["id"])
        made = AttestedCredentialData.create(
            Aaguid.NONE,
            self.credential_id,
            bends.pop("public_key", ES256.from_cryptography_key(self.key.public_key())),
        )
        seen = self._seen(wanted["rp"]["id"], made, flags=FLAG.AT, **bends)
        client = self._client(CollectedClientData.TYPE.CREATE, wanted, **bends)
        return self._credential(
            client, attestationObject=AttestationObject.create("none", seen, {}), **bends
        )

    def sign(self, options, **bends):
        """Answer the options of `navigator.credentials.get`."""
        wanted = options["publicKey"]
        self.counter += 1
        seen = self._seen(wanted["rpId"], b"", flags=FLAG(0), **bends)
        client = self._client(CollectedClientData.TYPE.GET, wanted, **bends)
        key = bends.get("key", self.key)
        return self._credential(
            client,
            authenticatorData=seen,
            signature=key.sign(seen + client.hash, ec.ECDSA(SHA256())),
            userHandle=bends.get("user_handle", self.user_handle),
            **bends,
        )

    def _seen(self, rp_id, made, *, flags, counter=None, verified=True, rp=None, **_):
        given = FLAG.UP | (FLAG.UV if verified else FLAG(0)) | flags
        count = self.counter if counter is None else counter
        return AuthenticatorData.create(sha256((rp or rp_id).encode()).digest(), given, count, made)

    def _client(self, ceremony, wanted, *, origin=ORIGIN, challenge=None, crossed=False, **bends):
        signed = challenge or websafe_decode(wanted["challenge"])
        return CollectedClientData.create(bends.get("kind", ceremony), signed, origin, crossed)

    def _credential(self, client, *, raw_id=None, **parts):
        name = websafe_encode(raw_id or self.credential_id)
        spoken = {
            part: websafe_encode(value)
            for part, value in parts.items()
            if part in {"attestationObject", "authenticatorData", "signature", "userHandle"}
        }
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": client.b64,
                "transports": ["internal", "smoke-signals"],
                **spoken,
            },
        }

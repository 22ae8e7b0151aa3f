"""Test vectors of others, read where they lie beside the checkout and never copied.

Not run: `json_web_key` (we read no key from a JWK), `hmac_sha256` and `hkdf_sha256` (`Mac` digests framed parts under a
subkey of its own making, and would have to be taken apart), `ed25519` and `sm4_gcm` (not in this version).
"""

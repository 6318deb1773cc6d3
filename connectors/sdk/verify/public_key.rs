//! Signatures that anybody can check: ECDSA on P-256, and RSA (PKCS #1 v1.5) from 2,048 bits on.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::der::Decode;
use p256::pkcs8::{DecodePublicKey, ObjectIdentifier, SubjectPublicKeyInfoRef};
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512,
    RsaParameters, UnparsedPublicKey,
};
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};
use std::fmt::Write;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// More than a key of 8,192 bits has, in base64 and with its lines.
const MOST: usize = 8 << 10;

/// What was made of the message before it was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    /// SHA-1: some vendors still sign so. Nobody has forged a message for a given one; no choice of ours.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Digest {
    /// By the name that vendors write in headers, such as `SHA-256` or `sha1`.
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().replace(['-', '_'], "").as_str() {
            "sha1" => Some(Self::Sha1),
            "sha256" => Some(Self::Sha256),
            "sha512" => Some(Self::Sha512),
            _ => None,
        }
    }

    fn of(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(message).to_vec(),
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }

    fn rsa(self) -> &'static RsaParameters {
        match self {
            Self::Sha1 => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
            Self::Sha512 => &RSA_PKCS1_2048_8192_SHA512,
        }
    }
}

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// Neither PEM nor base64 of it.
    #[error("the public key is neither PEM nor base64")]
    Encoding,
    /// Not `SubjectPublicKeyInfo`.
    #[error("the public key is not of the form SubjectPublicKeyInfo")]
    Form,
    /// Another algorithm or curve.
    #[error("the public key is neither RSA nor of the curve P-256")]
    Algorithm,
}

/// A vendor's public key.
#[derive(Debug, Clone)]
pub struct PublicKey(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Ecdsa(VerifyingKey),
    /// `RSAPublicKey`, DER.
    Rsa(Vec<u8>),
}

impl PublicKey {
    /// From PEM, also where all of it stands on one line, or from the base64 in it.
    pub fn parse(text: &str) -> Result<Self, PublicKeyError> {
        if text.len() > MOST {
            return Err(PublicKeyError::Encoding);
        }
        let inner = text.replace("-----BEGIN PUBLIC KEY-----", "");
        let inner = inner.replace("-----END PUBLIC KEY-----", "");
        // Some vendors hand the line breaks over as two characters.
        let inner: String = inner.replace("\\n", "").split_whitespace().collect();
        let der = STANDARD.decode(inner).map_err(|_| PublicKeyError::Encoding)?;
        let info = SubjectPublicKeyInfoRef::from_der(&der).map_err(|_| PublicKeyError::Form)?;
        if info.algorithm.oid == RSA {
            let key = info.subject_public_key.as_bytes().ok_or(PublicKeyError::Form)?;
            return Ok(Self(Kind::Rsa(key.to_vec())));
        }
        let key = VerifyingKey::from_public_key_der(&der).map_err(|_| PublicKeyError::Algorithm)?;
        Ok(Self(Kind::Ecdsa(key)))
    }

    /// Whether the holder of the private key signed this message. An ECDSA signature is DER.
    pub fn verifies(&self, digest: Digest, message: &[u8], signature: &[u8]) -> bool {
        match &self.0 {
            Kind::Ecdsa(key) => Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(&digest.of(message), &signature).is_ok()),
            Kind::Rsa(key) => UnparsedPublicKey::new(digest.rsa(), key)
                .verify(message, signature)
                .is_ok(),
        }
    }
}

/// What proves to a vendor that an address is ours: hexadecimal digits of SHA-256 over its code, the word that was
/// agreed on and the address, in the vendor's order.
pub fn answer_challenge(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
    }
    let mut text = String::with_capacity(64);
    for byte in hash.finalize() {
        // Writing to a String can't fail.
        write!(text, "{byte:02x}").unwrap_or_default();
    }
    text
}

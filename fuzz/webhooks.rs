//! Hostile webhooks for the verifiers: whatever comes is believed or not, and what is believed was signed, to the byte.
//! Used by the fuzz targets and by the tests of the SDK, which replay the corpora.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use omnistock_sdk::verify::{
    Digest, PublicKey, StandardHeaders, StandardSecret, Tolerance, answer_challenge, hmac_sha256, hmac_sha256_base64,
    hmac_sha256_hex, same_secret, verify_hmac_sha256, verify_hmac_sha256_base64, verify_hmac_sha256_hex,
    verify_standard,
};
use omnistock_sdk::{RawRequest, SecretString};
use omnistock_words::Millis;

const SECRETS: [&str; 2] = ["old-5ec4e7", "new-5ec4e7"];
const RECEIVED: Millis = Millis(1_614_265_330_000);
const CURVE: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEymJ8Xc2kavkRVYk6nhPDdo/SpiXZ349Zswqp9re2hC99hJNjGFuAfgSj5FjD5709LgoZmNylA33VusR+rnNYjg==";
const RSA: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAq6ZPBr/U0YQCvXstPQb5hAabnCehhzHi399kv/zD/Rd/h0dY15DCs++iPrWA7Av9fK29qMjctiIRIxrXCQ3S+yy1CQpMw8+hPkr8/kVK9Yi8xJlXM6RF8M9hKmMyGIdMIF2x+kOT5UoRIbJkYT3Q/+F/2PfhSNMXnV2E4pvzqmqT/FrIBxvlhv2fihgqc4RZ4VUQiKe5FgS5gWco88T1XyvLDjk52GFOiSOOnh1Ho5ORvehCbM7ULYaGGK0FjTM7HhxH+CPTbDmUBh8gvXeUV4Z9TzXd7DkH4XIwyFFdrO4l+udutAWKn1ARkLjLtjPq6Uzrn6bHCTfat5LxDoc+HwIDAQAB";

fn secrets() -> Vec<SecretString> {
    SECRETS.map(SecretString::from).to_vec()
}

/// The first line and what is behind it.
fn line(input: &[u8]) -> (String, &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (line, rest) = input.split_at(end);
    (
        String::from_utf8_lossy(line).into_owned(),
        rest.get(1..).unwrap_or_default(),
    )
}

/// A signature, in base64 or hexadecimal digits, over the body behind it, which is also taken as an address and a body:
/// true where it was believed.
pub(crate) fn hmac(input: &[u8]) -> bool {
    let (signature, body) = line(input);
    let (address, rest) = line(body);
    let secrets = secrets();
    let (base64, hex) = (
        verify_hmac_sha256_base64(&secrets, body, &signature),
        verify_hmac_sha256_hex(&secrets, body, &signature),
    );
    let ours =
        |text: fn(&SecretString, &[u8]) -> String| secrets.iter().map(|secret| text(secret, body)).collect::<Vec<_>>();
    assert_eq!(base64, ours(hmac_sha256_base64).contains(&signature), "{signature}");
    assert_eq!(
        hex,
        ours(hmac_sha256_hex).contains(&signature.to_ascii_lowercase()),
        "{signature}"
    );
    let given = STANDARD.decode(&signature).unwrap_or_default();
    let parts: [&[u8]; 2] = [address.as_bytes(), rest];
    let signed = SECRETS
        .iter()
        .any(|secret| hmac_sha256(secret.as_bytes(), &parts).as_slice() == given);
    let in_parts = verify_hmac_sha256(&secrets, &parts, &given);
    assert_eq!(in_parts, signed, "{address}");
    assert_eq!(same_secret(&secrets, &signature), SECRETS.contains(&signature.as_str()));
    assert_eq!(answer_challenge(&[&signature, &address]).len(), 64);
    base64 || hex || in_parts
}

/// The headers of Standard Webhooks, a line each, over the body behind them: true where it was believed.
pub(crate) fn standard(input: &[u8]) -> bool {
    let (id, rest) = line(input);
    let (timestamp, rest) = line(rest);
    let (signatures, body) = line(rest);
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let request = RawRequest {
        headers: vec![
            header("webhook-id", &id),
            header("webhook-timestamp", &timestamp),
            header("webhook-signature", &signatures),
        ],
        query: String::new(),
        body: Bytes::copy_from_slice(body),
        received_at: RECEIVED,
    };
    let keys: Vec<StandardSecret> = secrets().iter().filter_map(StandardSecret::new).collect();
    let found = verify_standard(&keys, &StandardHeaders::default(), Tolerance::default(), &request);
    // A stranger's text as a secret is taken or refused.
    drop(StandardSecret::new(&SecretString::from(format!("whsec_{id}"))));
    let Ok(delivery) = found else { return false };
    assert_eq!(delivery.id, id);
    assert!(Tolerance::default().allows(delivery.sent, RECEIVED), "{timestamp}");
    let parts: [&[u8]; 5] = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
    let mut ours = SECRETS
        .iter()
        .map(|secret| format!("v1,{}", STANDARD.encode(hmac_sha256(secret.as_bytes(), &parts))));
    assert!(
        ours.any(|ours| signatures.split(' ').any(|theirs| theirs == ours)),
        "{signatures}"
    );
    true
}

/// `KEY DIGEST`, a signature in base64 and the message behind it; KEY is `curve`, `rsa`, or a key in base64 or PEM on one
/// line: true where it was believed.
pub(crate) fn public_key(input: &[u8]) -> bool {
    let (first, rest) = line(input);
    let (signature, message) = line(rest);
    let (name, digest) = first.rsplit_once(' ').unwrap_or((&first, "sha256"));
    let (Ok(key), Some(digest)) = (
        PublicKey::parse(match name {
            "curve" => CURVE,
            "rsa" => RSA,
            other => other,
        }),
        Digest::named(digest),
    ) else {
        return false;
    };
    let given = STANDARD.decode(&signature).unwrap_or_default();
    if !key.verifies(digest, message, &given) {
        return false;
    }
    let mut changed = message.to_vec();
    changed.push(b'.');
    assert!(!key.verifies(digest, &changed, &given), "believed with another message");
    assert!(
        !key.verifies(digest, message, given.get(1..).unwrap_or_default()),
        "believed in part"
    );
    true
}

//! Own vectors, made with another program, a published one, and properties: nothing changed is believed.

use super::*;
use crate::{RawRequest, WebhookError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use omnistock_words::Millis;
use proptest::prelude::*;
use secrecy::SecretString;

const BODY: &[u8] = br#"{"stock":7}"#;
const CURVE: &str = "-----BEGIN PUBLIC KEY-----MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEymJ8Xc2kavkRVYk6nhPDdo/SpiXZ349Zswqp9re2hC99hJNjGFuAfgSj5FjD5709LgoZmNylA33VusR+rnNYjg==-----END PUBLIC KEY-----";
const CURVE_SHA1: &str =
    "MEUCIQDb1xI1KESu6zUAz0arTh6lfz3SiCjOGf8pDdLOeG1MjQIgF9v+kHsloEuRS9ekuZ7FqYFgtxmKFRzeJTfH7P97yog=";
const CURVE_SHA256: &str =
    "MEQCIBf8Vhu0JVXxGVtnAhDa++5+Onw6lsvy0DFZwiaNmWO5AiBSNYUREXf3v8lirrGQdtJwteniaAW6dwWQNgMcanDdyQ==";
const RSA: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAq6ZPBr/U0YQCvXstPQb5
hAabnCehhzHi399kv/zD/Rd/h0dY15DCs++iPrWA7Av9fK29qMjctiIRIxrXCQ3S
+yy1CQpMw8+hPkr8/kVK9Yi8xJlXM6RF8M9hKmMyGIdMIF2x+kOT5UoRIbJkYT3Q
/+F/2PfhSNMXnV2E4pvzqmqT/FrIBxvlhv2fihgqc4RZ4VUQiKe5FgS5gWco88T1
XyvLDjk52GFOiSOOnh1Ho5ORvehCbM7ULYaGGK0FjTM7HhxH+CPTbDmUBh8gvXeU
V4Z9TzXd7DkH4XIwyFFdrO4l+udutAWKn1ARkLjLtjPq6Uzrn6bHCTfat5LxDoc+
HwIDAQAB
-----END PUBLIC KEY-----
";
const RSA_SHA256: &str = "HpnNktLGXWgMM6vG3PlUop+PS92iKB/H1ylmFByFivJPRNouPyvzaBmKkOd7zIjCEirZFmjyol4P2+DSKEQsm9eFA4KZBWj+Q+2RN38TEmq+al7UuN5dq4c3ddqnjrim31gkRQk4DGkYaQ31Zg+pHiKKe0LsL/sdxm64fsuacFT+TNhQ3xLNIHAnbkmXhFeKYzOCyqlyzVkleAOihshL3pN5oUUfEosXiBEaJlCPRLjk36k9SRuh3wGtYvRLEP/LZm+RoqwlHaOL7o44bGEB9DcNPD+gyKfJfkPdWLOIRcBUUtNiVuzogDiCm75bYgwqADedHCVbx1PS4KfgH9cr/g==";
const RSA_SHA512: &str = "j2XuZAOIdOS04Pu9aQ2z4m6TTJaY5484rTGijQCtZ/b9VofYfEThQ+7p4f/YQsXDLnIBkleJdDo+l2S9AFLOSNTho+EeJrWSMSMtAXhL6Hk9gi9TOP2fFQh1SimFqQcl935UwafahXBzVdX60jIU+2DlXmRAKB1Z/Gn8TcJYEkeashxSdy+EATZO6vEUvCfvHtF50lZ+HRZemV+Tmorh3yunSJdbq6JAdM7qm+DcF8EJ+iDyIEB3wZHNMtvlBAKs7DbHeyCTxbAGKzEXNfmYSiDcK3PQrIh3VBuLqEhr8+gpfxXFMtxzKobFMrSgMJx+ULPwDxS9JZAOr2stL/9yKA==";
const RSA_SHA1: &str = "oNv7H2rr7+UjQWIUezTTMCD8yB34CdELQ9l10mQoBhzOpgJXr0snTervJXSdYforqRCxLd5+EgZXBEIQ2Nqu9/7Jpf2QmNJOkb96HkATkaNWvwmBMTet1ApD4upo0mevcBpF8oFMriGRBIDuytq/bWPcWGPsvG3Og4vKtJp5DAtX1QewK8evyXhJTWkWQ2SN+kr1mLEODwxBdu0DC4ZAP63Zb9QPRpVSM86kslqgwquP7ZZzLrDmKVIjLwmA/IvVD99Amm8L51ArQCL/XNiX2qXyihF0oqQP6y0t9YUGTccG5G1JFVj2UmXSo69bIqUSRM1giyWxjN8sjTqszhtyPw==";

/// Key, digest and signature of [`BODY`].
const SIGNED: [(&str, Digest, &str); 5] = [
    (CURVE, Digest::Sha1, CURVE_SHA1),
    (CURVE, Digest::Sha256, CURVE_SHA256),
    (RSA, Digest::Sha1, RSA_SHA1),
    (RSA, Digest::Sha256, RSA_SHA256),
    (RSA, Digest::Sha512, RSA_SHA512),
];

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

#[test]
fn either_of_two_secrets_is_believed_and_no_other() {
    let (old, new) = (secret("old"), secret("new"));
    let signature = hmac_sha256_base64(&old, b"body");
    let both = [new.clone(), old.clone()];
    assert!(verify_hmac_sha256_base64(&both, b"body", &signature));
    assert!(!verify_hmac_sha256_base64(&[new], b"body", &signature));
    assert!(!verify_hmac_sha256_base64(
        std::slice::from_ref(&old),
        b"body.",
        &signature
    ));
    assert!(!verify_hmac_sha256_base64(&[old], b"body", "not base64!"));
    assert!(
        !verify_hmac_sha256_base64(&[], b"body", &signature),
        "no secret, no belief"
    );
}

#[test]
fn matches_rfc_4231_case_2_in_both_spellings() {
    let (jefe, body) = (secret("Jefe"), b"what do ya want for nothing?");
    let hex = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(hmac_sha256_hex(&jefe, body), hex);
    let jefe = [jefe];
    assert!(verify_hmac_sha256_hex(&jefe, body, hex));
    assert!(verify_hmac_sha256_hex(&jefe, body, &hex.to_uppercase()));
    for wrong in [
        "",
        "5b",
        hex.trim_start_matches('5'),
        &format!("{hex}00"),
        &hex.replace('5', "g"),
        &hex.replace('5', "+"),
    ] {
        assert!(!verify_hmac_sha256_hex(&jefe, body, wrong), "{wrong}");
    }
}

#[test]
fn an_address_signed_with_its_body_is_verified_in_parts() {
    let (address, body) = (&b"https://example.com/webhook"[..], &br#"{"hello":"world"}"#[..]);
    let signature = STANDARD.decode("2kRE5qRU2tR+tBGlDwMEw2avJ7QM4ikPYD/PJ3bd9Og=").unwrap();
    let key = [secret("asdf1234")];
    assert!(verify_hmac_sha256(&key, &[address, body], &signature));
    assert!(!verify_hmac_sha256(&key, &[body], &signature));
    assert!(!verify_hmac_sha256(
        &key,
        &[b"https://example.com/other", body],
        &signature
    ));
}

#[test]
fn a_word_instead_of_a_signature_has_to_be_the_whole_word() {
    let words = [secret("new"), secret("old")];
    assert!(same_secret(&words, "old") && same_secret(&words, "new"));
    assert!(["", "o", "olds", "New"].iter().all(|given| !same_secret(&words, given)));
}

/// The sample of the specification.
fn standard(signature: &str, received: i64) -> RawRequest {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    RawRequest {
        headers: vec![
            header("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            header("webhook-timestamp", "1614265330"),
            header("webhook-signature", signature),
        ],
        query: String::new(),
        body: bytes::Bytes::from_static(br#"{"test": 2432232314}"#),
        received_at: Millis(received),
    }
}

const SENT: i64 = 1_614_265_330_000;
const SAMPLE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

fn believes(request: &RawRequest) -> Result<Delivery, WebhookError> {
    let own = StandardSecret::new(&secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).unwrap();
    let other = StandardSecret::new(&secret("plain words")).unwrap();
    verify_standard(
        &[other, own],
        &StandardHeaders::default(),
        Tolerance::default(),
        request,
    )
}

#[test]
fn the_published_sample_of_standard_webhooks_is_believed() {
    let delivery = believes(&standard(SAMPLE, SENT)).unwrap();
    assert_eq!(delivery.id, "msg_p5jXN8AQM9LWM0D4loKWxJek");
    assert_eq!(delivery.sent, Millis(SENT));
    let several = format!("v1,AAAA {} {SAMPLE} nonsense", SAMPLE.replace("v1", "v1a"));
    assert!(believes(&standard(&several, SENT)).is_ok(), "one of several is enough");
    assert!(StandardSecret::new(&secret("whsec_not base64")).is_none());
}

#[test]
fn what_was_signed_too_long_ago_or_ahead_of_us_is_not_believed() {
    for (received, expected) in [
        (SENT + 300_000, true),
        (SENT + 300_001, false),
        (SENT - 60_000, true),
        (SENT - 60_001, false),
        (SENT + 86_400_000, false),
    ] {
        assert_eq!(believes(&standard(SAMPLE, received)).is_ok(), expected, "{received}");
    }
    let mut newer = standard(SAMPLE, SENT + 400_000);
    newer.headers[1].1 = "1614265730".to_owned();
    assert!(believes(&newer).is_err(), "the time is signed too");
}

#[test]
fn other_versions_missing_headers_and_cut_signatures_are_not_believed() {
    let cut = SAMPLE.trim_end_matches("1OE=");
    let bare = SAMPLE.trim_start_matches("v1,");
    for signature in ["", "v1,", "v1", &SAMPLE.replace("v1,", "v2,"), bare, cut] {
        assert!(believes(&standard(signature, SENT)).is_err(), "{signature}");
    }
    for missing in 0..3 {
        let mut request = standard(SAMPLE, SENT);
        request.headers.remove(missing);
        assert!(
            matches!(believes(&request), Err(WebhookError::Unsigned(_))),
            "{missing}"
        );
    }
    let hidden = format!("{}{SAMPLE}", "v1,AAAA ".repeat(16));
    assert!(
        believes(&standard(&hidden, SENT)).is_err(),
        "only the first few are looked at"
    );
}

#[test]
fn signatures_of_another_program_are_believed_by_their_own_digest_only() {
    for (key, digest, signature) in SIGNED {
        let key = PublicKey::parse(key).unwrap();
        let signature = STANDARD.decode(signature).unwrap();
        for other in [Digest::Sha1, Digest::Sha256, Digest::Sha512] {
            assert_eq!(
                key.verifies(other, BODY, &signature),
                other == digest,
                "{digest:?} {other:?}"
            );
        }
    }
    let named = ["SHA1", "sha-256", "SHA_512", "md5", ""].map(Digest::named);
    assert_eq!(
        named,
        [
            Some(Digest::Sha1),
            Some(Digest::Sha256),
            Some(Digest::Sha512),
            None,
            None
        ]
    );
}

#[test]
fn keys_are_read_in_the_forms_that_vendors_send() {
    let bare = CURVE
        .replace("-----BEGIN PUBLIC KEY-----", "")
        .replace("-----END PUBLIC KEY-----", "");
    let escaped = RSA.replace('\n', "\\n");
    for good in [CURVE, RSA, &bare, &escaped] {
        assert!(PublicKey::parse(good).is_ok(), "{good}");
    }
    assert_eq!(PublicKey::parse("***").unwrap_err(), PublicKeyError::Encoding);
    assert_eq!(
        PublicKey::parse(&"A".repeat(9_000)).unwrap_err(),
        PublicKeyError::Encoding
    );
    assert_eq!(PublicKey::parse("AAAA").unwrap_err(), PublicKeyError::Form);
    // Ed25519: a key, of another algorithm.
    let other = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
    assert_eq!(PublicKey::parse(other).unwrap_err(), PublicKeyError::Algorithm);
}

#[test]
fn a_challenge_is_answered_with_the_hash_of_its_parts() {
    assert_eq!(
        answer_challenge(&["123", "token", "https://e.example/h"]),
        "fb317b5511be026a9464caef6cc07b15e8ff0407f583790e52cdc43906f0bd5c"
    );
}

#[test]
fn a_key_is_fetched_once_an_hour_and_invented_ids_do_not_use_the_vendor_up() {
    let cache = KeyCache::default();
    let at = |minutes: i64| Millis(minutes * 60_000);
    assert!(matches!(cache.find("own", at(0)), KnownKey::Fetch));
    cache.learned("own", PublicKey::parse(CURVE).ok(), at(0));
    assert!(matches!(cache.find("own", at(59)), KnownKey::Key(_)));
    assert!(
        matches!(cache.find("own", at(60)), KnownKey::Fetch),
        "it may have been withdrawn"
    );
    cache.learned("own", PublicKey::parse(CURVE).ok(), at(60));

    let ids = (0..1_000).map(|number| format!("invented-{number}"));
    let fetches = ids.filter(|id| {
        let fetch = matches!(cache.find(id, at(61)), KnownKey::Fetch);
        if fetch {
            cache.learned(id, None, at(61));
        }
        fetch
    });
    assert!(fetches.count() <= 6);
    assert!(
        matches!(cache.find("invented-0", at(62)), KnownKey::None),
        "remembered as unknown"
    );
    for minute in 63..100 {
        for id in 0..6 {
            cache.learned(&format!("more-{minute}-{id}"), None, at(minute));
        }
    }
    assert!(
        matches!(cache.find("own", at(100)), KnownKey::Key(_)),
        "not pushed out by them"
    );
    assert!(matches!(cache.find(&"x".repeat(129), at(200)), KnownKey::None));
}

proptest! {
    #[test]
    fn no_changed_byte_goes_unnoticed(which in 0..SIGNED.len(), at in 0..BODY.len(), flip in 1u8..=255) {
        let (key, digest, signature) = SIGNED[which];
        let (key, signature) = (PublicKey::parse(key).unwrap(), STANDARD.decode(signature).unwrap());
        let mut body = BODY.to_vec();
        body[at] ^= flip;
        prop_assert!(!key.verifies(digest, &body, &signature));
    }

    #[test]
    fn no_changed_signature_is_believed(which in 0..SIGNED.len(), at in 0usize..64, flip in 1u8..=255) {
        let (key, digest, signature) = SIGNED[which];
        let (key, mut signature) = (PublicKey::parse(key).unwrap(), STANDARD.decode(signature).unwrap());
        signature[at] ^= flip;
        prop_assert!(!key.verifies(digest, BODY, &signature));
    }

    #[test]
    fn nothing_makes_a_verifier_panic(text in "\\PC{0,200}", bytes in proptest::collection::vec(any::<u8>(), 0..200), received in any::<i64>()) {
        drop(PublicKey::parse(&text));
        drop(PublicKey::parse(&STANDARD.encode(&bytes)));
        prop_assert!(!PublicKey::parse(CURVE).unwrap().verifies(Digest::Sha256, BODY, &bytes));
        let mut request = standard(&text, received);
        prop_assert!(believes(&request).is_err());
        request.headers[1].1.clone_from(&text);
        prop_assert!(believes(&request).is_err());
        prop_assert!(!verify_hmac_sha256_hex(&[SecretString::from("a")], BODY, &text));
    }

    #[test]
    fn what_a_holder_signs_is_believed_and_its_changes_are_not(key in "[ -~]{1,40}", body in proptest::collection::vec(any::<u8>(), 1..100), at in any::<prop::sample::Index>(), flip in 1u8..=255) {
        let own = [SecretString::from(key)];
        let (hex, base64) = (hmac_sha256_hex(&own[0], &body), hmac_sha256_base64(&own[0], &body));
        prop_assert!(verify_hmac_sha256_hex(&own, &body, &hex) && verify_hmac_sha256_base64(&own, &body, &base64));
        let mut changed = body.clone();
        let at = at.index(changed.len());
        changed[at] ^= flip;
        prop_assert!(!verify_hmac_sha256_hex(&own, &changed, &hex) && !verify_hmac_sha256_base64(&own, &changed, &base64));
    }
}

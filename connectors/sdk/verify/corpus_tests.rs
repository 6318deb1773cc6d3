//! The fuzzer's corpora of the verifiers, replayed with each of their changes: what is called `good` is believed, and nothing
//! else.

#[path = "../../../fuzz/webhooks.rs"]
mod webhooks;

use std::path::Path;

/// Changes of one input that are tried, at most.
const CHANGES: usize = 400;

fn replay(target: &str, believes: fn(&[u8]) -> bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let (mut good, mut refused) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        let input = std::fs::read(entry.path()).unwrap();
        let believed = believes(&input);
        assert_eq!(believed, name.starts_with("good"), "{target}/{name}");
        good += usize::from(believed);
        refused += usize::from(!believed);
        for place in 0..input.len().min(CHANGES) {
            believes(input.get(..place).unwrap_or_default());
            let mut changed = input.clone();
            changed[place] ^= 1 << (place % 8);
            believes(&changed);
        }
    }
    assert!(
        good >= 2 && refused >= 4,
        "{target}: {good} believed, {refused} refused"
    );
}

#[test]
fn hmac() {
    replay("webhook_hmac", webhooks::hmac);
}

#[test]
fn standard() {
    replay("webhook_standard", webhooks::standard);
}

#[test]
fn public_key() {
    replay("webhook_public_key", webhooks::public_key);
}

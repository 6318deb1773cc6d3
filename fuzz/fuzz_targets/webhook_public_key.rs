//! Any bytes as a signed webhook are believed only where they were signed.
#![no_main]

#[path = "../webhooks.rs"]
#[allow(dead_code)]
mod webhooks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    webhooks::public_key(input);
});

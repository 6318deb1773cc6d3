//! Any events, however hostile, leave the engine in a defined state.
#![no_main]

#[path = "../hostile.rs"]
mod hostile;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    hostile::survive(input);
});

//! Any bytes as a `.jsonl` file are a report or a reason.
#![no_main]

#[path = "../files.rs"]
mod files;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    files::survive("jsonl", input);
});

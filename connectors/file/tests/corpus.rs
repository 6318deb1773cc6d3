//! The fuzzer's corpora of the parsers, replayed: each input is a report or a reason, and neither is missing.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests"
)]

#[cfg(test)]
#[path = "../../../fuzz/files.rs"]
mod files;

#[cfg(test)]
mod cases {
    use super::files::survive;
    use std::path::Path;

    fn replay(target: &str, ending: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../fuzz/corpus")
            .join(target);
        let (mut read, mut refused) = (Vec::new(), Vec::new());
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            let input = std::fs::read(entry.path()).unwrap();
            let good = survive(ending, &input);
            assert!(good || !name.starts_with("good"), "{target}/{name} was refused");
            if good {
                read.push(name);
            } else {
                refused.push(name);
            }
            // And each beginning and each small change of it.
            for cut in 0..input.len().min(300) {
                survive(ending, &input[..cut]);
                let mut changed = input.clone();
                changed[cut] ^= 1 << (cut % 8);
                survive(ending, &changed);
            }
        }
        assert!(!read.is_empty() && refused.len() >= 4, "{target}: {read:?} {refused:?}");
    }

    #[test]
    fn csv() {
        replay("file_csv", "csv");
    }

    #[test]
    fn json() {
        replay("file_json", "json");
    }

    #[test]
    fn json_lines() {
        replay("file_jsonl", "jsonl");
    }

    #[test]
    fn xml() {
        replay("file_xml", "xml");
    }

    #[test]
    fn gzip() {
        replay("file_gzip", "csv.gz");
    }
}

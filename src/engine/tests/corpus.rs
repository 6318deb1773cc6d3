//! The fuzzer's corpus, replayed; and one long hostile run on the same documents.

#[cfg(test)]
#[path = "../../../fuzz/hostile.rs"]
mod hostile;

#[cfg(test)]
mod cases {
    use super::hostile::{defined, events, settings, survive, take};
    use omnistock_engine::Documents;
    use std::path::Path;

    #[test]
    fn every_committed_input_leaves_a_defined_state() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/apply");
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let (name, input) = (
                entry.file_name().into_string().unwrap(),
                std::fs::read(entry.path()).unwrap(),
            );
            assert!(!events(&input).is_empty(), "{name} holds no events");
            let complaints = survive(&input);
            assert!(complaints > 0, "{name} is not hostile: nothing was complained of");
            names.push(name);
        }
        assert!(names.len() >= 20, "{names:?}");
    }

    /// Bytes without end from a seed (xorshift64).
    fn noise(mut seed: u64, bytes: usize) -> Vec<u8> {
        let mut noise = Vec::with_capacity(bytes + 8);
        while noise.len() < bytes {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            noise.extend(seed.to_le_bytes());
        }
        noise
    }

    #[test]
    fn a_long_hostile_run_on_one_ledger() {
        let (settings, mut documents) = (settings(), Documents::default());
        let (mut applied, mut complaints) = (0, 0);
        for seed in 1..=40 {
            let events = events(&noise(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed), 16_000));
            applied += events.len();
            complaints += take(&settings, &mut documents, &events);
            defined(&settings, &documents);
        }
        assert!(applied > 8_000 && complaints > 1_000, "{applied} {complaints}");
        // Ids and places are few: nothing grows with the number of events.
        let bytes: usize = documents.skus.values().map(|document| document.encode().len()).sum();
        assert!(bytes < 200_000, "{bytes}");
        println!("{applied} events, {complaints} complaints, {bytes} bytes of ledgers");
    }
}

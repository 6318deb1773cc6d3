//! What happened, as one number that two runs must share, and as sentences for people.

use crate::scenario::BEGIN;

/// Sentences kept, at most.
const MOST: usize = 2_000_000;

pub(crate) struct Trace {
    hash: u64,
    pub(crate) story: bool,
    pub(crate) sentences: Vec<String>,
}

/// What a step was, for the hash.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    Sale = 1,
    Applied,
    Commit,
    Intent,
    Answer,
    Judge,
    Life,
    End,
}

impl Trace {
    pub(crate) fn new(story: bool) -> Self {
        Self {
            hash: 0xCBF2_9CE4_8422_2325,
            story,
            sentences: Vec::new(),
        }
    }

    /// Mixes a step in. Only numbers that mean the same on every machine.
    pub(crate) fn step(&mut self, step: Step, t: i64, numbers: [i64; 3]) {
        for word in [
            step as u64,
            t as u64,
            numbers[0] as u64,
            numbers[1] as u64,
            numbers[2] as u64,
        ] {
            self.hash = (self.hash ^ word).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(23);
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn tell(&mut self, t: i64, sentence: &str) {
        if self.sentences.len() < MOST {
            self.sentences.push(format!("{} {sentence}", clock(t)));
        }
    }
}

/// Time since the world's begin, such as `1:02:03.004`.
pub(crate) fn clock(t: i64) -> String {
    let passed = t - BEGIN;
    let (hours, rest) = (passed / 3_600_000, passed % 3_600_000);
    format!(
        "{hours}:{:02}:{:02}.{:03}",
        rest / 60_000,
        rest / 1_000 % 60,
        rest % 1_000
    )
}

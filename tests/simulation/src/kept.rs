//! Seeds that once broke an invariant: every run of many seeds goes over them again. What a seed draws changes
//! with the simulation, so the mend of a product's fault has a test of its own as well (`docs/simulation.md`).

/// Each once, as they were found.
pub(crate) const KEPT: &[u64] = &[
    2, 244, 1, 12, 172, 499, 184, 717, 1_366, 1_519, 1_597, 1_706, 1_766, 47, 178, 221, 237, 393, 1_156, 20_042,
    30_083, 40_427, 40_966, 100_905, 102_972, 103_565, 103_607, 103_691, 104_161, 104_365, 105_643, 105_663, 107_093,
    107_156, 107_616, 108_399, 108_629, 109_919, 112_131, 112_366, 113_128, 113_567, 116_365, 116_398, 1_251, 3_456,
    4_112, 5_963, 6_736, 6_821, 12_887, 21_149, 27_161, 27_623, 28_991, 32_721, 36_818, 40_115, 40_338, 41_590, 74_398,
    95_755, 101_571, 124_774, 153_974, 158_491, 172_946, 201_768,
];

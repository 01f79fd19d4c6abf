//! The random numbers of one example.

use fastrand::Rng;

/// The key from which all random numbers of one example follow. It is made of the seed of the run, the
/// epoch and the index of the example, so that neither the number of threads nor earlier draws matter.
///
/// ```
/// use vit22b::data::ExampleKey;
///
/// let key = ExampleKey::new(0, 3, 41);
/// assert_eq!(key.rng(1).f32(), key.rng(1).f32());
/// assert_ne!(key.rng(1).f32(), key.rng(2).f32());
/// assert_ne!(key, ExampleKey::new(0, 4, 41));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExampleKey(u64);

impl ExampleKey {
    /// The key of an example in an epoch; other seeds, epochs and examples have other keys.
    pub fn new(seed: u64, epoch: u64, index: u64) -> Self {
        Self([epoch, index].into_iter().fold(mix(seed), |key, value| mix(key ^ value)))
    }

    /// A number that differs for each use.
    pub(super) fn hash(self, usage: u64) -> u64 {
        mix(self.0 ^ usage)
    }

    /// A generator that differs for each use, such as a step of the preprocessing.
    pub fn rng(self, usage: u64) -> Rng {
        Rng::with_seed(self.hash(usage))
    }
}

/// The output function of SplitMix64 (Steele, Lea, Flood 2014) after one increment: a bijection
/// that sends neighbours far apart.
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn keys_differ_and_do_not_commute() {
        let grid =
            || (0..12).flat_map(|a| (0..12).flat_map(move |b| (0..12).map(move |c| [a, b, c])));
        let keys: BTreeSet<u64> = grid().map(|[s, e, i]| ExampleKey::new(s, e, i).0).collect();
        assert_eq!(keys.len(), 12 * 12 * 12);
        let draws: BTreeSet<u64> =
            grid().map(|[e, i, u]| ExampleKey::new(7, e, i).rng(u).u64(..)).collect();
        assert_eq!(draws.len(), 12 * 12 * 12);
    }

    #[test]
    fn first_draws_of_neighbours_are_uniform() {
        // 20,000 draws in 20 cells of 1,000: chi-square has mean 19 and standard deviation 6.2.
        let mut cells = [0.0f64; 20];
        (0..20_000).for_each(|i| cells[ExampleKey::new(1, 0, i).rng(0).usize(..20)] += 1.0);
        let chi_square: f64 = cells.iter().map(|c| (c - 1e3).powi(2) / 1e3).sum();
        assert!(chi_square < 19.0 + 5.0 * 6.2, "{chi_square}");
    }
}

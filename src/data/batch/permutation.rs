//! Random permutations that take no memory.

use super::example_key::ExampleKey;

/// Rounds of the network. After six, permutations of a few numbers are well mixed too; the tests count.
const ROUNDS: u64 = 6;

/// The `index`-th number of a random permutation of the numbers below `count`. The key chooses the
/// permutation.
///
/// A Feistel network permutes all numbers of the smallest even number of bits that can hold `count`. A
/// result of `count` or more is sent through the network again ("cycle walking", Black and Rogaway 2002).
pub(crate) fn permuted(index: u64, count: u64, key: ExampleKey) -> u64 {
    debug_assert!(index < count);
    let half_bits = (64 - count.saturating_sub(1).leading_zeros()).div_ceil(2).max(1);
    let mask = (1 << half_bits) - 1;
    let mut number = index;
    loop {
        let (mut left, mut right) = (number >> half_bits, number & mask);
        for round in 0..ROUNDS {
            (left, right) = (right, left ^ (key.hash(round << 32 | right) & mask));
        }
        number = left << half_bits | right;
        if number < count {
            return number;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(count: u64, key: u64) -> Vec<u64> {
        (0..count).map(|i| permuted(i, count, ExampleKey::new(key, 0, 0))).collect()
    }

    #[test]
    fn every_number_comes_once() {
        for count in [1, 2, 3, 4, 5, 16, 17, 100, 1_000] {
            let mut order = order(count, 7);
            order.sort_unstable();
            assert!(order.into_iter().eq(0..count), "{count}");
        }
        assert_ne!(order(100, 7), order(100, 8));
    }

    #[test]
    fn numbers_stand_at_every_place_equally_often() {
        // 5 numbers at 5 places over 5,000 orders, 1,000 expected each: standard deviation 28. And of
        // 6 orders of 3 numbers each 1 in 6.
        let mut counts = [[0; 5]; 5];
        let mut orders = std::collections::BTreeMap::new();
        for key in 0..5_000 {
            let order5 = order(5, key);
            order5.iter().enumerate().for_each(|(i, n)| counts[i][*n as usize] += 1);
            *orders.entry(order(3, key)).or_insert(0) += 1;
        }
        assert!(counts.as_flattened().iter().all(|n| (850..1150).contains(n)), "{counts:?}");
        assert_eq!(orders.len(), 6);
        // 833 expected, standard deviation 26.
        assert!(orders.values().all(|n| (700..970).contains(n)), "{orders:?}");
    }

    #[test]
    fn neighbours_are_parted() {
        let order = order(1_000, 3);
        let close = order.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) < 10).count();
        // 18 of 999 expected, standard deviation 4.2.
        assert!(close < 40, "{close}");
    }
}

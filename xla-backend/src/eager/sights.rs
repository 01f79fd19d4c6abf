//! Graphs that were seen too seldom to be worth compiling.

use std::collections::HashMap;

use super::normal::{BuildFold, Constant};

/// The constants of graphs, by [`Graph::key`](super::graph::Graph::key).
///
/// Graphs are told apart by their keys alone: a graph that is taken for another one is compiled too early, and
/// no more.
#[derive(Debug, Default)]
pub(super) struct Sights {
    seen: HashMap<u64, Sight, BuildFold>,
    /// The constants of all.
    constants: usize,
    clock: u64,
}

#[derive(Debug)]
struct Sight {
    constants: Vec<Constant>,
    times: u32,
    worth: u32,
    used: u64,
}

/// How often a graph must be seen before it is compiled.
pub(super) const WORTH: u32 = 2;
/// How many graphs are remembered, and constants.
const MOST: usize = 1 << 14;
const MOST_CONSTANTS: usize = 1 << 20;

impl Sights {
    /// Sees a graph. If it is worth compiling now it is forgotten here, and the constants that it had before are
    /// returned, with how often it had to be seen.
    pub(super) fn see(&mut self, key: u64, constants: &[Constant]) -> Option<(Vec<Constant>, u32)> {
        self.clock += 1;
        let clock = self.clock;
        if let Some(sight) = self.seen.get_mut(&key)
            && is_alike(&sight.constants, constants)
        {
            sight.times += 1;
            sight.used = clock;
            if sight.times >= sight.worth {
                let sight = self.forget(key)?;
                return Some((sight.constants, sight.worth));
            }
            return None;
        }
        self.remember(key, constants, 1, WORTH);
        None
    }

    /// A graph whose program was given up for lack of room: it must be seen twice as often as before.
    pub(super) fn given_up(&mut self, key: u64, constants: &[Constant], worth: u32) {
        self.clock += 1;
        self.remember(key, constants, 0, worth.saturating_mul(2));
    }

    fn remember(&mut self, key: u64, constants: &[Constant], times: u32, worth: u32) {
        self.forget(key);
        self.constants += constants.len();
        let constants = constants.to_vec();
        self.seen.insert(key, Sight { constants, times, worth, used: self.clock });
        if self.seen.len() > MOST || self.constants > MOST_CONSTANTS {
            let mut used: Vec<_> = self.seen.values().map(|sight| sight.used).collect();
            let (_, middle, _) = used.select_nth_unstable(self.seen.len() / 2);
            let middle = *middle;
            self.seen.retain(|_, sight| sight.used >= middle);
            self.constants = self.seen.values().map(|sight| sight.constants.len()).sum();
        }
    }

    fn forget(&mut self, key: u64) -> Option<Sight> {
        let sight = self.seen.remove(&key)?;
        self.constants -= sight.constants.len();
        Some(sight)
    }
}

fn is_alike(a: &[Constant], b: &[Constant]) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(a, b)| (a.operation, a.lift, a.dtype) == (b.operation, b.lift, b.dtype))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_is_worth_compiling_and_memory_is_bounded() {
        let mut sights = Sights::default();
        assert!(sights.see(7, &[]).is_none());
        assert_eq!(sights.see(7, &[]).unwrap().1, WORTH);
        assert!(sights.see(7, &[]).is_none(), "forgotten here");
        sights.given_up(8, &[], WORTH);
        let times = (1..).find(|_| sights.see(8, &[]).is_some());
        assert_eq!(times, Some(2 * WORTH));

        for key in 0..100_000 {
            assert!(sights.see(1_000 + key, &[]).is_none());
            assert!(sights.seen.len() <= MOST);
        }
        assert!(sights.see(1_000 + 99_999, &[]).is_some(), "the newest are kept");
    }
}

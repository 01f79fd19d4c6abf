//! Where a long recording is cut.
//!
//! A loop that reads nothing would be recorded forever, so a long graph is cut. A cut after a fixed number of
//! operations would be at another operation of the loop's body each time, and each graph would be a new one. So
//! the recording is searched for a period, when a graph is cut for its length and when it ends because a value
//! is read. From then on graphs end after whole periods: a loop that reads every tenth loss is executed step by
//! step while it is recorded.

use std::collections::VecDeque;

/// The length at which a graph is cut without a period.
const LONG: usize = 4096;
/// The least length of a graph, unless a value is read.
const SHORT: usize = 64;
/// How many operations are remembered: twice the longest period that can be found.
const MEMORY: usize = 4 * LONG;

/// The recording as hashes of structures, and the period that was found in it.
#[derive(Debug, Default)]
pub(super) struct Rhythm {
    history: VecDeque<u64>,
    period: Option<usize>,
    since_cut: usize,
    since_search: usize,
}

impl Rhythm {
    /// Adds an operation. Returns whether the graph ends with it; `must` says that it has to.
    pub(super) fn step(&mut self, structure: u64, must: bool) -> bool {
        if let Some(period) = self.period {
            let before = self.history.len().checked_sub(period).map(|at| self.history[at]);
            if before != Some(structure) {
                self.period = None;
            }
        }
        if self.history.len() == MEMORY {
            self.history.pop_front();
        }
        self.history.push_back(structure);
        self.since_cut += 1;
        self.since_search += 1;
        match self.period {
            Some(period) => must || self.since_cut == period * SHORT.div_ceil(period),
            None if must || self.since_cut >= LONG => {
                self.search();
                true
            }
            None => false,
        }
    }

    /// The graph ends here.
    pub(super) fn cut(&mut self) {
        self.since_cut = 0;
        // A search goes through all operations that are remembered, so not after each few new ones.
        if self.period.is_none() && 4 * self.since_search >= self.history.len() {
            self.search();
        }
    }

    fn search(&mut self) {
        self.period = period(self.history.make_contiguous());
        self.since_search = 0;
    }
}

/// The period that the end of the sequence has had for longest, if it was repeated.
fn period(sequence: &[u64]) -> Option<usize> {
    // For each shift, how long the end of the sequence equals the operations `shift` earlier: the Z-function of
    // the reversed sequence.
    let n = sequence.len();
    let at = |i: usize| sequence[n - 1 - i];
    let mut same = vec![0; n];
    let (mut left, mut right) = (0, 0);
    let mut best = (0, 0);
    for shift in 1..n {
        let mut length = if shift < right { (right - shift).min(same[shift - left]) } else { 0 };
        while shift + length < n && at(length) == at(shift + length) {
            length += 1;
        }
        same[shift] = length;
        if shift + length > right {
            (left, right) = (shift, shift + length);
        }
        if length >= shift && length + shift > best.0 {
            best = (length + shift, shift);
        }
    }
    (best.1 > 0).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body of `period` operations, in which a part repeats, after a beginning of its own.
    fn operation(i: usize, period: usize) -> u64 {
        match i.checked_sub(100) {
            None => 7_000_000 + i as u64,
            Some(i) if i % period > period / 3 => ((i % period) % 50) as u64,
            Some(i) => 1_000 + (i % period) as u64,
        }
    }

    #[test]
    fn a_loop_is_cut_at_its_period() {
        for body in [20, 300, 1500, 5000] {
            let mut rhythm = Rhythm::default();
            let mut cuts = Vec::new();
            for i in 0..90_000 {
                if rhythm.step(operation(i, body), false) {
                    rhythm.cut();
                    cuts.push(i);
                }
            }
            let last: Vec<_> = cuts.windows(2).map(|w| w[1] - w[0]).rev().take(5).collect();
            let expected = body * SHORT.div_ceil(body);
            assert_eq!(last, [expected; 5], "{body}");
        }
    }

    #[test]
    fn after_a_read_the_period_goes_on() {
        let mut rhythm = Rhythm::default();
        let (mut lengths, mut length) = (Vec::new(), 0);
        for i in 0..40_000 {
            length += 1;
            let read = i >= 100 && (i - 99) % 5000 == 0;
            if rhythm.step(operation(i, 500), false) || read {
                rhythm.cut();
                lengths.push(std::mem::take(&mut length));
            }
        }
        let tail = &lengths[lengths.len() - 30..];
        assert!(tail.iter().all(|&length| length == 500), "{tail:?}");
    }

    /// A training loop that reads its first losses, and then every tenth.
    #[test]
    fn a_loop_that_reads_now_and_then_is_cut_at_its_period() {
        const BODY: usize = 300;
        let mut rhythm = Rhythm::default();
        let (mut lengths, mut length) = (Vec::new(), 0);
        for i in 0..60 * BODY {
            length += 1;
            let (step, is_last) = (i / BODY, i % BODY == BODY - 1);
            let read = is_last && (step < 3 || step % 10 == 9);
            if rhythm.step(operation(100 + i, BODY), false) || read {
                rhythm.cut();
                lengths.push(std::mem::take(&mut length));
            }
        }
        assert_eq!(lengths, [BODY; 60]);
    }

    #[test]
    fn without_a_period_the_length_decides() {
        let mut rhythm = Rhythm::default();
        let cuts: Vec<_> = (0..3 * LONG as u64)
            .filter(|&i| {
                let cut = rhythm.step(i, false);
                if cut {
                    rhythm.cut();
                }
                cut
            })
            .collect();
        assert_eq!(cuts, [1, 2, 3].map(|k| k * LONG as u64 - 1));
    }
}

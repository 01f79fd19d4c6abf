//! Where a long recording is cut.
//!
//! A loop that reads nothing would be recorded for ever, so a graph is cut when it is long. A cut
//! after a fixed number of operations falls on another place of the loop's body each time, and each
//! graph would be a new one. So what was recorded is searched for a period, where a graph is cut for
//! its length and where one ends because something is read: from then on graphs end after whole
//! periods, and a loop that reads every tenth loss is executed step by step while it is recorded.

use std::collections::VecDeque;

/// How many operations a graph has that is cut for its length alone.
const LONG: usize = 4096;
/// How many operations a graph has at least, unless something is read.
const SHORT: usize = 64;
/// How many operations are remembered. Half of it is the longest period that is found.
const MEMORY: usize = 4 * LONG;

/// What was recorded, by hashes of structures, and the period that was found in it.
#[derive(Debug, Default)]
pub(super) struct Rhythm {
    history: VecDeque<u64>,
    period: Option<usize>,
    since_cut: usize,
    since_search: usize,
}

impl Rhythm {
    /// One more operation. Whether the graph ends with it, which it may have to: `must`.
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
        // A search looks at all that is remembered: not for each little that is new.
        if self.period.is_none() && 4 * self.since_search >= self.history.len() {
            self.search();
        }
    }

    fn search(&mut self) {
        self.period = period(self.history.make_contiguous());
        self.since_search = 0;
    }
}

/// The period that the end of the sequence has had for longest, if it was there twice.
fn period(sequence: &[u64]) -> Option<usize> {
    // How long the end of the sequence is the same as what was `shift` before, for each shift: the
    // Z-function of the reversed sequence.
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

//! How far a report is, and how long it will take.

use std::time::{Duration, Instant};

/// Counts steps of unequal lengths.
pub(crate) struct Clock {
    begun: Instant,
    /// Expected lengths of all steps, in any unit.
    expected: Vec<f64>,
    done: usize,
}

impl Clock {
    pub(crate) fn new(expected: Vec<f64>) -> Self {
        Self { begun: Instant::now(), expected, done: 0 }
    }

    /// A step is done: prints what it was.
    pub(crate) fn done(&mut self, what: &str, took: Duration) {
        self.done = (self.done + 1).min(self.expected.len());
        let all = self.expected.len();
        let left = match self.left() {
            Some(left) if self.done < all => format!("; about {} left", rough(left)),
            _ => String::new(),
        };
        eprintln!("[{:>3}/{all}] {what}, {:.1} s{left}", self.done, took.as_secs_f64());
    }

    /// The time that the others will take, if they are as much longer or shorter than expected as these were.
    fn left(&self) -> Option<Duration> {
        let (done, rest) = self.expected.split_at(self.done);
        let (done, rest): (f64, f64) = (done.iter().sum(), rest.iter().sum());
        (done > 0.0).then(|| self.begun.elapsed().mul_f64(rest / done))
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }
}

/// A duration as one says it.
pub(crate) fn rough(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5_400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3_600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_follows_from_what_is_done() {
        let mut clock = Clock::new(vec![1.0, 3.0]);
        assert!(clock.left().is_none());
        clock.begun = Instant::now().checked_sub(Duration::from_secs(10)).unwrap();
        clock.done("a step", Duration::from_secs(10));
        let left = clock.left().unwrap().as_secs_f64();
        assert!((30.0..31.0).contains(&left), "{left}");
    }

    #[test]
    fn durations_are_rough() {
        let text = |seconds| rough(Duration::from_secs(seconds));
        assert_eq!([text(12), text(150), text(7_200)], ["12 s", "2 min", "2.0 h"]);
    }
}

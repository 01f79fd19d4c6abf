//! The learning rate, chosen on held-out examples.

use super::config::LinearProbeConfig;
use super::descent::shuffled;
use super::error::{ProbeError, input};
use super::fitted::LinearProbe;

impl LinearProbeConfig {
    /// An error for examples or settings that do not fit.
    pub(super) fn check(
        &self,
        n: usize,
        labels: &[usize],
        num_classes: usize,
    ) -> Result<(), ProbeError> {
        if labels.len() != n {
            return Err(input(
                "labels",
                format!("{n}, one for each feature"),
                labels.len().to_string(),
            ));
        }
        if let Some(label) = labels.iter().find(|label| **label >= num_classes) {
            return Err(input("labels", format!("classes below {num_classes}"), label.to_string()));
        }
        if n == 0 || self.batch_size == 0 {
            let got = format!("{n} examples in batches of {}", self.batch_size);
            return Err(input("examples", "at least one in batches of at least one".into(), got));
        }
        if !(0.0..1.0).contains(&self.held_out) || (n as f64 * self.held_out) as usize == n {
            return Err(input("held_out", "a share in [0, 1)".into(), self.held_out.to_string()));
        }
        if self.learning_rates.is_empty() {
            return Err(input("learning_rates", "at least one".into(), "none".into()));
        }
        Ok(())
    }

    /// Fits with each rate to a part of `n` examples, and with the best on the others to all. `fit` makes a probe for each rate from
    /// the examples of these numbers, `score` gives the accuracy of each probe on them.
    pub(super) fn choose(
        &self,
        n: usize,
        mut fit: impl FnMut(&[f64], &[usize]) -> Result<Vec<LinearProbe>, ProbeError>,
        score: impl FnOnce(&[LinearProbe], &[usize]) -> Result<Vec<f64>, ProbeError>,
    ) -> Result<LinearProbe, ProbeError> {
        let (choose, train) = self.split(n);
        let mut best = (-1.0, self.learning_rates[0]);
        if self.sweeps(n) {
            let probes = fit(&self.learning_rates, &train)?;
            for (accuracy, probe) in score(&probes, &choose)?.into_iter().zip(&probes) {
                if accuracy > best.0 {
                    best = (accuracy, probe.learning_rate);
                }
            }
        }
        let all: Vec<usize> = (0..n).collect();
        let probe = fit(&[best.1], &all)?.pop();
        probe.ok_or_else(|| input("learning_rates", "at least one".into(), "none".into()))
    }

    /// The examples on which the rate is chosen, and the others.
    pub(super) fn split(&self, n: usize) -> (Vec<usize>, Vec<usize>) {
        let mut choose = shuffled(n, self.seed);
        let train = choose.split_off((n as f64 * self.held_out) as usize);
        (choose, train)
    }

    /// Whether a rate is chosen among several.
    pub(super) fn sweeps(&self, n: usize) -> bool {
        n as f64 * self.held_out >= 1.0 && self.learning_rates.len() > 1
    }
}

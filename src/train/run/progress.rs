//! How far a run is, and how fast.

use core::fmt;
use std::collections::VecDeque;
use std::time::Instant;

use crate::train::engine::reading::StepReading;

/// How far a run is after a step. As text it is one line:
///
/// `step 120/200  loss 3.214  512 images/s  utilisation 12.3 %  8 s left`
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Number of steps done.
    pub step: u64,
    /// Number of steps of the run.
    pub total: u64,
    /// What the step reported.
    pub reading: StepReading,
    /// Examples trained on in a second, over the last steps; without evaluations and saves.
    pub examples_per_second: f64,
    /// What the examples are, as [`Task::unit`](crate::train::Task::unit) says.
    pub unit: &'static str,
    /// [Model FLOPs utilisation](crate::vit::ViT22BConfig::utilisation), where the peak of the
    /// device is known.
    pub utilisation: Option<f64>,
    /// How long the remaining steps take at this pace. None after the first step of a run, which may have
    /// waited for a compiler.
    pub seconds_left: Option<f64>,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {}/{}  loss {:.4}", self.step, self.total, self.reading.loss)?;
        write!(f, "  {} {}/s", significant(self.examples_per_second), self.unit)?;
        if let Some(share) = self.utilisation {
            write!(f, "  utilisation {:.1} %", 100.0 * share)?;
        }
        match self.seconds_left {
            Some(seconds) => write!(f, "  {} left", Duration(seconds)),
            None => Ok(()),
        }
    }
}

/// Three digits where a number is small, all whole ones where it is not.
fn significant(number: f64) -> String {
    let decimals = match number {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    format!("{number:.decimals$}")
}

/// Seconds as a person says them.
struct Duration(f64);

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.round() as u64;
        let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
        match seconds {
            ..60 => write!(f, "{seconds} s"),
            60..3600 => write!(f, "{minutes} min {:02} s", seconds % 60),
            3600..86_400 => write!(f, "{hours} h {:02} min", minutes % 60),
            _ => write!(f, "{days} d {:02} h", hours % 24),
        }
    }
}

/// Measures the pace of a run over its last steps.
///
/// ```
/// use vit22b::Runtime;
/// use vit22b::data::{BatchSource, Drawings};
/// use vit22b::train::{Classify, Engine, Loss, Pace, Recipe, Start, TrainStep};
/// use vit22b::vit::ViT22BConfig;
///
/// let data = Drawings::new(8, 0);
/// let config = ViT22BConfig::new(data.hierarchy().names().len())
///     .with_image([8, 8]).with_patch(4)
///     .with_width(32).with_depth(1).with_mlp_dim(64).with_num_heads(2);
/// let task = Classify::new(config, Loss::SigmoidCrossEntropy)?;
/// let step = TrainStep::new(task, &Recipe::vit22b_scaled(4, 100, 1e-3), None)?;
/// let mut engine = Engine::start(&Runtime::flex(), step, Start::Drawn(0))?;
///
/// let mut pace = Pace::new(100, 4).with_unit("images");
/// let pending = engine.step(data.batch(0, 4)?)?;
/// let progress = pace.step_done(pending.step(), pending.read()?);
/// println!("{progress}");
/// assert!(progress.examples_per_second > 0.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Pace {
    total: u64,
    batch_size: u64,
    unit: &'static str,
    utilisation_per_example: Option<f64>,
    since: Instant,
    /// Number of steps that were measured.
    steps: u64,
    /// What the last steps took.
    seconds: VecDeque<f64>,
}

impl Pace {
    /// The number of last steps that the pace is the mean of.
    const WINDOW: usize = 50;

    /// The pace of a run whose first step begins now.
    pub fn new(total_steps: u64, batch_size: u64) -> Self {
        Self {
            total: total_steps,
            batch_size,
            unit: "examples",
            utilisation_per_example: None,
            since: Instant::now(),
            steps: 0,
            seconds: VecDeque::new(),
        }
    }

    /// Says what the examples are, such as `images`.
    #[must_use]
    pub fn with_unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    /// Also reports utilisation; `per_example` is that of one example in a second.
    #[must_use]
    pub fn with_utilisation(mut self, per_example: Option<f64>) -> Self {
        self.utilisation_per_example = per_example;
        self
    }

    /// The next step begins now. The time since the last one, of a save for example, does not count.
    pub fn restart(&mut self) {
        self.since = Instant::now();
    }

    /// A step, counted from 1, is done, and the next one begins.
    pub fn step_done(&mut self, step: u64, reading: StepReading) -> Progress {
        let now = Instant::now();
        self.push((now - self.since).as_secs_f64());
        self.since = now;
        let seconds = self.seconds_per_step();
        let examples_per_second = self.batch_size as f64 / seconds;
        Progress {
            step,
            total: self.total,
            reading,
            examples_per_second,
            unit: self.unit,
            utilisation: self.utilisation_per_example.map(|of_one| of_one * examples_per_second),
            seconds_left: (self.steps > 1)
                .then(|| self.total.saturating_sub(step) as f64 * seconds),
        }
    }

    fn push(&mut self, seconds: f64) {
        self.steps += 1;
        // The first step may have waited for a compiler. Its time is dropped when there is another.
        if self.steps == 2 || self.seconds.len() == Self::WINDOW {
            self.seconds.pop_front();
        }
        self.seconds.push_back(seconds);
    }

    fn seconds_per_step(&self) -> f64 {
        let sum: f64 = self.seconds.iter().sum();
        sum.max(1e-9) / self.seconds.len().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(examples_per_second: f64, seconds_left: f64) -> Progress {
        let reading =
            StepReading { loss: 3.21444, gradient_norm: 1.0, learning_rate: 0.1, finite: true };
        let utilisation = Some(0.1234).filter(|_| examples_per_second > 100.0);
        let seconds_left = Some(seconds_left);
        let (step, total, unit) = (120, 200, "images");
        Progress { step, total, reading, examples_per_second, unit, utilisation, seconds_left }
    }

    #[test]
    fn a_line_is_short() {
        assert_eq!(
            progress(512.4, 8.2).to_string(),
            "step 120/200  loss 3.2144  512 images/s  utilisation 12.3 %  8 s left"
        );
        assert_eq!(
            progress(0.514, 7_261.0).to_string(),
            "step 120/200  loss 3.2144  0.51 images/s  2 h 01 min left"
        );
        for (seconds, text) in [(59.6, "1 min 00 s"), (3_599.0, "59 min 59 s"), (9e5, "10 d 10 h")]
        {
            assert!(progress(1.0, seconds).to_string().ends_with(&format!("{text} left")));
        }
    }

    #[test]
    fn the_pace_forgets() {
        let mut pace = Pace::new(10, 1);
        (0..50).for_each(|_| pace.push(100.0));
        (0..50).for_each(|_| pace.push(2.0));
        assert_eq!(pace.seconds_per_step(), 2.0);
    }

    #[test]
    fn the_first_step_is_no_measure_for_the_rest() {
        let reading =
            StepReading { loss: 1.0, gradient_norm: 1.0, learning_rate: 0.1, finite: true };
        let mut pace = Pace::new(1_000_000, 1);
        pace.since -= std::time::Duration::from_secs(3_600);
        assert_eq!(pace.step_done(1, reading).seconds_left, None);
        let left = pace.step_done(2, reading).seconds_left;
        assert!(left.is_some_and(|seconds| seconds < 1e6), "{left:?}");
    }
}

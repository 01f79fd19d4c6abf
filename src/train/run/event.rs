//! What a run reports while it goes on.

use core::fmt;
use std::collections::BTreeMap;
use std::path::PathBuf;

use super::progress::Progress;
use crate::train::error::{Change, CheckpointError};

/// Something that happened in a run. As text it is one line.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A checkpoint is damaged, and the one before is taken.
    Damaged(CheckpointError),
    /// The run goes on from a checkpoint.
    Resumed {
        /// Number of steps that were done.
        step: u64,
    },
    /// The run goes on with another recipe than it had: a setting that differs.
    RecipeChanged(Change),
    /// The run goes on with another seed than it had.
    SeedChanged {
        /// The seed until now, as the checkpoint holds it: of a seed from 2³¹ on a hash.
        saved: u64,
        /// The seed that was given.
        wanted: u64,
    },
    /// The run goes on on another mesh of devices than it had.
    MeshChanged {
        /// The mesh until now; none for one device.
        saved: Option<String>,
        /// The mesh from now on.
        wanted: Option<String>,
    },
    /// A run that was resumed has no step left to do.
    NothingLeft {
        /// Number of steps that were done.
        step: u64,
        /// Number of steps of the run.
        total: u64,
    },
    /// The step was compiled.
    Compiled {
        /// How long it took.
        seconds: f64,
    },
    /// A step was done.
    Step(Progress),
    /// A step whose loss or gradient was not finite was left out.
    Skipped {
        /// The step, counted from 1.
        step: u64,
    },
    /// The run goes on with another task than it had, of the same model: a setting that differs.
    TaskChanged(Change),
    /// The run goes on with other data than it had: other images, another order or other preprocessing. A setting that
    /// differs.
    DataChanged(Change),
    /// Held-out examples were scored.
    Evaluated {
        /// Number of steps done.
        step: u64,
        /// Means over the examples, by name.
        scores: BTreeMap<String, f64>,
    },
    /// A checkpoint is on the disk.
    Saved {
        /// Number of steps done.
        step: u64,
        /// Its folder.
        path: PathBuf,
        /// How long it took.
        seconds: f64,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(error) => write!(f, "{error}; taking the checkpoint before"),
            Self::Resumed { step } => write!(f, "resumed after step {step}"),
            Self::RecipeChanged(change) => write!(f, "the recipe changed: {change}"),
            Self::SeedChanged { saved, wanted } => write!(
                f,
                "the seed changed: it was {saved} and is {wanted}; steps go on drawing from {saved}, but \
                 data that is drawn from the seed changes"
            ),
            Self::MeshChanged { saved, wanted } => {
                let text = |mesh: &Option<String>| mesh.clone().unwrap_or("one device".into());
                write!(f, "the mesh changed: it was {} and is {}", text(saved), text(wanted))
            }
            Self::NothingLeft { step, total } if step == total => {
                write!(f, "all {total} steps are done already")
            }
            Self::NothingLeft { step, total } => {
                write!(
                    f,
                    "the run has {total} steps and has done {step}: there is nothing left to do"
                )
            }
            Self::Compiled { seconds } => write!(f, "compiled in {seconds:.1} s"),
            Self::Step(progress) => progress.fmt(f),
            Self::Skipped { step } => {
                write!(f, "step {step} is not finite and was skipped")
            }
            Self::DataChanged(change) => write!(f, "the data changed: {change}"),
            Self::TaskChanged(change) => write!(f, "the task changed: {change}"),
            Self::Evaluated { step, scores } => {
                write!(f, "after step {step}: held-out ")?;
                for (index, (name, score)) in scores.iter().enumerate() {
                    let (comma, name) = (if index > 0 { ", " } else { "" }, name.replace('_', " "));
                    match name.starts_with("precision") || name.ends_with("accuracy") {
                        true => write!(f, "{comma}{name} {:.1} %", 100.0 * score)?,
                        false => write!(f, "{comma}{name} {score:.4}")?,
                    }
                }
                Ok(())
            }
            Self::Saved { step, path, seconds } => {
                write!(f, "saved step {step} in {seconds:.2} s: {}", path.display())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_shown_in_percent() {
        let scores = [("loss", 3.21444), ("precision_at_1", 0.1234)];
        let scores = scores.map(|(name, score)| (name.to_owned(), score)).into();
        assert_eq!(
            Event::Evaluated { step: 7, scores }.to_string(),
            "after step 7: held-out loss 3.2144, precision at 1 12.3 %"
        );
    }
}

//! What an experiment found.

use std::fmt;

use thiserror::Error;

use crate::dense::PredictError;
use crate::distil::DistilError;
use crate::error::ConfigError;
use crate::eval::EvalError;
use crate::runtime::RuntimeError;
use crate::train::TrainError;

/// An experiment that could not be done.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// A config that makes no model.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Training that failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A prediction that failed.
    #[error(transparent)]
    Predict(#[from] PredictError),
    /// A teacher that cannot be asked.
    #[error(transparent)]
    Distil(#[from] DistilError),
    /// A measurement that failed.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// The runtime failed.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// No seeds.
    #[error("an experiment needs at least one seed")]
    Seeds,
    /// No learning rates.
    #[error("fine-tuning needs at least one learning rate")]
    Rates,
}

/// Numbers of one seed, by the names of [arms](Arm).
pub(super) type Numbers = Vec<(String, f64)>;

/// One way of doing it, with a number for each seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// What was done.
    pub name: String,
    /// The measure, in the order of the seeds.
    pub values: Vec<f64>,
}

impl Arm {
    /// The mean over the seeds.
    pub fn mean(&self) -> f64 {
        self.values.iter().sum::<f64>() / self.values.len() as f64
    }
}

/// A claim that one arm is better than another, or than a bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The claim in words.
    pub text: String,
    /// By how much the first arm is better than the second or than a bound, for each seed; below 0 where it is worse.
    pub gains: Vec<f64>,
}

impl Claim {
    /// Whether the first arm is better for every seed.
    pub fn holds(&self) -> bool {
        !self.gains.is_empty() && self.gains.iter().all(|gain| *gain > 0.0)
    }
}

/// An experiment that was done with several seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// What was done.
    pub title: String,
    /// What is measured, and whether large is good.
    pub measure: String,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// The ways of doing it.
    pub arms: Vec<Arm>,
    /// What was claimed before.
    pub claims: Vec<Claim>,
}

impl Experiment {
    pub(super) fn new(title: &str, measure: &str, seeds: &[u64]) -> Result<Self, ExperimentError> {
        if seeds.is_empty() {
            return Err(ExperimentError::Seeds);
        }
        let (title, measure) = (title.to_string(), measure.to_string());
        Ok(Self { title, measure, seeds: seeds.to_vec(), arms: vec![], claims: vec![] })
    }

    /// Adds the numbers of the next seeds.
    pub(super) fn add_all(&mut self, seeds: impl IntoIterator<Item = Numbers>) {
        seeds.into_iter().flatten().for_each(|(name, value)| self.add(&name, value));
    }

    /// Adds the number of the next seed to an arm.
    fn add(&mut self, name: &str, value: f64) {
        match self.arms.iter_mut().find(|arm| arm.name == name) {
            Some(arm) => arm.values.push(value),
            None => self.arms.push(Arm { name: name.to_string(), values: vec![value] }),
        }
    }

    /// The arm of this name, if there is one.
    pub fn arm(&self, name: &str) -> Option<&Arm> {
        self.arms.iter().find(|arm| arm.name == name)
    }

    /// Claims that the value of one arm is above that of another, for each seed.
    pub(super) fn claim(&mut self, text: &str, above: &str, below: &str) {
        let values = |name: &str| self.arm(name).map(|arm| arm.values.clone()).unwrap_or_default();
        let gains = values(above).iter().zip(values(below)).map(|(a, b)| a - b).collect();
        self.claims.push(Claim { text: text.to_string(), gains });
    }

    /// Claims that the values of an arm are at most so much, for each seed, or at least so much.
    pub(super) fn claim_bound(&mut self, text: &str, arm: &str, bound: Bound) {
        let values = self.arm(arm).map(|arm| arm.values.clone()).unwrap_or_default();
        let gain = |value: f64| match bound {
            Bound::AtMost(most) => most - value,
            Bound::AtLeast(least) => value - least,
        };
        self.claims
            .push(Claim { text: text.to_string(), gains: values.into_iter().map(gain).collect() });
    }
}

/// What is claimed of an arm alone.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// A table for people.
impl fmt::Display for Experiment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seeds: Vec<String> = self.seeds.iter().map(u64::to_string).collect();
        writeln!(
            f,
            "{}\n{}, by seed ({}) and in the mean",
            self.title,
            self.measure,
            seeds.join(", ")
        )?;
        let width = self.arms.iter().map(|arm| arm.name.chars().count()).max().unwrap_or(0);
        for arm in &self.arms {
            write!(f, "  {:<width$}", arm.name)?;
            arm.values.iter().try_for_each(|value| write!(f, "  {value:.3}"))?;
            writeln!(f, "   {:.3}", arm.mean())?;
        }
        for claim in &self.claims {
            let found =
                if claim.holds() { "shows for every seed" } else { "DOES NOT SHOW for every seed" };
            let gains: Vec<String> = claim.gains.iter().map(|gain| format!("{gain:+.3}")).collect();
            writeln!(f, "{}: {found} ({})", claim.text, gains.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_holds_where_it_holds_for_every_seed() {
        let mut experiment = Experiment::new("apples", "weight", &[1, 2]).unwrap();
        for (name, value) in [("red", 2.0), ("green", 1.0), ("red", 3.0), ("green", 3.5)] {
            experiment.add(name, value);
        }
        assert_eq!(experiment.arm("red").unwrap().mean(), 2.5);
        experiment.claim("red is heavier", "red", "green");
        assert!(!experiment.claims[0].holds());
        let text = experiment.to_string();
        assert!(
            text.contains("red is heavier: DOES NOT SHOW for every seed (+1.000, -0.500)"),
            "{text}"
        );
        assert!(Experiment::new("", "", &[]).is_err());
    }
}

//! Whether numbers show what the paper says about scale.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::measured::{Found, Unit};

/// What the paper says about scale, and the number that would show it.
pub(crate) struct Claim {
    pub(crate) text: &'static str,
    /// The key of the number.
    pub(crate) metric: &'static str,
    pub(crate) expect: Expect,
}

/// What a number does as models grow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    Rises,
    Falls,
    /// It depends on the data, and not on the model.
    Stays,
}

/// What the numbers say of a claim.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shows {
    Yes,
    No,
    Opposite,
    /// There is nothing to hold a difference against.
    Open,
}

impl Shows {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Yes => "shows",
            Self::No => "does not show",
            Self::Opposite => "the opposite shows",
            Self::Open => "not decided",
        }
    }
}

/// What the numbers say, and why.
pub(crate) struct Verdict {
    pub(crate) shows: Shows,
    pub(crate) text: String,
}

/// How sure a difference must be.
const CONFIDENCE: f64 = 0.95;

impl Claim {
    pub(crate) fn verdict(&self, found: &Found, unit: Unit) -> Verdict {
        let sizes: Vec<(String, Vec<f64>)> =
            found.sizes().map(|row| (row.name.clone(), row.values(self.metric))).collect();
        let (Some((small, first)), Some((large, last))) = (sizes.first(), sizes.last()) else {
            return Verdict { shows: Shows::Open, text: "Nothing was measured.".into() };
        };
        if sizes.len() < 2 || first.is_empty() || last.is_empty() {
            return Verdict {
                shows: Shows::Open,
                text: "There are too few sizes to compare.".into(),
            };
        }
        let (from, to) = (mean(first), mean(last));
        let change = to - from;
        let said = format!(
            "From {small} to {large} it goes from {} to {}",
            unit.text(from),
            unit.text(to)
        );
        let Some(bound) = bound(&sizes.iter().map(|(_, values)| &values[..]).collect::<Vec<_>>())
        else {
            let text = format!("{said}; with one seed there is no spread to hold that against.");
            return Verdict { shows: Shows::Open, text };
        };
        let clear = change.abs() > bound;
        let expected = match self.expect {
            Expect::Rises => change > 0.0,
            Expect::Falls => change < 0.0,
            Expect::Stays => !clear,
        };
        let shows = match (clear || self.expect == Expect::Stays, expected) {
            (false, _) => Shows::No,
            (true, true) => Shows::Yes,
            (true, false) if self.expect == Expect::Stays => Shows::No,
            (true, false) => Shows::Opposite,
        };
        let against = unit.difference(bound);
        let weighed = match clear {
            true => format!("more than the {against} that seeds alone would explain"),
            false => format!("within the {against} that seeds alone would explain"),
        };
        let order = self.order(&sizes);
        Verdict { shows, text: format!("{said}, {weighed} (95 %).{order}") }
    }

    /// A word on the sizes between.
    fn order(&self, sizes: &[(String, Vec<f64>)]) -> String {
        let means: Vec<f64> = sizes.iter().map(|(_, values)| mean(values)).collect();
        let out = means.windows(2).any(|pair| match self.expect {
            Expect::Rises => pair[1] < pair[0],
            Expect::Falls => pair[1] > pair[0],
            Expect::Stays => false,
        });
        if out { " The sizes between are not in that order.".into() } else { String::new() }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The largest difference between the means of the first and the last group that chance explains at
/// [`CONFIDENCE`], if all groups vary alike. None where no group has two values.
fn bound(groups: &[&[f64]]) -> Option<f64> {
    let freedom: usize = groups.iter().map(|values| values.len().saturating_sub(1)).sum();
    let squares = |values: &&[f64]| {
        let mean = mean(values);
        values.iter().map(|value| (value - mean).powi(2)).sum::<f64>()
    };
    let variance = groups.iter().map(squares).sum::<f64>() / freedom as f64;
    let quantile = StudentsT::new(0.0, 1.0, freedom as f64).ok()?;
    let quantile = quantile.inverse_cdf(0.5 + 0.5 * CONFIDENCE);
    let (first, last) = (groups.first()?.len() as f64, groups.last()?.len() as f64);
    Some(quantile * (variance * (1.0 / first + 1.0 / last)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::super::measured::{Measured, Row};
    use super::*;

    fn found(sizes: &[&[f64]]) -> Found {
        let row = |(size, values): (usize, &&[f64])| Row {
            name: format!("size {size}"),
            size: Some(size),
            control: None,
            seeds: (0..).zip(values.iter().map(|v| Measured::default().with("m", *v))).collect(),
        };
        Found { rows: sizes.iter().enumerate().map(row).collect() }
    }

    fn shows(expect: Expect, sizes: &[&[f64]]) -> Shows {
        let claim = Claim { text: "", metric: "m", expect };
        claim.verdict(&found(sizes), Unit::Share).shows
    }

    #[test]
    fn a_difference_counts_only_beyond_the_spread() {
        let rising: [&[f64]; 3] = [&[0.50, 0.52], &[0.60, 0.61], &[0.80, 0.81]];
        assert_eq!(shows(Expect::Rises, &rising), Shows::Yes);
        assert_eq!(shows(Expect::Falls, &rising), Shows::Opposite);
        assert_eq!(shows(Expect::Stays, &rising), Shows::No);
        let noise: [&[f64]; 3] = [&[0.40, 0.60], &[0.45, 0.62], &[0.50, 0.61]];
        assert_eq!(shows(Expect::Rises, &noise), Shows::No);
        assert_eq!(shows(Expect::Stays, &noise), Shows::Yes);
        assert_eq!(shows(Expect::Rises, &[&[0.1], &[0.9]]), Shows::Open);
        assert_eq!(shows(Expect::Rises, &[&[0.1, 0.2]]), Shows::Open);
        assert_eq!(shows(Expect::Rises, &[]), Shows::Open);
    }

    #[test]
    fn the_bound_is_that_of_a_t_test() {
        // Two groups of two: pooled variance 0.5, standard error √0.5, and 4.302_653 for two degrees of freedom.
        let bound = bound(&[&[1.0, 2.0], &[5.0, 6.0]]).unwrap();
        assert!((bound - 4.302_653 * 0.5f64.sqrt()).abs() < 1e-5, "{bound}");
        let claim = Claim { text: "", metric: "m", expect: Expect::Rises };
        let sizes: [&[f64]; 3] = [&[0.2, 0.2], &[0.9, 0.9], &[0.5, 0.5]];
        let text = claim.verdict(&found(&sizes), Unit::Share).text;
        let expected = "From size 0 to size 2 it goes from 20.0 % to 50.0 %, more than the 0.0 points that seeds \
            alone would explain (95 %). The sizes between are not in that order.";
        assert_eq!(text, expected);
    }
}

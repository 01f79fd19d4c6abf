//! What can be wrong with arrays and settings of a measurement.

use thiserror::Error;

/// Arrays or settings for which a measurement has no answer.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum EvalError {
    /// An array has the wrong length.
    #[error("{what}: expected {expected} values, one for each example, got {got}")]
    Length {
        /// The array.
        what: &'static str,
        /// How many values it should have.
        expected: usize,
        /// How many it has.
        got: usize,
    },
    /// There is nothing to measure.
    #[error("{what}: there are none; the measurement needs at least one")]
    Empty {
        /// What is missing.
        what: &'static str,
    },
    /// There is less than a comparison needs.
    #[error("{what}: expected at least {expected}, got {got}")]
    TooFew {
        /// What is compared.
        what: &'static str,
        /// How many there must be.
        expected: usize,
        /// How many there are.
        got: usize,
    },
    /// A label or group that is out of range.
    #[error(
        "class {label} of example {row} is out of range: the classes are 0 to {}", classes.saturating_sub(1)
    )]
    Label {
        /// The example, counted from 0.
        row: usize,
        /// Its class.
        label: usize,
        /// How many classes there are.
        classes: usize,
    },
    /// A number that cannot be compared: NaN; in logits also +∞, and rows of nothing but −∞.
    #[error("{what} of example {row} are not numbers (NaN or infinite); mend or drop the example")]
    NotFinite {
        /// What the number measures.
        what: &'static str,
        /// The example, counted from 0.
        row: usize,
    },
    /// A setting or value out of range.
    #[error("{what} = {value}: expected {expected}")]
    Value {
        /// The setting.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What a valid value satisfies.
        expected: &'static str,
    },
    /// A system of equations without a unique solution.
    #[error("the features are linearly dependent and l2 = {l2} does not mend it; raise l2")]
    Singular {
        /// The strength of the penalty.
        l2: f64,
    },
    /// A covariance that has no inverse.
    #[error(
        "the covariance of {examples} examples of {width} features is singular: give more examples than \
         features, drop features that never vary, or a shrinkage above 0"
    )]
    SingularCovariance {
        /// The number of examples.
        examples: usize,
        /// The number of features.
        width: usize,
    },
}

/// An error unless an array has one value for each example.
pub(crate) fn check_length(
    what: &'static str,
    expected: usize,
    got: usize,
) -> Result<(), EvalError> {
    if expected == got { Ok(()) } else { Err(EvalError::Length { what, expected, got }) }
}

/// An error if there is nothing.
pub(crate) fn check_some(what: &'static str, count: usize) -> Result<(), EvalError> {
    if count > 0 { Ok(()) } else { Err(EvalError::Empty { what }) }
}

/// An error if there is a NaN.
pub(crate) fn check_numbers(what: &'static str, values: &[f64]) -> Result<(), EvalError> {
    match values.iter().position(|value| value.is_nan()) {
        Some(row) => Err(EvalError::NotFinite { what, row }),
        None => Ok(()),
    }
}

/// An error unless each example has a label and each label is a class.
pub(crate) fn check_labels(
    labels: &[usize],
    examples: usize,
    classes: usize,
) -> Result<(), EvalError> {
    check_some("examples", examples)?;
    check_length("labels", examples, labels.len())?;
    match labels.iter().position(|label| *label >= classes) {
        Some(row) => Err(EvalError::Label { row, label: labels[row], classes }),
        None => Ok(()),
    }
}

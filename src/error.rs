//! What can go wrong with a config, and the checks that find it. Each room of the crate has its own
//! error beside it.

use core::fmt::Display;

use thiserror::Error;

/// A config, or the name of one, that describes no model.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A field has a value that breaks a rule.
    #[error("{field} = {value} is not valid: {rule}; the nearest valid value is {nearest}")]
    Invalid {
        /// The field, as in the config's JSON.
        field: &'static str,
        /// The value that it has.
        value: String,
        /// What a valid value satisfies.
        rule: String,
        /// A valid value close to it, the other fields being as they are.
        nearest: String,
    },
    /// No variant has this name.
    #[error("variant \"{got}\" is not known: {hint}")]
    UnknownVariant {
        /// What was asked for.
        got: String,
        /// What could have been meant.
        hint: String,
    },
    /// A feature name that no model, or not this one, has.
    #[error("feature \"{got}\" is not known: {hint}")]
    UnknownFeature {
        /// What was asked for.
        got: String,
        /// What could have been meant.
        hint: String,
    },
}

/// An error if a field's value is not valid.
pub(crate) fn check<T: Display>(
    field: &'static str,
    value: T,
    valid: bool,
    rule: impl FnOnce() -> String,
    nearest: impl FnOnce() -> T,
) -> Result<(), ConfigError> {
    if valid {
        return Ok(());
    }
    Err(ConfigError::Invalid {
        field,
        value: value.to_string(),
        rule: rule(),
        nearest: nearest().to_string(),
    })
}

/// Checks numbers that count something.
pub(crate) fn check_counts<const N: usize>(
    fields: [(&'static str, usize); N],
) -> Result<(), ConfigError> {
    let one = |(field, value)| check(field, value, value >= 1, || "at least 1".into(), || 1);
    fields.into_iter().try_for_each(one)
}

/// Checks a probability of dropping something. It is below 1, because kept values are divided by the
/// probability that they are kept.
pub(crate) fn check_rate(field: &'static str, value: f64) -> Result<(), ConfigError> {
    let valid = (0.0..1.0).contains(&value);
    let nearest = || if value >= 1.0 { 0.999 } else { 0.0 };
    check(field, value, valid, || "a probability in [0, 1)".into(), nearest)
}

/// Checks the number that is added to a variance.
pub(crate) fn check_epsilon(value: f64) -> Result<(), ConfigError> {
    let valid = value > 0.0 && value.is_finite();
    check("epsilon", value, valid, || "a finite number above 0".into(), || 1e-6)
}

/// Checks a number of any size and sign.
pub(crate) fn check_finite(
    field: &'static str,
    value: f64,
    nearest: f64,
) -> Result<(), ConfigError> {
    check(field, value, value.is_finite(), || "a finite number".into(), || nearest)
}

/// The positive multiple of `step` that is nearest to `value`.
pub(crate) fn nearest_multiple(value: usize, step: usize) -> usize {
    let below = value / step * step;
    if below == 0 || value - below > step / 2 { below.saturating_add(step) } else { below }
}

/// Panics with the text of the error, if there is one: for the `init` of a layer.
#[track_caller]
pub(crate) fn ensure_valid(checked: Result<(), ConfigError>) {
    let text = checked.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(text.is_empty(), "{text}");
}

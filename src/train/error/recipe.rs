//! Values of a recipe that break a rule: "x = 1 is not valid".

use super::TrainError;

pub(crate) fn invalid(field: &str, value: impl ToString, rule: impl ToString) -> TrainError {
    TrainError::Recipe { field: field.into(), value: value.to_string(), rule: rule.to_string() }
}

pub(crate) fn positive(field: &str, value: f64) -> Result<(), TrainError> {
    match value > 0.0 && value.is_finite() {
        true => Ok(()),
        false => Err(invalid(field, value, "a finite number above 0")),
    }
}

pub(crate) fn fraction(field: &str, value: f64) -> Result<(), TrainError> {
    match (0.0..1.0).contains(&value) {
        true => Ok(()),
        false => Err(invalid(field, value, "a number in [0, 1)")),
    }
}

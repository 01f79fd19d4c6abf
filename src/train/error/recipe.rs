//! Values of a recipe that break a rule: "x = 1 is not valid".

use super::TrainError;

pub(crate) fn invalid(field: &str, value: impl ToString, rule: impl ToString) -> TrainError {
    TrainError::Recipe { field: field.into(), value: value.to_string(), rule: rule.to_string() }
}

//! How a run that goes on differs from the one before.

use serde::Serialize;
use serde_json::Value;

use crate::train::error::Change;

/// The differences between the models of two descriptions of a task, and those outside of the models.
pub(super) fn task_changes(saved: &Value, wanted: &Value) -> (Vec<Change>, Vec<Change>) {
    let without_model = |task: &Value| {
        let mut task = task.clone();
        task.as_object_mut().and_then(|fields| fields.remove("model"));
        task
    };
    let model = named_changes(&saved["model"], &wanted["model"], "model");
    (model, named_changes(&without_model(saved), &without_model(wanted), "task"))
}

/// The differences between two values; what differs entirely, and has no field of its own, is the value of this name.
pub(super) fn named_changes(saved: &Value, wanted: &Value, name: &str) -> Vec<Change> {
    let mut changes = changes(saved, wanted);
    changes.iter_mut().filter(|c| c.field.is_empty()).for_each(|c| c.field = name.into());
    changes
}

/// The differences between two recipes.
pub(super) fn changes<T: Serialize>(saved: &T, wanted: &T) -> Vec<Change> {
    let json = |of: &T| serde_json::to_value(of).unwrap_or_default();
    let mut changes = Vec::new();
    collect("", &json(saved), &json(wanted), &mut changes);
    changes
}

/// Adds each innermost field in which two values differ, by its path.
fn collect(path: &str, saved: &Value, wanted: &Value, changes: &mut Vec<Change>) {
    if saved == wanted {
        return;
    }
    let child = |name: &str| if path.is_empty() { name.into() } else { format!("{path}.{name}") };
    match (saved, wanted) {
        // Two variants of an enum have no field in common.
        (Value::Object(a), Value::Object(b)) if a.keys().any(|name| b.contains_key(name)) => {
            let only_wanted = b.keys().filter(|name| !a.contains_key(*name));
            for name in a.keys().chain(only_wanted) {
                let field = |of: &serde_json::Map<_, _>| of.get(name).cloned().unwrap_or_default();
                collect(&child(name), &field(a), &field(b), changes);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                collect(&child(&index.to_string()), a, b, changes);
            }
        }
        _ => {
            let (saved, wanted) = (saved.to_string(), wanted.to_string());
            changes.push(Change { field: path.into(), saved, wanted });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts(changes: Vec<Change>) -> Vec<String> {
        changes.into_iter().map(|change| change.to_string()).collect()
    }

    #[test]
    fn another_model_is_told_from_another_loss() {
        let task = |depth: u32, alpha: f64| json!({ "task": "classify", "model": { "depth": depth }, "mixup": { "alpha": alpha } });
        let told = |saved: &Value, wanted: &Value| {
            let (model, rest) = task_changes(saved, wanted);
            (texts(model), texts(rest))
        };
        let before = task(2, 0.2);
        let depth = "depth was 2 and is 3".to_owned();
        let mixup = "mixup.alpha was 0.2 and is 0.5".to_owned();
        assert_eq!(told(&before, &before), (vec![], vec![]));
        assert_eq!(told(&before, &task(3, 0.2)), (vec![depth.clone()], vec![]));
        assert_eq!(told(&before, &task(2, 0.5)), (vec![], vec![mixup.clone()]));
        assert_eq!(told(&before, &task(3, 0.5)), (vec![depth], vec![mixup]));
        let (model, _) = told(&before, &json!({ "task": "from_fn" }));
        assert_eq!(model, [r#"model was {"depth":2} and is null"#]);
    }

    #[test]
    fn every_field_that_differs_is_named() {
        let saved = json!({
            "batch_size": 2, "total": { "steps": 3 }, "ema": null,
            "update": [{ "adam": { "beta1": 0.9 } }, { "learning_rate": { "peak": 0.1 } }],
        });
        let wanted = json!({
            "batch_size": 4, "total": { "epochs": 1.5 }, "ema": { "decay": 0.9 },
            "update": [{ "momentum": { "momentum": 0.9 } }, { "learning_rate": { "peak": 0.2 } }],
        });
        let expected = [
            "batch_size was 2 and is 4",
            r#"ema was null and is {"decay":0.9}"#,
            r#"total was {"steps":3} and is {"epochs":1.5}"#,
            r#"update.0 was {"adam":{"beta1":0.9}} and is {"momentum":{"momentum":0.9}}"#,
            "update.1.learning_rate.peak was 0.1 and is 0.2",
        ];
        assert_eq!(texts(changes(&saved, &wanted)), expected);
        let longer = json!({ "update": [1, 2] });
        let shorter = json!({ "update": [1] });
        assert_eq!(texts(changes(&longer, &shorter)), ["update was [1,2] and is [1]"]);
    }
}

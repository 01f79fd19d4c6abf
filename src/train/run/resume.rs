//! How a run that goes on differs from the one before.

use serde::Serialize;
use serde_json::Value;

/// A field of a description, its value in the checkpoint, and its value in this run.
pub(super) type Difference = (String, String, String);

/// The first field in which the model's architecture differs between two descriptions of a task, and
/// the first outside of it.
pub(super) fn task_difference(
    saved: &Value,
    wanted: &Value,
) -> (Option<Difference>, Option<Difference>) {
    let rest = |task: &Value| {
        let mut task = task.clone();
        task.as_object_mut().and_then(|fields| fields.remove("model"));
        task
    };
    let named = |difference: Option<Difference>, whole: &str| {
        difference.map(|(field, saved, wanted)| {
            (if field.is_empty() { whole.to_owned() } else { field }, saved, wanted)
        })
    };
    let model = difference(&saved["model"], &wanted["model"]);
    (named(model, "model"), named(difference(&rest(saved), &rest(wanted)), "task"))
}

/// The first field in which two things differ, and its two values.
pub(super) fn difference<T: Serialize + PartialEq>(saved: &T, wanted: &T) -> Option<Difference> {
    if saved == wanted {
        return None;
    }
    let json = |of: &T| serde_json::to_value(of).unwrap_or_default();
    Some(first_difference("", &json(saved), &json(wanted)))
}

fn first_difference(path: &str, saved: &Value, wanted: &Value) -> Difference {
    let child = |name: &str| if path.is_empty() { name.into() } else { format!("{path}.{name}") };
    if let (Value::Object(a), Value::Object(b)) = (saved, wanted)
        && let Some(name) = a.keys().chain(b.keys()).find(|name| a.get(*name) != b.get(*name))
    {
        let field = |of: &serde_json::Map<_, _>| of.get(name).cloned().unwrap_or_default();
        return first_difference(&child(name), &field(a), &field(b));
    }
    if let (Value::Array(a), Value::Array(b)) = (saved, wanted)
        && let Some(index) = (0..a.len().min(b.len())).find(|index| a[*index] != b[*index])
    {
        return first_difference(&child(&index.to_string()), &a[index], &b[index]);
    }
    (path.into(), saved.to_string(), wanted.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn another_model_is_told_from_another_loss() {
        let task = |depth: u32, alpha: f64| json!({ "task": "classify", "model": { "depth": depth }, "mixup": { "alpha": alpha } });
        let text = |field: &str, saved: &str, wanted: &str| {
            Some((field.to_owned(), saved.to_owned(), wanted.to_owned()))
        };
        let before = task(2, 0.2);
        assert_eq!(task_difference(&before, &before), (None, None));
        assert_eq!(task_difference(&before, &task(3, 0.2)), (text("depth", "2", "3"), None));
        let mixup = text("mixup.alpha", "0.2", "0.5");
        assert_eq!(task_difference(&before, &task(2, 0.5)), (None, mixup));
        let (model, _) = task_difference(&before, &json!({ "task": "from_fn" }));
        assert_eq!(model, text("model", r#"{"depth":2}"#, "null"));
    }
}

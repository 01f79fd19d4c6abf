//! What a user should hear about a load: values that were guessed, tensors that were left, and
//! positions that were changed.

use super::description::{Description, Evidence};
use super::report::{LoadReport, Resampled};

/// How many tensors of one kind are named.
const NAMED: usize = 6;

/// A line for each value that the file does not say, for each kind of tensor that was left out, and
/// for resampled positions. A file that says everything and is taken as it is gives none.
pub(super) fn remarks(description: &Description, report: &LoadReport) -> Vec<String> {
    let origin = description.origin;
    let guessed = description.notes.iter().filter_map(|note| {
        let why = match note.from {
            Evidence::OriginsDefault => format!("as {origin} has it by default"),
            Evidence::Authors => "the model of the file that its authors evaluate".into(),
            Evidence::Options | Evidence::Sidecar => return None,
        };
        Some(format!("guessed: {} = {}, {why}", note.field, note.value))
    });
    let mut lines: Vec<String> = guessed.collect();
    if let Some(Resampled { from, to, by, .. }) = report.resampled {
        let [[rows, columns], [new_rows, new_columns]] = [from, to];
        lines.push(format!(
            "changed: positions resampled from {rows} x {columns} to {new_rows} x {new_columns}, {by}"
        ));
    }
    let mut reasons: Vec<&str> = report.set_aside.iter().map(|aside| aside.reason).collect();
    reasons.sort_unstable();
    reasons.dedup();
    for reason in reasons {
        let names = report.set_aside.iter().filter(|aside| aside.reason == reason);
        let names = names.map(|aside| aside.name.as_str());
        lines.extend(line("set aside", names, &format!(": {reason}")));
    }
    let unused = report.unused.iter().map(|unused| unused.tensor.as_str());
    lines.extend(line("unused", unused, ": the model has no place for it"));
    let missing = report.missing.iter().map(|missing| missing.tensor.as_str());
    lines.extend(line("missing", missing, ""));
    lines.extend(report.mismatched.iter().map(|mismatched| {
        let (tensor, got, expected) = (&mismatched.tensor, &mismatched.got, &mismatched.expected);
        format!("of another shape: \"{tensor}\" is {got:?}, expected {expected:?}")
    }));
    lines
}

/// The first names after what became of them; none where there are none.
fn line<'a>(what: &str, names: impl Iterator<Item = &'a str>, end: &str) -> Option<String> {
    let names: Vec<_> = names.collect();
    let shown: Vec<_> = names.iter().take(NAMED).map(|name| format!("\"{name}\"")).collect();
    let more = match names.len().checked_sub(NAMED) {
        None | Some(0) => String::new(),
        Some(more) => format!(" and {more} more"),
    };
    (!names.is_empty()).then(|| format!("{what}: {}{more}{end}", shown.join(", ")))
}

//! A picture of a run: loss and learning rate over the steps.

use std::path::Path;

use crate::report::{Line, Panel, ReportError, panels};

use super::metrics_log::Record;

/// A line has at most this many points. Of more, means of neighbours are drawn.
const MOST_POINTS: usize = 600;

/// Draws the losses of training and evaluation, and the learning rate, of a run's records.
///
/// # Errors
///
/// [`ReportError`] if the file cannot be written.
pub fn draw_curves(path: &Path, title: &str, records: &[Record]) -> Result<(), ReportError> {
    let number = |value: Option<f32>| value.map_or(f64::NAN, f64::from);
    let (mut losses, mut rates, mut held_out) = (vec![], vec![], vec![]);
    for record in records {
        let step = record.step() as f64;
        match record {
            Record::Train { loss, learning_rate, .. } => {
                losses.push((step, number(*loss)));
                rates.push((step, f64::from(*learning_rate)));
            }
            Record::Evaluation { scores, .. } => {
                held_out.extend(scores.get("loss").map(|loss| (step, number(*loss))));
            }
        }
    }
    let line = |name: &str, points, colour| {
        let name = name.to_owned();
        Line { name, points, colour, dashed: false }
    };
    let mut lines = vec![line("training", means(&losses), 0)];
    if !held_out.is_empty() {
        lines.push(line("held-out examples", held_out, 1));
    }
    let panel = |title: &str, y: &str, lines| {
        let [title, x, y] = [title, "step", y].map(String::from);
        Panel { title, x, y, logarithmic: [false; 2], y_range: None, lines }
    };
    let loss = panel("Loss", "loss", lines);
    let rate = panel("Learning rate", "learning rate", vec![line("", means(&rates), 2)]);
    panels(path, title, 1, &[loss, rate])
}

/// At most [`MOST_POINTS`] points, each the mean of neighbours.
fn means(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let size = points.len().div_ceil(MOST_POINTS).max(1);
    let mean = |part: &[(f64, f64)]| {
        let y = part.iter().map(|(_, y)| y).sum::<f64>() / part.len() as f64;
        (part[part.len() - 1].0, y)
    };
    points.chunks(size).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_points_become_means() {
        let points: Vec<_> = (1..=1_500).map(|i| (f64::from(i), f64::from(i % 3))).collect();
        let means = means(&points);
        assert_eq!(means.len(), 500);
        assert_eq!(means[1], (6.0, 1.0));
        assert_eq!(super::means(&points[..4]), points[..4]);
    }
}

//! Runs of the example `qk_norm` as rows of a table and as pictures.

use serde::Serialize;
use vit22b::report::{Line, Panel};

/// What is measured on held-out images after a number of steps.
#[derive(Serialize)]
pub(crate) struct Point {
    pub(crate) step: u64,
    pub(crate) loss: f64,
    /// The largest attention logit of all blocks, by its size.
    pub(crate) logit: f64,
    /// The mean entropy of the attention, in nats, in the block where it is lowest.
    pub(crate) entropy: f64,
}

#[derive(Serialize)]
pub(crate) struct Run {
    #[serde(rename = "qk_norm")]
    pub(crate) norm: bool,
    #[serde(rename = "learning_rate")]
    pub(crate) rate: f64,
    pub(crate) points: Vec<Point>,
    /// The step that was not finite.
    pub(crate) ended: Option<u64>,
}

impl Run {
    pub(crate) const HEADER: &str =
        "\nlearning rate  QK norm  loss at the end  largest logit  lowest entropy";

    fn largest_logit(&self) -> f64 {
        self.points.iter().map(|point| point.logit).fold(0.0, f64::max)
    }

    fn lowest_entropy(&self) -> f64 {
        self.points.iter().map(|point| point.entropy).fold(f64::INFINITY, f64::min)
    }

    /// The mean over the last tenth of the run; none if it ended before.
    fn last_loss(&self) -> f64 {
        let last = &self.points[self.points.len() - self.points.len().div_ceil(10)..];
        match self.ended {
            Some(_) => f64::NAN,
            None => last.iter().map(|point| point.loss).sum::<f64>() / last.len() as f64,
        }
    }

    pub(crate) fn row(&self) -> String {
        let norm = if self.norm { "yes" } else { "no" };
        let loss = match self.ended {
            Some(step) => format!("lost at {step}"),
            None => format!("{:.3}", self.last_loss()),
        };
        let (logit, entropy) = (self.largest_logit(), self.lowest_entropy());
        format!("{:<13}  {norm:<7}  {loss:>15}  {logit:>13.1}  {entropy:>14.3}", self.rate)
    }
}

/// The three quantities over learning rates, then over the steps without and with the norm.
pub(crate) fn pictures(runs: &[Run], chance: f64) -> Vec<Panel> {
    type Quantity = (&'static str, bool, fn(&Run) -> f64, fn(&Point) -> f64);
    let quantities: [Quantity; 3] = [
        ("held-out loss", false, Run::last_loss, |point| point.loss),
        ("largest attention logit", true, Run::largest_logit, |point| point.logit),
        ("attention entropy (nats)", false, Run::lowest_entropy, |point| point.entropy),
    ];
    let mut pictures = Vec::new();
    for (name, log, of_run, _) in quantities {
        let line = |norm: bool| Line {
            name: if norm { "with QK norm" } else { "without" }.into(),
            points: runs.iter().filter(|r| r.norm == norm).map(|r| (r.rate, of_run(r))).collect(),
            colour: if norm { 0 } else { 3 },
            dashed: false,
        };
        let mut lines = vec![line(false), line(true)];
        if pictures.is_empty() {
            let points = runs.iter().map(|run| (run.rate, chance)).collect();
            lines.push(Line { name: "chance".into(), points, colour: 7, dashed: true });
        }
        pictures.push(Panel {
            title: format!("By learning rate: {name}"),
            x: "learning rate".into(),
            y: name.into(),
            logarithmic: [true, log],
            y_range: Some(range(&lines, log)),
            lines,
        });
    }
    for norm in [false, true] {
        for (index, (name, log, _, of_point)) in quantities.into_iter().enumerate() {
            // The first losses are so high that nothing else could be told apart.
            let highest = if index == 0 { 1.25 * chance } else { f64::INFINITY };
            let line = |(index, run): (usize, &Run)| Line {
                name: format!("rate {}", run.rate),
                points: (run.points.iter())
                    .map(|point| (point.step as f64, of_point(point)))
                    .map(|(step, value)| (step, if value > highest { highest } else { value }))
                    .collect(),
                colour: index / 2,
                dashed: false,
            };
            // The range of both, so that they compare.
            let all: Vec<_> = runs.iter().enumerate().map(line).collect();
            let y_range = Some(range(&all, log));
            let with = runs.iter().map(|run| run.norm == norm);
            let lines = all.into_iter().zip(with).filter(|(_, with)| *with).map(|(line, _)| line);
            pictures.push(Panel {
                title: if norm { "With QK norm" } else { "Without QK norm" }.into(),
                x: "step".into(),
                y: if index == 0 { format!("{name}, cut at {highest:.1}") } else { name.into() },
                logarithmic: [false, log],
                y_range,
                lines: lines.collect(),
            });
        }
    }
    pictures
}

/// From the lowest to the highest value, with room for the legend above.
fn range(lines: &[Line], logarithmic: bool) -> [f64; 2] {
    let values = lines.iter().flat_map(|line| &line.points).map(|(_, value)| *value);
    let values = values.filter(|value| value.is_finite());
    let low = values.clone().fold(f64::INFINITY, f64::min);
    let high = values.fold(f64::NEG_INFINITY, f64::max);
    match logarithmic {
        true => [low, high * (high / low).powf(0.45)],
        false => [low, high + 0.45 * (high - low)],
    }
}

//! Figures in the forms that the field knows.

use vit22b::report::{Axis, Chart, Mark, ReportError, Series};

use super::measured::{Control, Figure, Found};

/// An axis that holds these values, with some room; shares stay between 0 and 100 %.
pub(crate) fn axis(label: &str, values: impl IntoIterator<Item = f64>, percent: bool) -> Axis {
    let ends = values.into_iter().filter(|value| value.is_finite());
    let (low, high) = ends.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
    let (low, high) = if low > high { (0.0, 1.0) } else { (low, high) };
    let room = (0.12 * (high - low)).max(if percent { 0.02 } else { 0.05 * high.abs().max(0.1) });
    let (mut from, mut to) = (low - room, high + room);
    if low >= 0.0 {
        from = from.max(0.0);
    }
    if percent {
        to = to.min(1.0);
    }
    if to <= from {
        to = from + 0.05;
    }
    Axis { percent, ..Axis::number(label, from..to) }
}

/// Numbers over the sizes, a dot for each seed and a line through their means, beside untrained models and raw
/// pixels where these were measured.
pub(crate) fn over_sizes(
    found: &Found,
    title: &str,
    label: &str,
    keys: &[(&str, &str)],
    percent: bool,
) -> Result<Figure, ReportError> {
    let points = |control: Option<Control>, key: &str| -> Vec<[f64; 2]> {
        let rows = found.rows.iter().filter(|row| row.control == control);
        let of_row = |row: &super::measured::Row| {
            let size = row.size.unwrap_or_default() as f64;
            row.values(key).into_iter().map(move |value| [size, value]).collect::<Vec<_>>()
        };
        rows.flat_map(of_row).collect()
    };
    let mut series = Vec::new();
    for (key, name) in keys {
        series.push(Series { name: (*name).into(), mark: Mark::Means, points: points(None, key) });
    }
    let last = found.sizes().count().saturating_sub(1) as f64;
    if let [(key, _)] = keys {
        let untrained = points(Some(Control::Untrained), key);
        if !untrained.is_empty() {
            series.push(Series { name: "untrained".into(), mark: Mark::Means, points: untrained });
        }
        for row in found.controls(Control::Pixels) {
            if let Some(mean) = row.mean(key) {
                let points = vec![[-0.3, mean], [last + 0.3, mean]];
                series.push(Series { name: "raw pixels".into(), mark: Mark::Reference, points });
            }
        }
    }
    let values = series.iter().flat_map(|series| &series.points).map(|point| point[1]);
    let chart = Chart {
        title: title.into(),
        x: Axis::names("size of the model", found.sizes().map(|row| row.name.clone())),
        y: axis(label, values.collect::<Vec<_>>(), percent),
        series,
    };
    Ok((title.into(), chart.svg()?))
}

/// A curve of each size, the mean over the seeds.
pub(crate) fn curves(
    found: &Found,
    title: &str,
    key: &str,
    x: Axis,
    (y, percent): (&str, bool),
) -> Result<Figure, ReportError> {
    let mut series: Vec<Series> = Vec::new();
    let shown = found.sizes().chain(found.controls(Control::Pixels));
    for row in shown {
        let all: Vec<[f64; 2]> =
            row.seeds.iter().filter_map(|(_, m)| m.curves.get(key)).flatten().copied().collect();
        if all.is_empty() {
            continue;
        }
        let mut points: Vec<[f64; 2]> = Vec::new();
        for [x, _] in &all {
            if points.iter().all(|point| point[0] != *x) {
                let heights: Vec<f64> = all.iter().filter(|p| p[0] == *x).map(|p| p[1]).collect();
                points.push([*x, heights.iter().sum::<f64>() / heights.len() as f64]);
            }
        }
        let mark = if row.control.is_none() { Mark::LineAndDots } else { Mark::Reference };
        series.push(Series { name: row.name.clone(), mark, points });
    }
    let values: Vec<f64> = series.iter().flat_map(|s| &s.points).map(|p| p[1]).collect();
    let chart = Chart { title: title.into(), x, y: axis(y, values, percent), series };
    Ok((title.into(), chart.svg()?))
}

/// One number against another, a dot for each model and seed.
pub(crate) fn against(
    found: &Found,
    title: &str,
    [x, y]: [(&str, &str, bool); 2],
) -> Result<Figure, ReportError> {
    let series: Vec<Series> = found
        .sizes()
        .map(|row| Series {
            name: row.name.clone(),
            mark: Mark::Dots,
            points: row.values(x.0).into_iter().zip(row.values(y.0)).map(|(x, y)| [x, y]).collect(),
        })
        .collect();
    let values = |at: usize| -> Vec<f64> {
        series.iter().flat_map(|series| &series.points).map(|point| point[at]).collect()
    };
    let (x_axis, y_axis) = (axis(x.1, values(0), x.2), axis(y.1, values(1), y.2));
    let chart = Chart { title: title.into(), x: x_axis, y: y_axis, series };
    Ok((title.into(), chart.svg()?))
}

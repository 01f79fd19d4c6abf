//! Lines in one or several panels, as SVG.

use std::ops::Range;
use std::path::Path;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, ValueFormatter};
use plotters::prelude::*;

use super::error::{Drawn, ReportError};
use super::pictures::{CLASSES, FONT, save};

/// A line of a [`Panel`].
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The name in the legend. A line without a name is not in it.
    pub name: String,
    /// The points, in the order of the line. Points that cannot be drawn, such as NaN, leave gaps.
    pub points: Vec<(f64, f64)>,
    /// The colour, as an index into the palette that all pictures share.
    pub colour: usize,
    /// Whether the line is dashed.
    pub dashed: bool,
}

impl Line {
    /// A solid line in the first colour.
    pub fn new(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), points, colour: 0, dashed: false }
    }

    /// In another colour of the palette.
    pub fn with_colour(self, colour: usize) -> Self {
        Self { colour, ..self }
    }

    /// Dashed, or solid again.
    pub fn with_dashes(self, dashed: bool) -> Self {
        Self { dashed, ..self }
    }
}

/// A panel: lines over two axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// The title above it.
    pub title: String,
    /// The quantity along the horizontal axis.
    pub x: String,
    /// The quantity along the vertical axis.
    pub y: String,
    /// Whether the horizontal and the vertical axis are logarithmic. A logarithmic axis leaves out values
    /// that are not above 0.
    pub logarithmic: [bool; 2],
    /// The range of the vertical axis, for panels that are compared; without one, that of the lines.
    pub y_range: Option<[f64; 2]>,
    /// The lines.
    pub lines: Vec<Line>,
}

impl Panel {
    /// A panel with linear axes and no line yet.
    pub fn new(title: impl Into<String>, x: impl Into<String>, y: impl Into<String>) -> Self {
        let (title, x, y) = (title.into(), x.into(), y.into());
        Self { title, x, y, logarithmic: [false; 2], y_range: None, lines: vec![] }
    }

    /// With these lines.
    pub fn with_lines(self, lines: impl IntoIterator<Item = Line>) -> Self {
        Self { lines: lines.into_iter().collect(), ..self }
    }

    /// With a logarithmic horizontal axis, vertical axis, or both.
    pub fn with_logarithmic(self, logarithmic: [bool; 2]) -> Self {
        Self { logarithmic, ..self }
    }
}

/// Draws panels as one picture, with `columns` panels in a row.
///
/// ```
/// use vit22b::report::{Line, Panel, panels};
///
/// let points = (1..50).map(|step| (f64::from(step), 1.0 / f64::from(step))).collect();
/// let lines = [Line::new("training", points)];
/// let panel = Panel::new("Loss", "step", "loss").with_logarithmic([false, true]).with_lines(lines);
/// let path = std::env::temp_dir().join("vit22b-panels-doc.svg");
/// panels(&path, "A run", 1, &[panel])?;
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), vit22b::report::ReportError>(())
/// ```
///
/// # Errors
///
/// [`ReportError`] if the file cannot be written.
pub fn panels(
    path: &Path,
    title: &str,
    columns: usize,
    panels: &[Panel],
) -> Result<(), ReportError> {
    let columns = columns.clamp(1, panels.len().max(1));
    let rows = panels.len().div_ceil(columns).max(1);
    let size = (if columns == 1 { 760 } else { 440 * columns as u32 }, 50 + 320 * rows as u32);
    save(path, size, |area| {
        let below = area.titled(title, (FONT, 20))?;
        for (area, panel) in below.split_evenly((rows, columns)).iter().zip(panels) {
            panel.draw(area)?;
        }
        Ok(())
    })
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

impl Panel {
    fn draw(&self, area: &Area<'_>) -> Drawn {
        let lines: Vec<_> = self.lines.iter().map(|line| self.pieces(line)).collect();
        let points = || lines.iter().flatten().flatten();
        let [x, y] = self.logarithmic;
        let x = Axis::of(points().map(|p| p.0), x);
        let y = match self.y_range {
            Some(ends) => Axis::of(ends.map(|end| position(end, y)).into_iter(), y),
            None => Axis::of(points().map(|p| p.1), y),
        };
        let corner = emptiest_corner(&lines, &x.range, &y.range);
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, (FONT, 15))
            .margin(10)
            .x_label_area_size(38)
            .y_label_area_size(58)
            .build_cartesian_2d(x, y)?;
        chart
            .configure_mesh()
            .x_desc(&self.x)
            .y_desc(&self.y)
            .label_style((FONT, 12))
            .light_line_style(WHITE)
            .bold_line_style(RGBColor(232, 232, 232))
            .draw()?;
        for (line, pieces) in self.lines.iter().zip(&lines) {
            let style = CLASSES[line.colour % CLASSES.len()].stroke_width(2);
            for (index, piece) in pieces.iter().enumerate() {
                let points = piece.iter().copied();
                let drawn = match line.dashed {
                    true => chart.draw_series(DashedLineSeries::new(points, 6, 4, style))?,
                    false => chart.draw_series(LineSeries::new(points, style))?,
                };
                if index == 0 && !line.name.is_empty() {
                    // The legend has room for two dashes.
                    let width = if line.dashed { 6 } else { 18 };
                    drawn.label(&line.name).legend(move |(x, y)| {
                        let dash = |x| PathElement::new([(x, y), (x + width, y)], style);
                        EmptyElement::at((0, 0)) + dash(x) + dash(x + 18 - width)
                    });
                }
            }
        }
        if self.lines.iter().any(|line| !line.name.is_empty()) {
            chart
                .configure_series_labels()
                .position(corner)
                .label_font((FONT, 12))
                .background_style(WHITE.mix(0.8))
                .draw()?;
        }
        Ok(())
    }

    /// The consecutive points that can be drawn on the panel's axes; each gap starts a new run.
    fn pieces(&self, line: &Line) -> Vec<Vec<(f64, f64)>> {
        let [x, y] = self.logarithmic;
        let placed = line.points.iter().map(|p| (position(p.0, x), position(p.1, y)));
        let placed: Vec<_> = placed.collect();
        let pieces = placed.split(|(x, y)| !(x.is_finite() && y.is_finite()));
        pieces.filter(|piece| !piece.is_empty()).map(<[_]>::to_vec).collect()
    }
}

/// The corner of a panel in which the legend covers the least of the lines.
fn emptiest_corner(
    lines: &[Vec<Vec<(f64, f64)>>],
    x: &Range<f64>,
    y: &Range<f64>,
) -> SeriesLabelPosition {
    use SeriesLabelPosition::{LowerLeft, LowerRight, UpperLeft, UpperRight};

    // A legend takes about a third of each side.
    const SIDE: f64 = 0.35;
    const STOPS: u32 = 16;
    let share = |value: f64, range: &Range<f64>| (value - range.start) / (range.end - range.start);
    let steps = lines.iter().flatten().flat_map(|piece| piece.windows(2));
    let on_lines = steps.flat_map(|ends| {
        (0..=STOPS).map(move |stop| {
            let part = f64::from(stop) / f64::from(STOPS);
            let between = |a: f64, b: f64| a + part * (b - a);
            (between(ends[0].0, ends[1].0), between(ends[0].1, ends[1].1))
        })
    });
    let positions: Vec<_> = on_lines.map(|(a, b)| (share(a, x), share(b, y))).collect();
    let covered = |right: bool, upper: bool| {
        let near = |share: f64, end: bool| if end { share > 1.0 - SIDE } else { share < SIDE };
        positions.iter().filter(|(x, y)| near(*x, right) && near(*y, upper)).count()
    };
    let corners = [
        (covered(true, true), UpperRight),
        (covered(false, true), UpperLeft),
        (covered(true, false), LowerRight),
        (covered(false, false), LowerLeft),
    ];
    corners.into_iter().min_by_key(|(count, _)| *count).map_or(UpperRight, |(_, corner)| corner)
}

/// The position of a value on an axis.
fn position(value: f64, logarithmic: bool) -> f64 {
    if logarithmic { value.log10() } else { value }
}

/// An axis between its ends, which are logarithms if it is logarithmic.
struct Axis {
    range: Range<f64>,
    marks: Vec<f64>,
    logarithmic: bool,
    /// The number of decimals of all labels; `None` if each label has its own.
    decimals: Option<usize>,
}

/// Marks at even steps of 1, 2 or 5 at some power of ten, and the decimals that tell them apart.
fn even_marks(range: &Range<f64>) -> (Vec<f64>, usize) {
    let rough = (range.end - range.start) / 5.0;
    let decade = 10f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * decade);
    let step = steps.into_iter().find(|step| *step >= rough).unwrap_or(rough);
    let marks = (range.start / step).ceil() as i64..=(range.end / step).floor() as i64;
    let decimals = (-step.log10().floor()).clamp(0.0, 12.0) as usize;
    (marks.map(|mark| mark as f64 * step).collect(), decimals)
}

impl Axis {
    fn of(values: impl Iterator<Item = f64> + Clone, logarithmic: bool) -> Self {
        let low = values.clone().reduce(f64::min).unwrap_or(0.0);
        let high = values.reduce(f64::max).unwrap_or(1.0);
        let margin = (0.04 * (high - low)).max(1e-6 * low.abs().max(1e-6));
        let range = (low - margin)..(high + margin);
        let span = range.end - range.start;
        let (marks, decimals) = if logarithmic && span < 0.5 {
            // Shorter than the steps 1, 2 and 5: even steps between the values.
            let (marks, decimals) = even_marks(&(10f64.powf(range.start)..10f64.powf(range.end)));
            (marks.into_iter().map(f64::log10).collect(), Some(decimals))
        } else if logarithmic {
            // Marks at 1, 2 and 5 of each decade, if there are few decades.
            let digits: &[f64] = if span < 2.5 { &[1.0, 2.0, 5.0] } else { &[1.0] };
            let every = (span / 6.0).ceil().max(1.0) as i32;
            let decades = range.start.floor() as i32..=range.end.ceil() as i32;
            let decades = decades.filter(|decade| decade.rem_euclid(every) == 0);
            let mark = |decade: i32| digits.iter().map(move |d| f64::from(decade) + d.log10());
            (decades.flat_map(mark).collect::<Vec<_>>(), None)
        } else {
            let (marks, decimals) = even_marks(&range);
            (marks, Some(decimals))
        };
        let marks = marks.into_iter().filter(|mark| range.contains(mark)).collect();
        Self { range, marks, logarithmic, decimals }
    }

    fn label(&self, place: f64) -> String {
        let value = if self.logarithmic { 10f64.powf(place) } else { place };
        match self.decimals {
            Some(decimals @ ..6) => format!("{value:.decimals$}"),
            None if (-4.0..6.0).contains(&place) => {
                // Rounded to the leading digit of the mark.
                let decimals = (-(place + 1e-9).floor()).max(0.0) as usize;
                format!("{value:.decimals$}")
            }
            _ => format!("{value:.0e}"),
        }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (start, end): (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        start + (f64::from(end - start) * share).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.marks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, place: &f64) -> String {
        self.label(*place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(values: &[f64], logarithmic: bool) -> Vec<String> {
        let place = |v: &f64| if logarithmic { v.log10() } else { *v };
        let axis = Axis::of(values.iter().map(place), logarithmic);
        axis.marks.iter().map(|mark| axis.label(*mark)).collect()
    }

    #[test]
    fn marks_are_round_numbers() {
        assert_eq!(labels(&[0.0, 200.0], false), ["0", "50", "100", "150", "200"]);
        assert_eq!(labels(&[0.31, 0.352], false), ["0.31", "0.32", "0.33", "0.34", "0.35"]);
        assert_eq!(labels(&[0.003, 0.3], true), ["0.005", "0.01", "0.02", "0.05", "0.1", "0.2"]);
        assert_eq!(labels(&[3.0, 3.6], true), ["3.0", "3.2", "3.4", "3.6"]);
        let decades = labels(&[1e-7, 1e9], true);
        assert_eq!(decades, ["1e-6", "0.001", "1", "1000", "1e6", "1e9"]);
        // All values are equal, or there are none.
        assert!(!labels(&[2.0], false).is_empty());
        assert!(!labels(&[], true).is_empty());
    }

    #[test]
    fn a_legend_keeps_off_the_lines() {
        let rising = vec![vec![vec![(0.0, 0.0), (1.0, 1.0)]]];
        let falling = vec![vec![vec![(0.0, 1.0), (1.0, 0.0)]]];
        let corner = |lines: &[_]| emptiest_corner(lines, &(0.0..1.0), &(0.0..1.0));
        assert!(matches!(corner(&falling), SeriesLabelPosition::UpperRight));
        assert!(matches!(corner(&rising), SeriesLabelPosition::UpperLeft));
        assert!(matches!(corner(&[]), SeriesLabelPosition::UpperRight));
    }

    #[test]
    fn what_has_no_place_is_a_gap() {
        let nan = f64::NAN;
        let points = vec![(0.0, 1.0), (1.0, 10.0), (2.0, nan), (3.0, 100.0), (4.0, 0.0)];
        let line = Line { name: String::new(), points, colour: 0, dashed: false };
        let panel = Panel {
            title: String::new(),
            x: String::new(),
            y: String::new(),
            logarithmic: [false, true],
            y_range: None,
            lines: vec![],
        };
        assert_eq!(panel.pieces(&line), [vec![(0.0, 0.0), (1.0, 1.0)], vec![(3.0, 2.0)]]);
    }
}

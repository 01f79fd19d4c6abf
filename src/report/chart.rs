//! Charts as SVG with the colours of the page that they stand in, light or dark.

use core::ops::Range;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::error::{Drawn, ReportError};

/// An axis of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The quantity along the axis.
    pub label: String,
    /// The range of the axis.
    pub range: Range<f64>,
    /// Whether its numbers are shares, which are written in percent.
    pub percent: bool,
    /// Named places, such as sizes of models, that are marked in place of round numbers. Empty for round numbers.
    pub named: Vec<(f64, String)>,
}

impl Axis {
    /// An axis of shares from 0 to 100 %.
    pub fn share(label: &str) -> Self {
        Self { percent: true, ..Self::number(label, 0.0..1.0) }
    }

    /// An axis of plain numbers.
    pub fn number(label: &str, range: Range<f64>) -> Self {
        Self { label: label.into(), range, percent: false, named: vec![] }
    }

    /// An axis of named places in this order, evenly spaced from 0 on: `0.0` is the first.
    pub fn names<N: Into<String>>(label: &str, names: impl IntoIterator<Item = N>) -> Self {
        let named: Vec<_> =
            names.into_iter().enumerate().map(|(i, name)| (i as f64, name.into())).collect();
        let last = named.len().saturating_sub(1) as f64;
        Self { named, ..Self::number(label, -0.35..last + 0.35) }
    }

    fn text(&self, value: f64) -> String {
        if let Some((_, name)) = self.named.iter().find(|(place, _)| *place == value) {
            return name.clone();
        }
        let (factor, unit) = if self.percent { (100.0, " %") } else { (1.0, "") };
        // Ticks are 1, 2 or 5 of some power of ten apart: as many digits as that power has tell them apart.
        let apart = factor * (self.range.end - self.range.start) / TICKS as f64;
        let power = apart.log10().floor();
        let power = if apart > 5.0 * 10f64.powf(power) { power + 1.0 } else { power };
        let digits = (-power).clamp(0.0, 6.0) as usize;
        format!("{:.digits$}{unit}", factor * value)
    }
}

/// How a series is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mark {
    /// A line through the points.
    Line,
    /// A line with a dot at each point.
    LineAndDots,
    /// A thin dashed line, for a reference that other series are compared with.
    Reference,
    /// A dot at each point, and a line through the means of points with the same place on the horizontal axis:
    /// the usual form for several seeds.
    Means,
    /// A dot at each point.
    Dots,
    /// A bar of this width, in units of the axis, from the bottom to each point.
    Bars(f64),
}

/// A series of points.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The name in the legend. A series without a name is not in it.
    pub name: String,
    /// How the points are drawn.
    pub mark: Mark,
    /// The points. Points that are not finite are left out.
    pub points: Vec<[f64; 2]>,
}

/// A chart of several series over two axes.
///
/// ```
/// use vit22b::report::{Axis, Chart, Mark, Series};
///
/// let chart = Chart {
///     title: "Risk by coverage".into(),
///     x: Axis::share("answered"),
///     y: Axis { range: 0.0..0.3, ..Axis::share("wrong") },
///     series: vec![Series { name: "model".into(), mark: Mark::Line, points: vec![[0.1, 0.0], [1.0, 0.2]] }],
/// };
/// assert!(chart.svg()?.starts_with("<svg"));
/// # Ok::<(), vit22b::report::ReportError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// The title.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The series. The first is drawn first, below the others.
    pub series: Vec<Series>,
}

/// Width of a chart in its own units. It is that of a phone's screen, so that text stays readable there.
const WIDTH: u32 = 360;
/// Height of a chart without its legend.
const HEIGHT: u32 = 280;
/// The most numbers that are written along an axis.
const TICKS: usize = 6;
/// Height of a row of the legend.
const ROW: i32 = 20;

const FONT: &str = "sans-serif";

/// Colours that the page replaces: the colour that is drawn, and the variable of the page's style with the
/// colour that stands in for it outside of a page.
const PALETTE: [(RGBColor, &str, &str); 9] = [
    (RGBColor(1, 1, 1), "--ink", "#1d2127"),
    (RGBColor(2, 2, 2), "--muted", "#68707c"),
    (RGBColor(3, 3, 3), "--grid", "#e3e6ea"),
    (RGBColor(4, 4, 4), "--series-1", "#2563c9"),
    (RGBColor(5, 5, 5), "--series-2", "#c2570c"),
    (RGBColor(6, 6, 6), "--series-3", "#0f8a5f"),
    (RGBColor(7, 7, 7), "--series-4", "#a3348f"),
    (RGBColor(8, 8, 8), "--series-5", "#7a6a12"),
    (RGBColor(9, 9, 9), "--band", "#f3e3cf"),
];
const INK: RGBColor = PALETTE[0].0;
const MUTED: RGBColor = PALETTE[1].0;
const GRID: RGBColor = PALETTE[2].0;
const BAND: RGBColor = PALETTE[8].0;

fn series_colour(index: usize) -> RGBColor {
    PALETTE[3 + index % 5].0
}

/// Draws on a transparent background.
fn draw(
    title: &str,
    height: u32,
    paint: impl FnOnce(&DrawingArea<SVGBackend<'_>, Shift>) -> Drawn,
) -> Result<String, ReportError> {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
    let result = paint(&area).and_then(|()| area.present().map_err(Into::into));
    drop(area);
    result.map_err(|error| ReportError::new(title, error))?;
    for (RGBColor(r, g, b), variable, otherwise) in PALETTE {
        let drawn = format!("\"#{r:02X}{g:02X}{b:02X}\"");
        svg = svg.replace(&drawn, &format!("\"var({variable}, {otherwise})\""));
    }
    Ok(svg)
}

fn text(size: i32, colour: RGBColor, at: HPos) -> TextStyle<'static> {
    let mut style = TextStyle::from((FONT, size).into_font());
    style.color = colour.to_backend_color();
    style.pos(Pos::new(at, VPos::Center))
}

impl Chart {
    /// The chart as SVG. Its colours are variables of the style of the page that it stands in.
    ///
    /// # Errors
    ///
    /// [`ReportError`] if it cannot be drawn.
    pub fn svg(&self) -> Result<String, ReportError> {
        let named: Vec<_> =
            self.series.iter().enumerate().filter(|(_, s)| !s.name.is_empty()).collect();
        let rows = if named.len() > 1 { named.len().div_ceil(2) as i32 } else { 0 };
        let height = HEIGHT + (rows * ROW) as u32;
        let svg = draw(&self.title, height, |area| {
            let (plot, legend) = area.split_vertically(HEIGHT);
            let mut chart = ChartBuilder::on(&plot)
                .margin_top(10)
                .margin_right(18)
                .x_label_area_size(46)
                .y_label_area_size(62)
                .build_cartesian_2d(Scale::of(&self.x), Scale::of(&self.y))?;
            chart
                .configure_mesh()
                .x_desc(&self.x.label)
                .y_desc(&self.y.label)
                .x_labels(TICKS)
                .y_labels(TICKS)
                .x_label_formatter(&|value| self.x.text(*value))
                .y_label_formatter(&|value| self.y.text(*value))
                .label_style(text(13, MUTED, HPos::Left))
                .axis_desc_style(text(14, INK, HPos::Center))
                .axis_style(GRID)
                .bold_line_style(GRID)
                .light_line_style(TRANSPARENT)
                .draw()?;
            for (index, series) in self.series.iter().enumerate() {
                self.draw_series(&mut chart, index, series)?;
            }
            for (place, (index, series)) in named.iter().enumerate().take(2 * rows as usize) {
                let (x, y) = (42 + place as i32 % 2 * 165, place as i32 / 2 * ROW + ROW / 2);
                let colour = self.colour(*index);
                // A reference is dashed here too.
                let (pieces, width) = match series.mark {
                    Mark::Reference => (vec![(0, 4), (7, 11), (14, 18)], 2),
                    _ => (vec![(0, 18)], 3),
                };
                for (from, to) in pieces {
                    let ends = [(x + from, y), (x + to, y)];
                    legend.draw(&PathElement::new(ends, colour.stroke_width(width)))?;
                }
                legend.draw_text(&series.name, &text(13, INK, HPos::Left), (x + 24, y))?;
            }
            Ok(())
        })?;
        Ok(described(&svg, &self.description()))
    }

    /// What the chart shows, in words, for those who do not see it.
    fn description(&self) -> String {
        let mut text = format!("{} over {}.", self.y.label, self.x.label);
        let named = self.series.iter().filter(|s| !s.name.is_empty() && !s.points.is_empty());
        for series in named {
            let finite = series.points.iter().filter(|point| point.iter().all(|v| v.is_finite()));
            let points: Vec<[f64; 2]> = finite.copied().collect();
            let points = if series.mark == Mark::Means { means(&points) } else { points };
            let point = |[x, y]: &[f64; 2]| format!("{} at {}", self.y.text(*y), self.x.text(*x));
            let told: Vec<String> = match &points[..] {
                [first, .., last] if points.len() > MOST_TOLD => {
                    vec![format!("from {}", point(first)), format!("to {}", point(last))]
                }
                few => few.iter().map(point).collect(),
            };
            text += &format!(" {}: {}.", series.name, told.join(", "));
        }
        text
    }

    /// The colour of each series; references are grey.
    fn colour(&self, index: usize) -> RGBColor {
        if self.series[index].mark == Mark::Reference {
            return MUTED;
        }
        let own = self.series[..index].iter().filter(|series| series.mark != Mark::Reference);
        series_colour(own.count())
    }

    fn draw_series(
        &self,
        chart: &mut ChartContext<'_, SVGBackend<'_>, Cartesian2d<Scale, Scale>>,
        index: usize,
        series: &Series,
    ) -> Drawn {
        let colour = self.colour(index);
        let finite = series.points.iter().filter(|point| point.iter().all(|v| v.is_finite()));
        let points: Vec<(f64, f64)> = finite.map(|[x, y]| (*x, *y)).collect();
        let line = |width: u32| LineSeries::new(points.iter().copied(), colour.stroke_width(width));
        match series.mark {
            Mark::Line => {
                chart.draw_series(line(2))?;
            }
            Mark::LineAndDots => {
                chart.draw_series(line(2))?;
                let dots = points.iter().map(|point| Circle::new(*point, 3, colour.filled()));
                chart.draw_series(dots)?;
            }
            Mark::Means => {
                let through: Vec<[f64; 2]> = points.iter().map(|(x, y)| [*x, *y]).collect();
                let through = means(&through).into_iter().map(|[x, y]| (x, y));
                chart.draw_series(LineSeries::new(through, colour.stroke_width(2)))?;
                let dots = points.iter().map(|point| Circle::new(*point, 3, colour.filled()));
                chart.draw_series(dots)?;
            }
            Mark::Dots => {
                let dots = points.iter().map(|point| Circle::new(*point, 4, colour.filled()));
                chart.draw_series(dots)?;
            }
            Mark::Reference => {
                let dashes = DashedLineSeries::new(points, 5, 4, colour.stroke_width(1));
                chart.draw_series(dashes)?;
            }
            Mark::Bars(width) => {
                let bottom = self.y.range.start;
                let bars = points.iter().map(|(x, y)| {
                    let corners = [(x - width / 2.0, bottom), (x + width / 2.0, *y)];
                    Rectangle::new(corners, colour.mix(0.75).filled())
                });
                chart.draw_series(bars)?;
            }
        }
        Ok(())
    }
}

/// More points than these are told by the first and the last.
const MOST_TOLD: usize = 8;

/// The mean height of the points at each place, in the order in which the places come.
fn means(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut places: Vec<f64> = Vec::new();
    for [x, _] in points {
        if !places.contains(x) {
            places.push(*x);
        }
    }
    let mean = |place: f64| {
        let heights: Vec<f64> = points.iter().filter(|p| p[0] == place).map(|p| p[1]).collect();
        [place, heights.iter().sum::<f64>() / heights.len() as f64]
    };
    places.into_iter().map(mean).collect()
}

/// The SVG with a description that screen readers tell.
pub(super) fn described(svg: &str, description: &str) -> String {
    let Some(end) = svg.find('>').filter(|_| svg.starts_with("<svg")) else { return svg.into() };
    let description = super::document::escape(description);
    format!("{}<desc>{description}</desc>{}", &svg[..=end], &svg[end + 1..])
}

/// Where values of an axis are drawn.
struct Scale {
    inner: RangedCoordf64,
    named: Vec<f64>,
}

impl Scale {
    fn of(axis: &Axis) -> Self {
        let named = axis.named.iter().map(|(place, _)| *place);
        Self { inner: axis.range.clone().into(), named: named.collect() }
    }
}

impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.inner.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if self.named.is_empty() { self.inner.key_points(hint) } else { self.named.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.inner.range()
    }
}

// The labels are those of the axis, which each chart gives.
impl ValueFormatter<f64> for Scale {
    fn format_ext(&self, value: &f64) -> String {
        value.to_string()
    }
}

/// Rows with one dot each on a common axis from 0 to 100 %, with a range and a line for context: the usual
/// form for shape bias.
#[derive(Debug, Clone, PartialEq)]
pub struct DotRows {
    /// The title.
    pub title: String,
    /// The quantity along the axis.
    pub label: String,
    /// The name and the share of each row. A row without a share has no dot.
    pub rows: Vec<(String, Option<f64>)>,
    /// The share over all rows, drawn as a line.
    pub mean: Option<f64>,
    /// A range for context, with its name.
    pub band: Option<(String, Range<f64>)>,
    /// A line for context, with its name.
    pub reference: Option<(String, f64)>,
}

impl DotRows {
    /// The rows as SVG. Its colours are variables of the style of the page that it stands in.
    ///
    /// # Errors
    ///
    /// [`ReportError`] if it cannot be drawn.
    ///
    /// ```
    /// use vit22b::report::DotRows;
    ///
    /// let rows = DotRows {
    ///     title: "Shape bias".into(),
    ///     label: "decisions for the shape".into(),
    ///     rows: vec![("disc".into(), Some(0.4)), ("star".into(), None)],
    ///     mean: Some(0.4),
    ///     band: Some(("typical models".into(), 0.2..0.3)),
    ///     reference: Some(("people".into(), 0.96)),
    /// };
    /// assert!(rows.svg()?.contains("typical models"));
    /// # Ok::<(), vit22b::report::ReportError>(())
    /// ```
    pub fn svg(&self) -> Result<String, ReportError> {
        let (left, right, top, row) = (92, WIDTH as i32 - 24, 46, 28);
        let bottom = top + row * self.rows.len() as i32;
        let svg = draw(&self.title, (bottom + 48) as u32, |area| {
            let x = |share: f64| left + (share * f64::from(right - left)).round() as i32;
            if let Some((name, band)) = &self.band {
                let corners = [(x(band.start), top), (x(band.end), bottom)];
                area.draw(&Rectangle::new(corners, BAND.filled()))?;
                let middle = (x(band.start) + x(band.end)) / 2;
                area.draw_text(name, &text(13, MUTED, HPos::Center), (middle, top - 12))?;
            }
            for tick in 0..=4 {
                let share = f64::from(tick) / 4.0;
                area.draw(&PathElement::new([(x(share), top), (x(share), bottom)], GRID))?;
                let label = format!("{:.0} %", 100.0 * share);
                area.draw_text(&label, &text(13, MUTED, HPos::Center), (x(share), bottom + 14))?;
            }
            let place = ((left + right) / 2, bottom + 36);
            area.draw_text(&self.label, &text(14, INK, HPos::Center), place)?;
            if let Some((name, share)) = &self.reference {
                for y in (top..bottom).step_by(8) {
                    let dash = [(x(*share), y), (x(*share), (y + 4).min(bottom))];
                    area.draw(&PathElement::new(dash, MUTED.stroke_width(2)))?;
                }
                area.draw_text(name, &text(13, MUTED, HPos::Center), (x(*share) - 8, top - 12))?;
            }
            let colour = series_colour(0);
            if let Some(mean) = self.mean {
                let line = [(x(mean), top), (x(mean), bottom)];
                area.draw(&PathElement::new(line, colour.stroke_width(2)))?;
                let label = format!("{:.0} %", 100.0 * mean);
                area.draw_text(&label, &text(14, colour, HPos::Center), (x(mean), top - 30))?;
            }
            for (i, (name, share)) in self.rows.iter().enumerate() {
                let y = top + row * i as i32 + row / 2;
                area.draw_text(name, &text(14, INK, HPos::Right), (left - 10, y))?;
                if let Some(share) = share {
                    area.draw(&Circle::new((x(*share), y), 6, colour.filled()))?;
                }
            }
            Ok(())
        })?;
        Ok(described(&svg, &self.description()))
    }

    /// What the rows show, in words, for those who do not see them.
    fn description(&self) -> String {
        let percent = |share: f64| format!("{:.0} %", 100.0 * share);
        let row = |(name, share): &(String, Option<f64>)| {
            format!("{name} {}", share.map_or_else(|| "–".into(), percent))
        };
        let rows: Vec<String> = self.rows.iter().map(row).collect();
        let mean = self.mean.map(|mean| format!(" Over all rows {}.", percent(mean)));
        let band = self.band.as_ref().map(|(name, band)| {
            format!(" {name}: {} to {}.", percent(band.start), percent(band.end))
        });
        let reference = self.reference.as_ref().map(|(name, _)| format!(" Marked: {name}."));
        let more: String = [mean, band, reference].into_iter().flatten().collect();
        format!("{}: {}.{more}", self.label, rows.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_variables_and_what_is_not_finite_is_left_out() {
        let series = |name: &str, mark| Series {
            name: name.into(),
            mark,
            points: vec![[0.0, 0.1], [0.5, f64::NAN], [1.0, 0.9]],
        };
        let chart = Chart {
            title: "t".into(),
            x: Axis::share("x < 1"),
            y: Axis::share("y"),
            series: vec![
                series("a", Mark::Line),
                series("b", Mark::LineAndDots),
                series("c", Mark::Reference),
                series("", Mark::Bars(0.1)),
            ],
        };
        let svg = chart.svg().unwrap();
        for variable in ["--ink", "--muted", "--grid", "--series-1", "--series-2", "--series-3"] {
            assert!(svg.contains(variable), "{variable}");
        }
        assert!(!svg.contains("NaN") && !svg.contains("\"#0"), "{svg}");
        assert!(svg.contains("x &lt; 1") && svg.contains("100 %"), "{svg}");
    }

    #[test]
    fn means_go_through_the_seeds_of_each_size_and_are_told() {
        let chart = Chart {
            title: "t".into(),
            x: Axis::names("model", ["small", "large"]),
            y: Axis::share("accuracy"),
            series: vec![Series {
                name: "digits".into(),
                mark: Mark::Means,
                points: vec![[0.0, 0.4], [0.0, 0.6], [1.0, 0.8]],
            }],
        };
        let svg = chart.svg().unwrap();
        let told = "<desc>accuracy over model. digits: 50 % at small, 80 % at large.</desc>";
        assert!(svg.contains(told), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 3);
        assert_eq!(
            (svg.matches(">\nsmall\n<").count(), svg.matches(">\nlarge\n<").count()),
            (1, 1)
        );
    }

    #[test]
    fn numbers_have_the_digits_that_tell_them_apart() {
        let axis = |range| Axis::number("", range);
        assert_eq!(axis(0.0..5.0).text(2.5), "2");
        assert_eq!(axis(0.0..0.5).text(0.25), "0.2");
        assert_eq!(axis(0.0..0.05).text(0.025), "0.03");
        assert_eq!(axis(0.0..500.0).text(250.0), "250");
        assert_eq!(axis(-0.03..1.03).text(0.2), "0.2");
        let share = |range| Axis { percent: true, ..axis(range) };
        assert_eq!(share(0.0..1.0).text(0.2), "20 %");
        assert_eq!(share(0.18..0.2).text(0.185), "18.5 %");
    }
}

//! Pictures of results as files of SVG.

use std::path::Path;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::error::{Drawn, ReportError};

/// Colours that most people can tell apart, one for each class. After ten they repeat.
pub(super) const CLASSES: [RGBColor; 10] = [
    RGBColor(31, 119, 180),
    RGBColor(255, 127, 14),
    RGBColor(44, 160, 44),
    RGBColor(214, 39, 40),
    RGBColor(148, 103, 189),
    RGBColor(140, 86, 75),
    RGBColor(227, 119, 194),
    RGBColor(96, 96, 96),
    RGBColor(188, 189, 34),
    RGBColor(23, 190, 207),
];

pub(super) const FONT: &str = "sans-serif";

/// Draws a picture of this size and writes it to a file.
pub(super) fn save(
    path: &Path,
    size: (u32, u32),
    draw: impl FnOnce(&DrawingArea<SVGBackend<'_>, plotters::coord::Shift>) -> Drawn,
) -> Result<(), ReportError> {
    let area = SVGBackend::new(path, size).into_drawing_area();
    let result = area
        .fill(&WHITE)
        .map_err(Into::into)
        .and_then(|()| draw(&area))
        .and_then(|()| area.present().map_err(Into::into));
    result.map_err(|error| ReportError::new(path.display(), error))
}

/// A style for text whose position is that of its middle.
fn text(size: i32, colour: &RGBColor) -> TextStyle<'_> {
    let style = TextStyle::from((FONT, size).into_font()).color(colour);
    style.pos(Pos::new(HPos::Center, VPos::Center))
}

/// A curve over steps, with its running mean.
///
/// # Errors
///
/// [`ReportError`] if the file cannot be written.
pub fn curve(
    path: &Path,
    title: &str,
    quantity: &str,
    points: &[(u64, f64)],
) -> Result<(), ReportError> {
    save(path, (760, 420), |area| {
        // The first steps may be far above all others and are cut off at the top.
        let mut sorted: Vec<f64> =
            points.iter().map(|(_, y)| *y).filter(|y| y.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let low = sorted.first().copied().unwrap_or(0.0);
        let high = sorted.get(sorted.len() * 98 / 100).copied().unwrap_or(1.0);
        let margin = 0.05 * (high - low).max(1e-9);
        let top = high + margin;
        let points: Vec<(u64, f64)> = points.iter().map(|(step, y)| (*step, y.min(top))).collect();
        let end = points.last().map_or(1, |(step, _)| step + 1);
        let mut chart = ChartBuilder::on(area)
            .caption(title, (FONT, 20))
            .margin(16)
            .x_label_area_size(42)
            .y_label_area_size(62)
            .build_cartesian_2d(0..end, (low - margin)..top)?;
        chart
            .configure_mesh()
            .x_desc("step")
            .y_desc(quantity)
            .label_style((FONT, 13))
            .light_line_style(WHITE)
            .draw()?;
        chart
            .draw_series(LineSeries::new(points.iter().copied(), CLASSES[0].mix(0.35)))?
            .label("each step")
            .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], CLASSES[0].mix(0.35)));
        let window = (points.len() / 20).max(1);
        let mean = |end: usize| {
            let part = &points[end.saturating_sub(window)..end];
            (part[part.len() - 1].0, part.iter().map(|(_, y)| y).sum::<f64>() / part.len() as f64)
        };
        let smooth: Vec<_> = (window..=points.len()).filter(|end| *end > 0).map(mean).collect();
        chart
            .draw_series(LineSeries::new(smooth, CLASSES[0].stroke_width(2)))?
            .label(format!("mean of {window}"))
            .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], CLASSES[0].stroke_width(2)));
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .label_font((FONT, 13))
            .background_style(WHITE.mix(0.8))
            .draw()?;
        Ok(())
    })
}

/// How often each true class (a row of `counts`) was taken for each predicted class (a column), darker
/// where there are more.
///
/// # Errors
///
/// [`ReportError`] if the file cannot be written.
pub fn confusion(
    path: &Path,
    title: &str,
    names: &[String],
    counts: &[Vec<usize>],
) -> Result<(), ReportError> {
    let (cell, left, top) = (46i32, 90i32, 84i32);
    let n = counts.len() as i32;
    let size = ((left + n * cell + 24) as u32, (top + n * cell + 24) as u32);
    save(path, size, |area| {
        let middle = left + n * cell / 2;
        area.draw_text(title, &text(18, &BLACK), (middle, 22))?;
        area.draw_text("predicted", &text(14, &BLACK), (middle, 46))?;
        let side = text(14, &BLACK).transform(FontTransform::Rotate270);
        area.draw_text("true", &side, (20, top + n * cell / 2))?;
        for (row, counts) in counts.iter().enumerate() {
            let total = counts.iter().sum::<usize>().max(1) as f64;
            let y = top + row as i32 * cell;
            if let Some(name) = names.get(row) {
                area.draw_text(name, &text(14, &BLACK), (left - 22, y + cell / 2))?;
                let x = left + row as i32 * cell + cell / 2;
                area.draw_text(name, &text(14, &BLACK), (x, top - 16))?;
            }
            for (column, &count) in counts.iter().enumerate() {
                let x = left + column as i32 * cell;
                let share = (count as f64 / total).sqrt();
                let fill = CLASSES[0].mix(share).filled();
                area.draw(&Rectangle::new([(x, y), (x + cell, y + cell)], fill))?;
                let frame = RGBColor(220, 220, 220).stroke_width(1);
                area.draw(&Rectangle::new([(x, y), (x + cell, y + cell)], frame))?;
                if count > 0 {
                    let colour = if share > 0.6 { WHITE } else { BLACK };
                    let at = (x + cell / 2, y + cell / 2);
                    area.draw_text(&count.to_string(), &text(14, &colour), at)?;
                }
            }
        }
        Ok(())
    })
}

/// Points in a plane, coloured by class. Where the names of classes have at most two letters, a point is drawn
/// as the name of its class.
///
/// # Errors
///
/// [`ReportError`] if the file cannot be written.
pub fn scatter(
    path: &Path,
    title: &str,
    points: &[[f32; 2]],
    classes: &[usize],
    names: &[String],
) -> Result<(), ReportError> {
    save(path, (760, 640), |area| {
        let range = |axis: usize| {
            let values = || points.iter().map(|p| f64::from(p[axis])).filter(|v| v.is_finite());
            let (low, high) = (values().fold(0.0, f64::min), values().fold(0.0, f64::max));
            let margin = 0.05 * (high - low).max(1e-9);
            (low - margin)..(high + margin)
        };
        let mut chart = ChartBuilder::on(area)
            .caption(title, (FONT, 20))
            .margin(16)
            .x_label_area_size(38)
            .y_label_area_size(48)
            .build_cartesian_2d(range(0), range(1))?;
        chart
            .configure_mesh()
            .x_desc("first principal component")
            .y_desc("second principal component")
            .label_style((FONT, 13))
            .light_line_style(WHITE)
            .bold_line_style(RGBColor(235, 235, 235))
            .draw()?;
        for (class, name) in names.iter().enumerate() {
            let colour = CLASSES[class % CLASSES.len()];
            let own = points.iter().zip(classes).filter(|(_, c)| **c == class);
            let at = own.map(|(p, _)| (f64::from(p[0]), f64::from(p[1])));
            if name.len() <= 2 {
                let style = text(13, &colour);
                let marks = at.map(|at| Text::new(name.clone(), at, style.clone()));
                chart.draw_series(marks)?;
            } else {
                chart
                    .draw_series(at.map(|at| Circle::new(at, 3, colour.mix(0.7).filled())))?
                    .label(name)
                    .legend(move |at| Circle::new(at, 4, colour.filled()));
            }
        }
        if names.iter().any(|name| name.len() > 2) {
            chart.configure_series_labels().background_style(WHITE.mix(0.8)).draw()?;
        }
        Ok(())
    })
}

use vit22b::experiments::geometry_of_scenes;
use vit22b::report::{Axis, ReportError};

use crate::paper::bench::Bench;
use crate::paper::claim::{Claim, Expect};
use crate::paper::figures::{curves, over_sizes};
use crate::paper::measured::Unit::Plain;
use crate::paper::measured::{Control, Figure, Found, Measured};
use crate::paper::section::Measure::Models;
use crate::paper::section::{Metric, Said, Section, Sure};
use crate::paper::subject::Subject;

/// Where in the model the layout of a scene can be read.
pub(super) const SECTION: Section = Section {
    name: "geometry",
    title: "Geometry of scenes, by layer",
    paper: &[Said {
        text: "The paper has no such measurement. Its depth heads read the last layer alone.",
        sure: Sure::Related,
    }],
    here: "Ridge regression reads the height of the horizon, the number of shapes and the distance of the nearest one from the tokens after each block, as means in 4 × 4 cells, on scenes that no model was trained on: the share R² of the variance that it explains on other scenes. The table has the last block; the columns of the mean of all tokens have one value where the others have sixteen. Where models are given, this is left out.",
    metrics: &[
        Metric { key: "nearest", title: "R², nearest shape", unit: Plain },
        Metric { key: "shapes", title: "number of shapes", unit: Plain },
        Metric { key: "horizon", title: "horizon", unit: Plain },
        Metric { key: "nearest_pooled", title: "nearest, mean of tokens", unit: Plain },
        Metric { key: "horizon_pooled", title: "horizon, mean of tokens", unit: Plain },
    ],
    claim: Some(Claim {
        text: "The paper makes no claim about scale here. Asked is whether more can be read from larger models.",
        metric: "nearest",
        expect: Expect::Rises,
    }),
    measure: Models {
        controls: &[Control::Untrained, Control::Pixels],
        trains: false,
        run: measure,
    },
    figures,
};

fn measure(subject: &mut Subject, bench: &Bench) -> anyhow::Result<Measured> {
    let Some(tower) = subject.frozen(&bench.settings, &bench.runtime)? else {
        return Ok(Measured::default());
    };
    let scenes = bench.settings.count(1_000, 50);
    let places = geometry_of_scenes(&bench.runtime, &tower, scenes, subject.id.seed)?;
    let mut measured = Measured::default();
    let Some(last) = places.last() else { return Ok(measured) };
    for (at, key) in ["horizon", "shapes", "nearest"].into_iter().enumerate() {
        measured = measured.with(key, last.cells[at]);
        measured = measured.with(&format!("{key}_pooled"), last.pooled[at]);
        let share = |blocks: usize| blocks as f64 / last.blocks.max(1) as f64;
        let curve = places.iter().map(|place| [share(place.blocks), place.cells[at]]);
        measured = measured.with_curve(key, curve);
    }
    Ok(measured)
}

fn figures(found: &Found) -> Result<Vec<Figure>, ReportError> {
    if !found.has("nearest") {
        return Ok(vec![]);
    }
    let depth = || Axis::number("share of the blocks", -0.03..1.03);
    Ok(vec![
        curves(found, "Nearest shape, by depth in the model", "nearest", depth(), ("R²", false))?,
        curves(found, "Number of shapes, by depth in the model", "shapes", depth(), ("R²", false))?,
        over_sizes(found, "Nearest shape", "R²", &[("nearest", "trained")], false)?,
    ])
}

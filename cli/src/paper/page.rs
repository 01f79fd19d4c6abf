//! The report as one page: what the paper says, what is done here, the numbers, a figure, and a word on scale.

use serde_json::{Map, Value, json};
use vit22b::report::{Block, Report, ReportError, Section as PageSection, Table};

use super::claim::Verdict;
use super::measured::{Found, Unit};
use super::section::{Section, Sure};

/// A section with all that was found.
pub(crate) struct Filled {
    pub(crate) section: &'static Section,
    pub(crate) found: Found,
}

/// What the page says of itself.
pub(crate) struct Told {
    pub(crate) lead: String,
    /// What the images of the linear probe are called.
    pub(crate) images: &'static str,
    /// The models: names and what they are.
    pub(crate) family: Vec<(String, String)>,
    /// How the report was made.
    pub(crate) made: Vec<(String, String)>,
    /// Sections that are not in the page yet.
    pub(crate) missing: Vec<&'static str>,
}

impl Filled {
    fn unit(&self) -> Unit {
        let claim = self.section.claim.as_ref();
        let metric =
            claim.and_then(|claim| self.section.metrics.iter().find(|m| m.key == claim.metric));
        metric.map_or(Unit::Plain, |metric| metric.unit)
    }

    fn verdict(&self) -> Option<Verdict> {
        self.section.claim.as_ref().map(|claim| claim.verdict(&self.found, self.unit()))
    }

    fn page(&self, told: &Told) -> Result<PageSection, ReportError> {
        let here = |text: &str| text.replace("{images}", told.images);
        let said = |sure: Sure| {
            let of = self.section.paper.iter().filter(|said| said.sure == sure);
            of.map(|said| said.text).collect::<Vec<_>>().join(" ")
        };
        let mut facts: Vec<(String, String)> = Vec::new();
        for sure in [Sure::Reported, Sure::Recalled, Sure::Related] {
            let text = said(sure);
            if !text.is_empty() {
                facts.push((format!("The paper ({})", sure.word()), text));
            }
        }
        facts.push(("Here".into(), here(self.section.here)));
        if let (Some(claim), Some(verdict)) = (&self.section.claim, self.verdict()) {
            facts.push(("About scale".into(), claim.text.into()));
            let metric = self.section.metrics.iter().find(|metric| metric.key == claim.metric);
            let of = metric.map_or(String::new(), |metric| format!(" ({})", here(metric.title)));
            let text = format!("{}. {}", capital(verdict.shows.words()), verdict.text);
            facts.push((format!("At this scale{of}"), text));
        }
        let mut blocks = vec![Block::Facts(facts)];
        let table = self.table(&here);
        if table.columns.len() > 1 {
            blocks.push(Block::Table(table));
        }
        let measured = || self.found.rows.iter().flat_map(|row| &row.seeds).map(|(_, m)| m);
        for measured in measured() {
            if let Some((columns, rows)) = measured.table.split_first() {
                blocks.push(Block::Table(Table { columns: columns.clone(), rows: rows.to_vec() }));
            }
        }
        let mut remarks: Vec<&String> = measured().flat_map(|measured| &measured.remarks).collect();
        remarks.dedup();
        blocks.extend(remarks.into_iter().map(|remark| Block::Text(remark.clone())));
        let figures = (self.section.figures)(&self.found)?;
        if !figures.is_empty() {
            blocks.push(Block::Figures(figures));
        }
        Ok(PageSection { title: self.section.title.into(), blocks })
    }

    fn table(&self, here: &dyn Fn(&str) -> String) -> Table {
        let shown = self.section.metrics.iter();
        let shown: Vec<_> = shown
            .filter(|metric| self.found.rows.iter().any(|row| !row.values(metric.key).is_empty()))
            .collect();
        let mut columns = vec!["model".to_string()];
        columns.extend(shown.iter().map(|metric| here(metric.title)));
        let row = |row: &super::measured::Row| {
            let mut cells = vec![row.name.clone()];
            cells.extend(shown.iter().map(|metric| spread(&row.values(metric.key), metric.unit)));
            cells
        };
        Table { columns, rows: self.found.rows.iter().map(row).collect() }
    }

    fn json(&self) -> Value {
        let rows = self.found.rows.iter().map(|row| {
            let seeds = row.seeds.iter().map(|(seed, measured)| {
                json!({"seed": seed, "numbers": measured.numbers, "curves": measured.curves,
                    "table": measured.table, "seconds": measured.seconds})
            });
            json!({"model": row.name, "control": row.control.is_some(),
                "seeds": seeds.collect::<Vec<_>>()})
        });
        let paper = self
            .section
            .paper
            .iter()
            .map(|said| json!({"text": said.text, "sure": said.sure.word()}));
        let verdict = self.section.claim.as_ref().zip(self.verdict()).map(|(claim, verdict)| {
            json!({"claim": claim.text, "metric": claim.metric,
                "shows": verdict.shows.words(), "text": verdict.text})
        });
        json!({"title": self.section.title, "paper": paper.collect::<Vec<_>>(),
            "scale": verdict, "models": rows.collect::<Vec<_>>()})
    }
}

/// The mean, with the standard deviation over the seeds where there are several.
fn spread(values: &[f64], unit: Unit) -> String {
    if values.is_empty() {
        return "–".into();
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    if values.len() == 1 {
        return unit.text(mean);
    }
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let deviation = (squares / (count - 1.0)).sqrt();
    match unit {
        Unit::Share => format!("{:.1} ± {:.1}\u{a0}%", 100.0 * mean, 100.0 * deviation),
        Unit::Plain => format!("{mean:.3} ± {deviation:.3}"),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// The page, and its numbers.
pub(crate) fn report(filled: &[Filled], told: &Told) -> anyhow::Result<(Report, Value)> {
    let mut sections = vec![glance(filled, told), made(told)];
    for filled in filled {
        sections.push(filled.page(told)?);
    }
    let report = Report {
        title: "Scaling Vision Transformers to 22 Billion Parameters, at a smaller scale".into(),
        lead: told.lead.clone(),
        sections,
    };
    let numbers: Map<String, Value> =
        filled.iter().map(|filled| (filled.section.name.to_string(), filled.json())).collect();
    let facts = |facts: &[(String, String)]| -> Map<String, Value> {
        facts.iter().map(|(name, text)| (name.clone(), json!(text))).collect()
    };
    let json = json!({"family": facts(&told.family), "made": facts(&told.made),
        "missing": told.missing, "sections": numbers});
    Ok((report, json))
}

/// Each claim, and whether it shows.
fn glance(filled: &[Filled], told: &Told) -> PageSection {
    let here = |text: &str| text.replace("{images}", told.images);
    let rows = filled.iter().filter_map(|filled| {
        let claim = filled.section.claim.as_ref()?;
        let verdict = filled.verdict()?;
        let metric = filled.section.metrics.iter().find(|metric| metric.key == claim.metric);
        let measured = metric.map_or(String::new(), |metric| here(metric.title));
        let title = format!("{}: {measured}", filled.section.title);
        let mut cells = vec![title, verdict.shows.words().into()];
        let unit = filled.unit();
        cells.extend(
            filled
                .found
                .sizes()
                .map(|row| row.mean(claim.metric).map_or("–".into(), |mean| unit.text(mean))),
        );
        Some(cells)
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let mut columns = vec!["section".to_string(), "about scale".into()];
    columns.extend(
        filled
            .iter()
            .find(|filled| filled.section.claim.is_some())
            .map(|filled| filled.found.sizes().map(|row| row.name.clone()).collect::<Vec<_>>())
            .unwrap_or_default(),
    );
    let text = "Each section repeats a measurement of the paper as far as it can be repeated without its data and its \
        size, and asks whether what the paper says about scale shows here. “Shows” means that the difference between \
        the smallest and the largest model is in the paper's direction and larger than seeds alone would explain; the \
        numbers are those by which that is judged.";
    let mut blocks = vec![Block::Text(text.into())];
    if !rows.is_empty() {
        blocks.push(Block::Table(Table { columns, rows }));
    }
    PageSection { title: "At a glance".into(), blocks }
}

/// The models, and how the report was made.
fn made(told: &Told) -> PageSection {
    let mut blocks = vec![Block::Facts(told.family.clone()), Block::Facts(told.made.clone())];
    if !told.missing.is_empty() {
        blocks.push(Block::Text(format!(
            "Not measured yet: {}. The same command without --only measures them.",
            told.missing.join(", ")
        )));
    }
    PageSection { title: "Models".into(), blocks }
}

//! A section of the report: what the paper did, what is done here, and how it is measured.

use vit22b::report::ReportError;

use super::bench::Bench;
use super::claim::Claim;
use super::measured::{Control, Figure, Found, Measured, Unit};
use super::subject::Subject;

/// A section. A new one is a value of this type in a file of `sections`, and a line in their list.
pub(crate) struct Section {
    /// The name by which `--only` knows it.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// What the paper did and reported.
    pub(crate) paper: &'static [Said],
    /// What is done here.
    pub(crate) here: &'static str,
    /// The columns of its table; the first is the most telling one.
    pub(crate) metrics: &'static [Metric],
    /// What the paper says about scale, and the number that would show it.
    pub(crate) claim: Option<Claim>,
    pub(crate) measure: Measure,
    pub(crate) figures: fn(&Found) -> Result<Vec<Figure>, ReportError>,
}

/// How a section is measured.
pub(crate) enum Measure {
    /// On each model of the family, and on the controls, one after the other.
    Models {
        controls: &'static [Control],
        /// Whether something is trained for it. That takes long, so controls are then measured with the first seed alone.
        trains: bool,
        run: fn(&mut Subject, &Bench) -> anyhow::Result<Measured>,
    },
    /// Once, without the family.
    Once(fn(&Bench) -> anyhow::Result<Measured>),
}

/// Something that the paper, or a source beside it, says.
pub(crate) struct Said {
    pub(crate) text: &'static str,
    pub(crate) sure: Sure,
}

/// How sure it is that the paper says so. Its full text was not at hand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sure {
    /// Read in a source that reports the paper.
    Reported,
    /// Read in other papers or public code of the same authors.
    Related,
    /// From memory, with some confidence.
    Recalled,
}

impl Sure {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Related => "by the same authors elsewhere",
            Self::Recalled => "recalled, not checked",
        }
    }
}

/// A number that a section measures of each model.
pub(crate) struct Metric {
    pub(crate) key: &'static str,
    pub(crate) title: &'static str,
    pub(crate) unit: Unit,
}

//! Trials of observers, people or models, in the raw-data form of model-vs-human.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::agreement::{Agreement, CueDecisions};
use crate::eval::arrays::{EvalError, check_some};

/// Trials that cannot be read or compared.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrialsError {
    /// A file or folder cannot be read.
    #[error("{}: {reason}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// The first line lacks a column.
    #[error("{}, line 1: expected a column \"{column}\"", path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
    },
    /// A line has another number of fields than the first.
    #[error("{}, line {line}: expected {expected} fields, got {got}", path.display())]
    Fields {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// Fields of the first line.
        expected: usize,
        /// Fields of this one.
        got: usize,
    },
    /// Two observers saw different images.
    #[error(
        "condition \"{condition}\": {first} and {second} did not see the same images once each, \
         such as {image}; compare observers of one experiment"
    )]
    Images {
        /// The condition.
        condition: String,
        /// An observer.
        first: String,
        /// Another one.
        second: String,
        /// An image that one of them saw and the other did not, or that one saw twice.
        image: String,
    },
    /// The comparison has no answer.
    #[error(transparent)]
    Eval(#[from] EvalError),
}

/// An observer's answer to an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// The observer, such as `subject-01` or `resnet50`.
    pub subject: String,
    /// The condition, such as a contrast; `NaN` if there is only one.
    pub condition: String,
    /// The name of the image, without the prefix that the experiment gave it.
    pub image: String,
    /// The right answer; for cue-conflict images, the category of the shape.
    pub category: String,
    /// The observer's answer; `na` for none.
    pub response: String,
}

impl Trial {
    /// Whether the answer is right.
    pub fn is_correct(&self) -> bool {
        self.response == self.category
    }

    /// The category of the texture of a cue-conflict image, by the end of its name: `cat1-bottle3.png` shows a
    /// cat with the texture of bottles.
    pub fn texture(&self) -> String {
        let name = self.image.split('.').next().unwrap_or_default();
        let texture = name.rsplit('-').next().unwrap_or_default();
        texture.chars().filter(|c| !c.is_ascii_digit()).collect()
    }
}

/// The trials of one data set.
///
/// ```
/// use std::path::Path;
/// use vit22b::eval::Trials;
///
/// let text = "subj,session,trial,rt,object_response,category,condition,imagename\n\
///             resnet50,1,1,NaN,bottle,cat,NaN,cat1-bottle3.png\n\
///             resnet50,1,2,NaN,cat,cat,NaN,cat2-car1.png\n";
/// let trials = Trials::parse(Path::new("cue-conflict.csv"), text)?;
/// assert_eq!(trials.cue_decisions().shape_bias(), Some(0.5));
/// # Ok::<(), vit22b::eval::TrialsError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trials {
    /// The trials, in the order of the files.
    pub trials: Vec<Trial>,
}

impl Trials {
    /// Reads the text of a file of comma-separated values whose first line names the columns
    /// `subj`, `object_response`, `category`, `condition` and `imagename`, among others, in any
    /// order and case.
    ///
    /// # Errors
    ///
    /// [`TrialsError`] that names the path and the line.
    pub fn parse(path: &Path, text: &str) -> Result<Self, TrialsError> {
        let mut lines = text.lines();
        let header: Vec<String> =
            fields(lines.next().unwrap_or_default()).map(str::to_lowercase).collect();
        let column = |column: &'static str| {
            let found = header.iter().position(|name| name == column);
            found.ok_or_else(|| TrialsError::Column { path: path.into(), column })
        };
        let [subject, response, category, condition, image] = [
            column("subj")?,
            column("object_response")?,
            column("category")?,
            column("condition")?,
            column("imagename")?,
        ];
        let mut trials = Vec::new();
        for (line, text) in lines.enumerate().filter(|(_, text)| !text.trim().is_empty()) {
            let fields: Vec<&str> = fields(text).collect();
            if fields.len() != header.len() {
                let (line, expected, got) = (line + 2, header.len(), fields.len());
                return Err(TrialsError::Fields { path: path.into(), line, expected, got });
            }
            trials.push(Trial {
                subject: fields[subject].into(),
                condition: fields[condition].into(),
                image: short_name(fields[image]).into(),
                category: fields[category].into(),
                response: fields[response].into(),
            });
        }
        Ok(Self { trials })
    }

    /// Reads a file, or all `.csv` files of a folder, which holds one data set.
    ///
    /// # Errors
    ///
    /// [`TrialsError`] that names the path and the line.
    pub fn read(path: &Path) -> Result<Self, TrialsError> {
        let io = |reason| TrialsError::Io { path: path.into(), reason };
        if !path.is_dir() {
            return Self::parse(path, &std::fs::read_to_string(path).map_err(io)?);
        }
        let entries = std::fs::read_dir(path).map_err(io)?;
        let paths = entries.map(|entry| entry.map(|entry| entry.path()));
        let mut paths: Vec<PathBuf> = paths.collect::<Result<_, _>>().map_err(io)?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "csv"));
        paths.sort();
        let mut all = Self::default();
        for path in paths {
            all.trials.extend(Self::read(&path)?.trials);
        }
        Ok(all)
    }

    /// The trials for which a condition holds.
    pub fn filter(&self, keep: impl Fn(&Trial) -> bool) -> Self {
        Self { trials: self.trials.iter().filter(|trial| keep(trial)).cloned().collect() }
    }

    /// The trials without the conditions that the toolbox's benchmark leaves out for this data set: conditions
    /// without a manipulation, and conditions in which people recognise less than a fifth.
    pub fn without_excluded(&self, data_set: &str) -> Self {
        let excluded = EXCLUDED.iter().find(|(name, _)| *name == data_set);
        let excluded = excluded.map_or(&[][..], |(_, conditions)| conditions);
        self.filter(|trial| !excluded.contains(&&*trial.condition))
    }

    /// The names of the observers, sorted.
    pub fn subjects(&self) -> Vec<&str> {
        let subjects: BTreeSet<&str> = self.trials.iter().map(|trial| &*trial.subject).collect();
        subjects.into_iter().collect()
    }

    /// The answers to cue-conflict images, counted by cue.
    pub fn cue_decisions(&self) -> CueDecisions {
        let mut decisions = CueDecisions::default();
        for trial in &self.trials {
            let texture = trial.texture();
            if texture != trial.category {
                let count = match &*trial.response {
                    response if response == trial.category => &mut decisions.shape,
                    response if response == texture => &mut decisions.texture,
                    _ => &mut decisions.neither,
                };
                *count += 1;
            }
        }
        decisions
    }

    /// Compares a model with people. For each person, the model is compared in each condition that both have
    /// seen; the result is the mean over conditions, then over people.
    ///
    /// # Errors
    ///
    /// [`TrialsError`] if either has no trial in common, or they did not see the same images.
    ///
    /// ```
    /// use std::path::Path;
    /// use vit22b::eval::Trials;
    ///
    /// let read = |name: &str, answers: [&str; 2]| {
    ///     let [a, b] = answers;
    ///     let text = format!("subj,object_response,category,condition,imagename\n\
    ///         {name},{a},cat,c50,x_1.png\n{name},{b},car,c50,y_2.png\n");
    ///     Trials::parse(Path::new("trials.csv"), &text)
    /// };
    /// let humans = read("subject-01", ["cat", "na"])?;
    /// let comparison = read("model", ["cat", "cat"])?.compare(&humans)?;
    /// assert_eq!((comparison.accuracy, comparison.error_consistency), (0.5, 1.0));
    /// # Ok::<(), vit22b::eval::TrialsError>(())
    /// ```
    pub fn compare(&self, people: &Self) -> Result<HumanComparison, TrialsError> {
        let model = self.by_condition();
        check_some("trials of the model", model.len())?;
        let mut comparisons = Vec::new();
        for person in people.subjects() {
            let own = people.filter(|trial| trial.subject == person);
            let own = own.by_condition();
            let mut conditions = Vec::new();
            for (condition, trials) in &model {
                if let Some(own) = own.get(condition) {
                    let [first, second] = matched(condition, trials, own)?;
                    conditions.push(HumanComparison::new(&Agreement::new(&first, &second)?));
                }
            }
            comparisons.extend(HumanComparison::mean(&conditions));
        }
        check_some("people that saw a condition of the model", comparisons.len())?;
        Ok(HumanComparison::mean(&comparisons).unwrap_or_default())
    }

    fn by_condition(&self) -> BTreeMap<&str, Vec<&Trial>> {
        let mut conditions: BTreeMap<&str, Vec<&Trial>> = BTreeMap::new();
        for trial in &self.trials {
            conditions.entry(&trial.condition).or_default().push(trial);
        }
        conditions
    }
}

/// How similar the answers of a model and of people are.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct HumanComparison {
    /// The model's share of right answers.
    pub accuracy: f64,
    /// The squared difference of the accuracies.
    pub accuracy_difference: f64,
    /// Observed consistency.
    pub observed_consistency: f64,
    /// Error consistency.
    pub error_consistency: f64,
}

impl HumanComparison {
    fn new(agreement: &Agreement) -> Self {
        Self {
            accuracy: agreement.accuracy[0],
            accuracy_difference: agreement.squared_accuracy_difference(),
            observed_consistency: agreement.observed,
            error_consistency: agreement.error_consistency(),
        }
    }

    /// The mean of comparisons, for example over data sets; none of an empty list.
    pub fn mean(comparisons: &[Self]) -> Option<Self> {
        let n = comparisons.len() as f64;
        let mean = |value: fn(&Self) -> f64| comparisons.iter().map(value).sum::<f64>() / n;
        (!comparisons.is_empty()).then(|| Self {
            accuracy: mean(|c| c.accuracy),
            accuracy_difference: mean(|c| c.accuracy_difference),
            observed_consistency: mean(|c| c.observed_consistency),
            error_consistency: mean(|c| c.error_consistency),
        })
    }
}

/// Pairs the trials of two observers of the same images: for each of the two, which answers are right, in the
/// order of the images.
fn matched(
    condition: &str,
    first: &[&Trial],
    second: &[&Trial],
) -> Result<[Vec<bool>; 2], TrialsError> {
    let mut sorted = [first.to_vec(), second.to_vec()];
    sorted.iter_mut().for_each(|trials| trials.sort_by_key(|trial| &trial.image));
    let [a, b] = &sorted;
    let name = |trials: &[&Trial]| trials[0].subject.clone();
    let error = |image: &Trial| TrialsError::Images {
        condition: condition.into(),
        first: name(first),
        second: name(second),
        image: image.image.clone(),
    };
    for trials in &sorted {
        if let Some(pair) = trials.windows(2).find(|pair| pair[0].image == pair[1].image) {
            return Err(error(pair[0]));
        }
    }
    let other = a.iter().zip(b).find(|(a, b)| a.image != b.image).map(|(a, b)| {
        // Of two sorted lists, the smaller image is the one that the other list lacks.
        if a.image < b.image { *a } else { *b }
    });
    if let Some(image) = other.or_else(|| a.get(b.len()).or_else(|| b.get(a.len())).copied()) {
        return Err(error(image));
    }
    Ok([a, b].map(|trials| trials.iter().map(|trial| trial.is_correct()).collect()))
}

/// The fields of a line. Some programs put quotes around them, which are removed.
fn fields(line: &str) -> impl Iterator<Item = &str> {
    line.split(',').map(|field| field.trim().trim_matches('"'))
}

/// The name of an image without the experiment's prefix: the part after the last `_`, with the WordNet id
/// before it if there is one.
fn short_name(name: &str) -> &str {
    let Some(last) = name.rfind('_') else { return name };
    let before = name[..last].rfind('_').map_or(0, |i| i + 1);
    if name[before..].starts_with("n0") { &name[before..] } else { &name[last + 1..] }
}

/// The conditions that the benchmark leaves out, by data set.
const EXCLUDED: [(&str, &[&str]); 12] = [
    ("colour", &["cr"]),
    ("contrast", &["c100", "c03", "c01"]),
    ("high-pass", &["inf", "0.55", "0.45", "0.4"]),
    ("low-pass", &["0", "15", "40"]),
    ("phase-scrambling", &["0", "150", "180"]),
    ("power-equalisation", &["0"]),
    ("false-colour", &["True"]),
    ("rotation", &["0"]),
    ("eidolonI", &["1-10-10", "64-10-10", "128-10-10"]),
    ("eidolonII", &["1-3-10", "32-3-10", "64-3-10", "128-3-10"]),
    ("eidolonIII", &["1-0-10", "16-0-10", "32-0-10", "64-0-10", "128-0-10"]),
    ("uniform-noise", &["0.0", "0.6", "0.9"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "subj,Session,trial,rt,object_response,category,condition,imagename\n";

    fn parse(lines: &str) -> Trials {
        Trials::parse(Path::new("a.csv"), &format!("{HEADER}{lines}")).unwrap()
    }

    #[test]
    fn names_lose_what_the_experiment_put_before_them() {
        let name = "0001_cl_s01_cr_oven_40_n04111531_14126.png";
        assert_eq!(short_name(name), "n04111531_14126.png");
        assert_eq!(short_name("airplane1-bicycle2.png"), "airplane1-bicycle2.png");
        assert_eq!(short_name("a_b_c.png"), "c.png");
        assert_eq!(short_name("n01_c.png"), "n01_c.png");
    }

    #[test]
    fn means_go_over_conditions_and_then_over_people() {
        let model = parse(
            "m,1,1,NaN,cat,cat,c50,x_1.png\nm,1,2,NaN,cat,car,c50,x_2.png\n\
             m,1,3,NaN,dog,dog,c10,x_3.png\nm,1,4,NaN,dog,dog,c5,x_4.png\n",
        );
        let people = parse(
            "subject-01,1,1,0.5,car,car,c50,9_x_2.png\nsubject-01,1,2,NaN,na,cat,c50,8_x_1.png\n\
             subject-01,1,3,0.5,dog,dog,c10,7_x_3.png\nsubject-02,1,1,0.5,dog,dog,c10,x_3.png\n",
        );
        let comparison = model.compare(&people).unwrap();
        // First person: c50 accuracy 1/2, all opposite (κ = −1); c10 equal. Second: c10 alone.
        assert_eq!(comparison.accuracy, (0.75 + 1.0) / 2.0);
        assert_eq!(comparison.observed_consistency, (0.5 + 1.0) / 2.0);
        assert_eq!(comparison.error_consistency, (0.0 + 1.0) / 2.0);
        assert_eq!(comparison.accuracy_difference, 0.0);
        let kept = model.without_excluded("contrast");
        assert_eq!(kept.trials.len(), 4);
        assert_eq!(parse("m,1,1,1,a,a,c03,x\n").without_excluded("contrast").trials.len(), 0);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let text = |result: Result<_, TrialsError>| match result {
            Err(error) => error.to_string(),
            Ok(()) => panic!("no error"),
        };
        let parse_error = |lines: &str| text(Trials::parse(Path::new("a.csv"), lines).map(|_| ()));
        assert_eq!(parse_error(""), "a.csv, line 1: expected a column \"subj\"");
        let line = format!("{HEADER}\nm,1,2\n");
        assert_eq!(parse_error(&line), "a.csv, line 3: expected 8 fields, got 3");
        let (a, b) = (parse("m,1,1,1,cat,cat,c,x_1.png\n"), parse("p,1,1,1,cat,cat,c,x_2.png\n"));
        assert_eq!(
            text(a.compare(&b).map(|_| ())),
            "condition \"c\": m and p did not see the same images once each, such as 1.png; \
             compare observers of one experiment"
        );
        let twice = parse("m,1,1,1,cat,cat,c,x_1.png\nm,1,2,1,cat,cat,c,y_1.png\n");
        assert!(text(twice.compare(&a).map(|_| ())).contains("such as 1.png"));
        assert!(text(Trials::default().compare(&a).map(|_| ())).contains("trials of the model"));
        let elsewhere = parse("p,1,1,1,cat,cat,other,x_1.png\n");
        assert!(text(a.compare(&elsewhere).map(|_| ())).contains("people that saw"));
        assert!(matches!(Trials::read(Path::new("/none.csv")), Err(TrialsError::Io { .. })));
    }
}

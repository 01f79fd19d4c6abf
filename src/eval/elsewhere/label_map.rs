//! Label maps: the classes of a data set as groups of a classifier's classes.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::eval::arrays::{
    EvalError, Matrix, Real, argmax, check_labels, check_length, check_some, map_rows,
};

/// A label map that cannot be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LabelMapError {
    /// A file cannot be read.
    #[error("{}: {reason}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A name that is no class of the classifier.
    #[error("class \"{name}\" is none of the classifier's {classes}; name both alike")]
    Unknown {
        /// The name.
        name: String,
        /// How many classes the classifier has.
        classes: usize,
    },
    /// A class without members, or with one that the classifier does not have.
    #[error("class \"{name}\": expected members below {classes}, got {members:?}")]
    Members {
        /// The class.
        name: String,
        /// Its members.
        members: Vec<usize>,
        /// How many classes the classifier has.
        classes: usize,
    },
}

/// How the logits of a group's members become a vote for the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vote {
    /// The largest logit, as for ObjectNet.
    Max,
    /// The mean of their probabilities, as for the sixteen classes of model-vs-human.
    MeanProbability,
}

/// The classes of a data set, each as a group of a classifier's classes, to evaluate the classifier on it.
///
/// ```
/// use vit22b::eval::{LabelMap, Matrix, Vote};
///
/// let model = ["tabby", "lion", "husky", "truck"].map(String::from);
/// let map = LabelMap::by_name(&["husky", "tabby"].map(String::from), &model)?;
/// // Only classes of the data set compete: the logit of "lion" is ignored.
/// let logits = [2.0f32, 3.0, 1.0, 0.0];
/// assert_eq!(map.predict(Matrix::new(&logits, 4)?, Vote::Max)?, [1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelMap {
    groups: Vec<(String, Vec<usize>)>,
    classes: usize,
}

impl LabelMap {
    /// Groups with names, of a classifier with this many classes.
    ///
    /// # Errors
    ///
    /// [`LabelMapError::Members`] for a group without members or with one that is out of range.
    pub fn new(
        groups: impl IntoIterator<Item = (String, Vec<usize>)>,
        classes: usize,
    ) -> Result<Self, LabelMapError> {
        let groups: Vec<_> = groups.into_iter().collect();
        let bad = |members: &[usize]| {
            members.is_empty() || members.iter().any(|member| *member >= classes)
        };
        match groups.iter().find(|(_, members)| bad(members)) {
            Some((name, members)) => {
                let (name, members) = (name.clone(), members.clone());
                Err(LabelMapError::Members { name, members, classes })
            }
            None => Ok(Self { groups, classes }),
        }
    }

    /// A map for a data set whose classes are also classes of the classifier, by name.
    ///
    /// This is so for ImageNet-v2 (its folders are named by the index of the class), -R, -A, -Sketch and -C:
    /// names are [`imagenet_wnids`], and the classes that have a folder in the data set compete.
    ///
    /// # Errors
    ///
    /// [`LabelMapError::Unknown`] for a name that the classifier does not have.
    pub fn by_name(set: &[String], classifier: &[String]) -> Result<Self, LabelMapError> {
        let index = indices(classifier);
        let groups = set.iter().map(|name| Ok((name.clone(), vec![find(&index, name)?])));
        Self::new(groups.collect::<Result<Vec<_>, _>>()?, classifier.len())
    }

    /// ObjectNet's 113 classes that are also in ImageNet, from the `mappings` folder that is
    /// distributed with it. The names are those of its image folders.
    ///
    /// # Errors
    ///
    /// [`LabelMapError`] if one of the four files is missing or does not fit the others.
    pub fn object_net(mappings: &Path) -> Result<Self, LabelMapError> {
        let labels_of_folders: HashMap<String, String> =
            read_json(&mappings.join("folder_to_objectnet_label.json"))?;
        let names_of_labels: HashMap<String, String> =
            read_json(&mappings.join("objectnet_to_imagenet_1k.json"))?;
        // For each class of the classifier, the line of `imagenet_to_label_2012_v2` with its name.
        let line_of_class: HashMap<String, usize> =
            read_json(&mappings.join("pytorch_to_imagenet_2012_id.json"))?;
        let path = mappings.join("imagenet_to_label_2012_v2");
        let lines = read(&path)?;
        let lines: Vec<&str> = lines.lines().map(str::trim).collect();
        let mut names = vec![String::new(); line_of_class.len()];
        for (class, line) in line_of_class {
            let class = class.parse::<usize>().ok().and_then(|class| names.get_mut(class));
            let (Some(name), Some(line)) = (class, lines.get(line)) else {
                let reason = format!("has {} lines, fewer than its index says", lines.len());
                return Err(LabelMapError::Content { path, reason });
            };
            *name = (*line).into();
        }
        let index = indices(&names);
        let mut groups = Vec::new();
        for (folder, label) in labels_of_folders {
            if let Some(members) = names_of_labels.get(&label) {
                let members = members.split("; ").map(|name| find(&index, name));
                groups.push((folder, members.collect::<Result<_, _>>()?));
            }
        }
        groups.sort();
        Self::new(groups, names.len())
    }

    /// The names of the data set's classes, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|(name, _)| &**name)
    }

    /// For each class of the data set, the classifier's classes in it.
    pub fn members(&self) -> impl Iterator<Item = &[usize]> {
        self.groups.iter().map(|(_, members)| &**members)
    }

    /// The decision for a class of the data set, for each row of logits. Of classes with equal votes, the
    /// first wins.
    ///
    /// # Errors
    ///
    /// [`EvalError`] if the logits have another number of classes or are not numbers.
    pub fn predict<T: Real>(
        &self,
        logits: Matrix<'_, T>,
        vote: Vote,
    ) -> Result<Vec<usize>, EvalError> {
        check_length("logits of each row", self.classes, logits.columns())?;
        check_some("classes of the set", self.groups.len())?;
        let members: Vec<usize> = self.members().flatten().copied().collect();
        map_rows(logits, 1.0, |row| {
            // The logits of all members or their exponentials, group by group.
            let values: Vec<T> = match vote {
                Vote::Max => members.iter().map(|member| row.logits[*member]).collect(),
                Vote::MeanProbability => row.exponentials(&members),
            };
            let mut rest = values.as_slice();
            let votes = self.groups.iter().map(|(_, members)| {
                let (own, others) = rest.split_at(members.len());
                rest = others;
                let own = own.iter().map(|value| (*value).into());
                match vote {
                    Vote::Max => own.fold(f64::NEG_INFINITY, f64::max),
                    Vote::MeanProbability => own.sum::<f64>() / members.len() as f64,
                }
            });
            argmax(&votes.collect::<Vec<_>>())
        })
    }

    /// Whether the most probable class, among all classes of the classifier, is a member of the label's
    /// group: a harder question than [`Self::predict`], where only classes of the data set compete.
    ///
    /// # Errors
    ///
    /// [`EvalError`] where labels or logits do not fit.
    pub fn correct_among_all<T: Real>(
        &self,
        logits: Matrix<'_, T>,
        labels: &[usize],
    ) -> Result<Vec<bool>, EvalError> {
        check_length("logits of each row", self.classes, logits.columns())?;
        check_labels(labels, logits.rows(), self.groups.len())?;
        let predictions = logits.argmax()?;
        let pairs = predictions.iter().zip(labels);
        Ok(pairs.map(|(class, label)| self.groups[*label].1.contains(class)).collect())
    }
}

/// The WordNet ids of ImageNet's 1,000 classes in the usual order, which is sorted.
///
/// ```
/// let ids = vit22b::eval::imagenet_wnids();
/// assert_eq!((ids.len(), ids[404].as_str()), (1000, "n02690373"));
/// ```
pub fn imagenet_wnids() -> Vec<String> {
    include_str!("imagenet_wnids.txt").lines().map(String::from).collect()
}

/// ImageNet's reassessed labels (ReaL), read from the text of `real.json`: for each validation image, in the
/// order of the images' names, all classes that are right.
///
/// # Errors
///
/// [`LabelMapError`] if the file is no list of lists of classes.
pub fn read_real_labels(path: &Path) -> Result<Vec<Vec<usize>>, LabelMapError> {
    read_json(path)
}

/// The share of predictions that are among the labels of their example. Examples without labels do
/// not count, as for ImageNet ReaL.
///
/// # Errors
///
/// [`EvalError`] if lengths differ or no example has labels.
///
/// ```
/// use vit22b::eval::multi_label_accuracy;
///
/// let labels = [vec![3, 7], vec![], vec![1]];
/// assert_eq!(multi_label_accuracy(&[7, 0, 2], &labels)?, 0.5);
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
pub fn multi_label_accuracy(
    predictions: &[usize],
    labels: &[Vec<usize>],
) -> Result<f64, EvalError> {
    check_length("labels", predictions.len(), labels.len())?;
    let labelled = || predictions.iter().zip(labels).filter(|(_, labels)| !labels.is_empty());
    let count = labelled().count();
    check_some("examples with labels", count)?;
    let right = labelled().filter(|(prediction, labels)| labels.contains(prediction)).count();
    Ok(right as f64 / count as f64)
}

fn indices(names: &[String]) -> HashMap<&str, usize> {
    names.iter().map(|name| &**name).zip(0..).collect()
}

fn find(index: &HashMap<&str, usize>, name: &str) -> Result<usize, LabelMapError> {
    let classes = index.len();
    index.get(name).copied().ok_or_else(|| LabelMapError::Unknown { name: name.into(), classes })
}

fn read(path: &Path) -> Result<String, LabelMapError> {
    fs::read_to_string(path).map_err(|reason| LabelMapError::Io { path: path.into(), reason })
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, LabelMapError> {
    serde_json::from_str(&read(path)?).map_err(|error| LabelMapError::Content {
        path: path.into(),
        reason: format!("not the expected JSON: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_vote_by_the_largest_logit_or_the_mean_probability() {
        let groups = [("many", vec![0, 1]), ("one", vec![2])];
        let groups = groups.map(|(name, members)| (name.to_string(), members));
        let map = LabelMap::new(groups, 4).unwrap();
        let logits = Matrix::new(&[2.0, -9.0, 1.5, 3.0], 4).unwrap();
        assert_eq!(map.predict(logits, Vote::Max).unwrap(), [0]);
        assert_eq!(map.predict(logits, Vote::MeanProbability).unwrap(), [1]);
        assert_eq!(map.correct_among_all(logits, &[0]).unwrap(), [false]);
        let narrow = Matrix::new(&[1.0, 2.0], 2).unwrap();
        assert!(map.predict(narrow, Vote::Max).is_err());
    }

    #[test]
    fn groups_that_do_not_fit_are_errors() {
        let error = LabelMap::new([("cat".into(), vec![4])], 4).unwrap_err();
        assert_eq!(error.to_string(), "class \"cat\": expected members below 4, got [4]");
        assert!(LabelMap::new([("cat".into(), vec![])], 4).is_err());
        let error = LabelMap::by_name(&["x".into()], &["y".into()]).unwrap_err();
        let text = "class \"x\" is none of the classifier's 1; name both alike";
        assert_eq!(error.to_string(), text);
        assert!(multi_label_accuracy(&[1], &[vec![]]).is_err());
    }

    #[test]
    fn object_net_is_read_from_its_mappings() {
        let folder = std::env::temp_dir().join(format!("vit22b-objectnet-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
        write(
            "folder_to_objectnet_label.json",
            r#"{"a_chair": "Chair", "air": "Air", "b": "Bat"}"#,
        );
        write("objectnet_to_imagenet_1k.json", r#"{"Chair": "stool, seat; rocker", "Bat": "bat"}"#);
        write("pytorch_to_imagenet_2012_id.json", r#"{"0": 2, "1": 0, "2": 1}"#);
        write("imagenet_to_label_2012_v2", "bat\nrocker\nstool, seat\n");
        let map = LabelMap::object_net(&folder).unwrap();
        assert_eq!(map.groups, [("a_chair".into(), vec![0, 2]), ("b".into(), vec![1])]);
        write("objectnet_to_imagenet_1k.json", "[]");
        let error = LabelMap::object_net(&folder).unwrap_err().to_string();
        assert!(error.contains("objectnet_to_imagenet_1k.json: not the expected JSON"), "{error}");
        write("objectnet_to_imagenet_1k.json", r#"{"Bat": "ball"}"#);
        assert!(LabelMap::object_net(&folder).is_err());
        fs::remove_dir_all(&folder).unwrap();
        assert!(matches!(LabelMap::object_net(&folder), Err(LabelMapError::Io { .. })));
    }
}

//! Label hierarchies, flattened to multi-hot targets.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

/// Labels that do not form a hierarchy, or are not in it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LabelError {
    /// A label is one of its own ancestors.
    #[error("label \"{label}\" is its own ancestor; remove one of its parents")]
    Cycle {
        /// The label.
        label: String,
    },
    /// A label that is not in the hierarchy.
    #[error("label \"{label}\" is not in the hierarchy of {known} labels")]
    Unknown {
        /// The label.
        label: String,
        /// How many labels there are.
        known: usize,
    },
}

/// Labels, each with any number of parents, to be turned into targets.
///
/// JFT's labels form such a hierarchy, which the ViT-22B recipe flattens: an image with a label also
/// has the labels of all ancestors, and the labels of all levels are the classes.
///
/// ```
/// use vit22b::data::Hierarchy;
///
/// let hierarchy = Hierarchy::new([("dog", "animal"), ("cat", "animal"), ("animal", "thing")])?;
/// assert_eq!(hierarchy.names(), ["animal", "cat", "dog", "thing"]);
/// assert_eq!(hierarchy.multi_hot(["dog"])?, [1.0, 0.0, 1.0, 1.0]);
/// # Ok::<(), vit22b::data::LabelError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hierarchy {
    names: Vec<String>,
    index: BTreeMap<String, usize>,
    /// For each label, the indices of itself and of all its ancestors.
    closure: Vec<Vec<usize>>,
}

impl Hierarchy {
    /// A hierarchy from pairs of child and parent. The classes are all names, sorted.
    ///
    /// # Errors
    ///
    /// [`LabelError::Cycle`] if a label is its own ancestor.
    pub fn new<C: Into<String>, P: Into<String>>(
        edges: impl IntoIterator<Item = (C, P)>,
    ) -> Result<Self, LabelError> {
        let mut parents: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (child, parent) in edges {
            parents.entry(child.into()).or_default().push(parent.into());
        }
        Self::from_parents(parents)
    }

    /// A hierarchy from the parents of each label.
    pub(super) fn from_parents(
        mut parents: BTreeMap<String, Vec<String>>,
    ) -> Result<Self, LabelError> {
        let all: Vec<String> = parents.values().flatten().cloned().collect();
        all.into_iter().for_each(|parent| _ = parents.entry(parent).or_default());
        let names: Vec<String> = parents.keys().cloned().collect();
        let index: BTreeMap<String, usize> = names.iter().cloned().zip(0..).collect();
        let mut closure = Vec::with_capacity(names.len());
        for name in &names {
            let mut seen = BTreeSet::new();
            let mut open: Vec<&String> = parents[name].iter().collect();
            while let Some(ancestor) = open.pop() {
                if ancestor == name {
                    return Err(LabelError::Cycle { label: name.clone() });
                }
                if seen.insert(index[ancestor]) {
                    open.extend(&parents[ancestor]);
                }
            }
            seen.insert(index[name]);
            closure.push(seen.into_iter().collect());
        }
        Ok(Self { names, index, closure })
    }

    /// All labels, in the order of the classes.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// A target of all classes: 1 for the labels and all their ancestors, 0 for the others.
    ///
    /// # Errors
    ///
    /// [`LabelError::Unknown`] for a label that is not in the hierarchy.
    pub fn multi_hot<L: AsRef<str>>(
        &self,
        labels: impl IntoIterator<Item = L>,
    ) -> Result<Vec<f32>, LabelError> {
        let mut target = vec![0.0; self.names.len()];
        self.indices(labels)?.into_iter().for_each(|class| target[class] = 1.0);
        Ok(target)
    }

    /// The classes of the labels and of all their ancestors, sorted.
    ///
    /// # Errors
    ///
    /// [`LabelError::Unknown`] for a label that is not in the hierarchy.
    pub fn indices<L: AsRef<str>>(
        &self,
        labels: impl IntoIterator<Item = L>,
    ) -> Result<Vec<usize>, LabelError> {
        let mut classes = BTreeSet::new();
        for label in labels {
            let label = label.as_ref();
            let &index = self.index.get(label).ok_or_else(|| LabelError::Unknown {
                label: label.into(),
                known: self.names.len(),
            })?;
            classes.extend(&self.closure[index]);
        }
        Ok(classes.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ancestors_of_all_parents_count() {
        let edges = [("d", "b"), ("d", "c"), ("b", "a"), ("c", "a"), ("e", "c")];
        let hierarchy = Hierarchy::new(edges).unwrap();
        assert_eq!(hierarchy.multi_hot(["d"]).unwrap(), [1.0, 1.0, 1.0, 1.0, 0.0]);
        assert_eq!(hierarchy.multi_hot(["e", "b"]).unwrap(), [1.0, 1.0, 1.0, 0.0, 1.0]);
        assert_eq!(hierarchy.multi_hot(Vec::<&str>::new()).unwrap(), [0.0; 5]);
    }

    #[test]
    fn cycles_and_unknown_labels_are_errors() {
        let error = Hierarchy::new([("a", "b"), ("b", "c"), ("c", "b")]).unwrap_err();
        assert_eq!(error.to_string(), "label \"b\" is its own ancestor; remove one of its parents");
        let error = Hierarchy::new([("a", "b")]).unwrap().multi_hot(["x"]).unwrap_err();
        assert_eq!(error.to_string(), "label \"x\" is not in the hierarchy of 2 labels");
    }
}

//! Which axes cut a tensor.

use std::str::FromStr;
use std::sync::Arc;

use super::error::MeshError;

/// How a tensor is sharded: for each dimension the axes of the mesh that cut it, the major axis first.
///
/// A dimension without axes is not cut, and the tensor is replicated over the axes that cut no
/// dimension. In the text `data+model,-,x` two axes cut the first dimension, none the second, and one the
/// third.
///
/// ```
/// use burn_trace::mesh::Spec;
///
/// let spec: Spec = "data,-,model".parse()?;
/// assert_eq!(spec.axes(2), ["model"]);
/// assert_eq!(spec.axes(7), [""; 0]);
/// assert_eq!(spec.to_string(), "data,-,model");
/// # Ok::<(), burn_trace::mesh::MeshError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Spec(Arc<[Vec<String>]>);

/// Whether a text is the name of an axis: a word that Shardy, XLA's dialect for shardings, takes without
/// quotes.
pub(super) fn is_name(name: &str) -> bool {
    let first = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    first && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl Spec {
    /// A tensor that every device holds entirely.
    pub fn replicated() -> Self {
        Self(Arc::new([]))
    }

    /// A spec with these axes for each dimension.
    ///
    /// # Errors
    ///
    /// [`MeshError::Spec`] if an axis appears twice, or its name is not a word of letters, digits and `_`.
    pub fn new(dims: Vec<Vec<String>>) -> Result<Self, MeshError> {
        let mut dims = dims;
        while dims.last().is_some_and(Vec::is_empty) {
            dims.pop();
        }
        let spec = Self(dims.into());
        let axes: Vec<_> = spec.0.iter().flatten().collect();
        let repeats = (1..axes.len()).any(|i| axes[..i].contains(&axes[i]));
        if repeats || axes.iter().any(|axis| !is_name(axis)) {
            return Err(MeshError::Spec { got: spec.to_string() });
        }
        Ok(spec)
    }

    /// The axes that cut a dimension.
    pub fn axes(&self, dim: usize) -> &[String] {
        self.0.get(dim).map_or(&[], Vec::as_slice)
    }

    /// The number of dimensions up to the last one that is cut.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// Whether no dimension is cut.
    pub fn is_replicated(&self) -> bool {
        self.0.is_empty()
    }

    /// The spec of the first dimensions alone.
    pub fn first(&self, dims: usize) -> Self {
        Self(self.0.iter().take(dims).cloned().collect())
    }

    /// The spec without the axes of dimensions of size 1: for a mean along a dimension that is kept.
    #[must_use]
    pub fn for_shape(&self, shape: &[usize]) -> Self {
        let cut = |(dim, axes): (usize, &Vec<String>)| match shape.get(dim) {
            Some(1) => vec![],
            _ => axes.clone(),
        };
        let mut dims: Vec<_> = self.0.iter().enumerate().map(cut).collect();
        while dims.last().is_some_and(Vec::is_empty) {
            dims.pop();
        }
        Self(dims.into())
    }
}

impl Spec {
    /// The spec without these axes.
    #[must_use]
    pub fn without(&self, axes: &[String]) -> Self {
        let rest = |dim: &Vec<String>| dim.iter().filter(|a| !axes.contains(a)).cloned().collect();
        let mut dims: Vec<Vec<String>> = self.0.iter().map(rest).collect();
        while dims.last().is_some_and(Vec::is_empty) {
            dims.pop();
        }
        Self(dims.into())
    }

    /// The spec of a stack of such tensors whose first dimension these axes cut.
    ///
    /// # Errors
    ///
    /// [`MeshError::Spec`] if the spec has one of these axes already.
    pub fn stacked_over(&self, axes: &[String]) -> Result<Self, MeshError> {
        Self::new([&[axes.to_vec()], &*self.0].concat())
    }

    /// The spec of a stack of such tensors whose first dimension is not cut.
    #[must_use]
    pub fn stacked(&self) -> Self {
        if self.is_replicated() {
            return self.clone();
        }
        Self(std::iter::once(vec![]).chain(self.0.iter().cloned()).collect())
    }
}

impl FromStr for Spec {
    type Err = MeshError;

    fn from_str(text: &str) -> Result<Self, MeshError> {
        let dim = |dim: &str| match dim.trim() {
            "-" | "" => vec![],
            axes => axes.split('+').map(|axis| axis.trim().to_owned()).collect(),
        };
        Self::new(text.split(',').map(dim).collect())
            .map_err(|_| MeshError::Spec { got: text.to_owned() })
    }
}

impl std::fmt::Display for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return f.write_str("-");
        }
        for (index, axes) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            let axes = if axes.is_empty() { "-".to_owned() } else { axes.join("+") };
            write!(f, "{comma}{axes}")?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Spec({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_and_written() {
        for text in ["-", "data", "data+model,-,x", "-,model"] {
            assert_eq!(text.parse::<Spec>().unwrap().to_string(), text);
        }
        assert!("-,-".parse::<Spec>().unwrap().is_replicated());
        let error = "data,data".parse::<Spec>().unwrap_err().to_string();
        assert_eq!(
            error,
            "`data,data` is no spec: write one entry per dimension as in `data+model,-,model`, each axis once"
        );
        assert!("a b".parse::<Spec>().is_err());
    }

    #[test]
    fn dimensions_of_size_one_are_whole() {
        let spec: Spec = "data,model".parse().unwrap();
        assert_eq!(spec.for_shape(&[8, 1]).to_string(), "data");
        assert_eq!(spec.for_shape(&[1, 8]).to_string(), "-,model");
        assert_eq!(spec.stacked().to_string(), "-,data,model");
        assert_eq!(Spec::replicated().stacked(), Spec::replicated());
    }
}

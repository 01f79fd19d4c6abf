//! Named axes of devices.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use super::error::MeshError;
use super::spec::{Spec, is_name};

/// A grid of devices with named axes. Device numbers count along the last axis first. The devices need
/// not be on this machine.
///
/// ```
/// use burn_trace::mesh::Mesh;
///
/// let mesh: Mesh = "data=4,model=2".parse()?;
/// assert_eq!(mesh.num_devices(), 8);
/// let shard = mesh.shard_shape("weight", &"data,model".parse()?, &[64, 6])?;
/// assert_eq!(shard, [16, 3]);
/// let error = mesh.shard_shape("weight", &"data".parse()?, &[7, 6]).unwrap_err();
/// assert!(error.to_string().ends_with("8 is the nearest size that divides"));
/// # Ok::<(), burn_trace::mesh::MeshError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Mesh(Arc<[(String, usize)]>);

impl Mesh {
    /// A mesh of axes with names and sizes.
    ///
    /// # Errors
    ///
    /// [`MeshError::Parse`] if there is no axis, two have one name, or one has the size 0 or a name that
    /// is not a word of letters, digits and `_`.
    pub fn new<N: Into<String>>(
        axes: impl IntoIterator<Item = (N, usize)>,
    ) -> Result<Self, MeshError> {
        let mesh = Self(axes.into_iter().map(|(name, size)| (name.into(), size)).collect());
        let good = |(index, (name, size)): (usize, &(String, usize))| {
            *size > 0 && is_name(name) && mesh.0[..index].iter().all(|(other, _)| other != name)
        };
        let devices = mesh.0.iter().try_fold(1usize, |n, (_, size)| n.checked_mul(*size));
        if mesh.0.is_empty() || devices.is_none() || !mesh.0.iter().enumerate().all(good) {
            return Err(MeshError::Parse { got: mesh.to_string() });
        }
        Ok(mesh)
    }

    /// Names and sizes of the axes.
    pub fn axes(&self) -> &[(String, usize)] {
        &self.0
    }

    /// The size of an axis.
    pub fn size(&self, axis: &str) -> Option<usize> {
        self.0.iter().find(|(name, _)| name == axis).map(|(_, size)| *size)
    }

    /// How many devices there are.
    pub fn num_devices(&self) -> usize {
        self.0.iter().map(|(_, size)| size).product()
    }

    /// The shape of one shard of a tensor. `tensor` names it in errors.
    ///
    /// # Errors
    ///
    /// [`MeshError`] if the spec does not fit shape and mesh.
    pub fn shard_shape(
        &self,
        tensor: &str,
        spec: &Spec,
        shape: &[usize],
    ) -> Result<Vec<usize>, MeshError> {
        if spec.rank() > shape.len() {
            return Err(MeshError::Rank {
                tensor: tensor.to_owned(),
                spec: spec.to_string(),
                expected: spec.rank(),
                shape: shape.to_vec(),
            });
        }
        let cut = |(dim, &size): (usize, &usize)| {
            let mut parts = 1;
            for axis in spec.axes(dim) {
                parts *= self.size(axis).ok_or_else(|| MeshError::UnknownAxis {
                    tensor: tensor.to_owned(),
                    spec: spec.to_string(),
                    axis: axis.clone(),
                    mesh: self.to_string(),
                })?;
            }
            if size.is_multiple_of(parts) {
                return Ok(size / parts);
            }
            let (below, above) = (size / parts * parts, size.next_multiple_of(parts));
            let nearest = if below > 0 && size - below < above - size { below } else { above };
            Err(MeshError::Indivisible {
                tensor: tensor.to_owned(),
                spec: spec.to_string(),
                shape: shape.to_vec(),
                dim,
                parts,
                nearest,
            })
        };
        shape.iter().enumerate().map(cut).collect()
    }

    /// The position of a device on each axis.
    pub fn coordinates(&self, device: usize) -> Vec<usize> {
        let mut rest = device;
        let mut at: Vec<_> = self
            .0
            .iter()
            .rev()
            .map(|(_, size)| {
                let coordinate = rest % size;
                rest /= size;
                coordinate
            })
            .collect();
        at.reverse();
        at
    }

    /// Which shard of a tensor a device holds: its number along each dimension.
    pub fn shard_index(&self, spec: &Spec, rank: usize, device: usize) -> Vec<usize> {
        let at = self.coordinates(device);
        (0..rank)
            .map(|dim| {
                spec.axes(dim).iter().fold(0, |number, axis| {
                    let index = self.0.iter().position(|(name, _)| name == axis);
                    index.map_or(number, |index| number * self.0[index].1 + at[index])
                })
            })
            .collect()
    }

    /// The devices in groups; those of a group differ in their position on these axes alone.
    pub fn groups(&self, axes: &[String]) -> Vec<Vec<usize>> {
        let mut groups: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
        for device in 0..self.num_devices() {
            let mut others = self.coordinates(device);
            for (at, (name, _)) in others.iter_mut().zip(self.axes()) {
                if axes.contains(name) {
                    *at = 0;
                }
            }
            groups.entry(others).or_default().push(device);
        }
        groups.into_values().collect()
    }
}

impl FromStr for Mesh {
    type Err = MeshError;

    fn from_str(text: &str) -> Result<Self, MeshError> {
        let axis = |text: &str| {
            let (name, size) = text.split_once('=')?;
            Some((name.trim().to_owned(), size.trim().parse().ok()?))
        };
        let axes: Option<Vec<(String, usize)>> = text.split(',').map(axis).collect();
        axes.and_then(|axes| Self::new(axes).ok())
            .ok_or_else(|| MeshError::Parse { got: text.to_owned() })
    }
}

impl std::fmt::Display for Mesh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (name, size)) in self.0.iter().enumerate() {
            write!(f, "{}{name}={size}", if index > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for Mesh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mesh({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_mesh_is_told() {
        for text in ["", "data", "data=0", "data=2,data=2", "da ta=2", "x=4294967296,y=4294967296"]
        {
            let error = text.parse::<Mesh>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{text}` is no mesh")), "{error}");
        }
    }

    #[test]
    fn the_last_axis_is_the_fastest() {
        let mesh: Mesh = "data=2,model=4".parse().unwrap();
        assert_eq!(mesh.coordinates(6), [1, 2]);
        let spec: Spec = "model+data,-".parse().unwrap();
        assert_eq!(mesh.shard_index(&spec, 2, 6), [5, 0]);
    }

    #[test]
    fn groups_differ_in_their_axes_alone() {
        let mesh: Mesh = "data=2,model=3".parse().unwrap();
        let of =
            |axes: &[&str]| mesh.groups(&axes.iter().map(|&a| a.to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["model"]), [[0, 1, 2], [3, 4, 5]]);
        assert_eq!(of(&["data"]), [[0, 3], [1, 4], [2, 5]]);
        assert_eq!(of(&["data", "model"]), [[0, 1, 2, 3, 4, 5]]);
        assert_eq!(of(&[]).len(), 6);
    }

    #[test]
    fn specs_that_do_not_fit_are_told() {
        let mesh: Mesh = "data=2,model=4".parse().unwrap();
        let of = |spec: &str, shape: &[usize]| {
            mesh.shard_shape("w", &spec.parse().unwrap(), shape).unwrap_err().to_string()
        };
        assert_eq!(
            of("x", &[4]),
            "w: spec `x` names the axis `x`; the mesh data=2,model=4 has no such axis"
        );
        assert_eq!(
            of("-,data", &[4]),
            "w: spec `-,data` is for 2 dimensions or more, got shape [4]"
        );
        assert_eq!(
            of("-,data+model", &[4, 29_593]),
            "w: dimension 1 of [4, 29593] is cut into 8 by spec `-,data+model`, which does not divide \
             29593; 29592 is the nearest size that divides"
        );
    }
}

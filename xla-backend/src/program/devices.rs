//! The devices of a program, some of which may belong to other processes.

use std::ops::Range;

use burn_trace::LeafSpec;
use burn_trace::mesh::{Layout, Mesh, MeshError, Spec};

use super::error::PlacementError;
use crate::pjrt::{Client, Device};

/// The devices that hold values: those of this process, in the order of the mesh if there is one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Devices {
    pub(super) first: Device,
    rest: Vec<Device>,
    /// The positions of these devices on the mesh.
    positions: Vec<usize>,
    /// The devices of all processes, in the order of the mesh.
    ids: Vec<i32>,
    pub(super) mesh: Option<Mesh>,
}

impl Devices {
    pub(super) fn of(device: Device) -> Self {
        let ids = vec![device.id()];
        Self { first: device, rest: vec![], positions: vec![0], ids, mesh: None }
    }

    /// The devices with these ids, as a mesh.
    pub(super) fn over(client: &Client, ids: Vec<i32>, mesh: Mesh) -> Result<Self, PlacementError> {
        if ids.len() != mesh.num_devices() {
            let (mesh, expected) = (mesh.to_string(), mesh.num_devices());
            return Err(PlacementError::Devices { mesh, expected, got: ids.len() });
        }
        let known: Vec<i32> = client.all_devices().iter().map(|device| device.id).collect();
        if let Some(&id) = ids.iter().find(|id| !known.contains(id)) {
            return Err(PlacementError::NoDevice { id, known });
        }
        let own = client.devices();
        let here = |(position, id): (usize, &i32)| {
            let device = own.iter().find(|device| device.id() == *id)?;
            Some((position, device.clone()))
        };
        let (positions, devices): (Vec<_>, Vec<_>) =
            ids.iter().enumerate().filter_map(here).unzip();
        let mut devices = devices.into_iter();
        let first = devices.next().ok_or_else(|| PlacementError::NotHere {
            mesh: mesh.to_string(),
            process: client.process(),
        })?;
        Ok(Self { first, rest: devices.collect(), positions, ids, mesh: Some(mesh) })
    }

    /// The devices of this process.
    pub(super) fn devices(&self) -> impl Iterator<Item = &Device> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// How many devices this process has.
    pub(super) fn num_devices(&self) -> usize {
        self.positions.len()
    }

    /// The positions of this process's devices on the mesh.
    pub(super) fn positions(&self) -> &[usize] {
        &self.positions
    }

    /// The ids of the devices of all processes.
    pub(super) fn ids(&self) -> &[i32] {
        &self.ids
    }
}

impl std::fmt::Display for Devices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.mesh {
            Some(mesh) => write!(f, "the mesh {mesh} from {}", self.first),
            None => self.first.fmt(f),
        }
    }
}

/// The rows of a tensor (its first dimension) that one process has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Share {
    /// The numbers of its shards of the rows, in order.
    shards: Vec<usize>,
    /// How many shards the rows are cut into.
    of: usize,
}

impl Share {
    /// The rows that the devices at these positions have.
    pub(super) fn new(mesh: &Mesh, spec: &Spec, positions: &[usize]) -> Self {
        let mut shards: Vec<_> =
            positions.iter().map(|&position| mesh.shard_index(spec, 1, position)[0]).collect();
        shards.sort_unstable();
        shards.dedup();
        Self { shards, of: spec.axes(0).iter().filter_map(|axis| mesh.size(axis)).product() }
    }

    /// Whether these are all rows.
    pub(super) fn is_everything(&self) -> bool {
        self.shards.len() == self.of
    }

    /// How many shards of the rows it has.
    pub(super) fn num_shards(&self) -> usize {
        self.shards.len()
    }

    /// How many rows there are on all processes, if this one has so many.
    pub(super) fn all_rows(&self, own: usize) -> usize {
        own / self.shards.len() * self.of
    }

    /// The position of a shard among those of this process.
    pub(super) fn position_of(&self, shard: usize) -> usize {
        self.shards.iter().take_while(|&&other| other != shard).count()
    }

    /// The rows of this process, if there are so many in all.
    pub(super) fn rows(&self, spec: &Spec, rows: usize) -> Result<Range<usize>, PlacementError> {
        let (first, last) = (self.shards[0], self.shards[self.shards.len() - 1]);
        if last - first + 1 != self.shards.len() {
            let (spec, parts) = (spec.to_string(), self.shards.clone());
            return Err(PlacementError::Scattered { spec, parts, of: self.of });
        }
        let size = rows / self.of;
        Ok(first * size..(last + 1) * size)
    }
}

/// The specs that a layout gives to leaves, checked against their shapes; replicated without a mesh.
pub(super) fn specs(
    mesh: Option<&Mesh>,
    layout: &Layout,
    leaves: &[LeafSpec],
) -> Result<Vec<Spec>, MeshError> {
    let Some(mesh) = mesh else { return Ok(vec![Spec::replicated(); leaves.len()]) };
    let spec = |leaf: &LeafSpec| {
        let spec = layout.spec(leaf)?;
        mesh.shard_shape(&leaf.path, &spec, &leaf.ty.shape)?;
        Ok(spec)
    };
    leaves.iter().map(spec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Eight devices of two processes, or of four.
    #[test]
    fn a_process_has_the_rows_of_its_devices() {
        let (mesh, spec): (Mesh, Spec) =
            ("data=4,model=2".parse().unwrap(), "data".parse().unwrap());
        let share = |positions: &[usize]| Share::new(&mesh, &spec, positions);
        for (positions, rows) in
            [(&[0, 1, 2, 3][..], 0..8), (&[4, 5, 6, 7], 8..16), (&[2, 3], 4..8), (&[7, 6], 12..16)]
        {
            assert_eq!(share(positions).rows(&spec, 16).unwrap(), rows, "{positions:?}");
        }
        // Processes along the other axis share all rows.
        let both = share(&[1, 3, 5, 7]);
        assert!(both.is_everything());
        assert_eq!(both.rows(&spec, 16).unwrap(), 0..16);
        let last = share(&[4, 5, 6, 7]);
        assert_eq!((last.all_rows(8), last.position_of(3), last.is_everything()), (16, 1, false));
        assert_eq!(
            share(&[0, 1, 6, 7]).rows(&spec, 16).unwrap_err().to_string(),
            "this process has the parts [0, 3] of 4 of the rows by `data`, which are not in one piece; let \
             the axis that cuts rows come first in the mesh, with the devices of each process in a row"
        );
        assert!(Share::new(&mesh, &Spec::replicated(), &[5]).is_everything());
    }
}

//! Values over a mesh in parts: what each process writes of them, and reads again.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use burn_backend::TensorData;
use burn_trace::LeafSpec;
use burn_trace::compile::paste;
use burn_trace::mesh::{Mesh, Spec};
use smallvec::SmallVec;

use super::device_tree::{DeviceTree, Value};
use super::error::{PlacementError, ProgramError};
use super::xla::Xla;

/// A part of a leaf that a process holds, and that it writes where each part is to be written once. Made by
/// [`DeviceTree::parts`].
#[derive(Debug)]
pub struct Part {
    leaf: LeafSpec,
    at: Vec<Range<usize>>,
    /// The number of the first shard along each dimension.
    first: Vec<usize>,
    /// The shards that make the part: their numbers along each dimension, and their places in the value.
    shards: Vec<(Vec<usize>, usize)>,
    value: Arc<Value>,
}

impl Part {
    /// The leaf: its path, and its type as a whole.
    pub fn leaf(&self) -> &LeafSpec {
        &self.leaf
    }

    /// Where in the leaf the part is, along each dimension.
    pub fn ranges(&self) -> &[Range<usize>] {
        &self.at
    }

    /// The values of the part.
    ///
    /// # Errors
    ///
    /// [`ProgramError::Pjrt`] with the error of the execution that should have made the values.
    pub fn read(&self) -> Result<TensorData, ProgramError> {
        let shape: Vec<usize> = self.at.iter().map(Range::len).collect();
        if let [(_, shard)] = self.shards[..] {
            return Ok(self.value.shards[shard].to_data()?);
        }
        let dtype = self.leaf.ty.dtype;
        let mut bytes = vec![0; shape.iter().product::<usize>() * dtype.size()];
        for (index, shard) in &self.shards {
            let index: Vec<_> = index.iter().zip(&self.first).map(|(i, first)| i - first).collect();
            paste(&mut bytes, &shape, &self.value.shards[*shard].to_data()?, &index);
        }
        Ok(TensorData::from_bytes_vec(bytes, shape, dtype))
    }
}

impl<T> DeviceTree<T> {
    /// What this process writes, where each part of each leaf is to be written by one process: the shards
    /// of which it has the first copy. Those of a leaf are one part if together they are a box, as
    /// all shards are where there is one process.
    pub fn parts(&self) -> Vec<Part> {
        let own = self.values().first().map(|value| value.devices.positions().to_vec());
        self.parts_of(&own.unwrap_or_default())
    }

    /// What a process writes that has only those of this one's devices which have these positions on the mesh.
    pub fn parts_of(&self, positions: &[usize]) -> Vec<Part> {
        let mut parts = Vec::new();
        for (leaf, value) in self.leaves().into_iter().zip(self.values()) {
            let shape = &leaf.ty.shape;
            let single = Mesh::new([("one", 1)]).ok();
            let Some(mesh) = value.devices.mesh.as_ref().or(single.as_ref()) else { continue };
            let slot = |position: usize| {
                let mut here = value.devices.positions().iter();
                here.position(|own| *own == position)
            };
            let counts = counts(mesh, &value.spec, shape.len());
            for shards in boxes(owned(mesh, &value.spec, shape.len(), positions)) {
                let first: Vec<usize> = shards[0].0.clone();
                let last = &shards[shards.len() - 1].0;
                let size = |dim: usize| shape[dim] / counts[dim];
                let at = (0..shape.len())
                    .map(|dim| first[dim] * size(dim)..(last[dim] + 1) * size(dim))
                    .collect();
                let shards = shards.into_iter().filter_map(|(index, at)| Some((index, slot(at)?)));
                let (leaf, value) = (leaf.clone(), Arc::clone(value));
                parts.push(Part { leaf, at, first, shards: shards.collect(), value });
            }
        }
        parts
    }
}

/// How many shards there are along each dimension.
fn counts(mesh: &Mesh, spec: &Spec, rank: usize) -> Vec<usize> {
    let count = |dim| spec.axes(dim).iter().filter_map(|axis| mesh.size(axis)).product();
    (0..rank).map(count).collect()
}

/// The shards whose first copy is on one of these positions, with that position.
fn owned(
    mesh: &Mesh,
    spec: &Spec,
    rank: usize,
    positions: &[usize],
) -> BTreeMap<Vec<usize>, usize> {
    let mut first: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
    for position in 0..mesh.num_devices() {
        first.entry(mesh.shard_index(spec, rank, position)).or_insert(position);
    }
    first.retain(|_, position| positions.contains(position));
    first
}

/// The shards in one group if they are all of a box, else each by itself. Within a group the first is at the
/// beginning of its box, and the last at its end.
fn boxes(shards: BTreeMap<Vec<usize>, usize>) -> Vec<Vec<(Vec<usize>, usize)>> {
    let (Some((first, _)), Some((last, _))) = (shards.first_key_value(), shards.last_key_value())
    else {
        return vec![];
    };
    let is_inside = |index: &Vec<usize>| {
        index.iter().zip(first.iter().zip(last)).all(|(i, (low, high))| (low..=high).contains(&i))
    };
    let volume: usize =
        first.iter().zip(last).map(|(low, high)| (high + 1).saturating_sub(*low)).product();
    match volume == shards.len() && shards.keys().all(is_inside) {
        true => vec![shards.into_iter().collect()],
        false => shards.into_iter().map(|shard| vec![shard]).collect(),
    }
}

impl Xla {
    /// A tree on the devices whose values are read part by part: `read` is called for each shard that a device
    /// of this process holds, with its leaf and its place in that, and gives values of that shape and of the
    /// leaf's dtype. A shard that several devices hold is read once.
    pub(super) fn read_parts<E: From<ProgramError>>(
        &self,
        leaves: &[LeafSpec],
        mut read: impl FnMut(&LeafSpec, &[Range<usize>]) -> Result<TensorData, E>,
    ) -> Result<Vec<Arc<Value>>, E> {
        let specs = self.specs(leaves).map_err(ProgramError::from)?;
        let devices = self.devices();
        let own: Vec<_> = devices.positions().iter().copied().zip(devices.devices()).collect();
        let mut values = Vec::with_capacity(leaves.len());
        for (leaf, spec) in leaves.iter().zip(specs) {
            let shape = &leaf.ty.shape;
            let shard = match self.mesh() {
                Some(mesh) => mesh.shard_shape(&leaf.path, &spec, shape),
                None => Ok(shape.clone()),
            };
            let shard = shard.map_err(ProgramError::from)?;
            let index = |position| match self.mesh() {
                Some(mesh) => mesh.shard_index(&spec, shape.len(), position),
                None => vec![0; shape.len()],
            };
            let mut shards: SmallVec<[Option<_>; 1]> = own.iter().map(|_| None).collect();
            for first in 0..own.len() {
                if shards[first].is_some() {
                    continue;
                }
                let at = index(own[first].0);
                let ranges: Vec<_> =
                    at.iter().zip(&shard).map(|(i, size)| i * size..(i + 1) * size).collect();
                let data = read(leaf, &ranges)?;
                check(leaf, &shard, &data)?;
                for (slot, (position, device)) in own.iter().enumerate().skip(first) {
                    if index(*position) == at {
                        let buffer = self.client().buffer_from_data(data.clone(), device);
                        shards[slot] = Some(buffer.map_err(ProgramError::from)?);
                    }
                }
            }
            let shards = shards.into_iter().flatten().collect();
            values.push(Arc::new(Value { shards, spec, devices: Arc::clone(devices) }));
        }
        Ok(values)
    }

    /// The sum of a number of each process, once all processes have come here. It must be asked for by all of them
    /// in the same order as programs are run.
    ///
    /// # Errors
    ///
    /// [`ProgramError`] if the sum cannot be compiled or run.
    pub fn sum_over_processes(&self, number: i32) -> Result<i64, ProgramError> {
        match self.processes().len() {
            0 | 1 => Ok(number.into()),
            _ => self.sum_on_devices(number),
        }
    }

    /// The numbers of the processes that have devices of these, rising.
    pub fn processes(&self) -> Vec<i32> {
        let ids = self.devices().ids();
        let all = self.client().all_devices();
        let of: std::collections::BTreeSet<i32> =
            all.iter().filter(|device| ids.contains(&device.id)).map(|d| d.process).collect();
        of.into_iter().collect()
    }

    /// The first device of a process has its number, and its others have 0.
    fn sum_on_devices(&self, number: i32) -> Result<i64, ProgramError> {
        use burn::tensor::{Int, Tensor};

        let Some(mesh) = self.mesh() else { return Ok(number.into()) };
        let axes: Vec<String> = mesh.axes().iter().map(|(name, _)| name.clone()).collect();
        let cut = Spec::new(vec![axes])?;
        // The numbers are a matrix, and their sum is none.
        let layout = burn_trace::mesh::Layout::new(move |leaf| {
            Ok(if leaf.ty.shape.len() == 2 { cut.clone() } else { Spec::replicated() })
        });
        let here = self.devices().num_devices();
        let numbers = (0..here).map(|device| if device == 0 { number } else { 0 }).collect();
        let numbers = TensorData::new::<i32, _>(numbers, [here, 1]);
        let numbers = Tensor::<2, Int>::from_data(
            numbers,
            (&burn::tensor::Device::flex(), burn::tensor::DType::I32),
        );
        let over = self.with_layout(layout);
        let sum = over.jit(|numbers: Tensor<2, Int>| numbers.sum());
        let sum = sum.call_on_device(over.upload_share(&numbers)?)?.to_host()?;
        Ok(sum.into_scalar::<i64>())
    }
}

fn check(leaf: &LeafSpec, shape: &[usize], data: &TensorData) -> Result<(), ProgramError> {
    let got = data.shape().to_vec();
    if got == shape && data.dtype() == leaf.ty.dtype {
        return Ok(());
    }
    let text = |dtype, shape: &[usize]| format!("{dtype:?}{shape:?}");
    Err(PlacementError::Part {
        path: leaf.path.clone(),
        expected: text(leaf.ty.dtype, shape),
        got: text(data.dtype(), &got),
    }
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pjrt::{Client, ClientOptions};
    use crate::plugin::{self, Platform};

    fn at(mesh: &str, spec: &str, positions: &[usize]) -> Vec<(Vec<usize>, Vec<usize>)> {
        let (mesh, spec): (Mesh, Spec) = (mesh.parse().unwrap(), spec.parse().unwrap());
        let ends = |group: Vec<(Vec<usize>, usize)>| {
            (group[0].0.clone(), group[group.len() - 1].0.clone())
        };
        boxes(owned(&mesh, &spec, 2, positions)).into_iter().map(ends).collect()
    }

    /// The device way, by one process that has all devices.
    #[test]
    fn numbers_are_added_up_over_the_devices() {
        let plugin = plugin::load(&plugin::ensure(Platform::Cpu).unwrap()).unwrap();
        let client = Client::new(&plugin, &ClientOptions::new().with_cpu_devices(8)).unwrap();
        let xla = Xla::over(&client, "data=4,model=2".parse().unwrap()).unwrap();
        assert_eq!(xla.sum_on_devices(3).unwrap(), 3);
        assert_eq!(xla.sum_on_devices(-1).unwrap(), -1);
        assert_eq!((xla.processes(), xla.sum_over_processes(7).unwrap()), (vec![0], 7));
    }

    /// Two processes with four of eight devices each.
    #[test]
    fn each_part_is_written_by_one_process_and_in_one_piece_where_it_can() {
        let (first, second) = ([0, 1, 2, 3], [4, 5, 6, 7]);
        let mesh = "data=4,model=2";
        assert_eq!(at(mesh, "data,model", &first), [(vec![0, 0], vec![1, 1])]);
        assert_eq!(at(mesh, "data,model", &second), [(vec![2, 0], vec![3, 1])]);
        // What both have is the first one's.
        assert_eq!(at(mesh, "-,model", &first), [(vec![0, 0], vec![0, 1])]);
        assert_eq!(at(mesh, "-,model", &second), []);
        assert_eq!(at(mesh, "-", &first), [(vec![0, 0], vec![0, 0])]);
        // The parts of `model` come first, so that a process has two and two of the eight.
        assert_eq!(at(mesh, "model+data", &first).len(), 4);
        assert_eq!(at(mesh, "model+data", &first)[2], (vec![4, 0], vec![4, 0]));
        assert_eq!(at(mesh, "model+data", &[0, 1, 2, 3, 4, 5, 6, 7]), [(vec![0, 0], vec![7, 0])]);
        // Corners of no box: (0, 0) and (1, 1).
        assert_eq!(at("data=2,model=2", "data,model", &[0, 3]).len(), 2);
    }
}

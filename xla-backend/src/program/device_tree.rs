//! Trees whose values are on a device.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::Device;
use burn_backend::TensorData;
use burn_trace::compile::{Structure, paste};
use burn_trace::mesh::Spec;
use burn_trace::{LeafSpec, Leaves, TensorTree};
use smallvec::SmallVec;

use super::devices::Devices;
use super::error::{PlacementError, ProgramError};
use super::form::Form;
use crate::pjrt::{Buffer, PjrtError};

/// A tree whose values are on a device.
///
/// A clone shares the values. A tuple of device trees is a device tree of the tuple, and
/// [`split`](DeviceTree::split) takes it apart again; neither copies values.
pub struct DeviceTree<T> {
    values: Vec<Arc<Value>>,
    form: Form,
    build: Build<T>,
    host: Device,
}

/// The values of a leaf.
#[derive(Debug)]
pub(super) struct Value {
    /// One for each device of this process.
    pub(super) shards: SmallVec<[Buffer; 1]>,
    /// How the leaf is sharded.
    pub(super) spec: Spec,
    pub(super) devices: Arc<Devices>,
}

impl Value {
    /// The leaf, joined from its shards.
    pub(super) fn gather(&self) -> Result<TensorData, ProgramError> {
        let first = &self.shards[0];
        let (Some(mesh), false) = (&self.devices.mesh, self.spec.is_replicated()) else {
            return Ok(first.to_data()?);
        };
        let rank = first.shape().len();
        let parts: Vec<usize> = (0..rank)
            .map(|dim| self.spec.axes(dim).iter().filter_map(|axis| mesh.size(axis)).product())
            .collect();
        let shape: Vec<_> = parts.iter().zip(first.shape()).map(|(n, size)| n * size).collect();
        let here: BTreeMap<_, _> = self
            .devices
            .positions()
            .iter()
            .map(|&position| mesh.shard_index(&self.spec, rank, position))
            .zip(&self.shards)
            .collect();
        let expected = parts.iter().product();
        if here.len() < expected {
            let (spec, got) = (self.spec.to_string(), here.len());
            return Err(PlacementError::Elsewhere { spec, expected, got }.into());
        }
        let dtype = first.element_type().dtype();
        let mut whole = vec![0; shape.iter().product::<usize>() * dtype.size()];
        for (at, shard) in here {
            paste(&mut whole, &shape, &shard.to_data()?, &at);
        }
        Ok(TensorData::from_bytes_vec(whole, shape, dtype))
    }
}

/// A tree of the same structure, whose tensors do not matter.
pub(super) type Build<T> = Arc<dyn Fn() -> T + Send + Sync>;

impl<T> Clone for DeviceTree<T> {
    fn clone(&self) -> Self {
        Self {
            values: self.values.clone(),
            form: self.form.clone(),
            build: Arc::clone(&self.build),
            host: self.host.clone(),
        }
    }
}

impl<T> std::fmt::Debug for DeviceTree<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceTree").field("values", &self.values).finish_non_exhaustive()
    }
}

/// Makes trees of the structure of this one.
pub(super) fn like<T: TensorTree>(tree: T) -> Build<T> {
    let tree = Mutex::new(tree);
    Arc::new(move || tree.lock().unwrap_or_else(PoisonError::into_inner).clone())
}

impl<T: TensorTree> DeviceTree<T> {
    /// The values as Burn's tensors, on the device that the first of them came from.
    ///
    /// # Errors
    ///
    /// [`ProgramError::Pjrt`] with the error of the execution that should have made the values;
    /// also if they were donated to one.
    pub fn to_host(&self) -> Result<T, ProgramError> {
        self.to_device(&self.host)
    }

    /// As [`DeviceTree::to_host`], on another device of Burn.
    ///
    /// # Errors
    ///
    /// As [`DeviceTree::to_host`].
    pub fn to_device(&self, device: &Device) -> Result<T, ProgramError> {
        let values = self.values.iter().map(|value| value.gather());
        let values = values.collect::<Result<Vec<_>, ProgramError>>()?;
        Ok((self.build)().rebuild(&mut Leaves::values(values, device))?)
    }
}

impl<T> DeviceTree<T> {
    pub(super) fn from_parts(
        values: Vec<Arc<Value>>,
        form: Form,
        build: Build<T>,
        host: Device,
    ) -> Self {
        Self { values, form, build, host }
    }

    /// The buffers of the leaves; on a mesh one for each device, leaf after leaf.
    pub fn buffers(&self) -> impl Iterator<Item = &Buffer> {
        self.values.iter().flat_map(|value| &value.shards)
    }

    /// How each leaf is sharded.
    pub fn specs(&self) -> impl Iterator<Item = &Spec> {
        self.values.iter().map(|value| &value.spec)
    }

    /// The leaves: path, dtype and shape of each buffer.
    pub fn leaves(&self) -> Vec<LeafSpec> {
        self.form.leaves()
    }

    /// Waits until all values are there.
    ///
    /// # Errors
    ///
    /// [`PjrtError`] of the execution that should have made them.
    pub fn wait(&self) -> Result<(), PjrtError> {
        self.buffers().try_for_each(|buffer| buffer.ready()?.wait())
    }

    pub(super) fn values(&self) -> &[Arc<Value>] {
        &self.values
    }

    pub(super) fn form(&self) -> &Form {
        &self.form
    }

    pub(super) fn build(&self) -> &Build<T> {
        &self.build
    }

    pub(super) fn host(&self) -> &Device {
        &self.host
    }
}

impl<T> From<&DeviceTree<T>> for DeviceTree<T> {
    fn from(tree: &DeviceTree<T>) -> Self {
        tree.clone()
    }
}

macro_rules! join {
    ($($part:ident $index:tt),+) => {
        impl<$($part: TensorTree),+> From<($(DeviceTree<$part>,)+)> for DeviceTree<($($part,)+)> {
            fn from(parts: ($(DeviceTree<$part>,)+)) -> Self {
                let form = Form::joined([$(parts.$index.form.clone()),+]);
                let build = ($(Arc::clone(&parts.$index.build),)+);
                let host = parts.0.host.clone();
                let mut values = Vec::new();
                $(values.extend(parts.$index.values);)+
                Self {
                    values,
                    form,
                    build: Arc::new(move || ($((build.$index)(),)+)),
                    host,
                }
            }
        }

        impl<$($part: TensorTree),+> DeviceTree<($($part,)+)> {
            /// The device trees of the tuple's children. Values are not copied.
            ///
            /// # Errors
            ///
            /// [`ProgramError::Tree`].
            pub fn split(self) -> Result<($(DeviceTree<$part>,)+), ProgramError> {
                let forms = self.form.parts(|| {
                    let tree = (self.build)();
                    Ok(vec![$(Structure::of(&tree.$index)?),+])
                })?;
                let mut values = self.values.into_iter();
                Ok(($({
                    let form = forms[$index].clone();
                    let values = values.by_ref().take(form.count()).collect();
                    let build = Arc::clone(&self.build);
                    let build: Build<$part> = Arc::new(move || build().$index);
                    DeviceTree::from_parts(values, form, build, self.host.clone())
                },)+))
            }
        }
    };
}
join!(A 0);
join!(A 0, B 1);
join!(A 0, B 1, C 2);
join!(A 0, B 1, C 2, D 3);
join!(A 0, B 1, C 2, D 3, E 4);
join!(A 0, B 1, C 2, D 3, E 4, F 5);
join!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
join!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
join!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
join!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
join!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
join!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);

//! Computation on the shards of devices, and communication between them.

use std::fmt::Write as _;

use super::builder::{Builder, Value, listed};
use super::error::BuildError;
use super::reduce::ReduceKind;
use super::sharding::{Mesh, Sharding};
use crate::types::{ElementType, TensorType};

impl Builder {
    /// Runs `body` on every device of the mesh, on its shards of `inputs`, and joins the results of the devices
    /// to tensors of the types of `outputs` (`sdy.manual_computation`). `body` must not use values of the
    /// surrounding block.
    ///
    /// # Errors
    ///
    /// When a sharding does not fit its tensor, or `body` does not return shards of `outputs`.
    pub fn manual_computation<E: From<BuildError>>(
        &self,
        mesh: &Mesh,
        inputs: &[(Value, Sharding)],
        outputs: &[(TensorType, Sharding)],
        body: impl FnOnce(&Self, &[Value]) -> Result<Vec<Value>, E>,
    ) -> Result<Vec<Value>, E> {
        let op = "sdy.manual_computation";
        let values: Vec<_> = inputs.iter().map(|(value, _)| *value).collect();
        let types: Vec<_> = values.iter().map(|&value| (*self.type_of(value)).clone()).collect();
        let results: Vec<_> = outputs.iter().map(|(ty, _)| ty.clone()).collect();
        let inputs = inputs.iter().map(|(_, sharding)| sharding);
        let (in_shardings, in_parts) = parts(op, mesh, types.iter().zip(inputs))?;
        let outputs = outputs.iter().map(|(ty, sharding)| (ty, sharding));
        let (out_shardings, out_parts) = parts(op, mesh, outputs)?;
        let region = self.region_to(op, "sdy.return", &in_parts, &out_parts, body)?;
        let axes: Vec<_> = mesh.axes.iter().map(|(axis, _)| format!("{axis:?}")).collect();
        Ok(self.append_many(op, &values, &results, |line, names| {
            let _ = write!(
                line,
                "\"{op}\"({}) <{{in_shardings = #sdy.sharding_per_value<[{in_shardings}]>, \
                 manual_axes = #sdy<manual_axes{{{}}}>, \
                 out_shardings = #sdy.sharding_per_value<[{out_shardings}]>}}> ({region}) : ({}) -> ({})",
                names.join(", "),
                axes.join(", "),
                listed(&types),
                listed(&results)
            );
        })?)
    }

    /// The number of the device that runs the program, in the order of the mesh.
    ///
    /// # Errors
    ///
    /// None that the operands could cause.
    pub fn partition_id(&self) -> Result<Value, BuildError> {
        let ty = TensorType::scalar(ElementType::U32);
        self.append("stablehlo.partition_id", &[], ty.clone(), |line, _| {
            let _ = write!(line, "stablehlo.partition_id : {ty}");
        })
    }

    /// Sends `x` from the first device of each pair to the second. Devices that get nothing have zeros.
    ///
    /// # Errors
    ///
    /// When `x` is no value of this block.
    pub fn collective_permute(&self, x: Value, arrows: &[[usize; 2]]) -> Result<Value, BuildError> {
        let op = "stablehlo.collective_permute";
        let ty = self.type_of(x);
        let (channel, count) = (self.next_channel(), arrows.len());
        self.append(op, &[x], (*ty).clone(), |line, names| {
            let _ = write!(
                line,
                "\"{op}\"({}) <{{channel_handle = #stablehlo.channel_handle<handle = {channel}, \
                 type = 1>, source_target_pairs = dense<{arrows:?}> : tensor<{count}x2xi64>}}> : \
                 ({ty}) -> {ty}",
                names[0]
            );
        })
    }

    /// Combines `x` over each group of devices (ids within the program) and gives each of them the
    /// result. Groups have the same size.
    ///
    /// # Errors
    ///
    /// When the elements do not have the operation.
    pub fn all_reduce(
        &self,
        x: Value,
        groups: &[Vec<usize>],
        kind: ReduceKind,
    ) -> Result<Value, BuildError> {
        let op = "stablehlo.all_reduce";
        let ty = self.type_of(x);
        let scalar = TensorType::scalar(ty.element);
        let types = [scalar.clone(), scalar.clone()];
        let region = self.region(op, &types, &[scalar], |b, v| {
            Ok::<_, BuildError>(vec![kind.combine(b, v[0], v[1])?])
        })?;
        let channel = self.next_channel();
        let (count, size) = (groups.len(), groups.first().map_or(0, Vec::len));
        self.append(op, &[x], (*ty).clone(), |line, names| {
            let _ = write!(
                line,
                "\"{op}\"({}) <{{channel_handle = #stablehlo.channel_handle<handle = {channel}, \
                 type = 1>, replica_groups = dense<{groups:?}> : tensor<{count}x{size}xi64>, \
                 use_global_device_ids}}> ({region}) : ({ty}) -> {ty}",
                names[0]
            );
        })
    }

    fn next_channel(&self) -> u32 {
        let mut state = self.state.borrow_mut();
        state.next_channel += 1;
        state.next_channel - 1
    }
}

/// The shardings as text, and the types of the shards.
fn parts<'a>(
    op: &'static str,
    mesh: &Mesh,
    tensors: impl Iterator<Item = (&'a TensorType, &'a Sharding)>,
) -> Result<(String, Vec<TensorType>), BuildError> {
    let mut texts = Vec::new();
    let mut types = Vec::new();
    for (ty, sharding) in tensors {
        let misfit = || {
            let expected = format!("a sharding on the mesh that fits {ty}");
            BuildError::mismatch(op, expected, sharding.body())
        };
        let size = |axis: &String| mesh.axes.iter().find(|(name, _)| name == axis).map(|a| a.1);
        let part = |(dim, axes): (&usize, &Vec<String>)| {
            let parts = axes.iter().map(size).product::<Option<usize>>()?;
            dim.is_multiple_of(parts).then(|| dim / parts)
        };
        if sharding.dims.len() != ty.rank() {
            return Err(misfit());
        }
        let dims = ty.dims.iter().zip(&sharding.dims).map(part).collect::<Option<Vec<_>>>();
        types.push(TensorType::new(ty.element, dims.ok_or_else(misfit)?));
        texts.push(sharding.body());
    }
    Ok((texts.join(", "), types))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_see_parts_and_must_return_parts() {
        let mesh = Mesh { name: "mesh".into(), axes: vec![("x".into(), 2), ("y".into(), 4)] };
        let by = |dims: [&str; 2]| Sharding {
            mesh: "mesh".into(),
            dims: dims.map(|axis| if axis.is_empty() { vec![] } else { vec![axis.into()] }).into(),
        };
        let b = Builder::new("test");
        b.mesh(mesh.clone());
        let ty = TensorType::new(ElementType::F32, [8, 8]);
        let x = b.argument(ty.clone());
        let run = |input, output, body: fn(&Builder, Value) -> Result<Value, BuildError>| {
            let outputs = [(ty.clone(), by(output))];
            b.manual_computation(&mesh, &[(x, by(input))], &outputs, |b, parts| {
                Ok::<_, BuildError>(vec![body(b, parts[0])?])
            })
        };
        let y = run(["x", "y"], ["x", "y"], |b, part| {
            assert_eq!(b.dims(part), [4, 2]);
            b.collective_permute(part, &[[0, 1], [1, 0]])
        });
        let error = run(["x", "y"], ["x", ""], |_, part| Ok(part)).unwrap_err().to_string();
        assert!(error.contains("a region that yields tensor<4x8xf32>"), "{error}");
        let error = run(["z", ""], ["x", "y"], |_, part| Ok(part)).unwrap_err().to_string();
        assert!(error.contains("a sharding on the mesh that fits tensor<8x8xf32>"), "{error}");
        let text = b.finish(&y.unwrap()).unwrap();
        assert!(text.contains("manual_axes = #sdy<manual_axes{\"x\", \"y\"}>"), "{text}");
        assert!(text.contains("sdy.return"), "{text}");
    }
}

//! From a graph to a program: the passes, then the builder, from the arguments to the results.

use std::collections::{BTreeMap, HashMap};

use burn_backend::{BoolStore, DType, TensorData};
use burn_ir::{GraphIr, OperationIr, TensorId, TensorIr};
use burn_trace::Save;
use burn_trace::mesh::{Layout, Mesh, Spec};

use super::compiler::Compiler;
use super::context::{Context, CustomLowering, element_of, tensor_type};
use super::custom::NoCustom;
use super::emit::emit;
use super::error::{Emitted, Fault, LowerError};
use super::graph::labels::Labels;
use super::graph::lanes;
use super::graph::regions::Regions;
use super::kernel::Kernels;
use super::mesh::shardy;
use super::passes::plan::Plan;
use super::passes::step::Stack;
use super::passes::{Block, Fresh};
use crate::stablehlo::{Builder, ElementType, MatmulPrecision, TensorType, Value};

/// A program for the compiler.
#[derive(Clone, Debug)]
pub struct Program {
    /// The module, as StableHLO text.
    pub text: String,
    /// The arguments, without the seed.
    pub arguments: Vec<Port>,
    /// The results.
    pub results: Vec<Port>,
    /// Whether the program takes one more argument, the last: a seed, `tensor<ui64>`.
    pub seed: bool,
    /// What rolled loops keep of all lanes for their gradients.
    pub kept: Vec<TensorType>,
}

/// One argument or result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The tensor of the graph.
    pub id: TensorId,
    /// Its dtype in Burn.
    pub dtype: DType,
    /// Its type in the program.
    pub ty: TensorType,
}

/// Settings of a lowering.
#[derive(Debug)]
pub struct LowerOptions<'a> {
    /// The name of the module.
    pub name: &'a str,
    /// Arguments and results that no operation mentions: a function may leave an argument unused,
    /// or return it.
    pub declared: &'a [TensorIr],
    /// Values of tensors that are neither arguments nor computed; they are written into the
    /// program.
    pub constants: BTreeMap<TensorId, TensorData>,
    /// Lowers operations that are not Burn's.
    pub custom: &'a dyn CustomLowering,
    /// The devices that shardings refer to.
    pub mesh: Option<Mesh>,
    /// The specs of tensors that marks name.
    pub layout: Layout,
    /// The specs of arguments.
    pub argument_specs: BTreeMap<TensorId, Spec>,
    /// The specs of results by position; the compiler chooses those that are missing.
    pub result_specs: BTreeMap<usize, Spec>,
    /// For arguments that are used up, the result (by position) that takes their buffer.
    pub aliases: BTreeMap<TensorId, usize>,
    /// What rolled loops keep for their gradients.
    pub save: Save,
    /// The platform of the compiler, such as `tpu`, if it is known.
    pub platform: &'a str,
    /// How accurately products of f32 are computed.
    pub matmul_precision: MatmulPrecision,
    /// The kernels of this process that the program may call; over a mesh it calls none.
    pub kernels: Kernels,
}

impl Default for LowerOptions<'_> {
    fn default() -> Self {
        Self {
            name: "burn",
            declared: &[],
            constants: BTreeMap::new(),
            custom: &NoCustom,
            mesh: None,
            layout: Layout::replicated(),
            argument_specs: BTreeMap::new(),
            result_specs: BTreeMap::new(),
            aliases: BTreeMap::new(),
            save: Save::default(),
            platform: "",
            matmul_precision: MatmulPrecision::default(),
            kernels: Kernels::default(),
        }
    }
}

/// Lowers the part of `graph` that computes `results` from `arguments`.
///
/// # Errors
///
/// [`LowerError`], which names the operation with its dtypes and shapes.
pub fn lower(
    graph: &GraphIr,
    arguments: &[TensorId],
    results: &[TensorId],
    options: &LowerOptions<'_>,
) -> Result<Program, LowerError> {
    let operations = lanes::checked(&graph.operations, &options.constants)?;
    lower_operations(&operations, arguments, results, options)
}

/// Lowers one operation: its inputs are the arguments (each tensor once), its outputs the results.
///
/// # Errors
///
/// As [`lower`].
pub fn lower_op(op: &OperationIr) -> Result<Program, LowerError> {
    let mut arguments: Vec<TensorId> = Vec::new();
    for input in op.inputs() {
        if !arguments.contains(&input.id) {
            arguments.push(input.id);
        }
    }
    let results: Vec<_> = op.outputs().map(|t| t.id).collect();
    lower_operations(&[op], &arguments, &results, &LowerOptions::default())
}

fn lower_operations(
    operations: &[&OperationIr],
    arguments: &[TensorId],
    results: &[TensorId],
    options: &LowerOptions<'_>,
) -> Result<Program, LowerError> {
    let mut tensors: HashMap<TensorId, &TensorIr> =
        options.declared.iter().map(|tensor| (tensor.id, tensor)).collect();
    for op in operations {
        for tensor in op.inputs().chain(op.outputs()) {
            tensors.entry(tensor.id).or_insert(tensor);
        }
    }
    let at = |place: &'static str| move |fault: Fault| fault.at(place.to_owned(), String::new());
    let port = |id: TensorId, place: &'static str| {
        let tensor = tensors.get(&id).ok_or(Fault::Missing(id)).map_err(at(place))?;
        let ty = tensor_type(tensor).map_err(at(place))?;
        Ok(Port { id, dtype: tensor.dtype, ty })
    };
    let inputs = arguments.iter().map(|&id| port(id, "argument")).collect::<Result<Vec<_>, _>>()?;
    let outputs = results.iter().map(|&id| port(id, "result")).collect::<Result<Vec<_>, _>>()?;

    let regions = Regions::new(operations);
    let labels = Labels::new(operations);
    let over = options.mesh.as_ref().map(|mesh| (mesh, &options.layout));
    // A kernel sees whole tensors.
    let kernels = if over.is_none() { options.kernels } else { Kernels::default() };
    let compiler = Compiler::of(options.platform, kernels);
    let plan = Plan {
        kernels,
        regions: &regions,
        tensors: &tensors,
        over,
        save: &options.save,
        fresh: Fresh::default(),
    };
    let block = plan.top(&arguments.iter().copied().collect(), results)?;

    let builder = Builder::new(options.name).with_matmul_precision(options.matmul_precision);
    if let Some(mesh) = &options.mesh {
        builder.mesh(shardy::mesh(mesh));
    }
    let mut cx = Context::new(builder, compiler, (&block.views, &labels), over, options.custom);
    for port in &inputs {
        declare(&cx, port, options).map_err(at("argument"))?;
    }
    let seed = block.is_random();
    if seed {
        cx.seed = Some(cx.b.argument(TensorType::scalar(ElementType::U64)));
    }
    for (id, data) in &options.constants {
        if tensors.contains_key(id) && !arguments.contains(id) {
            cx.define(*id, constant(&cx, data).map_err(at("constant"))?);
        }
    }
    emit(&cx, &block).map_err(at("a block"))?;
    for (position, port) in outputs.iter().enumerate() {
        if let Some(spec) = options.result_specs.get(&position) {
            cx.b.shard_result(position, shardy::sharding(spec, port.ty.rank()));
        }
    }
    let values = results
        .iter()
        .map(|&id| cx.find(id).map_err(at("result")))
        .collect::<Result<Vec<_>, _>>()?;
    let kept = kept(&block).map_err(at("a loop"))?;
    let text = cx.b.finish(&values).map_err(|error| at("result")(error.into()))?;
    Ok(Program { text, arguments: inputs, results: outputs, seed, kept })
}

/// The stacks that the loops of a block keep.
fn kept(block: &Block<'_>) -> Emitted<Vec<TensorType>> {
    let mut all = Vec::new();
    for frame in block.loops() {
        all.extend(kept(&frame.body)?);
        for (lane, stack) in &frame.made {
            if let Stack::Kept(_) = stack {
                let lane = tensor_type(lane)?;
                all.push(TensorType::new(lane.element, [&[frame.lanes], &*lane.dims].concat()));
            }
        }
    }
    Ok(all)
}

fn declare(cx: &Context<'_>, port: &Port, options: &LowerOptions<'_>) -> Emitted {
    let value = cx.b.argument(port.ty.clone());
    if let Some(spec) = options.argument_specs.get(&port.id) {
        cx.b.shard_argument(value, shardy::sharding(spec, port.ty.rank()))?;
    }
    if let Some(&result) = options.aliases.get(&port.id) {
        cx.b.alias_argument(value, result)?;
    }
    cx.define(port.id, value);
    Ok(())
}

fn constant(cx: &Context<'_>, data: &TensorData) -> Emitted<Value> {
    let ty = TensorType::new(element_of(data.dtype())?, data.shape().to_vec());
    let bytes = data.as_bytes();
    if data.dtype() == DType::Bool(BoolStore::U32) {
        let bytes: Vec<_> =
            bytes.chunks_exact(4).map(|c| u8::from(c.iter().any(|&b| b != 0))).collect();
        return Ok(cx.b.constant_bytes(ty, &bytes)?);
    }
    Ok(cx.b.constant_bytes(ty, bytes)?)
}

#[cfg(test)]
mod tests {
    use burn_ir::{BinaryOpIr, CustomOpIr, NumericOperationIr};

    use super::*;

    fn tensor(id: u64, dims: &[usize], dtype: DType) -> TensorIr {
        TensorIr::uninit(TensorId::new(id), dims.to_vec().into(), dtype)
    }

    fn add(lhs: TensorIr, rhs: TensorIr, out: TensorIr) -> OperationIr {
        let op = NumericOperationIr::Add(BinaryOpIr { lhs, rhs, out });
        OperationIr::NumericFloat(DType::F32, op)
    }

    fn message(op: &OperationIr) -> String {
        lower_op(op).map(|p| p.text).unwrap_err().to_string()
    }

    #[test]
    fn errors_name_operation_types_and_next_step() {
        let (x, y) = (tensor(1, &[2, 3], DType::F32), tensor(2, &[2, 3], DType::I32));
        let text = message(&add(x.clone(), y, tensor(3, &[2, 3], DType::F32)));
        assert_eq!(
            text,
            "NumericFloat::Add of F32[2, 3], I32[2, 3] -> F32[2, 3]: the recorded operation does \
             not type-check"
        );
        let text = message(&add(x.clone(), x.clone(), tensor(3, &[2, 3], DType::F64)));
        assert!(text.contains("declares the result tensor<2x3xf64>"), "{text}");
        let custom =
            CustomOpIr::new("mine", std::slice::from_ref(&x), &[tensor(3, &[2, 3], DType::F32)]);
        let text = message(&OperationIr::Custom(custom));
        assert!(text.contains("no lowering is registered"), "{text}");
        assert!(text.contains("op_support.md"), "{text}");
    }

    #[test]
    fn what_no_result_needs_is_left_out() {
        let x = tensor(1, &[2], DType::F32);
        let (y, z) = (tensor(2, &[2], DType::F32), tensor(3, &[2], DType::F32));
        let unknown =
            CustomOpIr::new("mine", std::slice::from_ref(&x), &[tensor(9, &[2], DType::F32)]);
        let graph = GraphIr::new(vec![
            OperationIr::Custom(unknown),
            add(x.clone(), x.clone(), y.clone()),
            add(y.clone(), x.clone(), z.clone()),
        ]);
        // `y` is an argument, although the graph computes it.
        let program =
            lower(&graph, &[x.id, y.id], &[z.id], &LowerOptions::default()).expect("a program");
        assert_eq!(program.text.matches("stablehlo.add").count(), 1);
        let error = lower(&graph, &[y.id], &[z.id], &LowerOptions::default()).unwrap_err();
        assert!(matches!(error, LowerError::Missing { id, .. } if id == x.id), "{error}");
    }

    #[test]
    fn constants_are_written_into_the_program() {
        let (x, y) = (tensor(1, &[2], DType::F32), tensor(2, &[2], DType::F32));
        let z = tensor(3, &[2], DType::F32);
        let graph = GraphIr::new(vec![add(x.clone(), y.clone(), z.clone())]);
        let mut options = LowerOptions::default();
        options.constants.insert(y.id, TensorData::from([1.0f32, 2.0]));
        let program = lower(&graph, &[x.id], &[z.id], &options).expect("a program");
        assert!(program.text.contains("dense<\"0x0000803F00000040\">"), "{}", program.text);
    }
}

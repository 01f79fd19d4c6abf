//! From a graph to a program: what is needed, in which order, under which names.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use burn_backend::{BoolStore, DType, TensorData};
use burn_ir::{FloatOperationIr, GraphIr, NumericOperationIr, OperationIr, TensorId, TensorIr};
use burn_trace::Save;
use burn_trace::compile::{MATERIALIZE, NAMED};
use burn_trace::mesh::{Layout, Mesh, Spec};

use super::context::{Context, element_of, tensor_type};
use super::custom::{CustomLowering, NoCustom};
use super::error::{Fault, LowerError, Lowered, unsupported};
use super::graph::labels::Parts;
use super::graph::lanes;
use super::graph::regions::{Live, Node, Stream, writes};
use super::loops::{scan, stack};
use super::mesh::{constraint, ring, ring_linear, shardy};
use super::ops::{activation, base, contraction, distributed, float, int, module, numeric};
use super::support::name_of;
use crate::stablehlo::{Builder, ElementType, TensorType, UnaryKind, Value};

/// A program for the compiler.
#[derive(Clone, Debug)]
pub struct Program {
    /// The module, as StableHLO text.
    pub text: String,
    /// What the arguments are, without the seed.
    pub arguments: Vec<Slot>,
    /// What the results are.
    pub results: Vec<Slot>,
    /// Whether the program takes one more argument, the last: a seed, `tensor<ui64>`.
    pub seed: bool,
    /// What rolled loops keep of all lanes for their gradients.
    pub kept: Vec<TensorType>,
}

/// One argument or result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The tensor of the graph.
    pub id: TensorId,
    /// Its dtype in Burn.
    pub dtype: DType,
    /// Its type in the program.
    pub ty: TensorType,
}

/// What a lowering is told besides the graph.
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
    /// How tensors lie on the mesh that have a name.
    pub layout: Layout,
    /// How arguments lie on the mesh.
    pub argument_specs: BTreeMap<TensorId, Spec>,
    /// How results shall lie on the mesh, by position; the compiler chooses for those that are
    /// missing.
    pub result_specs: BTreeMap<usize, Spec>,
    /// For arguments that are used up, the result (by position) that takes their buffer.
    pub aliases: BTreeMap<TensorId, usize>,
    /// What rolled loops keep for their gradients.
    pub save: Save,
    /// The platform of the compiler, such as `tpu`, if it is known.
    pub platform: &'a str,
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
    let slot = |id: TensorId, place: &'static str| {
        let tensor = tensors.get(&id).ok_or(Fault::Missing(id)).map_err(at(place))?;
        let ty = tensor_type(tensor).map_err(at(place))?;
        Ok(Slot { id, dtype: tensor.dtype, ty })
    };
    let inputs = arguments.iter().map(|&id| slot(id, "argument")).collect::<Result<Vec<_>, _>>()?;
    let outputs = results.iter().map(|&id| slot(id, "result")).collect::<Result<Vec<_>, _>>()?;

    let stream = Stream::new(operations);
    let given = arguments.iter().copied().collect();
    let wanted = results.iter().copied().collect();
    let live = stream.live(&stream.top.iter().collect::<Vec<_>>(), &given, &wanted);
    let builder = Builder::new(options.name);
    if let Some(mesh) = &options.mesh {
        builder.mesh(shardy::mesh(mesh));
    }
    let mut cx = Context::new(builder, options.custom);
    cx.mesh = options.mesh.as_ref().map(|mesh| (mesh, &options.layout));
    cx.save = options.save.clone();
    // XLA's compiler for CPUs does not.
    cx.allocates = ["tpu", "cuda", "rocm", "gpu"].contains(&options.platform);
    cx.parts = Parts::new(operations);
    for slot in &inputs {
        declare(&cx, slot, options).map_err(at("argument"))?;
    }
    let seed = live.nodes.iter().any(|node| is_random(node.op()));
    if seed {
        cx.seed = Some(cx.b.argument(TensorType::scalar(ElementType::U64)));
    }
    for (id, data) in &options.constants {
        if tensors.contains_key(id) && !arguments.contains(id) {
            cx.define(*id, constant(&cx, data).map_err(at("constant"))?);
        }
    }
    lower_nodes(&cx, &stream, &live, &wanted)?;
    for (position, slot) in outputs.iter().enumerate() {
        if let Some(spec) = options.result_specs.get(&position) {
            cx.b.shard_result(position, shardy::sharding(spec, slot.ty.rank()));
        }
    }
    let values = results
        .iter()
        .map(|&id| cx.find(id).map_err(at("result")))
        .collect::<Result<Vec<_>, _>>()?;
    let kept = cx.kept.take();
    let text = cx.b.finish(&values).map_err(|error| at("result")(error.into()))?;
    Ok(Program { text, arguments: inputs, results: outputs, seed, kept })
}

/// Lowers nodes of one block, in order; `results` are read behind it.
pub(super) fn lower_nodes(
    cx: &Context<'_>,
    stream: &Stream<'_>,
    live: &Live<'_, '_>,
    results: &BTreeSet<TensorId>,
) -> Result<(), LowerError> {
    let mut read = results.clone();
    let mut operations = Vec::new();
    // What the loops forward keep for the loops backward, by their bodies.
    let mut to_keep = BTreeMap::new();
    let mut kept = BTreeMap::new();
    for &node in &live.nodes {
        match node {
            Node::Op(op) => operations.push(*op),
            Node::Scan(_) => read.extend(stream.reads(node)),
            Node::Backward(back) => {
                read.extend(stream.reads(node));
                let tensors = scan::reads_of_forward(stream, node, back, &live.needed, &cx.save);
                to_keep.insert(back.forward, tensors);
            }
        }
    }
    let summed = contraction::find(&operations, &read);
    let mut nodes = live.nodes.clone();
    while !nodes.is_empty() {
        // What waits for products that are not built yet.
        let mut waiting: Vec<&Node<'_>> = Vec::new();
        let (mut wanted, mut made_later) = (BTreeSet::new(), BTreeSet::new());
        for node in nodes {
            if ring::are_in(cx) {
                let mut reads = stream.reads(node);
                let sum = match node {
                    Node::Op(op) => contraction::summed(&summed, op),
                    _ => None,
                };
                reads.extend(sum.iter().flat_map(|product| [product.lhs.id, product.rhs.id]));
                let is_behind_loop = matches!(node, Node::Backward(_))
                    && waiting.iter().any(|node| matches!(node, Node::Scan(_)));
                if is_behind_loop
                    || !reads.is_disjoint(&made_later)
                    || ring::waits(cx, node, &reads)
                {
                    wanted.extend(reads);
                    made_later.extend(writes(node));
                    waiting.push(node);
                    continue;
                }
            }
            cx.locate(node.op());
            let lowered = match node {
                Node::Op(op) => match contraction::summed(&summed, op) {
                    Some(product) => {
                        op.outputs().try_for_each(|out| contraction::lower(cx, product, out))
                    }
                    None if op.outputs().any(|out| summed.contains_key(&out.id)) => Ok(()),
                    None => dispatch(cx, op),
                },
                Node::Scan(scan) => {
                    let keep = to_keep.remove(&scan.region).unwrap_or_default();
                    scan::forward(cx, stream, node, scan, &live.needed, &keep)
                        .map(|stacks| drop(kept.insert(scan.region, stacks)))
                }
                Node::Backward(back) => {
                    let kept = kept.remove(&back.forward).unwrap_or_default();
                    scan::backward(cx, stream, node, back, &live.needed, &kept)
                }
            };
            lowered.map_err(|fault| {
                let (family, variant) = name_of(node.op());
                fault.at(format!("{family}::{variant}"), types_of(node.op()))
            })?;
        }
        ring::build_all(cx, &wanted)
            .map_err(|fault| fault.at("a product over a ring".to_owned(), String::new()))?;
        nodes = waiting;
    }
    cx.b.set_location(None);
    Ok(())
}

fn declare(cx: &Context<'_>, slot: &Slot, options: &LowerOptions<'_>) -> Lowered {
    let value = cx.b.argument(slot.ty.clone());
    if let Some(spec) = options.argument_specs.get(&slot.id) {
        cx.b.shard_argument(value, shardy::sharding(spec, slot.ty.rank()))?;
    }
    if let Some(&result) = options.aliases.get(&slot.id) {
        cx.b.alias_argument(value, result)?;
    }
    cx.define(slot.id, value);
    Ok(())
}

fn constant(cx: &Context<'_>, data: &TensorData) -> Lowered<Value> {
    let ty = TensorType::new(element_of(data.dtype())?, data.shape().to_vec());
    let bytes = data.as_bytes();
    if data.dtype() == DType::Bool(BoolStore::U32) {
        let bytes: Vec<_> =
            bytes.chunks_exact(4).map(|c| u8::from(c.iter().any(|&b| b != 0))).collect();
        return Ok(cx.b.constant_bytes(ty, &bytes)?);
    }
    Ok(cx.b.constant_bytes(ty, bytes)?)
}

pub(crate) fn is_random(op: &OperationIr) -> bool {
    matches!(
        op,
        OperationIr::Float(_, FloatOperationIr::Random(_))
            | OperationIr::NumericInt(_, NumericOperationIr::IntRandom(_))
            | OperationIr::NumericFloat(_, NumericOperationIr::IntRandom(_))
    )
}

fn dispatch(cx: &Context<'_>, op: &OperationIr) -> Lowered {
    match op {
        OperationIr::BaseFloat(op) | OperationIr::BaseInt(op) | OperationIr::BaseBool(op) => {
            base::lower(cx, op)
        }
        OperationIr::NumericFloat(_, op) | OperationIr::NumericInt(_, op) => numeric::lower(cx, op),
        OperationIr::Bool(op) => int::lower_bool(cx, op),
        OperationIr::Int(op) => int::lower(cx, op),
        OperationIr::Float(_, op) => float::lower(cx, op),
        OperationIr::Module(op) => module::lower(cx, op),
        OperationIr::Activation(op) => activation::lower(cx, op),
        OperationIr::Custom(op) if constraint::is_known(op) => constraint::lower(cx, op),
        OperationIr::Custom(op) if ring_linear::is_known(op) => ring_linear::lower(cx, op),
        OperationIr::Custom(op) if stack::is_known(op) => stack::lower(cx, op),
        OperationIr::Custom(op) if activation::is_known(op) => activation::lower_softmax(cx, op),
        OperationIr::Custom(op) if op.id.starts_with(NAMED) => {
            match (&op.inputs[..], &op.outputs[..]) {
                ([input], [output]) => cx.set(output, cx.get(input)?),
                _ => unsupported("a named tensor is one tensor"),
            }
        }
        OperationIr::Custom(op) if op.id == MATERIALIZE => {
            match (&op.inputs[..], &op.outputs[..]) {
                ([input], [output]) => {
                    let x = cx.get(input)?;
                    let y = cx.b.unary(UnaryKind::OptimizationBarrier, x)?;
                    cx.set_lies_as(y, x);
                    cx.set(output, y)
                }
                _ => unsupported("one tensor is kept in memory"),
            }
        }
        OperationIr::Custom(op) => {
            cx.custom.lower(cx, op)?;
            match op.outputs.iter().find(|t| cx.find(t.id).is_err()) {
                Some(t) => unsupported(format!("its lowering gives {} no value", t.id)),
                None => Ok(()),
            }
        }
        OperationIr::Distributed(op) => distributed::lower(cx, op),
        OperationIr::Init(_) | OperationIr::Drop(_) => Ok(()),
    }
}

/// `BaseFloat::Gather of F32[2, 3], I32[2, 1] -> F32[2, 1]`.
pub(crate) fn describe(op: &OperationIr) -> String {
    let (family, variant) = name_of(op);
    format!("{family}::{variant} of {}", types_of(op))
}

/// `F32[2, 3], I32[3] -> F32[2, 3]`.
pub(super) fn types_of(op: &OperationIr) -> String {
    let list = |tensors: Vec<&TensorIr>| {
        tensors
            .iter()
            .map(|t| format!("{:?}{:?}", t.dtype, t.shape.to_vec()))
            .collect::<Vec<_>>()
            .join(", ")
    };
    format!("{} -> {}", list(op.inputs().collect()), list(op.outputs().collect()))
}

#[cfg(test)]
mod tests {
    use burn_ir::{BinaryOpIr, CustomOpIr};

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

//! Products whose rows and weights are cut by one axis of the mesh, and what goes round its devices.
//!
//! Each device has a shard of the rows, and weights that are cut along their columns or along the axis
//! that is summed over ([`Layout::with_ring`](burn_trace::mesh::Layout::with_ring)). Products are
//! collected before any is emitted. All products of the same rows take one trip round the ring, and so do
//! all products whose results are added. Operations that read a collected product come after its ring.
//!
//! The order of a block is found in rounds. A round takes the operations in their order, and puts off
//! those that need a ring. At its end the rings that were needed are placed, and the next round takes
//! what was put off.

use std::collections::BTreeMap;

use burn_ir::{
    BaseOperationIr, BinaryOpIr, MatmulOpIr, NumericOperationIr, OperationIr, TensorId, TensorIr,
};
use burn_trace::compile::RingAxis;
use burn_trace::mesh::{Mesh, Spec};

use super::Fresh;
use super::contraction::Contractions;
use super::live::{Ids, reads};
use super::placement::Placement;
use super::replicas::Replicas;
use super::views::Views;
use crate::lower::graph::operation::matmul;
use crate::lower::graph::rearranged::reshaped;
use crate::lower::graph::regions::{Node, Regions};
use crate::types::{ElementType, TensorType};

/// A product `x w`, or `x wᵀ`, over the last axis of `x`.
#[derive(Clone, Debug)]
pub(crate) struct Product<'a> {
    /// The operation that asked for it.
    pub(crate) op: &'a OperationIr,
    pub(crate) rows: TensorId,
    /// The weights as a matrix.
    pub(crate) weights: TensorId,
    /// How the weights are sharded.
    pub(crate) spec: Spec,
    /// The axis of the weights that is summed over.
    pub(crate) contracted: usize,
}

/// A result of a ring: its tensor, and the type that it has in the ring, where all axes of the rows are
/// apart.
#[derive(Clone, Debug)]
pub(crate) struct RingResult {
    pub(crate) id: TensorId,
    pub(crate) shape: Vec<usize>,
    pub(crate) ty: TensorType,
}

/// Products of the same rows. The rows go round; each device computes its columns of all of them.
#[derive(Clone, Debug)]
pub(crate) struct Gather<'a> {
    pub(crate) rows: TensorId,
    pub(crate) products: Vec<(Product<'a>, RingResult)>,
}

/// Products that are added. Their sum goes round; each device adds its products to the sums for the rows
/// of the others.
#[derive(Clone, Debug)]
pub(crate) struct Scatter<'a> {
    pub(crate) products: Vec<Product<'a>>,
    /// What is added after the ring.
    pub(crate) addends: Vec<TensorId>,
    pub(crate) sum: RingResult,
}

/// A tensor in the shape in which a ring reads it, made where the recording has it.
#[derive(Clone, Debug)]
pub(crate) struct Operand {
    pub(crate) from: TensorId,
    /// Broadcast to this shape first.
    pub(crate) broadcast: Vec<usize>,
    pub(crate) shape: Vec<usize>,
    pub(crate) to: TensorId,
}

/// One action after the other, as a block will be emitted.
#[derive(Debug)]
pub(crate) enum Action<'r, 'a> {
    /// A node; of the operands of a product over rows, those that are brought to all devices first.
    Node(&'r Node<'a>, [bool; 2]),
    /// What a collected product or sum reads, at the operation.
    Operand(&'a OperationIr, Operand),
    /// Rings, and the operation after which they come.
    Gather(Option<&'a OperationIr>, Gather<'a>),
    Scatter(Option<&'a OperationIr>, Scatter<'a>),
    /// A tensor is read, by an operation or after the block.
    Read(Option<&'a OperationIr>, TensorId),
}

/// What the pass reads.
pub(crate) struct Graph<'g, 'a> {
    pub(crate) regions: &'g Regions<'a>,
    pub(crate) tensors: &'g dyn Fn(TensorId) -> Option<&'a TensorIr>,
    pub(crate) contractions: &'g Contractions<'a>,
    pub(crate) views: &'g Views,
    pub(crate) placement: &'g Placement,
    pub(crate) replicas: &'g Replicas,
    /// The mesh, and the axis of the ring, if there are several devices on it.
    pub(crate) ring: Option<(&'g Mesh, &'g RingAxis)>,
    pub(crate) fresh: &'g Fresh,
}

/// Brings the nodes of a block in the order in which they are emitted.
pub(crate) fn order<'r, 'a>(
    graph: Graph<'_, 'a>,
    nodes: &[&'r Node<'a>],
    results: &[TensorId],
) -> Vec<Action<'r, 'a>> {
    if graph.ring.is_none() {
        let nodes = nodes.iter().map(|node| Action::Node(node, [false; 2]));
        return nodes.chain(results.iter().map(|&id| Action::Read(None, id))).collect();
    }
    let mut order = Order {
        graph,
        late: BTreeMap::new(),
        operands: BTreeMap::new(),
        at: None,
        actions: Vec::with_capacity(nodes.len()),
    };
    let mut nodes = nodes.to_vec();
    while !nodes.is_empty() {
        nodes = order.round(nodes);
    }
    order.at = None;
    for &id in results {
        order.place(id);
        order.actions.push(Action::Read(None, id));
    }
    order.actions
}

/// A collected tensor.
#[derive(Clone, Debug)]
struct Late<'a> {
    sum: Sum<'a>,
    result: RingResult,
}

#[derive(Clone, Debug)]
enum Sum<'a> {
    Gather(Product<'a>),
    Scatter(Vec<Product<'a>>, Vec<TensorId>),
}

/// How the ring cuts a tensor that a collected product reads.
#[derive(Clone, Copy, Debug)]
enum CutBy {
    Rows,
    Columns,
}

struct Order<'g, 'r, 'a> {
    graph: Graph<'g, 'a>,
    /// Collected tensors whose rings are not in the order yet.
    late: BTreeMap<TensorId, Late<'a>>,
    /// The rows of all products that were collected.
    operands: BTreeMap<TensorId, CutBy>,
    /// The operation that was placed last.
    at: Option<&'a OperationIr>,
    actions: Vec<Action<'r, 'a>>,
}

impl<'r, 'a> Order<'_, 'r, 'a> {
    /// Places the nodes that need no ring, then the rings that the others need; gives the others.
    fn round(&mut self, nodes: Vec<&'r Node<'a>>) -> Vec<&'r Node<'a>> {
        let mut put_off: Vec<&Node<'_>> = Vec::new();
        let (mut needed, mut made_later) = (Ids::new(), Ids::new());
        for node in nodes {
            if !self.late.is_empty() {
                let reads = self.reads(node);
                let is_after_loop = matches!(node, Node::Backward(_))
                    && put_off.iter().any(|node| matches!(node, Node::Forward(_)));
                if is_after_loop || !reads.is_disjoint(&made_later) || self.needs_ring(node, &reads)
                {
                    needed.extend(reads);
                    made_later.extend(node.writes());
                    put_off.push(node);
                    continue;
                }
            }
            match node {
                Node::Op(op) => {
                    self.at = Some(op);
                    self.operation(node, op);
                }
                Node::Forward(_) | Node::Backward(_) => {
                    self.actions.push(Action::Node(node, [false; 2]));
                    self.at = None;
                }
            }
        }
        let late: Vec<_> = self.late.keys().filter(|id| needed.contains(id)).copied().collect();
        late.into_iter().for_each(|id| self.place(id));
        put_off
    }

    /// What a node reads, which for a sum of a product is what the product reads, too.
    fn reads(&self, node: &Node<'a>) -> Ids {
        let mut reads = reads(self.graph.regions, node);
        if let Node::Op(op) = node
            && let Some(product) = self.graph.contractions.of_sum(op)
        {
            reads.extend([product.lhs.id, product.rhs.id]);
        }
        reads
    }

    /// Whether a node reads a collected tensor, and is not itself collected with it.
    fn needs_ring(&self, node: &Node<'_>, reads: &Ids) -> bool {
        let may_join = matches!(
            node,
            Node::Op(
                OperationIr::NumericFloat(_, NumericOperationIr::Add(_))
                    | OperationIr::BaseFloat(BaseOperationIr::Reshape(_))
            )
        );
        reads.iter().filter_map(|id| self.late.get(id)).any(|late| match late.sum {
            Sum::Gather(_) => true,
            Sum::Scatter(..) => !may_join,
        })
    }

    fn operation(&mut self, node: &'r Node<'a>, op: &'a OperationIr) {
        if self.graph.contractions.replaces(op) {
            return;
        }
        let mut gathered = [false; 2];
        if let Some(product) = self.graph.contractions.of_sum(op) {
            gathered = self.gathered(product);
        } else if let Some(product) = matmul(op) {
            if product.out.shape.len() == 2 {
                gathered = self.gathered(product);
            }
            let is_unsummed = self.graph.replicas.of(product.out.id).is_some();
            if !is_unsummed && gathered == [false; 2] && self.collect(op, product) {
                return;
            }
        } else if let Some((input, out)) = reshaped(op) {
            if self.graph.replicas.of(out.id).is_none() && self.reshape(input, out) {
                return;
            }
        } else if let OperationIr::NumericFloat(_, NumericOperationIr::Add(d)) = op
            && self.add(op, d)
        {
            return;
        }
        for input in op.inputs() {
            self.place(input.id);
        }
        self.actions.push(Action::Node(node, gathered));
    }

    /// Collects a product of rows with a matrix that they share, if ring and shapes allow it.
    fn collect(&mut self, op: &'a OperationIr, product: &'a MatmulOpIr) -> bool {
        let Some((collected, cut)) = self.collected(op, product) else { return false };
        let Some(rows) = (self.graph.tensors)(collected.rows) else { return false };
        let Some(element) = ElementType::from_dtype(rows.dtype) else { return false };
        let shape = product.out.shape.to_vec();
        let mut dims = rows.shape.to_vec();
        dims.pop();
        dims.extend(shape.last());
        let result = RingResult { id: product.out.id, shape, ty: TensorType::new(element, dims) };
        self.operands.insert(collected.rows, cut);
        let sum = match cut {
            CutBy::Columns => Sum::Scatter(vec![collected], vec![]),
            CutBy::Rows => Sum::Gather(collected),
        };
        self.late.insert(result.id, Late { sum, result });
        true
    }

    fn collected(
        &mut self,
        op: &'a OperationIr,
        product: &'a MatmulOpIr,
    ) -> Option<(Product<'a>, CutBy)> {
        let Graph { views, placement, fresh, .. } = self.graph;
        let (mesh, ring) = self.graph.ring?;
        let shape_of = |id| Some((self.graph.tensors)(id)?.shape.to_vec());
        let right = &product.rhs.shape;
        let is_shared = product.out.shape.len() == 2
            || (right.len() >= 2 && right[..right.len() - 2].iter().all(|&n| n == 1));
        if !is_shared {
            return None;
        }
        let (w, is_transposed) = match views.transposed(product.rhs.id) {
            Some(w) => (w, true),
            None => (product.rhs.id, false),
        };
        let (spec, dims) = (placement.spec(w)?, shape_of(w)?);
        let batch = dims.len().checked_sub(2)?;
        let matrix = [spec.axes(batch), spec.axes(batch + 1)];
        let cut = matrix.iter().position(|axes| *axes == [ring.axis.clone()])?;
        let rows = views.rows_of(product.lhs.id);
        let rows_dims = shape_of(rows)?;
        let is_cut_by_rows = mesh.shard_shape("rows of a ring", &ring.rows, &rows_dims).is_ok();
        if !matrix[1 - cut].is_empty() || rows_dims.len() < 2 || !is_cut_by_rows {
            return None;
        }
        let spec = Spec::new(matrix.map(<[_]>::to_vec).to_vec()).ok()?;
        let contracted = usize::from(is_transposed);
        let shape = dims[batch..].to_vec();
        let weights = fresh.id();
        let operand = Operand { from: w, broadcast: dims, shape, to: weights };
        for read in [product.lhs.id, product.rhs.id] {
            self.actions.push(Action::Read(Some(op), read));
        }
        self.actions.push(Action::Operand(op, operand));
        let cut_by = if cut == contracted { CutBy::Columns } else { CutBy::Rows };
        Some((Product { op, rows, weights, spec, contracted }, cut_by))
    }

    /// Collects a reshape of a collected sum, if it leaves the columns.
    fn reshape(&mut self, input: &TensorIr, out: &TensorIr) -> bool {
        let Some(late @ Late { sum: Sum::Scatter(..), .. }) = self.late.get(&input.id) else {
            return false;
        };
        if out.shape.last() != late.result.ty.dims.last() {
            return false;
        }
        let mut late = late.clone();
        late.result = RingResult { id: out.id, shape: out.shape.to_vec(), ..late.result };
        self.late.insert(out.id, late);
        true
    }

    /// Collects the sum of a collected sum and another tensor.
    fn add(&mut self, op: &'a OperationIr, d: &BinaryOpIr) -> bool {
        let scattered = |id| match self.late.get(&id) {
            Some(late @ Late { sum: Sum::Scatter(..), result })
                if result.shape == d.out.shape[..] =>
            {
                Some(late.clone())
            }
            _ => None,
        };
        let (mut late, other) = match (scattered(d.lhs.id), scattered(d.rhs.id)) {
            (None, None) => return false,
            (Some(left), Some(right)) if left.result.ty != right.result.ty => return false,
            (Some(left), Some(right)) => (left, Err(right)),
            (Some(late), None) => (late, Ok(&d.rhs)),
            (None, Some(late)) => (late, Ok(&d.lhs)),
        };
        let Sum::Scatter(products, addends) = &mut late.sum else { return false };
        match other {
            Ok(tensor) => {
                self.place(tensor.id);
                self.actions.push(Action::Read(Some(op), tensor.id));
                let to = self.graph.fresh.id();
                let (broadcast, shape) = (late.result.shape.clone(), late.result.ty.dims.clone());
                self.actions
                    .push(Action::Operand(op, Operand { from: tensor.id, broadcast, shape, to }));
                addends.push(to);
            }
            Err(Late { sum: Sum::Scatter(more, more_addends), .. }) => {
                products.extend(more);
                addends.extend(more_addends);
            }
            Err(_) => return false,
        }
        late.result.id = d.out.id;
        self.late.insert(d.out.id, late);
        true
    }

    /// Which operands of a contraction over rows are brought to all devices first: where one of them has
    /// columns of all rows, the other one's rows. It is the gradient with respect to the weights of a
    /// collected product.
    fn gathered(&self, product: &MatmulOpIr) -> [bool; 2] {
        let views = self.graph.views;
        let Some(rows) = views.transposed(product.lhs.id) else { return [false; 2] };
        let cut = [rows, product.rhs.id].map(|id| self.operands.get(&views.rows_of(id)));
        match cut {
            [Some(CutBy::Rows), _] | [None, Some(CutBy::Columns)] => [true, false],
            [_, Some(CutBy::Rows)] | [Some(CutBy::Columns), None] => [false, true],
            _ => [false; 2],
        }
    }

    /// Places the ring of a collected tensor, and all tensors that it gives.
    fn place(&mut self, id: TensorId) {
        let Some(late) = self.late.get(&id).cloned() else { return };
        match late.sum {
            Sum::Scatter(products, addends) => {
                self.late.remove(&id);
                let scatter = Scatter { products, addends, sum: late.result };
                self.actions.push(Action::Scatter(self.at, scatter));
            }
            Sum::Gather(Product { rows, .. }) => {
                let mut products = Vec::new();
                self.late.retain(|_, late| match &late.sum {
                    Sum::Gather(product) if product.rows == rows => {
                        products.push((product.clone(), late.result.clone()));
                        false
                    }
                    _ => true,
                });
                self.actions.push(Action::Gather(self.at, Gather { rows, products }));
            }
        }
    }
}

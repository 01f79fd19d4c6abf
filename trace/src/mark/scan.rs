//! A loop over lanes that a compiler can keep as a loop.

use std::cell::Cell;

use crate::recorder::{
    Beneath, Primitive, Recorder, Slot, Traced, Tracked, emit, first_token, placeholder, record,
    stack, tap, turn, type_of, unstack, zeros_like,
};
use crate::tree::{TensorTree, primitives, rebuilt, seen, traced};
use crate::wire::{Lane, Mark, Scan, ScanBackward};

/// Calls `body` on each lane in order. The body gets a lane, and what the call before has passed on; it passes
/// something of the same types on, and returns a result of its own. All results are returned at the end.
///
/// In a function that is compiled with rolled loops (burn-xla's `Jit::roll`) the body is recorded on the first
/// lane, and becomes one loop of the program and a second one for its gradients: the size of the program does
/// not grow with the number of lanes. Elsewhere `scan` is a plain loop.
///
/// Lanes must differ in their tensors alone. So that a difference elsewhere is not overlooked, such as a
/// rate or a number of heads that is a field of the lane, the body is recorded on every other lane too, and the
/// compiler compares the recordings: a difference is an error. Tensors that the body uses besides its arguments
/// must be without gradients. Lanes of several shapes are not rolled.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_trace::scan;
///
/// let lanes: Vec<_> = (1..=4).map(|i| Tensor::<1>::from_floats([i as f32], &Device::flex())).collect();
/// let start = Tensor::<1>::ones([1], &Device::flex());
/// let (product, products) = scan(start, lanes, |x, lane| (x.clone() * lane, x));
/// assert_eq!(product.into_scalar::<f32>(), 24.0);
/// assert_eq!(products[3].clone().into_scalar::<f32>(), 6.0);
/// ```
///
/// # Panics
///
/// If the body of a rolled loop passes on other types than it gets.
pub fn scan<C: TensorTree, L: TensorTree, Y: TensorTree>(
    carry: C,
    lanes: Vec<L>,
    mut body: impl FnMut(C, L) -> (C, Y),
) -> (C, Vec<Y>) {
    match Rolled::new(&carry, &lanes) {
        Some(rolled) => rolled.record(&carry, &lanes, body),
        None => {
            let mut carry = Some(carry);
            let results = lanes.into_iter().map(|lane| {
                let (next, result) = body(carry.take()?, lane);
                carry = Some(next);
                Some(result)
            });
            let results = results.collect::<Option<_>>();
            carry.zip(results).expect("the body returns what it passes on")
        }
    }
}

/// As [`scan`], and one loop of the program in every compiled function, whether it rolls its loops or not.
/// Loops inside of the body stay as the function has them. For many lanes with a large body, which would make
/// a program too large to compile.
///
/// # Panics
///
/// As [`scan`].
pub fn scan_as_loop<C: TensorTree, L: TensorTree, Y: TensorTree>(
    carry: C,
    lanes: Vec<L>,
    mut body: impl FnMut(C, L) -> (C, Y),
) -> (C, Vec<Y>) {
    let is_recorded = traced(&carry).is_some();
    match MODE.get() {
        Mode::Unrolled if is_recorded => in_mode(Mode::Rolled, || {
            scan(carry, lanes, |carry, lane| in_mode(Mode::Unrolled, || body(carry, lane)))
        }),
        _ => scan(carry, lanes, body),
    }
}

/// How loops are recorded.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Unrolled,
    Rolled,
    /// Rolled, on a lane that is recorded to be compared: loops inside of it were compared on the first lane.
    Compared,
}

thread_local! {
    static MODE: Cell<Mode> = const { Cell::new(Mode::Unrolled) };
}

/// Calls a function with its loops recorded as loops, or unrolled.
pub fn rolling<T>(on: bool, function: impl FnOnce() -> T) -> T {
    in_mode(if on { Mode::Rolled } else { Mode::Unrolled }, function)
}

fn in_mode<T>(mode: Mode, function: impl FnOnce() -> T) -> T {
    struct Restore(Mode);
    impl Drop for Restore {
        fn drop(&mut self) {
            MODE.set(self.0);
        }
    }
    let _restore = Restore(MODE.replace(mode));
    function()
}

/// A loop to be recorded: its leaves.
struct Rolled {
    client: Recorder,
    carry: Vec<Traced>,
    /// By leaf, then by lane.
    leaves: Vec<Vec<Traced>>,
    is_tracked: bool,
}

impl Rolled {
    fn new<C: TensorTree, L: TensorTree>(carry: &C, lanes: &[L]) -> Option<Self> {
        if MODE.get() == Mode::Unrolled || lanes.len() < 2 {
            return None;
        }
        let unrolled = |reason: &str| {
            tracing::warn!(reason, lanes = lanes.len(), "a loop is unrolled");
            None
        };
        let Some((carry, _)) = traced(carry) else {
            return unrolled("what is passed on is not recorded");
        };
        let mut leaves: Vec<Vec<Traced>> = Vec::new();
        let mut first = None;
        for lane in lanes {
            let Some((lane, structure)) = traced(lane) else {
                return unrolled("a lane is not recorded");
            };
            if *first.get_or_insert(structure) != structure {
                return unrolled("the lanes have not the same shapes and dtypes");
            }
            leaves.resize(lane.len(), Vec::new());
            leaves.iter_mut().zip(lane).for_each(|(leaf, lane)| leaf.push(lane));
        }
        let mut all = carry.iter().chain(leaves.iter().flatten());
        let client = all.clone().next()?.primitive().client.clone();
        let is_tracked = all.any(|leaf| leaf.tracked().is_some());
        Some(Self { client, carry, leaves, is_tracked })
    }

    fn record<C: TensorTree, L: TensorTree, Y: TensorTree>(
        self,
        carry: &C,
        trees: &[L],
        mut body: impl FnMut(C, L) -> (C, Y),
    ) -> (C, Vec<Y>) {
        let client = &self.client;
        let stacks: Vec<_> = self.leaves.iter().map(|lanes| self.stacked(lanes)).collect();
        let lanes = trees.len();

        let region = self.begin();
        let (inputs, of_lane) = self.all_inside();
        let lane = rebuilt(&trees[0], of_lane.clone());
        let (next, result) = body(rebuilt(carry, inputs.clone()), lane.clone());
        check_running_state(&lane, &of_lane);
        let outputs = leaves_of(&next);
        let results = leaves_of(&result);
        self.end(region);
        check(&self.carry, &outputs);
        if MODE.get() == Mode::Rolled {
            let given = primitives(inputs.iter().chain(&of_lane));
            let made = primitives(outputs.iter().chain(&results));
            for (number, tree) in trees.iter().enumerate().skip(1) {
                self.record_to_compare(number, (&given, &made), carry, tree, &mut body);
            }
        }
        let gradient = self
            .is_tracked
            .then(|| Gradient::record(&self, region, (&inputs, &of_lane), (&outputs, &results)));

        let stacked = results.iter().map(|leaf| {
            let (shape, dtype) = type_of(leaf.primitive());
            ([&[lanes], shape.as_slice()].concat().into(), dtype)
        });
        let types = outputs.iter().map(|leaf| type_of(leaf.primitive())).chain(stacked).collect();
        let mark = Mark::Scan(Scan {
            region,
            lanes,
            starts: &primitives(&self.carry),
            stacks: &stacks,
            carry: &primitives(&inputs),
            leaves: &primitives(&of_lane),
            next: &primitives(&outputs),
            results: &primitives(&results),
        });
        let mut values = record(client, &mark, types);
        let stacked = values.split_off(outputs.len());
        let by_leaf: Vec<_> = stacked.iter().map(|stack| unstack(client, stack)).collect();
        let plain = |leaf: &Traced, value: &Primitive| leaf.fresh(value.clone());
        let mut finals: Vec<_> =
            outputs.iter().zip(&values).map(|(leaf, value)| plain(leaf, value)).collect();
        let mut by_lane: Vec<Vec<_>> = (0..lanes)
            .map(|lane| {
                results
                    .iter()
                    .zip(&by_leaf)
                    .map(|(leaf, lanes)| plain(leaf, &lanes[lane]))
                    .collect()
            })
            .collect();
        if let Some(gradient) = gradient {
            gradient.connect(self, &mut finals, &mut by_lane);
        }
        let results = by_lane.into_iter().map(|leaves| rebuilt(&result, leaves)).collect();
        (rebuilt(&next, finals), results)
    }

    /// Records the body on another lane, between marks that say what it is given and what it makes, here and
    /// on the first lane.
    fn record_to_compare<C: TensorTree, L: TensorTree, Y: TensorTree>(
        &self,
        number: usize,
        (given, made): (&[Primitive], &[Primitive]),
        carry: &C,
        lane: &L,
        body: &mut impl FnMut(C, L) -> (C, Y),
    ) {
        record(&self.client, &Mark::BeginLane, vec![]);
        let (inputs, of_lane) = self.all_inside();
        let (next, result) = in_mode(Mode::Compared, || {
            body(rebuilt(carry, inputs.clone()), rebuilt(lane, of_lane.clone()))
        });
        let (outputs, results) = (leaves_of(&next), leaves_of(&result));
        let given_here = primitives(inputs.iter().chain(&of_lane));
        let made_here = primitives(outputs.iter().chain(&results));
        let (given, made) = ([given, given_here.as_slice()], [made, made_here.as_slice()]);
        record(&self.client, &Mark::EndLane(Lane { number, given, made }), vec![]);
    }

    /// The tensors that stand in the body for what is passed on, and for a lane.
    fn all_inside(&self) -> (Vec<Traced>, Vec<Traced>) {
        let passed = self.carry.iter().map(|leaf| self.inside(leaf, self.is_tracked)).collect();
        let of_lane = self
            .leaves
            .iter()
            .map(|lanes| self.inside(&lanes[0], lanes.iter().any(|leaf| leaf.tracked().is_some())));
        (passed, of_lane.collect())
    }

    fn stacked(&self, lanes: &[Traced]) -> Primitive {
        stack(&self.client, &primitives(lanes))
    }

    fn begin(&self) -> u64 {
        // A number that no other region of the recording has.
        let region = burn_router::RouterClient::create_empty_handle(&self.client).value();
        record(&self.client, &Mark::BeginRegion { region }, vec![]);
        region
    }

    fn end(&self, region: u64) {
        record(&self.client, &Mark::EndRegion { region }, vec![]);
    }

    /// The tensor that stands for a leaf in the body.
    fn inside(&self, leaf: &Traced, is_tracked: bool) -> Traced {
        let (shape, dtype) = type_of(leaf.primitive());
        let inside = leaf.fresh(placeholder(&self.client, shape, dtype));
        match inside.0 {
            Beneath::Float(float) if is_tracked => Traced(Beneath::Float(float.require_grad())),
            other => Traced(other),
        }
    }
}

/// The recorded gradient of a body.
struct Gradient {
    forward: u64,
    region: u64,
    /// The tensors that stand for the gradients with respect to what the body passes on, and to its results.
    by_outputs: Vec<Option<Primitive>>,
    by_results: Vec<Option<Primitive>>,
    /// The gradients with respect to what the body is passed, and to the lane.
    by_carry: Vec<Option<Primitive>>,
    by_lane: Vec<Option<Primitive>>,
}

impl Gradient {
    fn record(
        rolled: &Rolled,
        forward: u64,
        (inputs, of_lane): (&[Traced], &[Traced]),
        (outputs, results): (&[Traced], &[Traced]),
    ) -> Self {
        let region = rolled.begin();
        let mut token = first_token(&rolled.client);
        let mut seed = |leaf: &Traced| {
            let tracked = leaf.tracked()?;
            let (shape, dtype) = type_of(tracked.primitive());
            let gradient = placeholder(&rolled.client, shape, dtype);
            let slot = Slot::default();
            slot.put(gradient.clone());
            token = tap(&token, tracked, &slot);
            Some(gradient)
        };
        let by_outputs: Vec<_> = outputs.iter().map(&mut seed).collect();
        let by_results: Vec<_> = results.iter().map(&mut seed).collect();
        let gradients = token.is_tracked().then(|| token.backward());
        let by = |leaf: &Traced| {
            let tracked = leaf.tracked()?;
            let gradient = gradients.as_ref().and_then(|gradients| tracked.grad(gradients));
            Some(gradient.unwrap_or_else(|| zeros_like(tracked.primitive())))
        };
        let by_carry = inputs.iter().map(by).collect();
        let by_lane = of_lane.iter().map(by).collect();
        rolled.end(region);
        Self { forward, region, by_outputs, by_results, by_carry, by_lane }
    }

    /// Connects arguments and results of the loop in the graph of gradients.
    fn connect(self, rolled: Rolled, finals: &mut [Traced], by_lane: &mut [Vec<Traced>]) {
        let slots = |count: usize| (0..count).map(|_| Slot::default()).collect::<Vec<_>>();
        let lanes = by_lane.len();
        // The gradients with respect to arguments of the loop: what is passed on, and each leaf of each lane.
        let into_carry = slots(rolled.carry.len());
        let into_lanes: Vec<_> = rolled.leaves.iter().map(|lanes| slots(lanes.len())).collect();
        let mut token = first_token(&rolled.client);
        for (leaf, slot) in rolled.carry.iter().zip(&into_carry) {
            token = tapped(token, leaf, slot);
        }
        for (leaf, slot) in rolled.leaves.iter().flatten().zip(into_lanes.iter().flatten()) {
            token = tapped(token, leaf, slot);
        }
        // The gradients with respect to its results.
        let out_carry = slots(finals.len());
        let out_lanes: Vec<_> = (0..lanes).map(|_| slots(self.by_results.len())).collect();
        let client = rolled.client.clone();
        let sent = (out_carry.clone(), out_lanes.clone());
        let types: Vec<_> =
            rolled.leaves.iter().map(|lanes| type_of(lanes[0].primitive())).collect();
        let output_types: Vec<_> = finals.iter().map(|leaf| leaf.primitive().clone()).collect();
        let result_types: Vec<_> = by_lane[0].iter().map(|leaf| leaf.primitive().clone()).collect();
        token = turn(&token, move || {
            let (out_carry, out_lanes) = sent;
            self.run(
                &client,
                &types,
                (&output_types, out_carry),
                (&result_types, out_lanes),
                (into_carry, into_lanes),
            );
        });
        let place = |leaf: &mut Traced, slot: &Slot| {
            if leaf.is_differentiable() {
                *leaf = Traced(Beneath::Float(emit(&token, leaf.primitive().clone(), slot)));
            }
        };
        finals.iter_mut().zip(&out_carry).for_each(|(leaf, slot)| place(leaf, slot));
        for (leaves, slots) in by_lane.iter_mut().zip(&out_lanes) {
            leaves.iter_mut().zip(slots).for_each(|(leaf, slot)| place(leaf, slot));
        }
    }

    /// Records the loop of the backward pass.
    fn run(
        self,
        client: &Recorder,
        lane_types: &[(burn_backend::Shape, burn_backend::DType)],
        (outputs, out_carry): (&[Primitive], Vec<Slot>),
        (results, out_lanes): (&[Primitive], Vec<Vec<Slot>>),
        (into_carry, into_lanes): (Vec<Slot>, Vec<Vec<Slot>>),
    ) {
        let lanes = out_lanes.len();
        let taken = |slot: &Slot, like: &Primitive| slot.take().unwrap_or_else(|| zeros_like(like));
        // A gradient is passed on for each leaf that is passed on and takes one.
        let carried: Vec<_> = (0..outputs.len()).filter(|&k| self.by_carry[k].is_some()).collect();
        let starts: Vec<_> = carried.iter().map(|&k| taken(&out_carry[k], &outputs[k])).collect();
        let with_gradient: Vec<_> =
            (0..results.len()).filter(|&k| self.by_results[k].is_some()).collect();
        let given: Vec<_> = with_gradient
            .iter()
            .map(|&k| {
                let lanes: Vec<_> =
                    out_lanes.iter().map(|slots| taken(&slots[k], &results[k])).collect();
                stack(client, &lanes)
            })
            .collect();
        let wanted: Vec<_> = (0..lane_types.len()).filter(|&k| self.by_lane[k].is_some()).collect();
        // The gradient of an output that depends on no parameter is not read.
        let unused: Vec<_> = carried
            .iter()
            .map(|&k| {
                let (shape, dtype) = type_of(&outputs[k]);
                self.by_outputs[k].clone().unwrap_or_else(|| placeholder(client, shape, dtype))
            })
            .collect();
        let stacked = wanted.iter().map(|&k| {
            let (shape, dtype) = &lane_types[k];
            ([&[lanes], shape.as_slice()].concat().into(), *dtype)
        });
        let types = starts.iter().map(type_of).chain(stacked).collect();
        let by_results: Vec<_> =
            with_gradient.iter().filter_map(|&k| self.by_results[k].clone()).collect();
        let mark = Mark::ScanBackward(ScanBackward {
            forward: self.forward,
            region: self.region,
            lanes,
            starts: &starts,
            stacks: &given,
            carry: &unused,
            given: &by_results,
            next: &self.by_carry.into_iter().flatten().collect::<Vec<_>>(),
            wanted: &self.by_lane.into_iter().flatten().collect::<Vec<_>>(),
        });
        let mut values = record(client, &mark, types);
        let stacks = values.split_off(starts.len());
        carried.iter().zip(values).for_each(|(&k, value)| into_carry[k].put(value));
        for (&k, stack) in wanted.iter().zip(&stacks) {
            let lanes = unstack(client, stack);
            into_lanes[k].iter().zip(lanes).for_each(|(slot, lane)| slot.put(lane));
        }
    }
}

fn tapped(token: Tracked, leaf: &Traced, slot: &Slot) -> Tracked {
    match leaf.tracked() {
        Some(tracked) => tap(&token, tracked, slot),
        None => token,
    }
}

fn leaves_of(tree: &impl TensorTree) -> Vec<Traced> {
    traced(tree).expect("what the body of a loop returns is computed from its arguments").0
}

/// A rolled loop has no place for running state that its body changes.
fn check_running_state(lane: &impl TensorTree, given: &[Traced]) {
    let mut after = Vec::new();
    if seen(lane, &mut |_, leaf| after.push(leaf.traced())).has_running_state {
        let ids = |leaf: &Traced| leaf.primitive().id();
        let same = after.iter().flatten().map(ids).eq(given.iter().map(ids));
        assert!(
            same,
            "the body of a rolled loop changes running state of its lane, such as the statistics of batch norm, \
             which would be lost; unroll the loop"
        );
    }
}

fn check(given: &[Traced], passed_on: &[Traced]) {
    let types =
        |leaves: &[Traced]| leaves.iter().map(|leaf| type_of(leaf.primitive())).collect::<Vec<_>>();
    let (expected, got) = (types(given), types(passed_on));
    assert!(expected == got, "the body of a loop passes on {got:?}, but it is given {expected:?}");
}

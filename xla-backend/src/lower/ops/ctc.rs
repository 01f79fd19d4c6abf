//! Connectionist temporal classification: the loss and its gradient.
//!
//! The targets with blanks between them make `l = 2 s + 1` states. Forward variables run over time
//! step by step, backward variables are those of the reversed problem; both in logarithms. Each is one
//! loop, so that the size of the program does not grow with time. `t` time, `n` batch, `c` classes.

use burn_ir::{CtcLossBackwardOpIr, CtcLossOpIr, TensorIr};

use crate::lower::context::Context;
use crate::lower::error::{Emitted, Fault, unsupported};
use crate::stablehlo::{
    Builder, Comparison, ElementType, GatherDims, ReduceKind, ScatterDims, UnaryKind, Value,
};

/// A step of a loop over time.
#[derive(Clone, Copy)]
struct Now {
    /// Its number.
    time: Value,
    /// What the step before made.
    state: Value,
    /// The log probabilities of this time.
    emission: Value,
}

struct Problem {
    time: usize,
    batch: usize,
    classes: usize,
    states: usize,
    log_probs: Value,
    /// The class of each state, `[n, l]`.
    labels: Value,
    /// Log probabilities of the states, `[t, n, l]`.
    emissions: Value,
    input_lengths: Value,
    target_lengths: Value,
    /// Whether a state can be reached by leaving out the blank before it, `[n, l]`.
    skips: Value,
}

impl Problem {
    fn new(
        cx: &Context<'_>,
        log_probs: &TensorIr,
        targets: &TensorIr,
        lengths: (&TensorIr, &TensorIr),
        blank: usize,
    ) -> Emitted<Self> {
        let b = &cx.b;
        let (&[time, batch, classes], &[_, targets_len]) =
            (&log_probs.shape[..], &targets.shape[..])
        else {
            return unsupported(
                "log probabilities are [time, batch, classes], targets [batch, length]",
            );
        };
        if log_probs.shape.contains(&0) {
            return unsupported("an empty time, batch or set of classes");
        }
        let states = 2 * targets_len + 1;
        let int = |t: &TensorIr| -> Emitted<Value> { Ok(b.convert(cx.get(t)?, ElementType::I32)?) };
        let blanks = b.splat_int(blank as i128, ElementType::I32, &[])?;
        let labels = if targets_len == 0 {
            b.broadcast_in_dim(blanks, &[batch, 1], &[])?
        } else {
            b.pad(int(targets)?, blanks, &[0, 1], &[0, 1], &[0, 1])?
        };
        let probs = cx.get_wide(log_probs)?;
        let whole = [time, batch, states];
        let at = |d: usize| b.iota(ElementType::I32, &[time, batch, states, 1], d);
        let label = b.broadcast_in_dim(labels, &[time, batch, states, 1], &[1, 2])?;
        let gather = GatherDims {
            collapsed: vec![0, 1, 2],
            index_map: vec![0, 1, 2],
            ..GatherDims::default()
        };
        let index = b.concatenate(&[at(0)?, at(1)?, label], 3)?;
        let emissions = b.reshape(b.gather(probs, index, &gather, &[1, 1, 1])?, &whole)?;
        let before = shift(b, labels, 2, blanks)?;
        let state = b.iota(ElementType::I32, &[batch, states], 1)?;
        let late = b.compare(
            Comparison::GreaterEqual,
            state,
            b.splat_int(2, ElementType::I32, &[batch, states])?,
        )?;
        let blanks = b.broadcast_in_dim(blanks, &[batch, states], &[])?;
        let sounds = b.compare(Comparison::NotEqual, labels, blanks)?;
        let differs = b.compare(Comparison::NotEqual, labels, before)?;
        Ok(Self {
            time,
            batch,
            classes,
            states,
            log_probs: probs,
            labels,
            emissions,
            input_lengths: int(lengths.0)?,
            target_lengths: int(lengths.1)?,
            skips: b.and(b.and(sounds, differs)?, late)?,
        })
    }

    /// For each sample the number of its states, `[n, l]`.
    fn last_state(&self, b: &Builder) -> Emitted<Value> {
        let two = b.splat_int(2, ElementType::I32, &[self.batch])?;
        let last = b.multiply(self.target_lengths, two)?;
        Ok(b.broadcast_in_dim(last, &[self.batch, self.states], &[0])?)
    }

    /// All forward variables `[t, n, l]`: after the end of a sample they stay as they were.
    fn forward(&self, cx: &Context<'_>) -> Emitted<Value> {
        let b = &cx.b;
        let dims = [self.batch, self.states];
        let state = b.iota(ElementType::I32, &dims, 1)?;
        let two = b.splat_int(2, ElementType::I32, &dims)?;
        let starts = b.compare(Comparison::Less, state, two)?;
        let valid = b.compare(Comparison::LessEqual, state, self.last_state(b)?)?;
        let length = b.broadcast_in_dim(self.input_lengths, &dims, &[0])?;
        let lowest = b.splat(f64::NEG_INFINITY, b.element(self.emissions), &dims)?;
        let alpha = b.select(starts, self.row(b, self.emissions, 0)?, lowest)?;
        let first = b.splat_int(0, ElementType::I32, &[])?;
        let rows = b.with_row(self.no_rows(b)?, alpha, first)?;
        let fixed = [self.skips, valid, length];
        self.over_time(cx, (alpha, rows), 1, false, fixed, |b, now, [skips, valid, length]| {
            let Now { time, state: alpha, emission } = now;
            let nothing = b.scalar(f64::NEG_INFINITY, b.element(alpha))?;
            let stay = log_sum_exp(b, alpha, shift(b, alpha, 1, nothing)?)?;
            let skip = log_sum_exp(b, stay, shift(b, alpha, 2, nothing)?)?;
            let new = b.add(b.select(skips, skip, stay)?, emission)?;
            let time = b.broadcast_in_dim(time, &dims, &[])?;
            let running = b.compare(Comparison::Greater, length, time)?;
            Ok(b.select(b.and(running, valid)?, new, alpha)?)
        })
    }

    /// All backward variables `[t, n, l]`, each with the emission of its own time.
    fn backward(&self, cx: &Context<'_>) -> Emitted<Value> {
        let b = &cx.b;
        let dims = [self.batch, self.states];
        let state = b.iota(ElementType::I32, &dims, 1)?;
        let last = self.last_state(b)?;
        let one = b.splat_int(1, ElementType::I32, &dims)?;
        let ends = b.and(
            b.compare(Comparison::LessEqual, state, last)?,
            b.compare(Comparison::GreaterEqual, state, b.subtract(last, one)?)?,
        )?;
        let length = b.broadcast_in_dim(self.input_lengths, &dims, &[0])?;
        // A state is left by a skip if the state two further may be reached by one.
        let skips = b.reverse(
            shift(b, b.reverse(self.skips, &[1])?, 2, b.scalar(0.0, ElementType::Bool)?)?,
            &[1],
        )?;
        let start = b.splat(f64::NEG_INFINITY, b.element(self.emissions), &dims)?;
        let rows = self.no_rows(b)?;
        let fixed = [skips, ends, length];
        self.over_time(cx, (start, rows), 0, true, fixed, |b, now, [skips, ends, length]| {
            let Now { time, state: next, emission } = now;
            let nothing = b.scalar(f64::NEG_INFINITY, b.element(next))?;
            let lowest = b.splat_like(f64::NEG_INFINITY, next)?;
            let one = b.splat_int(1, ElementType::I32, &[])?;
            let here = b.broadcast_in_dim(b.add(time, one)?, &dims, &[])?;
            let is_last = b.compare(Comparison::Equal, length, here)?;
            let before = b.compare(Comparison::Greater, length, here)?;
            let turned = b.reverse(next, &[1])?;
            let one_on = b.reverse(shift(b, turned, 1, nothing)?, &[1])?;
            let two_on = b.reverse(shift(b, turned, 2, nothing)?, &[1])?;
            let two_on = b.select(skips, two_on, lowest)?;
            let sum = log_sum_exp(b, log_sum_exp(b, next, one_on)?, two_on)?;
            let start = b.select(b.and(is_last, ends)?, emission, lowest)?;
            Ok(b.select(before, b.add(sum, emission)?, start)?)
        })
    }

    /// Zeros `[t, n, l]`, for the rows of a loop.
    fn no_rows(&self, b: &Builder) -> Emitted<Value> {
        let dims = [self.time, self.batch, self.states];
        Ok(b.splat(0.0, b.element(self.emissions), &dims)?)
    }

    /// A loop over time, from the step `first` on, or from as far before the end to the beginning: what
    /// `step` makes of each time and of `fixed`, written into `rows`. `state` is what it made before.
    fn over_time(
        &self,
        cx: &Context<'_>,
        (state, rows): (Value, Value),
        first: usize,
        is_reversed: bool,
        fixed: [Value; 3],
        step: impl FnOnce(&Builder, Now, [Value; 3]) -> Emitted<Value>,
    ) -> Emitted<Value> {
        let int = |b: &Builder, n: usize| b.splat_int(n as i128, ElementType::I32, &[]);
        let first = int(&cx.b, first)?;
        let carried: Vec<_> =
            [first, state, rows, self.emissions].iter().chain(&fixed).copied().collect();
        let ends = cx.b.while_loop::<Fault>(
            &carried,
            |b, values| Ok(b.compare(Comparison::Less, values[0], int(b, self.time)?)?),
            |b, values| {
                let time = match is_reversed {
                    true => b.subtract(int(b, self.time - 1)?, values[0])?,
                    false => values[0],
                };
                let now = Now { time, state: values[1], emission: b.row(values[3], time)? };
                let state = step(b, now, [values[4], values[5], values[6]])?;
                let rows = b.with_row(values[2], state, time)?;
                let next = [b.add(values[0], int(b, 1)?)?, state, rows];
                Ok(next.iter().chain(&values[3..]).copied().collect())
            },
        )?;
        Ok(ends[2])
    }

    fn row(&self, b: &Builder, x: Value, t: usize) -> Emitted<Value> {
        Ok(b.reshape(b.slice_dim(x, 0, t, 1)?, &[self.batch, self.states])?)
    }

    /// Minus the logarithm of the probability of the targets, `[n]`.
    fn loss(&self, cx: &Context<'_>, alpha: Value) -> Emitted<Value> {
        let b = &cx.b;
        let last = self.row(b, alpha, self.time - 1)?;
        let state = b.iota(ElementType::I32, &[self.batch, self.states], 1)?;
        let end = self.last_state(b)?;
        let one = b.splat_int(1, ElementType::I32, &[self.batch, self.states])?;
        let pick = |at: Value| -> Emitted<Value> {
            let here = b.compare(Comparison::Equal, state, at)?;
            let lowest = b.splat_like(f64::NEG_INFINITY, last)?;
            let init = b.scalar(f64::NEG_INFINITY, b.element(last))?;
            Ok(b.reduce(b.select(here, last, lowest)?, init, &[1], ReduceKind::Maximum)?)
        };
        let likelihood = log_sum_exp(b, pick(end)?, pick(b.subtract(end, one)?)?)?;
        Ok(b.negate(likelihood)?)
    }
}

/// `x` moved right by `by` along dimension 1, `fill` coming in.
fn shift(b: &Builder, x: Value, by: usize, fill: Value) -> Emitted<Value> {
    let size = b.dims(x)[1];
    let by = by.min(size);
    let head = b.slice_dim(x, 1, 0, size - by)?;
    Ok(b.pad(head, fill, &[0, by as i64], &[0, 0], &[0, 0])?)
}

/// `ln(e^x + e^y)`, minus infinity where both are.
fn log_sum_exp(b: &Builder, x: Value, y: Value) -> Emitted<Value> {
    let max = b.maximum(x, y)?;
    let min = b.minimum(x, y)?;
    let lowest = b.compare(Comparison::Equal, min, b.splat_like(f64::NEG_INFINITY, min)?)?;
    let gap = b.select(lowest, min, b.subtract(min, max)?)?;
    Ok(b.add(max, b.unary(UnaryKind::LogPlusOne, b.exp(gap)?)?)?)
}

pub(crate) fn forward(cx: &Context<'_>, d: &CtcLossOpIr) -> Emitted {
    let lengths = (&d.input_lengths, &d.target_lengths);
    let problem = Problem::new(cx, &d.log_probs, &d.targets, lengths, d.blank)?;
    let alpha = problem.forward(cx)?;
    cx.set_as(&d.out, problem.loss(cx, alpha)?)
}

/// `e^p - posterior` of each class, times the gradient of the loss; zero after the end of a sample
/// and where the targets cannot be reached.
pub(crate) fn backward(cx: &Context<'_>, d: &CtcLossBackwardOpIr) -> Emitted {
    let b = &cx.b;
    let lengths = (&d.input_lengths, &d.target_lengths);
    let p = Problem::new(cx, &d.log_probs, &d.targets, lengths, d.blank)?;
    let (alpha, beta) = (p.forward(cx)?, p.backward(cx)?);
    let loss = p.loss(cx, alpha)?;
    let states = [p.time, p.batch, p.states];
    let classes = [p.time, p.batch, p.classes];
    let product = b.subtract(b.add(alpha, beta)?, p.emissions)?;
    let posterior = b.exp(b.add(product, b.broadcast_in_dim(loss, &states, &[1])?)?)?;
    let grad = cx.get_wide(&d.grad_loss)?;
    let share = b.multiply(posterior, b.broadcast_in_dim(grad, &states, &[1])?)?;
    let whole = b.multiply(b.exp(p.log_probs)?, b.broadcast_in_dim(grad, &classes, &[1])?)?;
    let at = |dim: usize| b.iota(ElementType::I32, &[p.time, p.batch, p.states, 1], dim);
    let label = b.broadcast_in_dim(p.labels, &[p.time, p.batch, p.states, 1], &[1, 2])?;
    let index = b.concatenate(&[at(0)?, at(1)?, label], 3)?;
    let dims =
        ScatterDims { inserted: vec![0, 1, 2], index_map: vec![0, 1, 2], ..ScatterDims::default() };
    let y = b.scatter::<Fault>(whole, index, b.negate(share)?, &dims, |b, old, new| {
        Ok(b.add(old, new)?)
    })?;
    let time = b.iota(ElementType::I32, &classes, 0)?;
    let length = b.broadcast_in_dim(p.input_lengths, &classes, &[1])?;
    let infinite = b.compare(Comparison::Equal, loss, b.splat_like(f64::INFINITY, loss)?)?;
    let gone = b.or(
        b.compare(Comparison::GreaterEqual, time, length)?,
        b.broadcast_in_dim(infinite, &classes, &[1])?,
    )?;
    cx.set_as(&d.out, b.select(gone, b.splat_like(0.0, y)?, y)?)
}

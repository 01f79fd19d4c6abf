//! Loops, random bits, and calls of what is not StableHLO.

use std::fmt::Write as _;

use super::builder::{Builder, Value, listed};
use super::error::BuildError;
use crate::types::{ElementType, TensorType};

/// Counter-based generators of random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RngAlgorithm {
    /// Threefry, with a state of two 64-bit words: key and counter.
    ThreeFry,
    /// Philox, with a state of two 64-bit words: key and counter.
    Philox,
}

impl Builder {
    /// Runs `body` on the carried values while `condition` holds for them. Both may use values of the surrounding
    /// block only if they are carried.
    ///
    /// # Errors
    ///
    /// When `condition` yields no truth value, or `body` other types than it was given.
    pub fn while_loop<E: From<BuildError>>(
        &self,
        carried: &[Value],
        condition: impl FnOnce(&Self, &[Value]) -> Result<Value, E>,
        body: impl FnOnce(&Self, &[Value]) -> Result<Vec<Value>, E>,
    ) -> Result<Vec<Value>, E> {
        let op = "stablehlo.while";
        let types: Vec<_> = carried.iter().map(|&v| (*self.type_of(v)).clone()).collect();
        let truth = TensorType::scalar(ElementType::Bool);
        let test = self.region(op, &types, &[truth], |b, v| Ok::<_, E>(vec![condition(b, v)?]))?;
        let step = self.region(op, &types, &types, body)?;
        Ok(self.append_many(op, carried, &types, |line, names| {
            let (names, types) = (names.join(", "), listed(&types));
            let _ = write!(line, "\"{op}\"({names}) ({test}, {step}) : ({types}) -> ({types})");
        })?)
    }

    /// Calls the function that the plugin knows by this name, through XLA's typed FFI. It has no effects besides
    /// its results, so that a call whose results nobody reads is left out.
    ///
    /// # Errors
    ///
    /// When an operand is no value of this block.
    pub fn custom_call(
        &self,
        target: &str,
        operands: &[Value],
        results: &[TensorType],
    ) -> Result<Vec<Value>, BuildError> {
        let op = "stablehlo.custom_call";
        let types: Vec<_> = operands.iter().map(|&v| self.type_of(v)).collect();
        self.append_many(op, operands, results, |line, names| {
            let (names, types, results) = (names.join(", "), listed(&types), listed(results));
            let _ = write!(
                line,
                "\"{op}\"({names}) <{{api_version = 4 : i32, backend_config = {{}}, \
                 call_target_name = {target:?}}}> : ({types}) -> ({results})"
            );
        })
    }

    /// Random bits of `element` and `dims` out of `state`, two words of 64 bits; with the state
    /// after them.
    ///
    /// # Errors
    ///
    /// When the state has another type, or `element` is no integer type.
    pub fn rng_bits(
        &self,
        algorithm: RngAlgorithm,
        state: Value,
        element: ElementType,
        dims: &[usize],
    ) -> Result<(Value, Value), BuildError> {
        let op = "stablehlo.rng_bit_generator";
        let ty = self.type_of(state);
        let want = TensorType::new(ElementType::U64, [2]);
        if *ty != want || !element.is_unsigned() {
            let got = format!("{ty} for {element}");
            return Err(BuildError::mismatch(op, format!("{want} and unsigned bits"), got));
        }
        let bits = TensorType::new(element, dims);
        let name = match algorithm {
            RngAlgorithm::ThreeFry => "THREE_FRY",
            RngAlgorithm::Philox => "PHILOX",
        };
        let results = [want.clone(), bits.clone()];
        let values = self.append_many(op, &[state], &results, |line, names| {
            let _ = write!(
                line,
                "{op} {}, algorithm = {name} : ({want}) -> ({want}, {bits})",
                names[0]
            );
        })?;
        Ok((values[1], values[0]))
    }
}

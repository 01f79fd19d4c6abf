//! Attributes of a function's arguments and results.

use std::fmt::Write as _;

use super::builder::{Builder, Value};
use super::error::BuildError;
use super::sharding::{Attributes, Mesh, Sharding};

impl Builder {
    /// Declares a mesh of devices.
    pub fn mesh(&self, mesh: Mesh) {
        self.state.borrow_mut().meshes.push(mesh);
    }

    /// Sets the sharding of an argument.
    ///
    /// # Errors
    ///
    /// When `argument` is no argument of this function, or the ranks differ.
    pub fn shard_argument(&self, argument: Value, sharding: Sharding) -> Result<(), BuildError> {
        let rank = self.rank(argument);
        self.check_sharding("func.func", &sharding, rank)?;
        self.with_attributes(argument, |a| a.sharding = Some(sharding))
    }

    /// Lets result number `result` take over the argument's buffer.
    ///
    /// # Errors
    ///
    /// When `argument` is no argument of this function.
    pub fn alias_argument(&self, argument: Value, result: usize) -> Result<(), BuildError> {
        self.with_attributes(argument, |a| a.aliases = Some(result))
    }

    /// Gives the argument's buffer to the program, which may use it for any result.
    ///
    /// # Errors
    ///
    /// When `argument` is no argument of this function.
    pub fn donate_argument(&self, argument: Value) -> Result<(), BuildError> {
        self.with_attributes(argument, |a| a.donated = true)
    }

    /// Sets the sharding of result number `result`.
    pub fn shard_result(&self, result: usize, sharding: Sharding) {
        let mut state = self.state.borrow_mut();
        if state.result_attributes.len() <= result {
            state.result_attributes.resize_with(result + 1, Attributes::default);
        }
        state.result_attributes[result].sharding = Some(sharding);
    }

    /// Constrains the sharding of `x` at this point (`sdy.sharding_constraint`).
    ///
    /// # Errors
    ///
    /// When the ranks differ.
    pub fn sharding_constraint(&self, x: Value, sharding: &Sharding) -> Result<Value, BuildError> {
        let op = "sdy.sharding_constraint";
        self.check_sharding(op, sharding, self.rank(x))?;
        let ty = self.type_of(x);
        self.append(op, &[x], (*ty).clone(), |line, names| {
            let _ = write!(line, "sdy.sharding_constraint {} {} : {ty}", names[0], sharding.body());
        })
    }

    fn check_sharding(
        &self,
        op: &'static str,
        sharding: &Sharding,
        rank: usize,
    ) -> Result<(), BuildError> {
        if sharding.dims.len() == rank {
            return Ok(());
        }
        Err(BuildError::mismatch(
            op,
            format!("a sharding of {rank} dimensions"),
            sharding.dims.len().to_string(),
        ))
    }

    fn with_attributes(
        &self,
        argument: Value,
        change: impl FnOnce(&mut Attributes),
    ) -> Result<(), BuildError> {
        let index = self.argument_index(argument)?;
        change(&mut self.state.borrow_mut().arguments[index].1);
        Ok(())
    }
}

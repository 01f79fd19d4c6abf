//! The function under construction: blocks, values and their names.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::error::BuildError;
use super::sharding::{Attributes, Mesh};
use crate::types::{ElementType, MatmulPrecision, TensorType};

/// One SSA value of a [`Builder`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Value {
    builder: u32,
    id: u32,
}

/// A StableHLO function under construction; see the [module](crate::stablehlo).
#[derive(Debug)]
pub struct Builder {
    id: u32,
    name: String,
    matmul_precision: MatmulPrecision,
    pub(super) state: RefCell<State>,
}

#[derive(Debug)]
pub(super) struct State {
    values: Vec<Definition>,
    /// Open blocks, outermost first. Never empty: the first is the function's body.
    blocks: Vec<Block>,
    next_block: u32,
    next_name: u32,
    pub(super) arguments: Vec<(Value, Attributes)>,
    pub(super) result_attributes: Vec<Attributes>,
    pub(super) meshes: Vec<Mesh>,
    pub(super) next_channel: u32,
    /// The location of the operations that follow, for reports and profiles.
    location: Option<String>,
}

#[derive(Debug)]
struct Definition {
    ty: Rc<TensorType>,
    block: u32,
    name: Name,
}

#[derive(Clone, Copy, Debug)]
enum Name {
    Argument(u32),
    Single(u32),
    Of(u32, u32),
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Argument(index) => write!(f, "%arg{index}"),
            Self::Single(number) => write!(f, "%{number}"),
            Self::Of(number, index) => write!(f, "%{number}#{index}"),
        }
    }
}

#[derive(Debug)]
struct Block {
    serial: u32,
    text: String,
    constants: HashMap<String, Value>,
}

static BUILDERS: AtomicU32 = AtomicU32::new(0);

impl Builder {
    /// An empty function called `name`.
    pub fn new(name: impl Into<String>) -> Self {
        let body = Block { serial: 0, text: String::new(), constants: HashMap::new() };
        Self {
            id: BUILDERS.fetch_add(1, Ordering::Relaxed),
            name: name.into(),
            matmul_precision: MatmulPrecision::default(),
            state: RefCell::new(State {
                values: Vec::new(),
                blocks: vec![body],
                next_block: 1,
                next_name: 0,
                arguments: Vec::new(),
                result_attributes: Vec::new(),
                meshes: Vec::new(),
                next_channel: 1,
                location: None,
            }),
        }
    }

    /// Computes products of 32-bit floats so accurately; [`MatmulPrecision::Full`] is the default.
    #[must_use]
    pub fn with_matmul_precision(mut self, precision: MatmulPrecision) -> Self {
        self.matmul_precision = precision;
        self
    }

    pub(super) fn matmul_precision(&self) -> MatmulPrecision {
        self.matmul_precision
    }

    /// Declares the next argument of the function.
    pub fn argument(&self, ty: TensorType) -> Value {
        let mut state = self.state.borrow_mut();
        let index = state.arguments.len() as u32;
        let value = self.define(&mut state, ty, 0, Name::Argument(index));
        state.arguments.push((value, Attributes::default()));
        value
    }

    /// Names the operations that follow, for reports and profiles of the compiled program. Quotation marks and
    /// backslashes in a name become `_`.
    pub fn set_location(&self, name: Option<String>) {
        self.state.borrow_mut().location = name.map(|name| name.replace(['"', '\\'], "_"));
    }

    /// The name set by [`set_location`](Self::set_location).
    pub fn location(&self) -> Option<String> {
        self.state.borrow().location.clone()
    }

    /// The type of a value; the scalar `i1` for a value of another builder, which no operation
    /// accepts.
    pub fn type_of(&self, value: Value) -> Rc<TensorType> {
        let state = self.state.borrow();
        match state.values.get(value.id as usize) {
            Some(definition) if value.builder == self.id => Rc::clone(&definition.ty),
            _ => Rc::new(TensorType::scalar(ElementType::Bool)),
        }
    }

    /// The element type of a value.
    pub fn element(&self, value: Value) -> ElementType {
        self.type_of(value).element
    }

    /// The dimensions of a value.
    pub fn dims(&self, value: Value) -> Vec<usize> {
        self.type_of(value).dims.clone()
    }

    /// The number of dimensions of a value.
    pub fn rank(&self, value: Value) -> usize {
        self.type_of(value).rank()
    }

    /// The module with this function, returning `results`.
    ///
    /// # Errors
    ///
    /// When a result is not a value of the function's own block.
    pub fn finish(self, results: &[Value]) -> Result<String, BuildError> {
        let names = self.names("func.return", results)?;
        let types: Vec<_> = results.iter().map(|&value| self.type_of(value)).collect();
        let state = self.state.into_inner();
        let mut text = format!("module @{} {{\n", self.name);
        for mesh in &state.meshes {
            let _ = write!(text, "  sdy.mesh @{} = <[", mesh.name);
            for (i, (axis, size)) in mesh.axes.iter().enumerate() {
                let _ = write!(text, "{}\"{axis}\"={size}", if i > 0 { ", " } else { "" });
            }
            text.push_str("]>\n");
        }
        text.push_str("  func.func public @main(");
        for (i, (value, attributes)) in state.arguments.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            let ty = &state.values[value.id as usize].ty;
            let _ = write!(text, "{comma}%arg{i}: {ty}{}", attributes.print());
        }
        text.push_str(") -> (");
        for (i, ty) in types.iter().enumerate() {
            let attributes =
                state.result_attributes.get(i).map(Attributes::print).unwrap_or_default();
            let _ = write!(text, "{}{ty}{attributes}", if i > 0 { ", " } else { "" });
        }
        text.push_str(") {\n");
        for block in &state.blocks {
            text.push_str(&block.text);
        }
        text.push_str("    return");
        write_list(&mut text, &names, &types);
        text.push_str("\n  }\n}\n");
        Ok(text)
    }

    fn define(&self, state: &mut State, ty: TensorType, block: u32, name: Name) -> Value {
        let id = state.values.len() as u32;
        state.values.push(Definition { ty: Rc::new(ty), block, name });
        Value { builder: self.id, id }
    }

    pub(super) fn argument_index(&self, value: Value) -> Result<usize, BuildError> {
        let name = self.names("func.func", &[value])?;
        match self.state.borrow().values[value.id as usize].name {
            Name::Argument(index) => Ok(index as usize),
            _ => Err(BuildError::mismatch("func.func", "an argument", name[0].clone())),
        }
    }

    /// Names of operands, once it is known that the current block may use them.
    pub(super) fn names(
        &self,
        op: &'static str,
        operands: &[Value],
    ) -> Result<Vec<String>, BuildError> {
        let state = self.state.borrow();
        operands
            .iter()
            .map(|value| match state.values.get(value.id as usize) {
                Some(definition)
                    if value.builder == self.id
                        && state.blocks.iter().any(|b| b.serial == definition.block) =>
                {
                    Ok(definition.name.to_string())
                }
                definition => Err(BuildError::Scope {
                    op,
                    value: definition.map_or_else(|| "?".to_owned(), |d| d.name.to_string()),
                }),
            })
            .collect()
    }

    /// Appends an operation with one result; `print` writes it after the equals sign.
    pub(super) fn append(
        &self,
        op: &'static str,
        operands: &[Value],
        ty: TensorType,
        print: impl FnOnce(&mut String, &[String]),
    ) -> Result<Value, BuildError> {
        let names = self.names(op, operands)?;
        let mut state = self.state.borrow_mut();
        let number = state.next_name;
        state.next_name += 1;
        let depth = state.blocks.len();
        let location = state.location.clone();
        let block = state.open_block();
        let serial = block.serial;
        indent(&mut block.text, depth);
        let _ = write!(block.text, "%{number} = ");
        print(&mut block.text, &names);
        if let Some(name) = location {
            let _ = write!(block.text, " loc(\"{name}\")");
        }
        block.text.push('\n');
        Ok(self.define(&mut state, ty, serial, Name::Single(number)))
    }

    /// Appends an operation with several results.
    pub(super) fn append_many(
        &self,
        op: &'static str,
        operands: &[Value],
        types: &[TensorType],
        print: impl FnOnce(&mut String, &[String]),
    ) -> Result<Vec<Value>, BuildError> {
        if let [ty] = types {
            return Ok(vec![self.append(op, operands, ty.clone(), print)?]);
        }
        let names = self.names(op, operands)?;
        let mut state = self.state.borrow_mut();
        let number = state.next_name;
        state.next_name += 1;
        let depth = state.blocks.len();
        let location = state.location.clone();
        let block = state.open_block();
        let serial = block.serial;
        indent(&mut block.text, depth);
        let _ = write!(block.text, "%{number}:{} = ", types.len());
        print(&mut block.text, &names);
        if let Some(name) = location {
            let _ = write!(block.text, " loc(\"{name}\")");
        }
        block.text.push('\n');
        let name = |index: usize| Name::Of(number, index as u32);
        Ok((0..types.len())
            .map(|i| self.define(&mut state, types[i].clone(), serial, name(i)))
            .collect())
    }

    /// Builds a nested block with arguments of `types`, and prints it as a region in braces. What
    /// `body` returns must have the types `expected`.
    pub(super) fn region<E: From<BuildError>>(
        &self,
        op: &'static str,
        types: &[TensorType],
        expected: &[TensorType],
        body: impl FnOnce(&Self, &[Value]) -> Result<Vec<Value>, E>,
    ) -> Result<String, E> {
        self.region_to(op, "stablehlo.return", types, expected, body)
    }

    /// As [`Builder::region`], ending with another operation.
    pub(super) fn region_to<E: From<BuildError>>(
        &self,
        op: &'static str,
        terminator: &'static str,
        types: &[TensorType],
        expected: &[TensorType],
        body: impl FnOnce(&Self, &[Value]) -> Result<Vec<Value>, E>,
    ) -> Result<String, E> {
        let (arguments, depth) = self.enter(types);
        let yielded = body(self, &arguments);
        let names = yielded.and_then(|values| {
            let got: Vec<_> = values.iter().map(|&v| self.type_of(v)).collect();
            if !got.iter().map(Rc::as_ref).eq(expected) {
                let (want, got) = (listed(expected), listed(&got));
                return Err(BuildError::mismatch(op, format!("a region that yields {want}"), got))?;
            }
            Ok((self.names(op, &values)?, self.names(op, &arguments)?))
        });
        let block = self.leave();
        let (names, arguments) = names?;
        let mut text = String::from("{\n");
        indent(&mut text, depth);
        text.push_str("^bb0(");
        for (i, (name, ty)) in arguments.iter().zip(types).enumerate() {
            let _ = write!(text, "{}{name}: {ty}", if i > 0 { ", " } else { "" });
        }
        text.push_str("):\n");
        text.push_str(&block);
        indent(&mut text, depth + 1);
        text.push_str(terminator);
        write_list(&mut text, &names, expected);
        text.push('\n');
        indent(&mut text, depth);
        text.push('}');
        Ok(text)
    }

    fn enter(&self, types: &[TensorType]) -> (Vec<Value>, usize) {
        let mut state = self.state.borrow_mut();
        let depth = state.blocks.len();
        let serial = state.next_block;
        state.next_block += 1;
        state.blocks.push(Block { serial, text: String::new(), constants: HashMap::new() });
        let arguments = types
            .iter()
            .map(|ty| {
                let number = state.next_name;
                state.next_name += 1;
                self.define(&mut state, ty.clone(), serial, Name::Single(number))
            })
            .collect();
        (arguments, depth)
    }

    fn leave(&self) -> String {
        let mut state = self.state.borrow_mut();
        if state.blocks.len() > 1 {
            state.blocks.pop().map(|block| block.text).unwrap_or_default()
        } else {
            String::new()
        }
    }

    /// A constant that this block has already; else `make` appends it, and it is remembered.
    pub(super) fn cached(
        &self,
        key: String,
        make: impl FnOnce() -> Result<Value, BuildError>,
    ) -> Result<Value, BuildError> {
        let known = self.state.borrow_mut().open_block().constants.get(&key).copied();
        if let Some(value) = known {
            return Ok(value);
        }
        let value = make()?;
        self.state.borrow_mut().open_block().constants.insert(key, value);
        Ok(value)
    }
}

impl State {
    /// The innermost open block. There is always one; an empty one would take its place rather than a panic.
    fn open_block(&mut self) -> &mut Block {
        if self.blocks.is_empty() {
            self.blocks.push(Block { serial: 0, text: String::new(), constants: HashMap::new() });
        }
        let last = self.blocks.len() - 1;
        &mut self.blocks[last]
    }
}

/// Two spaces for the module, then two for each block.
fn indent(text: &mut String, depth: usize) {
    for _ in 0..=depth {
        text.push_str("  ");
    }
}

fn write_list(text: &mut String, names: &[String], types: &[impl std::borrow::Borrow<TensorType>]) {
    if names.is_empty() {
        return;
    }
    let _ = write!(text, " {} : {}", names.join(", "), listed(types));
}

/// Types separated by commas.
pub(super) fn listed(types: &[impl std::borrow::Borrow<TensorType>]) -> String {
    types.iter().map(|ty| ty.borrow().to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stablehlo::ReduceKind;

    #[test]
    fn what_does_not_type_check_is_refused() {
        let b = Builder::new("test");
        let x = b.argument(TensorType::new(ElementType::F32, [2, 3]));
        let y = b.argument(TensorType::new(ElementType::F32, [3, 2]));
        let error = b.add(x, y).unwrap_err().to_string();
        assert_eq!(
            error,
            "stablehlo.add: expected tensor<2x3xf32>, got tensor<3x2xf32>; check the shapes and \
             dtypes that reach this operation"
        );
        let zero = b.scalar(0.0, ElementType::I32).unwrap();
        assert!(b.reduce(x, zero, &[0], ReduceKind::Add).is_err());
        assert!(b.reshape(x, &[7]).is_err());
        assert!(b.slice(x, &[(0, 3, 1), (0, 3, 1)]).is_err());
        assert!(b.pad(x, zero, &[0, 0], &[0, 0], &[0, 0]).is_err());
    }

    #[test]
    fn values_stay_where_they_are() {
        let b = Builder::new("test");
        let other = Builder::new("other");
        let x = b.argument(TensorType::new(ElementType::F32, [2]));
        assert!(matches!(
            other.negate(x),
            Err(BuildError::Scope { .. } | BuildError::Mismatch { .. })
        ));
        let mut escaped = None;
        let zero = b.scalar(0.0, ElementType::F32).unwrap();
        let sum = b.reduce_with::<BuildError>(&[x], &[zero], &[0], |b, acc, new| {
            escaped = Some(new[0]);
            Ok(vec![b.add(acc[0], new[0])?])
        });
        let escaped = escaped.unwrap();
        assert!(matches!(b.negate(escaped), Err(BuildError::Scope { .. })));
        let text = b.finish(&[sum.unwrap()[0]]).unwrap();
        assert!(text.contains("^bb0"), "{text}");
    }
}

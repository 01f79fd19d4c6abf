//! Operations that work on each element alone.

use std::fmt::Write as _;

use super::builder::{Builder, Value};
use super::error::BuildError;
use crate::types::{ElementType, TensorType};

/// What element types an operation takes.
#[derive(Clone, Copy)]
enum Accepts {
    Float,
    Number,
    IntOrBool,
    Any,
}

impl Accepts {
    fn admits(self, element: ElementType) -> bool {
        match self {
            Self::Float => element.is_float(),
            Self::Number => element != ElementType::Bool,
            Self::IntOrBool => !element.is_float(),
            Self::Any => true,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Float => "floats",
            Self::Number => "floats or integers",
            Self::IntOrBool => "integers or truth values",
            Self::Any => "any element type",
        }
    }
}

macro_rules! unary_kinds {
    ($($(#[$doc:meta])* $name:ident = $op:literal, $accepts:ident;)+) => {
        /// An operation on each element of one tensor.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum UnaryKind {
            $($(#[$doc])* $name,)+
        }

        impl UnaryKind {
            fn describe(self) -> (&'static str, Accepts) {
                match self {
                    $(Self::$name => ($op, Accepts::$accepts),)+
                }
            }
        }
    };
}

unary_kinds! {
    /// Absolute value.
    Abs = "stablehlo.abs", Number;
    /// Inverse cosine.
    Acos = "chlo.acos", Float;
    /// Inverse hyperbolic cosine.
    Acosh = "chlo.acosh", Float;
    /// Inverse sine.
    Asin = "chlo.asin", Float;
    /// Inverse hyperbolic sine.
    Asinh = "chlo.asinh", Float;
    /// Inverse tangent.
    Atan = "chlo.atan", Float;
    /// Inverse hyperbolic tangent.
    Atanh = "chlo.atanh", Float;
    /// Least integer not below.
    Ceil = "stablehlo.ceil", Float;
    /// Cosine.
    Cosine = "stablehlo.cosine", Float;
    /// Hyperbolic cosine.
    Cosh = "chlo.cosh", Float;
    /// Error function.
    Erf = "chlo.erf", Float;
    /// Inverse of the error function.
    ErfInv = "chlo.erf_inv", Float;
    /// `e^x`.
    Exponential = "stablehlo.exponential", Float;
    /// `e^x - 1`.
    ExponentialMinusOne = "stablehlo.exponential_minus_one", Float;
    /// Greatest integer not above.
    Floor = "stablehlo.floor", Float;
    /// Natural logarithm.
    Log = "stablehlo.log", Float;
    /// `ln(1 + x)`.
    LogPlusOne = "stablehlo.log_plus_one", Float;
    /// `1 / (1 + e^-x)`.
    Logistic = "stablehlo.logistic", Float;
    /// Minus the value.
    Negate = "stablehlo.negate", Number;
    /// The complement of each bit.
    Not = "stablehlo.not", IntOrBool;
    /// Reads a barrier: XLA moves nothing across it.
    OptimizationBarrier = "stablehlo.optimization_barrier", Any;
    /// The nearest integer, the even one of two.
    RoundNearestEven = "stablehlo.round_nearest_even", Float;
    /// `1 / sqrt(x)`.
    Rsqrt = "stablehlo.rsqrt", Float;
    /// Sign: -1, 0 or 1, NaN of NaN.
    Sign = "stablehlo.sign", Number;
    /// Sine.
    Sine = "stablehlo.sine", Float;
    /// Hyperbolic sine.
    Sinh = "chlo.sinh", Float;
    /// Square root.
    Sqrt = "stablehlo.sqrt", Float;
    /// Tangent.
    Tan = "stablehlo.tan", Float;
    /// Hyperbolic tangent.
    Tanh = "stablehlo.tanh", Float;
}

macro_rules! binary_kinds {
    ($($(#[$doc:meta])* $name:ident, $method:ident = $op:literal, $accepts:ident;)+) => {
        /// An operation on each pair of elements of two tensors of one type.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum BinaryKind {
            $($(#[$doc])* $name,)+
        }

        impl BinaryKind {
            fn describe(self) -> (&'static str, Accepts) {
                match self {
                    $(Self::$name => ($op, Accepts::$accepts),)+
                }
            }
        }

        impl Builder {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                ///
                /// When the operands differ in type, or have elements that the operation has not.
                pub fn $method(&self, lhs: Value, rhs: Value) -> Result<Value, BuildError> {
                    self.binary(BinaryKind::$name, lhs, rhs)
                }
            )+
        }
    };
}

binary_kinds! {
    /// The sum; "or" of truth values.
    Add, add = "stablehlo.add", Any;
    /// "And", of each bit.
    And, and = "stablehlo.and", IntOrBool;
    /// The angle of the point (rhs, lhs).
    Atan2, atan2 = "stablehlo.atan2", Float;
    /// The quotient; of integers rounded towards zero.
    Divide, divide = "stablehlo.divide", Number;
    /// The larger; NaN if either is.
    Maximum, maximum = "stablehlo.maximum", Any;
    /// The smaller; NaN if either is.
    Minimum, minimum = "stablehlo.minimum", Any;
    /// The product; "and" of truth values.
    Multiply, multiply = "stablehlo.multiply", Any;
    /// "Or", of each bit.
    Or, or = "stablehlo.or", IntOrBool;
    /// The power.
    Power, power = "stablehlo.power", Number;
    /// The remainder, with the sign of the dividend.
    Remainder, remainder = "stablehlo.remainder", Number;
    /// Shifted towards the high bits.
    ShiftLeft, shift_left = "stablehlo.shift_left", IntOrBool;
    /// Shifted towards the low bits, copies of the sign coming in.
    ShiftRightArithmetic, shift_right_arithmetic = "stablehlo.shift_right_arithmetic", IntOrBool;
    /// Shifted towards the low bits, zeros coming in.
    ShiftRightLogical, shift_right_logical = "stablehlo.shift_right_logical", IntOrBool;
    /// The difference.
    Subtract, subtract = "stablehlo.subtract", Number;
    /// "Exclusive or", of each bit.
    Xor, xor = "stablehlo.xor", IntOrBool;
}

/// How two elements are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// Equal.
    Equal,
    /// Not equal.
    NotEqual,
    /// Less.
    Less,
    /// Less or equal.
    LessEqual,
    /// Greater.
    Greater,
    /// Greater or equal.
    GreaterEqual,
}

impl Comparison {
    fn name(self) -> &'static str {
        match self {
            Self::Equal => "EQ",
            Self::NotEqual => "NE",
            Self::Less => "LT",
            Self::LessEqual => "LE",
            Self::Greater => "GT",
            Self::GreaterEqual => "GE",
        }
    }
}

impl Builder {
    /// Applies `kind` to each element of `x`.
    ///
    /// # Errors
    ///
    /// When the operation is not defined for the element type.
    pub fn unary(&self, kind: UnaryKind, x: Value) -> Result<Value, BuildError> {
        let (op, accepts) = kind.describe();
        let ty = self.type_of(x);
        if !accepts.admits(ty.element) {
            return Err(BuildError::mismatch(op, accepts.words(), ty.to_string()));
        }
        self.append(op, &[x], (*ty).clone(), |line, names| {
            let arrow =
                if op.starts_with("chlo") { format!("{ty} -> {ty}") } else { ty.to_string() };
            let _ = write!(line, "{op} {} : {arrow}", names[0]);
        })
    }

    /// Applies `kind` to each pair of elements.
    ///
    /// # Errors
    ///
    /// When the operands differ in type, or have elements that the operation has not.
    pub fn binary(&self, kind: BinaryKind, lhs: Value, rhs: Value) -> Result<Value, BuildError> {
        let (op, accepts) = kind.describe();
        let ty = self.same_type(op, lhs, rhs)?;
        if !accepts.admits(ty.element) {
            return Err(BuildError::mismatch(op, accepts.words(), ty.to_string()));
        }
        self.append(op, &[lhs, rhs], ty.clone(), |line, names| {
            let _ = write!(line, "{op} {}, {} : {ty}", names[0], names[1]);
        })
    }

    /// Compares element by element; floats as IEEE has it (all but "not equal" are false of NaN).
    ///
    /// # Errors
    ///
    /// When the operands differ in type.
    pub fn compare(&self, how: Comparison, lhs: Value, rhs: Value) -> Result<Value, BuildError> {
        self.compare_as(how, lhs, rhs, false)
    }

    /// Compares floats in their total order (-NaN < -inf < … < -0 < +0 < … < inf < NaN).
    ///
    /// # Errors
    ///
    /// When the operands differ in type, or are not floats.
    pub fn compare_total(
        &self,
        how: Comparison,
        lhs: Value,
        rhs: Value,
    ) -> Result<Value, BuildError> {
        self.compare_as(how, lhs, rhs, true)
    }

    fn compare_as(
        &self,
        how: Comparison,
        lhs: Value,
        rhs: Value,
        total: bool,
    ) -> Result<Value, BuildError> {
        let op = "stablehlo.compare";
        let ty = self.same_type(op, lhs, rhs)?;
        let kind = match ty.element {
            element if element.is_float() => {
                if total {
                    "TOTALORDER"
                } else {
                    "FLOAT"
                }
            }
            element if element.is_unsigned() || element == ElementType::Bool => "UNSIGNED",
            _ => "SIGNED",
        };
        let result = TensorType::new(ElementType::Bool, ty.dims.clone());
        self.append(op, &[lhs, rhs], result.clone(), |line, names| {
            let (lhs, rhs, how) = (&names[0], &names[1], how.name());
            let _ = write!(line, "{op} {how}, {lhs}, {rhs}, {kind} : ({ty}, {ty}) -> {result}");
        })
    }

    /// Elements of `on_true` where `predicate` holds, of `on_false` elsewhere.
    ///
    /// # Errors
    ///
    /// When the branches differ in type, or the predicate is neither a scalar nor of their shape.
    pub fn select(
        &self,
        predicate: Value,
        on_true: Value,
        on_false: Value,
    ) -> Result<Value, BuildError> {
        let op = "stablehlo.select";
        let ty = self.same_type(op, on_true, on_false)?;
        let mask = self.type_of(predicate);
        if mask.element != ElementType::Bool || !(mask.dims.is_empty() || mask.dims == ty.dims) {
            let want = format!("a predicate tensor<i1> or {ty} of i1");
            return Err(BuildError::mismatch(op, want, mask.to_string()));
        }
        self.append(op, &[predicate, on_true, on_false], ty.clone(), |line, names| {
            let _ = write!(line, "{op} {}, {}, {} : {mask}, {ty}", names[0], names[1], names[2]);
        })
    }

    /// `x` limited to `low..=high`, scalars or tensors of its type.
    ///
    /// # Errors
    ///
    /// When a limit has neither the type of `x` nor that of its elements.
    pub fn clamp(&self, low: Value, x: Value, high: Value) -> Result<Value, BuildError> {
        let op = "stablehlo.clamp";
        let ty = self.type_of(x);
        let scalar = TensorType::scalar(ty.element);
        for limit in [low, high] {
            let got = self.type_of(limit);
            if *got != *ty && *got != scalar {
                return Err(BuildError::mismatch(op, format!("{ty} or {scalar}"), got.to_string()));
            }
        }
        let types = (self.type_of(low), self.type_of(high));
        self.append(op, &[low, x, high], (*ty).clone(), |line, names| {
            let (low, high) = &types;
            let names = names.join(", ");
            let _ = write!(line, "{op} {names} : ({low}, {ty}, {high}) -> {ty}");
        })
    }

    /// Converts each element; the value itself if it has that type already.
    ///
    /// Floats become integers towards zero, which is not defined out of range; see
    /// `lower` for the saturating conversion.
    ///
    /// # Errors
    ///
    /// When `x` is no value of an enclosing block.
    pub fn convert(&self, x: Value, element: ElementType) -> Result<Value, BuildError> {
        let ty = self.type_of(x);
        if ty.element == element {
            return Ok(x);
        }
        let result = TensorType::new(element, ty.dims.clone());
        self.append("stablehlo.convert", &[x], result.clone(), |line, names| {
            let _ = write!(line, "stablehlo.convert {} : ({ty}) -> {result}", names[0]);
        })
    }

    /// Reads the bits of each element as another type of the same width.
    ///
    /// # Errors
    ///
    /// When the widths differ.
    pub fn bitcast(&self, x: Value, element: ElementType) -> Result<Value, BuildError> {
        let op = "stablehlo.bitcast_convert";
        let ty = self.type_of(x);
        if ty.element.bits() != element.bits() {
            let want = format!("elements of {} bits", element.bits());
            return Err(BuildError::mismatch(op, want, ty.to_string()));
        }
        let result = TensorType::new(element, ty.dims.clone());
        self.append(op, &[x], result.clone(), |line, names| {
            let _ = write!(line, "{op} {} : ({ty}) -> {result}", names[0]);
        })
    }

    pub(super) fn same_type(
        &self,
        op: &'static str,
        lhs: Value,
        rhs: Value,
    ) -> Result<TensorType, BuildError> {
        let (left, right) = (self.type_of(lhs), self.type_of(rhs));
        if left != right {
            return Err(BuildError::mismatch(op, left.to_string(), right.to_string()));
        }
        Ok((*left).clone())
    }
}

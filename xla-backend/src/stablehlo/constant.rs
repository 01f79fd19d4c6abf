//! Constants: splats, small tables, all bytes of a tensor.

use std::fmt::Write as _;

use half::{bf16, f16};

use super::builder::{Builder, Value};
use super::error::BuildError;
use crate::types::{ElementType, TensorType};

impl Builder {
    /// A tensor all of whose elements are `value`, rounded to the element type (saturating for
    /// integers). Equal ones of a block are one value.
    ///
    /// # Errors
    ///
    /// Never for the types there are; the signature is that of the other operations.
    pub fn splat(
        &self,
        value: f64,
        element: ElementType,
        dims: &[usize],
    ) -> Result<Value, BuildError> {
        let literal = float_literal(value, element);
        self.splat_literal(literal, TensorType::new(element, dims))
    }

    /// As [`Builder::splat`], exact for 64-bit integers; `value` wraps to the element type.
    ///
    /// # Errors
    ///
    /// Never for the types there are; the signature is that of the other operations.
    pub fn splat_int(
        &self,
        value: i128,
        element: ElementType,
        dims: &[usize],
    ) -> Result<Value, BuildError> {
        let literal = int_literal(value, element);
        self.splat_literal(literal, TensorType::new(element, dims))
    }

    /// A tensor without values, for compilers that know it: XLA's for TPUs and GPUs. The program must write each
    /// element before it reads it.
    ///
    /// # Errors
    ///
    /// Never; the signature is that of the other operations.
    pub fn uninitialized(&self, ty: TensorType) -> Result<Value, BuildError> {
        let op = "stablehlo.custom_call";
        self.append(op, &[], ty.clone(), |line, _| {
            line.push_str(&format!("{op} @AllocateBuffer() : () -> {ty}"));
        })
    }

    fn splat_literal(&self, literal: String, ty: TensorType) -> Result<Value, BuildError> {
        let line = format!("stablehlo.constant dense<{literal}> : {ty}");
        self.constant_line(line, ty)
    }

    /// A vector of integers.
    ///
    /// # Errors
    ///
    /// When `element` is no integer type.
    pub fn ints(&self, values: &[i64], element: ElementType) -> Result<Value, BuildError> {
        if !element.is_int() {
            let got = element.name();
            return Err(BuildError::mismatch("stablehlo.constant", "an integer type", got));
        }
        let texts: Vec<_> = values.iter().map(|&v| int_literal(v.into(), element)).collect();
        self.table(&texts, TensorType::new(element, [values.len()]))
    }

    /// A tensor of floats in row-major order, each rounded to the element type.
    ///
    /// # Errors
    ///
    /// When the number of values is not that of the dimensions, or the type is no float.
    pub fn floats(
        &self,
        values: &[f64],
        element: ElementType,
        dims: &[usize],
    ) -> Result<Value, BuildError> {
        let ty = TensorType::new(element, dims);
        if values.len() != ty.len() || !element.is_float() {
            let want = format!("{} floats for {ty}", ty.len());
            let got = values.len().to_string();
            return Err(BuildError::mismatch("stablehlo.constant", want, got));
        }
        let texts: Vec<_> = values.iter().map(|&v| float_literal(v, element)).collect();
        let flat = self.table(&texts, TensorType::new(element, [values.len()]))?;
        self.reshape(flat, dims)
    }

    fn table(&self, texts: &[String], ty: TensorType) -> Result<Value, BuildError> {
        let line = format!("stablehlo.constant dense<[{}]> : {ty}", texts.join(", "));
        self.constant_line(line, ty)
    }

    /// The tensor whose row-major, little-endian bytes are `bytes` (one byte for a truth value).
    ///
    /// # Errors
    ///
    /// When the number of bytes is not that of `ty`.
    pub fn constant_bytes(&self, ty: TensorType, bytes: &[u8]) -> Result<Value, BuildError> {
        let op = "stablehlo.constant";
        let width = (ty.element.bits() as usize).div_ceil(8);
        if bytes.len() != ty.len() * width {
            let want = format!("{} bytes for {ty}", ty.len() * width);
            return Err(BuildError::mismatch(op, want, bytes.len().to_string()));
        }
        if ty.is_empty() {
            return self.splat(0.0, ty.element, &ty.dims);
        }
        if ty.element == ElementType::Bool {
            let texts: Vec<_> = bytes.iter().map(|&b| (b != 0).to_string()).collect();
            let flat = self.table(&texts, TensorType::new(ElementType::Bool, [bytes.len()]))?;
            return self.reshape(flat, &ty.dims);
        }
        self.append(op, &[], ty.clone(), |line, _| {
            line.push_str("stablehlo.constant dense<\"0x");
            for byte in bytes {
                let _ = write!(line, "{byte:02X}");
            }
            let _ = write!(line, "\"> : {ty}");
        })
    }

    fn constant_line(&self, line: String, ty: TensorType) -> Result<Value, BuildError> {
        self.cached(line.clone(), || {
            self.append("stablehlo.constant", &[], ty, |text, _| text.push_str(&line))
        })
    }
}

fn int_literal(value: i128, element: ElementType) -> String {
    match element.int_range() {
        Some((low, high)) => {
            let wrapped = (value - low).rem_euclid(high - low + 1) + low;
            wrapped.to_string()
        }
        None if element == ElementType::Bool => (value != 0).to_string(),
        None => float_literal(value as f64, element),
    }
}

/// A literal that MLIR reads back as exactly `value` rounded to `element`.
fn float_literal(value: f64, element: ElementType) -> String {
    let (rounded, bits) = match element {
        ElementType::F64 => (value, value.to_bits()),
        ElementType::F32 => (f64::from(value as f32), u64::from((value as f32).to_bits())),
        ElementType::F16 => {
            let value = f16::from_f64(value);
            (value.to_f64(), u64::from(value.to_bits()))
        }
        ElementType::BF16 => {
            let value = bf16::from_f64(value);
            (value.to_f64(), u64::from(value.to_bits()))
        }
        ElementType::Bool => return (value != 0.0).to_string(),
        _ => {
            let (low, high) = element.int_range().unwrap_or_default();
            return (value as i128).clamp(low, high).to_string();
        }
    };
    if !rounded.is_finite() {
        let digits = element.bits() as usize / 4;
        return format!("0x{bits:0digits$X}");
    }
    let mut text = format!("{rounded:?}");
    if element == ElementType::F32 {
        let short = format!("{:?}", rounded as f32);
        if short.parse::<f64>().is_ok_and(|v| v as f32 == rounded as f32) {
            text = short;
        }
    }
    match text.find('e') {
        Some(at) if !text.contains('.') => {
            text.insert_str(at, ".0");
            text
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_what_mlir_reads() {
        assert_eq!(float_literal(0.1, ElementType::F32), "0.1");
        assert_eq!(float_literal(1e-5, ElementType::F32), "1.0e-5");
        assert_eq!(float_literal(-0.0, ElementType::F64), "-0.0");
        assert_eq!(float_literal(f64::INFINITY, ElementType::F32), "0x7F800000");
        assert_eq!(float_literal(f64::NEG_INFINITY, ElementType::BF16), "0xFF80");
        assert_eq!(float_literal(300.0, ElementType::I8), "127");
        assert_eq!(float_literal(1.0, ElementType::Bool), "true");
        assert_eq!(int_literal(-1, ElementType::U8), "255");
        assert_eq!(int_literal(i128::from(i64::MAX) + 1, ElementType::I64), i64::MIN.to_string());
    }
}

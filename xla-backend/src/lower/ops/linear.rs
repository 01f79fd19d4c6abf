//! Linear layers by their kernel.

use crate::lower::context::Context;
use crate::lower::error::Emitted;
use crate::lower::kernel::{LINEAR, LayerForm};
use crate::lower::passes::linear::Layer;
use crate::stablehlo::{ElementType, TensorType, Value};

/// The product of rows and one matrix, transposed or not, by the kernel, where that is faster.
pub(super) fn by_kernel(
    cx: &Context<'_>,
    [x, w]: [Value; 2],
    is_turned: bool,
    bias: Option<Value>,
) -> Emitted<Option<Value>> {
    let b = &cx.b;
    let (dims, matrix) = (b.dims(x), b.dims(w));
    let (&[ref leading @ .., depth], &[first, second]) = (&dims[..], &matrix[..]) else {
        return Ok(None);
    };
    let columns = if is_turned { first } else { second };
    let rows = leading.iter().product();
    if !cx.compiler.kernels.are_for_linear(b.element(x), [rows, depth, columns]) {
        return Ok(None);
    }
    let layer = Operands {
        columns,
        products: vec![([x, w], is_turned)],
        biases: bias.into_iter().collect(),
        is_gelu: false,
        residual: None,
    };
    let y = call(cx, rows, &[layer])?[0];
    Ok(Some(b.reshape(y, &[leading, &[columns]].concat())?))
}

/// Layers of as many rows by one call of the kernel.
pub(crate) fn layers(cx: &Context<'_>, layers: &[Layer<'_>]) -> Emitted {
    let (mut operands, mut rows) = (Vec::new(), 0);
    for layer in layers {
        let columns = layer.out.shape.last().copied().unwrap_or(1);
        rows = layer.out.shape.num_elements() / columns;
        let products = layer.products.iter().map(|product| {
            Ok(([cx.get(product.rows)?, cx.get(product.weight)?], product.is_turned))
        });
        let biases = layer.biases.iter().map(|bias| cx.get(bias));
        operands.push(Operands {
            columns,
            products: products.collect::<Emitted<_>>()?,
            biases: biases.collect::<Emitted<_>>()?,
            is_gelu: layer.is_gelu,
            residual: layer.residual.map(|residual| cx.get(residual)).transpose()?,
        });
    }
    for (y, layer) in call(cx, rows, &operands)?.into_iter().zip(layers) {
        cx.set(layer.out, cx.b.reshape(y, &layer.out.shape)?)?;
    }
    Ok(())
}

/// What a layer reads.
struct Operands {
    columns: usize,
    /// Rows and weights, and whether these are turned.
    products: Vec<([Value; 2], bool)>,
    biases: Vec<Value>,
    is_gelu: bool,
    residual: Option<Value>,
}

/// The results of layers of `rows` rows, `[rows, columns]` each.
fn call(cx: &Context<'_>, rows: usize, layers: &[Operands]) -> Emitted<Vec<Value>> {
    let b = &cx.b;
    let (mut forms, mut operands, mut results) = (Vec::new(), Vec::new(), Vec::new());
    for layer in layers {
        let columns = layer.columns;
        let mut element = None;
        for &([x, w], _) in &layer.products {
            let (matrix, size) = (b.dims(w), b.type_of(x).len());
            operands.push(b.reshape(x, &[rows, size / rows])?);
            operands.push(b.reshape(w, &matrix[matrix.len() - 2..])?);
            element = Some(b.element(x));
        }
        for &bias in &layer.biases {
            operands.push(b.reshape(bias, &[columns])?);
        }
        if let Some(residual) = layer.residual {
            operands.push(b.reshape(residual, &[rows, columns])?);
        }
        results.extend(element.map(|element| TensorType::new(element, [rows, columns])));
        forms.push(LayerForm {
            turned: layer.products.iter().map(|(_, is_turned)| *is_turned).collect(),
            biases: layer.biases.len(),
            is_gelu: layer.is_gelu,
            has_residual: layer.residual.is_some(),
        });
    }
    let form: Vec<_> = forms.iter().flat_map(LayerForm::numbers).collect();
    let bytes: Vec<_> = form.iter().flat_map(|number| number.to_le_bytes()).collect();
    let form = b.constant_bytes(TensorType::new(ElementType::I32, [form.len()]), &bytes)?;
    operands.insert(0, form);
    Ok(b.custom_call(LINEAR, &operands, &results)?)
}

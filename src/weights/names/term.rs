//! A part of a file's tensor that makes a parameter, or a summand of one.

use crate::weights::container::view::View;

/// A part of a tensor of the file, in the layout of a parameter.
///
/// Parameters are sums of terms, nearly always of one. Written back, a parameter goes to its first
/// term, and zeros to the others.
#[derive(Debug, Clone)]
pub(crate) struct Term {
    /// The tensor's canonical name.
    pub(crate) name: String,
    /// Its whole shape.
    pub(crate) shape: Vec<usize>,
    /// The part.
    pub(crate) view: View,
}

impl Term {
    /// All of a tensor that has the parameter's shape.
    pub(crate) fn whole(name: impl Into<String>, shape: &[usize]) -> Self {
        Self::part(name, shape, |view| view)
    }

    /// A part of a tensor of this shape.
    pub(crate) fn part(
        name: impl Into<String>,
        shape: &[usize],
        part: impl FnOnce(View) -> View,
    ) -> Self {
        Self { name: name.into(), shape: shape.to_vec(), view: part(View::whole(shape)) }
    }

    /// A parameter of a PyTorch module: linear weights are `[out, in]` there, ours `[in, out]`, and
    /// the scale of a norm is its weight.
    pub(crate) fn torch(module: String, leaf: &str, shape: &[usize]) -> Self {
        let leaf = if leaf == "scale" { "weight" } else { leaf };
        let name = format!("{module}.{leaf}");
        match *shape {
            [input, output] => Self::part(name, &[output, input], |view| view.permute(&[1, 0])),
            _ => Self::whole(name, shape),
        }
    }

    /// What a linear layer keeps at `start` among the `outputs` of a joint PyTorch layer: the
    /// weight, transposed, or the bias.
    pub(crate) fn joint(
        name: impl Into<String>,
        shape: &[usize],
        start: usize,
        outputs: usize,
    ) -> Self {
        match shape {
            [input, output] => Self::part(name, &[outputs, *input], |view| {
                view.narrow(0, start, *output).permute(&[1, 0])
            }),
            _ => Self::part(name, &[outputs], |view| view.narrow(0, start, shape[0])),
        }
    }

    /// Our `[n, d]` as rows of a `[1, rows, d]` tensor.
    pub(crate) fn tokens(
        name: impl Into<String>,
        shape: &[usize],
        start: usize,
        rows: usize,
    ) -> Self {
        let (count, width) = (shape[0], shape[1]);
        Self::part(name, &[1, rows, width], |view| view.at(0).narrow(0, start, count))
    }
}

//! The piece of a file's tensor that makes a parameter, or one summand of it.

use crate::weights::container::view::View;

/// A piece of a tensor of the file, in the layout of a parameter.
///
/// A parameter is the sum of its terms, and nearly all parameters have one; a term may fill some of its
/// rows alone. When a file is written, a parameter goes to its first term, and the others get zeros.
#[derive(Debug, Clone)]
pub(crate) struct Term {
    /// The tensor's canonical name.
    pub(crate) name: String,
    /// The shape of that tensor.
    pub(crate) shape: Vec<usize>,
    /// The piece of it.
    pub(crate) view: View,
    /// The parameter's row at which the piece begins, and how many rows the parameter has; none for a
    /// piece that is as long as the parameter.
    pub(crate) rows: Option<[usize; 2]>,
}

impl Term {
    /// A tensor that has the parameter's shape.
    pub(crate) fn whole(name: impl Into<String>, shape: &[usize]) -> Self {
        Self::piece(name, shape, |view| view)
    }

    /// A piece, cut out by `cut`, of a tensor of this shape.
    pub(crate) fn piece(
        name: impl Into<String>,
        shape: &[usize],
        cut: impl FnOnce(View) -> View,
    ) -> Self {
        Self { name: name.into(), shape: shape.to_vec(), view: cut(View::whole(shape)), rows: None }
    }

    /// The same for rows of a parameter from `start` on, of `count` in all.
    pub(crate) fn at_row(self, start: usize, count: usize) -> Self {
        Self { rows: Some([start, count]), ..self }
    }

    /// A parameter of a PyTorch module. PyTorch keeps linear weights as `[out, in]`, this crate as
    /// `[in, out]`; the scale of a norm is called `weight` there.
    pub(crate) fn torch(module: String, leaf: &str, shape: &[usize]) -> Self {
        let leaf = if leaf == "scale" { "weight" } else { leaf };
        let name = format!("{module}.{leaf}");
        match *shape {
            [input, output] => Self::piece(name, &[output, input], |view| view.permute(&[1, 0])),
            _ => Self::whole(name, shape),
        }
    }

    /// A parameter of a linear layer that PyTorch keeps as a piece of a joint layer: its outputs
    /// begin at `start` among the `outputs` of the joint one. The weight is transposed.
    pub(crate) fn joint(
        name: impl Into<String>,
        shape: &[usize],
        start: usize,
        outputs: usize,
    ) -> Self {
        match shape {
            [input, output] => Self::piece(name, &[outputs, *input], |view| {
                view.narrow(0, start, *output).permute(&[1, 0])
            }),
            _ => Self::piece(name, &[outputs], |view| view.narrow(0, start, shape[0])),
        }
    }

    /// A parameter `[n, d]`, kept as rows from `start` on of a tensor `[1, rows, d]`.
    pub(crate) fn tokens(
        name: impl Into<String>,
        shape: &[usize],
        start: usize,
        rows: usize,
    ) -> Self {
        let (count, width) = (shape[0], shape[1]);
        Self::piece(name, &[1, rows, width], |view| view.at(0).narrow(0, start, count))
    }
}

/// A parameter all of whose tensors are in the file.
pub(crate) struct Planned {
    /// The parameter's path.
    pub(crate) path: String,
    /// The terms that it is the sum of.
    pub(crate) terms: Vec<Term>,
}

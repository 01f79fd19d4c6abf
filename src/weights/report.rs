//! What a load did with each tensor.

use core::fmt;

use crate::vit::Interpolation;

/// What a load did with each parameter of the model and each tensor of the file.
///
/// As text it is a summary, with every name that is missing, unused or mismatched.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct LoadReport {
    /// Parameters that were filled.
    pub loaded: Vec<Loaded>,
    /// Parameters for which the file has no tensor.
    pub missing: Vec<Missing>,
    /// Tensors of the file that no parameter took.
    pub unused: Vec<Unused>,
    /// Parameters whose tensor has another shape.
    pub mismatched: Vec<Mismatched>,
    /// Tensors of the file that are knowingly not loaded.
    pub set_aside: Vec<SetAside>,
    /// Parameters that keep their initial values because the options ask for it.
    pub new: Vec<String>,
    /// How the positions were resampled; none if they were not.
    pub resampled: Option<Resampled>,
}

/// A parameter that was filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// Its path.
    pub path: String,
    /// The tensors of the file that it was made of.
    pub from: Vec<String>,
}

/// A parameter for which the file has no tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Its path.
    pub path: String,
    /// The tensor that should be in the file.
    pub tensor: String,
    /// The shape that this tensor should have.
    pub shape: Vec<usize>,
    /// The unused tensor with the nearest name.
    pub nearest: Option<String>,
}

/// A tensor of the file that no parameter took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    /// Its name in the file.
    pub tensor: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// The missing tensor with the nearest name.
    pub nearest: Option<String>,
}

/// A parameter whose tensor has another shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatched {
    /// Its path.
    pub path: String,
    /// The tensor's name in the file.
    pub tensor: String,
    /// The shape that the tensor should have.
    pub expected: Vec<usize>,
    /// The shape that it has.
    pub got: Vec<usize>,
}

/// A tensor that the model has no place for, and why it may be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Its name in the file.
    pub name: String,
    /// Why it is not loaded.
    pub reason: &'static str,
}

/// The resampling of positions from one grid to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resampled {
    /// Rows and columns in the file.
    pub from: [usize; 2],
    /// Rows and columns of the model.
    pub to: [usize; 2],
    /// The interpolation.
    pub by: Interpolation,
    /// Whether the last row and the last column are zero, as scipy's rounding makes them on some
    /// grids, and so big_vision's loader.
    pub zeroed: [bool; 2],
}

impl LoadReport {
    /// How many names of one kind are written out.
    pub(super) const SHOWN: usize = 12;

    /// Whether every parameter was filled or is new, and every tensor was used or set aside.
    pub fn fits(&self) -> bool {
        self.missing.is_empty() && self.unused.is_empty() && self.mismatched.is_empty()
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} parameters loaded, {} missing, {} mismatched; {} tensors unused, {} set aside",
            self.loaded.len(),
            self.missing.len(),
            self.mismatched.len(),
            self.unused.len(),
            self.set_aside.len()
        )?;
        if let Some(Resampled { from, to, by, zeroed }) = self.resampled {
            write!(
                f,
                "\npositions resampled from {} x {} to {} x {}, {by}",
                from[0], from[1], to[0], to[1]
            )?;
            for (zeroed, line) in zeroed.into_iter().zip(["row", "column"]) {
                if zeroed {
                    write!(f, "; the last {line} is zero, as scipy's rounding makes it")?;
                }
            }
        }
        list(f, "new", &self.new, |f, path| write!(f, "{path}"))?;
        list(f, "missing", &self.missing, |f, missing| {
            let Missing { path, tensor, shape, nearest } = missing;
            write!(f, "{path}: the file has no \"{tensor}\" {shape:?}")?;
            nearest.iter().try_for_each(|nearest| write!(f, "; the nearest is \"{nearest}\""))
        })?;
        list(f, "mismatched", &self.mismatched, |f, mismatched| {
            let Mismatched { path, tensor, expected, got } = mismatched;
            write!(f, "{path}: \"{tensor}\" is {got:?}, expected {expected:?}")
        })?;
        list(f, "unused", &self.unused, |f, unused| {
            let Unused { tensor, shape, nearest } = unused;
            write!(f, "\"{tensor}\" {shape:?}")?;
            nearest.iter().try_for_each(|nearest| write!(f, "; the nearest is \"{nearest}\""))
        })?;
        list(f, "set aside", &self.set_aside, |f, aside| {
            write!(f, "\"{}\": {}", aside.name, aside.reason)
        })
    }
}

fn list<T>(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    items: &[T],
    show: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    if items.is_empty() {
        return Ok(());
    }
    write!(f, "\n{title}:")?;
    for item in items.iter().take(LoadReport::SHOWN) {
        write!(f, "\n  ")?;
        show(f, item)?;
    }
    match items.len().checked_sub(LoadReport::SHOWN) {
        None | Some(0) => Ok(()),
        Some(more) => write!(f, "\n  and {more} more"),
    }
}

//! What a tree holds besides tensors.

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// Something in a tree that is no leaf.
#[derive(Debug, Clone, PartialEq)]
pub struct Fixed {
    /// The path in the tree.
    pub path: String,
    /// What it is.
    pub what: What,
}

/// What a tree holds besides tensors.
#[derive(Debug, Clone)]
pub enum What {
    /// A number, such as the length of a list: `Visitor::note`.
    Number(usize),
    /// A flag of a module, such as that of dropout.
    Flag(bool),
    /// A value: [`Static`], or a field that is `#[tree(static)]`.
    Value(Arc<dyn StaticValue>),
    /// A module, which may have fields that only its own code sees.
    Module(Opaque),
}

/// A module of a tree.
#[derive(Debug, Clone)]
pub struct Opaque {
    /// Its type.
    pub type_name: &'static str,
    text: Option<Arc<Text>>,
    identity: u64,
}

#[derive(Debug)]
struct Text {
    whole: String,
    /// Without the ids of parameters, once it was asked for.
    without_ids: OnceLock<String>,
}

impl Opaque {
    pub(crate) fn new(type_name: &'static str, text: Option<String>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let text = text.map(|whole| Arc::new(Text { whole, without_ids: OnceLock::new() }));
        Self { type_name, text, identity: NEXT.fetch_add(1, Ordering::Relaxed) }
    }

    /// Its `Debug` text, where it was asked for. It tells what changed; it is no proof that nothing did.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref().map(|text| &*text.whole)
    }

    /// The text without the ids of parameters, which every module has for itself.
    pub fn text_without_ids(&self) -> &str {
        self.text
            .as_deref()
            .map_or("", |text| text.without_ids.get_or_init(|| without_ids(&text.whole)))
    }
}

/// The text of a module without the ids of its parameters.
fn without_ids(text: &str) -> String {
    let mut rest = text;
    let mut out = String::with_capacity(text.len());
    while let Some((before, id)) = ["Param: ", "ParamId { value: "]
        .iter()
        .filter_map(|word| rest.find(word).map(|at| rest.split_at(at + word.len())))
        .min_by_key(|(before, _)| before.len())
    {
        out.push_str(before);
        rest = id.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
    }
    out.push_str(rest);
    out
}

impl PartialEq for What {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::Flag(a), Self::Flag(b)) => a == b,
            (Self::Value(a), Self::Value(b)) => Arc::ptr_eq(a, b) || a.is_same(&**b),
            (Self::Module(a), Self::Module(b)) => a.identity == b.identity,
            _ => false,
        }
    }
}

/// A value that is no tensor and that a recording may depend on.
pub trait StaticValue: fmt::Debug + Send + Sync {
    /// Whether a recording cannot tell the values apart.
    fn is_same(&self, other: &dyn StaticValue) -> bool;
    /// The value, to be compared.
    fn as_any(&self) -> &dyn Any;
}

impl<T: PartialEq + fmt::Debug + Send + Sync + 'static> StaticValue for T {
    fn is_same(&self, other: &dyn StaticValue) -> bool {
        let Some(other) = other.as_any().downcast_ref::<Self>() else { return false };
        // Zeros of both signs are equal and are recorded differently; NaN is not equal to itself and is
        // recorded alike.
        #[allow(clippy::eq_op)]
        let equal = self == other || (self != self && other != other);
        equal && format!("{self:?}") == format!("{other:?}")
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A value that is no tensor, as an argument: a function is compiled for each value. In a type of your own,
/// a field that is `#[tree(static)]` is the same.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_trace::{Static, record};
///
/// let x = Tensor::<1>::zeros([3], &Device::flex());
/// let recorded = record(&(x, Static(2)), |(x, Static(n))| x.repeat_dim(0, n))?;
/// assert_eq!(recorded.recording.results[0].0.ty.shape, [6]);
/// # Ok::<(), burn_trace::CaptureError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Static<T>(pub T);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_left_out() {
        let text = "Linear { weight: Param: 1p9x - ParamMapper { load: false }, s: ParamId { value: 12 } }";
        assert_eq!(
            without_ids(text),
            "Linear { weight: Param:  - ParamMapper { load: false }, s: ParamId { value:  } }"
        );
    }
}

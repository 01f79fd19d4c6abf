//! What a leaf of a train state is.

/// A part of a train state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StatePart {
    /// The parameters.
    Parameters,
    /// The optimizer's moments.
    Optimizer,
    /// Averages of the parameters.
    Averages,
}

/// What a leaf is.
pub(super) enum Role<'a> {
    /// A parameter, or what belongs to the parameter of this path.
    State(StatePart, &'a str),
    /// An argument or result without a name.
    Unnamed,
}

/// What the leaf at a path is, which may be in a tuple.
pub(super) fn role(path: &str) -> Role<'_> {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let path = match path.split_once('.') {
        Some((index, rest)) if is_number(index) => rest,
        _ => path,
    };
    match path.split_once('.') {
        _ if is_number(path) => Role::Unnamed,
        Some(("model", path)) => Role::State(StatePart::Parameters, path),
        Some(("ema", path)) => Role::State(StatePart::Averages, path),
        Some(("optimizer", name)) => {
            let parameter = name.split_once('/').map_or(name, |(_, path)| path);
            Role::State(StatePart::Optimizer, parameter)
        }
        _ => Role::State(StatePart::Parameters, path),
    }
}

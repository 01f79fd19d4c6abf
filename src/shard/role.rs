//! The role of a leaf in a training program, by its path.

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

/// What a leaf of a program's arguments or results is.
pub(super) enum Role<'a> {
    /// A tensor of the train state, with the path of its parameter.
    State(StatePart, &'a str),
    /// An argument or result without a name, such as the images of a batch.
    Unnamed,
}

/// The role of the leaf at a path. The path may begin with the place in a tuple: `0.model.head.weight`.
pub(super) fn role(path: &str) -> Role<'_> {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let path = match path.split_once('.') {
        Some((index, rest)) if is_number(index) => rest,
        _ => path,
    };
    match path.split_once('.') {
        _ if is_number(path) || path == "batch" => Role::Unnamed,
        Some(("batch", _)) => Role::Unnamed,
        Some(("model", path)) => Role::State(StatePart::Parameters, path),
        Some(("ema", path)) => Role::State(StatePart::Averages, path),
        Some(("optimizer", name)) => {
            let parameter = name.split_once('/').map_or(name, |(_, path)| path);
            Role::State(StatePart::Optimizer, parameter)
        }
        _ => Role::State(StatePart::Parameters, path),
    }
}

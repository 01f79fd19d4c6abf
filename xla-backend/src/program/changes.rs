//! Why a function is compiled again.

use burn_trace::LeafSpec;

/// The differences between the leaves of two argument trees, in words.
pub(super) fn changes(before: &[LeafSpec], now: &[LeafSpec]) -> String {
    let mut words = Vec::new();
    for new in now {
        match before.iter().find(|old| old.path == new.path) {
            Some(old) if old.ty == new.ty => {}
            Some(old) => words.push(format!("`{}` was {} and is {}", new.path, old.ty, new.ty)),
            None => words.push(format!("`{}` is new: {}", new.path, new.ty)),
        }
        if words.len() > MOST {
            break;
        }
    }
    let gone = before.iter().filter(|old| now.iter().all(|new| new.path != old.path));
    words.extend(gone.take(MOST).map(|old| format!("`{}` is gone", old.path)));
    if words.is_empty() {
        return "the structure of the arguments".into();
    }
    let rest = if words.len() > MOST { ", and more" } else { "" };
    words.truncate(MOST);
    format!("{}{rest}", words.join(", "))
}

/// How many changes are listed.
const MOST: usize = 4;

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Tensor};

    use super::*;
    use burn_trace::describe;

    #[test]
    fn shapes_and_parts_are_told() {
        let device = Device::default();
        let tensor = |rows| Tensor::<2>::zeros([rows, 3], &device);
        let before = describe(&(tensor(2), Some(tensor(4)))).expect("a tree");
        let now = describe(&(tensor(5), None::<Tensor<2>>)).expect("a tree");
        assert_eq!(changes(&before, &now), "`0` was F32[2, 3] and is F32[5, 3], `1` is gone");
        assert_eq!(changes(&now, &now), "the structure of the arguments");
    }
}

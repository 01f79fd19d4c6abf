//! The order of names with numbers in them.

use std::cmp::Ordering;

/// Compares names: numbers in them by their values, so that `frame_2` comes before `frame_10`, and the rest as text.
pub(super) fn compare(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one, other);
    loop {
        let [(a, rest_a), (b, rest_b)] = [left, right].map(piece);
        if a.is_empty() || b.is_empty() {
            // Names that differ in zeros before numbers alone are not equal.
            return a.len().cmp(&b.len()).then_with(|| one.cmp(other));
        }
        let is_number = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
        let order = match is_number(a) && is_number(b) {
            true => {
                let [a, b] = [a, b].map(|digits| digits.trim_start_matches('0'));
                a.len().cmp(&b.len()).then_with(|| a.cmp(b))
            }
            false => a.cmp(b),
        };
        if order.is_ne() {
            return order;
        }
        (left, right) = (rest_a, rest_b);
    }
}

/// The digits that a text begins with, or what stands before its first digit; and the rest.
fn piece(text: &str) -> (&str, &str) {
    let begins = text.starts_with(|first: char| first.is_ascii_digit());
    let end = text.find(|letter: char| letter.is_ascii_digit() != begins);
    text.split_at(end.unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_the_order_of_their_values() {
        let mut names =
            ["f10.png", "f2.png", "f1.png", "f02.png", "f", "g1", "f1a", "F3.png", "10", "9"];
        names.sort_by(|one, other| compare(one, other));
        let sorted =
            ["9", "10", "F3.png", "f", "f1.png", "f1a", "f02.png", "f2.png", "f10.png", "g1"];
        assert_eq!(names, sorted);
        let long = ["1".repeat(40), "2".repeat(39)];
        assert_eq!(compare(&long[0], &long[1]), Ordering::Greater);
    }
}

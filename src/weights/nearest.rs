//! The nearest of several names.

/// The name that takes the fewest edits of `name`, if they change at most half of its characters.
pub(super) fn nearest<'a>(name: &str, among: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = name.chars().count() / 2;
    among
        .map(|other| (distance(name, other), other))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, other)| other)
}

/// Levenshtein's distance: the least number of characters inserted, removed or replaced.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_a_near_one() {
        assert_eq!(distance("kitten", "sitting"), 3);
        let names = ["blocks.0.norm1.weight", "blocks.0.norm2.weight", "head.weight"];
        assert_eq!(nearest("blocks.0.norm_1.weight", names.into_iter()), Some(names[0]));
        assert_eq!(nearest("txt/embedding", names.into_iter()), None);
    }
}

//! Where two texts of one form differ.

/// The first fields in which two `Debug` texts differ; [`None`] if the texts are equal.
pub(super) fn difference(before: &str, now: &str) -> Option<(String, String)> {
    let same = before.bytes().zip(now.bytes()).take_while(|(a, b)| a == b).count();
    if same == before.len() && same == now.len() {
        return None;
    }
    let start = field_at(before.as_bytes(), same);
    Some((field_from(before, start), field_from(now, start)))
}

/// Where the field begins to which a byte belongs.
fn field_at(text: &[u8], at: usize) -> usize {
    // For each bracket that is open, whether it is that of a struct, and where its current field begins.
    let mut open = vec![(true, 0)];
    for (index, byte) in text[..at.min(text.len())].iter().enumerate() {
        match byte {
            b'{' | b'[' | b'(' => open.push((*byte == b'{', index + 1)),
            b'}' | b']' | b')' if open.len() > 1 => drop(open.pop()),
            b',' => {
                if let Some(last) = open.last_mut() {
                    last.1 = index + 1;
                }
            }
            _ => {}
        }
    }
    let innermost = open.iter().rev().find(|(is_struct, _)| *is_struct);
    innermost.map_or(0, |&(_, start)| start)
}

/// The field that begins there, shortened.
fn field_from(text: &str, start: usize) -> String {
    let rest = text.get(start..).unwrap_or_default();
    let mut depth = 0;
    let end = rest.bytes().position(|byte| {
        match byte {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => depth -= 1,
            _ => {}
        }
        depth < 0 || (depth == 0 && byte == b',')
    });
    let field = rest[..end.unwrap_or(rest.len())].trim();
    match field.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("`{}…`", &field[..end]),
        None if field.is_empty() => "nothing".into(),
        None => format!("`{field}`"),
    }
}

/// How many characters of a field are told.
const LONGEST: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_that_differs_is_named() {
        let conv = |stride: &str, flag: bool| {
            format!(
                "Conv {{ weight: Param: {}7, stride: {stride}, inner: Inner {{ flag: {flag} }} }}",
                stride.len()
            )
        };
        let said = |a: &str, b: &str| difference(a, b);
        let (old, new) = ("`stride: [1, 1]`".to_owned(), "`stride: [1, 2]`".to_owned());
        assert_eq!(said(&conv("[1, 1]", true), &conv("[1, 2]", true)), Some((old, new)));
        let (old, new) = ("`flag: true`".to_owned(), "`flag: false`".to_owned());
        assert_eq!(said(&conv("[1, 1]", true), &conv("[1, 1]", false)), Some((old, new)));
        assert_eq!(said("a", "a"), None);
        assert_eq!(said("[1]", "[1, ü]").unwrap().1, "`[1, ü]`");
        assert_eq!(said("A { }", "A { x: 1 }"), Some(("nothing".into(), "`x: 1`".into())));
    }
}

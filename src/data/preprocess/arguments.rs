//! The arguments of a step as text: words between commas, and what Python writes in a call, as big_vision's configs do.

/// An argument.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Argument<'a> {
    /// A number, True or False, or a word of this crate's own, such as the name of a filter.
    Word(&'a str),
    /// Text in quotes.
    Text(&'a str),
    /// Words in brackets or parentheses.
    List(Vec<&'a str>),
}

/// The arguments of a call: those by position, then those by name.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Arguments<'a> {
    pub(super) placed: Vec<Argument<'a>>,
    pub(super) named: Vec<(&'a str, Argument<'a>)>,
}

impl<'a> Arguments<'a> {
    /// Reads what stands between the parentheses of a call; none where brackets or quotes do not close, or an
    /// argument by position follows one by name.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut arguments = Self::default();
        for part in parts(text)?.into_iter().filter(|part| !part.is_empty()) {
            let name = part.split_once('=').map(|(name, value)| (name.trim_end(), value));
            match name.filter(|(name, _)| is_name(name)) {
                Some((name, value)) => arguments.named.push((name, argument(value.trim())?)),
                None if arguments.named.is_empty() => arguments.placed.push(argument(part)?),
                None => return None,
            }
        }
        Some(arguments)
    }

    /// The arguments where all are words by position.
    pub(super) fn words(&self) -> Option<Vec<&'a str>> {
        let word = |argument: &Argument<'a>| match argument {
            Argument::Word(word) => Some(*word),
            _ => None,
        };
        self.placed.iter().map(word).collect::<Option<_>>().filter(|_| self.named.is_empty())
    }

    /// The arguments in the order of these names; none if there are others, or one twice.
    pub(super) fn bind<const N: usize>(
        &self,
        names: [&str; N],
    ) -> Option<[Option<&Argument<'a>>; N]> {
        let mut bound = [None; N];
        let placed = self.placed.iter().enumerate();
        let named = self.named.iter().map(|(name, argument)| {
            (names.iter().position(|known| known == name).unwrap_or(N), argument)
        });
        for (at, argument) in placed.chain(named) {
            let slot = bound.get_mut(at)?;
            if slot.replace(argument).is_some() {
                return None;
            }
        }
        Some(bound)
    }
}

impl Argument<'_> {
    pub(super) fn number<T: std::str::FromStr>(&self) -> Option<T> {
        match self {
            Self::Word(word) => word.parse().ok(),
            _ => None,
        }
    }

    pub(super) fn flag(&self) -> Option<bool> {
        match self {
            Self::Word("True") => Some(true),
            Self::Word("False") => Some(false),
            _ => None,
        }
    }

    /// Height and width: one number for both, or a list of the two.
    pub(super) fn size(&self) -> Option<[usize; 2]> {
        match self {
            Self::Word(side) => side.parse().ok().map(|side| [side, side]),
            Self::List(sides) => match sides[..] {
                [height, width] => Some([height.parse().ok()?, width.parse().ok()?]),
                _ => None,
            },
            Self::Text(_) => None,
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Splits at the commas that stand in no brackets and no quotes.
fn parts(text: &str) -> Option<Vec<&str>> {
    let (mut parts, mut start, mut depth, mut quote) = (Vec::new(), 0, 0usize, None);
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(letter),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth = depth.checked_sub(1)?,
            (None, ',') if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            (None, _) => {}
        }
    }
    parts.push(text[start..].trim());
    (depth == 0 && quote.is_none()).then_some(parts)
}

fn argument(text: &str) -> Option<Argument<'_>> {
    let inside = |open: char, close: char| text.strip_prefix(open)?.strip_suffix(close);
    if let Some(text) = inside('"', '"').or_else(|| inside('\'', '\'')) {
        return (!text.contains(['"', '\''])).then_some(Argument::Text(text));
    }
    if let Some(list) = inside('(', ')').or_else(|| inside('[', ']')) {
        let words = list.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
        return Some(Argument::List(words));
    }
    Some(Argument::Word(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_as_python_writes_them() {
        let arguments =
            Arguments::parse(" (224, 192), method='bicubic',antialias = True ").unwrap();
        assert_eq!(arguments.placed, [Argument::List(vec!["224", "192"])]);
        let [size, method, antialias] = arguments.bind(["size", "method", "antialias"]).unwrap();
        assert_eq!(size.unwrap().size(), Some([224, 192]));
        assert_eq!(method, Some(&Argument::Text("bicubic")));
        assert_eq!(antialias.unwrap().flag(), Some(true));
        assert_eq!(arguments.words(), None);
        assert_eq!(arguments.bind(["size", "method"]), None);
        let twice = Arguments::parse("224, size=225").unwrap();
        assert_eq!(twice.bind(["size", "method"]), None);
        let words = Arguments::parse("256, bicubic ").unwrap();
        assert_eq!(words.words(), Some(vec!["256", "bicubic"]));
        for open in ["(224", "\"area", "224)", "a=1, 2", "'a\"b'"] {
            assert_eq!(Arguments::parse(open), None, "{open}");
        }
    }
}

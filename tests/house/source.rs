//! Source files as the rules see them: without comments, texts and tests, with the paths that they name.

use std::collections::BTreeMap;

/// A path of names, such as `crate::params::Rules`, where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) line: usize,
    pub(crate) path: Vec<String>,
    /// The module in which it stands, which may be inside the file's own.
    pub(crate) at: Vec<String>,
    /// Whether it is handed on by `pub use`.
    pub(crate) reexported: bool,
}

/// A file, parsed as far as the rules need.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// Its path from the repository's root.
    pub(crate) file: String,
    /// The crate and the modules inside it: `vit22b`, `params`, `rules`.
    pub(crate) module: Vec<String>,
    pub(crate) lines: usize,
    pub(crate) named: Vec<Named>,
    /// What `use` gives a name to, by module and name.
    pub(crate) aliases: BTreeMap<(Vec<String>, String), Vec<String>>,
    /// Child modules that are not tests.
    pub(crate) children: Vec<String>,
    /// Words of the code, with their lines.
    pub(crate) words: Vec<(usize, String)>,
}

impl Source {
    /// Parses the text of a file of a crate; `inside` is its path below the crate's folder.
    pub(crate) fn new(krate: &str, file: &str, inside: &str, text: &str) -> Self {
        let mut module: Vec<String> = vec![krate.to_owned()];
        let names = inside.trim_end_matches(".rs").split('/').map(str::to_owned);
        module.extend(names.filter(|name| !["lib", "main", "mod"].contains(&name.as_str())));
        let words = without_tests(words(&without_comments(text)));
        let lines = text.lines().count();
        let mut source = Self { file: file.to_owned(), module, lines, ..Self::default() };
        source.read(&words);
        source.words = words;
        source
    }

    fn read(&mut self, words: &[(usize, String)]) {
        let word = |i: usize| words.get(i).map_or("", |(_, word)| word.as_str());
        let mut inline: Vec<(usize, String)> = vec![];
        let (mut depth, mut i) = (0, 0);
        while i < words.len() {
            let mut at = self.module.clone();
            at.extend(inline.iter().map(|(_, name)| name.clone()));
            match word(i) {
                "{" => depth += 1,
                "}" => {
                    depth -= 1;
                    inline.retain(|(opened, _)| *opened <= depth);
                }
                "mod" if word(i + 2) == ";" => self.children.push(word(i + 1).to_owned()),
                "mod" if word(i + 2) == "{" => inline.push((depth + 1, word(i + 1).to_owned())),
                // `pub(in crate::room)` is no import.
                "(" if word(i + 1) == "in" => {
                    i += words[i..].iter().position(|w| w.1 == ")").unwrap_or(0)
                }
                "use" if word(i + 1) != "<" => {
                    let public = i > 0 && (word(i - 1) == "pub" || word(i - 1) == ")");
                    i = self.read_use(words, i + 1, &mut vec![], &at, public);
                }
                first
                    if is_name(first)
                        && word(i + 1) == "::"
                        && !["::", ".", "$"].contains(&word(i.wrapping_sub(1))) =>
                {
                    let line = words[i].0;
                    let mut path = vec![first.to_owned()];
                    while word(i + 1) == "::" && is_name(word(i + 2)) {
                        path.push(word(i + 2).to_owned());
                        i += 2;
                    }
                    self.named.push(Named { line, path, at, reexported: false });
                }
                _ => {}
            }
            i += 1;
        }
    }

    /// Reads a tree of `use` from `i` on; the index of what comes after it.
    fn read_use(
        &mut self,
        words: &[(usize, String)],
        mut i: usize,
        stem: &mut Vec<String>,
        at: &[String],
        reexported: bool,
    ) -> usize {
        let length = stem.len();
        while let Some((line, word)) = words.get(i) {
            match word.as_str() {
                "::" => i += 1,
                "{" => {
                    while words.get(i).is_some_and(|(_, word)| word != "}") {
                        i = self.read_use(words, i + 1, stem, at, reexported);
                    }
                    i += 1;
                    break;
                }
                "," | "}" | ";" => break,
                name => {
                    if name != "self" || stem.is_empty() {
                        stem.push(name.to_owned());
                    }
                    i += 1;
                    let next = |i: usize| words.get(i).map_or("", |(_, word)| word.as_str());
                    if next(i) == "::" {
                        continue;
                    }
                    let mut alias = stem.last().cloned().unwrap_or_default();
                    if next(i) == "as" {
                        alias = next(i + 1).to_owned();
                        i += 2;
                    }
                    let path = stem.clone();
                    self.aliases.insert((at.to_vec(), alias), path.clone());
                    self.named.push(Named { line: *line, path, at: at.to_vec(), reexported });
                    break;
                }
            }
        }
        stem.truncate(length);
        i
    }
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The code with comments and the insides of texts as spaces; lines stay where they are.
fn without_comments(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let raw = rest.trim_start_matches('b');
        let hashes = raw.strip_prefix('r').map_or(0, |r| r.len() - r.trim_start_matches('#').len());
        let is_word = code.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if !is_word && raw.starts_with('r') && raw[1 + hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let start = rest.find('"').map_or(0, |at| at + 1);
            rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len())
        } else if c == '"' {
            quoted(rest, '"')
        } else if c == '\'' && (rest[1..].starts_with('\\') || rest.chars().nth(2) == Some('\'')) {
            quoted(rest, '\'')
        } else {
            code.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        code.push(' ');
        code.extend(rest[..length].chars().filter(|c| *c == '\n'));
        rest = &rest[length..];
    }
    code
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    loop {
        let (step, change) = match &text[at..] {
            rest if rest.starts_with("/*") => (2, 1),
            rest if rest.starts_with("*/") => (2, -1),
            rest => (rest.chars().next().map_or(0, char::len_utf8), 0),
        };
        (at, depth) = (at + step, depth + change);
        if depth == 0 || step == 0 {
            return at;
        }
    }
}

/// The length of what is between two marks, with both.
fn quoted(text: &str, mark: char) -> usize {
    let mut escaped = true;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == mark => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Names, `::`, and every other sign by itself, with their lines.
fn words(code: &str) -> Vec<(usize, String)> {
    let mut words: Vec<(usize, String)> = vec![];
    let mut line = 1;
    let mut chars = code.chars().peekable();
    while let Some(c) = chars.next() {
        let mut word = String::from(c);
        let in_name = |c: &char| c.is_alphanumeric() || *c == '_';
        if in_name(&c) {
            word.extend(std::iter::from_fn(|| chars.next_if(in_name)));
        } else if c == ':' && chars.next_if_eq(&':').is_some() {
            word.push(':');
        }
        match c {
            '\n' => line += 1,
            c if c.is_whitespace() => {}
            _ => words.push((line, word)),
        }
    }
    words
}

/// The code without the items behind `#[cfg(test)]` and `#[cfg(doctest)]`.
fn without_tests(words: Vec<(usize, String)>) -> Vec<(usize, String)> {
    let is = |i: usize, texts: &[&str]| {
        texts.iter().enumerate().all(|(n, text)| words.get(i + n).is_some_and(|w| w.1 == *text))
    };
    let mut kept = vec![];
    let mut i = 0;
    while i < words.len() {
        let test = ["test", "doctest"].iter().any(|t| is(i, &["#", "[", "cfg", "(", t, ")", "]"]))
            || is(i, &["#", "[", "cfg", "(", "all", "(", "test"]);
        if !test {
            kept.push(words[i].clone());
            i += 1;
            continue;
        }
        // To the end of the item: a `;`, or the brace that closes its first one.
        let mut depth = 0;
        let mut attribute = false;
        while let Some((_, word)) = words.get(i) {
            i += 1;
            match word.as_str() {
                "#" if depth == 0 => attribute = true,
                "]" if depth == 1 && attribute => (depth, attribute) = (0, false),
                "{" | "(" | "[" => depth += 1,
                "}" if depth == 1 => break,
                "}" | ")" | "]" => depth -= 1,
                ";" if depth == 0 => break,
                _ => {}
            }
        }
    }
    kept
}

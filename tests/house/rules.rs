//! The rules, and the imports that they are held against.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::Plan;
use crate::source::{Named, Source};

/// Crates and their folders.
pub(crate) const CRATES: [(&str, &str); 7] = [
    ("vit22b", "src"),
    ("vit22b_hub", "hub/src"),
    ("burn_trace", "trace/src"),
    ("burn_xla", "xla-backend/src"),
    ("burn_xla_kernels", "xla-backend/kernels/src"),
    ("burn_xla_cli", "xla-backend/cli/src"),
    ("vit22b_cli", "cli/src"),
];
const LONGEST_FILE: usize = 600;

/// The rules that are broken, as an exception would name them, each with the files that break it and their first lines.
type Broken = BTreeMap<String, BTreeMap<String, usize>>;

/// All files of the house.
pub(crate) struct House {
    pub(crate) sources: Vec<Source>,
    /// Files by module.
    modules: BTreeMap<Vec<String>, usize>,
}

/// An import: from a line of a file to another file.
#[derive(Clone, Copy)]
struct Import<'a> {
    from: usize,
    to: usize,
    named: &'a Named,
}

impl House {
    /// The house of files by path and text; those that only tests declare are left out.
    pub(crate) fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let parsed = files.into_iter().filter_map(|(file, text)| {
            let (krate, folder) =
                CRATES.iter().find(|(_, folder)| file.starts_with(&format!("{folder}/")))?;
            Some(Source::new(krate, file, &file[folder.len() + 1..], text))
        });
        let mut sources: Vec<_> = parsed.collect();
        // A library's root hides the binary's of the same crate.
        sources.sort_by_key(|source| (source.module.len(), !source.file.ends_with("lib.rs")));
        let mut house = Self { sources: vec![], modules: BTreeMap::new() };
        for source in sources {
            let declared = match source.module.split_last() {
                Some((name, above)) if !above.is_empty() => house
                    .modules
                    .get(above)
                    .is_some_and(|&above| house.sources[above].children.contains(name)),
                _ => true,
            };
            if declared {
                house.modules.entry(source.module.clone()).or_insert(house.sources.len());
                house.sources.push(source);
            }
        }
        house
    }

    /// The file to which a path leads from a module, re-exports followed.
    fn resolve(&self, at: &[String], path: &[String], hops: usize) -> Option<usize> {
        let (first, mut rest) = path.split_first()?;
        let mut module = at.to_vec();
        match first.as_str() {
            "crate" => module.truncate(1),
            "self" => {}
            "super" => drop(module.pop()),
            name => {
                let child: Vec<_> = at.iter().chain([first]).cloned().collect();
                if self.modules.contains_key(&child) {
                    module = child;
                } else if let Some(alias) =
                    self.alias(at, name).filter(|alias| hops > 0 && alias[0] != name)
                {
                    return self.resolve(at, &[alias, rest].concat(), hops - 1);
                } else if CRATES.iter().any(|(krate, _)| *krate == name) {
                    module = vec![name.to_owned()];
                } else {
                    return None;
                }
            }
        }
        while let Some((name, behind)) = rest.split_first() {
            let child: Vec<_> = module.iter().chain([name]).cloned().collect();
            if name == "super" {
                module.pop();
            } else if self.modules.contains_key(&child) {
                module = child;
            } else {
                let reexport = self.alias(&module, name).filter(|_| hops > 0);
                if let Some(file) = reexport
                    .and_then(|alias| self.resolve(&module, &[alias, behind].concat(), hops - 1))
                {
                    return Some(file);
                }
                break;
            }
            rest = behind;
        }
        // A module inside a file is the file's.
        while !module.is_empty() {
            if let Some(&file) = self.modules.get(&module) {
                return Some(file);
            }
            module.pop();
        }
        None
    }

    /// Whether a path takes from `lib.rs` what that takes from elsewhere.
    fn is_of_root(&self, root: &[String], path: &[String]) -> bool {
        let [first, name, ..] = path else { return false };
        let is_room = self.modules.contains_key(&[root, std::slice::from_ref(name)].concat());
        first == "crate" && !is_room && self.alias(root, name).is_some()
    }

    fn alias(&self, module: &[String], name: &str) -> Option<&[String]> {
        let source = &self.sources[*self.modules.get(module)?];
        Some(source.aliases.get(&(module.to_vec(), name.to_owned()))?)
    }

    /// All imports from file to file, but for what a module hands on of those inside it.
    fn imports(&self) -> Vec<Import<'_>> {
        let mut imports = vec![];
        for (from, source) in self.sources.iter().enumerate() {
            for named in &source.named {
                let Some(to) = self.resolve(&named.at, &named.path, 8) else { continue };
                let inside = self.sources[to].module.starts_with(&source.module);
                if to != from && !(inside && named.reexported) {
                    imports.push(Import { from, to, named });
                }
            }
        }
        imports
    }

    /// Everything in which the house is not as planned.
    fn broken(&self, plan: &Plan) -> Broken {
        let mut broken = Broken::new();
        let mut tell = |rule: String, file: &str, line: usize| {
            let first = broken.entry(rule).or_default().entry(file.to_owned()).or_insert(line);
            *first = line.min(*first);
        };
        let imports = self.imports();
        for &Import { from, to, named } in &imports {
            let (from, to) = (&self.sources[from], &self.sources[to]);
            if from.module[0] == to.module[0] {
                if let Some(rule) = plan.forbids(from, to) {
                    tell(rule, &from.file, named.line);
                }
                if self.is_of_root(&from.module[..1], &named.path) {
                    let rule = format!("{}: names a re-export of lib.rs", from.file);
                    tell(rule, &from.file, named.line);
                }
            }
        }
        for source in &self.sources {
            for (rule, line) in text_rules(source) {
                tell(format!("{}: {rule}", source.file), &source.file, line);
            }
            if let [_, _, ..] = source.module[..]
                && plan.known_to(&source.place()).is_none()
            {
                tell(format!("{} has no row", source.room()), &source.file, 1);
            }
        }
        for place in plan.places() {
            let is_there = |source: &Source| source.place() == place;
            if !self.sources.iter().any(is_there) {
                tell(
                    format!("{place} is in the table, not in the house"),
                    "docs/architecture.md",
                    1,
                );
            }
        }
        for circle in self.circles(&imports) {
            tell(format!("circle: {}", circle.join(" ")), circle[0], 1);
        }
        broken
    }

    /// What is to be told: each rule that is broken and not excepted, where it is, and exceptions that nothing needs.
    pub(crate) fn complaints(&self, plan: &Plan) -> Vec<String> {
        let broken = self.broken(plan);
        let mut told = vec![];
        for (rule, files) in broken.iter().filter(|(rule, _)| !plan.exceptions.contains(*rule)) {
            let end = if rule.contains(" -> ") { " is not allowed" } else { "" };
            told.extend(files.iter().map(|(file, line)| format!("{file}:{line}: {rule}{end}")));
        }
        let needless = plan.exceptions.iter().filter(|rule| !broken.contains_key(*rule));
        told.extend(needless.map(|rule| {
            format!("docs/architecture.md: the exception `{rule}` is no longer needed: take it out")
        }));
        told
    }

    /// Files that import each other, some of them by others.
    fn circles(&self, imports: &[Import<'_>]) -> BTreeSet<Vec<&str>> {
        let mut next = vec![BTreeSet::new(); self.sources.len()];
        for import in imports {
            next[import.from].insert(import.to);
        }
        let reached = |from: usize| {
            let mut reached = BTreeSet::new();
            let mut open = vec![from];
            while let Some(file) = open.pop() {
                open.extend(next[file].iter().filter(|file| reached.insert(**file)));
            }
            reached
        };
        let reached: Vec<_> = (0..next.len()).map(reached).collect();
        let circle = |file: usize| {
            let of = reached[file].iter().filter(|other| reached[**other].contains(&file));
            let mut files: Vec<_> = of.map(|file| self.sources[*file].file.as_str()).collect();
            files.sort_unstable();
            files
        };
        (0..next.len()).map(circle).filter(|files| files.len() > 1).collect()
    }
}

impl Source {
    /// The folder of the crate and the modules in it: `src/train/task/classify`.
    fn place(&self) -> String {
        let folder =
            CRATES.iter().find(|(krate, _)| *krate == self.module[0]).map_or("", |found| found.1);
        [&[folder.to_owned()], &self.module[1..]].concat().join("/")
    }

    fn room(&self) -> String {
        self.place_within(1)
    }

    fn place_within(&self, depth: usize) -> String {
        let place = self.place();
        let folder =
            place.len() - self.module[1..].iter().map(|name| name.len() + 1).sum::<usize>();
        let names = self.module[1..].iter().take(depth).map(|name| name.len() + 1).sum::<usize>();
        place[..folder + names].to_owned()
    }
}

impl Plan {
    /// The rule against an import inside a crate, if there is one.
    fn forbids(&self, from: &Source, to: &Source) -> Option<String> {
        let (room, other) = (from.room(), to.room());
        if from.module.len() == 1 || to.module.len() == 1 {
            return None;
        }
        let to_place = to.place();
        let inside =
            |known: &String| to_place == *known || to_place.starts_with(&format!("{known}/"));
        if room != other {
            let known = self.known_to(&from.place())?;
            return (!known.iter().any(inside)).then(|| format!("{room} -> {other}"));
        }
        let floors = self.floors.get(&room).filter(|floors| !floors.is_empty())?;
        let floor = |source: &Source| {
            let name = source.module.get(2)?;
            floors.iter().position(|floor| floor.contains(name))
        };
        let (from_floor, to_floor) = (floor(from), floor(to));
        let lower = to_floor.is_some_and(|to| from_floor.is_none_or(|from| to < from));
        let same = from.module.get(2) == to.module.get(2) || from_floor.is_none();
        (!lower && !same).then(|| format!("{} -> {}", from.place_within(2), to.place_within(2)))
    }
}

/// Rules that the words of a file break by themselves, with the lines.
fn text_rules(source: &Source) -> Vec<(&'static str, usize)> {
    let file = source.file.as_str();
    let mut found = vec![];
    if source.lines > LONGEST_FILE {
        found.push(("over 600 lines", source.lines));
    }
    let lines = |words: &[&str]| {
        let is = |at: &[(usize, String)]| at.iter().map(|(_, word)| word).eq(words);
        source.words.windows(words.len()).filter(|at| is(at)).map(|at| at[0].0).collect::<Vec<_>>()
    };
    let unsafe_is_allowed =
        ["xla-backend/src/pjrt/", "xla-backend/kernels/src/", "src/files/mapped.rs"];
    if !unsafe_is_allowed.iter().any(|place| file.starts_with(place)) {
        found.extend(lines(&["unsafe"]).into_iter().map(|line| ("unsafe", line)));
    }
    if file.starts_with("src/") {
        let xla_is_allowed = [
            "src/runtime/xla.rs",
            "src/train/engine/compiled.rs",
            "src/train/engine/ahead.rs",
            "src/forecast/",
        ];
        if !xla_is_allowed.iter().any(|place| file.starts_with(place)) {
            // One variant of the error names it, and the library hands it on.
            let names = usize::from(["src/train/error/mod.rs", "src/lib.rs"].contains(&file));
            found.extend(
                lines(&["burn_xla"]).into_iter().skip(names).map(|line| ("names burn_xla", line)),
            );
        }
        if !file.starts_with("src/runtime/") {
            let flex = lines(&["Device", "::", "flex"]);
            found.extend(flex.into_iter().map(|line| ("makes tensors on Device::flex", line)));
        }
    }
    found
}

//! The table of rooms, as docs/architecture.md has it.

use std::collections::{BTreeMap, BTreeSet};

/// What rooms may know, and what is excepted.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// By room or place inside one, such as `src/train` or `src/train/task/classify`: what it may know of other rooms.
    pub(crate) may_know: BTreeMap<String, Vec<String>>,
    /// By room: its floors, each with the names on it.
    pub(crate) floors: BTreeMap<String, Vec<Vec<String>>>,
    /// What breaks a rule and may for now, or for a reason that stands beside it.
    pub(crate) exceptions: BTreeSet<String>,
}

impl Plan {
    /// Reads the section "Rooms": tables whose rows are `| room | floors | may know |` under the name of a source folder in the first column's
    /// heading, then a list of exceptions, each between backticks at the beginning of its line.
    pub(crate) fn read(document: &str) -> Self {
        let start = document.find("## Rooms").expect("the document has a section \"Rooms\"");
        let section = &document[start + 8..];
        let section = &section[..section.find("\n## ").unwrap_or(section.len())];
        let mut plan = Self::default();
        let mut folder = String::new();
        for line in section.lines() {
            if let Some(exception) = line.strip_prefix("- `") {
                let end = exception.find('`').expect("an exception ends with a backtick");
                plan.exceptions.insert(exception[..end].to_owned());
            }
            let cells: Vec<_> =
                line.trim_matches('|').split('|').map(|cell| cell.replace('`', "")).collect();
            let [room, floors, known] =
                cells.iter().map(|cell| cell.trim()).collect::<Vec<_>>()[..]
            else {
                continue;
            };
            match room {
                _ if room.starts_with("--") => {}
                _ if known == "may know" => folder = room.to_owned(),
                _ => {
                    let place = |name: &str| format!("{folder}/{name}");
                    let names = |text: &str| {
                        text.split_whitespace()
                            .filter(|name| *name != "–")
                            .map(str::to_owned)
                            .collect::<Vec<_>>()
                    };
                    plan.may_know
                        .insert(place(room), names(known).iter().map(|name| place(name)).collect());
                    plan.floors.insert(
                        place(room),
                        floors.split(" / ").map(names).filter(|floor| !floor.is_empty()).collect(),
                    );
                }
            }
        }
        plan
    }

    /// All places that the tables name.
    pub(crate) fn places(&self) -> impl Iterator<Item = String> {
        let floors = self.floors.iter().flat_map(|(room, floors)| {
            floors.iter().flatten().map(move |name| format!("{room}/{name}"))
        });
        self.may_know.keys().cloned().chain(floors)
    }

    /// The rule of the place nearest to a file.
    pub(crate) fn known_to(&self, place: &str) -> Option<&[String]> {
        let mut place = place;
        loop {
            if let Some(known) = self.may_know.get(place) {
                return Some(known);
            }
            place = place.rsplit_once('/')?.0;
        }
    }
}

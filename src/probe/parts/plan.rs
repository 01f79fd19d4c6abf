//! What of a folder stays, and what is to be done.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::error::PartsError;
use super::manifest::{Listing, Manifest, SkippedImages};
use super::records::{Record, label_names, read_records, shard};
use crate::data::ImageSet;
use crate::data::set::Stamp;
use crate::files::hex;

/// A record of a part that stays, with the image of the set that it is of.
pub(super) struct Survivor {
    /// The number of the record in its part.
    pub(super) record: u32,
    pub(super) index: u32,
    /// Size and time of the file now.
    pub(super) stamp: Option<Stamp>,
}

/// A part whose records do not all stay as they are.
pub(super) struct Rewritten {
    /// The part, by its index in the manifest.
    pub(super) part: usize,
    pub(super) survivors: Vec<Survivor>,
}

#[derive(Default)]
pub(super) struct Plan {
    /// Parts that become one together, for each group in the order of the manifest.
    pub(super) groups: Vec<Vec<Rewritten>>,
    /// The images that are to be embedded.
    pub(super) pending: Vec<u32>,
    /// Images whose files are others than they were, and the first three of their names.
    pub(super) changed: SkippedImages,
    /// Images that are in the folder and not in the set any more.
    pub(super) gone: usize,
}

/// The images of a set by a hash of where they are and of their names: 16 bytes each.
struct Index {
    keys: Vec<(u64, u32)>,
    /// Images that a record was found for.
    taken: Vec<bool>,
}

fn key(shard: Option<&str>, name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (shard, name).hash(&mut hasher);
    hasher.finish()
}

impl Index {
    fn new(set: &ImageSet) -> Self {
        let items = (0..).zip(set.items());
        let keys = items.map(|(index, item)| (key(shard(&item).as_deref(), &item.name), index));
        let mut keys: Vec<(u64, u32)> = keys.collect();
        keys.sort_unstable();
        Self { taken: vec![false; keys.len()], keys }
    }

    /// The first image of a record that no other record has taken: a list may name an image twice.
    fn take(&mut self, set: &ImageSet, record: &Record) -> Option<u32> {
        let key = key(record.shard.as_deref(), &record.name);
        let first = self.keys.partition_point(|(known, _)| *known < key);
        let equal = self.keys[first..].iter().take_while(|(known, _)| *known == key);
        let is_it = |index: &u32| {
            let item = set.item(*index as usize);
            !self.taken[*index as usize] && item.name == record.name && shard(&item) == record.shard
        };
        let index = equal.map(|(_, index)| *index).find(is_it)?;
        self.taken[index as usize] = true;
        Some(index)
    }
}

/// Compares the records of a folder with the images of a set. Without an update parts stay as they are, and images that
/// have changed are told alone.
pub(super) fn plan(folder: &Path, manifest: &Manifest, set: &ImageSet) -> Result<Plan, PartsError> {
    let update = manifest.updating;
    let mut plan = Plan::default();
    if manifest.parts.is_empty() {
        plan.pending = (0..set.len() as u32).collect();
        return Ok(plan);
    }
    let mut images = Index::new(set);
    let is_small = |part: usize| 2 * manifest.parts[part].len() < manifest.images_per_part;
    let parts = 0..manifest.parts.len();
    let merge = update && parts.clone().filter(|part| is_small(*part)).count() > 1;
    for part in parts {
        let records = read_records(folder, &manifest.parts[part])?;
        let found: Vec<_> = records.iter().map(|record| images.take(set, record)).collect();
        let state = |(record, found): (&Record, &Option<u32>)| match found {
            None => State::Gone,
            Some(index) => state(set, *index as usize, record),
        };
        let states: Vec<State> = records.par_iter().zip(&found).map(state).collect();
        let mut survivors = Vec::new();
        for (record, (state, found)) in (0..).zip(states.iter().zip(&found)) {
            match (state, found) {
                (State::AsItWas, Some(index)) => {
                    let stamp = records[record as usize].stamp;
                    survivors.push(Survivor { record, index: *index, stamp });
                }
                (State::Otherwise(stamp), Some(index)) => {
                    survivors.push(Survivor { record, index: *index, stamp: *stamp });
                }
                (State::Changed, Some(index)) => {
                    images.taken[*index as usize] = false;
                    plan.changed.add(1, [records[record as usize].name.clone()]);
                }
                _ => plan.gone += 1,
            }
        }
        let stays = states.iter().all(|state| matches!(state, State::AsItWas));
        if update && (!stays || merge && is_small(part)) {
            plan.add(manifest.images_per_part, Rewritten { part, survivors });
        }
    }
    let free = images.taken.iter().enumerate().filter(|(_, taken)| !**taken);
    plan.pending = free.map(|(index, _)| index as u32).collect();
    Ok(plan)
}

impl Plan {
    /// Adds a part to the last group, if there is room for it.
    fn add(&mut self, most: usize, part: Rewritten) {
        let len =
            |group: &[Rewritten]| group.iter().map(|part| part.survivors.len()).sum::<usize>();
        match self.groups.last_mut() {
            Some(group) if len(group) + part.survivors.len() <= most => group.push(part),
            _ => self.groups.push(vec![part]),
        }
    }
}

/// What became of an image since its record was written.
#[derive(Clone, Copy)]
enum State {
    AsItWas,
    /// The features hold, but its file has another time, or it has other labels.
    Otherwise(Option<Stamp>),
    Changed,
    Gone,
}

/// Compares an image with its record: it is the same if size and time of its file are, or, where the time alone is
/// another, if its bytes have the same hash. One that could not be read has changed if it can be now.
fn state(set: &ImageSet, index: usize, record: &Record) -> State {
    let stamp = set.stamp(index).ok();
    let same_labels = || label_names(&set.item(index), set.classes()) == record.labels;
    let was_read = record.sha256.is_some();
    match (stamp, record.stamp) {
        (now, was) if now == was && !was_read && set.read(index).is_ok() => State::Changed,
        (now, was) if now == was && same_labels() => State::AsItWas,
        (now, was) if now == was => State::Otherwise(now),
        (Some(now), Some(was)) if now.size == was.size => {
            let hash = set.read(index).map(|bytes| hex(Sha256::digest(&bytes))).ok();
            if hash.is_some() && hash == record.sha256 {
                State::Otherwise(Some(now))
            } else {
                State::Changed
            }
        }
        _ => State::Changed,
    }
}

/// The images of a set, in its order, with their labels.
pub(super) fn listing(set: &ImageSet) -> Listing {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    for item in set.items() {
        add(shard(&item).as_deref().unwrap_or_default());
        add(&item.name);
        let labels = label_names(&item, set.classes());
        add(&labels.len().to_string());
        labels.iter().for_each(|label| add(label));
    }
    Listing { count: set.len(), sha256: hex(hash.finalize()) }
}

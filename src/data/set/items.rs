//! Names, places and labels of many images in few bytes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::item::{Item, Location};

/// Names from one that is held whole to the next.
const BLOCK: usize = 16;

/// Texts in order. Most hold only what differs from the one before, so that sorted paths take a few bytes each.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    /// For each name: bytes that it shares with the one before, bytes that follow, and these.
    bytes: Vec<u8>,
    /// Where each block begins, whose first name shares nothing.
    blocks: Vec<usize>,
    last: Vec<u8>,
    len: usize,
}

impl Names {
    pub(super) fn push(&mut self, name: &str) {
        let name = name.as_bytes();
        let mut shared = 0;
        if self.len.is_multiple_of(BLOCK) {
            self.blocks.push(self.bytes.len());
        } else {
            shared = self.last.iter().zip(name).take_while(|(a, b)| a == b).count();
        }
        self.number(shared);
        self.number(name.len() - shared);
        self.bytes.extend(&name[shared..]);
        self.last.truncate(shared);
        self.last.extend(&name[shared..]);
        self.len += 1;
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn get(&self, index: usize) -> String {
        assert!(index < self.len, "{} images have no image {index}", self.len);
        let mut at = self.blocks[index / BLOCK];
        let mut name = Vec::new();
        for _ in 0..=index % BLOCK {
            let (shared, rest) = (self.number_at(&mut at), self.number_at(&mut at));
            name.truncate(shared);
            name.extend(&self.bytes[at..at + rest]);
            at += rest;
        }
        String::from_utf8(name).expect("it was made of text")
    }

    /// Writes a number, seven bits a byte, the lowest first.
    fn number(&mut self, mut number: usize) {
        while number > 0x7f {
            self.bytes.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    fn number_at(&self, at: &mut usize) -> usize {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.bytes[*at];
            *at += 1;
            number |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return number;
            }
            shift += 7;
        }
    }
}

/// Bytes of a shard, in 16 bytes.
#[derive(Debug, Clone, Copy)]
struct Within {
    shard: u32,
    len: u32,
    /// The lower and the upper half.
    offset: [u32; 2],
}

/// The shard of an image that is in none.
const NO_SHARD: u32 = u32::MAX;

/// Images with their labels.
#[derive(Debug, Clone, Default)]
pub(super) struct Items {
    names: Names,
    /// The folder below which the image of a name is, where neither of the next two says otherwise.
    root: Option<PathBuf>,
    /// Empty, or an entry for each image.
    within: Vec<Within>,
    /// Places that the others cannot hold.
    others: BTreeMap<usize, Location>,
    shards: Vec<Arc<Path>>,
    /// Where the labels of each image end. The images behind the last of them have no labels.
    ends: Vec<u32>,
    labels: Vec<u32>,
}

impl Items {
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn push(
        &mut self,
        name: &str,
        location: Location,
        labels: impl IntoIterator<Item = usize>,
    ) {
        let index = self.len();
        self.names.push(name);
        self.place(index, name, location);
        let before = self.labels.len();
        self.labels.extend(labels.into_iter().map(|label| label as u32));
        if self.labels.len() > before {
            self.ends.resize(index, before as u32);
            self.ends.push(self.labels.len() as u32);
        }
    }

    fn place(&mut self, index: usize, name: &str, location: Location) {
        let mut within = Within { shard: NO_SHARD, len: 0, offset: [0, 0] };
        match location {
            Location::File(path) => {
                let root = self.root.get_or_insert_with(|| root(&path, name));
                if root.join(name) != path {
                    self.others.insert(index, Location::File(path));
                }
            }
            Location::Within { file, offset, len } => match u32::try_from(len) {
                Ok(len) => {
                    if self.shards.last().is_none_or(|last| *last != file) {
                        self.shards.push(file);
                    }
                    let shard = self.shards.len() as u32 - 1;
                    within = Within { shard, len, offset: [offset as u32, (offset >> 32) as u32] };
                }
                Err(_) => _ = self.others.insert(index, Location::Within { file, offset, len }),
            },
            frame @ Location::Frame { .. } => _ = self.others.insert(index, frame),
        }
        if within.shard != NO_SHARD || !self.within.is_empty() {
            let no = Within { shard: NO_SHARD, len: 0, offset: [0, 0] };
            self.within.resize(index, no);
            self.within.push(within);
        }
    }

    pub(super) fn name(&self, index: usize) -> String {
        self.names.get(index)
    }

    pub(super) fn location(&self, index: usize, name: &str) -> Location {
        if let Some(other) = self.others.get(&index) {
            return other.clone();
        }
        match self.within.get(index) {
            Some(within) if within.shard != NO_SHARD => {
                let [low, high] = within.offset.map(u64::from);
                let file = self.shards[within.shard as usize].clone();
                Location::Within { file, offset: low | high << 32, len: within.len.into() }
            }
            _ => Location::File(self.root.as_deref().unwrap_or(Path::new("")).join(name)),
        }
    }

    /// Indices of classes.
    pub(super) fn labels(&self, index: usize) -> &[u32] {
        let Some(&end) = self.ends.get(index) else { return &[] };
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.labels[start as usize..end as usize]
    }

    /// The labels of all images, to be changed one by one.
    pub(super) fn all_labels_mut(&mut self) -> &mut [u32] {
        &mut self.labels
    }

    pub(super) fn item(&self, index: usize) -> Item {
        let name = self.name(index);
        let labels = self.labels(index).iter().map(|label| *label as usize).collect();
        Item { location: self.location(index, &name), name, labels }
    }
}

impl FromIterator<Item> for Items {
    fn from_iter<I: IntoIterator<Item = Item>>(items: I) -> Self {
        let mut all = Self::default();
        items.into_iter().for_each(|Item { name, location, labels }| {
            all.push(&name, location, labels);
        });
        all
    }
}

/// The folder below which a path is this name, or the path's own folder.
fn root(path: &Path, name: &str) -> PathBuf {
    let depth = if path.ends_with(name) { Path::new(name).components().count() } else { 1 };
    path.ancestors().nth(depth).unwrap_or(Path::new("")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> Location {
        Location::File(path.into())
    }

    #[test]
    fn everything_comes_back_as_it_was() {
        let long = "x".repeat(300);
        let shard: [Arc<Path>; 2] = [Path::new("a.tar").into(), Path::new("b.tar").into()];
        let within = |at: usize, offset, len| {
            let file = shard[at].clone();
            Location::Within { file, offset, len }
        };
        let mut items = vec![
            ("a/1.jpg", file("/images/a/1.jpg"), vec![]),
            ("a/10.jpg", file("/images/a/10.jpg"), vec![2]),
            ("é", file("/elsewhere/é"), vec![0, 1]),
            ("è", file("/images/è"), vec![]),
            (&long, within(0, 512, 9), vec![]),
            ("17", within(0, u64::from(u32::MAX) + 512, 7), vec![1]),
            ("17", within(1, 0, u64::from(u32::MAX) + 1), vec![]),
            ("", within(1, 1, 0), vec![3]),
            ("a/1.jpg", file("/images/a/1.jpg"), vec![]),
        ];
        let many: Vec<String> = (0..100).map(|number| format!("b/{number:05}.png")).collect();
        items.extend(many.iter().map(|name| (&**name, file(&format!("/images/{name}")), vec![])));
        let items: Vec<Item> = items
            .into_iter()
            .map(|(name, location, labels)| Item { name: name.into(), location, labels })
            .collect();
        let held: Items = items.iter().cloned().collect();
        assert_eq!(held.len(), items.len());
        for (index, item) in items.iter().enumerate() {
            assert_eq!(held.item(index), *item);
        }
    }

    #[test]
    fn an_image_of_a_folder_takes_a_few_bytes() {
        let mut held = Items::default();
        for (class, number) in (0..100_000).map(|index| (index / 1_000, index % 1_000 * 37)) {
            let name = format!("n{:08}/n{0:08}_{number:05}.JPEG", 1_440_764 + class);
            let location = Location::File(Path::new("/imagenet/train").join(&name));
            held.push(&name, location, [class]);
        }
        assert!(held.others.is_empty() && held.within.is_empty());
        let names = held.names.bytes.len() + 8 * held.names.blocks.len();
        let labels = 4 * (held.labels.len() + held.ends.len());
        let each = (names + labels) as f64 / held.len() as f64;
        assert!(each < 24.0, "{each} bytes an image");
    }
}

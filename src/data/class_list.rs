//! The classes of pixels: their names, their colours, and their numbers in masks.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::DataError;
use super::label_mask::LabelMask;

/// The label of a pixel that does not count.
pub const IGNORED: u8 = 255;

const ADE20K: &str = include_str!("classes/ade20k.txt");
const PASCAL_CONTEXT: &str = include_str!("classes/pascal_context.txt");
const PASCAL_VOC: &str = include_str!("classes/pascal_voc.txt");

/// The classes of pixels of a set of masks.
///
/// A mask has the number `first + class`; what is below `first`, and 255, does not count. ADE20k and Pascal Context
/// have 0 for pixels of no class, and count classes from 1 on.
///
/// ```
/// use vit22b::data::ClassList;
///
/// let classes = ClassList::ade20k();
/// assert_eq!((classes.len(), classes.first(), &*classes.names()[2]), (150, 1, "sky"));
/// // The sky has the number 3 in masks, and is class 2.
/// assert_eq!(classes.class(3), Some(Some(2)));
/// assert_eq!((classes.class(0), classes.class(255), classes.class(151)), (Some(None), Some(None), None));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassList {
    names: Vec<String>,
    colours: Vec<[u8; 3]>,
    first: u8,
}

impl ClassList {
    /// Classes with these names, whose numbers in masks begin with `first`, in the colours of Pascal VOC's palette.
    ///
    /// # Errors
    ///
    /// [`DataError::Classes`] for no names, and for more than a mask has numbers for.
    pub fn new(names: Vec<String>, first: u8) -> Result<Self, DataError> {
        // 255 is no class.
        let most = usize::from(IGNORED - first);
        if names.is_empty() || names.len() > most {
            return Err(DataError::Classes { got: names.len(), most });
        }
        let last = first + (names.len() - 1) as u8;
        let colours = (first..=last).map(LabelMask::colour).collect();
        Ok(Self { names, colours, first })
    }

    /// The 150 classes of ADE20k's scene parsing, numbered from 1 on.
    pub fn ade20k() -> Self {
        Self::published(ADE20K, 1)
    }

    /// The 59 classes of Pascal Context, numbered from 1 on.
    pub fn pascal_context() -> Self {
        Self::published(PASCAL_CONTEXT, 1)
    }

    /// The 21 classes of Pascal VOC, the background among them, numbered from 0 on.
    pub fn pascal_voc() -> Self {
        Self::published(PASCAL_VOC, 0)
    }

    /// The classes of a file with a name on each line, numbered from 0 on.
    ///
    /// # Errors
    ///
    /// [`DataError::Io`], and [`DataError::Classes`] for no names, or more than 255.
    pub fn read(path: &Path) -> Result<Self, DataError> {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|reason| DataError::Io { path: path.into(), reason })?;
        let names = text.lines().map(str::trim).filter(|name| !name.is_empty());
        Self::new(names.map(str::to_string).collect(), 0)
    }

    fn published(list: &str, first: u8) -> Self {
        let (mut names, mut colours) = (Vec::new(), Vec::new());
        for line in list.lines() {
            let words: Vec<&str> = line.splitn(4, ' ').collect();
            let byte = |word: &str| word.parse().expect("the lists have colours");
            colours.push([byte(words[0]), byte(words[1]), byte(words[2])]);
            names.push(words[3].to_string());
        }
        Self { names, colours, first }
    }

    /// The number of classes.
    #[allow(clippy::len_without_is_empty, reason = "there is at least one")]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// The names, in the order of the classes.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The colours, in the order of the classes.
    pub fn colours(&self) -> &[[u8; 3]] {
        &self.colours
    }

    /// The number that the first class has in masks.
    pub fn first(&self) -> u8 {
        self.first
    }

    /// The class of a number in a mask: `Some(None)` where the pixel does not count, and `None` for a number that no
    /// class has.
    pub fn class(&self, label: u8) -> Option<Option<u8>> {
        if label == IGNORED || label < self.first {
            return Some(None);
        }
        let class = label - self.first;
        (usize::from(class) < self.len()).then_some(Some(class))
    }

    /// The classes of a mask's pixels, with 255 for those that do not count.
    ///
    /// # Errors
    ///
    /// [`DataError::Truth`] with the first pixel whose number no class has; `name` is the mask.
    pub fn classes_of(&self, name: &str, mask: &LabelMask) -> Result<Vec<u8>, DataError> {
        let classes = mask.labels().iter().enumerate().map(|(place, label)| {
            let class = self.class(*label).ok_or_else(|| DataError::Truth {
                name: name.into(),
                problem: format!(
                    "row {}, column {}: the number {label} is of no class: the {} classes have {} to {}, and \
                     {IGNORED} is for pixels that do not count",
                    place / mask.width(),
                    place % mask.width(),
                    self.len(),
                    self.first,
                    usize::from(self.first) + self.len() - 1
                ),
            })?;
            Ok(class.unwrap_or(IGNORED))
        });
        classes.collect()
    }

    /// A mask of classes with the numbers that masks of this set have. What is no class becomes 255.
    ///
    /// # Panics
    ///
    /// If there are other than `height * width` classes.
    pub fn mask(&self, height: usize, width: usize, classes: &[u8]) -> LabelMask {
        let number = |class: &u8| match usize::from(*class) < self.len() {
            true => self.first + class,
            false => IGNORED,
        };
        let labels = classes.iter().map(number).collect();
        LabelMask::new(height, width, labels).expect("a class for each pixel")
    }

    /// The colours of all 256 numbers, for [`LabelMask::write_colours`]: black below the first class, and the palette of
    /// Pascal VOC behind the last.
    pub fn palette(&self) -> Vec<[u8; 3]> {
        let colour = |label: u8| match self.class(label) {
            Some(Some(class)) => self.colours[usize::from(class)],
            Some(None) if label < self.first => [0; 3],
            _ => LabelMask::colour(label),
        };
        (0..=u8::MAX).map(colour).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_lists_are_whole() {
        let lists = [ClassList::ade20k(), ClassList::pascal_context(), ClassList::pascal_voc()];
        assert_eq!(lists.each_ref().map(ClassList::len), [150, 59, 21]);
        for list in &lists {
            let mut names = list.names().to_vec();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), list.len());
            assert!(list.names().iter().all(|name| name.trim() == name && !name.is_empty()));
        }
        let [ade, context, voc] = lists;
        assert_eq!((&*ade.names()[149], ade.colours()[149]), ("flag", [92, 0, 255]));
        assert_eq!((&*context.names()[58], context.colours()[0]), ("wood", [180, 120, 120]));
        let colour = |class: usize| LabelMask::colour(class as u8);
        assert!((0..21).all(|class| voc.colours()[class] == colour(class)));
    }

    #[test]
    fn numbers_become_classes_and_numbers_again() {
        let classes = ClassList::pascal_context();
        let mask = LabelMask::new(1, 4, vec![0, 1, 59, 255]).unwrap();
        let of_pixels = classes.classes_of("m.png", &mask).unwrap();
        assert_eq!(of_pixels, [255, 0, 58, 255]);
        assert_eq!(classes.mask(1, 4, &of_pixels).labels(), [255, 1, 59, 255]);
        let high = LabelMask::new(1, 2, vec![1, 60]).unwrap();
        assert_eq!(
            classes.classes_of("m.png", &high).unwrap_err().to_string(),
            "m.png: row 0, column 1: the number 60 is of no class: the 59 classes have 1 to 59, and 255 is for pixels \
             that do not count"
        );
        assert_eq!(classes.palette()[1], [180, 120, 120]);
        let names = |count: usize| (0..count).map(|name| name.to_string()).collect();
        assert!(ClassList::new(names(255), 0).is_ok() && ClassList::new(names(256), 0).is_err());
        assert!(ClassList::new(names(255), 1).is_err() && ClassList::new(vec![], 0).is_err());
    }
}

//! Images with a value for each pixel, from files: masks and maps of depth.

mod crop;
mod loader;
mod photometric;
mod truth;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::data::batch::{ExampleKey, permuted};
use crate::data::error::DataError;
use crate::data::image::{DecodeOptions, Image};
use crate::data::set::ImageSet;

pub use crop::JointCrop;
pub use loader::PairLoader;
pub use truth::{DepthTruth, MaskTruth, Truth};

/// Images and a file of truth for each: its mask, or its map of depths.
///
/// The file of an image has the image's path below the folder of images, below a folder of its own, with another ending:
/// `images/a/7.jpg` and `masks/a/7.png`.
///
/// ```
/// use vit22b::data::{ClassList, DecodeOptions, ImageSet, LabelMask, MaskTruth, Pairs, Truth};
///
/// # let root = std::env::temp_dir().join(format!("pairs-{}", std::process::id()));
/// # std::fs::create_dir_all(root.join("masks"))?;
/// # std::fs::create_dir_all(root.join("images"))?;
/// # let photo = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/images/photo.jpg");
/// # std::fs::copy(photo, root.join("images/photo.jpg"))?;
/// LabelMask::new(50, 75, vec![20; 50 * 75])?.write_grey(&root.join("masks/photo.png"))?;
/// let pairs = Pairs::open::<MaskTruth>(ImageSet::folder(&root.join("images"))?, &root.join("masks"))?;
/// let truth = MaskTruth::new(ClassList::pascal_voc());
/// let (image, classes) = pairs.read(0, &truth, DecodeOptions::default())?;
/// assert_eq!((image.width(), classes[0]), (75, 20));
/// # std::fs::remove_dir_all(root)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Pairs {
    images: ImageSet,
    truths: Arc<[PathBuf]>,
    remarks: Vec<String>,
}

impl Pairs {
    /// The images that have a file of truth below a folder. How many have none is told in [`remarks`](Self::remarks).
    ///
    /// # Errors
    ///
    /// [`DataError::NoTruths`] if no image has one, and [`DataError::Empty`] without images.
    pub fn open<T: Truth>(images: ImageSet, folder: &Path) -> Result<Self, DataError> {
        if images.is_empty() {
            return Err(DataError::Empty);
        }
        let stem = |index: usize| Path::new(&images.name(index)).with_extension("");
        let of_image = |index: usize| {
            // Not `with_extension`: a stem may have dots of its own.
            let stem = folder.join(stem(index)).into_os_string();
            let with = |ending: &str| {
                let mut file = stem.clone();
                file.push(format!(".{ending}"));
                PathBuf::from(file)
            };
            let files =
                T::ENDINGS.iter().flat_map(|ending| [with(ending), with(&ending.to_uppercase())]);
            files.into_iter().find(|file| file.is_file())
        };
        let (mut kept, mut truths, mut first_missing) = (Vec::new(), Vec::new(), None);
        for index in 0..images.len() {
            match of_image(index) {
                Some(file) => {
                    kept.push(index);
                    truths.push(file);
                }
                None => first_missing = first_missing.or(Some(index)),
            }
        }
        let first_of = |index: usize| {
            let stem = folder.join(stem(index));
            format!("{}.{}", stem.display(), T::ENDINGS.join(" or ."))
        };
        if kept.is_empty() {
            let (path, images) = (folder.into(), images.len());
            return Err(DataError::NoTruths { path, images, first: first_of(0) });
        }
        let mut remarks = Vec::new();
        if let Some(missing) = first_missing {
            remarks.push(format!(
                "{} of {} images have no {} and are left out, such as that of {}",
                images.len() - kept.len(),
                images.len(),
                T::NAME,
                first_of(missing)
            ));
        }
        Ok(Self { images: images.select(kept), truths: truths.into(), remarks })
    }

    /// What was left out, a line for each kind.
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// The images, in the order of the pairs.
    pub fn images(&self) -> &ImageSet {
        &self.images
    }

    /// The file of truth of the `index`-th image.
    ///
    /// # Panics
    ///
    /// If there is no such image.
    pub fn truth(&self, index: usize) -> &Path {
        &self.truths[index]
    }

    /// The number of pairs.
    pub fn len(&self) -> usize {
        self.truths.len()
    }

    /// Whether there are none; [`open`](Self::open) makes no such value.
    pub fn is_empty(&self) -> bool {
        self.truths.is_empty()
    }

    /// Some of the pairs, in this order.
    ///
    /// # Panics
    ///
    /// If one of them is not there.
    pub fn select(&self, indices: impl IntoIterator<Item = usize>) -> Self {
        let indices: Vec<usize> = indices.into_iter().collect();
        let truths = indices.iter().map(|index| self.truths[*index].clone()).collect();
        Self { images: self.images.select(indices), truths, remarks: self.remarks.clone() }
    }

    /// Two parts: each `every`-th pair, in an order that the seed gives, is in the second. One pair is in both.
    ///
    /// # Panics
    ///
    /// If `every` is below 2.
    pub fn held_out(&self, every: usize, seed: u64) -> [Self; 2] {
        assert!(every >= 2, "each second pair may be held out, got each {every}th");
        if self.len() == 1 {
            return [self.clone(), self.clone()];
        }
        let (count, key) = (self.len() as u64, ExampleKey::new(seed, 0, u64::MAX));
        let order: Vec<usize> =
            (0..count).map(|index| permuted(index, count, key) as usize).collect();
        // Of few pairs one is held out.
        let is_held = |at: usize| at % every == (every - 1).min(self.len() - 1);
        let part = |held: bool| {
            let chosen = (0..order.len()).filter(|at| is_held(*at) == held).map(|at| order[at]);
            self.select(chosen)
        };
        [part(false), part(true)]
    }

    /// An image and a value for each of its pixels, row by row.
    ///
    /// # Errors
    ///
    /// [`DataError::Io`] and [`DataError::Image`] for the image, [`DataError::Truth`] for a file that cannot be read, that has
    /// another size than the image, or values that are not valid.
    ///
    /// # Panics
    ///
    /// If there is no such pair.
    pub fn read<T: Truth>(
        &self,
        index: usize,
        truth: &T,
        decoding: DecodeOptions,
    ) -> Result<(Image, Vec<T::Pixel>), DataError> {
        let image = self.images.decode(index, decoding)?;
        let file = self.truth(index);
        let ([height, width], pixels) = truth.read(file)?;
        let size = [image.height(), image.width()];
        if [height, width] != size {
            let turned = if [width, height] == size {
                "; the image is turned by its EXIF orientation, which may be ignored"
            } else {
                ""
            };
            let problem = format!(
                "{height} × {width} pixels, and its image {} has {} × {}{turned}",
                self.images.name(index),
                size[0],
                size[1]
            );
            return Err(DataError::Truth { name: file.display().to_string(), problem });
        }
        Ok((image, pixels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::class_list::ClassList;
    use crate::data::label_mask::LabelMask;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str, images: &[&str]) -> Self {
            let root =
                std::env::temp_dir().join(format!("vit22b-pairs-{}-{name}", std::process::id()));
            for folder in ["images/a", "masks/a"] {
                std::fs::create_dir_all(root.join(folder)).unwrap();
            }
            for name in images {
                image::RgbImage::new(6, 4).save(root.join("images").join(name)).unwrap();
            }
            Self(root)
        }

        fn mask(&self, name: &str, height: usize, width: usize, label: u8) {
            let mask = LabelMask::new(height, width, vec![label; height * width]).unwrap();
            mask.write_grey(&self.0.join("masks").join(name)).unwrap();
        }

        fn open(&self) -> Result<Pairs, DataError> {
            let images = ImageSet::folder(&self.0.join("images")).unwrap();
            Pairs::open::<MaskTruth>(images, &self.0.join("masks"))
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn images_without_a_mask_are_left_out_and_told() {
        let folder = Folder::new("some", &["a/1.2.png", "a/2.bmp", "3.png"]);
        assert!(
            folder.open().unwrap_err().to_string().contains("none of 3 images has a file there")
        );
        folder.mask("a/1.2.png", 4, 6, 3);
        folder.mask("3.png", 4, 6, 255);
        let pairs = folder.open().unwrap();
        assert_eq!(pairs.len(), 2);
        let [remark] = pairs.remarks() else { panic!("{:?}", pairs.remarks()) };
        assert!(remark.starts_with("1 of 3 images have no mask"), "{remark}");
        assert!(remark.ends_with("2.png"), "{remark}");
        let truth = MaskTruth::new(ClassList::pascal_voc());
        let read = |index| pairs.read(index, &truth, DecodeOptions::default());
        assert_eq!(read(1).unwrap().1, [3; 24]);
        assert_eq!(read(0).unwrap().1, [255; 24]);
    }

    #[test]
    fn masks_of_another_size_and_other_numbers_are_refused() {
        let folder = Folder::new("other", &["1.png", "2.png", "3.png"]);
        folder.mask("1.png", 4, 5, 0);
        folder.mask("2.png", 6, 4, 0);
        folder.mask("3.png", 4, 6, 21);
        let pairs = folder.open().unwrap();
        let truth = MaskTruth::new(ClassList::pascal_voc());
        let error =
            |index| pairs.read(index, &truth, DecodeOptions::default()).unwrap_err().to_string();
        assert!(error(0).ends_with("4 × 5 pixels, and its image 1.png has 4 × 6"), "{}", error(0));
        assert!(error(1).contains("turned by its EXIF orientation"), "{}", error(1));
        assert!(error(2).contains("the number 21 is of no class"), "{}", error(2));
        std::fs::write(folder.0.join("masks/1.png"), b"nothing").unwrap();
        assert!(error(0).contains("1.png: "), "{}", error(0));
    }

    #[test]
    fn parts_are_disjoint_and_none_is_empty() {
        let names: Vec<String> = (0..11).map(|index| format!("{index:02}.png")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let folder = Folder::new("parts", &names);
        names.iter().for_each(|name| folder.mask(name, 4, 6, 0));
        let pairs = folder.open().unwrap();
        for (count, held) in [(11, 2), (5, 1), (2, 1), (1, 1)] {
            let some = pairs.select(0..count);
            let [train, test] = some.held_out(5, 3);
            assert_eq!(test.len(), held, "{count}");
            assert_eq!(train.len(), (count - held).max(1));
            let names = |part: &Pairs| -> Vec<String> {
                (0..part.len()).map(|index| part.images().name(index)).collect()
            };
            assert!(count == 1 || names(&train).iter().all(|name| !names(&test).contains(name)));
            assert!(train.truth(0).ends_with(train.images().name(0)));
        }
    }
}

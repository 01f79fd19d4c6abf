//! The sixteen entry-level classes of model-vs-human, as groups of ImageNet's classes.

use core::ops::RangeInclusive;

use crate::eval::elsewhere::LabelMap;

/// The names of the sixteen classes, and the ranges of ImageNet's classes in each.
type Category = (&'static str, &'static [RangeInclusive<usize>]);

const CATEGORIES: [Category; 16] = [
    ("airplane", &[404..=404]),
    ("bear", &[294..=297]),
    ("bicycle", &[444..=444, 671..=671]),
    ("bird", &[8..=8, 10..=16, 18..=20, 22..=24, 80..=83, 87..=96, 98..=100, 127..=133, 135..=145]),
    ("boat", &[472..=472, 554..=554, 625..=625, 814..=814, 914..=914]),
    ("bottle", &[440..=440, 720..=720, 737..=737, 898..=899, 901..=901, 907..=907]),
    ("car", &[436..=436, 511..=511, 817..=817]),
    ("cat", &[281..=286]),
    ("chair", &[423..=423, 559..=559, 765..=765, 857..=857]),
    ("clock", &[409..=409, 530..=530, 892..=892]),
    (
        "dog",
        &[
            152..=191,
            193..=203,
            205..=226,
            228..=241,
            243..=250,
            252..=257,
            259..=259,
            261..=263,
            265..=268,
        ],
    ),
    ("elephant", &[385..=386]),
    ("keyboard", &[508..=508, 878..=878]),
    ("knife", &[499..=499]),
    ("oven", &[766..=766]),
    (
        "truck",
        &[555..=555, 569..=569, 656..=656, 675..=675, 717..=717, 734..=734, 864..=864, 867..=867],
    ),
];

/// The sixteen classes as groups of ImageNet's 1,000 classes. A model's decision is [`LabelMap::predict`]
/// with [`Vote::MeanProbability`](crate::eval::Vote::MeanProbability).
///
/// # Reference
///
/// "Generalisation in humans and deep neural networks" (arXiv 1808.08750) and the categories of the
/// toolbox model-vs-human.
///
/// ```
/// use vit22b::eval::{Matrix, Vote, sixteen_classes};
///
/// let map = sixteen_classes();
/// let mut logits = [0.0f32; 1_000];
/// logits[285] = 9.0; // an Egyptian cat
/// let class = map.predict(Matrix::new(&logits, 1_000)?, Vote::MeanProbability)?[0];
/// assert_eq!(map.names().nth(class), Some("cat"));
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
pub fn sixteen_classes() -> LabelMap {
    let groups = CATEGORIES
        .iter()
        .map(|(name, ranges)| (name.to_string(), ranges.iter().cloned().flatten().collect()));
    LabelMap::new(groups, 1_000).expect("all members are below 1,000")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::imagenet_wnids;

    #[test]
    fn there_are_207_members_and_none_is_twice() {
        let mut members: Vec<usize> =
            CATEGORIES.iter().flat_map(|(_, ranges)| ranges.iter().cloned().flatten()).collect();
        assert_eq!(members.len(), 207);
        members.sort_unstable();
        members.dedup();
        assert_eq!(members.len(), 207);
        assert!(CATEGORIES.is_sorted_by_key(|(name, _)| name));
    }

    /// The ids that occur in the names of the toolbox's images.
    #[test]
    fn members_are_the_wordnet_classes_of_the_stimuli() {
        let ids = imagenet_wnids();
        for (id, category) in [
            ("n02690373", "airplane"),
            ("n02134418", "bear"),
            ("n03792782", "bicycle"),
            ("n01855032", "bird"),
            ("n03662601", "boat"),
            ("n04557648", "bottle"),
            ("n04285008", "car"),
            ("n02125311", "cat"),
            ("n04429376", "chair"),
            ("n03196217", "clock"),
            ("n02113023", "dog"),
            ("n02504458", "elephant"),
            ("n04505470", "keyboard"),
            ("n03041632", "knife"),
            ("n04111531", "oven"),
            ("n04467665", "truck"),
        ] {
            let class = ids.iter().position(|known| known == id).unwrap();
            let of = |(_, ranges): &&Category| ranges.iter().any(|range| range.contains(&class));
            assert_eq!(CATEGORIES.iter().find(of).unwrap().0, category, "{id}");
        }
    }
}

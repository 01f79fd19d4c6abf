//! Drawings of shapes in colours with captions, to learn what words mean.

use fastrand::Rng;

use super::paint::{COLOURS, Outline, TEXTURES, paint};
use super::shapes::SHAPES;

/// The shapes, each with the names that captions have for it.
const NAMES: [&[&str]; 10] = [
    &["disc", "circle"],
    &["half disc"],
    &["square", "box"],
    &["triangle"],
    &["bar", "beam"],
    &["star"],
    &["ring", "hoop"],
    &["wave"],
    &["cross", "plus"],
    &["zigzag"],
];
/// Other names of colours, in the order of the colours.
const COLOUR_NAMES: [&[&str]; 7] = [
    &["red", "scarlet"],
    &["orange"],
    &["yellow"],
    &["green"],
    &["blue", "azure"],
    &["violet", "purple"],
    &["white"],
];
/// Sentences of captions, with the colour at `C` and the shape at `S`; a texture stands before either.
const SENTENCES: [&str; 8] = [
    "a C S",
    "the C S",
    "a picture of a C S",
    "a S in C",
    "here is a S that is C",
    "one C S on dark ground",
    "this S is C",
    "C S",
];
/// Of so many pairs of a shape and a colour one is held out.
const HELD_OUT_EVERY: usize = 7;

/// Drawings of ten shapes in seven colours with captions of a small grammar: synonyms, several sentences, words for textures, and
/// fillers. One colour of each shape is held out: no drawing and no caption that is [seen](Self::seen) has such a pair, while each shape and
/// each colour is seen with others. A model that names the pair knows what its words mean apart.
///
/// ```
/// use vit22b::data::ColouredShapes;
///
/// let data = ColouredShapes::new(16, 7);
/// let pairs = ColouredShapes::pairs();
/// let held_out = ColouredShapes::held_out_pairs();
/// assert_eq!((pairs.len(), held_out.len()), (70, 10));
/// let seen = data.seen(3);
/// assert!(!held_out.contains(&seen.pair));
/// assert!(held_out.contains(&data.held_out(3).pair));
/// // "red disc" is the plain name of a pair.
/// assert_eq!(pairs[0], "red disc");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColouredShapes {
    side: usize,
    seed: u64,
}

/// A drawing with its caption.
#[derive(Debug, Clone, PartialEq)]
pub struct CaptionedDrawing {
    /// `[3, height, width]` row by row, values in [−1, 1].
    pub pixels: Vec<f32>,
    /// Shape and colour, as a place in [`ColouredShapes::pairs`].
    pub pair: usize,
    /// A text about it.
    pub caption: String,
}

impl ColouredShapes {
    /// Square drawings of `side` pixels. Another seed gives other drawings and captions of the same pairs.
    pub fn new(side: usize, seed: u64) -> Self {
        Self { side, seed }
    }

    /// The plain names of all pairs, such as "red disc".
    pub fn pairs() -> Vec<String> {
        let of_shape =
            |shape: &&[&str]| COLOUR_NAMES.map(|colour| format!("{} {}", colour[0], shape[0]));
        NAMES.iter().flat_map(of_shape).collect()
    }

    /// The pairs that no drawing and no caption of [`seen`](Self::seen) has.
    pub fn held_out_pairs() -> Vec<usize> {
        (0..NAMES.len() * COLOURS.len()).filter(|pair| Self::is_held_out(*pair)).collect()
    }

    fn is_held_out(pair: usize) -> bool {
        let (shape, colour) = (pair / COLOURS.len(), pair % COLOURS.len());
        (shape + 2 * colour).is_multiple_of(HELD_OUT_EVERY)
    }

    /// All words of captions, each once, in an order of their own: a vocabulary.
    pub fn words() -> Vec<String> {
        let names = NAMES.iter().chain(&COLOUR_NAMES).flat_map(|names| names.iter().copied());
        let texts = SENTENCES.into_iter().chain(names).chain(TEXTURES.map(|(name, ..)| name));
        let mut words: Vec<String> =
            texts.flat_map(str::split_whitespace).map(str::to_string).collect();
        words.retain(|word| word != "C" && word != "S");
        words.sort();
        words.dedup();
        words
    }

    /// The `index`-th drawing of a pair that is not held out. Pairs take turns.
    pub fn seen(&self, index: u64) -> CaptionedDrawing {
        self.nth(index, false)
    }

    /// The `index`-th drawing of a pair that is held out. Pairs take turns.
    pub fn held_out(&self, index: u64) -> CaptionedDrawing {
        self.nth(index, true)
    }

    fn nth(&self, index: u64, held_out: bool) -> CaptionedDrawing {
        let all = 0..NAMES.len() * COLOURS.len();
        let pairs: Vec<usize> = all.filter(|pair| Self::is_held_out(*pair) == held_out).collect();
        let pair = pairs[(index % pairs.len() as u64) as usize];
        let seed = (index << 1 | u64::from(held_out)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let rng = &mut Rng::with_seed(seed ^ self.seed.wrapping_mul(0xd605_bbb5_8c8a_bbfd));
        let (shape, colour) = (pair / COLOURS.len(), pair % COLOURS.len());
        let (_, _, distance) =
            SHAPES.iter().find(|(name, ..)| *name == NAMES[shape][0]).expect("a shape");
        // Most are plain: textures hide shapes.
        let texture = if rng.f32() < 0.7 { 0 } else { rng.usize(..TEXTURES.len()) };
        let (of_texture, share) = (TEXTURES[texture].0, TEXTURES[texture].2);
        let pixels =
            paint(self.side, &Outline::Shape(*distance), share, COLOURS[colour].2, rng).pixels;
        let mut one_of = |names: &[&'static str]| names[rng.usize(..names.len())];
        let (shape, colour) = (one_of(NAMES[shape]), one_of(COLOUR_NAMES[colour]));
        let sentence = one_of(&SENTENCES);
        let says_texture = rng.bool();
        let (before_colour, before_shape) = match (says_texture, rng.bool()) {
            (true, true) => (format!("{of_texture} "), String::new()),
            (true, false) => (String::new(), format!("{of_texture} ")),
            (false, _) => (String::new(), String::new()),
        };
        let word = |word: &str| match word {
            "C" => format!("{before_colour}{colour}"),
            "S" => format!("{before_shape}{shape}"),
            word => word.to_string(),
        };
        let caption = sentence.split(' ').map(word).collect::<Vec<_>>().join(" ");
        CaptionedDrawing { pixels, pair, caption }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_shape_and_each_colour_is_seen_with_others() {
        let held_out = ColouredShapes::held_out_pairs();
        assert_eq!(held_out.len(), 10);
        let seen = (0..60).map(|index| ColouredShapes::new(8, 0).seen(index).pair);
        let seen: BTreeSet<usize> = seen.collect();
        assert_eq!(seen.len(), 60);
        assert!(held_out.iter().all(|pair| !seen.contains(pair)));
        for shape in 0..10 {
            assert_eq!(held_out.iter().filter(|pair| **pair / 7 == shape).count(), 1);
        }
        for colour in 0..7 {
            assert!(held_out.iter().filter(|pair| **pair % 7 == colour).count() <= 2);
        }
    }

    #[test]
    fn captions_are_of_the_words_and_name_their_pair() {
        let (data, words) = (ColouredShapes::new(8, 3), ColouredShapes::words());
        for index in 0..500 {
            let CaptionedDrawing { pair, caption, .. } = data.seen(index);
            for word in caption.split(' ') {
                assert!(words.iter().any(|known| known == word), "{word} of {caption}");
            }
            let has = |names: &[&str]| names.iter().any(|name| caption.contains(name));
            assert!(has(NAMES[pair / 7]) && has(COLOUR_NAMES[pair % 7]), "{caption}");
        }
        assert_eq!(data.seen(4), ColouredShapes::new(8, 3).seen(4));
        assert_ne!(data.seen(4).pixels, ColouredShapes::new(8, 4).seen(4).pixels);
    }

    #[test]
    fn names_of_colours_are_in_the_order_of_colours() {
        for ((name, ..), names) in COLOURS.iter().zip(COLOUR_NAMES) {
            assert_eq!(*name, names[0]);
        }
    }
}

//! What a model sees of an image.

use vit22b::data::{ExampleKey, Image, Preprocess};

/// What the model sees of an image, with values in [0, 1], and its height and width.
pub(super) fn pixels(image: &Image, seen: &Preprocess) -> (Vec<f32>, [usize; 2]) {
    let size = seen.size_for([image.height(), image.width()]);
    let mut pixels = vec![0.0; 3 * size[0] * size[1]];
    seen.write(image, ExampleKey::new(0, 0, 0), &mut pixels);
    (pixels, size)
}

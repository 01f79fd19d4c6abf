//! What the family is trained on here: drawings of shapes, with all their labels.

use burn::tensor::TensorData;
use vit22b::data::{BatchError, BatchSource, Drawings, ImageBatch};

use super::images::shape_names;

/// The drawings that show a shape, without those of signs: the 120 signs want many more steps than there is time
/// for. Labels are the shape, its texture, its colour, and the family of each.
pub(crate) struct Shapes {
    data: Drawings,
    shapes: Vec<String>,
    /// The labels, as classes of the drawings' hierarchy.
    targets: Vec<usize>,
}

impl Shapes {
    pub(crate) fn new(side: usize, seed: u64) -> anyhow::Result<Self> {
        let data = Drawings::new(side, seed);
        let shapes = shape_names(&data)?.into_iter().map(String::from).collect();
        let sign = data.hierarchy().indices(["sign"])?;
        let is_of_shapes = |name: &String| {
            let labels = data.hierarchy().multi_hot([name]).unwrap_or_default();
            sign.iter().all(|sign| labels[*sign] == 0.0)
        };
        let names = data.hierarchy().names().iter().enumerate();
        let targets =
            names.filter(|(_, name)| is_of_shapes(name)).map(|(class, _)| class).collect();
        Ok(Self { data, shapes, targets })
    }

    /// How many labels there are.
    pub(crate) fn classes(&self) -> usize {
        self.targets.len()
    }

    /// The drawing at a position: of some that belong to it, the first that shows a shape.
    fn at(&self, position: u64) -> vit22b::data::Example<'_> {
        let mut drawings = (0..=0xff).map(|next| (position << 8) | next);
        // Two of five show one.
        let is_shape = |index: &u64| {
            let figure = self.data.figure(*index);
            self.shapes.iter().any(|shape| shape == figure)
        };
        self.data.example(drawings.find(is_shape).unwrap_or(position << 8))
    }
}

impl BatchSource<ImageBatch> for Shapes {
    fn batch(&self, position: u64, size: usize) -> Result<ImageBatch, BatchError> {
        let (mut pixels, mut targets) = (Vec::<f32>::new(), Vec::<f32>::new());
        for at in position..position + size as u64 {
            let drawing = self.at(at);
            let all = self.data.hierarchy().multi_hot(drawing.labels);
            let all = all.map_err(|error| BatchError::new(at, error))?;
            targets.extend(self.targets.iter().map(|class| all[*class]));
            pixels.extend(drawing.pixels);
        }
        let side = self.data.side();
        Ok(ImageBatch::new(
            TensorData::new(pixels, [size, 3, side, side]),
            TensorData::new(targets, [size, self.targets.len()]),
        ))
    }

    fn describe(&self) -> serde_json::Value {
        let drawings: serde_json::Value = self.data.describe();
        serde_json::json!({"shapes of": drawings})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_image_has_a_shape_and_no_image_comes_twice() {
        let data = Shapes::new(8, 1).unwrap();
        let names = data.data.hierarchy().names();
        let shapes: Vec<usize> = (0..data.classes())
            .filter(|at| data.shapes.contains(&names[data.targets[*at]]))
            .collect();
        assert_eq!(shapes.len(), 20);
        let batch = data.batch(7, 60).unwrap();
        let targets: Vec<f32> = batch.targets.into_data().try_to_vec().unwrap();
        for row in targets.chunks(data.classes()) {
            assert_eq!(shapes.iter().map(|at| row[*at]).sum::<f32>(), 1.0);
            // A shape, a texture, a colour, and their families.
            assert_eq!(row.iter().sum::<f32>(), 6.0);
        }
        let pixels: Vec<f32> = batch.images.into_data().try_to_vec().unwrap();
        let images: Vec<&[f32]> = pixels.chunks(3 * 64).collect();
        assert!((1..60).all(|at| !images[..at].contains(&images[at])));
        let later: Vec<f32> = data.batch(10, 1).unwrap().images.into_data().try_to_vec().unwrap();
        assert_eq!(later, images[3]);
    }
}

//! Plasma fractals, which look like clouds: fog, and the ridges of frost.

use fastrand::Rng;

use super::noise::between;

/// A square field of values in [0, 1], row by row.
pub(super) struct Plasma {
    side: usize,
    values: Vec<f32>,
}

impl Plasma {
    /// Draws a plasma fractal by the diamond-square algorithm on a torus. Each pass halves the grid; a new
    /// point is the mean of its four neighbours plus noise, whose amplitude each pass divides by `decay`.
    ///
    /// The side is the smallest power of two that is not below `at_least`.
    pub(super) fn new(at_least: usize, decay: f32, rng: &mut Rng) -> Self {
        let side = at_least.next_power_of_two().max(2);
        let mut field = Self { side, values: vec![0.0; side * side] };
        let (mut half, mut noise) = (side / 2, 100.0);
        while half >= 1 {
            let back = side - half;
            let diagonal = [[half, half], [half, back], [back, half], [back, back]];
            let straight = [[half, 0], [back, 0], [0, half], [0, back]];
            // First the centres of the squares, then the middles of their sides.
            field.fill([half, half], half, diagonal, noise, rng);
            field.fill([0, half], half, straight, noise, rng);
            field.fill([half, 0], half, straight, noise, rng);
            noise /= decay;
            half /= 2;
        }
        let low = field.values.iter().copied().fold(f32::INFINITY, f32::min);
        let high = field.values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        field.values.iter_mut().for_each(|value| *value = (*value - low) / (high - low).max(1e-9));
        field
    }

    /// Sets each point of a grid to the mean of the points at four offsets from it, plus noise.
    fn fill(
        &mut self,
        start: [usize; 2],
        half: usize,
        offsets: [[usize; 2]; 4],
        noise: f32,
        rng: &mut Rng,
    ) {
        let side = self.side;
        for y in (start[0]..side).step_by(2 * half) {
            for x in (start[1]..side).step_by(2 * half) {
                let neighbours = offsets.map(|[dy, dx]| self.at(y + dy, x + dx));
                // As the definition has it: the amplitude enters twice.
                let drawn = noise * between(rng, -noise, noise);
                self.values[y * side + x] = neighbours.iter().sum::<f32>() / 4.0 + drawn;
            }
        }
    }

    /// The value at a row and a column; beyond its side the field repeats.
    pub(super) fn at(&self, y: usize, x: usize) -> f32 {
        self.values[y % self.side * self.side + x % self.side]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clouds_fill_their_range_and_are_smoother_with_more_decay() {
        let roughness = |decay: f32| {
            let field = Plasma::new(100, decay, &mut Rng::with_seed(4));
            assert_eq!(field.side, 128);
            assert!(field.values.iter().all(|v| (0.0..=1.0).contains(v)));
            assert!(field.values.contains(&0.0) && field.values.contains(&1.0));
            let step =
                |i: usize| (field.at(i / 128, i % 128) - field.at(i / 128, i % 128 + 1)).abs();
            (0..128 * 128).map(step).sum::<f32>()
        };
        assert!(roughness(1.4) > 2.0 * roughness(2.5));
    }
}

//! The parts of images on which benchmarks of depth compare.

/// The part of an image whose depths are compared.
///
/// ```
/// use vit22b::eval::DepthCrop;
///
/// // 426 × 560 pixels of NYU's 480 × 640.
/// let inside = |row, column| DepthCrop::Nyu.contains([480, 640], row, column);
/// assert!(inside(45, 41) && inside(470, 600) && !inside(44, 41) && !inside(471, 600) && !inside(45, 601));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DepthCrop {
    /// What Garg and others take of KITTI's images.
    Garg,
    /// What Eigen and others take of KITTI's images.
    Eigen,
    /// What Eigen and others take of NYU's images, in their proportions.
    Nyu,
}

impl DepthCrop {
    /// Whether a pixel of an image of `[height, width]` is inside of the part.
    pub fn contains(self, [height, width]: [usize; 2], row: usize, column: usize) -> bool {
        let (top, bottom, left, right) = match self {
            Self::Garg => (0.408_108_11, 0.991_891_89, 0.035_947_71, 0.964_052_29),
            Self::Eigen => (0.332_432_4, 0.913_513_51, 0.035_947_7, 0.964_052_29),
            Self::Nyu => (45.0 / 480.0, 471.0 / 480.0, 41.0 / 640.0, 601.0 / 640.0),
        };
        // As the published code cuts them: to whole pixels, downwards. A share that is a whole number of pixels
        // stays one.
        let cut = |share: f64, side: usize| (share * side as f64 + 1e-9) as usize;
        (cut(top, height)..cut(bottom, height)).contains(&row)
            && (cut(left, width)..cut(right, width)).contains(&column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows and columns that the published evaluations of KITTI's 375 × 1242 pixels have.
    #[test]
    fn parts_are_those_of_published_code() {
        let range = |crop: DepthCrop| {
            let rows: Vec<usize> =
                (0..375).filter(|row| crop.contains([375, 1242], *row, 600)).collect();
            let columns: Vec<usize> =
                (0..1242).filter(|column| crop.contains([375, 1242], 200, *column)).collect();
            [rows[0], rows[rows.len() - 1] + 1, columns[0], columns[columns.len() - 1] + 1]
        };
        assert_eq!(range(DepthCrop::Garg), [153, 371, 44, 1197]);
        assert_eq!(range(DepthCrop::Eigen), [124, 342, 44, 1197]);
    }
}

//! Ranks of right answers, and recall.

use crate::eval::arrays::{EvalError, Matrix, Real, check_labels, check_length, check_some};

/// The rank of the best right answer to each question: 1 and the number of wrong answers that score at least as much, so
/// that equal scores count against the model.
///
/// ```
/// use vit22b::eval::{Matrix, Ranks};
///
/// let scores = [0.5f32, 0.2, 0.5, 0.1, 0.7, 0.3];
/// let ranks = Ranks::new(Matrix::new(&scores, 3)?, &[vec![0], vec![0, 1]])?;
/// assert_eq!(ranks.ranks(), [2, 1]);
/// assert_eq!((ranks.recall_at(1), ranks.recall_at(2), ranks.median()), (0.5, 1.0, 1.5));
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranks {
    ranks: Vec<usize>,
    /// The question of each rank; those without a right answer have none.
    questions: Vec<usize>,
}

impl Ranks {
    /// The ranks of the answers to questions. `right` has the right answers of each; a question without any is left out, as
    /// images without a label are in ImageNet's labels of several objects.
    ///
    /// # Shapes
    ///
    /// - scores: `[questions, answers]`
    ///
    /// # Errors
    ///
    /// [`EvalError`] for arrays of different lengths, an answer that there is not, a score that is NaN, or if no question
    /// has a right answer.
    pub fn new<T: Real>(scores: Matrix<'_, T>, right: &[Vec<usize>]) -> Result<Self, EvalError> {
        check_length("right answers", scores.rows(), right.len())?;
        let (mut ranks, mut questions) = (Vec::new(), Vec::new());
        for (row, (scores_of, right)) in scores.iter().zip(right).enumerate() {
            if let Some(label) = right.iter().find(|answer| **answer >= scores.columns()) {
                return Err(EvalError::Label { row, label: *label, classes: scores.columns() });
            }
            let value = |answer: usize| -> f64 { scores_of[answer].into() };
            if (0..scores.columns()).any(|answer| value(answer).is_nan()) {
                return Err(EvalError::NotFinite { what: "scores", row });
            }
            let Some(best) = right.iter().map(|answer| value(*answer)).reduce(f64::max) else {
                continue;
            };
            let wrong = (0..scores.columns()).filter(|answer| !right.contains(answer));
            ranks.push(1 + wrong.filter(|answer| value(*answer) >= best).count());
            questions.push(row);
        }
        check_some("questions with a right answer", ranks.len())?;
        Ok(Self { ranks, questions })
    }

    /// The ranks, in the order of the questions that have a right answer.
    pub fn ranks(&self) -> &[usize] {
        &self.ranks
    }

    /// The share of questions with a right answer among the first `k`.
    pub fn recall_at(&self, k: usize) -> f64 {
        self.ranks.iter().filter(|rank| **rank <= k).count() as f64 / self.ranks.len() as f64
    }

    /// The median of the ranks; of an even number the mean of the middle two.
    pub fn median(&self) -> f64 {
        let mut sorted = self.ranks.clone();
        sorted.sort_unstable();
        let middle = sorted.len() / 2;
        match sorted.len() % 2 {
            1 => sorted[middle] as f64,
            _ => (sorted[middle - 1] + sorted[middle]) as f64 / 2.0,
        }
    }

    /// The share of questions of each class whose first answer is right; none for a class without questions.
    ///
    /// # Errors
    ///
    /// [`EvalError`] for labels of another number than questions, and for one that is no class.
    pub fn by_class(
        &self,
        labels: &[usize],
        classes: usize,
    ) -> Result<Vec<Option<f64>>, EvalError> {
        check_labels(labels, labels.len(), classes)?;
        let last = self.questions.last().map_or(0, |last| last + 1);
        if labels.len() < last {
            return Err(EvalError::Length { what: "labels", expected: last, got: labels.len() });
        }
        let mut counts = vec![[0usize; 2]; classes];
        for (rank, question) in self.ranks.iter().zip(&self.questions) {
            let [right, all] = &mut counts[labels[*question]];
            *right += usize::from(*rank == 1);
            *all += 1;
        }
        let share = |[right, all]: [usize; 2]| (all > 0).then(|| right as f64 / all as f64);
        Ok(counts.into_iter().map(share).collect())
    }
}

/// How well images find their texts, and texts their image.
///
/// ```
/// use vit22b::eval::{Matrix, Retrieval};
///
/// // Two images; the first has two texts.
/// let similarity = [0.9f32, 0.1, 0.3, 0.2, 0.8, 0.7];
/// let retrieval = Retrieval::new(Matrix::new(&similarity, 3)?, &[0, 0, 1])?;
/// assert_eq!(retrieval.image_to_text.recall_at(1), 0.5);
/// assert_eq!(retrieval.text_to_image.ranks(), [1, 2, 1]);
/// # Ok::<(), vit22b::eval::EvalError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retrieval {
    /// Images as questions: one finds any of its texts.
    pub image_to_text: Ranks,
    /// Texts as questions: one finds its image.
    pub text_to_image: Ranks,
}

impl Retrieval {
    /// Both ways. `image_of_text` is the image of each text.
    ///
    /// # Shapes
    ///
    /// - similarity: `[images, texts]`
    ///
    /// # Errors
    ///
    /// As [`Ranks::new`].
    pub fn new<T: Real>(
        similarity: Matrix<'_, T>,
        image_of_text: &[usize],
    ) -> Result<Self, EvalError> {
        check_length("images of texts", similarity.columns(), image_of_text.len())?;
        check_labels(image_of_text, image_of_text.len(), similarity.rows())?;
        let mut texts = vec![Vec::new(); similarity.rows()];
        for (text, image) in image_of_text.iter().enumerate() {
            texts[*image].push(text);
        }
        let across: Vec<T> = (0..similarity.columns())
            .flat_map(|text| similarity.iter().map(move |row| row[text]))
            .collect();
        let images: Vec<Vec<usize>> = image_of_text.iter().map(|image| vec![*image]).collect();
        Ok(Self {
            image_to_text: Ranks::new(similarity, &texts)?,
            text_to_image: Ranks::new(Matrix::new(&across, similarity.rows())?, &images)?,
        })
    }
}

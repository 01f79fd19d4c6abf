//! How like its teacher a student is.

use core::fmt;

use crate::eval::Matrix;

use super::error::DistilError;

/// How like its teacher a student is, over the same examples.
///
/// Of classes that are equally likely the smaller counts as the more likely.
///
/// # Reference
///
/// The measures of big_vision's distillation (`trainers/proj/distill`).
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Fidelity {
    /// The number of examples.
    pub examples: usize,
    /// The share of examples for which both take the same class for the most likely.
    pub agreement_at_1: f64,
    /// The share of examples for which the teacher's most likely class is among the student's five.
    pub teacher_in_students_five: f64,
    /// The share of the teacher's five most likely classes that are among the student's, averaged.
    pub common_of_five: f64,
    /// `KL(teacher ‖ student)` in nats, averaged.
    pub divergence: f64,
    /// The Euclidean distance of the logarithms of their probabilities, averaged.
    pub distance: f64,
    /// The entropy of the teacher's probabilities in nats, averaged.
    pub teacher_entropy: f64,
    /// That of the student's.
    pub student_entropy: f64,
}

impl Fidelity {
    /// Compares logits, a row for each example.
    ///
    /// # Errors
    ///
    /// [`DistilError::Fit`] for logits of other shapes, of no examples, or that are not finite.
    ///
    /// ```
    /// use vit22b::distil::Fidelity;
    /// use vit22b::eval::Matrix;
    ///
    /// let teacher = [2.0, 0.0, 1.0, 0.0, 3.0, 1.0];
    /// let student = [1.0, 0.0, 0.5, 1.0, 0.5, 0.0];
    /// let fidelity = Fidelity::new(Matrix::new(&student, 3)?, Matrix::new(&teacher, 3)?)?;
    /// assert_eq!(fidelity.agreement_at_1, 0.5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(student: Matrix<'_, f32>, teacher: Matrix<'_, f32>) -> Result<Self, DistilError> {
        let shape = |of: &Matrix<'_, f32>| format!("{} × {}", of.rows(), of.columns());
        if shape(&student) != shape(&teacher) || teacher.rows() == 0 {
            let expected = format!("{} as the teacher's, of at least one example", shape(&teacher));
            return Err(DistilError::fit("logits of the student", expected, shape(&student)));
        }
        for (name, of) in [("student", &student), ("teacher", &teacher)] {
            if let Some(at) = of.values().iter().position(|x| !x.is_finite()) {
                let what = format!("logits of the {name}, example {}", at / of.columns());
                return Err(DistilError::fit(&what, "finite numbers", of.values()[at]));
            }
        }
        let examples = teacher.rows();
        let mut sums = [0.0; 7];
        for (student, teacher) in student.iter().zip(teacher.iter()) {
            let (s, t) = (log_softmax(student), log_softmax(teacher));
            let (of_student, of_teacher) = (five(student), five(teacher));
            let common = of_teacher.iter().filter(|class| of_student.contains(class)).count();
            let entropy = |logs: &[f64]| -logs.iter().map(|log| log.exp() * log).sum::<f64>();
            let pairs = || t.iter().zip(&s);
            let values = [
                f64::from(u8::from(of_student[0] == of_teacher[0])),
                f64::from(u8::from(of_student.contains(&of_teacher[0]))),
                common as f64 / of_teacher.len() as f64,
                pairs().map(|(t, s)| t.exp() * (t - s)).sum(),
                pairs().map(|(t, s)| (t - s) * (t - s)).sum::<f64>().sqrt(),
                entropy(&t),
                entropy(&s),
            ];
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        }
        let [at_1, teacher_first, common, divergence, distance, of_teacher, of_student] =
            sums.map(|sum| sum / examples as f64);
        Ok(Self {
            examples,
            agreement_at_1: at_1,
            teacher_in_students_five: teacher_first,
            common_of_five: common,
            divergence,
            distance,
            teacher_entropy: of_teacher,
            student_entropy: of_student,
        })
    }
}

impl fmt::Display for Fidelity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "on {} examples", self.examples)?;
        writeln!(f, "  agreement at 1            {:>7.1} %", 100.0 * self.agreement_at_1)?;
        writeln!(
            f,
            "  teacher's in student's 5  {:>7.1} %",
            100.0 * self.teacher_in_students_five
        )?;
        writeln!(f, "  common of five            {:>7.1} %", 100.0 * self.common_of_five)?;
        writeln!(f, "  KL(teacher || student)    {:>9.4} nats", self.divergence)?;
        writeln!(f, "  distance of logarithms    {:>9.4}", self.distance)?;
        write!(
            f,
            "  entropy, teacher, student {:>9.4} {:.4} nats",
            self.teacher_entropy, self.student_entropy
        )
    }
}

/// The most likely classes, five where there are so many.
fn five(logits: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..logits.len()).collect();
    order.sort_by(|a, b| logits[*b].total_cmp(&logits[*a]).then(a.cmp(b)));
    order.truncate(5);
    order
}

fn log_softmax(logits: &[f32]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let shifted = logits.iter().map(|x| f64::from(*x) - f64::from(largest));
    let log_sum = shifted.clone().map(f64::exp).sum::<f64>().ln();
    shifted.map(|x| x - log_sum).collect()
}

//! A small student of a good teacher: what it is told of its views.

use super::lessons::{Lessons, Told};
use super::result::{Experiment, ExperimentError, Numbers};
use super::seeds::for_each_seed;
use super::shapes::shape_teacher;
use crate::params;
use crate::runtime::Runtime;
use crate::vit::ViT22BConfig;

/// Side of the drawings, and side of the patches.
const SIDE: usize = 16;
const PATCH: usize = 4;

/// Drawings that students learn from: few, so that labels alone do not tell all.
const DRAWINGS: u64 = 120;

/// Steps of training, each on 32 images, and views.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DistillationSteps {
    /// Those of the teacher.
    pub teacher: u64,
    /// Views of each drawing about which the teacher is asked, at least 2.
    pub views: u64,
    /// Those of each student.
    pub student: u64,
}

impl Default for DistillationSteps {
    fn default() -> Self {
        Self { teacher: 3_000, views: 32, student: 1_500 }
    }
}

/// A student of one block learns ten shapes from random views of 120 drawings. It is told what a teacher of four blocks says of the
/// same view, or what it says of another view of the same drawing, or the label. The measures, on 600 other drawings, are the share that is
/// classified rightly, the share for which student and teacher say the same, and `KL(teacher ‖ student)`. One student after the other is
/// [`Lessons::student`]. Rates were chosen with seed 9, steps and the number of drawings with seed 100.
///
/// The paper's students are told of the views that they see; that this is better is what "Knowledge distillation: A good teacher is
/// patient and consistent" (arXiv 2106.05237) shows.
///
/// # Errors
///
/// [`ExperimentError`] for no seeds, and what training fails with.
pub fn distillation(
    runtime: &Runtime,
    seeds: &[u64],
    steps: DistillationSteps,
    progress: impl FnMut(&str),
) -> Result<[Experiment; 3], ExperimentError> {
    let title = "A student of one block (width 48) and 120 drawings, a teacher of four (width 64)";
    let mut right =
        Experiment::new(title, "share of 600 drawings that is classified rightly", seeds)?;
    let mut agreement =
        Experiment::new(title, "share for which student and teacher say the same", seeds)?;
    let mut divergence =
        Experiment::new(title, "KL(teacher || student) in nats, small is good", seeds)?;
    let of_seed = |seed: u64, say: &dyn Fn(&str)| -> Result<[Numbers; 3], ExperimentError> {
        say("the teacher");
        let (config, device) = (teacher(), runtime.device());
        let draw = || config.init(&device).map(params::initialize);
        let model = params::with_seed(&device, seed, draw)?;
        let model = shape_teacher(runtime, model, steps.teacher, seed)?;
        let lessons = Lessons::new(runtime, &model, (DRAWINGS, steps.views), seed)?;
        let mut numbers = [const { Numbers::new() }; 3];
        numbers[0].push(("the teacher".to_string(), lessons.teacher_right()?));
        for told in Told::ALL {
            say(&format!("a student that is {told}"));
            let student = lessons.student(runtime, told, steps.student)?;
            let fidelity = student.fidelity;
            let measures = [student.right, fidelity.agreement_at_1, fidelity.divergence];
            for (of, value) in numbers.iter_mut().zip(measures) {
                of.push((told.to_string(), value));
            }
        }
        Ok(numbers)
    };
    for of_seed in for_each_seed(seeds, progress, of_seed)? {
        for (experiment, numbers) in
            [&mut right, &mut agreement, &mut divergence].into_iter().zip(of_seed)
        {
            experiment.add_all([numbers]);
        }
    }
    let [same, other, label] = Told::ALL.map(|told| told.to_string());
    for (than, text) in [(&other, "another view"), (&label, "the label")] {
        let claim = |makes: &str| format!("To be told of the same view makes {makes} than {text}");
        right.claim(&claim("better students"), &same, than);
        agreement.claim(&claim("students that say more often what the teacher says"), &same, than);
        // Small is good.
        divergence.claim(&claim("students nearer to the teacher"), than, &same);
    }
    Ok([right, agreement, divergence])
}

/// The teacher.
fn teacher() -> ViT22BConfig {
    let config = ViT22BConfig::new(0).with_image([SIDE; 2]).with_patch(PATCH);
    config.with_width(64).with_depth(4).with_mlp_dim(256).with_num_heads(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_form_measures_each_student_and_makes_each_claim() {
        let steps = DistillationSteps { teacher: 2, views: 2, student: 2 };
        let [right, agreement, divergence] =
            distillation(&Runtime::flex(), &[9], steps, |_| ()).unwrap();
        assert_eq!((right.arms.len(), agreement.arms.len(), divergence.arms.len()), (4, 3, 3));
        for found in [right, agreement, divergence] {
            assert!(found.claims.iter().all(|claim| claim.gains.len() == 1), "{found}");
            let values = found.arms.iter().flat_map(|arm| &arm.values);
            assert!(values.into_iter().all(|value| value.is_finite()), "{found}");
            assert_eq!(found.claims.len(), 2);
        }
        let error = distillation(&Runtime::flex(), &[], steps, |_| ()).unwrap_err();
        assert_eq!(error.to_string(), "an experiment needs at least one seed");
    }
}

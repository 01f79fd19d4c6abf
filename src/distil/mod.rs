//! Distillation: a small model learns to say what a large one says.
//!
//! The teacher is patient and consistent: it sees the student's own views, a fixed number of random crops and mixtures of each
//! image ([`Views`](crate::data::Views)), for as many epochs as it takes. What it says of each view is computed once and kept on disk
//! ([`TeacherCache`]), all classes or the most likely few. [`Distil`] is the task, [`Answers`] joins views and what the teacher
//! says of them to batches, and [`Fidelity`] measures how like its teacher a student has become.
//!
//! ```text
//! images ─▶ Views ─▶ Teacher ─▶ TeacherCache ─▶ Answers ─▶ Trainer of Distil
//!              └──────────────────────────────────┘
//! ```
//!
//! # Reference
//!
//! "Knowledge distillation: A good teacher is patient and consistent" (arXiv 2106.05237), as ViT-22B was distilled into ViT-B and ViT-L.

mod cache;
mod error;
mod fidelity;
mod held_out;
mod source;
mod task;
mod teacher;
mod top_k;

pub use cache::{Kept, TeacherCache, Verified};
pub use error::DistilError;
pub use fidelity::Fidelity;
pub use held_out::HeldOutAnswers;
pub use source::Answers;
pub use task::{Distil, DistilBatch};
pub use teacher::Teacher;
pub use top_k::TopK;

//! Images beside texts: the model of two towers, and what zero-shot classification asks of it.
//!
//! A [`TwoTower`] is an image model and a text tower whose vectors are compared by their angle.

mod two_tower;

pub use two_tower::{TwoTower, embedding};

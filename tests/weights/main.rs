//! Published weights: loaded and compared with the code that wrote them, damaged and refused,
//! written and loaded again.
//!
//! `VIT22B_FIXTURES=DIR` takes the fixtures from another folder; one that lacks some of them leaves
//! those to the copy in `tests/fixtures`.

mod corpus;
mod damage;
mod export;
mod files;
#[path = "../folder/mod.rs"]
mod folder;
mod folders;
#[path = "../golden/mod.rs"]
mod golden;
mod layouts;
mod native_v1;
mod positions;
mod published;
mod report;
mod semantics;
mod wrappers;

//! The command `vit22b`.
fn main() {}

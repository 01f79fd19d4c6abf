//! The rules on small made-up houses.

use crate::plan::Plan;
use crate::rules::House;

const PLAN: &str = "
## Rooms

| `src` | floors | may know |
| --- | --- | --- |
| `ground` | | – |
| `middle` | one two / three | ground |
| `middle/three` | | ground `top/face` |
| `top` | | ground middle |

- `src/ground -> src/top`: for the test.

## More

- `not -> this`
";

const LIB: (&str, &str) =
    ("src/lib.rs", "pub mod ground; mod middle; mod top; pub use top::Thing;");
const MIDDLE: (&str, &str) =
    ("src/middle/mod.rs", "mod one; mod two; mod three; pub use three::Three;");

/// What is told of these files; what is told of the plan is left out.
fn told(files: &[(&str, &str)]) -> Vec<String> {
    let mut told = House::new(files.iter().copied()).complaints(&Plan::read(PLAN));
    told.retain(|line| !line.starts_with("docs/"));
    told
}

#[test]
fn the_section_has_tables_and_exceptions() {
    let plan = Plan::read(PLAN);
    assert_eq!(plan.exceptions.iter().collect::<Vec<_>>(), ["src/ground -> src/top"]);
    assert_eq!(plan.may_know["src/top"], ["src/ground", "src/middle"]);
    assert_eq!(plan.floors["src/middle"], [vec!["one", "two"], vec!["three"]]);
    assert_eq!(plan.places().count(), 4 + 3);
    let ground = ("src/ground.rs", "");
    let told = House::new([LIB, ground, ("src/top.rs", "")]).complaints(&plan);
    let docs = |told: &str| format!("docs/architecture.md{told}");
    assert_eq!(
        told,
        [
            docs(":1: src/middle is in the table, not in the house"),
            docs(":1: src/middle/one is in the table, not in the house"),
            docs(":1: src/middle/three is in the table, not in the house"),
            docs(":1: src/middle/two is in the table, not in the house"),
            docs(": the exception `src/ground -> src/top` is no longer needed: take it out"),
        ]
    );
}

#[test]
fn a_room_knows_those_of_its_row() {
    let ground = (
        "src/ground.rs",
        r##"// use crate::top::Thing;
        fn f<'a>() -> [&'a str; 2] { /* crate::top */ ["\"crate::top\"", r#""crate::top"#] }
        use crate::{middle::Three,
            top::{self as above, Thing}};"##,
    );
    let three = ("src/middle/three.rs", "use crate::top::face::Door; use crate::top::Thing;");
    let top = ("src/top.rs", "pub mod face;");
    let face = ("src/top/face.rs", "");
    assert_eq!(
        told(&[LIB, MIDDLE, ground, top, face, three]),
        [
            "src/ground.rs:3: src/ground -> src/middle is not allowed",
            "src/middle/three.rs:1: src/middle -> src/top is not allowed",
        ]
    );
}

#[test]
fn a_floor_knows_lower_ones() {
    let one = ("src/middle/one.rs", "use super::two::Two;\nfn f() { super::Three::new(); }");
    let two = ("src/middle/two.rs", "use crate::ground::{Ground};");
    let three = ("src/middle/three.rs", "use super::{one, two::Two};");
    assert_eq!(
        told(&[LIB, MIDDLE, one, two, three]),
        [
            "src/middle/one.rs:1: circle: src/middle/one.rs src/middle/three.rs",
            "src/middle/one.rs:2: src/middle/one -> src/middle/three is not allowed",
            "src/middle/one.rs:1: src/middle/one -> src/middle/two is not allowed",
        ]
    );
}

#[test]
fn a_circle_is_told_and_faces_are_in_none() {
    let face = ("src/ground/mod.rs", "mod a; mod b; mod c; pub use a::A; pub use c::C;");
    let a = ("src/ground/a.rs", "use super::b::B;");
    let b = ("src/ground/b.rs", "fn f() -> super::C { super::C }");
    let c = ("src/ground/c.rs", "use super::A; pub struct C;");
    let circle = "src/ground/a.rs:1: circle: src/ground/a.rs src/ground/b.rs src/ground/c.rs";
    assert_eq!(told(&[LIB, face, a, b, c]), [circle]);
    let own = ("src/ground/mod.rs", "mod a; use a::A; pub struct Mine;");
    let a = ("src/ground/a.rs", "use super::Mine;");
    assert_eq!(
        told(&[LIB, own, a]),
        ["src/ground/a.rs:1: circle: src/ground/a.rs src/ground/mod.rs"]
    );
}

#[test]
fn tests_may_do_what_they_like() {
    let ground = (
        "src/ground.rs",
        "#[cfg(test)] use crate::middle::Three;
        #[cfg(test)]
        #[allow(dead_code)]
        mod tests { fn f() { unsafe { crate::Thing } } }
        #[cfg(test)]
        mod fake;
        pub(in crate::middle) fn f() {}",
    );
    let fake = ("src/ground/fake.rs", "use crate::middle::Three;");
    assert_eq!(told(&[LIB, MIDDLE, ground, fake]), [""; 0]);
}

#[test]
fn words_are_told_that_belong_elsewhere() {
    let lib = ("src/lib.rs", "mod ground; mod attic; mod middle; pub use ground::Ground;");
    let ground = (
        "src/ground.rs",
        "fn f() { unsafe { g() } }
        use burn_xla::Xla;
        fn g() { Device::flex(); }",
    );
    let attic = ("src/attic.rs", "use crate::Ground;");
    let middle = ("src/middle.rs", &*"\n".repeat(601));
    assert_eq!(
        told(&[lib, ground, attic, middle]),
        [
            "src/attic.rs:1: src/attic has no row",
            "src/attic.rs:1: src/attic.rs: names a re-export of lib.rs",
            "src/ground.rs:3: src/ground.rs: makes tensors on Device::flex",
            "src/ground.rs:2: src/ground.rs: names burn_xla",
            "src/ground.rs:1: src/ground.rs: unsafe",
            "src/middle.rs:601: src/middle.rs: over 600 lines",
        ]
    );
}

//! What the command says of itself.

use crate::vit22b;

#[test]
fn without_a_verb_it_lists_the_verbs() {
    let run = vit22b::<&str>([]);
    assert_eq!(run.code, 2);
    for verb in [
        "doctor", "install", "serve", "inspect", "draw", "embed", "evaluate", "explain", "plan",
        "probe", "train", "variants",
    ] {
        assert!(run.stderr.contains(&format!("\n  {verb} ")), "{}", run.stderr);
    }
}

#[test]
fn an_unknown_verb_and_an_unknown_option_are_errors_of_use() {
    assert_eq!(vit22b(["paint"]).code, 2);
    let run = vit22b(["variants", "--depth", "3"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("--depth"), "{}", run.stderr);
}

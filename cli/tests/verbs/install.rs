use crate::vit22b;

#[test]
fn an_unknown_platform_says_which_are_known() {
    let run = vit22b(["install", "abacus"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("expected one of cpu, cuda, metal, oneapi, rocm, tpu, tt"),
        "{}",
        run.stderr
    );
}

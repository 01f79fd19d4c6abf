use burn_xla::plugin::{self, Platform, PluginError};

use crate::vit22b;

#[test]
fn a_small_step_is_planned_for_chips_that_are_not_here() {
    if matches!(plugin::find(Platform::Tpu), Err(PluginError::NotFound { .. })) {
        eprintln!("SKIPPED: no libtpu; get it with `vit22b install tpu`");
        return;
    }
    let small = ["plan", "--variant", "mu/16", "--classes", "10", "--keep", "nothing"];
    let chips = ["--topology", "v4:2x2x2", "--batch", "64", "--micro-batches", "1"];
    let line = vit22b(small.iter().chain(&chips).chain(&["--json"])).succeeded();
    let forecast: serde_json::Value = serde_json::from_str(&line).expect("a line of JSON");
    assert!(forecast["step_s"].as_f64().expect("a number") > 0.0, "{line}");
    let error = vit22b(small.iter().chain(&chips).chain(&["--activation", "logits=data"])).failed();
    assert!(
        error.starts_with("--activation logits=data: no activation is called logits"),
        "{error}"
    );
}

#[test]
fn a_mesh_that_is_none_names_the_option() {
    let run = vit22b(["plan", "--mesh", "data"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("--mesh"), "{}", run.stderr);
}

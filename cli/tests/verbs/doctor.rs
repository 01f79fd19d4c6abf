use crate::vit22b;

#[test]
fn every_platform_is_looked_at() {
    let run = vit22b(["doctor"]);
    for platform in ["tpu", "cuda", "cpu"] {
        let line = run.stdout.lines().find(|line| line.starts_with(platform));
        assert!(line.is_some(), "{platform}: {}", run.stdout);
    }
    if run.stdout.contains("No platform is ready") {
        assert!(run.stdout.contains("vit22b install cpu"), "{}", run.stdout);
        assert_eq!(run.failed(), "no platform of XLA is ready");
    } else {
        run.succeeded();
    }
    assert_eq!(vit22b(["doctor", "abacus"]).code, 2);
}

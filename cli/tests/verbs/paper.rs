use std::path::Path;

use serde_json::Value;

use crate::folder::Folder;
use crate::{fixture, vit22b};

/// Two steps of training, one seed, and few images.
const TINY: [&str; 9] =
    ["--device", "flex", "--quick", "--steps", "2", "--seeds", "1", "--share", "0.02"];

fn paper(out: &Path, more: &[&str]) -> crate::Run {
    let to = ["paper", "--out", out.to_str().expect("UTF-8")];
    vit22b(to.iter().chain(&TINY).chain(more))
}

fn numbers(out: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(out.join("report.json")).unwrap()).unwrap()
}

#[test]
fn all_sections_are_measured_and_a_second_run_has_nothing_to_do() {
    let folder = Folder::new("paper");
    let out = folder.path();
    // A section alone, then the others.
    let said = paper(out, &["--only", "full-size"]).succeeded();
    assert!(said.contains("report.html after "), "{said}");
    let missing = numbers(out)["missing"].as_array().unwrap().len();
    let run = paper(out, &[]);
    let progress = run.stderr.clone();
    run.succeeded();
    assert!(progress.contains("] training large, seed 0, "), "{progress}");
    assert!(progress.contains(" left\n") && !progress.contains("full-size"), "{progress}");
    let report = numbers(out);
    assert_eq!(report["missing"], serde_json::json!([]));
    let sections = report["sections"].as_object().unwrap();
    assert_eq!(sections.len(), missing + 1);
    for (name, section) in sections.iter().filter(|(name, _)| *name != "full-size") {
        // One seed has no spread, so nothing is decided.
        assert_eq!(section["scale"]["shows"], "not decided", "{name}");
        let models = section["models"].as_array().unwrap();
        let sizes: Vec<_> = models.iter().take(3).map(|model| &model["model"]).collect();
        assert_eq!(sizes, ["small", "medium", "large"], "{name}");
        for model in models {
            let measured = model["seeds"][0]["numbers"].as_object().unwrap();
            assert!(!measured.is_empty(), "{name}: {model}");
        }
    }
    let parameters = &sections["full-size"]["models"][0]["seeds"][0]["numbers"]["parameters"];
    assert!((2.17e10..2.18e10).contains(&parameters.as_f64().unwrap()), "{parameters}");

    // The page needs no other file; the Markdown's pictures are there.
    let html = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(!html.contains("http://") || html.contains("http://www.w3.org/"), "a link");
    assert!(!html.contains("<script") && !html.contains("{images}"));
    for landmark in ["<header>", "<nav aria-label=\"Sections\">", "<main id=\"sections\""] {
        assert_eq!(html.matches(landmark).count(), 1, "{landmark}");
    }
    let svgs = html.matches("<svg ").count();
    assert!(svgs > 15 && html.matches("<svg role=\"img\" aria-label=").count() == svgs);
    let markdown = std::fs::read_to_string(out.join("report.md")).unwrap();
    for link in markdown.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        assert!(out.join(link).exists(), "{link}");
    }

    // Half a result is measured again, and no other.
    let broken = out.join("results/few-shot/medium-0.json");
    let whole = std::fs::read_to_string(&broken).unwrap();
    std::fs::write(&broken, &whole[..whole.len() / 2]).unwrap();
    let run = paper(out, &[]);
    assert!(run.stderr.contains("medium-0.json: is damaged or half-written"), "{}", run.stderr);
    assert_eq!(run.stderr.matches("few-shot, medium, seed 0").count(), 1, "{}", run.stderr);
    assert!(!run.stderr.contains("linear-probe"), "{}", run.stderr);
    run.succeeded();
    let value = |text: &str| serde_json::from_str::<Value>(text).unwrap()["numbers"].clone();
    assert_eq!(value(&std::fs::read_to_string(&broken).unwrap()), value(&whole));

    let error = paper(out, &["--seed", "5"]).failed();
    assert!(error.contains("holds a report with another --seed or --seeds"), "{error}");
}

#[test]
fn a_section_that_is_not_there_is_told_with_those_that_are() {
    let folder = Folder::new("paper-unknown");
    let error = paper(folder.path(), &["--only", "fewshot"]).failed();
    let expected = "--only fewshot: there is no such section; there are linear-probe, few-shot, ";
    assert!(error.starts_with(expected), "{error}");
    let error = paper(folder.path(), &["--share", "0"]);
    assert_eq!(error.code, 2, "given twice: {}", error.stderr);
    let out = folder.path().to_str().unwrap();
    let error = vit22b(["paper", "--out", out, "--share", "nan"]).failed();
    assert!(error.starts_with("--share NaN: expected above 0, at most 1"), "{error}");
}

#[test]
fn published_models_are_measured_on_images_of_ones_own() {
    let folder = Folder::new("paper-published");
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    let (photos, out, file) = (path("photos"), path("out"), path("family.json"));
    vit22b(["draw", "--cues", "agree", "--count", "120", "--out", &photos]).succeeded();
    let models = ["timm_xp", "hf_dinov2", "timm_vit"]
        .map(|name| format!("{{\"name\": \"{name}\", \"weights\": {:?}}}", fixture(name)));
    let family = format!("{{\"images\": \"photos\", \"models\": [{}]}}", models.join(", "));
    std::fs::write(&file, family).unwrap();
    let few = ["--share", "0.05", "--only", "calibration", "--only", "fine-tuning"];
    let run = ["paper", "--device", "flex", "--out", &out, "--family", &file];
    vit22b(run.iter().chain(&few)).succeeded();
    let report = numbers(Path::new(&out));
    let models = report["sections"]["calibration"]["models"].as_array().unwrap();
    // The smallest first, with their own images.
    let names: Vec<_> = models.iter().map(|model| model["model"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 3);
    assert_eq!(names.last(), Some(&"timm_vit"), "{names:?}");
    let family = report["family"].as_object().unwrap();
    assert!(family.values().all(|text| text.as_str().unwrap().contains("parameters: width")));
    let html = std::fs::read_to_string(Path::new(&out).join("report.html")).unwrap();
    assert!(html.contains("models and images that were given"), "{html}");
    assert!(html.contains("Not decided. There are too few sizes to compare."), "{html}");
}

#[test]
fn mistakes_in_a_family_are_named() {
    let folder = Folder::new("paper-family");
    let (out, path) = (folder.path().join("out"), folder.path().join("family.json"));
    let out = out.to_str().unwrap();
    let weights = fixture("timm_vit");
    let failed = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let error = vit22b(["paper", "--out", out, "--family", path.to_str().unwrap()]).failed();
        let (before, rest) = error.split_once("family.json: ").unwrap_or_else(|| panic!("{error}"));
        assert!(before.starts_with("--family "), "{error}");
        rest.to_string()
    };
    let model =
        |name: &str, weights: &str| format!("{{\"name\": \"{name}\", \"weights\": \"{weights}\"}}");
    let family =
        |models: &[String]| format!("{{\"images\": \".\", \"models\": [{}]}}", models.join(", "));
    let three = |names: [&str; 3]| family(&names.map(|name| model(name, "none.safetensors")));

    let error = failed("{\"images\": \".\"");
    assert!(error.contains("expected {\"images\": …, \"models\": […]}: EOF"), "{error}");
    let error = failed("{\"images\": \".\", \"models\": [], \"seed\": 3}");
    assert!(error.contains("unknown field `seed`, expected `images` or `models`"), "{error}");
    let error = failed(&family(&[model("a", "x"), model("b", "x")]));
    assert_eq!(error, "models: got 2, expected at least 3 of different sizes");
    let error = failed(&three(["a", "b", "a"]));
    assert_eq!(error, "models: each needs a name of its own, got \"a\", \"b\", \"a\"");
    let error = failed(&three(["a", "b", "c"]).replace("\".\"", "\"photos\""));
    assert!(error.ends_with("photos: there is no such file or folder"), "{error}");
    let error = failed(&three(["a", "b", "c"]));
    assert!(error.starts_with("the model \"a\": weights: "), "{error}");
    assert!(error.contains("none.safetensors"), "{error}");
    let same = ["a", "b", "c"].map(|name| model(name, &weights));
    let error = failed(&family(&same));
    assert_eq!(error, "models: all are of one size, and the report compares sizes");
    let missing = vit22b(["paper", "--family", "nowhere.json", "--out", out]).failed();
    assert!(missing.starts_with("--family nowhere.json: cannot be read"), "{missing}");
}

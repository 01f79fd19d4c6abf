//! `--weights hf:…`, from servers on this machine.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use vit22b::weights::{LoadOptions, WeightsFile};

use crate::folder::Folder;
use crate::hub_server::{Hub, MAIN, Repository};
use crate::{Run, fixture};

/// A model of transformers with its config, as the hub has it.
fn dinov2() -> Repository {
    let bytes = |name: &str| std::fs::read(fixture(&format!("hf_dinov2/{name}"))).unwrap();
    Repository::new(&[
        ("README.md", b"# A model"),
        ("config.json", &bytes("config.json")),
        ("model.safetensors", &bytes("model.safetensors")),
    ])
}

/// The command with the variables of the hub, and none of those of whoever runs the tests.
fn command(server: &Hub, home: &Folder, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vit22b"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().to_ascii_uppercase();
        let starts = ["HF_", "HUGGING", "TRANSFORMERS_", "XDG_", "RUST_BACKTRACE"];
        let bundles = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];
        if starts.iter().any(|start| text.starts_with(start))
            || bundles.contains(&text.as_str())
            || text.ends_with("_PROXY")
        {
            command.env_remove(name);
        }
    }
    command.args(arguments).env("HF_ENDPOINT", &server.endpoint).env("HF_HOME", home.path());
    command.stdin(Stdio::null());
    command
}

fn run(mut command: Command) -> Run {
    printed(command.output().expect("the command starts"))
}

fn printed(output: Output) -> Run {
    let text = |bytes| String::from_utf8(bytes).expect("the command prints UTF-8");
    Run {
        code: output.status.code().expect("the command was not killed"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

#[test]
fn features_by_a_model_of_the_hub_and_again_offline() {
    let (home, server) = (Folder::new("cli-hub"), Hub::start(&[("facebook/tiny", dinov2())]));
    let (images, out) = (fixture("images"), home.path().join("f.npy"));
    let out = out.to_str().unwrap();
    let arguments = ["embed", "--weights", "hf:facebook/tiny", "--images", &images, "--out", out];
    let first = run(command(&server, &home, &arguments));
    assert!(first.stderr.contains("fetched 2 files, 95.5 kB in "), "{}", first.stderr);
    assert!(first.stderr.contains("origin: transformers"), "{}", first.stderr);
    first.succeeded();
    let features = std::fs::read(out).unwrap();
    // The same features as from the folder of these files, and no question to the hub.
    std::fs::remove_file(out).unwrap();
    server.asked();
    let mut offline = command(&server, &home, &arguments);
    offline.env("HF_HUB_OFFLINE", "1");
    let second = run(offline);
    assert!(!second.stderr.contains("fetched"), "{}", second.stderr);
    second.succeeded();
    assert!(server.asked().is_empty());
    assert_eq!(std::fs::read(out).unwrap(), features);
    std::fs::remove_file(out).unwrap();
    let folder = fixture("hf_dinov2");
    let arguments = ["embed", "--weights", &folder, "--images", &images, "--out", out];
    run(command(&server, &home, &arguments)).succeeded();
    assert_eq!(std::fs::read(out).unwrap(), features);
}

#[test]
fn every_verb_with_weights_takes_a_name() {
    let (home, server) = (Folder::new("cli-verbs"), Hub::start(&[("facebook/tiny", dinov2())]));
    let folder = home.path().join("out");
    let (images, out) = (fixture("images"), folder.to_str().unwrap());
    let name = format!("hf:facebook/tiny@{MAIN}");
    let inspected = run(command(&server, &home, &["inspect", "--weights", &name, "--json"]));
    let object: serde_json::Value = serde_json::from_str(&inspected.succeeded()).unwrap();
    assert_eq!(object["architecture"], "Dinov2Model");
    let explain = ["explain", "--weights", &name, "--images", &images, "--pca", out];
    run(command(&server, &home, &explain)).succeeded();

    // A folder for each of two classes.
    let classes = home.path().join("classes");
    for (class, from) in [("a", "photo.png"), ("b", "scene.png")] {
        std::fs::create_dir_all(classes.join(class)).unwrap();
        for copy in 0..5 {
            let place = classes.join(class).join(format!("{copy}.png"));
            std::fs::copy(fixture(&format!("images/{from}")), place).unwrap();
        }
    }
    let classes = classes.to_str().unwrap();
    let probe = ["probe", "--weights", &name, "--images", classes, "--json"];
    let probed = run(command(&server, &home, &probe)).succeeded();
    let object: serde_json::Value = serde_json::from_str(&probed).unwrap();
    assert_eq!(object["weights"], name.as_str());
    let evaluate = ["evaluate", "--weights", &name, "--images", classes, "--out", out];
    run(command(&server, &home, &evaluate)).succeeded();
    let page = std::fs::read_to_string(folder.join("report.md")).unwrap();
    assert!(page.contains(&format!("What {name} is worth")), "{page}");
}

#[test]
fn errors_name_what_was_typed_and_what_to_do() {
    let server = Hub::start(&[("a/private", dinov2()), ("a/tiny", dinov2())]);
    server.repositories().get_mut("a/private").unwrap().token = Some("hf_right".into());
    let home = Folder::new("cli-errors");
    let inspect = |name: &str| command(&server, &home, &["inspect", "--weights", name]);
    let error = run(inspect("hf:a/private")).failed();
    let start =
        format!("--weights: hf:a/private: {} shows no repository a/private", server.endpoint);
    assert!(error.starts_with(&start) && error.contains("set HF_TOKEN"), "{error}");
    let mut with_token = inspect("hf:a/private");
    with_token.env("HF_TOKEN", "hf_right");
    run(with_token).succeeded();

    for (name, expected) in [
        (
            "hf:private",
            "--weights: hf:private: expected hf:ORGANISATION/NAME or hf:ORGANISATION/NAME@REVISION, and there is no / \
             between organisation and name",
        ),
        ("hf:a/tiny@v2", "--weights: hf:a/tiny@v2: the repository has no revision v2; it has main"),
        (
            "a/tiny",
            "--weights: a/tiny: there is no such file or folder; a model of the hub is named hf:a/tiny",
        ),
        (
            "HF:a/tiny",
            "--weights: HF:a/tiny: there is no such file or folder; a model of the hub is named hf:a/tiny",
        ),
        (
            "hf-hub:a/tiny",
            "--weights: hf-hub:a/tiny: there is no such file or folder; a model of the hub is named hf:a/tiny",
        ),
        (
            "https://hub.example/a/tiny/tree/v2/",
            "--weights: https://hub.example/a/tiny/tree/v2/: there is no such file or folder; a model of the hub is \
             named hf:a/tiny@v2",
        ),
    ] {
        assert_eq!(run(inspect(name)).failed(), expected);
    }
    let error = run(inspect("a/model.safetensors")).failed();
    assert!(error.starts_with("--weights: a/model.safetensors: No such file"), "{error}");
    let mut offline = inspect("hf:a/other");
    offline.env("HF_HUB_OFFLINE", "1");
    let error = run(offline).failed();
    let start = "--weights: hf:a/other: HF_HUB_OFFLINE forbids to fetch, and nothing of revision main is in ";
    assert!(error.starts_with(start), "{error}");
    let mut nowhere = inspect("hf:a/other");
    nowhere.env("HF_ENDPOINT", "nowhere");
    let error = run(nowhere).failed();
    assert_eq!(
        error,
        "--weights: HF_ENDPOINT = nowhere: expected an address such as https://huggingface.co"
    );
}

#[test]
fn two_processes_fetch_once() {
    let (home, server) = (Folder::new("cli-two"), Hub::start(&[("a/tiny", dinov2())]));
    server.mischief().slow = Duration::from_millis(300);
    let start = || {
        let mut command = command(&server, &home, &["inspect", "--weights", "hf:a/tiny"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let running: Vec<_> = (0..3).map(|_| start()).collect();
    for process in running {
        printed(process.wait_with_output().unwrap()).succeeded();
    }
    assert_eq!(server.asked().into_iter().filter(|asked| !asked.of_hub).count(), 1);
}

#[test]
fn what_is_damaged_in_the_cache_is_fetched_again() {
    let (home, server) = (Folder::new("cli-damaged"), Hub::start(&[("a/tiny", dinov2())]));
    let inspect = || run(command(&server, &home, &["inspect", "--weights", "hf:a/tiny"]));
    let said = inspect().succeeded();
    let weights =
        home.path().join(format!("hub/models--a--tiny/snapshots/{MAIN}/model.safetensors"));
    let whole = std::fs::read(&weights).unwrap();
    std::fs::write(&weights, &whole[..100]).unwrap();
    let mended = inspect();
    let told = "model.safetensors is damaged in the cache, and is fetched again";
    assert!(mended.stderr.lines().any(|line| line == told), "{}", mended.stderr);
    assert_eq!(mended.succeeded(), said);
    assert_eq!(std::fs::read(weights).unwrap(), whole);
}

#[test]
fn what_is_cut_is_told_and_taken_up() {
    let (home, server) = (Folder::new("cli-cut"), Hub::start(&[("a/tiny", dinov2())]));
    *server.mischief() =
        crate::hub_server::Mischief { cuts: 1, cut_after: 40_000, ..Default::default() };
    let cut = run(command(&server, &home, &["inspect", "--weights", "hf:a/tiny"]));
    let told = "fetching model.safetensors goes on after a failure: ";
    assert!(cut.stderr.contains(told), "{}", cut.stderr);
    cut.succeeded();
}

#[test]
fn models_of_every_family_are_those_of_their_folders() {
    let cache = Folder::new("cli-hub-families");
    let mut count = 0;
    for family in std::fs::read_dir(fixture("families")).unwrap().flatten() {
        let folder = family.path();
        if !folder.join("model.safetensors").exists() {
            continue;
        }
        let there = std::fs::read_dir(&folder).unwrap().flatten().map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, std::fs::read(entry.path()).unwrap())
        });
        let there: Vec<_> = there.collect();
        let there: Vec<_> = there.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
        let name = format!("family/{}", family.file_name().to_str().unwrap());
        let server = Hub::start(&[(name.as_str(), Repository::new(&there))]);
        let hub = vit22b_hub::Hub::from_env().unwrap().with_endpoint(&server.endpoint).unwrap();
        let hub = hub.with_cache(cache.path()).with_token(None).with_offline(false);
        let path = hub.fetch(&name.parse().unwrap()).unwrap();
        let described = |path: &Path| {
            let described = WeightsFile::open(path).unwrap().describe(&LoadOptions::new());
            described.map_err(|error| error.to_string())
        };
        assert_eq!(described(&path), described(&folder), "{name}");
        count += 1;
    }
    assert!(count > 20, "{count}");
}

//! What is in the cache, and used from there.

use vit22b_hub::HubEvent;

use crate::folder::Folder;
use crate::hub_server::{Hub, MAIN, Repository, tag};
use crate::{error, fetch, files, fixture, hub, timm};

const V1: &str = "2222222222222222222222222222222222222222";

#[test]
fn files_lie_as_huggingface_hub_lays_them_and_are_fetched_once() {
    let (folder, server) = (Folder::new("hub-layout"), Hub::start(&[("timm/small", timm())]));
    let (path, events) = fetch(hub(&server, &folder), "timm/small");
    let path = path.unwrap();
    let own = folder.path().join("models--timm--small");
    assert_eq!(path, own.join("snapshots").join(MAIN).join("model.safetensors"));
    let [config, weights] = ["config.json", "model.safetensors"].map(|name| {
        let bytes = fixture(&format!("timm_xp/{name}"));
        let tag = tag(name, &bytes);
        assert_eq!(std::fs::read(own.join("blobs").join(&tag)).unwrap(), bytes);
        let link = own.join("snapshots").join(MAIN).join(name);
        #[cfg(unix)]
        assert_eq!(
            std::fs::read_link(&link).unwrap().to_str().unwrap(),
            format!("../../blobs/{tag}")
        );
        assert_eq!(std::fs::read(link).unwrap(), bytes);
        tag
    });
    assert_eq!(std::fs::read_to_string(own.join("refs/main")).unwrap(), MAIN);
    let mut expected = vec![
        format!(".locks/models--timm--small/{config}.lock"),
        format!(".locks/models--timm--small/{weights}.lock"),
        format!("models--timm--small/blobs/{config}"),
        format!("models--timm--small/blobs/{weights}"),
        "models--timm--small/refs/main".into(),
        format!("models--timm--small/snapshots/{MAIN}/config.json"),
        format!("models--timm--small/snapshots/{MAIN}/model.safetensors"),
    ];
    expected.sort();
    assert_eq!(files(folder.path()), expected);
    let last = events.last().unwrap();
    assert!(matches!(last, HubEvent::Done { files: 2, .. }), "{last:?}");

    // A second time the hub is asked for the commit alone.
    server.asked();
    let (again, events) = fetch(hub(&server, &folder), "hf:timm/small@main");
    assert_eq!(again.unwrap(), path);
    assert_eq!(events, []);
    let asked: Vec<_> = server.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(asked, ["/api/models/timm/small/revision/main"]);
}

#[test]
fn revisions_are_branches_tags_and_commits() {
    let (folder, weights) = (Folder::new("hub-revisions"), fixture("timm_xp/model.safetensors"));
    let repository = timm().with("v1.0", V1, &[("model.safetensors", &weights)]).with(
        "refs/pr/1",
        V1,
        &[("model.safetensors", &weights)],
    );
    let server = Hub::start(&[("timm/small", repository)]);
    let own = folder.path().join("models--timm--small");
    for (revision, commit) in [("v1.0", V1), ("refs/pr/1", V1), (V1, V1), (MAIN, MAIN)] {
        let path = fetch(hub(&server, &folder), &format!("timm/small@{revision}")).0.unwrap();
        assert_eq!(path, own.join("snapshots").join(commit).join("model.safetensors"));
    }
    let refs = files(&own.join("refs"));
    assert_eq!(refs, ["refs/pr/1", "v1.0"]);
    // The same bytes are fetched once for both commits.
    let fetched = server.asked().into_iter().filter(|asked| !asked.of_hub).count();
    assert_eq!(fetched, 1);
}

#[test]
fn a_branch_that_moved_is_followed() {
    let (folder, server) = (Folder::new("hub-moved"), Hub::start(&[("timm/small", timm())]));
    fetch(hub(&server, &folder), "timm/small").0.unwrap();
    let weights = fixture("timm_vit/model.safetensors");
    let moved = Repository::new(&[]).with("main", V1, &[("model.safetensors", &weights)]);
    server.repositories().insert("timm/small".into(), moved);
    let path = fetch(hub(&server, &folder), "timm/small").0.unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), weights);
    assert!(path.to_str().unwrap().contains(V1));
}

#[test]
fn processors_and_tokenizers_come_too_and_other_files_do_not() {
    let folder = Folder::new("hub-beside");
    let files_there: Vec<(&str, &[u8])> = vec![
        ("config.json", b"{}"),
        ("preprocessor_config.json", b"{}"),
        ("tokenizer.json", b"{} "),
        ("tokenizer_config.json", b"{}"),
        ("vocab.json", b"{}"),
        ("merges.txt", b"#"),
        ("spiece.model", b"\0"),
        ("open_clip_config.json", b"{}"),
        ("open_clip_model.safetensors", b"weights"),
        ("open_clip_pytorch_model.bin", b"a pickle"),
        ("onnx/model.onnx", b"another"),
        ("training_args.bin", b"a pickle"),
    ];
    let server = Hub::start(&[("laion/clip", Repository::new(&files_there))]);
    let path = fetch(hub(&server, &folder), "laion/clip").0.unwrap();
    let got = files(path.parent().unwrap());
    assert_eq!(
        got,
        [
            "config.json",
            "merges.txt",
            "open_clip_config.json",
            "open_clip_model.safetensors",
            "preprocessor_config.json",
            "spiece.model",
            "tokenizer.json",
            "tokenizer_config.json",
            "vocab.json",
        ]
    );
}

/// A model in two shards.
fn sharded() -> Repository {
    let index =
        br#"{"weight_map": {"a": "model-1-of-2.safetensors", "b": "model-2-of-2.safetensors"}}"#;
    Repository::new(&[
        ("model.safetensors.index.json", index),
        ("model-1-of-2.safetensors", b"one"),
        ("model-2-of-2.safetensors", b"two"),
        ("consolidated.safetensors", b"all"),
    ])
}

#[test]
fn shards_are_those_of_the_index() {
    let (folder, server) = (Folder::new("hub-shards"), Hub::start(&[("a/shards", sharded())]));
    let path = fetch(hub(&server, &folder), "a/shards").0.unwrap();
    assert!(path.ends_with("model.safetensors.index.json"), "{}", path.display());
    let expected =
        ["model-1-of-2.safetensors", "model-2-of-2.safetensors", "model.safetensors.index.json"];
    assert_eq!(files(path.parent().unwrap()), expected);
}

#[test]
fn an_index_that_leaves_its_folder_is_refused() {
    let index = br#"{"weight_map": {"a": "../../../../evil.safetensors"}}"#;
    let repository = Repository::new(&[("model.safetensors.index.json", index)]);
    let (folder, server) = (Folder::new("hub-evil"), Hub::start(&[("a/evil", repository)]));
    let text = error(hub(&server, &folder), "a/evil");
    assert!(
        text.contains("\"../../../../evil.safetensors\" is not the plain name of a file beside it"),
        "{text}"
    );
}

#[test]
fn offline_what_is_there_is_used_and_what_is_not_is_named() {
    let folder = Folder::new("hub-offline");
    let server = Hub::start(&[("timm/small", timm()), ("a/shards", sharded())]);
    let offline = || hub(&server, &folder).with_offline(true);
    let start =
        "hf:timm/small: HF_HUB_OFFLINE forbids to fetch, and nothing of revision main is in ";
    let text = error(offline(), "timm/small");
    assert!(text.starts_with(start), "{text}");
    assert!(server.asked().is_empty());

    let path = fetch(hub(&server, &folder), "timm/small").0.unwrap();
    server.asked();
    assert_eq!(fetch(offline(), "timm/small").0.unwrap(), path);
    assert_eq!(fetch(offline(), &format!("timm/small@{MAIN}")).0.unwrap(), path);
    assert!(error(offline(), "timm/small@v1").contains("nothing of revision v1 is in"));

    let index = fetch(hub(&server, &folder), "a/shards").0.unwrap();
    std::fs::remove_file(index.with_file_name("model-2-of-2.safetensors")).unwrap();
    let text = error(offline(), "a/shards");
    assert!(
        text.contains("model-2-of-2.safetensors of the model's shards is missing in"),
        "{text}"
    );
    // A link without its bytes is no file.
    let link = std::fs::canonicalize(&path).unwrap();
    std::fs::remove_file(link).unwrap();
    assert!(error(offline(), "timm/small").contains("no weights are among config.json"), "as said");
    fetch(hub(&server, &folder), "timm/small").0.unwrap();
    assert_eq!(std::fs::read(path).unwrap(), fixture("timm_xp/model.safetensors"));
}

#[test]
fn a_hub_that_cannot_be_reached_is_named_unless_the_files_are_there() {
    let (folder, server) = (Folder::new("hub-gone"), Hub::start(&[("timm/small", timm())]));
    let path = fetch(hub(&server, &folder), "timm/small").0.unwrap();
    // Nothing listens on a port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gone = || hub(&server, &folder).with_endpoint(&format!("http://{free}")).unwrap();
    let (fetched, events) = fetch(gone(), "timm/small");
    assert_eq!(fetched.unwrap(), path);
    assert!(matches!(events[..], [HubEvent::FromCache { .. }]), "{events:?}");
    let text = error(gone(), "timm/other");
    let start = format!("hf:timm/other: http://{free} cannot be reached: ");
    assert!(text.starts_with(&start), "{text}");
    assert!(text.contains("and nothing of revision main is in "), "{text}");
}

#[test]
fn a_damaged_file_of_the_cache_is_fetched_again() {
    let (folder, server) = (Folder::new("hub-damaged"), Hub::start(&[("timm/small", timm())]));
    let path = fetch(hub(&server, &folder), "timm/small").0.unwrap();
    let bytes = fixture("timm_xp/model.safetensors");
    let mut flipped = bytes.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let damages = [flipped, bytes[..50_000].to_vec(), b"<html>".to_vec(), vec![]];
    for damaged in &damages {
        std::fs::write(&path, damaged).unwrap();
        // Offline, or where the hub is not there, that is said.
        let text = error(hub(&server, &folder).with_offline(true), "timm/small");
        assert!(text.contains("model.safetensors is damaged (its SHA-256 is "), "{text}");
        let text =
            error(hub(&server, &folder).with_endpoint("http://127.0.0.1:1").unwrap(), "timm/small");
        assert!(text.contains("cannot be reached") && text.contains("is damaged"), "{text}");
        let (again, events) = fetch(hub(&server, &folder), "timm/small");
        assert_eq!(again.unwrap(), path);
        let told = HubEvent::Damaged { file: "model.safetensors".into() };
        assert!(events.contains(&told), "{events:?}");
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        assert_eq!(fetch(hub(&server, &folder), "timm/small").1, []);
    }
    let config = path.with_file_name("config.json");
    std::fs::write(&config, "{}").unwrap();
    fetch(hub(&server, &folder), "timm/small").0.unwrap();
    assert_eq!(std::fs::read(config).unwrap(), fixture("timm_xp/config.json"));
    // Other programs' locks are empty: the bytes are read once more.
    let locks = folder.path().join(".locks/models--timm--small");
    for lock in std::fs::read_dir(locks).unwrap() {
        std::fs::write(lock.unwrap().path(), "").unwrap();
    }
    assert_eq!(fetch(hub(&server, &folder), "timm/small").1, []);
}

#[test]
fn two_who_fetch_at_once_fetch_once() {
    let (folder, server) = (Folder::new("hub-two"), Hub::start(&[("timm/small", timm())]));
    server.mischief().slow = std::time::Duration::from_millis(100);
    let paths: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| fetch(hub(&server, &folder), "timm/small").0.unwrap()))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(paths.iter().all(|path| *path == paths[0]));
    assert_eq!(std::fs::read(&paths[0]).unwrap(), fixture("timm_xp/model.safetensors"));
    assert_eq!(server.asked().into_iter().filter(|asked| !asked.of_hub).count(), 1);
}

#[test]
fn a_cache_that_cannot_be_written_is_named() {
    let (folder, server) = (Folder::new("hub-file"), Hub::start(&[("timm/small", timm())]));
    // A file where the folder should be: the same for root, who may write to read-only folders.
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let text = error(hub(&server, &folder).with_cache(&file), "timm/small");
    let start = format!("{}/.locks/models--timm--small: creating failed: ", file.display());
    assert!(text.starts_with(&start), "{text}");
    let end = "; make it writable, or set HF_HUB_CACHE or HF_HOME to a folder that is";
    assert!(text.ends_with(end), "{text}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_named() {
    let (folder, server) = (Folder::new("hub-full"), Hub::start(&[("timm/small", timm())]));
    // Every write to this device fails as on a full disk.
    let blobs = folder.path().join("models--timm--small/blobs");
    std::fs::create_dir_all(&blobs).unwrap();
    let tag = tag("model.safetensors", &fixture("timm_xp/model.safetensors"));
    let partial = blobs.join(format!("{tag}.incomplete"));
    std::os::unix::fs::symlink("/dev/full", &partial).unwrap();
    let text = error(hub(&server, &folder), "timm/small");
    let start = format!("{}: writing failed: No space left on device", partial.display());
    assert!(text.starts_with(&start), "{text}");
    assert!(
        text.contains(
            "free some space, or set HF_HUB_CACHE or HF_HOME to a folder on another disk"
        ),
        "{text}"
    );
}

//! Connections that break, answers that are wrong, and who sees the token.

use std::time::Duration;

use vit22b_hub::HubEvent;

use crate::folder::Folder;
use crate::hub_server::{Hub, Mischief, tag};
use crate::{error, fetch, files, fixture, hub, timm};

#[test]
fn the_token_goes_to_the_hub_and_not_to_where_it_redirects() {
    let folder = Folder::new("hub-token");
    let mut private = timm();
    private.token = Some("hf_secret".into());
    let server = Hub::start(&[("timm/private", private)]);
    fetch(hub(&server, &folder).with_token(Some("hf_secret")), "timm/private").0.unwrap();
    let asked = server.asked();
    assert!(asked.iter().any(|asked| !asked.of_hub), "{asked:?}");
    for asked in asked {
        let expected = asked.of_hub.then(|| "Bearer hf_secret".to_string());
        assert_eq!(asked.authorization, expected, "{}", asked.path);
    }
}

#[test]
fn a_cut_connection_is_taken_up_where_it_ended() {
    let (folder, server) = (Folder::new("hub-cut"), Hub::start(&[("timm/small", timm())]));
    *server.mischief() = Mischief { cuts: 2, cut_after: 100_000, ..Default::default() };
    let (path, events) = fetch(hub(&server, &folder), "timm/small");
    assert_eq!(std::fs::read(path.unwrap()).unwrap(), fixture("timm_xp/model.safetensors"));
    let ranges: Vec<_> =
        server.asked().into_iter().filter(|asked| !asked.of_hub).map(|asked| asked.range).collect();
    assert_eq!(ranges, [None, Some("bytes=100000-".into()), Some("bytes=200000-".into())]);
    let again: Vec<_> = events
        .iter()
        .filter(|event| matches!(event, HubEvent::Again { .. }))
        .map(ToString::to_string)
        .collect();
    assert_eq!(again.len(), 2, "{events:?}");
    assert!(again[0].contains("after 100000 bytes"), "{again:?}");
}

#[test]
fn a_connection_that_falls_silent_is_taken_up_again() {
    let (folder, server) = (Folder::new("hub-stall"), Hub::start(&[("timm/small", timm())]));
    *server.mischief() =
        Mischief { cuts: 1, cut_after: 50_000, stalls: true, ..Default::default() };
    let patient = hub(&server, &folder).with_timeout(Duration::from_millis(300));
    let (path, events) = fetch(patient, "timm/small");
    assert_eq!(std::fs::read(path.unwrap()).unwrap(), fixture("timm_xp/model.safetensors"));
    let again = events.iter().find(|event| matches!(event, HubEvent::Again { .. }));
    assert!(again.unwrap().to_string().contains("nothing came for too long"), "{again:?}");
}

#[test]
fn a_connection_that_breaks_again_and_again_is_given_up_and_the_next_run_goes_on() {
    let (folder, server) = (Folder::new("hub-breaks"), Hub::start(&[("timm/small", timm())]));
    *server.mischief() = Mischief { cuts: 3, cut_after: 10_000, ..Default::default() };
    let text = error(hub(&server, &folder), "timm/small");
    let start = "hf:timm/small: fetching model.safetensors failed 3 times in a row: ";
    assert!(text.starts_with(start), "{text}");
    let end = "; 30000 bytes are kept, and the same command goes on from there";
    assert!(text.ends_with(end), "{text}");
    server.asked();
    let (path, events) = fetch(hub(&server, &folder), "timm/small");
    assert_eq!(std::fs::read(path.unwrap()).unwrap(), fixture("timm_xp/model.safetensors"));
    let ranges: Vec<_> = server.asked().into_iter().filter_map(|asked| asked.range).collect();
    assert_eq!(ranges, ["bytes=30000-"]);
    let begun = events.iter().find_map(|event| match event {
        HubEvent::Fetching { file, done, .. } if file == "model.safetensors" => Some(*done),
        _ => None,
    });
    assert_eq!(begun, Some(30_000));
}

#[test]
fn a_server_without_ranges_begins_anew() {
    let (folder, server) = (Folder::new("hub-anew"), Hub::start(&[("timm/small", timm())]));
    *server.mischief() =
        Mischief { cuts: 1, cut_after: 50_000, no_ranges: true, ..Default::default() };
    let path = fetch(hub(&server, &folder), "timm/small").0.unwrap();
    assert_eq!(std::fs::read(path).unwrap(), fixture("timm_xp/model.safetensors"));
}

#[test]
fn parts_that_do_not_fit_are_fetched_from_the_start() {
    let (folder, server) = (Folder::new("hub-shifted"), Hub::start(&[("timm/small", timm())]));
    *server.mischief() =
        Mischief { cuts: 1, cut_after: 50_000, shifted: true, ..Default::default() };
    let path = fetch(hub(&server, &folder), "timm/small").0.unwrap();
    assert_eq!(std::fs::read(path).unwrap(), fixture("timm_xp/model.safetensors"));
    let ranges: Vec<_> = server.asked().into_iter().filter(|asked| !asked.of_hub).collect();
    let ranges: Vec<_> = ranges.into_iter().map(|asked| asked.range).collect();
    assert_eq!(ranges, [None, Some("bytes=50000-".into()), None]);
}

#[test]
fn a_busy_hub_is_asked_again() {
    let (folder, server) = (Folder::new("hub-busy"), Hub::start(&[("timm/small", timm())]));
    server.mischief().busy = 2;
    fetch(hub(&server, &folder), "timm/small").0.unwrap();
    let other = Folder::new("hub-busy-always");
    server.mischief().busy = usize::MAX;
    for status in ["503 Service Unavailable", "429 Too Many Requests", "500 Internal Server Error"]
    {
        server.mischief().busy_as = Some(status);
        let text = error(hub(&server, &other), "timm/small");
        let said = format!(
            "hf:timm/small: {} gives no list of files, asked 3 times: the answer was {status} (Retry-After: 7); and \
             nothing of revision main is in ",
            server.endpoint
        );
        assert!(text.starts_with(&said) && text.ends_with("; try again later"), "{text}");
    }
    // What was fetched before is used.
    let (path, events) = fetch(hub(&server, &folder), "timm/small");
    assert!(path.is_ok());
    let said = events.last().unwrap().to_string();
    assert!(
        said.starts_with("the hub gives no list of files, asked 3 times: the answer was 500"),
        "{said}"
    );
}

#[test]
fn redirects_that_lead_nowhere_are_said() {
    let (folder, server) = (Folder::new("hub-redirects"), Hub::start(&[("timm/small", timm())]));
    let endpoint = &server.endpoint;
    let list = format!("{endpoint}/api/models/timm/small/revision/main");
    for (place, said) in [
        (
            "file:///etc/passwd".to_string(),
            "file:///etc/passwd, which is no address of http or https",
        ),
        (list.clone(), &*format!("in a circle, to {list}")),
        ("/api/models/timm/small/revision/main".into(), &format!("in a circle, to {list}")),
    ] {
        server.mischief().redirect = Some(place.clone());
        server.asked();
        let text = error(hub(&server, &folder), "timm/small");
        assert!(text.starts_with(&format!("hf:timm/small: {list}: it redirects ")), "{text}");
        assert!(text.contains(said), "{text}");
        assert_eq!(server.asked().len(), 1, "it is not asked again for what stays as it is");
    }
    server.mischief().redirect = None;
    // The place of a large file's bytes redirects, and a signature in its address is not shown.
    server.mischief().redirect_bytes = Some("ftp://elsewhere.example/x?signed=secret".into());
    let text = error(hub(&server, &folder), "timm/small");
    let said = "it redirects to ftp://elsewhere.example/x, which is no address of http or https";
    assert!(text.contains(said) && !text.contains("secret"), "{text}");
}

#[test]
fn a_page_in_place_of_a_file_is_named_and_not_kept() {
    for file in ["config.json", "model.safetensors"] {
        let folder = Folder::new(&format!("hub-page-{file}"));
        let server = Hub::start(&[("timm/small", timm())]);
        server.mischief().page_for = Some(file.into());
        let text = error(hub(&server, &folder), "timm/small");
        assert!(text.contains(&format!("a web page came in place of {file}, ")), "{text}");
        server.mischief().page_for = None;
        fetch(hub(&server, &folder), "timm/small").0.unwrap();
    }
}

#[test]
fn of_a_file_that_is_too_long_nothing_is_kept() {
    let (folder, server) = (Folder::new("hub-longer"), Hub::start(&[("timm/small", timm())]));
    // The config is there; of the weights more comes than the hub has said.
    fetch(hub(&server, &folder), "timm/small").0.unwrap();
    let blobs = folder.path().join("models--timm--small/blobs");
    let weights = tag("model.safetensors", &fixture("timm_xp/model.safetensors"));
    std::fs::remove_file(blobs.join(weights)).unwrap();
    server.mischief().longer = 10;
    let text = error(hub(&server, &folder), "timm/small");
    let said = "bytes of the file came; nothing of it is kept, and the same command begins anew";
    assert!(text.ends_with(said), "{text}");
    server.mischief().longer = 0;
    fetch(hub(&server, &folder), "timm/small").0.unwrap();
}

#[test]
fn an_answer_that_does_not_begin_is_asked_for_again() {
    let (folder, server) = (Folder::new("hub-drops"), Hub::start(&[("timm/small", timm())]));
    server.mischief().drops = 2;
    fetch(hub(&server, &folder), "timm/small").0.unwrap();
    server.repositories().insert("timm/other".into(), timm());
    server.mischief().drops = usize::MAX;
    let text = error(hub(&server, &folder), "timm/other");
    assert!(text.contains("cannot be reached: "), "{text}");
}

#[test]
fn bytes_of_another_hash_are_refused_and_not_kept() {
    let server = Hub::start(&[("timm/small", timm())]);
    for (file, algorithm) in [("model.safetensors", "SHA-256"), ("config.json", "git hash")] {
        let folder = Folder::new(&format!("hub-hash-{file}"));
        server.mischief().wrong = Some(file.into());
        let mut bytes = fixture(&format!("timm_xp/{file}"));
        let expected = tag(file, &bytes);
        bytes[0] ^= 1;
        let got = tag(file, &bytes);
        assert_eq!(
            error(hub(&server, &folder), "timm/small"),
            format!(
                "hf:timm/small: {file} has come with the {algorithm} {got}, and the hub says {expected}; it was deleted: \
                 try again, and if that does not help, something between here and the hub changes files"
            )
        );
        let kept = files(&folder.path().join("models--timm--small"));
        let is_kept = |name: &String| name.contains(&expected) || name.contains(file);
        assert!(!kept.iter().any(is_kept), "{kept:?}");
        server.mischief().wrong = None;
        fetch(hub(&server, &folder), "timm/small").0.unwrap();
    }
}

#[test]
fn what_an_earlier_try_left_is_not_trusted() {
    let (folder, server) = (Folder::new("hub-left"), Hub::start(&[("timm/small", timm())]));
    let bytes = fixture("timm_xp/model.safetensors");
    let blobs = folder.path().join("models--timm--small/blobs");
    std::fs::create_dir_all(&blobs).unwrap();
    let partial = blobs.join(format!("{}.incomplete", tag("model.safetensors", &bytes)));
    // Wrong bytes; as long as the file; longer.
    for length in [1000, bytes.len(), bytes.len() + 5] {
        std::fs::write(&partial, vec![7; length]).unwrap();
        let path = fetch(hub(&server, &folder), "timm/small").0.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "{length}");
        assert!(!partial.exists());
        std::fs::remove_file(std::fs::canonicalize(&path).unwrap()).unwrap();
    }
}

#[test]
fn a_server_without_lists_is_asked_for_files() {
    let (folder, server) = (Folder::new("hub-lists"), Hub::start(&[("timm/small", timm())]));
    server.mischief().no_lists = true;
    let path = fetch(hub(&server, &folder), "timm/small").0.unwrap();
    assert_eq!(files(path.parent().unwrap()), ["config.json", "model.safetensors"]);
    let text = error(hub(&server, &folder), "timm/none");
    let expected =
        format!("hf:timm/none: {} has no repository timm/none; check the name", server.endpoint);
    assert_eq!(text, expected);
}

#[test]
fn a_repository_with_another_name_today_is_found() {
    let (folder, server) = (Folder::new("hub-renamed"), Hub::start(&[("new/name", timm())]));
    server.mischief().renamed = Some(("old/name".into(), "new/name".into()));
    let path = fetch(hub(&server, &folder), "old/name").0.unwrap();
    assert!(path.starts_with(folder.path().join("models--old--name")), "{}", path.display());
}

//! What cannot be fetched, by name.

use crate::folder::Folder;
use crate::hub_server::{Hub, Repository};
use crate::{error, hub, timm};

#[test]
fn repositories_that_are_not_for_everyone() {
    let folder = Folder::new("hub-private");
    let (mut private, mut gated) = (timm(), timm());
    private.token = Some("hf_right".into());
    gated.gated = true;
    let server = Hub::start(&[("a/private", private), ("a/gated", gated)]);
    let endpoint = &server.endpoint;
    let with = |token| hub(&server, &folder).with_token(token);
    assert_eq!(
        error(with(None), "a/private"),
        format!(
            "hf:a/private: {endpoint} shows no repository a/private to everyone; if the name is right, it is private \
             or gated: set HF_TOKEN to a token that may read it"
        )
    );
    assert_eq!(
        error(with(Some("hf_wrong")), "a/private"),
        format!(
            "hf:a/private: {endpoint} has no repository a/private that the token in with_token may read; check the name"
        )
    );
    assert_eq!(
        error(with(None), "a/gated"),
        format!(
            "hf:a/gated: the repository is open only to those who have accepted its terms; accept them at \
             {endpoint}/a/gated, and set HF_TOKEN to a token of that account"
        )
    );
    let text = error(with(Some("hf_other")), "a/gated");
    assert!(text.contains("with the account of the token in with_token"), "{text}");
    assert!(!text.contains("hf_other"), "{text}");
    server.mischief().no_tokens = true;
    assert_eq!(
        error(with(Some("hf_old")), "a/private"),
        format!(
            "hf:a/private: {endpoint} does not take the token in with_token (Invalid credentials in Authorization \
             header); set HF_TOKEN to a valid one that may read the repository"
        )
    );
}

#[test]
fn what_is_not_there_is_named() {
    let folder = Folder::new("hub-404");
    let server = Hub::start(&[("timm/small", timm())]);
    let endpoint = &server.endpoint;
    assert_eq!(
        error(hub(&server, &folder), "timm/small@v9"),
        "hf:timm/small@v9: the repository has no revision v9; it has main"
    );
    server.mischief().lost = Some("config.json".into());
    assert_eq!(
        error(hub(&server, &folder), "timm/small"),
        "hf:timm/small: the repository has no file config.json, although its list of files or the index of its shards \
         names it"
    );
    assert_eq!(
        error(hub(&server, &folder).with_token(Some("hf_any")), "timm/none"),
        format!(
            "hf:timm/none: {endpoint} has no repository timm/none that the token in with_token may read; check the name"
        )
    );
}

#[test]
fn a_repository_of_a_pickle_is_refused_with_what_it_has() {
    let folder = Folder::new("hub-pickle");
    let files: [(&str, &[u8]); 3] =
        [("README.md", b"#"), ("config.json", b"{}"), ("pytorch_model.bin", b"a pickle")];
    let server = Hub::start(&[("a/pickle", Repository::new(&files))]);
    let expected = "hf:a/pickle: the repository has no weights that are read (.safetensors or .npz), but pytorch_model.bin, \
         which is a Python pickle and can run code when read; save the model as safetensors with the library that it is \
         of, and give the path; or name a revision that has safetensors";
    assert_eq!(error(hub(&server, &folder), "a/pickle"), expected);
    assert!(!folder.path().join("models--a--pickle").exists(), "nothing is fetched");
    server.mischief().no_lists = true;
    assert_eq!(error(hub(&server, &folder), "a/pickle"), expected);
}

#[test]
fn a_page_in_place_of_a_list_is_named() {
    // A network that answers everything with its own page.
    let (folder, page) = (Folder::new("hub-page"), Hub::start(&[]));
    page.mischief().page = true;
    let text = error(hub(&page, &folder), "timm/small");
    let expected = format!(
        "hf:timm/small: {}/api/models/timm/small/revision/main: expected JSON with the commit of the revision (sha), got a web \
         page, as networks answer that want a login, and mirrors that are none; check HF_ENDPOINT if it is set",
        page.endpoint
    );
    assert_eq!(text, expected);
}

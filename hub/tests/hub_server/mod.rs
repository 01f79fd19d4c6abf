//! A hub of models on this machine, for tests: what `huggingface.co` answers, and a second server that large files are
//! redirected to.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use sha1::Sha1;
use sha2::{Digest, Sha256};

/// The commit of a repository's branch `main`.
pub(crate) const MAIN: &str = "1111111111111111111111111111111111111111";

/// A question that one of the servers was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Whether by the hub; else by the server of large files.
    pub(crate) of_hub: bool,
    pub(crate) path: String,
    pub(crate) range: Option<String>,
    pub(crate) authorization: Option<String>,
}

/// A repository.
#[derive(Clone, Default)]
pub(crate) struct Repository {
    /// The files of each commit.
    pub(crate) commits: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    /// The commits of branches and tags.
    pub(crate) revisions: BTreeMap<String, String>,
    /// Who may read it: holders of this token.
    pub(crate) token: Option<String>,
    /// Whether terms have to be accepted.
    pub(crate) gated: bool,
}

impl Repository {
    /// Files on the branch `main`.
    pub(crate) fn new(files: &[(&str, &[u8])]) -> Self {
        Self::default().with("main", MAIN, files)
    }

    /// Files on a branch.
    pub(crate) fn with(mut self, revision: &str, commit: &str, files: &[(&str, &[u8])]) -> Self {
        let files = files.iter().map(|(name, bytes)| (name.to_string(), bytes.to_vec()));
        self.commits.insert(commit.into(), files.collect());
        self.revisions.insert(revision.into(), commit.into());
        self
    }
}

/// What the servers do that they should not.
#[derive(Clone, Default)]
pub(crate) struct Mischief {
    /// So many answers with a file's bytes are cut after so many bytes.
    pub(crate) cuts: usize,
    pub(crate) cut_after: usize,
    /// A cut answer stays open in silence, in place of ending.
    pub(crate) stalls: bool,
    /// So many answers of the hub are 503, or this status.
    pub(crate) busy: usize,
    pub(crate) busy_as: Option<&'static str>,
    /// Every answer of the hub redirects to this place; of the other server, to this one.
    pub(crate) redirect: Option<String>,
    pub(crate) redirect_bytes: Option<String>,
    /// A web page comes in place of this file.
    pub(crate) page_for: Option<String>,
    /// So many bytes follow each file.
    pub(crate) longer: usize,
    /// Ranges are not followed.
    pub(crate) no_ranges: bool,
    /// Parts are not the bytes that were asked for.
    pub(crate) shifted: bool,
    /// There are no lists of files, and no error codes.
    pub(crate) no_lists: bool,
    /// The first byte of this file is another one.
    pub(crate) wrong: Option<String>,
    /// So many answers end before they begin.
    pub(crate) drops: usize,
    /// Every answer is a page for people.
    pub(crate) page: bool,
    /// Every token is refused.
    pub(crate) no_tokens: bool,
    /// Listed, but not there.
    pub(crate) lost: Option<String>,
    /// What a repository was called before, and now is.
    pub(crate) renamed: Option<(String, String)>,
    /// How long each answer with bytes waits before it begins.
    pub(crate) slow: Duration,
}

/// The servers.
pub(crate) struct Hub {
    /// `http://127.0.0.1:PORT`.
    pub(crate) endpoint: String,
    state: Arc<State>,
}

struct State {
    store: String,
    repositories: Mutex<BTreeMap<String, Repository>>,
    mischief: Mutex<Mischief>,
    asked: Mutex<Vec<Asked>>,
}

impl Hub {
    /// Starts servers with these repositories.
    pub(crate) fn start(repositories: &[(&str, Repository)]) -> Self {
        let listen = || TcpListener::bind("127.0.0.1:0").unwrap();
        let (hub, store) = (listen(), listen());
        let address = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
        let named = repositories.iter().map(|(name, there)| (name.to_string(), there.clone()));
        let state = Arc::new(State {
            store: address(&store),
            repositories: Mutex::new(named.collect()),
            mischief: Mutex::default(),
            asked: Mutex::default(),
        });
        let endpoint = address(&hub);
        for (listener, of_hub) in [(hub, true), (store, false)] {
            let state = state.clone();
            std::thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let state = state.clone();
                    // Whoever asks may go away before the answer ends.
                    std::thread::spawn(move || answer(&state, of_hub, stream).ok());
                }
            });
        }
        Self { endpoint, state }
    }

    /// What the servers do wrong from now on.
    pub(crate) fn mischief(&self) -> MutexGuard<'_, Mischief> {
        self.state.mischief.lock().unwrap()
    }

    pub(crate) fn repositories(&self) -> MutexGuard<'_, BTreeMap<String, Repository>> {
        self.state.repositories.lock().unwrap()
    }

    /// What was asked since the last call.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.state.asked.lock().unwrap())
    }
}

/// The tag that the hub gives small and large files.
pub(crate) fn tag(file: &str, bytes: &[u8]) -> String {
    let hex = |hash: &[u8]| hash.iter().map(|byte| format!("{byte:02x}")).collect();
    match is_large(file) {
        true => hex(&Sha256::digest(bytes)),
        false => {
            let start = format!("blob {}\0", bytes.len());
            hex(&Sha1::new().chain_update(start).chain_update(bytes).finalize())
        }
    }
}

fn is_large(file: &str) -> bool {
    [".safetensors", ".npz", ".bin"].iter().any(|ending| file.ends_with(ending))
}

fn answer(state: &State, of_hub: bool, stream: TcpStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    let path = first.split(' ').nth(1).unwrap_or_default().to_string();
    let mut headers = BTreeMap::new();
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_string());
    }
    let header = |name: &str| headers.get(name).cloned();
    let asked =
        Asked { of_hub, path, range: header("range"), authorization: header("authorization") };
    state.asked.lock().unwrap().push(asked.clone());
    {
        let mut mischief = state.mischief.lock().unwrap();
        if mischief.drops > 0 {
            mischief.drops -= 1;
            return Ok(());
        }
    }
    let reply = if of_hub { hub(state, &asked) } else { store(state, &asked) };
    reply.send(state, &asked, stream)
}

struct Reply {
    status: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// The body is that of a file, whose parts can be asked for.
    is_file: bool,
}

impl Reply {
    fn new(status: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![], body: body.into(), is_file: false }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn send(mut self, state: &State, asked: &Asked, mut stream: TcpStream) -> std::io::Result<()> {
        let mischief = state.mischief.lock().unwrap().clone();
        let whole = self.body.len();
        let mut body = &self.body[..];
        if self.is_file {
            std::thread::sleep(mischief.slow);
            let from = asked.range.as_deref().and_then(|range| {
                range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok()
            });
            match from.filter(|_| !mischief.no_ranges) {
                Some(from) if from >= whole => {
                    self.status = "416 Range Not Satisfiable";
                    body = &[];
                }
                Some(from) => {
                    self.status = "206 Partial Content";
                    let range = format!("bytes {from}-{}/{whole}", whole - 1);
                    self.headers.push(("Content-Range", range));
                    body = if mischief.shifted { &body[..whole - from] } else { &body[from..] };
                }
                None => {}
            }
        }
        let mut head = format!("HTTP/1.1 {}\r\nConnection: close\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes())?;
        let mut cut = None;
        if self.is_file && body.len() > mischief.cut_after {
            let mut mischief = state.mischief.lock().unwrap();
            if mischief.cuts > 0 {
                mischief.cuts -= 1;
                cut = Some(mischief.cut_after);
            }
        }
        stream.write_all(&body[..cut.unwrap_or(body.len())])?;
        stream.flush()?;
        if cut.is_some() && mischief.stalls {
            std::thread::sleep(Duration::from_secs(5));
        }
        Ok(())
    }
}

/// The answers of the hub.
fn hub(state: &State, asked: &Asked) -> Reply {
    let mischief = {
        let mut mischief = state.mischief.lock().unwrap();
        if mischief.busy > 0 {
            mischief.busy -= 1;
            let status = mischief.busy_as.unwrap_or("503 Service Unavailable");
            return Reply::new(status, "busy").with("Retry-After", "7");
        }
        mischief.clone()
    };
    if let Some(place) = &mischief.redirect {
        return Reply::new("302 Found", "").with("Location", place);
    }
    let not_found = |code: &'static str| {
        let reply = Reply::new("404 Not Found", "not found");
        if mischief.no_lists { reply } else { reply.with("X-Error-Code", code) }
    };
    if mischief.page {
        return Reply::new("200 OK", "<html>Welcome to this network</html>");
    }
    if mischief.no_tokens && asked.authorization.is_some() {
        let said = "Invalid credentials in Authorization header";
        return Reply::new("401 Unauthorized", said).with("X-Error-Message", said);
    }
    if let Some((before, now)) = &mischief.renamed
        && asked.path.contains(before.as_str())
    {
        let place = asked.path.replace(before.as_str(), now);
        return Reply::new("307 Temporary Redirect", "").with("Location", place);
    }
    let (listed, path) = match asked.path.strip_prefix("/api/models/") {
        Some(path) => (true, path),
        None => (false, asked.path.trim_start_matches('/')),
    };
    if listed && mischief.no_lists {
        return Reply::new("404 Not Found", "no such page");
    }
    let mut parts = path.splitn(5, '/');
    let mut part = || parts.next().unwrap_or_default().to_string();
    let (repository, kind) = (format!("{}/{}", part(), part()), part());
    let (revision, file) = (part().replace("%2F", "/"), part());
    let repositories = state.repositories.lock().unwrap();
    let may_read = |repository: &&Repository| match &repository.token {
        Some(token) => asked.authorization.as_ref() == Some(&format!("Bearer {token}")),
        None => true,
    };
    let Some(found) = repositories.get(&repository).filter(may_read) else {
        let reply = match &asked.authorization {
            // So that nobody learns which private repositories there are.
            None => Reply::new("401 Unauthorized", "Invalid username or password."),
            Some(_) => Reply::new("404 Not Found", "Repository not found"),
        };
        return match mischief.no_lists {
            true => Reply::new("404 Not Found", "no such page"),
            false => reply.with("X-Error-Code", "RepoNotFound"),
        };
    };
    if listed && kind == "refs" {
        let names: Vec<_> =
            found.revisions.keys().map(|name| format!(r#"{{"name":"{name}"}}"#)).collect();
        return Reply::new("200 OK", format!(r#"{{"branches":[{}],"tags":[]}}"#, names.join(",")));
    }
    let commit = found.revisions.get(&revision).unwrap_or(&revision);
    let Some(files) = found.commits.get(commit) else {
        return not_found("RevisionNotFound")
            .with("X-Error-Message", format!("Invalid rev id: {revision}"));
    };
    if listed {
        let names: Vec<_> =
            files.keys().map(|name| format!(r#"{{"rfilename":"{name}"}}"#)).collect();
        let listing = format!(r#"{{"sha":"{commit}","siblings":[{}]}}"#, names.join(","));
        return Reply::new("200 OK", listing);
    }
    if found.gated {
        let status =
            if asked.authorization.is_none() { "401 Unauthorized" } else { "403 Forbidden" };
        return Reply::new(status, "restricted").with("X-Error-Code", "GatedRepo");
    }
    let lost = mischief.lost.as_deref() == Some(&file);
    let Some(bytes) = files.get(&file).filter(|_| !lost) else {
        return not_found("EntryNotFound");
    };
    let tag = tag(&file, bytes);
    if is_large(&file) {
        return Reply::new("302 Found", "elsewhere")
            .with("X-Repo-Commit", commit)
            .with("X-Linked-Size", bytes.len().to_string())
            .with("X-Linked-Etag", format!("\"{tag}\""))
            .with("Location", format!("{}/{repository}/{commit}/{file}?signed=1", state.store));
    }
    let mut reply = Reply::new("200 OK", sent(&mischief, &file, bytes))
        .with("X-Repo-Commit", commit)
        .with("ETag", format!("W/\"{tag}\""));
    reply.is_file = true;
    reply
}

/// The bytes of a file as they are sent.
fn sent(mischief: &Mischief, file: &str, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if mischief.wrong.as_deref() == Some(file) {
        bytes[0] ^= 1;
    }
    if mischief.page_for.as_deref() == Some(file) {
        bytes = b"\n<!DOCTYPE html><html>Log in to this network</html>".to_vec();
    }
    bytes.extend(vec![7; mischief.longer]);
    bytes
}

/// The answers of the server of large files.
fn store(state: &State, asked: &Asked) -> Reply {
    let path = asked.path.trim_start_matches('/').split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.splitn(4, '/').collect();
    let [organisation, name, commit, file] = parts[..] else {
        return Reply::new("404 Not Found", "");
    };
    let repositories = state.repositories.lock().unwrap();
    let bytes = &repositories[&format!("{organisation}/{name}")].commits[commit][file];
    if let Some(place) = state.mischief.lock().unwrap().redirect_bytes.clone() {
        return Reply::new("302 Found", "").with("Location", place);
    }
    let bytes = sent(&state.mischief.lock().unwrap(), file, bytes);
    let mut reply = Reply::new("200 OK", bytes).with("ETag", "\"the store's own\"");
    reply.is_file = true;
    reply
}

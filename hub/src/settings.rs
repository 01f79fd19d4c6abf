//! Which hub, with whose token, into which folder: what a user has set for other programs holds here too.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::HubError;
use crate::progress::HubEvent;

const ENDPOINT: &str = "https://huggingface.co";

type Watcher = Box<dyn Fn(&HubEvent) + Send + Sync>;

/// A token, and where it is from.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) value: String,
    pub(crate) from: String,
}

/// A hub of models, and how files are fetched from it.
///
/// [`from_env`](Self::from_env) follows the variables that `huggingface_hub` follows, and files are kept in the same
/// cache, so that each finds what the other has fetched.
pub struct Hub {
    pub(crate) endpoint: String,
    pub(crate) cache: PathBuf,
    pub(crate) token: Option<Token>,
    pub(crate) offline: bool,
    pub(crate) timeout: Duration,
    pub(crate) tries: u32,
    pub(crate) wait: Duration,
    /// A file of certificates in place of those that are built in.
    pub(crate) certificates: Option<(&'static str, PathBuf)>,
    watcher: Option<Watcher>,
}

/// Without the token.
impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = self.token.as_ref().map(|token| &token.from);
        f.debug_struct("Hub")
            .field("endpoint", &self.endpoint)
            .field("cache", &self.cache)
            .field("token_from", &token)
            .field("offline", &self.offline)
            .finish_non_exhaustive()
    }
}

impl Hub {
    /// The hub of the environment:
    ///
    /// - `HF_ENDPOINT`: its address, `https://huggingface.co` by default.
    /// - `HF_TOKEN`: a token for repositories that not everyone may read. Without it, the one in the file
    ///   `HF_TOKEN_PATH`, by default `token` in `HF_HOME`, where `hf auth login` writes it. It is sent to the hub alone, never to
    ///   where that redirects. `HF_HUB_DISABLE_IMPLICIT_TOKEN` = 1: none is sent.
    /// - `HF_HUB_CACHE`: the folder for what is fetched, by default `hub` in `HF_HOME`, which is `huggingface` in the
    ///   user's folder for caches by default.
    /// - `HF_HUB_OFFLINE` = 1: nothing is fetched, and what is in the cache is used.
    /// - `HF_HUB_DOWNLOAD_TIMEOUT`: for how many seconds nothing may come before a try is given up, 10 by default.
    /// - `HTTPS_PROXY`, `NO_PROXY` and the like; `SSL_CERT_FILE`, `REQUESTS_CA_BUNDLE` or `CURL_CA_BUNDLE`: a file of certificates
    ///   to trust, in place of those of the web.
    ///
    /// # Errors
    ///
    /// [`HubError::Variable`] for a value that cannot be followed, [`HubError::NoCacheFolder`].
    pub fn from_env() -> Result<Self, HubError> {
        Self::from_variables(|name| std::env::var_os(name))
    }

    pub(crate) fn from_variables(
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, HubError> {
        let get = |name: &str| variable(name).filter(|value| !value.is_empty());
        let text = |name: &str| get(name).map(|value| value.to_string_lossy().into_owned());
        let folder = |name: &str| get(name).map(|value| in_home(value.into(), get("HOME")));

        let home = folder("HF_HOME").or_else(|| {
            let caches = folder("XDG_CACHE_HOME");
            let user = get("HOME").or_else(|| get("USERPROFILE"));
            let caches = caches.or_else(|| Some(PathBuf::from(user?).join(".cache")));
            Some(caches?.join("huggingface"))
        });
        let cache = folder("HF_HUB_CACHE").or_else(|| folder("HUGGINGFACE_HUB_CACHE"));
        let cache = cache.or_else(|| Some(home.as_ref()?.join("hub")));
        let file = folder("HF_TOKEN_PATH").or_else(|| Some(home.as_ref()?.join("token")));
        let in_variables = || {
            let names = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"];
            names.into_iter().find_map(|name| token(&text(name)?, name.into()))
        };
        let in_file = || {
            let file = file?;
            token(&std::fs::read_to_string(&file).ok()?, file.display().to_string())
        };
        let forbidden = text("HF_HUB_DISABLE_IMPLICIT_TOKEN").is_some_and(|value| is_on(&value));
        let token = if forbidden { None } else { in_variables().or_else(in_file) };
        let seconds = text("HF_HUB_DOWNLOAD_TIMEOUT");
        let timeout = seconds.map_or(Ok(10.0), |value| match value.trim().parse::<f64>() {
            Ok(seconds) if seconds > 0.0 && seconds < 1e6 => Ok(seconds),
            _ => Err(HubError::Variable {
                variable: "HF_HUB_DOWNLOAD_TIMEOUT",
                value,
                problem: "expected seconds, such as 10".into(),
            }),
        })?;
        let bundles = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];
        let hub = Self {
            endpoint: ENDPOINT.into(),
            cache: cache.ok_or(HubError::NoCacheFolder)?,
            token,
            offline: ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"]
                .into_iter()
                .any(|name| text(name).is_some_and(|value| is_on(&value))),
            timeout: Duration::from_secs_f64(timeout),
            tries: 5,
            wait: Duration::from_millis(500),
            certificates: bundles
                .into_iter()
                .find_map(|name| Some((name, folder(name)?)))
                .filter(|(_, path)| !path.is_dir()),
            watcher: None,
        };
        match text("HF_ENDPOINT") {
            Some(endpoint) => hub.with_endpoint(&endpoint),
            None => Ok(hub),
        }
    }

    /// Another address.
    ///
    /// # Errors
    ///
    /// [`HubError::Variable`] for a text that is no address.
    pub fn with_endpoint(mut self, endpoint: &str) -> Result<Self, HubError> {
        let address = endpoint.trim().trim_end_matches('/');
        let host = ["https://", "http://"].iter().find_map(|scheme| address.strip_prefix(scheme));
        let valid = host.is_some_and(|host| !host.is_empty() && !host.starts_with('/'));
        if !valid || address.contains(|c: char| c.is_whitespace() || c == '?' || c == '#') {
            let problem = format!("expected an address such as {ENDPOINT}");
            let value = endpoint.into();
            return Err(HubError::Variable { variable: "HF_ENDPOINT", value, problem });
        }
        self.endpoint = address.into();
        Ok(self)
    }

    /// Another folder for what is fetched.
    pub fn with_cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = folder.into();
        self
    }

    /// Another token, or none.
    pub fn with_token(mut self, value: Option<&str>) -> Self {
        self.token = value.and_then(|value| token(value, "with_token".into()));
        self
    }

    /// Whether what is in the cache is used without asking the hub.
    pub fn with_offline(mut self, offline: bool) -> Self {
        self.offline = offline;
        self
    }

    /// How long nothing may come before a try is given up.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How often a connection may fail in a row with less than 1 MiB between, 5 by default, and for how long is waited before
    /// the second try, 0.5 s by default; each further wait is twice as long. A connection that brought something
    /// is taken up again at once.
    pub fn with_tries(mut self, tries: u32, wait: Duration) -> Self {
        (self.tries, self.wait) = (tries.max(1), wait);
        self
    }

    /// Who is told what happens, from the thread that fetches. Without one it goes to the log.
    pub fn with_watcher(mut self, watcher: impl Fn(&HubEvent) + Send + Sync + 'static) -> Self {
        self.watcher = Some(Box::new(watcher));
        self
    }

    /// The folder for what is fetched.
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    pub(crate) fn tell(&self, event: HubEvent) {
        match &self.watcher {
            Some(watcher) => watcher(&event),
            None => match event {
                HubEvent::Fetching { done, .. } if done > 0 => {}
                HubEvent::Checking { .. } => {}
                event => tracing::info!("{event}"),
            },
        }
    }
}

/// A token without the spaces and line ends around it; none of what cannot be sent.
fn token(text: &str, from: String) -> Option<Token> {
    let value = text.trim();
    let is_sent = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic());
    is_sent.then(|| Token { value: value.into(), from })
}

/// Whether a variable that is on or off is on.
fn is_on(value: &str) -> bool {
    ["1", "on", "yes", "true"].contains(&value.trim().to_ascii_lowercase().as_str())
}

/// A path that may begin with `~`, for the home folder.
fn in_home(path: PathBuf, home: Option<OsString>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub(set: &[(&str, &str)]) -> Result<Hub, HubError> {
        Hub::from_variables(|name| {
            set.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into())
        })
    }

    #[test]
    fn the_cache_is_where_other_programs_have_it() {
        let cache = |set: &[(&str, &str)]| hub(set).unwrap().cache.display().to_string();
        assert_eq!(cache(&[("HOME", "/h")]), "/h/.cache/huggingface/hub");
        assert_eq!(cache(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/c")]), "/c/huggingface/hub");
        assert_eq!(cache(&[("HOME", "/h"), ("HF_HOME", "~/models")]), "/h/models/hub");
        assert_eq!(cache(&[("HF_HOME", "/m"), ("HF_HUB_CACHE", "/n")]), "/n");
        assert_eq!(cache(&[("HOME", "/h"), ("HF_HOME", "")]), "/h/.cache/huggingface/hub");
        assert!(matches!(hub(&[]), Err(HubError::NoCacheFolder)));
    }

    #[test]
    fn variables_are_switches_and_addresses() {
        let offline = |value| hub(&[("HOME", "/h"), ("HF_HUB_OFFLINE", value)]).unwrap().offline;
        assert!(offline("1") && offline("True") && !offline("0") && !offline("no"));
        let address =
            |value| hub(&[("HOME", "/h"), ("HF_ENDPOINT", value)]).map(|hub| hub.endpoint);
        assert_eq!(address("https://mirror.example/hub/").unwrap(), "https://mirror.example/hub");
        assert_eq!(address("").unwrap(), ENDPOINT);
        for wrong in
            ["mirror.example", "ftp://mirror.example", "https://", "https:///x", "http://a b"]
        {
            let error = address(wrong).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("HF_ENDPOINT = {wrong}: expected an address such as {ENDPOINT}")
            );
        }
        let error = hub(&[("HOME", "/h"), ("HF_HUB_DOWNLOAD_TIMEOUT", "soon")]).unwrap_err();
        let expected = "HF_HUB_DOWNLOAD_TIMEOUT = soon: expected seconds, such as 10";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn tokens_come_from_the_variable_or_the_file_and_are_never_shown() {
        let home = std::env::temp_dir().join(format!("vit22b-token-{}", std::process::id()));
        std::fs::create_dir_all(&home).unwrap();
        std::fs::write(home.join("token"), "hf_file\n").unwrap();
        let home_text = home.to_str().unwrap();
        let token = |set: &[(&str, &str)]| {
            let all: Vec<_> = set.iter().copied().chain([("HF_HOME", home_text)]).collect();
            let hub = hub(&all).unwrap();
            let shown = format!("{hub:?}");
            assert!(!shown.contains("hf_"), "{shown}");
            hub.token.map(|token| token.value)
        };
        assert_eq!(token(&[]).as_deref(), Some("hf_file"));
        assert_eq!(token(&[("HF_TOKEN", " hf_variable\r\n")]).as_deref(), Some("hf_variable"));
        assert_eq!(token(&[("HF_TOKEN", "  ")]).as_deref(), Some("hf_file"));
        assert_eq!(token(&[("HF_TOKEN_PATH", "/nowhere")]), None);
        assert_eq!(token(&[("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")]), None);
        std::fs::remove_dir_all(home).unwrap();
    }
}

//! Questions to the hub, and its answers.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ureq::http::header::{self, HeaderMap, HeaderName};
use ureq::http::{Response, StatusCode, Uri};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, Timeout};

use crate::error::HubError;
use crate::settings::{Hub, Token};

/// Redirects of one question.
const HOPS: usize = 10;

/// Why a web page may come in place of something else.
pub(crate) const LOGIN: &str = "as networks answer that want a login, and mirrors that are none";

/// No answer, or one that leads nowhere.
pub(crate) enum Failure {
    /// Nobody is there.
    Unreachable(String),
    /// The connection failed, and may go well the next time.
    Passing(String),
    /// An answer that says to come again.
    Busy(String),
    /// An answer that is of no use, and will be the same the next time.
    Useless { url: String, problem: String },
}

pub(crate) struct Client {
    agent: Agent,
    origin: Option<Origin>,
    token: Option<Token>,
}

/// Where a file is, and what the hub says of it.
pub(crate) struct Located {
    /// The address of its bytes.
    pub(crate) url: String,
    /// The status of the hub's answer: success, a redirect, or what is wrong.
    pub(crate) status: StatusCode,
    /// The headers of that answer.
    pub(crate) headers: HeaderMap,
    /// What the first answer said that said it.
    pub(crate) commit: Option<String>,
    /// The answer, where it has the bytes itself.
    pub(crate) ready: Option<Response<Body>>,
}

impl Client {
    pub(crate) fn new(hub: &Hub) -> Result<Self, HubError> {
        let roots = match &hub.certificates {
            Some((variable, path)) => certificates(variable, path)?,
            None => RootCerts::WebPki,
        };
        let config = Agent::config_builder()
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .http_status_as_error(false)
            // Redirects are followed here, where it is known who may see the token.
            .max_redirects(0)
            .timeout_connect(Some(Duration::from_secs(10).max(hub.timeout)))
            .timeout_per_read(Some(hub.timeout))
            .user_agent(concat!("vit22b/", env!("CARGO_PKG_VERSION")))
            .build();
        let (origin, token) = (Origin::of(&hub.endpoint), hub.token.clone());
        Ok(Self { agent: config.into(), origin, token })
    }

    /// The answer to one question, whatever its status.
    fn ask(&self, url: &str, from: u64) -> Result<Response<Body>, Failure> {
        // What is compressed on its way has another length and tag than the file.
        let mut request = self.agent.get(url).header(header::ACCEPT_ENCODING, "identity");
        if from > 0 {
            request = request.header(header::RANGE, format!("bytes={from}-"));
        }
        if let Some(token) = self.token.as_ref().filter(|_| self.is_hub(url)) {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", token.value));
        }
        let response = request.call().map_err(failure)?;
        let status = response.status();
        let again = [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT];
        if status.is_server_error() || again.contains(&status) {
            let after = text_of(response.headers(), header::RETRY_AFTER);
            let after = after.map_or_else(String::new, |after| format!(" (Retry-After: {after})"));
            return Err(Failure::Busy(format!("the answer was {status}{after}")));
        }
        Ok(response)
    }

    /// Whether an address is at the scheme, host and port of the hub.
    fn is_hub(&self, url: &str) -> bool {
        Origin::of(url).is_some_and(|origin| Some(&origin) == self.origin.as_ref())
    }

    /// Asks for a text, as far as redirects lead.
    pub(crate) fn text(&self, url: &str) -> Result<(StatusCode, HeaderMap, String), Failure> {
        let mut response = self.follow(url, 0)?;
        let text = response.body_mut().with_config().limit(64 << 20).read_to_string();
        let text = text.map_err(failure)?;
        Ok((response.status(), response.headers().clone(), text))
    }

    /// Asks for bytes, beginning with byte `from`, as far as redirects lead.
    pub(crate) fn follow(&self, url: &str, from: u64) -> Result<Response<Body>, Failure> {
        let mut way = Way::new(url);
        loop {
            let response = self.ask(&way.url, from)?;
            match way.next(&response)? {
                Some(next) => way.url = next,
                None => return Ok(response),
            }
        }
    }

    /// Asks the hub for a file, up to the answer that says what the file is: the last one, or a redirect to where its
    /// bytes are.
    pub(crate) fn locate(&self, url: &str) -> Result<Located, Failure> {
        let (mut way, mut commit) = (Way::new(url), None);
        loop {
            let response = self.ask(&way.url, 0)?;
            let (status, headers) = (response.status(), response.headers().clone());
            commit = commit.or_else(|| text_of(&headers, "x-repo-commit"));
            let next = way.next(&response)?;
            let is_said = headers.contains_key("x-linked-etag")
                || next.as_deref().is_some_and(|next| !self.is_hub(next))
                    && headers.contains_key(header::ETAG);
            match next {
                Some(next) if is_said => {
                    return Ok(Located { url: next, status, headers, commit, ready: None });
                }
                Some(next) => way.url = next,
                None => {
                    let (url, ready) = (way.url, Some(response));
                    return Ok(Located { url, status, headers, commit, ready });
                }
            }
        }
    }
}

/// Where redirects have led so far.
struct Way {
    url: String,
    seen: Vec<String>,
}

impl Way {
    fn new(url: &str) -> Self {
        Self { url: url.into(), seen: vec![] }
    }

    /// Where an answer redirects to, if it does.
    fn next(&mut self, response: &Response<Body>) -> Result<Option<String>, Failure> {
        let redirects = [301, 302, 303, 307, 308];
        if !redirects.contains(&response.status().as_u16()) {
            return Ok(None);
        }
        self.seen.push(self.url.clone());
        let problem = match text_of(response.headers(), header::LOCATION) {
            None => format!("the answer was {} without a place to go to", response.status()),
            Some(place) => match joined(&self.url, &place) {
                Some(next) if !is_of_the_web(&next) => {
                    format!("it redirects to {}, which is no address of http or https", bare(&next))
                }
                Some(next) if self.seen.contains(&next) => {
                    format!("it redirects in a circle, to {}", bare(&next))
                }
                Some(next) if self.seen.len() > HOPS => {
                    format!("it redirects more than {HOPS} times, at last to {}", bare(&next))
                }
                Some(next) => return Ok(Some(next)),
                None => format!("it redirects to {place}, which is no address"),
            },
        };
        Err(Failure::Useless { url: self.seen[0].clone(), problem })
    }
}

fn is_of_the_web(url: &str) -> bool {
    let scheme = url.split("://").next().unwrap_or_default().to_ascii_lowercase();
    ["http", "https"].contains(&scheme.as_str())
}

/// An address without what follows the `?`, which may be a signature.
fn bare(url: &str) -> &str {
    url.split('?').next().unwrap_or_default()
}

/// Whether a text, of which the first bytes are here, is a web page.
pub(crate) fn is_page(begin: &[u8]) -> bool {
    let begin = begin.trim_ascii_start();
    let is_begun =
        |mark: &[u8]| begin.get(..mark.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(mark));
    is_begun(b"<!doctype html") || is_begun(b"<html")
}

/// A header as text.
pub(crate) fn text_of(headers: &HeaderMap, name: impl TryInto<HeaderName>) -> Option<String> {
    Some(headers.get(name.try_into().ok()?)?.to_str().ok()?.trim().to_string())
}

/// The address that a reference on the page `url` means.
fn joined(url: &str, reference: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    Some(match reference {
        _ if reference.contains("://") => reference.into(),
        _ if reference.starts_with("//") => format!("{scheme}:{reference}"),
        _ if reference.starts_with('/') => format!("{scheme}://{host}{reference}"),
        _ => {
            let folder = path.rfind('/').map_or("/", |last| &path[..=last]);
            format!("{scheme}://{host}{folder}{reference}")
        }
    })
}

/// Who answers at an address.
#[derive(PartialEq)]
struct Origin(String, String, u16);

impl Origin {
    fn of(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let scheme = uri.scheme_str()?.to_ascii_lowercase();
        let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
        Some(Self(scheme, uri.host()?.to_ascii_lowercase(), port))
    }
}

/// What an error of the client means for the next try.
pub(crate) fn failure(error: ureq::Error) -> Failure {
    use std::io::ErrorKind as Kind;
    let text = match &error {
        ureq::Error::HostNotFound => "there is no such host".into(),
        ureq::Error::Timeout(Timeout::PerRead) => "nothing came for too long".into(),
        ureq::Error::Timeout(Timeout::Connect) => "nobody answers".into(),
        ureq::Error::Io(reason) if reason.kind() == Kind::UnexpectedEof => {
            "the connection was cut".into()
        }
        ureq::Error::Io(reason) => reason.to_string(),
        error => error.to_string(),
    };
    let text = match text.contains("certificate") {
        true => format!(
            "{text} (SSL_CERT_FILE may name a file of the certificates that your network has)"
        ),
        false => text,
    };
    let passes = match &error {
        // What happens on a connection that was there. Names that are not found, closed ports and
        // refused certificates come as other kinds.
        ureq::Error::Io(reason) => matches!(
            reason.kind(),
            Kind::UnexpectedEof
                | Kind::ConnectionReset
                | Kind::ConnectionAborted
                | Kind::BrokenPipe
                | Kind::NotConnected
                | Kind::TimedOut
                | Kind::WouldBlock
                | Kind::Interrupted
        ),
        ureq::Error::Timeout(timeout) => !matches!(timeout, Timeout::Connect | Timeout::Resolve),
        ureq::Error::Protocol(_) => true,
        _ => false,
    };
    if passes { Failure::Passing(text) } else { Failure::Unreachable(text) }
}

/// The certificates in a file.
fn certificates(variable: &'static str, path: &Path) -> Result<RootCerts, HubError> {
    let wrong = |problem: String| HubError::Variable {
        variable,
        value: path.display().to_string(),
        problem,
    };
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
    read.map_err(|reason| wrong(reason.to_string()))?;
    let items = parse_pem(&bytes).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    let found: Vec<_> = items.collect();
    if found.is_empty() {
        return Err(wrong("expected certificates in PEM".into()));
    }
    Ok(RootCerts::Specific(Arc::new(found)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_joined_to_their_page() {
        let page = "http://a.example:1/b/c?d=e";
        for (reference, expected) in [
            ("https://x.example/y?z", "https://x.example/y?z"),
            ("//x.example/y", "http://x.example/y"),
            ("/y", "http://a.example:1/y"),
            ("y", "http://a.example:1/b/y"),
        ] {
            assert_eq!(joined(page, reference).unwrap(), expected);
        }
        assert_eq!(joined("http://a.example", "y").unwrap(), "http://a.example/y");
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let same = |a, b| Origin::of(a).unwrap() == Origin::of(b).unwrap();
        assert!(same("https://A.example/x", "https://a.example:443/y"));
        assert!(!same("https://a.example", "http://a.example"));
        assert!(!same("https://a.example", "https://a.example:444"));
        assert!(!same("https://a.example", "https://a.example.org"));
        assert!(!same("https://a.example", "https://user@b.example"));
        assert!(same("https://a.example", "https://user:word@a.example/"));
    }
}

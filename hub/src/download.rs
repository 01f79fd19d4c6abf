//! One file, from the hub into the cache.

use std::io::{self, Read};
use std::time::Instant;

use ureq::Body;
use ureq::http::{Response, header};

use crate::address::file_url;
use crate::cache::Repository;
use crate::error::HubError;
use crate::http::{Client, Failure, LOGIN, Located, failure, is_page, text_of};
use crate::name::HubName;
use crate::partial::Partial;
use crate::progress::{HubEvent, STEP};
use crate::refusal::refusal;
use crate::settings::Hub;
use crate::tag::Tag;
use crate::tries::Tries;

/// What is fetched, and from where.
pub(crate) struct Download<'a> {
    pub(crate) hub: &'a Hub,
    pub(crate) client: &'a Client,
    pub(crate) name: &'a HubName,
    pub(crate) repository: &'a Repository,
    pub(crate) commit: &'a str,
    pub(crate) file: &'a str,
}

/// What the hub says of the bytes of a file.
struct Facts {
    tag: Tag,
    size: Option<u64>,
}

/// How a try ended before the file was whole.
enum Ended {
    /// The next try may go well.
    Passing(String),
    Refused(HubError),
}

impl Download<'_> {
    /// Fetches the file unless it is there as it should be; returns how many bytes came if it was not.
    pub(crate) fn run(&self) -> Result<Option<u64>, HubError> {
        let place = self.repository.snapshot(self.commit).join(self.file);
        if place.exists() {
            if self.repository.damage(&place)?.is_none() {
                return Ok(None);
            }
            self.hub.tell(HubEvent::Damaged { file: self.file.into() });
            self.repository.remove_damaged(&place)?;
        }
        let mut tries = Tries::new(self.hub, self.name, self.file);
        let (located, facts) = tries
            .until_it_goes(|| {
                let located = self.client.locate(&self.url())?;
                Ok((self.facts(&located), located))
            })
            .and_then(|(facts, located)| Ok((located, facts?)))?;
        let tag = facts.tag.as_str();
        let waiting = || self.hub.tell(HubEvent::Waiting { file: self.file.into() });
        let (lock, waited) = self.repository.lock(tag, waiting)?;
        let blob = self.repository.blob(tag);
        let fetched = if blob.exists() {
            None
        } else {
            // The answer has become stale while another process was waited for.
            let first = Some(located).filter(|_| !waited);
            let came = self.fetch(&facts, first, &mut tries)?;
            self.repository.note_whole(&blob, tag);
            Some(came)
        };
        self.repository.link(tag, self.commit, self.file)?;
        drop(lock);
        Ok(fetched)
    }

    fn url(&self) -> String {
        file_url(&self.hub.endpoint, self.name, self.commit, self.file)
    }

    /// What the hub's answer says of the file.
    fn facts(&self, located: &Located) -> Result<Facts, HubError> {
        let Located { status, headers, .. } = located;
        if !status.is_success() && !status.is_redirection() {
            let asked = Some(self.file);
            return Err(refusal(self.hub, self.name, asked, *status, headers, &self.url()));
        }
        let kind = text_of(headers, header::CONTENT_TYPE).unwrap_or_default();
        if status.is_success() && kind.to_ascii_lowercase().starts_with("text/html") {
            return Err(self.page());
        }
        let tag = ["x-linked-etag", "etag"].iter().find_map(|name| text_of(headers, *name));
        let tag = tag.and_then(|tag| Tag::parse(&tag)).ok_or_else(|| HubError::Answer {
            name: self.name.to_string(),
            url: self.url(),
            problem: "the answer has no ETag that names the file's bytes, as a hub's has".into(),
        })?;
        let number = |name: &str| text_of(headers, name)?.parse().ok();
        let own = || number("content-length").filter(|_| status.is_success());
        Ok(Facts { tag, size: number("x-linked-size").or_else(own) })
    }

    /// Fetches the bytes of a tag, goes on where an earlier try ended, and checks them.
    fn fetch(
        &self,
        facts: &Facts,
        first: Option<Located>,
        tries: &mut Tries,
    ) -> Result<u64, HubError> {
        let tag = facts.tag.as_str();
        let blob = self.repository.blob(tag);
        let mut partial = Partial::open(blob.with_file_name(format!("{tag}.incomplete")))?;
        let mut located = first;
        loop {
            self.whole(facts, located.take(), &mut partial, tries)?;
            self.hub.tell(HubEvent::Checking { file: self.file.into() });
            let path = partial.path();
            let hash = facts.tag.hash_of(path).map_err(HubError::cache(path, "reading"))?;
            match (hash, facts.tag.algorithm()) {
                (Some(got), Some(algorithm)) if got != tag => {
                    if partial.is_joined() {
                        // One of the tries may have brought other bytes.
                        tracing::warn!(file = self.file, "the parts do not fit; from the start");
                        partial.clear()?;
                        continue;
                    }
                    partial.remove()?;
                    return Err(HubError::Hash {
                        name: self.name.to_string(),
                        file: self.file.into(),
                        algorithm,
                        expected: tag.into(),
                        got,
                    });
                }
                _ => return partial.finish(&blob),
            }
        }
    }

    /// Fetches what is missing of the file, in as many tries as it takes.
    fn whole(
        &self,
        facts: &Facts,
        mut located: Option<Located>,
        partial: &mut Partial,
        tries: &mut Tries,
    ) -> Result<(), HubError> {
        let tell = |done| {
            let file = self.file.into();
            self.hub.tell(HubEvent::Fetching { file, done, total: facts.size });
        };
        if facts.size.is_some_and(|size| partial.length() > size) {
            partial.clear()?;
        }
        tell(partial.length());
        while facts.size.is_none_or(|size| partial.length() < size) {
            let before = partial.came();
            match self.try_once(facts, located.take(), partial, &tell) {
                Ok(()) => break,
                Err(Ended::Refused(error)) => return Err(error),
                Err(Ended::Passing(reason)) => {
                    tries.failed(reason, partial.came() - before, Some(partial.length()))?;
                }
            }
        }
        tell(partial.length());
        Ok(())
    }

    /// One connection.
    fn try_once(
        &self,
        facts: &Facts,
        located: Option<Located>,
        partial: &mut Partial,
        tell: &impl Fn(u64),
    ) -> Result<(), Ended> {
        let located = match located {
            Some(located) => located,
            None => {
                let located = self.client.locate(&self.url()).map_err(|why| self.ended(why))?;
                let now = self.facts(&located).map_err(Ended::Refused)?;
                if now.tag != facts.tag {
                    let problem = "the file has changed while it was fetched".into();
                    return Err(Ended::Refused(self.answer(problem)));
                }
                located
            }
        };
        let response = match located.ready.filter(|_| partial.length() == 0) {
            Some(response) => response,
            None => {
                let response = self.client.follow(&located.url, partial.length());
                response.map_err(|why| self.ended(why))?
            }
        };
        let length = self.align(&response, partial)?;
        let mut body = response.into_body().into_with_config().limit(u64::MAX).reader();
        let (mut block, mut told) = (vec![0; 1 << 18], Instant::now());
        loop {
            let count = match body.read(&mut block) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    let done = partial.length();
                    return Err(match self.ended(failure(error.into())) {
                        Ended::Passing(reason) => {
                            Ended::Passing(format!("{reason}, after {done} bytes"))
                        }
                        refused => refused,
                    });
                }
            };
            if partial.length() == 0 && is_page(&block[..count]) {
                return Err(Ended::Refused(self.page()));
            }
            if count == 0 {
                break;
            }
            partial.write(&block[..count]).map_err(Ended::Refused)?;
            if facts.size.is_some_and(|size| partial.length() > size) {
                break;
            }
            if told.elapsed() >= STEP {
                tell(partial.length());
                told = Instant::now();
            }
        }
        match facts.size.or(length) {
            Some(size) if partial.length() < size => {
                Err(Ended::Passing(format!("it ended after {} of {size} bytes", partial.length())))
            }
            Some(size) if partial.length() > size => {
                partial.clear().map_err(Ended::Refused)?;
                Err(Ended::Passing(format!("more than the {size} bytes of the file came")))
            }
            _ => Ok(()),
        }
    }

    /// Brings what is there in line with where the answer begins; returns how long the file shall be, if that is said.
    fn align(
        &self,
        response: &Response<Body>,
        partial: &mut Partial,
    ) -> Result<Option<u64>, Ended> {
        let headers = response.headers();
        let length = text_of(headers, header::CONTENT_LENGTH).and_then(|text| text.parse().ok());
        match response.status().as_u16() {
            206 => {
                let range = text_of(headers, header::CONTENT_RANGE);
                let start = range.as_deref().and_then(start_of);
                if start != Some(partial.length()) {
                    partial.clear().map_err(Ended::Refused)?;
                    let range = range.unwrap_or_else(|| "an unknown place".into());
                    return Err(Ended::Passing(format!("the answer begins elsewhere: {range}")));
                }
                partial.join();
                Ok(length.map(|length: u64| length + partial.length()))
            }
            200 => {
                // Not every server begins where it is asked to.
                partial.clear().map_err(Ended::Refused)?;
                Ok(length)
            }
            416 => {
                partial.clear().map_err(Ended::Refused)?;
                Err(Ended::Passing("the file is not as long as what was fetched before".into()))
            }
            // An address is good for some minutes; the next try asks for a new one.
            401 | 403 | 404 | 410 => {
                Err(Ended::Passing(format!("the place of the bytes answers {}", response.status())))
            }
            _ => Err(Ended::Refused(self.answer(format!("the answer was {}", response.status())))),
        }
    }

    /// How a try ends that failed in this way.
    fn ended(&self, failure: Failure) -> Ended {
        match failure {
            Failure::Passing(reason) | Failure::Busy(reason) | Failure::Unreachable(reason) => {
                Ended::Passing(reason)
            }
            Failure::Useless { problem, .. } => Ended::Refused(self.answer(problem)),
        }
    }

    fn page(&self) -> HubError {
        self.answer(format!("a web page came in place of {}, {LOGIN}", self.file))
    }

    fn answer(&self, problem: String) -> HubError {
        HubError::Answer { name: self.name.to_string(), url: self.url(), problem }
    }
}

/// The first byte that a `Content-Range` says.
fn start_of(range: &str) -> Option<u64> {
    range.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

//! How often, and after which wait, what failed is tried again.

use std::time::Duration;

use crate::error::HubError;
use crate::http::Failure;
use crate::name::HubName;
use crate::progress::HubEvent;
use crate::settings::Hub;

/// A try that brought so much is no failure.
const ENOUGH: u64 = 1 << 20;
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(30);

/// The failures in a row of one file.
pub(crate) struct Tries<'a> {
    hub: &'a Hub,
    name: &'a HubName,
    file: &'a str,
    failed: u32,
}

impl<'a> Tries<'a> {
    pub(crate) fn new(hub: &'a Hub, name: &'a HubName, file: &'a str) -> Self {
        Self { hub, name, file, failed: 0 }
    }

    /// Counts a failure that came after so many bytes, and waits; an error if it was the last try. So many bytes are
    /// kept, if the fetch has begun.
    pub(crate) fn failed(
        &mut self,
        reason: String,
        bytes: u64,
        kept: Option<u64>,
    ) -> Result<(), HubError> {
        self.failed = if bytes >= ENOUGH { 1 } else { self.failed + 1 };
        if self.failed >= self.hub.tries {
            return Err(HubError::GaveUp {
                name: self.name.to_string(),
                file: self.file.into(),
                tries: self.failed,
                reason,
                kept,
            });
        }
        // A connection that brought something works.
        let wait = match bytes {
            0 => self.hub.wait.saturating_mul(1 << (self.failed - 1).min(16)).min(LONGEST),
            _ => Duration::ZERO,
        };
        self.hub.tell(HubEvent::Again { file: self.file.into(), reason, wait });
        std::thread::sleep(wait);
        Ok(())
    }

    /// Calls a question until it is answered.
    pub(crate) fn until_it_goes<T>(
        &mut self,
        mut question: impl FnMut() -> Result<T, Failure>,
    ) -> Result<T, HubError> {
        loop {
            match question() {
                Ok(answer) => return Ok(answer),
                Err(
                    Failure::Passing(reason) | Failure::Busy(reason) | Failure::Unreachable(reason),
                ) => self.failed(reason, 0, None)?,
                Err(Failure::Useless { url, problem }) => {
                    return Err(HubError::Answer { name: self.name.to_string(), url, problem });
                }
            }
        }
    }
}

//! Versions of the C API.

use super::ffi;

/// The oldest minor version that is supported: 0.57 rearranged the table (changelog of the C API).
pub(crate) const OLDEST_MINOR: i32 = 57;

/// The version of the C API that a plugin was built with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiVersion {
    /// Grows when the interface breaks; 0 so far.
    pub major: i32,
    /// Grows when the interface gains a call or a field.
    pub minor: i32,
}

impl ApiVersion {
    /// The version that this crate's declarations were transcribed from.
    pub const TRANSCRIBED: Self = Self { major: ffi::API_MAJOR, minor: ffi::API_MINOR };
}

impl std::fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

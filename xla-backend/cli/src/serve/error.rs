//! Why a server does not serve.

use std::io;
use std::net::SocketAddr;

use burn_xla::eager::EagerError;

/// Why a server does not serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Other machines can reach the address.
    #[error(
        "{address} can be reached by other machines, which needs a token: pass --token, or listen \
         on 127.0.0.1"
    )]
    TokenMissing {
        /// The address.
        address: SocketAddr,
    },
    /// Every client that sets no token presents the empty one.
    #[error("the token is empty; use a long random word")]
    TokenEmpty,
    /// The platform does not start.
    #[error(transparent)]
    Open(#[from] EagerError),
    /// The address is taken, or is not one of this machine.
    #[error("listening on {address}; choose another with --listen ADDRESS:PORT")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The transport failed.
    #[error("serving stopped: {reason}")]
    Stopped {
        /// What Burn's server says.
        reason: String,
    },
}

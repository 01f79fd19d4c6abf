//! The eager backend as a server: any Burn program trains on its devices.
//!
//! The protocol is Burn's own, over WebSocket; a program names the server as its device.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use burn_xla::plugin::Platform;
//! use burn_xla_cli::serve::{DEFAULT_ADDRESS, Server};
//!
//! let server = Server::bind(Platform::Cpu, DEFAULT_ADDRESS, None)?;
//! println!("{}", server.address());
//! // Until Ctrl-C.
//! server.serve()?;
//! # Ok(())
//! # }
//! ```
//!
//! Each session has a thread and streams of its own; sessions share devices and compiled programs,
//! so the second client that runs a program finds it compiled. When a session ends, in whatever way, its
//! tensors are freed.
//!
//! # What fails
//!
//! A graph that fails, because memory does not hold it or the compiler refuses it, is an error of the reads that depend on
//! it. A panic ends its own session, whose reads fail. Compiling holds up no session: what is seen for the first time
//! runs on Burn's CPU backend where the device is the CPU. Programs are kept within bounds, so that a server does not grow
//! with the graphs that it has seen; see [`burn_xla::eager`].
//!
//! The log has a line for each session, and for what goes wrong.
//!
//! # Who is served
//!
//! WebSocket is not encrypted. By default the server listens on this machine alone. On any other address it
//! asks each session for a token, which Burn's handshake carries. The token keeps strangers out; it does not hide
//! the traffic. Across networks that are not trusted, use a tunnel. Messages larger than 1 GiB are refused.

mod error;
mod log;

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener};
use std::time::{Duration, Instant};

use burn_remote::server::{
    AuthorizationRequest, BackendServer, PeerAuthorizer as _, TokenAuthorizer, WebSocketTransport,
};

use burn_xla::eager::{EagerOptions, XlaBackend, XlaDevice};
use burn_xla::pjrt::wait_at_end;
use burn_xla::plugin::Platform;

pub use error::ServeError;

/// Where Burn's clients look for a server that is not named: port 3000 of this machine.
pub const DEFAULT_ADDRESS: SocketAddr =
    SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 3000));

/// A server that listens, and serves when [`serve`](Self::serve) is called.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    devices: Vec<XlaDevice>,
    token: Option<TokenAuthorizer>,
    verbosity: u8,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .field("devices", &self.devices)
            .field("asks_for_token", &self.token.is_some())
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Starts the devices of a platform, and listens. With port 0 the system chooses one.
    ///
    /// # Errors
    ///
    /// [`ServeError::TokenMissing`] for an address of other machines without a token,
    /// [`ServeError::TokenEmpty`], [`ServeError::Open`] if the platform does not start,
    /// [`ServeError::Bind`] if the address is taken.
    pub fn bind(
        platform: Platform,
        address: SocketAddr,
        token: Option<&str>,
    ) -> Result<Self, ServeError> {
        if token.is_none() && !address.ip().is_loopback() {
            return Err(ServeError::TokenMissing { address });
        }
        let token = token
            .map(|token| TokenAuthorizer::new(token).map_err(|_| ServeError::TokenEmpty))
            .transpose()?;
        let listener =
            TcpListener::bind(address).map_err(|source| ServeError::Bind { address, source })?;
        let address =
            listener.local_addr().map_err(|source| ServeError::Bind { address, source })?;
        let devices = XlaDevice::open(platform)?;
        Ok(Self { listener, address, devices, token, verbosity: 0 })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The devices, in the order of the numbers that clients choose by.
    pub fn devices(&self) -> &[XlaDevice] {
        &self.devices
    }

    /// With other options for all devices: what runs a graph that was not seen before, and how many programs are kept.
    #[must_use]
    pub fn with_options(self, options: EagerOptions) -> Self {
        self.devices.iter().for_each(|device| device.set_options(options));
        self
    }

    /// With a log that tells more: with 1 also what libraries tell, with 2 what they tell for debugging.
    #[must_use]
    pub fn with_verbosity(mut self, verbosity: u8) -> Self {
        self.verbosity = verbosity;
        self
    }

    /// Serves until the process is asked to stop (Ctrl-C, or `SIGTERM`); then sessions end, and their tensors are
    /// freed.
    ///
    /// Each session is a line on standard output, and so is what goes wrong, unless the program has a subscriber
    /// of `tracing` or `RUST_LOG` says otherwise. Panics go to the log too.
    ///
    /// # Errors
    ///
    /// [`ServeError::Stopped`].
    pub fn serve(self) -> Result<(), ServeError> {
        log::install(self.verbosity);
        log::log_panics();
        let (devices, token) = (self.devices.clone(), self.token);
        let admit = move |request: AuthorizationRequest<'_>| {
            let client = request.client;
            let device = devices.get(request.device_index as usize);
            if let Some(token) = &token {
                token.authorize(request)?;
            }
            if let Some(device) = device {
                tracing::info!("session of {client} on {device}");
            }
            Ok(())
        };
        let served = BackendServer::<XlaBackend>::new(self.devices.clone())
            .with_authorizer(admit)
            .serve(WebSocketTransport::from_listener(self.listener));
        // The caller may end the process now, which a thread inside of a plugin does not survive in good order.
        let start = Instant::now();
        let has_tensors = || self.devices.iter().any(|device| device.statistics().tensors > 0);
        while has_tensors() && start.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(10));
        }
        wait_at_end();
        served.map_err(|error| ServeError::Stopped { reason: error.to_string() })
    }
}

/// How long sessions that end may take to free their tensors.
const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_machines_need_a_token() {
        let anywhere: SocketAddr = "0.0.0.0:0".parse().unwrap();
        let error = Server::bind(Platform::Cpu, anywhere, None).unwrap_err().to_string();
        assert!(error.contains("0.0.0.0:0") && error.contains("--token"), "{error}");
        let error = Server::bind(Platform::Cpu, anywhere, Some("")).unwrap_err();
        assert!(matches!(error, ServeError::TokenEmpty), "{error}");
    }

    #[test]
    fn an_address_that_is_taken_is_told() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = taken.local_addr().unwrap();
        let error = Server::bind(Platform::Cpu, address, None).unwrap_err().to_string();
        assert!(error.contains(&address.to_string()), "{error}");
    }
}

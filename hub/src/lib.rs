//! Models of a hub: from a name to files in the cache that `huggingface_hub` has too.
//!
//! 1. **Name** (`name.rs`) and **settings** (`settings.rs`): which model, from which hub, into which folder.
//! 2. **Listing** (`listing.rs`). The hub is asked once what the repository has at the revision, and `choice.rs` takes
//!    the weights and what belongs to them.
//! 3. **Download** (`fetch.rs`, `download.rs`). For each file that is not here the hub says its tag, which is a hash of its
//!    bytes (`tag.rs`). They are written beside their final place (`partial.rs`), tried again where the connection is cut
//!    (`tries.rs`), checked, and moved there in one step, under a lock (`cache.rs`).
//!
//! `http.rs` alone speaks to servers. It follows redirects by hand, so that the token goes to the hub alone.
//!
//! ```no_run
//! use vit22b_hub::Hub;
//!
//! let hub = Hub::from_env()?.with_watcher(|event| eprintln!("{event}"));
//! let path = hub.fetch(&"timm/vit_small_patch16_224.augreg_in21k_ft_in1k".parse()?)?;
//! # Ok::<(), vit22b_hub::HubError>(())
//! ```

#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::panic,
        clippy::todo,
        clippy::print_stdout,
        clippy::print_stderr,
        clippy::exit
    )
)]

mod address;
mod cache;
mod choice;
mod download;
mod error;
mod fetch;
mod http;
mod listing;
mod name;
mod partial;
mod progress;
mod refusal;
mod settings;
mod tag;
mod tries;

pub use error::HubError;
pub use name::HubName;
pub use progress::HubEvent;
pub use settings::Hub;

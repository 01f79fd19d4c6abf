//! Eight chips of a TPU v4 to compile for. No TPU is needed, but libtpu (`vit22b install tpu`).

use std::io::Write as _;

use burn_xla::pjrt::{ClientOptions, Topology};
use burn_xla::plugin::{self, Platform, PluginError};

/// The chips, one device each; `None`, and a line that says so, where libtpu is not installed.
pub(crate) fn eight_chips() -> Option<Topology> {
    let plugin = match plugin::find(Platform::Tpu) {
        Ok(found) => plugin::load(&found).unwrap(),
        Err(PluginError::NotFound { .. }) => {
            // Past the harness, which keeps what a passing test prints to itself.
            let reason = "no libtpu; get it with `vit22b install tpu`";
            let _ = writeln!(std::io::stderr(), "SKIPPED: {reason}");
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    let options = ClientOptions::new().with("chip_config_name", "megacore");
    Some(Topology::new(&plugin, "v4:2x2x2", &options).unwrap())
}

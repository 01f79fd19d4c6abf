//! The pinned programs through the TPU compiler, where libtpu is installed (`burn-xla install
//! tpu`): what is printed is not for the CPU alone. No TPU is needed.

use std::io::Write as _;
use std::path::Path;

use burn_xla::pjrt::{ClientOptions, CompileOptions, Topology};
use burn_xla::plugin::{self, Platform, PluginError};

#[test]
fn pinned_programs_compile_for_a_tpu() {
    let found = match plugin::find(Platform::Tpu) {
        Ok(found) => found,
        Err(PluginError::NotFound { .. }) => {
            // Past the harness, which keeps what a passing test prints to itself.
            let reason = "no libtpu; get it with `burn-xla install tpu`";
            let _ = writeln!(std::io::stderr(), "SKIPPED: {reason}");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    let plugin = plugin::load(&found).unwrap();
    let options = ClientOptions::new().with("chip_config_name", "megacore");
    let topology = Topology::new(&plugin, "v4:2x2x1", &options).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let partitions = if text.contains("sdy.mesh") { 4 } else { 1 };
        let options = CompileOptions::new().with_partitions(partitions);
        if let Err(error) = topology.compile(&text, &options) {
            panic!("{}: {error}", path.display());
        }
    }
}

//! Eight devices of the CPU.

use std::sync::OnceLock;

use burn_xla::pjrt::{Client, ClientOptions};
use burn_xla::plugin::{self, Platform};

pub(crate) fn client() -> Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    let start = || {
        let plugin = plugin::load(&plugin::ensure(Platform::Cpu).unwrap()).unwrap();
        Client::new(&plugin, &ClientOptions::new().with_cpu_devices(8)).unwrap()
    };
    CLIENT.get_or_init(start).clone()
}

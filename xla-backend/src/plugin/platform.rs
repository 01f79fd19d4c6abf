//! The platforms that programs can be compiled for.

use super::spec::Spec;
use super::{cpu, cuda, tpu};

/// A kind of device, with a plugin of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Platform {
    /// The processor of this machine.
    Cpu,
    /// NVIDIA's GPUs.
    Cuda,
    /// Google's TPUs.
    Tpu,
}

impl Platform {
    /// All platforms, in the order in which they are preferred.
    pub const ALL: [Self; 3] = [Self::Tpu, Self::Cuda, Self::Cpu];

    /// The name in commands: `cpu`, `cuda` or `tpu`.
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// The platform of a name as printed by [`Platform::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|platform| platform.name() == name)
    }

    /// Whether the machine seems to have a device of this platform.
    ///
    /// It looks for device files and does not load the plugin, which may take long or hang where
    /// there is no device.
    pub fn has_device(self) -> bool {
        let files = self.spec().device_files;
        files.is_empty()
            || files.iter().any(|(folder, prefix)| {
                std::fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| {
                    let name = entry.file_name();
                    let rest = name.to_str().and_then(|name| name.strip_prefix(prefix));
                    rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
                })
            })
    }

    /// Environment variables that the platform's library wants before it is loaded.
    pub(crate) fn environment(self) -> &'static [(&'static str, &'static str)] {
        if self.has_device() { &[] } else { self.spec().environment_without_device }
    }

    pub(crate) fn spec(self) -> &'static Spec {
        match self {
            Self::Cpu => &cpu::SPEC,
            Self::Cuda => &cuda::SPEC,
            Self::Tpu => &tpu::SPEC,
        }
    }
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

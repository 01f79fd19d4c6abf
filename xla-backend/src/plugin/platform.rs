//! The platforms that programs can be compiled for.

use super::spec::Spec;
use super::{cpu, cuda, metal, oneapi, rocm, tenstorrent, tpu};

/// A kind of device, with a plugin of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Platform {
    /// The processor of this machine.
    Cpu,
    /// NVIDIA's GPUs.
    Cuda,
    /// Google's TPUs.
    Tpu,
    /// AMD's GPUs ([untried](Self::is_untried)).
    Rocm,
    /// Intel's GPUs ([untried](Self::is_untried)).
    Oneapi,
    /// Apple's GPUs ([untried](Self::is_untried)).
    Metal,
    /// Tenstorrent's accelerators ([untried](Self::is_untried)).
    Tenstorrent,
}

impl Platform {
    /// All platforms, in the order in which they are preferred.
    pub const ALL: [Self; 7] = [
        Self::Tpu,
        Self::Cuda,
        Self::Rocm,
        Self::Oneapi,
        Self::Metal,
        Self::Tenstorrent,
        Self::Cpu,
    ];

    /// The name in commands: `cpu`, `cuda`, `tpu`, `rocm`, `oneapi`, `metal` or `tt`.
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
        let signs = self.spec().devices;
        signs.is_empty() || signs.iter().any(|sign| sign.is_there())
    }

    /// Whether nobody has reported that programs run on this platform. Its plugin is found, installed and loaded like
    /// the others; how it goes is worth an issue.
    pub fn is_untried(self) -> bool {
        self.spec().is_untried
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
            Self::Rocm => &rocm::SPEC,
            Self::Oneapi => &oneapi::SPEC,
            Self::Metal => &metal::SPEC,
            Self::Tenstorrent => &tenstorrent::SPEC,
        }
    }
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_words_and_pins_are_those_of_one_platform() {
        let mut seen = HashSet::new();
        for platform in Platform::ALL {
            let spec = platform.spec();
            assert_eq!(Platform::from_name(platform.name()), Some(platform));
            assert!(!spec.wheels.is_empty() && !spec.variables.is_empty());
            for wheel in spec.wheels {
                assert!(wheel.sha256.len() == 64 && wheel.size > 0 && wheel.unpacked > wheel.size);
                assert!(seen.insert(wheel.folder()), "{}", wheel.folder());
                // The library's own name tells the platform, so that a variable may name it.
                let found = super::super::find::platform_of(wheel.library.as_ref());
                assert_eq!(found, Some(platform), "{}", wheel.library);
            }
        }
        assert_eq!(Platform::from_name("gpu"), None);
    }
}

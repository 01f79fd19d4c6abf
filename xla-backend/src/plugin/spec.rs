//! The peculiarities of a platform's plugin.

use std::fs::DirEntry;
use std::path::Path;

use super::wheel::Wheel;

/// A platform's plugin, and where to find it. Each platform's file has one.
pub(crate) struct Spec {
    /// The name in commands.
    pub(crate) name: &'static str,
    /// The wheels that are pinned, the best first. [`Spec::wheel`] is what is installed; those behind it are what
    /// was pinned before, and serve where it cannot be fetched.
    pub(crate) wheels: &'static [Wheel],
    /// Whether nobody has reported that programs run on it.
    pub(crate) is_untried: bool,
    /// Libraries to look for in a Python environment, relative to `site-packages`, the best first.
    pub(crate) site_packages: &'static [&'static str],
    /// Environment variables that name the library of this platform.
    pub(crate) variables: &'static [&'static str],
    /// Names that JAX's `PJRT_NAMES_AND_LIBRARY_PATHS` uses for this platform.
    pub(crate) jax_names: &'static [&'static str],
    /// Words that tell this platform in the name of a library's file.
    pub(crate) file_words: &'static [&'static str],
    /// Options that each client of the platform needs, unless the caller gives them.
    pub(crate) client_options: &'static [(&'static str, &'static str)],
    /// Environment variables that are set before the library is loaded on a machine without such a device,
    /// unless the user has set them.
    pub(crate) environment_without_device: &'static [(&'static str, &'static str)],
    /// What tells that the machine has such a device: one of these is enough. Empty if every machine has one.
    pub(crate) devices: &'static [Device],
    /// Other libraries that must be on the machine.
    pub(crate) needs: &'static [Need],
}

/// A sign of a device, which is looked for without the plugin.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Device {
    /// A file or folder.
    File(&'static str),
    /// A file in a folder whose name is this and a number behind it.
    Numbered { folder: &'static str, prefix: &'static str },
    /// A graphics device of this vendor on the PCI bus, as Linux tells it.
    PciVendor(&'static str),
}

impl Device {
    pub(crate) fn is_there(self) -> bool {
        match self {
            Self::File(path) => Path::new(path).exists(),
            Self::Numbered { folder, prefix } => entries(folder).any(|entry| {
                let name = entry.file_name();
                let rest = name.to_str().and_then(|name| name.strip_prefix(prefix));
                rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            }),
            Self::PciVendor(vendor) => entries("/sys/class/drm").any(|entry| {
                let its = std::fs::read_to_string(entry.path().join("device/vendor"));
                its.is_ok_and(|its| its.trim() == vendor)
            }),
        }
    }
}

fn entries(folder: &str) -> impl Iterator<Item = DirEntry> {
    std::fs::read_dir(folder).into_iter().flatten().flatten()
}

impl Spec {
    /// The wheel that is installed.
    pub(crate) fn wheel(&self) -> &'static Wheel {
        &self.wheels[0]
    }
}

/// A library that a plugin loads at run time.
pub(crate) struct Need {
    /// The name of the file.
    pub(crate) library: &'static str,
    /// Its purpose.
    pub(crate) purpose: &'static str,
    /// How to get it; `{folder}` stands for the folder two above that of the plugin.
    pub(crate) remedy: &'static str,
}

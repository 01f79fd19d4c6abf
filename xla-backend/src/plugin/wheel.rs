//! Pinned wheels.

/// A wheel, pinned to a version and a hash.
pub(crate) struct Wheel {
    /// The project.
    pub(crate) project: &'static str,
    /// The version.
    pub(crate) version: &'static str,
    /// The SHA-256 of the file, in hexadecimal digits.
    pub(crate) sha256: &'static str,
    /// The size of the file in bytes.
    pub(crate) size: u64,
    /// The size of the library in bytes, once it is unpacked.
    pub(crate) unpacked: u64,
    /// The library in the wheel.
    pub(crate) library: &'static str,
    /// Its tags: without them pip would choose a file by the Python that runs it, and the hash by
    /// chance.
    pub(crate) platform_tag: &'static str,
    /// The version of Python that the file is tagged for, if for one in particular.
    pub(crate) python_version: Option<&'static str>,
    /// The machines that it is made for.
    pub(crate) machine: Machine,
}

/// A system and a processor, by Rust's names for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Machine {
    pub(crate) os: &'static str,
    pub(crate) arch: &'static str,
}

impl Machine {
    pub(crate) const LINUX: Self = Self { os: "linux", arch: "x86_64" };

    /// This machine.
    pub(crate) const fn this() -> Self {
        Self { os: std::env::consts::OS, arch: std::env::consts::ARCH }
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let os = match self.os {
            "linux" => "Linux",
            "macos" => "macOS",
            os => os,
        };
        write!(f, "{os} on {}", self.arch)
    }
}

impl Wheel {
    /// What pip calls it.
    pub(crate) fn requirement(&self) -> String {
        format!("{}=={}", self.project, self.version)
    }

    /// The folder of the cache that it is installed in.
    pub(crate) fn folder(&self) -> String {
        format!("{}-{}", self.project, self.version)
    }

    /// Whether it is the wheel that a user names: by its project, or with the version as in a requirement.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        name == self.project || name == self.requirement()
    }

    /// The name of the library, without the folders.
    pub(crate) fn library_name(&self) -> &'static str {
        self.library.rsplit('/').next().unwrap_or(self.library)
    }
}

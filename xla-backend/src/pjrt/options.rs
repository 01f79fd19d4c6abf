//! Named values: options that go into a plugin and attributes that come out of one.

use std::collections::BTreeMap;

use super::api::{list, string};
use super::ffi;

/// The value of an option or an attribute.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum OptionValue {
    /// A text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// Several whole numbers.
    Ints(Vec<i64>),
    /// A number.
    Float(f32),
    /// Yes or no.
    Bool(bool),
}

impl OptionValue {
    /// A value as people write it in a flag: `true` and `false` are truth values, all else is text, of which compilers
    /// take numbers too.
    pub fn of_flag(text: &str) -> Self {
        match text {
            "true" => Self::Bool(true),
            "false" => Self::Bool(false),
            text => Self::Text(text.into()),
        }
    }
}

impl From<&str> for OptionValue {
    fn from(value: &str) -> Self {
        Self::Text(value.into())
    }
}

impl From<String> for OptionValue {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<i64> for OptionValue {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<Vec<i64>> for OptionValue {
    fn from(value: Vec<i64>) -> Self {
        Self::Ints(value)
    }
}

impl From<f32> for OptionValue {
    fn from(value: f32) -> Self {
        Self::Float(value)
    }
}

impl From<bool> for OptionValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl std::fmt::Display for OptionValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(value) => f.write_str(value),
            Self::Int(value) => write!(f, "{value}"),
            Self::Ints(values) => {
                for (index, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if index == 0 { "" } else { "." })?;
                }
                Ok(())
            }
            Self::Float(value) => write!(f, "{value}"),
            Self::Bool(value) => write!(f, "{value}"),
        }
    }
}

/// Options of a client or a topology; which there are is the platform's affair.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClientOptions {
    options: Vec<(String, OptionValue)>,
    flags: BTreeMap<String, OptionValue>,
}

impl ClientOptions {
    /// No options: the plugin's defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an option, such as `chip_config_name` on TPU.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<OptionValue>) -> Self {
        self.options.push((name.into(), value.into()));
        self
    }

    /// Makes the CPU plugin offer this many devices (its option `cpu_device_count`), to try sharded
    /// programs on one machine.
    #[must_use]
    pub fn with_cpu_devices(self, count: u32) -> Self {
        self.with("cpu_device_count", i64::from(count))
    }

    /// The part of a GPU's memory that the client may take, from 0 to 1 (the option `memory_fraction`; by default 0.75).
    #[must_use]
    pub fn with_memory_fraction(self, fraction: f32) -> Self {
        self.with("memory_fraction", fraction)
    }

    /// Whether the client takes that part of a GPU's memory at once (the option `preallocate`; by default it does).
    #[must_use]
    pub fn with_preallocation(self, preallocates: bool) -> Self {
        self.with("preallocate", preallocates)
    }

    /// The GPUs of the machine that the client may use, by their numbers (the option `visible_devices`; by default
    /// all).
    #[must_use]
    pub fn with_visible_devices(self, devices: impl Into<Vec<i64>>) -> Self {
        self.with("visible_devices", devices.into())
    }

    /// Gives every compilation of the client one of the compiler's settings, as
    /// [`CompileOptions::with_override`] gives it to one, which goes before it. A topology does not heed it.
    ///
    /// [`CompileOptions::with_override`]: super::CompileOptions::with_override
    #[must_use]
    pub fn with_compiler_flag(
        mut self,
        name: impl Into<String>,
        value: impl Into<OptionValue>,
    ) -> Self {
        self.flags.insert(name.into(), value.into());
        self
    }

    /// The options by name.
    pub fn options(&self) -> &[(String, OptionValue)] {
        &self.options
    }

    pub(crate) fn flags(&self) -> &BTreeMap<String, OptionValue> {
        &self.flags
    }

    /// The options as the C API takes them; they borrow from `self`.
    pub(crate) fn to_raw(&self) -> Vec<ffi::NamedValue> {
        self.options.iter().map(|(name, value)| raw(name, value)).collect()
    }
}

fn raw(name: &str, value: &OptionValue) -> ffi::NamedValue {
    let (kind, value, value_size) = match value {
        OptionValue::Text(text) => {
            (ffi::NAMED_STRING, ffi::NamedValueUnion { string: text.as_ptr().cast() }, text.len())
        }
        OptionValue::Int(int64) => (ffi::NAMED_INT64, ffi::NamedValueUnion { int64: *int64 }, 1),
        OptionValue::Ints(list) => {
            (ffi::NAMED_INT64_LIST, ffi::NamedValueUnion { int64_list: list.as_ptr() }, list.len())
        }
        OptionValue::Float(float) => (ffi::NAMED_FLOAT, ffi::NamedValueUnion { float: *float }, 1),
        OptionValue::Bool(bool) => (ffi::NAMED_BOOL, ffi::NamedValueUnion { bool: *bool }, 1),
    };
    ffi::NamedValue {
        name: name.as_ptr().cast(),
        name_size: name.len(),
        kind,
        value,
        value_size,
        ..ffi::NamedValue::default()
    }
}

/// Copies a plugin's list of attributes. Values of a kind unknown to this crate are left out.
///
/// # Safety
///
/// `values` must be null or point to `count` named values whose strings and lists are readable.
pub(crate) unsafe fn named_values(
    values: *const ffi::NamedValue,
    count: usize,
) -> Vec<(String, OptionValue)> {
    if values.is_null() || count == 0 {
        return Vec::new();
    }
    // A newer plugin may have longer structs; the first one tells the distance from one to the
    // next. SAFETY: there is at least one value, and `struct_size` is its first field.
    let size = unsafe { (&raw const (*values).struct_size).read() };
    let stride = size.next_multiple_of(align_of::<ffi::NamedValue>());
    if stride < size_of::<ffi::NamedValue>() {
        return Vec::new();
    }
    (0..count)
        .filter_map(|index| {
            // SAFETY: `index` is below `count`, and values lie `stride` bytes apart.
            let value = unsafe { values.byte_add(index * stride).read() };
            // SAFETY: name and value are readable with their lengths, and `kind` says which field
            // of the union is set.
            unsafe {
                let name = string(value.name, value.name_size);
                let value = match value.kind {
                    ffi::NAMED_STRING => {
                        OptionValue::Text(string(value.value.string, value.value_size))
                    }
                    ffi::NAMED_INT64 => OptionValue::Int(value.value.int64),
                    ffi::NAMED_INT64_LIST => {
                        OptionValue::Ints(list(value.value.int64_list, value.value_size).to_vec())
                    }
                    ffi::NAMED_FLOAT => OptionValue::Float(value.value.float),
                    ffi::NAMED_BOOL => OptionValue::Bool(value.value.bool),
                    _ => return None,
                };
                Some((name, value))
            }
        })
        .collect()
}

//! The peak speeds of chips.

use super::error::CostError;
use crate::pjrt::Topology;

/// Speeds of a kind of TPU chip, from its data sheet.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Chip {
    /// Its name in plugins, see [`DeviceDescription::kind`](crate::pjrt::DeviceDescription::kind).
    pub kind: &'static str,
    /// Cycles per second of its cores.
    pub clock_hz: f64,
    /// Operations per second of all matrix units in bf16.
    pub peak_flops_per_second: f64,
    /// Bytes per second of one link between chips, in each of its two directions.
    pub link_bytes_per_second: f64,
}

impl Chip {
    /// The chips that are known.
    pub const ALL: [Self; 4] = [
        Self::new("TPU v4", 1.05e9, 275e12, 45e9),
        Self::new("TPU v5 lite", 1.5e9, 197e12, 45e9),
        Self::new("TPU v5", 1.75e9, 459e12, 90e9),
        Self::new("TPU v6 lite", 1.75e9, 918e12, 90e9),
    ];

    const fn new(
        kind: &'static str,
        clock_hz: f64,
        peak_flops_per_second: f64,
        link_bytes_per_second: f64,
    ) -> Self {
        Self { kind, clock_hz, peak_flops_per_second, link_bytes_per_second }
    }

    /// The chip of this kind.
    ///
    /// ```
    /// use burn_xla::cost::Chip;
    ///
    /// assert_eq!(Chip::of("TPU v4").unwrap().peak_flops_per_second, 275e12);
    /// assert!(Chip::of("cpu").is_none());
    /// ```
    pub fn of(kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|chip| chip.kind == kind)
    }

    /// The chip that the devices of a topology are.
    ///
    /// # Errors
    ///
    /// [`CostError::Chip`] for a kind that is not known.
    pub fn in_topology(topology: &Topology) -> Result<Self, CostError> {
        let kind = topology.devices().first().map_or("none", |device| &device.kind);
        let unknown = || CostError::Chip {
            kind: kind.to_owned(),
            known: Self::ALL.map(|chip| chip.kind).to_vec(),
        };
        Self::of(kind).ok_or_else(unknown)
    }
}

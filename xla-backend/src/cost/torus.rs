//! The links that messages take.

use super::error::CostError;
use crate::pjrt::{OptionValue, Topology};

/// Chips on a grid of up to three axes, each linked to its neighbours; an axis that wraps has a link
/// from its last chip to its first.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Torus {
    /// Chips along each axis.
    pub size: [usize; 3],
    /// Which axes wrap.
    pub wraps: [bool; 3],
    /// Where the chip of each device is, by the device's id.
    coords: Vec<[usize; 3]>,
}

/// The directions in which a chip has links: along each axis up, then down.
pub(super) const CHANNELS: usize = 6;

/// How a transfer loads the links of each direction, at the most loaded link: in shares of the
/// transfer's bytes.
pub(super) type Load = [f64; CHANNELS];

impl Torus {
    /// The grid of a topology, whose axes wrap as its attribute `wrap` says.
    ///
    /// # Errors
    ///
    /// [`CostError::NoCoordinates`] if its devices tell none.
    pub fn of(topology: &Topology) -> Result<Self, CostError> {
        let ints = |attributes: &[(String, OptionValue)], name: &str| {
            attributes.iter().find_map(|(key, value)| match value {
                OptionValue::Ints(values) if key == name => Some(values.clone()),
                _ => None,
            })
        };
        let mut devices = Vec::new();
        for device in topology.devices() {
            let coords = ints(&device.attributes, "coords").ok_or(CostError::NoCoordinates)?;
            let mut at = [0; 3];
            for (at, value) in at.iter_mut().zip(coords) {
                *at = usize::try_from(value).map_err(|_| CostError::NoCoordinates)?;
            }
            devices.push((device.id, at));
        }
        devices.sort_unstable();
        let wraps = topology.attributes().ok().and_then(|all| ints(&all, "wrap"));
        let wraps = wraps.unwrap_or_default();
        let wraps = [0, 1, 2].map(|axis| wraps.get(axis).is_some_and(|&wraps| wraps != 0));
        Ok(Self::new(devices.into_iter().map(|(_, at)| at).collect(), wraps))
    }

    /// A grid of devices by their coordinates.
    pub fn new(coords: Vec<[usize; 3]>, wraps: [bool; 3]) -> Self {
        let size = |axis: usize| coords.iter().map(|at| at[axis] + 1).max().unwrap_or(1);
        Self { size: [0, 1, 2].map(size), wraps, coords }
    }

    /// Number of chips.
    pub fn num_chips(&self) -> usize {
        self.size.iter().product()
    }

    /// Number of devices: one for each chip, or one for each of its cores.
    pub fn num_devices(&self) -> usize {
        self.coords.len()
    }

    /// The load of an exchange in which each device of a group gets one unit in all from the others: an
    /// all-gather, or its mirror image, a reduce-scatter.
    ///
    /// Along an axis that wraps and that a group fills, shards go both ways round. On a line the device at the
    /// end gets everything through one link. Axes work at the same time. Groups that interleave share links.
    pub(super) fn exchange(&self, group: &[usize]) -> Load {
        let count = group.len() as f64;
        let unit = (count - 1.0).max(0.0) / count.max(1.0);
        let lanes = self.lanes(group);
        let all: f64 = lanes.iter().sum();
        let mut load = [0.0; CHANNELS];
        for (axis, _) in lanes.iter().enumerate().filter(|(_, lanes)| **lanes > 0.0) {
            let share = unit / all;
            load[2 * axis] = share;
            load[2 * axis + 1] = share;
        }
        load
    }

    /// Where the devices of a group stand along an axis, in order.
    fn places(&self, group: &[usize], axis: usize) -> Vec<usize> {
        let at = |device: &usize| self.coords.get(*device).copied().unwrap_or_default();
        let mut places: Vec<_> = group.iter().map(|device| at(device)[axis]).collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// How many links of each axis bring a group's device what it gets, at the worst of its places.
    fn lanes(&self, group: &[usize]) -> [f64; 3] {
        [0, 1, 2].map(|axis| {
            let places = self.places(group, axis);
            let (Some(first), Some(last)) = (places.first(), places.last()) else { return 0.0 };
            if places.len() < 2 {
                return 0.0;
            }
            let stride = (last - first) as f64 / (places.len() - 1) as f64;
            let is_ring =
                self.wraps[axis] && stride * places.len() as f64 >= self.size[axis] as f64;
            if is_ring { 2.0 / stride } else { 1.0 / stride }
        })
    }

    /// The load of an exchange in which each device of a group has another shard for each of the others, one
    /// unit in all. Half of all data crosses the middle of an axis.
    pub(super) fn transpose(&self, group: &[usize]) -> Load {
        let lanes = self.lanes(group);
        let mut load = [0.0; CHANNELS];
        for (axis, lanes) in lanes.iter().enumerate().filter(|(_, lanes)| **lanes > 0.0) {
            // Half the devices send half of what they have over the cut, which a ring has twice.
            let share = self.places(group, axis).len() as f64 / 4.0 / lanes;
            load[2 * axis] = share;
            load[2 * axis + 1] = share;
        }
        load
    }

    /// The load of sending one unit from device to device, by the shortest way along one axis after the other.
    pub(super) fn send(&self, pairs: &[(usize, usize)]) -> Load {
        let mut links = vec![[0u32; CHANNELS]; self.num_chips()];
        let at = |device: usize| self.coords.get(device).copied().unwrap_or_default();
        for &(from, to) in pairs {
            let (mut here, to) = (at(from), at(to));
            for axis in 0..3 {
                let size = self.size[axis];
                let up = (to[axis] + size - here[axis]) % size;
                let goes_up = match self.wraps[axis] {
                    true => up <= size - up,
                    false => to[axis] >= here[axis],
                };
                while here[axis] != to[axis] {
                    let place = (here[2] * self.size[1] + here[1]) * self.size[0] + here[0];
                    links[place][2 * axis + usize::from(!goes_up)] += 1;
                    let step = if goes_up { 1 } else { size - 1 };
                    here[axis] = (here[axis] + step) % size;
                }
            }
        }
        let mut load = [0.0f64; CHANNELS];
        for link in links {
            for (load, count) in load.iter_mut().zip(link) {
                *load = load.max(f64::from(count));
            }
        }
        load
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn torus(size: [usize; 3], wraps: bool) -> Torus {
        let [x, y, z] = size;
        let place = |i: usize| [i % x, i / x % y, i / (x * y)];
        Torus::new((0..x * y * z).map(place).collect(), [wraps; 3])
    }

    fn most(load: Load) -> f64 {
        load.into_iter().fold(0.0, f64::max)
    }

    #[test]
    fn a_ring_is_twice_as_fast_as_a_line_and_axes_work_together() {
        let row: Vec<usize> = (0..8).collect();
        assert_eq!(most(torus([8, 4, 1], false).exchange(&row)), 7.0 / 8.0);
        assert_eq!(most(torus([8, 4, 1], true).exchange(&row)), 7.0 / 16.0);
        // Two neighbours have one link.
        assert_eq!(most(torus([8, 4, 1], true).exchange(&[0, 1])), 0.5);
        // Every other chip of a row: two groups share its links.
        assert_eq!(most(torus([8, 4, 1], true).exchange(&[0, 2, 4, 6])), 0.75);
        let all: Vec<usize> = (0..32).collect();
        assert_eq!(most(torus([8, 4, 1], true).exchange(&all)), 31.0 / 32.0 / 4.0);
    }

    #[test]
    fn messages_load_the_links_on_their_way() {
        let next: Vec<_> = (0..8).map(|i| (i, (i + 1) % 8)).collect();
        let ring = torus([8, 1, 1], true).send(&next);
        assert_eq!(ring, [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        // Without the link from the last to the first its message goes all the way back.
        let line = torus([8, 1, 1], false).send(&next);
        assert_eq!(line, [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
        // Three steps down, which overlap.
        let far: Vec<_> = (0..8).map(|i| (i, (i + 5) % 8)).collect();
        assert_eq!(torus([8, 1, 1], true).send(&far), [0.0, 3.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn an_all_to_all_is_bound_by_the_middle() {
        let row: Vec<usize> = (0..8).collect();
        assert_eq!(most(torus([8, 1, 1], false).transpose(&row)), 2.0);
        assert_eq!(most(torus([8, 1, 1], true).transpose(&row)), 1.0);
    }
}

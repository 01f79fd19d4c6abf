//! The groups of devices in a collective, in the three forms in which XLA writes them.

use prost::Message;

/// `ReplicaGroup`: the members by name.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Group {
    #[prost(int64, repeated, tag = "1")]
    pub(super) members: Vec<i64>,
}

/// `CollectiveDeviceListProto`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct DeviceList {
    #[prost(message, repeated, tag = "1")]
    pub(super) groups: Vec<Group>,
    #[prost(message, optional, tag = "2")]
    pub(super) iota: Option<IotaGroups>,
}

/// `IotaReplicaGroupListProto`: all devices in order, as an array that is transposed and cut into
/// groups.
#[derive(Clone, PartialEq, Message)]
pub(super) struct IotaGroups {
    #[prost(int64, tag = "1")]
    num_groups: i64,
    #[prost(int64, tag = "2")]
    group_size: i64,
    #[prost(int64, repeated, tag = "3")]
    dims: Vec<i64>,
    #[prost(int32, repeated, tag = "4")]
    order: Vec<i32>,
}

/// `MeshAxesReplicaGroupListProto`: the devices that differ in these axes of a mesh.
#[derive(Clone, PartialEq, Message)]
pub(super) struct MeshGroups {
    #[prost(message, optional, tag = "1")]
    mesh: Option<Mesh>,
    #[prost(message, repeated, tag = "2")]
    axes: Vec<AxisRef>,
}

#[derive(Clone, PartialEq, Message)]
struct Mesh {
    #[prost(message, repeated, tag = "1")]
    axes: Vec<Axis>,
    #[prost(int64, repeated, tag = "2")]
    devices: Vec<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct Axis {
    #[prost(int64, tag = "2")]
    size: i64,
}

#[derive(Clone, PartialEq, Message)]
struct AxisRef {
    #[prost(int64, tag = "1")]
    index: i64,
    #[prost(message, optional, tag = "2")]
    part: Option<SubAxis>,
}

/// A factor of an axis: `size` positions, with `before` positions outside of it.
#[derive(Clone, PartialEq, Message)]
struct SubAxis {
    #[prost(int64, tag = "1")]
    before: i64,
    #[prost(int64, tag = "2")]
    size: i64,
}

fn natural(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

/// The groups by name.
pub(super) fn named(groups: &[Group]) -> Vec<Vec<usize>> {
    groups.iter().map(|group| group.members.iter().map(|&id| natural(id)).collect()).collect()
}

impl DeviceList {
    pub(super) fn groups(&self) -> Vec<Vec<usize>> {
        self.iota.as_ref().map_or_else(|| named(&self.groups), IotaGroups::groups)
    }
}

impl IotaGroups {
    pub(super) fn groups(&self) -> Vec<Vec<usize>> {
        let dims: Vec<_> = self.dims.iter().map(|&dim| natural(dim)).collect();
        let mut order: Vec<_> = self.order.iter().map(|&axis| natural(axis.into())).collect();
        if order.is_empty() {
            order = (0..dims.len()).collect();
        }
        let ids = transposed(&dims, &order);
        ids.chunks(natural(self.group_size).max(1)).map(<[usize]>::to_vec).collect()
    }
}

impl MeshGroups {
    pub(super) fn groups(&self) -> Vec<Vec<usize>> {
        let mesh = self.mesh.clone().unwrap_or_default();
        // Axes are cut into factors, so that each dimension is inside of a group or outside.
        let (mut dims, mut inside) = (vec![], vec![]);
        for (index, axis) in mesh.axes.iter().enumerate() {
            let mut rest = natural(axis.size);
            for part in self.axes.iter().filter(|axis| natural(axis.index) == index) {
                let (before, size) = match &part.part {
                    Some(part) => (natural(part.before).max(1), natural(part.size).max(1)),
                    None => (1, rest),
                };
                dims.push(before);
                inside.push(dims.len());
                dims.push(size);
                rest /= before * size;
            }
            dims.push(rest.max(1));
        }
        let outside = (0..dims.len()).filter(|dim| !inside.contains(dim));
        let order: Vec<_> = outside.chain(inside.iter().copied()).collect();
        let size: usize = inside.iter().map(|&dim| dims[dim]).product();
        let name = |place: &usize| mesh.devices.get(*place).map_or(*place, |&id| natural(id));
        let places = transposed(&dims, &order);
        places.chunks(size.max(1)).map(|group| group.iter().map(name).collect()).collect()
    }
}

/// The numbers `0..` as an array of these dimensions, row by row with its axes in another order.
fn transposed(dims: &[usize], order: &[usize]) -> Vec<usize> {
    let stride = |axis: usize| dims.get(axis + 1..).map_or(1, |rest| rest.iter().product());
    order.iter().fold(vec![0], |ids, &axis| {
        let (size, stride): (usize, usize) = (dims.get(axis).copied().unwrap_or(1), stride(axis));
        ids.iter().flat_map(|&id| (0..size).map(move |at| id + at * stride)).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_ways_to_write_groups_agree() {
        let expected = vec![vec![0, 2, 4], vec![1, 3, 5]];
        let group = |members: [i64; 3]| Group { members: members.to_vec() };
        let list = DeviceList { groups: vec![group([0, 2, 4]), group([1, 3, 5])], iota: None };
        assert_eq!(list.groups(), expected);
        let iota = IotaGroups { num_groups: 2, group_size: 3, dims: vec![3, 2], order: vec![1, 0] };
        assert_eq!(iota.groups(), expected);
        let axes = vec![Axis { size: 3 }, Axis { size: 2 }];
        let mesh = Some(Mesh { axes, devices: vec![] });
        let groups =
            MeshGroups { mesh: mesh.clone(), axes: vec![AxisRef { index: 0, part: None }] };
        assert_eq!(groups.groups(), expected);
        // Without a transposition groups are rows.
        let rows = IotaGroups { num_groups: 3, group_size: 2, dims: vec![6], order: vec![] };
        assert_eq!(rows.groups(), [[0, 1], [2, 3], [4, 5]]);
        let groups = MeshGroups { mesh, axes: vec![AxisRef { index: 1, part: None }] };
        assert_eq!(groups.groups(), [[0, 1], [2, 3], [4, 5]]);
    }

    #[test]
    fn a_part_of_an_axis_and_devices_in_another_order() {
        let axes = vec![Axis { size: 8 }];
        let devices = (0..8).rev().collect();
        let part = Some(SubAxis { before: 2, size: 2 });
        let groups = MeshGroups {
            mesh: Some(Mesh { axes, devices }),
            axes: vec![AxisRef { index: 0, part }],
        };
        assert_eq!(groups.groups(), [[7, 5], [6, 4], [3, 1], [2, 0]]);
    }
}

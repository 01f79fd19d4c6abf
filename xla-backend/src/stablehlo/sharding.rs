//! Meshes, shardings and other attributes of arguments, as text.

use std::fmt::Write as _;

/// Named axes of devices, printed as `sdy.mesh`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mesh {
    /// The symbol that shardings refer to.
    pub name: String,
    /// Axis names with their sizes, outermost first.
    pub axes: Vec<(String, usize)>,
}

/// How a tensor is sharded over a [`Mesh`]: for each dimension the axes that cut it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sharding {
    /// The name of the mesh.
    pub mesh: String,
    /// For each dimension the axes that cut it, the major one first; none if it is not cut.
    pub dims: Vec<Vec<String>>,
}

impl Sharding {
    /// The attribute without its `#sdy.sharding` head: `<@mesh, [{"data"}, {}]>`.
    pub(super) fn body(&self) -> String {
        let mut text = format!("<@{}, [", self.mesh);
        for (i, axes) in self.dims.iter().enumerate() {
            if i > 0 {
                text.push_str(", ");
            }
            text.push('{');
            for (j, axis) in axes.iter().enumerate() {
                let _ = write!(text, "{}\"{axis}\"", if j > 0 { ", " } else { "" });
            }
            text.push('}');
        }
        text.push_str("]>");
        text
    }
}

/// Attributes of one argument or result.
#[derive(Clone, Debug, Default)]
pub(super) struct Attributes {
    pub(super) sharding: Option<Sharding>,
    pub(super) aliases: Option<usize>,
    pub(super) donated: bool,
}

impl Attributes {
    /// The attribute dictionary with a leading space, or nothing.
    pub(super) fn print(&self) -> String {
        let mut parts = Vec::new();
        if self.donated && self.aliases.is_none() {
            parts.push("jax.buffer_donor = true".to_owned());
        }
        if let Some(sharding) = &self.sharding {
            parts.push(format!("sdy.sharding = #sdy.sharding{}", sharding.body()));
        }
        if let Some(result) = self.aliases {
            parts.push(format!("tf.aliasing_output = {result} : i32"));
        }
        if parts.is_empty() { String::new() } else { format!(" {{{}}}", parts.join(", ")) }
    }
}

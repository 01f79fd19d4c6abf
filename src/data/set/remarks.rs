//! What a reader of images left out or changed, told once for all of a kind.

/// Names that a remark shows at most: of images, and of what holds many.
const SHOWN: usize = 3;
const SHOWN_OF_MANY: usize = 100;

/// Remarks on a folder, list or shard while it is read, in the order in which their kinds were seen first.
#[derive(Debug, Default)]
pub(super) struct Remarks(Vec<Remark>);

#[derive(Debug)]
struct Remark {
    /// What is told, without the names.
    what: String,
    count: usize,
    names: Vec<String>,
}

impl Remarks {
    /// Tells something of the whole.
    pub(super) fn tell(&mut self, what: impl Into<String>) {
        self.0.push(Remark { what: what.into(), count: 0, names: Vec::new() });
    }

    /// Counts and names something that is of the kind `what`. Of many, the first three are named.
    pub(super) fn add(&mut self, what: &str, name: impl Into<String>) {
        self.count(what, name, SHOWN);
    }

    /// As [`Self::add`], for what holds many images, so that each is named.
    pub(super) fn name(&mut self, what: &str, name: impl Into<String>) {
        self.count(what, name, SHOWN_OF_MANY);
    }

    fn count(&mut self, what: &str, name: impl Into<String>, shown: usize) {
        let at = self.0.iter().position(|remark| remark.what == what).unwrap_or_else(|| {
            self.tell(what);
            self.0.len() - 1
        });
        let remark = &mut self.0[at];
        remark.count += 1;
        if remark.names.len() < shown {
            remark.names.push(name.into());
        }
    }

    /// A line for each kind.
    pub(super) fn lines(self) -> Vec<String> {
        let line = |remark: Remark| match remark.count {
            0 => remark.what,
            count => {
                let more = if count > remark.names.len() { ", …" } else { "" };
                format!("{}: {count} ({}{more})", remark.what, remark.names.join(", "))
            }
        };
        self.0.into_iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_of_a_kind_are_one_line() {
        let mut remarks = Remarks::default();
        for name in ["a.heic", "b.heic", "c.heic", "d.heic"] {
            remarks.add("not read", name);
        }
        remarks.tell("no labels");
        assert_eq!(remarks.lines(), ["not read: 4 (a.heic, b.heic, c.heic, …)", "no labels"]);
    }
}

//! The classes that masks have.

use std::path::Path;

use anyhow::Context;
use vit22b::data::ClassList;

/// The classes that an option names: published ones, or the names of a file.
pub(super) fn classes(name: &str) -> anyhow::Result<ClassList> {
    match name {
        "ade20k" => Ok(ClassList::ade20k()),
        "context" => Ok(ClassList::pascal_context()),
        "voc" => Ok(ClassList::pascal_voc()),
        file => ClassList::read(Path::new(file)).with_context(|| {
            format!("--classes {file}: expected ade20k, context, voc, or a file with a name on each line")
        }),
    }
}

/// The classes of a model: those that its file has, those of the option, or those that it names.
pub(super) fn of_model(
    given: Option<&str>,
    own: Option<ClassList>,
    (names, count): (&[String], usize),
) -> anyhow::Result<ClassList> {
    let list = match (given, own) {
        (Some(name), _) => classes(name)?,
        (None, Some(own)) => own,
        (None, None) => {
            let numbered = || (0..count).map(|class| class.to_string()).collect();
            let names = if names.len() == count { names.to_vec() } else { numbered() };
            ClassList::new(names, 0).context("--weights")?
        }
    };
    anyhow::ensure!(
        list.len() == count,
        "--classes {}: {} classes, and the model has {count}",
        given.unwrap_or("of the file"),
        list.len()
    );
    Ok(list)
}

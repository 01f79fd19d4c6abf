//! The class that is asked for, by its name or its number.

use anyhow::bail;

/// Names that are shown where the one that was typed is not among them.
const SHOWN: usize = 8;

/// The class that `--class` names: the name as the file has it in any case, one of the names between its commas, or
/// the class's number.
pub(super) fn class(typed: &str, names: &[String], classes: usize) -> anyhow::Result<usize> {
    let wanted = typed.trim().to_lowercase();
    let whole = |name: &String| name.trim().to_lowercase() == wanted;
    let alias = |name: &String| name.split(',').any(|part| part.trim().to_lowercase() == wanted);
    let found = |is_it: &dyn Fn(&String) -> bool| -> Vec<usize> {
        (0..names.len()).filter(|class| is_it(&names[*class])).collect()
    };
    let wholes = found(&whole);
    let found = if wholes.is_empty() { found(&alias) } else { wholes };
    match (found.as_slice(), wanted.parse::<usize>()) {
        ([class], _) => Ok(*class),
        ([], Ok(number)) if number < classes => Ok(number),
        ([], Ok(_)) => bail!("--class {typed}: the classes are 0 to {}", classes - 1),
        ([], Err(_)) if names.is_empty() => bail!(
            "--class {typed}: the file has no names of classes; give a number, 0 to {}",
            classes - 1
        ),
        ([], Err(_)) => {
            let like = names.iter().filter(|name| name.to_lowercase().contains(&wanted));
            let like: Vec<&str> = like.take(SHOWN).map(String::as_str).collect();
            let some = names.iter().take(SHOWN).map(String::as_str).collect();
            let (shown, what) =
                if like.is_empty() { (some, "there are") } else { (like, "like it are") };
            bail!(
                "--class {typed}: none of {classes} classes has this name; {what} {}{}",
                shown.join("; "),
                if names.len() > SHOWN { "; …" } else { "" }
            )
        }
        (several, _) => {
            let several: Vec<String> =
                several.iter().map(|class| format!("{class} ({})", names[*class])).collect();
            bail!(
                "--class {typed}: several classes have this name; give a number: {}",
                several.join(", ")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_found_by_name_by_one_of_their_names_and_by_number() {
        let names = ["tabby, tabby cat", "crane", "Crane, bird", "7", "cat"];
        let names = names.map(String::from);
        let class = |typed: &str| class(typed, &names, names.len());
        assert_eq!(class("Tabby Cat").unwrap(), 0);
        assert_eq!(class("cat").unwrap(), 4);
        // A whole name is before a part of one, and a name before a number.
        assert_eq!(class("crane").unwrap(), 1);
        assert_eq!((class("7").unwrap(), class("2").unwrap()), (3, 2));
        let said = |typed: &str| class(typed).unwrap_err().to_string();
        assert_eq!(said("5"), "--class 5: the classes are 0 to 4");
        assert!(
            said("tab").ends_with("has this name; like it are tabby, tabby cat"),
            "{}",
            said("tab")
        );
        assert!(said("dog").contains("there are tabby, tabby cat; crane; Crane, bird; 7; cat"));
        let none = super::class("dog", &[], 3).unwrap_err().to_string();
        assert!(none.ends_with("has no names of classes; give a number, 0 to 2"), "{none}");
        let twice = ["a, x", "b, x"].map(String::from);
        let twice = super::class("x", &twice, 2).unwrap_err().to_string();
        assert!(twice.ends_with("give a number: 0 (a, x), 1 (b, x)"), "{twice}");
    }
}

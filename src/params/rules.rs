//! Ordered rules over parameter paths.

use core::fmt;

use regex::Regex;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Rules that do not cover all paths, or that do not parse.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RulesError {
    /// Paths that no rule matches.
    #[error(
        "no rule covers {}: add a rule, such as (\".*\", ...) at the end", paths.join(", ")
    )]
    Uncovered {
        /// The paths.
        paths: Vec<String>,
    },
    /// A rule whose pattern does not parse.
    #[error("the rule {pattern:?} is no regular expression: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// A list of patterns with values. A path has the value of the first pattern that matches the whole
/// path; a path that no pattern matches is an error.
///
/// ```
/// use vit22b::Rules;
///
/// let decay = Rules::new([(r"head\.weight", 3.0), (r".*\.weight", 0.03), (".*", 0.0)]);
/// let paths = ["head.weight", "blocks.0.mlp.fc1.weight", "head.bias"];
/// assert_eq!(decay.resolve(paths)?, [3.0, 0.03, 0.0]);
///
/// let error = Rules::new([("head", 1.0)]).resolve(paths).unwrap_err();
/// assert!(error.to_string().contains("no rule covers head.weight"));
/// # Ok::<(), vit22b::RulesError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rules<T>(pub Vec<(String, T)>);

impl<T: Clone> Rules<T> {
    /// Rules, in the order in which they are tried.
    pub fn new<P: Into<String>>(rules: impl IntoIterator<Item = (P, T)>) -> Self {
        Self(rules.into_iter().map(|(pattern, value)| (pattern.into(), value)).collect())
    }

    /// One value for all paths.
    pub fn all(value: T) -> Self {
        Self::new([(".*", value)])
    }

    /// The value of each path.
    ///
    /// # Errors
    ///
    /// [`RulesError`] for paths that no rule matches, or a pattern that is no regular expression.
    pub fn resolve<P: AsRef<str>>(
        &self,
        paths: impl IntoIterator<Item = P>,
    ) -> Result<Vec<T>, RulesError> {
        Ok(self.matches(paths)?.into_iter().map(|rule| self.0[rule].1.clone()).collect())
    }
}

impl<T> Rules<T> {
    /// The number of the rule that matches each path.
    fn matches<P: AsRef<str>>(
        &self,
        paths: impl IntoIterator<Item = P>,
    ) -> Result<Vec<usize>, RulesError> {
        let matcher = self.matcher()?;
        let mut uncovered = Vec::new();
        let mut rules = Vec::new();
        for path in paths {
            let path = path.as_ref();
            match matcher.find(path) {
                Some(rule) => rules.push(rule),
                None => uncovered.push(path.to_string()),
            }
        }
        match uncovered.is_empty() {
            true => Ok(rules),
            false => Err(RulesError::Uncovered { paths: uncovered }),
        }
    }

    /// The compiled patterns.
    ///
    /// # Errors
    ///
    /// [`RulesError::Pattern`] for a pattern that is no regular expression.
    pub(crate) fn matcher(&self) -> Result<Matcher, RulesError> {
        let compile = |(pattern, _): &(String, T)| {
            // Not `^{pattern}$`: an alternative in the pattern must not escape the anchors.
            Regex::new(&format!("^(?:{pattern})$")).map_err(|error| RulesError::Pattern {
                pattern: pattern.clone(),
                reason: last_line(error),
            })
        };
        Ok(Matcher(self.0.iter().map(compile).collect::<Result<_, _>>()?))
    }
}

/// The compiled patterns of rules, in their order.
#[derive(Debug, Clone)]
pub(crate) struct Matcher(Vec<Regex>);

impl Matcher {
    /// The number of the first rule that matches.
    pub(crate) fn find(&self, path: &str) -> Option<usize> {
        self.0.iter().position(|pattern| pattern.is_match(path))
    }
}

/// The last line of a regex error, which has the reason; the lines above repeat the pattern.
fn last_line(error: impl fmt::Display) -> String {
    error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_match_wins_and_must_match_the_whole_path() {
        let rules = Rules::new([("a|b", 1), ("a.*", 2), (".*c", 3)]);
        assert_eq!(rules.resolve(["a", "b", "ab", "bc"]).unwrap(), [1, 1, 2, 3]);
    }

    #[test]
    fn uncovered_paths_and_bad_patterns_are_errors() {
        let error = Rules::new([("a", 1)]).resolve(["a", "b", "c"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no rule covers b, c: add a rule, such as (\".*\", ...) at the end"
        );
        let error = Rules::new([("(a", 1)]).resolve(["a"]).unwrap_err();
        assert_eq!(error.to_string(), "the rule \"(a\" is no regular expression: unclosed group");
    }
}

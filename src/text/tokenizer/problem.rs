//! Why a file is no tokenizer.

use crate::text::error::TokenizerError;

/// Why a file is no tokenizer, before its name is known.
#[derive(Debug)]
pub(super) enum TokenizerProblem {
    Damaged(String),
    Unsupported(String),
}

impl TokenizerProblem {
    pub(super) fn of(self, file: &str) -> TokenizerError {
        let file = file.to_string();
        match self {
            Self::Damaged(problem) => TokenizerError::Damaged { file, problem },
            Self::Unsupported(what) => TokenizerError::Unsupported { file, what },
        }
    }
}

pub(super) fn damaged(problem: impl Into<String>) -> TokenizerProblem {
    TokenizerProblem::Damaged(problem.into())
}

pub(super) fn unsupported(what: impl Into<String>) -> TokenizerProblem {
    TokenizerProblem::Unsupported(what.into())
}

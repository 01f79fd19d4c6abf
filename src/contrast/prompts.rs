//! Prompts: sentences with the name of a class in them.

use thiserror::Error;

/// The place of the name.
const PLACE: &str = "{}";
/// The prompt sets that have a name.
const NAMED: [&str; 3] = ["clip_best", "clip_paper", "class_name_only"];

/// Prompts or names of classes that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PromptError {
    /// No prompt set has this name.
    #[error("no prompts are called \"{got}\": expected {}, or a file with a template on each line", NAMED.join(", "))]
    Unknown {
        /// What was asked for.
        got: String,
    },
    /// A template without a place for the name.
    #[error(
        "the template \"{template}\" has no place for the name of a class: expected {{}} in it"
    )]
    NoPlace {
        /// The template.
        template: String,
    },
    /// There is no template, or no class.
    #[error("{what}: there are none; give at least one")]
    Empty {
        /// What is missing.
        what: &'static str,
    },
    /// A name that is empty without ASCII punctuation.
    #[error(
        "the class \"{name}\" (number {number}) has no name: nothing is left of it without punctuation; rename it"
    )]
    EmptyName {
        /// The name.
        name: String,
        /// Which class it is, counted from 1.
        number: usize,
    },
    /// Two classes that prompts cannot tell apart.
    #[error("the classes \"{}\" and \"{}\" have one name for the model, \"{canonical}\"; rename one of them", names[0], names[1])]
    SameName {
        /// Both names.
        names: [String; 2],
        /// What prompts say.
        canonical: String,
    },
}

/// A set of prompts.
///
/// Names and templates are written as the models were evaluated: canonically, see [`canonical_name`], without what follows
/// the first comma of a name.
///
/// ```
/// use vit22b::contrast::Prompts;
///
/// let prompts = Prompts::parse("clip_best")?;
/// assert_eq!(prompts.templates().len(), 8);
/// assert_eq!(prompts.of("Great_white_shark, Carcharodon")[0], "itap of a great white shark");
/// # Ok::<(), vit22b::contrast::PromptError>(())
/// ```
///
/// # Reference
///
/// big_vision's `prompt_engineering`, with the templates of "Learning Transferable Visual Models From Natural Language
/// Supervision".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompts(Vec<String>);

impl Prompts {
    /// Prompts by templates with `{}` at the place of the name.
    ///
    /// # Errors
    ///
    /// [`PromptError::Empty`] and [`PromptError::NoPlace`].
    pub fn new<T: AsRef<str>>(templates: &[T]) -> Result<Self, PromptError> {
        let template = |template: &T| {
            let canonical = canonical(template.as_ref(), PLACE);
            match canonical.contains(PLACE) {
                true => Ok(canonical),
                false => Err(PromptError::NoPlace { template: template.as_ref().into() }),
            }
        };
        let templates: Vec<String> = templates.iter().map(template).collect::<Result<_, _>>()?;
        match templates.is_empty() {
            true => Err(PromptError::Empty { what: "templates" }),
            false => Ok(Self(templates)),
        }
    }

    /// The prompts with a name: `clip_best`, `clip_paper` or `class_name_only`.
    ///
    /// # Errors
    ///
    /// [`PromptError::Unknown`], which lists the names.
    pub fn parse(name: &str) -> Result<Self, PromptError> {
        match name {
            "clip_best" => Ok(Self::clip_best()),
            "clip_paper" => Ok(Self::clip_paper()),
            "class_name_only" => Ok(Self::class_name_only()),
            _ => Err(PromptError::Unknown { got: name.into() }),
        }
    }

    /// The seven of CLIP's templates that together serve ImageNet best, and the name alone.
    pub fn clip_best() -> Self {
        Self(BEST.iter().chain(&[PLACE]).map(|template| template.to_string()).collect())
    }

    /// CLIP's 80 templates for ImageNet, and the name alone.
    pub fn clip_paper() -> Self {
        let templates = PAPER.iter().chain(&[PLACE]);
        Self(templates.map(|template| canonical(template, PLACE)).collect())
    }

    /// The name alone.
    pub fn class_name_only() -> Self {
        Self(vec![PLACE.into()])
    }

    /// The templates as they are used.
    pub fn templates(&self) -> &[String] {
        &self.0
    }

    /// The prompts of a class.
    pub fn of(&self, name: &str) -> Vec<String> {
        let name = first_name(name);
        self.0.iter().map(|template| template.replace(PLACE, &name)).collect()
    }
}

/// A name as models were evaluated with it: `_` becomes a blank, ASCII punctuation other than commas is removed, letters become
/// lower case, and runs of blanks become one blank.
///
/// ```
/// assert_eq!(vit22b::contrast::canonical_name("Jack-o'-lantern, T_shirt"), "jackolantern, t shirt");
/// ```
pub fn canonical_name(name: &str) -> String {
    canonical(name, ",")
}

/// The canonical name up to its first comma; what follows are other names of the same class.
pub fn first_name(name: &str) -> String {
    let name = canonical_name(name);
    name.split(',').next().unwrap_or_default().trim().to_string()
}

/// Checks that each class has a name of its own, and returns these names.
///
/// # Errors
///
/// [`PromptError::Empty`], [`PromptError::EmptyName`] and [`PromptError::SameName`].
pub fn check_names<T: AsRef<str>>(names: &[T]) -> Result<Vec<String>, PromptError> {
    if names.is_empty() {
        return Err(PromptError::Empty { what: "classes" });
    }
    let mut seen = std::collections::HashMap::new();
    let one = |(index, name): (usize, &T)| {
        let (name, canonical) = (name.as_ref(), first_name(name.as_ref()));
        if canonical.is_empty() {
            return Err(PromptError::EmptyName { name: name.into(), number: index + 1 });
        }
        match seen.insert(canonical.clone(), name.to_string()) {
            Some(other) => Err(PromptError::SameName { names: [other, name.into()], canonical }),
            None => Ok(canonical),
        }
    };
    names.iter().enumerate().map(one).collect()
}

/// A text in canonical form; `kept` stays where it stands as a whole.
fn canonical(text: &str, kept: &str) -> String {
    let plain = |part: &str| -> String {
        let blank = |c: char| if c == '_' { ' ' } else { c };
        part.chars().map(blank).filter(|c| !c.is_ascii_punctuation()).collect()
    };
    let parts: Vec<String> = text.split(kept).map(plain).collect();
    let words = parts.join(kept).to_lowercase();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

const BEST: [&str; 7] = [
    "itap of a {}",
    "a bad photo of the {}",
    "a origami {}",
    "a photo of the large {}",
    "a {} in a video game",
    "art of the {}",
    "a photo of the small {}",
];

/// CLIP's templates for ImageNet.
const PAPER: [&str; 80] = [
    "a bad photo of a {}",
    "a photo of many {}",
    "a sculpture of a {}",
    "a photo of the hard to see {}",
    "a low resolution photo of the {}",
    "a rendering of a {}",
    "graffiti of a {}",
    "a bad photo of the {}",
    "a cropped photo of the {}",
    "a tattoo of a {}",
    "the embroidered {}",
    "a photo of a hard to see {}",
    "a bright photo of a {}",
    "a photo of a clean {}",
    "a photo of a dirty {}",
    "a dark photo of the {}",
    "a drawing of a {}",
    "a photo of my {}",
    "the plastic {}",
    "a photo of the cool {}",
    "a close-up photo of a {}",
    "a black and white photo of the {}",
    "a painting of the {}",
    "a painting of a {}",
    "a pixelated photo of the {}",
    "a sculpture of the {}",
    "a bright photo of the {}",
    "a cropped photo of a {}",
    "a plastic {}",
    "a photo of the dirty {}",
    "a jpeg corrupted photo of a {}",
    "a blurry photo of the {}",
    "a photo of the {}",
    "a good photo of the {}",
    "a rendering of the {}",
    "a {} in a video game",
    "a photo of one {}",
    "a doodle of a {}",
    "a close-up photo of the {}",
    "a photo of a {}",
    "the origami {}",
    "the {} in a video game",
    "a sketch of a {}",
    "a doodle of the {}",
    "a origami {}",
    "a low resolution photo of a {}",
    "the toy {}",
    "a rendition of the {}",
    "a photo of the clean {}",
    "a photo of a large {}",
    "a rendition of a {}",
    "a photo of a nice {}",
    "a photo of a weird {}",
    "a blurry photo of a {}",
    "a cartoon {}",
    "art of a {}",
    "a sketch of the {}",
    "a embroidered {}",
    "a pixelated photo of a {}",
    "itap of the {}",
    "a jpeg corrupted photo of the {}",
    "a good photo of a {}",
    "a plushie {}",
    "a photo of the nice {}",
    "a photo of the small {}",
    "a photo of the weird {}",
    "the cartoon {}",
    "art of the {}",
    "a drawing of the {}",
    "a photo of the large {}",
    "a black and white photo of a {}",
    "the plushie {}",
    "a dark photo of a {}",
    "itap of a {}",
    "graffiti of the {}",
    "a toy {}",
    "itap of my {}",
    "a photo of a cool {}",
    "a photo of a small {}",
    "a tattoo of the {}",
];

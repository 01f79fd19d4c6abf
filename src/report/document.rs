//! Reports: sections of text, tables and charts as one page of HTML, or as Markdown.

use core::fmt::Write;

/// A report, to be written as a page of HTML or as Markdown.
///
/// ```
/// use vit22b::report::{Block, Report, Section, Table};
///
/// let table = Table {
///     columns: vec!["metric".into(), "value".into()],
///     rows: vec![vec!["accuracy".into(), "91 %".into()]],
/// };
/// let report = Report {
///     title: "A small model".into(),
///     lead: "Measured on drawings.".into(),
///     sections: vec![Section { title: "Summary".into(), blocks: vec![Block::Table(table)] }],
/// };
/// assert!(report.html().contains("<td>91 %</td>"));
/// assert!(report.markdown().contains("| accuracy | 91 % |"));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// The title.
    pub title: String,
    /// A sentence or two on what was measured, and on which data.
    pub lead: String,
    /// The sections.
    pub sections: Vec<Section>,
}

/// A section of a report.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Section {
    /// Its title.
    pub title: String,
    /// Its content.
    pub blocks: Vec<Block>,
}

/// A block of a section.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// Terms, each with what is to be said about it.
    Facts(Vec<(String, String)>),
    /// A table.
    Table(Table),
    /// Charts, side by side where there is room: the title and the SVG of each.
    Figures(Vec<(String, String)>),
}

/// A table. Its first column holds the names of the rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// The titles of the columns.
    pub columns: Vec<String>,
    /// The cells, row by row.
    pub rows: Vec<Vec<String>>,
}

/// The page's style: its colours in light and dark, which charts refer to.
const STYLE: &str = include_str!("style.css");

impl Report {
    /// The report as one page of HTML that needs no other file.
    pub fn html(&self) -> String {
        let mut body = String::new();
        for section in &self.sections {
            let (id, title) = (anchor(&section.title), escape(&section.title));
            let _ = writeln!(body, "<section id=\"{id}\" aria-label=\"{title}\"><h2>{title}</h2>");
            section.blocks.iter().enumerate().for_each(|(i, block)| {
                block.html(&mut body, &format!("{title}, part {}", i + 1));
            });
            body.push_str("</section>\n");
        }
        let link = |section: &Section| {
            let (id, title) = (anchor(&section.title), escape(&section.title));
            format!("<li><a href=\"#{id}\">{title}</a></li>")
        };
        let links: Vec<String> = self.sections.iter().map(link).collect();
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
             <style>\n{STYLE}</style>\n</head>\n<body>\n\
             <a class=\"skip\" href=\"#sections\">To the sections</a>\n\
             <header>\n<h1>{title}</h1>\n<p class=\"lead\">{lead}</p>\n</header>\n\
             <nav aria-label=\"Sections\"><ul>{links}</ul></nav>\n\
             <main id=\"sections\" tabindex=\"-1\">\n{body}</main>\n</body>\n</html>\n",
            title = escape(&self.title),
            lead = escape(&self.lead),
            links = links.concat(),
        )
    }

    /// The report as Markdown, with links to the charts, which are the files of [`Self::figures`].
    pub fn markdown(&self) -> String {
        let mut text = format!("# {}\n\n{}\n", self.title, self.lead);
        for section in &self.sections {
            let _ = write!(text, "\n## {}\n", section.title);
            section.blocks.iter().for_each(|block| block.markdown(&mut text));
        }
        text
    }

    /// The charts as SVG, each with a file name.
    pub fn figures(&self) -> impl Iterator<Item = (String, &str)> {
        let blocks = self.sections.iter().flat_map(|section| &section.blocks);
        let figures = blocks.flat_map(|block| match block {
            Block::Figures(figures) => figures.as_slice(),
            _ => &[],
        });
        figures.map(|(title, svg)| (file_name(title), svg.as_str()))
    }
}

impl Block {
    /// `name` is what a screen reader calls a table that has to be scrolled.
    fn html(&self, page: &mut String, name: &str) {
        match self {
            Self::Facts(facts) => {
                page.push_str("<dl>\n");
                for (term, text) in facts {
                    let (term, text) = (escape(term), prose(text));
                    let _ = writeln!(page, "<div><dt>{term}</dt><dd>{text}</dd></div>");
                }
                page.push_str("</dl>\n");
            }
            Self::Text(text) => {
                let _ = writeln!(page, "<p>{}</p>", prose(text));
            }
            Self::Table(table) => {
                // A wide table scrolls inside its frame, so that the page does not; the frame takes the focus, so
                // that keys scroll it too.
                let _ = write!(
                    page,
                    "<div class=\"table\" role=\"region\" aria-label=\"{name}\" tabindex=\"0\"><table>\n<thead><tr>"
                );
                for column in &table.columns {
                    let _ = write!(page, "<th scope=\"col\">{}</th>", escape(column));
                }
                page.push_str("</tr></thead>\n<tbody>\n");
                for row in &table.rows {
                    page.push_str("<tr>");
                    for (i, cell) in row.iter().enumerate() {
                        let cell = escape(cell);
                        let _ = match i {
                            0 => write!(page, "<th scope=\"row\">{cell}</th>"),
                            _ => write!(page, "<td>{cell}</td>"),
                        };
                    }
                    page.push_str("</tr>\n");
                }
                page.push_str("</tbody></table></div>\n");
            }
            Self::Figures(figures) => {
                page.push_str("<div class=\"figures\">\n");
                for (title, svg) in figures {
                    let title = escape(title);
                    // Screen readers read the title in place of the chart.
                    let svg = svg.replacen(
                        "<svg ",
                        &format!("<svg role=\"img\" aria-label=\"{title}\" "),
                        1,
                    );
                    let _ = writeln!(
                        page,
                        "<figure><figcaption>{title}</figcaption>\n{svg}\n</figure>"
                    );
                }
                page.push_str("</div>\n");
            }
        }
    }

    fn markdown(&self, text: &mut String) {
        match self {
            Self::Facts(facts) => {
                text.push('\n');
                for (term, fact) in facts {
                    let _ = writeln!(text, "- **{term}**: {fact}");
                }
            }
            Self::Text(paragraph) => {
                let _ = write!(text, "\n{paragraph}\n");
            }
            Self::Table(table) => {
                let line = |cells: &[String]| {
                    let cells: Vec<String> = cells.iter().map(|c| c.replace('|', "\\|")).collect();
                    format!("| {} |\n", cells.join(" | "))
                };
                text.push('\n');
                text.push_str(&line(&table.columns));
                let marks: Vec<String> = (0..table.columns.len())
                    .map(|i| if i == 0 { "---".into() } else { "---:".into() })
                    .collect();
                text.push_str(&line(&marks));
                table.rows.iter().for_each(|row| text.push_str(&line(row)));
            }
            Self::Figures(figures) => {
                for (title, _) in figures {
                    let _ = write!(text, "\n![{title}]({})\n", file_name(title));
                }
            }
        }
    }
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Escaped text, in which what stands between backquotes is code, as in Markdown.
fn prose(text: &str) -> String {
    let pieces: Vec<String> = text.split('`').map(escape).collect();
    let code = |(at, piece): (usize, &String)| match at % 2 {
        1 if at + 1 < pieces.len() => format!("<code>{piece}</code>"),
        // A backquote that none ends.
        1 => format!("`{piece}"),
        _ => piece.clone(),
    };
    pieces.iter().enumerate().map(code).collect()
}

/// A title as a file name: letters, digits and dashes.
fn anchor(title: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let dashed: String = title.chars().map(plain).collect();
    let words: Vec<&str> = dashed.split('-').filter(|word| !word.is_empty()).collect();
    words.join("-")
}

fn file_name(title: &str) -> String {
    format!("{}.svg", anchor(title))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_escaped_and_files_have_plain_names() {
        let blocks = vec![
            Block::Text("a < b & \"c\"".into()),
            Block::Figures(vec![("Risk, by 5 %".into(), "<svg width=\"1\"></svg>".into())]),
            Block::Table(Table { columns: vec!["a|b".into()], rows: vec![vec!["<x>".into()]] }),
            Block::Facts(vec![("In the paper".into(), "90 < 91".into())]),
            Block::Text("`a<b` and `c".into()),
        ];
        let report = Report {
            title: "T & U".into(),
            lead: String::new(),
            sections: vec![Section { title: "One".into(), blocks }],
        };
        let html = report.html();
        assert!(html.contains("<p>a &lt; b &amp; &quot;c&quot;</p>"), "{html}");
        assert!(html.contains("<svg role=\"img\" aria-label=\"Risk, by 5 %\" width"), "{html}");
        assert!(html.contains("<th scope=\"row\">&lt;x&gt;</th>"), "{html}");
        assert!(html.contains("<dt>In the paper</dt><dd>90 &lt; 91</dd>"), "{html}");
        assert!(html.contains("<p><code>a&lt;b</code> and `c</p>"), "{html}");
        assert!(!html.contains("http"), "{html}");
        assert!(report.markdown().contains("\n- **In the paper**: 90 < 91\n"));
        assert!(report.markdown().contains("![Risk, by 5 %](risk-by-5.svg)"));
        assert!(report.markdown().contains("| a\\|b |"));
        assert_eq!(report.figures().next().unwrap().0, "risk-by-5.svg");
    }

    /// How much lighter one colour of the style is than another, as WCAG 2 has it.
    fn contrast(colours: &str, one: &str, other: &str) -> f64 {
        let luminance = |name: &str| {
            let (_, rest) = colours.split_once(&format!("--{name}: #")).expect("a colour");
            let channel = |at: usize| {
                let value = u8::from_str_radix(&rest[at..at + 2], 16).expect("two digits");
                let value = f64::from(value) / 255.0;
                if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
        };
        let (a, b) = (luminance(one), luminance(other));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_and_lines_stand_out_in_light_and_dark() {
        let (light, dark) = STYLE.split_once("@media").expect("two sets of colours");
        for (mode, colours) in [("light", light), ("dark", dark)] {
            for ground in ["paper", "card"] {
                for (name, least) in
                    [("ink", 4.5), ("muted", 4.5), ("series-1", 4.5), ("series-2", 3.0)]
                        .into_iter()
                        .chain([("series-3", 3.0), ("series-4", 3.0), ("series-5", 3.0)])
                {
                    let ratio = contrast(colours, name, ground);
                    assert!(ratio >= least, "{mode}: {name} on {ground}: {ratio:.2}");
                }
            }
            // Names of ranges stand on the ranges.
            let ratio = contrast(colours, "ink", "band");
            assert!(ratio >= 4.5, "{mode}: ink on band: {ratio:.2}");
        }
    }
}
